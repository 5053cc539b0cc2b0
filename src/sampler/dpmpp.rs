//! DPM-Solver++(2M) in variance-exploding variables, for the probability-flow ODE and for the
//! reverse-time SDE (Lu et al. 2022, arXiv:2211.01095, algorithm 2 and section 5).
//!
//! ```text
//! lambda = -ln sigma,  h_i = lambda_{i+1} - lambda_i,  r = h_{i-1} / h_i
//! D_i = D(x, sigma_i)
//! D~  = (1 + 1/(2r)) D_i - 1/(2r) D_{i-1}                            first step: D~ = D_i
//! ODE   x <- e^{-h_i} x + (1 - e^{-h_i}) D~                          e^{-h_i} = sigma_{i+1}/sigma_i
//! SDE   x <- e^{-2h_i} x + (1 - e^{-2h_i}) D~ + sigma_{i+1} sqrt(1 - e^{-2h_i}) z
//! ```
//! The last step, to sigma = 0, is x <- D_i for both. With D_i in the place of D~ the SDE's step is that of
//! ancestral sampling.

use super::{Chains, Sampler};
use crate::error::Result;
use crate::noise::Purpose;
use crate::plan::At;

pub(super) struct Dpmpp2m {
    /// The levels that are run.
    pub sigmas: Vec<f64>,
    /// Number of the first of them.
    pub start: u32,
    /// The SDE.
    pub stochastic: bool,
}

impl Sampler for Dpmpp2m {
    /// D_{i-1}.
    fn memory(&self) -> usize {
        1
    }

    fn step(&self, at: At, chains: &mut Chains<'_>) -> Result<()> {
        chains.evaluate_score(at, Purpose::Predictor)?;
        if at.next == 0.0 {
            chains.x.copy_from_slice(chains.denoised);
            return Ok(());
        }
        let i = (at.level - self.start) as usize;
        let h = (at.sigma / at.next).ln();
        let extrapolation = match i.checked_sub(1) {
            None => 0.0,
            Some(before) => 0.5 * h / (self.sigmas[before] / at.sigma).ln(),
        };
        let ratio = at.next / at.sigma;
        let (kept, gain) = if self.stochastic {
            (ratio * ratio, -(-2.0 * h).exp_m1())
        } else {
            (ratio, -(-h).exp_m1())
        };
        let (now, before) = ((gain * (1.0 + extrapolation)) as f32, (gain * extrapolation) as f32);
        let terms = chains.denoised.iter().zip(chains.memory[0].iter());
        for (x, (d, d_before)) in chains.x.iter_mut().zip(terms) {
            *x = kept as f32 * *x + (now * d - before * d_before);
        }
        if self.stochastic {
            chains.add_noise(at, Purpose::Predictor, at.next * gain.sqrt())?;
        }
        chains.memory[0].copy_from_slice(chains.denoised);
        Ok(())
    }
}
