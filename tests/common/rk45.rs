//! The embedded Runge-Kutta pair of Dormand & Prince 1980 on the probability-flow ODE in ln sigma, in
//! f64, for one chain.

use super::Score;

/// The tableau as Hairer, Norsett & Wanner print it (Solving Ordinary Differential Equations I, table
/// 5.2): nodes, stages, and the weights of orders 5 and 4.
const C: [f64; 7] = [0.0, 0.2, 0.3, 0.8, 8.0 / 9.0, 1.0, 1.0];
const A: [[f64; 6]; 7] = [
    [0.0; 6],
    [0.2, 0.0, 0.0, 0.0, 0.0, 0.0],
    [3.0 / 40.0, 9.0 / 40.0, 0.0, 0.0, 0.0, 0.0],
    [44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0, 0.0, 0.0, 0.0],
    [19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0, 0.0, 0.0],
    [9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0, 0.0],
    [35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
];
const FIFTH: [f64; 7] =
    [35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0, 0.0];
const FOURTH: [f64; 7] = [
    5179.0 / 57600.0,
    0.0,
    7571.0 / 16695.0,
    393.0 / 640.0,
    -92097.0 / 339_200.0,
    187.0 / 2100.0,
    1.0 / 40.0,
];

/// How a chain went.
pub struct Path {
    pub x: Vec<f64>,
    /// The noise level of every evaluation.
    pub sigmas: Vec<f64>,
    /// Attempts that were not accepted.
    pub rejected: usize,
}

pub struct Tolerance {
    pub rtol: f64,
    pub atol: f64,
}

/// From sigma = `from` to `to` and, with `denoise`, to the denoised estimate there. The first step is
/// 0.1, and a step's successor is 0.9 e^(-1/5) times as long within 1/5 and 5, and no longer than it
/// after a failure.
pub fn dormand_prince<T: Score>(
    target: &T,
    mut x: Vec<f64>,
    (from, to): (f64, f64),
    Tolerance { rtol, atol }: Tolerance,
    denoise: bool,
) -> Path {
    let mut sigmas = Vec::new();
    let mut slope = |x: &[f64], u: f64| -> Vec<f64> {
        let sigma = u.exp();
        sigmas.push(sigma);
        let mut score = vec![0.0; x.len()];
        target.score(x, sigma, &mut score);
        score.iter().map(|s| -sigma * sigma * s).collect()
    };
    let (mut u, end) = (from.ln(), to.ln());
    let mut first = slope(&x, u);
    let mut h = (-0.1_f64).max(end - u);
    let (mut failed, mut rejected) = (false, 0);
    while u > end + 1e-9 {
        let mut k = vec![first.clone()];
        for stage in 1..7 {
            let point: Vec<f64> = (0..x.len())
                .map(|i| x[i] + h * (0..stage).map(|m| A[stage][m] * k[m][i]).sum::<f64>())
                .collect();
            k.push(slope(&point, u + C[stage] * h));
        }
        let sum = |weights: &[f64; 7], i: usize| {
            x[i] + h * (0..7).map(|m| weights[m] * k[m][i]).sum::<f64>()
        };
        let next: Vec<f64> = (0..x.len()).map(|i| sum(&FIFTH, i)).collect();
        let square = |i: usize| {
            let scale = atol + rtol * x[i].abs().max(next[i].abs());
            ((next[i] - sum(&FOURTH, i)) / scale).powi(2)
        };
        let error = ((0..x.len()).map(square).sum::<f64>() / x.len() as f64).sqrt();
        let mut factor = (0.9 * error.powf(-0.2)).clamp(0.2, 5.0);
        if error < 1.0 {
            u += h;
            x = next;
            first = k.swap_remove(6);
            factor = if failed { factor.min(1.0) } else { factor };
            h = (h * factor).max(end - u);
            failed = false;
        } else {
            (h, failed, rejected) = (h * factor, true, rejected + 1);
        }
    }
    if denoise {
        // D = x + sigma^2 s = x - k_1.
        x.iter_mut().zip(&first).for_each(|(x, k)| *x -= k);
    }
    Path { x, sigmas, rejected }
}
