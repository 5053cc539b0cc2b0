//! The values of a draw, piece by piece in the order of memory.
//!
//! A piece stays in the first-level cache from the words of the generator to the update that uses its
//! values. Words first and values afterwards, not both in one loop: each of the two then keeps what it
//! needs in registers.

use super::Draw;
use crate::instruction_set::Kernel;
use crate::philox::{Keys, LANES, Lanes, philox4x32_lanes, round_keys};

/// Elements that 16 blocks fill side by side.
const GROUP: usize = 4 * LANES;
/// Groups of blocks in a piece. More would make the loops hardly faster, but clearing the space for them
/// at each draw would show where there are few chains.
const GROUPS: usize = 8;
const PIECE: usize = GROUPS * GROUP;

/// Takes the values of a draw.
pub(crate) trait Sink {
    /// To be `#[inline(always)]`, like the rest of a [`Kernel`].
    ///
    /// Elements `at..at + values.len()`, counted from the first element of the first sample.
    fn take(&mut self, at: usize, values: &[f32]);
}

/// Which values: all elements of `samples` samples from `first_sample` on.
#[derive(Clone, Copy)]
pub(crate) struct Samples {
    pub seed: u64,
    pub draw: Draw,
    pub first_sample: u64,
    pub samples: usize,
    /// Floats of one sample.
    pub elements: usize,
}

impl Samples {
    /// The samples that fill `out`; `None` for samples of no floats.
    pub(super) fn filling(
        seed: u64,
        draw: Draw,
        first_sample: u64,
        elements: usize,
        out: &[f32],
    ) -> Option<Self> {
        let samples = out.len().checked_div(elements)?;
        Some(Self { seed, draw, first_sample, samples, elements })
    }
}

/// Hands over all values once, sample after sample. `pair` makes the two values of words w0 and w1, or
/// w2 and w3.
pub(super) struct Pieces<'s, P, S> {
    pub all: Samples,
    pub pair: P,
    pub sink: &'s mut S,
}

impl<P, S> Kernel for Pieces<'_, P, S>
where
    P: Fn(u32, u32) -> (f32, f32) + Copy,
    S: Sink,
{
    type Output = ();

    #[inline(always)]
    fn compute(self) {
        let Samples { seed, draw, first_sample, samples, elements } = self.all;
        let keys = &round_keys(seed);
        let (groups, rest) = (elements / GROUP, elements % GROUP);
        let tails = Tails { draw, keys, first_block: (groups * LANES) as u32, rest };
        let (mut words, mut tail) = ([0; PIECE], [0.0; PIECE]);
        let mut done = 0;
        while done < samples {
            let first = first_sample + done as u64;
            // Up to where the upper bits of the sample's number change: they are in other words.
            let same_upper_bits = (1 << 32) - (first & 0xffff_ffff);
            let count = (samples - done).min(tails.at_once()).min(same_upper_bits as usize);
            match rest {
                0 => {}
                1 | 2 => tails.fill::<1, P>(first, count, self.pair, &mut words, &mut tail),
                _ => tails.fill::<2, P>(first, count, self.pair, &mut words, &mut tail),
            }
            if groups == 0 {
                self.sink.take(done * elements, &tail[..count * rest]);
            } else {
                for sample in 0..count {
                    let counter = draw.counter(0, first + sample as u64);
                    let start = (done + sample) * elements;
                    whole_groups(start, groups, counter, keys, self.pair, &mut words, self.sink);
                    if rest > 0 {
                        let tail = &tail[sample * rest..(sample + 1) * rest];
                        self.sink.take(start + groups * GROUP, tail);
                    }
                }
            }
            done += count;
        }
    }
}

/// Hands over the elements in the complete groups of one sample, whose first element is number `start`.
#[inline(always)]
fn whole_groups<P>(
    start: usize,
    groups: usize,
    counter: [u32; 4],
    keys: &Keys,
    pair: P,
    words: &mut [u32; PIECE],
    sink: &mut impl Sink,
) where
    P: Fn(u32, u32) -> (f32, f32) + Copy,
{
    let mut values = [0.0; PIECE];
    for group in (0..groups).step_by(GROUPS) {
        let len = GROUPS.min(groups - group) * GROUP;
        fill_groups(group, counter, keys, &mut words[..len]);
        transform(&words[..len], pair, &mut values[..len]);
        sink.take(start + group * GROUP, &values[..len]);
    }
}

/// The words of complete groups of one sample, w0 of all lanes, w1 of all lanes, ...
#[inline(always)]
fn fill_groups(first_group: usize, counter: [u32; 4], keys: &Keys, words: &mut [u32]) {
    let [_, c1, c2, c3] = counter;
    for (group, words) in (first_group..).zip(words.chunks_exact_mut(GROUP)) {
        let mut blocks = [(group * LANES) as u32; LANES];
        for (lane, block) in (0..).zip(&mut blocks) {
            *block += lane;
        }
        store(philox4x32_lanes(blocks, [c1; LANES], [c2, c3], keys), words);
    }
}

