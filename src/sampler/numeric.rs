//! Sums and checks over whole vectors.

/// One branch for the whole slice: NaN and infinities survive multiplication by zero.
pub(super) fn all_finite(values: &[f32]) -> bool {
    const LANES: usize = 16;
    let mut lanes = [0.0_f32; LANES];
    let mut parts = values.chunks_exact(LANES);
    for part in &mut parts {
        for (lane, value) in lanes.iter_mut().zip(part) {
            *lane += value * 0.0;
        }
    }
    let rest: f32 = parts.remainder().iter().map(|value| value * 0.0).sum();
    lanes.iter().sum::<f32>() + rest == 0.0
}

/// The sum of the squares of `value(i, values[i])`, in f64, so that finite floats never overflow.
/// Eight sums side by side: one would be a chain of dependent additions.
#[inline(always)]
pub(super) fn sum_of_squares(values: &[f32], value: impl Fn(usize, f32) -> f32) -> f64 {
    const LANES: usize = 8;
    let mut lanes = [0.0_f64; LANES];
    let mut parts = values.chunks_exact(LANES);
    for (part, at) in (&mut parts).zip((0..).step_by(LANES)) {
        for lane in 0..LANES {
            let v = f64::from(value(at + lane, part[lane]));
            lanes[lane] += v * v;
        }
    }
    let rest = parts.remainder();
    for (lane, v) in rest.iter().enumerate() {
        let v = f64::from(value(values.len() - rest.len() + lane, *v));
        lanes[lane] += v * v;
    }
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_one_bad_value_anywhere() {
        for len in [1, 15, 16, 17, 100] {
            let mut values = vec![f32::MAX; len];
            assert!(all_finite(&values));
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                values[len - 1] = bad;
                assert!(!all_finite(&values));
                values[len - 1] = -0.0;
                values[0] = bad;
                assert!(!all_finite(&values));
                values[0] = 1.0;
            }
        }
    }
}
