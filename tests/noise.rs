//! The statistics of the noise, and where its words come from. All seeds are fixed; bounds are those of
//! the sampling distributions, wide enough for the number of comparisons.

use ncsn::noise::{Draw, Purpose, fill_normals};
use ncsn::{PhiloxRng, philox4x32};
use rand_core::Rng;

/// Standard errors that no statistic here may be off. One of a thousand is beyond with probability 6e-4.
const BOUND: f64 = 5.0;
const DRAW: Draw = Draw { purpose: Purpose::Langevin, level: 3, step: 11 };

fn normals(seed: u64, draw: Draw, first_sample: u64, elements: usize, count: usize) -> Vec<f32> {
    let mut out = vec![0.0; count];
    fill_normals(seed, draw, first_sample, elements, &mut out);
    out
}

fn double_factorial(k: i32) -> f64 {
    (1..=k).rev().step_by(2).map(f64::from).product()
}

/// E z^k of the standard normal.
fn moment(k: i32) -> f64 {
    if k % 2 == 0 { double_factorial(k - 1) } else { 0.0 }
}

/// Random123's known answers for philox4x32-10 (`kat_vectors` of its distribution).
#[test]
fn known_answers_of_random123() {
    for (counter, key, expected) in [
        ([0; 4], 0, [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
        ([u32::MAX; 4], u64::MAX, [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
        (
            [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
            0x299f_31d0_a409_3822,
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
        ),
    ] {
        assert_eq!(philox4x32(counter, key), expected);
    }
}

/// The normals are Box and Muller's of words of another implementation, the crate `rand_philox`.
#[test]
fn the_words_are_those_of_rand_philox() {
    let (seed, sample) = (0x0123_4567_89ab_cdef_u64, (0x5a_u64 << 40) + (0xc3 << 32) + 77);
    for elements in [2, 4, 64, 70] {
        let ours = normals(seed, DRAW, sample, elements, elements);
        for (e, z) in ours.into_iter().enumerate() {
            let whole = elements / 64 * 64;
            let (block, j) = if e < whole {
                (16 * (e / 64) + e % 16, e % 64 / 16)
            } else {
                (whole / 4 + (e - whole) / 4, (e - whole) % 4)
            };
            let words = [block as u32, sample as u32, 11 | 0xc3 << 24, 3 | 2 << 20 | 0x5a << 24];
            let counter =
                words.into_iter().rev().fold(0_u128, |all, word| all << 32 | u128::from(word));
            let mut theirs = rand_philox::Philox::new([seed as u32, (seed >> 32) as u32], counter);
            let words: [u32; 4] = std::array::from_fn(|_| theirs.next_u32());
            let u = (f64::from(words[j / 2 * 2]) + 0.5) / 4_294_967_296.0;
            let angle = std::f64::consts::TAU * f64::from(words[j / 2 * 2 + 1]) / 4_294_967_296.0;
            let radius = (-2.0 * u.ln()).sqrt();
            let expected = radius * if j % 2 == 0 { angle.cos() } else { angle.sin() };
            assert!((f64::from(z) - expected).abs() < 2e-6, "{elements} {e}: {z} {expected}");
        }
    }
    let mut ours = PhiloxRng::new(seed, 5);
    let mut theirs = rand_philox::Philox::new([seed as u32, (seed >> 32) as u32], 5_u128 << 64);
    assert!((0..1000).all(|_| ours.next_u32() == theirs.next_u32()));
}

/// The mean of z^k has variance (E z^2k - (E z^k)^2) / n.
#[test]
fn moments_to_the_eighth() {
    let n = 10_000_000;
    for elements in [2, 1000] {
        let z = normals(2024, DRAW, 0, elements, n);
        for k in 1..=8 {
            let mean = z.iter().map(|&v| f64::from(v).powi(k)).sum::<f64>() / n as f64;
            let variance = moment(2 * k) - moment(k).powi(2);
            let error = (mean - moment(k)) / (variance / n as f64).sqrt();
            assert!(error.abs() < BOUND, "moment {k}: {mean}, {error} standard errors");
        }
    }
}

/// P(|z| > t).
fn tail(t: f64) -> f64 {
    libm::erfc(t * std::f64::consts::FRAC_1_SQRT_2)
}

/// Kolmogorov and Smirnov's distance from the normal distribution, of 10^7 numbers.
#[test]
fn the_distribution_is_normal() {
    let n = 10_000_000_usize;
    let mut z = normals(7, DRAW, 0, 1000, n);
    for t in [1.0, 2.0, 3.0, 4.0, 5.0] {
        let beyond = z.iter().filter(|v| f64::from(v.abs()) > t).count() as f64;
        let (expected, p) = (n as f64 * tail(t), tail(t));
        let error = (beyond - expected) / (expected * (1.0 - p)).sqrt();
        assert!(error.abs() < BOUND, "beyond {t}: {beyond} of {expected}");
    }
    z.sort_unstable_by(f32::total_cmp);
    let distance = z.iter().enumerate().map(|(i, &z)| {
        let p = 0.5 * libm::erfc(-f64::from(z) * std::f64::consts::FRAC_1_SQRT_2);
        (p - i as f64 / n as f64).abs().max((p - (i + 1) as f64 / n as f64).abs())
    });
    let scaled = distance.fold(0.0, f64::max) * (n as f64).sqrt();
    // Kolmogorov's P(sqrt(n) D > q) = 2 sum_k (-1)^(k-1) exp(-2 k^2 q^2), of which the first term is
    // all that counts here.
    let quantile = (-0.5 * (1e-6_f64 / 2.0).ln()).sqrt();
    assert!(scaled < quantile, "sqrt(n) D = {scaled}, above {quantile}");
}

/// The correlation of two vectors, of their squares and of their absolute values, each in standard
/// errors of independent ones.
fn correlations(a: &[f32], b: &[f32]) -> [f64; 3] {
    let mut sums = [0.0; 3];
    let mean = (2.0 / std::f64::consts::PI).sqrt();
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = (f64::from(a), f64::from(b));
        sums[0] += a * b;
        sums[1] += (a * a - 1.0) * (b * b - 1.0) / 2.0;
        sums[2] += (a.abs() - mean) * (b.abs() - mean) / (1.0 - mean * mean);
    }
    sums.map(|sum| sum / (a.len().min(b.len()) as f64).sqrt())
}

/// Within a sample, from sample to sample in the order of memory, and across the pieces of both.
#[test]
fn lags_to_128_are_uncorrelated() {
    let n = 1 << 18;
    for elements in [2, 3, 64, 784, 1 << 18] {
        let z = normals(11, DRAW, 0, elements, n / elements * elements);
        for lag in 1..=128 {
            let errors = correlations(&z, &z[lag..]);
            assert!(errors.iter().all(|e| e.abs() < BOUND), "{elements}, lag {lag}: {errors:?}");
        }
    }
}

/// Streams whose keys differ in one part, by one or by one bit.
#[test]
fn neighbouring_streams_are_uncorrelated() {
    let n = 1 << 16;
    let base_key = (1_u64 << 33, 40_u64, 7_u32, 5_u32, Purpose::Langevin);
    let stream = |(seed, sample, level, step, purpose)| {
        normals(seed, Draw { purpose, level, step }, sample, n, n)
    };
    let base = stream(base_key);
    let mut others = Vec::new();
    let (seed, sample, level, step, purpose) = base_key;
    for k in 1..=8 {
        others.push((seed + k, sample, level, step, purpose));
        others.push((seed ^ 1 << (7 * k), sample, level, step, purpose));
        others.push((seed, sample + k, level, step, purpose));
        others.push((seed, sample ^ 1 << (5 * k), level, step, purpose));
        others.push((seed, sample, level + k as u32, step, purpose));
        others.push((seed, sample, level ^ 1 << (2 * k), step, purpose));
        others.push((seed, sample, level, step + k as u32, purpose));
        others.push((seed, sample, level, step ^ 1 << (2 * k), purpose));
    }
    for other in [Purpose::Init, Purpose::Predictor, Purpose::Churn, Purpose::Resample] {
        others.push((seed, sample, level, step, other));
    }
    for other in others {
        let errors = correlations(&base, &stream(other));
        assert!(errors.iter().all(|e| e.abs() < BOUND), "{other:?}: {errors:?}");
    }
}
