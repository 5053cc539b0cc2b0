//! Passes over whole vectors: sums of squares, which are checks too, and the updates of the samplers.
//!
//! Squares are added in f64, in which those of finite floats never overflow: a sum is finite if and
//! only if all its terms are.

use crate::instruction_set::{Kernel, widest};
use crate::noise::Sink;

/// Sums side by side: one would be a chain of dependent additions.
const LANES: usize = 16;

/// Puts the denoised estimate x + sigma^2 s, `variance` being sigma^2, into `denoised`, and returns the
/// sum of the squares of the score.
pub(super) fn estimate(x: &[f32], score: &[f32], variance: f32, denoised: &mut [f32]) -> f64 {
    widest(Estimate { x, score, variance, denoised })
}

struct Estimate<'a> {
    x: &'a [f32],
    score: &'a [f32],
    variance: f32,
    denoised: &'a mut [f32],
}

impl Kernel for Estimate<'_> {
    type Output = f64;

    #[inline(always)]
    fn compute(self) -> f64 {
        let mut sums = [0.0; LANES];
        let Self { x, score, variance, denoised } = self;
        let (x, x_rest) = x.as_chunks::<LANES>();
        let (score, score_rest) = score.as_chunks::<LANES>();
        let (denoised, denoised_rest) = denoised.as_chunks_mut::<LANES>();
        for ((d, x), s) in denoised.iter_mut().zip(x).zip(score) {
            for lane in 0..LANES {
                d[lane] = x[lane] + variance * s[lane];
            }
            add_squares(&mut sums, s);
        }
        for ((d, x), s) in denoised_rest.iter_mut().zip(x_rest).zip(score_rest) {
            *d = x + variance * s;
        }
        add_squares(&mut sums, score_rest);
        sums.iter().sum()
    }
}

/// The sum of the squares of the differences of two vectors, which f32 rounds.
pub(super) fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    widest(Distance(a, b))
}

struct Distance<'a>(&'a [f32], &'a [f32]);

impl Kernel for Distance<'_> {
    type Output = f64;

    #[inline(always)]
    fn compute(self) -> f64 {
        let mut sums = [0.0; LANES];
        let (a, a_rest) = self.0.as_chunks::<LANES>();
        let (b, b_rest) = self.1.as_chunks::<LANES>();
        for (a, b) in a.iter().zip(b) {
            let mut difference = [0.0; LANES];
            for lane in 0..LANES {
                difference[lane] = a[lane] - b[lane];
            }
            add_squares(&mut sums, &difference);
        }
        for (sum, (a, b)) in sums.iter_mut().zip(a_rest.iter().zip(b_rest)) {
            *sum += f64::from(a - b).powi(2);
        }
        sums.iter().sum()
    }
}

/// The sum of the squares of a vector.
pub(super) fn sum_of_squares(values: &[f32]) -> f64 {
    // Eight: step sizes are made of it, whose bits must not change.
    let mut sums = [0.0; 8];
    let (parts, rest) = values.as_chunks::<8>();
    for part in parts {
        add_squares(&mut sums, part);
    }
    add_squares(&mut sums, rest);
    sums.iter().sum()
}

#[inline(always)]
fn add_squares<const N: usize>(sums: &mut [f64; N], values: &[f32]) {
    for (sum, &value) in sums.iter_mut().zip(values) {
        let value = f64::from(value);
        *sum += value * value;
    }
}

/// x <- x + drift s.
pub(super) fn drift_by(x: &mut [f32], score: &[f32], drift: f32) {
    for (x, s) in x.iter_mut().zip(score) {
        *x += drift * s;
    }
}

/// x <- x + drift s + diffusion z.
pub(super) struct Diffused<'a> {
    pub x: &'a mut [f32],
    pub score: &'a [f32],
    pub drift: f32,
    pub diffusion: f32,
}

impl Sink for Diffused<'_> {
    #[inline(always)]
    fn take(&mut self, at: usize, z: &[f32]) {
        let range = at..at + z.len();
        let terms = self.score[range.clone()].iter().zip(z);
        for (x, (s, z)) in self.x[range].iter_mut().zip(terms) {
            *x = *x + self.drift * s + self.diffusion * z;
        }
    }
}

/// x <- x + scale z.
pub(crate) struct Noised<'a> {
    pub x: &'a mut [f32],
    pub scale: f32,
}

impl Sink for Noised<'_> {
    #[inline(always)]
    fn take(&mut self, at: usize, z: &[f32]) {
        for (x, z) in self.x[at..at + z.len()].iter_mut().zip(z) {
            *x += self.scale * z;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::InstructionSet::{Avx2, Avx512, Baseline};

    /// Numbers of very different sizes.
    fn vector(len: usize, from: f32) -> Vec<f32> {
        (0..len).map(|i| (i as f32 * 0.7 + from).sin() * 10_f32.powi(i as i32 % 9 - 4)).collect()
    }

    #[test]
    fn same_bits_on_every_instruction_set() {
        for len in [1, 2, 15, 16, 17, 100, 784] {
            let (x, score) = (vector(len, 1.0), vector(len, 2.0));
            let expected: Vec<f32> = x.iter().zip(&score).map(|(x, s)| x + 0.3 * s).collect();
            let plain = Baseline.run(Distance(&x, &score));
            let squares: f64 = score.iter().map(|s| f64::from(*s).powi(2)).sum();
            for set in [Baseline, Avx2, Avx512] {
                let mut denoised = vec![0.0; len];
                let estimate =
                    Estimate { x: &x, score: &score, variance: 0.3, denoised: &mut denoised };
                let sum = set.run(estimate);
                assert_eq!(denoised, expected);
                // Another order of adding `len` squares: so many roundings at most.
                assert!((sum / squares - 1.0).abs() < len as f64 * f64::EPSILON, "{set:?} {len}");
                assert_eq!(set.run(Distance(&x, &score)).to_bits(), plain.to_bits());
            }
        }
    }

    #[test]
    fn finds_one_bad_value_anywhere() {
        for len in [1, 15, 16, 17, 100] {
            let x = vec![0.0; len];
            let mut score = vec![f32::MAX; len];
            let mut out = vec![0.0; len];
            assert!(estimate(&x, &score, 0.0, &mut out).is_finite());
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                for at in [0, len / 2, len - 1] {
                    score[at] = bad;
                    assert!(!estimate(&x, &score, 0.0, &mut out).is_finite());
                    assert!(!sum_of_squares(&score).is_finite());
                    assert!(!squared_distance(&score, &x).is_finite());
                    score[at] = -0.0;
                }
            }
        }
    }
}
