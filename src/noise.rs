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

use crate::philox::{LANES, Words, philox4x32, philox4x32_lanes};

/// Sample indices are below this bound, so that they fit the counter.
pub const SAMPLE_LIMIT: u64 = 1 << 48;
/// Steps per level are at most this many.
pub const STEP_LIMIT: u32 = 1 << 24;
/// Levels are at most this many.
pub const LEVEL_LIMIT: usize = 1 << 20;

const GROUP: usize = 4 * LANES;

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
    dispatch(seed, draw, first_sample, elements, out, Kind::Normal);
}

/// As [`fill_normals`], uniform on [0, 1): element e uses word j of its block in the place of
/// normal j, its top 24 bits.
pub fn fill_uniforms(seed: u64, draw: Draw, first_sample: u64, elements: usize, out: &mut [f32]) {
    dispatch(seed, draw, first_sample, elements, out, Kind::Uniform);
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

#[derive(Clone, Copy)]
enum Kind {
    Normal,
    Uniform,
}

/// Runs [`fill`] compiled for the widest instruction set of this CPU. The results do not differ.
fn dispatch(seed: u64, draw: Draw, first: u64, elements: usize, out: &mut [f32], kind: Kind) {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
            // SAFETY: the CPU has these instructions, as was just checked.
            return unsafe { fill_avx512(seed, draw, first, elements, out, kind) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: as above.
            return unsafe { fill_avx2(seed, draw, first, elements, out, kind) };
        }
    }
    fill(seed, draw, first, elements, out, kind);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq")]
fn fill_avx512(seed: u64, draw: Draw, first: u64, elements: usize, out: &mut [f32], kind: Kind) {
    fill(seed, draw, first, elements, out, kind);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn fill_avx2(seed: u64, draw: Draw, first: u64, elements: usize, out: &mut [f32], kind: Kind) {
    fill(seed, draw, first, elements, out, kind);
}

#[inline(always)]
fn fill(seed: u64, draw: Draw, first: u64, elements: usize, out: &mut [f32], kind: Kind) {
    if elements == 0 {
        return;
    }
    let groups = elements / GROUP;
    for (sample, chain) in (first..).zip(out.chunks_exact_mut(elements)) {
        for (group, part) in chain[..groups * GROUP].chunks_exact_mut(GROUP).enumerate() {
            let mut counter: Words = draw.counter(0, sample).map(|word| [word; LANES]);
            for (lane, block) in counter[0].iter_mut().enumerate() {
                *block = (group * LANES + lane) as u32;
            }
            let values = transform(philox4x32_lanes(counter, seed), kind, 2);
            for (quarter, value) in part.chunks_exact_mut(LANES).zip(&values) {
                quarter.copy_from_slice(value);
            }
        }
    }
    let rest = elements - groups * GROUP;
    if rest > 0 {
        fill_rest(seed, draw, first, elements, out, kind);
    }
}

/// The elements after the last complete group: the lanes hold (sample, block) pairs, so that tiny
/// samples use all of them.
#[inline(always)]
fn fill_rest(seed: u64, draw: Draw, first: u64, elements: usize, out: &mut [f32], kind: Kind) {
    let start = elements / GROUP * GROUP;
    let rest = elements - start;
    let blocks = rest.div_ceil(4);
    let first_block = (start / 4) as u32;
    let pairs_of_words = rest.div_ceil(2).min(2);
    let samples = out.len() / elements;
    for base in (0..samples * blocks).step_by(LANES) {
        let used = LANES.min(samples * blocks - base);
        let place = |lane: usize| ((base + lane) / blocks, (base + lane) % blocks);
        let mut counter: Words;
        let base_sample = first + base as u64;
        if blocks == 1 && (base_sample as u32).checked_add(LANES as u32).is_some() {
            // One block a sample, and no carry between the counter's words: samples in a row.
            counter = draw.counter(first_block, base_sample).map(|word| [word; LANES]);
            for (lane, word) in counter[1].iter_mut().enumerate() {
                *word += lane as u32;
            }
        } else {
            counter = [[0; LANES]; 4];
            for lane in 0..used {
                let (sample, block) = place(lane);
                let words = draw.counter(first_block + block as u32, first + sample as u64);
                for (all, word) in counter.iter_mut().zip(words) {
                    all[lane] = word;
                }
            }
        }
        let values = transform(philox4x32_lanes(counter, seed), kind, pairs_of_words);
        for lane in 0..used {
            let (sample, block) = if blocks == 1 { (base + lane, 0) } else { place(lane) };
            let at = sample * elements + start + 4 * block;
            let end = (at + 4).min((sample + 1) * elements);
            for (slot, value) in out[at..end].iter_mut().zip(&values) {
                *slot = value[lane];
            }
        }
    }
}

/// The first `pairs` pairs of a block's values; the others stay 0.
#[inline(always)]
fn transform(words: Words, kind: Kind, pairs: usize) -> [[f32; LANES]; 4] {
    let mut out = [[0.0; LANES]; 4];
    match kind {
        Kind::Uniform => {
            for j in 0..2 * pairs {
                for lane in 0..LANES {
                    // 24 bits: every value is exact in f32 and below 1.
                    out[j][lane] = (words[j][lane] >> 8) as i32 as f32 * (1.0 / 16_777_216.0);
                }
            }
        }
        Kind::Normal => {
            for pair in 0..pairs {
                for lane in 0..LANES {
                    let (cos, sin) = box_muller(words[2 * pair][lane], words[2 * pair + 1][lane]);
                    out[2 * pair][lane] = cos;
                    out[2 * pair + 1][lane] = sin;
                }
            }
        }
    }
    out
}

/// Two independent standard normals from two random words (Box & Muller 1958).
///
/// u = (n + 1/2) / 2^32, so |z| reaches 6.76; a 24-bit u would stop at 5.77.
#[inline(always)]
fn box_muller(radius_word: u32, angle_word: u32) -> (f32, f32) {
    // Two exact halves, because AVX2 converts signed integers only.
    let n = (radius_word >> 16) as i32 as f32 * 65536.0 + (radius_word & 0xffff) as i32 as f32;
    let u = (n + 0.5) * (1.0 / 4_294_967_296.0);
    let radius = (-2.0 * ln(u)).sqrt();
    let (cos, sin) = cos_sin_turn(angle_word);
    (radius * cos, radius * sin)
}

/// ln(u) for normal positive u, to about 1e-7 relative: u = 2^e m with m in [sqrt(1/2), sqrt(2)),
/// ln m = 2 artanh((m-1)/(m+1)) by its series.
#[inline(always)]
fn ln(u: f32) -> f32 {
    const SQRT_HALF_BITS: u32 = 0x3f35_04f3;
    let shifted = u.to_bits().wrapping_sub(SQRT_HALF_BITS);
    let exponent = (shifted as i32) >> 23;
    let m = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(SQRT_HALF_BITS));
    let f = (m - 1.0) / (m + 1.0);
    let g = f * f;
    let series = 1.0 + g * (1.0 / 3.0 + g * (0.2 + g * (1.0 / 7.0 + g * (1.0 / 9.0))));
    exponent as f32 * std::f32::consts::LN_2 + 2.0 * f * series
}

/// (cos, sin) of `word` / 2^32 of a full turn: the nearest quarter turn, and Taylor polynomials on
/// the remaining [-pi/4, pi/4].
#[inline(always)]
fn cos_sin_turn(word: u32) -> (f32, f32) {
    let quarter = word.wrapping_add(1 << 29) >> 30;
    let rest = word.wrapping_sub(quarter << 30) as i32;
    let a = rest as f32 * (std::f32::consts::TAU / 4_294_967_296.0);
    let b = a * a;
    let sin = a
        * (1.0
            + b * (-1.0 / 6.0 + b * (1.0 / 120.0 + b * (-1.0 / 5_040.0 + b * (1.0 / 362_880.0)))));
    let cos = 1.0
        + b * (-0.5
            + b * (1.0 / 24.0
                + b * (-1.0 / 720.0 + b * (1.0 / 40_320.0 + b * (-1.0 / 3_628_800.0)))));
    let odd = quarter & 1 == 1;
    let (c, s) = if odd { (sin, cos) } else { (cos, sin) };
    let c_sign = (quarter.wrapping_add(1) & 2) << 30;
    let s_sign = (quarter & 2) << 30;
    (f32::from_bits(c.to_bits() ^ c_sign), f32::from_bits(s.to_bits() ^ s_sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAW: Draw = Draw { purpose: Purpose::Langevin, level: 3, step: 11 };

    /// The definition of the module's documentation, element by element, in f64.
    fn reference(seed: u64, draw: Draw, sample: u64, elements: usize, e: usize) -> f64 {
        let start = elements / 64 * 64;
        let (block, j) = if e < start {
            (16 * (e / 64) + e % 16, e % 64 / 16)
        } else {
            (start / 4 + (e - start) / 4, (e - start) % 4)
        };
        let words = philox4x32(draw.counter(block as u32, sample), seed);
        let u = (f64::from(words[j / 2 * 2]) + 0.5) / 4_294_967_296.0;
        let angle = std::f64::consts::TAU * f64::from(words[j / 2 * 2 + 1]) / 4_294_967_296.0;
        let radius = (-2.0 * u.ln()).sqrt();
        radius * if j % 2 == 0 { angle.cos() } else { angle.sin() }
    }

    #[test]
    fn follows_its_definition() {
        let samples = 19;
        // High words of the counter in use, and a carry into them in the middle of the batch.
        for first in [(1_u64 << 40) + 5, (1 << 32) - 9] {
            for elements in [1, 2, 3, 5, 63, 64, 65, 130, 784] {
                let mut out = vec![0.0; samples * elements];
                fill_normals(42, DRAW, first, elements, &mut out);
                for (i, value) in out.iter().enumerate() {
                    let (sample, e) = (first + (i / elements) as u64, i % elements);
                    let expected = reference(42, DRAW, sample, elements, e);
                    let error = (f64::from(*value) - expected).abs();
                    assert!(error < 2e-6, "{elements} {sample} {e}: {value} {expected}");
                }
            }
        }
    }

    #[test]
    fn signs_are_fair_and_do_not_depend_on_the_batch() {
        let draw = Draw { purpose: Purpose::Direction, level: 2, step: 1 };
        let (samples, elements) = (50, 300);
        let mut all = vec![0.0; samples * elements];
        fill_signs(5, draw, 7, elements, &mut all);
        assert!(all.iter().all(|&sign| sign == 1.0 || sign == -1.0));
        let sum: f32 = all.iter().sum();
        assert!(sum.abs() < 5.0 * (all.len() as f32).sqrt(), "{sum}");
        let mut one = vec![0.0; elements];
        fill_signs(5, draw, 7 + 31, elements, &mut one);
        assert_eq!(one, all[31 * elements..32 * elements]);
        let words = philox4x32(draw.counter(1, 38), 5);
        assert_eq!(one[128 + 40] < 0.0, words[1] >> 8 & 1 == 1);
    }

    #[test]
    fn does_not_depend_on_the_batch() {
        for elements in [2, 64, 100] {
            let mut all = vec![0.0; 40 * elements];
            fill_normals(7, DRAW, 3, elements, &mut all);
            for cut in [1, 3, 16, 33] {
                let mut parts = vec![0.0; all.len()];
                let (a, b) = parts.split_at_mut(cut * elements);
                fill_normals(7, DRAW, 3, elements, a);
                fill_normals(7, DRAW, 3 + cut as u64, elements, b);
                assert_eq!(all, parts);
            }
        }
    }

    #[test]
    fn same_bits_on_every_instruction_set() {
        let mut widest = vec![0.0; 300 * 77];
        let mut plain = widest.clone();
        for kind in [Kind::Normal, Kind::Uniform] {
            dispatch(9, DRAW, 0, 77, &mut widest, kind);
            fill(9, DRAW, 0, 77, &mut plain, kind);
            assert_eq!(widest, plain);
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx2") {
                // SAFETY: checked on the line above.
                unsafe { fill_avx2(9, DRAW, 0, 77, &mut plain, kind) };
                assert_eq!(widest, plain);
            }
        }
    }

    #[test]
    fn every_part_of_the_key_matters() {
        let draw = |purpose, level, step, seed, sample| {
            let mut out = [0.0; 4];
            let draw = Draw { purpose, level, step };
            fill_normals(seed, draw, sample, 4, &mut out);
            out
        };
        let base = draw(Purpose::Langevin, 1, 1, 1, 1);
        for other in [
            draw(Purpose::Init, 1, 1, 1, 1),
            draw(Purpose::Langevin, 2, 1, 1, 1),
            draw(Purpose::Langevin, 1, 2, 1, 1),
            draw(Purpose::Langevin, 1, 1, 2, 1),
            draw(Purpose::Langevin, 1, 1, 1, 2),
            draw(Purpose::Langevin, 1, 1, 1 << 32 | 1, 1),
            draw(Purpose::Langevin, 1, 1, 1, 1 << 32 | 1),
            draw(Purpose::Langevin, 1, 1, 1, 1 << 47 | 1),
        ] {
            assert_ne!(base, other);
        }
    }

    /// Moments of 2^22 normals against their standard errors: E z^k has variance
    /// (E z^2k - (E z^k)^2) / n. Five standard errors, fixed seed.
    #[test]
    fn moments() {
        let n = 1 << 22;
        let mut z = vec![0.0_f32; n];
        fill_normals(2024, DRAW, 0, 1 << 10, &mut z);
        let double_factorial = |k: i32| (1..=k).rev().step_by(2).map(f64::from).product::<f64>();
        for k in 1..=8 {
            let mean = z.iter().map(|&v| f64::from(v).powi(k)).sum::<f64>() / n as f64;
            let expected = if k % 2 == 0 { double_factorial(k - 1) } else { 0.0 };
            let variance = double_factorial(2 * k - 1) - expected * expected;
            let error = (mean - expected).abs() / (variance / n as f64).sqrt();
            assert!(error < 5.0, "moment {k}: {mean}, {error} standard errors");
        }
    }

    #[test]
    fn uniforms_lie_in_the_unit_interval() {
        let mut u = vec![0.0_f32; 1 << 20];
        fill_uniforms(1, DRAW, 0, 1 << 8, &mut u);
        assert!(u.iter().all(|v| (0.0..1.0).contains(v)));
        let n = u.len() as f64;
        let mean = u.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
        assert!((mean - 0.5).abs() < 5.0 * (1.0 / 12.0 / n).sqrt());
    }

    /// Neighbouring streams (samples, steps, levels) are uncorrelated: |r| < 5 / sqrt(n).
    #[test]
    fn neighbouring_streams_are_uncorrelated() {
        let n = 1 << 16;
        let stream = |level, step, sample, seed| {
            let mut z = vec![0.0_f32; n];
            let draw = Draw { purpose: Purpose::Langevin, level, step };
            fill_normals(seed, draw, sample, n, &mut z);
            z
        };
        let base = stream(0, 0, 0, 0);
        for other in
            [stream(1, 0, 0, 0), stream(0, 1, 0, 0), stream(0, 0, 1, 0), stream(0, 0, 0, 1)]
        {
            let dot = |f: fn(f64) -> f64| {
                let sum: f64 =
                    base.iter().zip(&other).map(|(&a, &b)| f(f64::from(a)) * f(f64::from(b))).sum();
                sum / n as f64
            };
            assert!(dot(|z| z).abs() < 5.0 / (n as f64).sqrt());
            assert!(dot(|z| z * z - 1.0).abs() < 5.0 * 2.0 / (n as f64).sqrt());
        }
    }
}
