//! The kernel two-sample test of Gretton et al. 2012: maximum mean discrepancy with a Gaussian kernel
//! whose width is the median distance, and its distribution under permutation.

use ncsn::PhiloxRng;
use rand_distr::{Distribution, Uniform};

/// The unbiased estimate of MMD^2, and what it stays below in all but one of a thousand permutations.
#[derive(Debug, Clone, Copy)]
pub struct TwoSample {
    pub mmd2: f64,
    pub quantile: f64,
}

const PERMUTATIONS: usize = 1000;

/// Compares two sets of as many samples.
pub fn two_sample(a: &[Vec<f64>], b: &[Vec<f64>]) -> TwoSample {
    let half = a.len();
    assert_eq!(half, b.len());
    let kernel = Kernel::new(a.iter().chain(b).map(Vec::as_slice).collect());
    let mut order: Vec<usize> = (0..2 * half).collect();
    let mmd2 = kernel.mmd2(&order[..half]);
    let mut rng = PhiloxRng::new(1000, 0);
    let mut permuted: Vec<f64> = (0..PERMUTATIONS)
        .map(|_| {
            // The first half of a Fisher-Yates shuffle.
            for i in 0..half {
                let j = Uniform::new(i, 2 * half).unwrap().sample(&mut rng);
                order.swap(i, j);
            }
            kernel.mmd2(&order[..half])
        })
        .collect();
    permuted.sort_by(f64::total_cmp);
    TwoSample { mmd2, quantile: permuted[PERMUTATIONS - 2] }
}

/// k(x, y) = exp(-|x - y|^2 / (2 w^2)) of all pairs, 0 of a sample with itself.
struct Kernel {
    values: Vec<f32>,
    rows: Vec<f64>,
    total: f64,
}

impl Kernel {
    fn new(samples: Vec<&[f64]>) -> Self {
        let count = samples.len();
        let mut values = vec![0.0_f32; count * count];
        let mut distances = Vec::with_capacity(count * (count - 1) / 2);
        for i in 0..count {
            for j in 0..i {
                let square: f64 =
                    samples[i].iter().zip(samples[j]).map(|(x, y)| (x - y).powi(2)).sum();
                values[i * count + j] = square as f32;
                values[j * count + i] = square as f32;
                distances.push(square as f32);
            }
        }
        let middle = distances.len() / 2;
        let median = *distances.select_nth_unstable_by(middle, f32::total_cmp).1;
        for (k, value) in values.iter_mut().enumerate() {
            *value = if k % (count + 1) == 0 { 0.0 } else { (-*value / (2.0 * median)).exp() };
        }
        let rows: Vec<f64> =
            values.chunks(count).map(|row| row.iter().map(|&k| f64::from(k)).sum()).collect();
        let total = rows.iter().sum();
        Self { values, rows, total }
    }

    /// Of the samples numbered in `first` against the others, as many.
    fn mmd2(&self, first: &[usize]) -> f64 {
        let (count, half) = (self.rows.len(), first.len() as f64);
        let mut inside = 0.0_f64;
        let mut all = 0.0;
        for (n, &i) in first.iter().enumerate() {
            let row = &self.values[i * count..(i + 1) * count];
            inside += 2.0 * f64::from(first[..n].iter().map(|&j| row[j]).sum::<f32>());
            all += self.rows[i];
        }
        let across = all - inside;
        let outside = self.total - inside - 2.0 * across;
        (inside + outside) / (half * (half - 1.0)) - 2.0 * across / (half * half)
    }
}
