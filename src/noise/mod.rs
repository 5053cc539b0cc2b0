//! The noise of the chains: standard normals that are a pure function of
//! (seed, purpose, sample, level, step, element).
//!
//! A sample therefore does not depend on the batch it is computed in, on how a job is cut into
//! calls, or on threads. The bits are the same on every machine: Philox is integer arithmetic, and
//! the Box-Muller transform below uses only operations that IEEE 754 rounds exactly (no fused
//! multiply-add, no library functions).
//!
//! # The function, exactly
//!
//! Philox4x32-10 with the seed as key and the counter words
//! ```text
//! c0 = block            c2 = step (24 bits)  | sample bits 32..40 << 24
//! c1 = sample bits 0..32  c3 = level (20 bits) | purpose (4 bits) << 20 | sample bits 40..48 << 24
//! ```
//! gives four words w0..w3 and, by Box-Muller on (w0, w1) and on (w2, w3), four normals n0..n3.
//! Element e of a sample of D elements is normal j of a block as follows. In complete groups of 64
//! elements, e = 64 g + 16 j + lane is normal j of block 16 g + lane (so that 16 blocks side by side
//! fill memory in order). In the rest, e = 64 floor(D/64) + r is normal r mod 4 of block
//! 16 floor(D/64) + floor(r/4).

mod pieces;
#[cfg(test)]
mod tests;
mod transform;

pub(crate) use pieces::{Samples, Sink};

use crate::instruction_set::{InstructionSet, widest};
use crate::philox::philox4x32;
use pieces::Pieces;
use transform::{box_muller, uniforms};

/// Sample indices are below this bound, so that they fit the counter.
pub const SAMPLE_LIMIT: u64 = 1 << 48;
/// Steps per level are at most this many.
pub const STEP_LIMIT: u32 = 1 << 24;
/// Levels are at most this many.
pub const LEVEL_LIMIT: usize = 1 << 20;

/// What noise is for: part of its key, so that no two uses share a draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// The initial state of a chain.
    Init = 1,
    /// A Langevin update.
    Langevin = 2,
    /// An update from one noise level to the next.
    Predictor = 3,
    /// The noise that churn adds before an update.
    Churn = 4,
    /// The noise on the known part of a sample that is being completed.
    Inpaint = 5,
    /// The way back up to a noise level that is to be run again.
    Resample = 6,
    /// The perturbation of data that an objective or the validator is evaluated on.
    Perturb = 8,
    /// A random direction that a derivative is taken along.
    Direction = 9,
}

/// Which draw: everything in the key but the seed, the sample and the element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// What it is for.
    pub purpose: Purpose,
    /// Level, 0 = largest sigma.
    pub level: u32,
    /// Step within the level.
    pub step: u32,
}

impl Draw {
    #[inline(always)]
    fn counter(self, block: u32, sample: u64) -> [u32; 4] {
        debug_assert!(sample < SAMPLE_LIMIT && self.step < STEP_LIMIT);
        [
            block,
            sample as u32,
            self.step | ((sample >> 32) as u32 & 0xff) << 24,
            self.level | (self.purpose as u32) << 20 | ((sample >> 40) as u32 & 0xff) << 24,
        ]
    }
}

/// Fills `out`, sample after sample of `elements` floats, with the normals of the samples
/// `first_sample..`.
pub fn fill_normals(seed: u64, draw: Draw, first_sample: u64, elements: usize, out: &mut [f32]) {
    fill_normals_with(InstructionSet::widest(), seed, draw, first_sample, elements, out);
}

/// As [`fill_normals`], by the code for `set`, or by the baseline's where the CPU lacks it: the same
/// bits in another time.
pub fn fill_normals_with(
    set: InstructionSet,
    seed: u64,
    draw: Draw,
    first_sample: u64,
    elements: usize,
    out: &mut [f32],
) {
    if let Some(all) = Samples::filling(seed, draw, first_sample, elements, out) {
        set.run(Pieces { all, pair: box_muller, sink: &mut Copied(out) });
    }
}

/// As [`fill_normals`], uniform on [0, 1): element e uses word j of its block in the place of
/// normal j, its top 24 bits.
pub fn fill_uniforms(seed: u64, draw: Draw, first_sample: u64, elements: usize, out: &mut [f32]) {
    if let Some(all) = Samples::filling(seed, draw, first_sample, elements, out) {
        widest(Pieces { all, pair: uniforms, sink: &mut Copied(out) });
    }
}

/// Hands the normals of `all` to `sink`, piece by piece in the order of memory, by the code for `set`.
pub(crate) fn for_each_normal(set: InstructionSet, all: Samples, sink: &mut impl Sink) {
    set.run(Pieces { all, pair: box_muller, sink });
}

/// Keeps the values.
struct Copied<'a>(&'a mut [f32]);

impl Sink for Copied<'_> {
    #[inline(always)]
    fn take(&mut self, at: usize, values: &[f32]) {
        self.0[at..at + values.len()].copy_from_slice(values);
    }
}

/// As [`fill_normals`], fair signs, +1 or -1 (Rademacher): element e is bit e mod 32 of word
/// floor(e/32) mod 4 of block floor(e/128), set for -1.
pub fn fill_signs(seed: u64, draw: Draw, first_sample: u64, elements: usize, out: &mut [f32]) {
    if elements == 0 {
        return;
    }
    for (sample, signs) in (first_sample..).zip(out.chunks_exact_mut(elements)) {
        for (block, part) in signs.chunks_mut(128).enumerate() {
            let words = philox4x32(draw.counter(block as u32, sample), seed);
            for (e, sign) in part.iter_mut().enumerate() {
                *sign = f32::from_bits(1.0_f32.to_bits() | (words[e / 32] >> (e % 32) << 31));
            }
        }
    }
}
