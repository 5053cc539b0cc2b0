//! UniPC of order 2 in variance-exploding variables, with B(h) = e^h - 1 (Zhao et al. 2023,
//! arXiv:2302.04867), which predicts the data.
//!
//! ```text
//! lambda = -ln sigma,  h = lambda_{i+1} - lambda_i,  D_i = D(x, sigma_i)
//! base(x, h) = sigma_{i+1}/sigma_i x - (e^{-h} - 1) D_i
//! D1 = (D_{i-1} - D_i) / r,  r = (lambda_{i-1} - lambda_i) / h
//! predictor   x'  = base - (e^{-h} - 1) D1/2                           first step: base
//! corrector   x   = base - (e^{-h} - 1) (a D1 + b (D(x', sigma_{i+1}) - D_i))
//! ```
//! with (a, b) such that both orders match: a + b = b_1, r a + b = b_2, b_k = k! phi_{k+1}(-h) /
//! phi_1(-h); first step a = 0, b = 1/2. The corrector's evaluation at x' is the one that the next
//! step needs anyway: it costs nothing. The last step, to sigma = 0, returns D.

use super::{Chains, Sampler};
use crate::error::Result;
use crate::noise::Purpose;
use crate::plan::At;

pub(super) struct Unipc {
    /// The levels that are run.
    pub sigmas: Vec<f64>,
    /// Number of the first of them.
    pub start: u32,
}

/// (a, b) of the corrector.
fn corrector_weights(r: Option<f64>, h: f64) -> (f64, f64) {
    let Some(r) = r else { return (0.0, 0.5) };
    let [phi_1, phi_2, phi_3] = phi(-h);
    let (b_1, b_2) = (phi_2 / phi_1, 2.0 * phi_3 / phi_1);
    let a = (b_1 - b_2) / (1.0 - r);
    (a, b_1 - a)
}

/// phi_1, phi_2 and phi_3 at z: phi_1 = (e^z - 1)/z, phi_{k+1} = (phi_k - 1/k!)/z.
fn phi(z: f64) -> [f64; 3] {
    if z.abs() < 0.02 {
        // The differences would cancel; the series converge at once: phi_k = sum z^n / (n + k)!.
        return [1, 2, 3].map(|k| {
            let mut term = 1.0 / [1.0, 1.0, 2.0, 6.0][k];
            (0..8).fold(0.0, |sum, n| {
                let value = sum + term;
                term *= z / (n + k + 1) as f64;
                value
            })
        });
    }
    let phi_1 = z.exp_m1() / z;
    let phi_2 = (phi_1 - 1.0) / z;
    [phi_1, phi_2, (phi_2 - 0.5) / z]
}

impl Sampler for Unipc {
    /// The corrected x of the level before, D there, and D of the level before that.
    fn memory(&self) -> usize {
        3
    }

    fn step(&self, at: At, chains: &mut Chains<'_>) -> Result<()> {
        chains.evaluate_score(at, Purpose::Predictor)?;
        if at.next == 0.0 {
            chains.x.copy_from_slice(chains.denoised);
            return Ok(());
        }
        let i = (at.level - self.start) as usize;
        if i > 0 {
            self.correct(i - 1, at.sigma, chains);
        }
        self.predict(i, at.next, chains);
        Ok(())
    }
}

impl Unipc {
    /// r of the step from level i to the next, whose length is h; `None` for the first step.
    fn ratio(&self, i: usize, h: f64) -> Option<f64> {
        let before = i.checked_sub(1)?;
        Some(-(self.sigmas[before] / self.sigmas[i]).ln() / h)
    }

    /// Replaces x' at sigma by the corrected x, by the step from level i.
    fn correct(&self, i: usize, sigma: f64, chains: &mut Chains<'_>) {
        let h = (self.sigmas[i] / sigma).ln();
        let (r, gain) = (self.ratio(i, h), -(-h).exp_m1());
        let (a, b) = corrector_weights(r, h);
        let kept = (sigma / self.sigmas[i]) as f32;
        // In terms of D_i, D_{i-1} and D(x', sigma).
        let old = r.map_or(0.0, |r| gain * a / r);
        let (now, old, new) = ((gain * (1.0 - b) - old) as f32, old as f32, (gain * b) as f32);
        let [x_before, d, d_before, ..] = &*chains.memory else { unreachable!("three vectors") };
        let terms = x_before.iter().zip(d.iter()).zip(d_before.iter()).zip(&*chains.denoised);
        for (x, (((x_before, d), d_before), d_new)) in chains.x.iter_mut().zip(terms) {
            *x = kept * x_before + (now * d + old * d_before + new * d_new);
        }
    }

    /// Goes on from the corrected x of level i to `next`, and remembers what the corrector there needs.
    fn predict(&self, i: usize, next: f64, chains: &mut Chains<'_>) {
        let sigma = self.sigmas[i];
        let h = (sigma / next).ln();
        let gain = -(-h).exp_m1();
        let old = self.ratio(i, h).map_or(0.0, |r| 0.5 * gain / r);
        let (kept, now, old) = ((next / sigma) as f32, (gain - old) as f32, old as f32);
        let [x_before, d, d_before, ..] = &mut *chains.memory else {
            unreachable!("three vectors")
        };
        x_before.copy_from_slice(chains.x);
        d_before.copy_from_slice(d);
        d.copy_from_slice(chains.denoised);
        let terms = d.iter().zip(d_before.iter());
        for (x, (d, d_before)) in chains.x.iter_mut().zip(terms) {
            *x = kept * *x + (now * d + old * d_before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phi_has_no_seam_and_the_right_limits() {
        let (below, above) = (phi(-0.019_999_999), phi(-0.020_000_001));
        for (k, limit) in [1.0, 0.5, 1.0 / 6.0].into_iter().enumerate() {
            assert!((below[k] / above[k] - 1.0).abs() < 1e-8);
            assert!((phi(1e-12)[k] - limit).abs() < 1e-11);
        }
    }
}
