//! Euler's and Heun's method on the probability-flow ODE dx/dsigma = -sigma s(x, sigma), with
//! stochastic churn (Karras et al. 2022, arXiv:2206.00364, algorithms 1 and 2).
//!
//! ```text
//! for i = 1..n:                                              sigma_{n+1} = 0
//!     gamma = min(S_churn/n, sqrt(2) - 1) where S_min <= sigma_i <= S_max, else 0
//!     hat = (1 + gamma) sigma_i
//!     x^ = x + sqrt(hat^2 - sigma_i^2) S_noise z
//!     d = -hat s(x^, hat)
//!     x <- x^ + (sigma_{i+1} - hat) d                        Euler
//!     if sigma_{i+1} > 0:                                    Heun
//!         d' = -sigma_{i+1} s(x, sigma_{i+1})
//!         x <- x^ + (sigma_{i+1} - hat) (d + d')/2
//! ```

use super::{Chains, Sampler};
use crate::error::Result;
use crate::noise::Purpose;
use crate::params::Churn;
use crate::plan::{At, Plan};

/// The churn of each level.
pub(super) struct Raise {
    /// gamma of each level of the ladder.
    gammas: Vec<f64>,
    noise: f64,
}

impl Raise {
    pub fn new(churn: Churn, plan: &Plan) -> Self {
        let gammas = plan.sigmas.iter().map(|&sigma| plan.gamma(churn, sigma)).collect();
        Self { gammas, noise: churn.noise }
    }

    /// The raised noise level of the step.
    fn hat(&self, at: At) -> f64 {
        (1.0 + self.gammas[at.level as usize]) * at.sigma
    }

    /// Takes the chains up to it.
    fn raise(&self, at: At, chains: &mut Chains<'_>) -> Result<f64> {
        let hat = self.hat(at);
        if hat > at.sigma {
            let scale = (hat * hat - at.sigma * at.sigma).sqrt() * self.noise;
            chains.add_noise(at, Purpose::Churn, scale)?;
        }
        Ok(hat)
    }
}

pub(super) struct Euler {
    pub churn: Raise,
}

impl Sampler for Euler {
    fn step(&self, at: At, chains: &mut Chains<'_>) -> Result<()> {
        let hat = self.churn.raise(at, chains)?;
        chains.evaluate_score(At { sigma: hat, ..at }, Purpose::Predictor)?;
        chains.move_by((hat - at.next) * hat);
        Ok(())
    }
}

pub(super) struct Heun {
    pub churn: Raise,
}

impl Sampler for Heun {
    /// x^ and s(x^, hat).
    fn memory(&self) -> usize {
        2
    }

    fn step(&self, at: At, chains: &mut Chains<'_>) -> Result<()> {
        if at.stage == 0 {
            let hat = self.churn.raise(at, chains)?;
            chains.evaluate_score(At { sigma: hat, ..at }, Purpose::Predictor)?;
            chains.memory[0].copy_from_slice(chains.x);
            chains.memory[1].copy_from_slice(chains.score);
            chains.move_by((hat - at.next) * hat);
            return Ok(());
        }
        let hat = self.churn.hat(at);
        chains.evaluate_score(At { sigma: at.next, ..at }, Purpose::Predictor)?;
        let half = 0.5 * (hat - at.next);
        let (first, second) = ((half * hat) as f32, (half * at.next) as f32);
        let [start, slope, ..] = &*chains.memory else { unreachable!("two vectors") };
        let terms = start.iter().zip(slope.iter()).zip(&*chains.score);
        for (x, ((start, s), s_next)) in chains.x.iter_mut().zip(terms) {
            *x = start + (first * s + second * s_next);
        }
        Ok(())
    }
}
