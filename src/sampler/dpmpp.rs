//! DPM-Solver++(2M) in variance-exploding variables (Lu et al. 2022, arXiv:2211.01095, algorithm 2).
//!
//! ```text
//! lambda = -ln sigma,  h_i = lambda_{i+1} - lambda_i,  r = h_{i-1} / h_i
//! D_i = D(x, sigma_i)
//! D~  = (1 + 1/(2r)) D_i - 1/(2r) D_{i-1}                 first step: D~ = D_i
//! x <- sigma_{i+1}/sigma_i x - (e^{-h_i} - 1) D~          last step, to sigma = 0: x <- D_i
//! ```

use super::{Chains, Sampler};
use crate::error::Result;
use crate::noise::Purpose;
use crate::plan::At;

pub(super) struct Dpmpp2m {
    /// The levels that are run.
    pub sigmas: Vec<f64>,
    /// Number of the first of them.
    pub start: u32,
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
        let (kept, gain) = ((at.next / at.sigma) as f32, -(-h).exp_m1());
        let (now, before) = ((gain * (1.0 + extrapolation)) as f32, (gain * extrapolation) as f32);
        let terms = chains.denoised.iter().zip(chains.memory[0].iter());
        for (x, (d, d_before)) in chains.x.iter_mut().zip(terms) {
            *x = kept * *x + (now * d - before * d_before);
        }
        chains.memory[0].copy_from_slice(chains.denoised);
        Ok(())
    }
}
