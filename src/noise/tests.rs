//! The generator against its definition.

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
    for other in [stream(1, 0, 0, 0), stream(0, 1, 0, 0), stream(0, 0, 1, 0), stream(0, 0, 0, 1)] {
        let dot = |f: fn(f64) -> f64| {
            let sum: f64 =
                base.iter().zip(&other).map(|(&a, &b)| f(f64::from(a)) * f(f64::from(b))).sum();
            sum / n as f64
        };
        assert!(dot(|z| z).abs() < 5.0 / (n as f64).sqrt());
        assert!(dot(|z| z * z - 1.0).abs() < 5.0 * 2.0 / (n as f64).sqrt());
    }
}