#[inline(always)]
fn store(lanes: [Lanes; 4], words: &mut [u32]) {
    for (words, lanes) in words.chunks_exact_mut(LANES).zip(&lanes) {
        for (word, lane) in words.iter_mut().zip(lanes) {
            *word = *lane as u32;
        }
    }
}

/// Values of words that lie as [`store`] leaves them, in the order of complete groups.
#[inline(always)]
fn transform<P>(words: &[u32], pair: P, values: &mut [f32])
where
    P: Fn(u32, u32) -> (f32, f32) + Copy,
{
    for (words, values) in words.chunks_exact(2 * LANES).zip(values.chunks_exact_mut(2 * LANES)) {
        let ((first, second), (even, odd)) = (words.split_at(LANES), values.split_at_mut(LANES));
        for lane in 0..LANES {
            (even[lane], odd[lane]) = pair(first[lane], second[lane]);
        }
    }
}

/// The elements of samples after their last complete group.
struct Tails<'a> {
    draw: Draw,
    keys: &'a Keys,
    first_block: u32,
    /// Elements of each sample, below [`GROUP`].
    rest: usize,
}

impl Tails<'_> {
    fn blocks(&self) -> usize {
        self.rest.div_ceil(4)
    }

    /// Samples whose tails are made in one go: so many that their blocks fill the lanes.
    fn at_once(&self) -> usize {
        if self.rest == 0 { usize::MAX } else { GROUPS * LANES / self.blocks() }
    }

    /// The tails of `count` samples, one after another. The lanes hold pairs of sample and block, so
    /// that samples of a few elements use all of them.
    #[inline(always)]
    fn fill<const PAIRS: usize, P>(
        &self,
        first: u64,
        count: usize,
        pair: P,
        words: &mut [u32; PIECE],
        out: &mut [f32; PIECE],
    ) where
        P: Fn(u32, u32) -> (f32, f32) + Copy,
    {
        let [_, c1, c2, c3] = self.draw.counter(0, first);
        let blocks = self.blocks() as u32;
        let (mut sample, mut block) = (c1, 0);
        let groups = (count * self.blocks()).div_ceil(LANES);
        for words in words.chunks_exact_mut(2 * PAIRS * LANES).take(groups) {
            let (mut c0, mut c1) = ([self.first_block; LANES], [sample; LANES]);
            if blocks == 1 {
                for (lane, c1) in (0..).zip(&mut c1) {
                    // Past the last sample of these upper bits, nothing is used.
                    *c1 = c1.wrapping_add(lane);
                }
                sample = sample.wrapping_add(LANES as u32);
            } else {
                for (c0, c1) in c0.iter_mut().zip(&mut c1) {
                    (*c0, *c1) = (*c0 + block, sample);
                    block += 1;
                    if block == blocks {
                        (sample, block) = (sample.wrapping_add(1), 0);
                    }
                }
            }
            store(philox4x32_lanes(c0, c1, [c2, c3], self.keys), words);
        }
        interleave::<PAIRS, P>(&words[..groups * 2 * PAIRS * LANES], pair, out);
        self.close_gaps(count, out);
    }

    /// From whole blocks, of which the last of each sample may be wanted in part only.
    #[inline(always)]
    fn close_gaps(&self, count: usize, out: &mut [f32; PIECE]) {
        let stride = if self.rest <= 2 { 2 } else { 4 * self.blocks() };
        if stride == self.rest {
            return;
        }
        for sample in 1..count {
            for e in 0..self.rest {
                out[sample * self.rest + e] = out[sample * stride + e];
            }
        }
    }
}

/// Values of words that lie as [`store`] leaves them, the first `PAIRS` pairs of each block, block
/// after block.
#[inline(always)]
fn interleave<const PAIRS: usize, P>(words: &[u32], pair: P, out: &mut [f32])
where
    P: Fn(u32, u32) -> (f32, f32) + Copy,
{
    for (words, out) in
        words.chunks_exact(2 * PAIRS * LANES).zip(out.chunks_exact_mut(2 * PAIRS * LANES))
    {
        let mut values = [[0.0; LANES]; 4];
        for j in 0..PAIRS {
            for lane in 0..LANES {
                let (w0, w1) = (words[2 * j * LANES + lane], words[(2 * j + 1) * LANES + lane]);
                (values[2 * j][lane], values[2 * j + 1][lane]) = pair(w0, w1);
            }
        }
        for lane in 0..LANES {
            for j in 0..2 * PAIRS {
                out[2 * PAIRS * lane + j] = values[j][lane];
            }
        }
    }
}
