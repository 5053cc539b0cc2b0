//! Consistent annealed sampling (Jolicoeur-Martineau et al. 2020, arXiv:2009.05475, algorithm 2).
//!
//! ```text
//! eta = epsilon / sigma_L^2
//! for k = 1..L:
//!     x <- x + eta sigma_k^2 s(x, sigma_k)
//!     unless k = L:
//!         g = sigma_{k+1} / sigma_k,  beta = sqrt(1 - ((1 - eta) / g)^2)
//!         x <- x + sigma_{k+1} beta z
//! ```
//! The noise left in the sample is then exactly `sigma_{k+1}` when the next level takes over, which
//! annealed Langevin dynamics only approaches.

use super::{Chains, Sampler};
use crate::error::Result;
use crate::noise::Purpose;
use crate::plan::At;

pub(super) struct ConsistentAnnealed {
    pub eta: f64,
}

impl Sampler for ConsistentAnnealed {
    fn step(&self, at: At, chains: &mut Chains<'_>) -> Result<()> {
        chains.evaluate_score(at, Purpose::Langevin)?;
        let drift = self.eta * at.sigma * at.sigma;
        if at.next == 0.0 {
            chains.move_by(drift);
            return Ok(());
        }
        let kept = (1.0 - self.eta) * at.sigma / at.next;
        chains.diffuse(at, Purpose::Langevin, drift, at.next * (1.0 - kept * kept).sqrt())
    }
}
