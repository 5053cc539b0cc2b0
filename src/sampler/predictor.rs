//! The predictors of the variance-exploding SDE dx = sqrt(d sigma^2/dt) dw, run backwards from one
//! level to the next (Song et al. 2021, arXiv:2011.13456, appendices E and F).
//!
//! ```text
//! G = sigma_i^2 - sigma_{i+1}^2
//! reverse diffusion    x + G s(x, sigma_i)    + sqrt(G) z
//! ancestral            x + G s(x, sigma_i)    + sqrt(sigma_{i+1}^2 G / sigma_i^2) z
//! probability flow     x + G/2 s(x, sigma_i)
//! Euler-Maruyama       x + G' s(x, sigma_i)   + sqrt(G') z,   G' = 2 sigma_i^2 ln(sigma_i / sigma_{i+1})
//! ```
//! Euler-Maruyama discretises the same SDE in the time in which a geometric ladder is even; in the
//! time sigma^2 it would be reverse diffusion. The last step, to sigma = 0, returns the mean x + G s
//! without noise, which is the denoised estimate.

use super::{Chains, Sampler};
use crate::error::Result;
use crate::model::SamplerKind;
use crate::noise::Purpose;
use crate::plan::At;

pub(super) struct Predictor {
    /// One of the four.
    pub kind: SamplerKind,
}

impl Sampler for Predictor {
    fn step(&self, at: At, chains: &mut Chains<'_>) -> Result<()> {
        chains.evaluate_score(at, Purpose::Predictor)?;
        let variance = at.sigma * at.sigma;
        if at.next == 0.0 {
            chains.move_by(variance);
            return Ok(());
        }
        let g = variance - at.next * at.next;
        let (drift, diffusion) = match self.kind {
            SamplerKind::ProbabilityFlow => (0.5 * g, 0.0),
            SamplerKind::Ancestral => (g, (at.next * at.next * g / variance).sqrt()),
            SamplerKind::EulerMaruyama => {
                let g = 2.0 * variance * (at.sigma / at.next).ln();
                (g, g.sqrt())
            }
            _ => (g, g.sqrt()),
        };
        if diffusion > 0.0 {
            return chains.diffuse(at, Purpose::Predictor, drift, diffusion);
        }
        chains.move_by(drift);
        Ok(())
    }
}
