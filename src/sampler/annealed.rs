//! Annealed Langevin dynamics (Song & Ermon 2019, arXiv:1907.05600, algorithm 1).
//!
//! ```text
//! for i = 1..L:                                  levels, largest sigma first
//!     a_i = epsilon sigma_i^2 / sigma_L^2
//!     for t = 1..T:
//!         x <- x + c a_i s(x, sigma_i) + sqrt(2 c a_i) z_t
//! ```
//! The run drives both loops; this file is the line inside them.

use super::langevin::update;
use super::{Chains, Sampler};
use crate::error::Result;
use crate::plan::At;
use crate::schedule::annealed_step;

pub(super) struct AnnealedLangevin {
    pub c: f64,
    pub epsilon: f64,
    pub sigma_last: f64,
}

impl Sampler for AnnealedLangevin {
    fn step(&self, at: At, chains: &mut Chains<'_>) -> Result<()> {
        let a = annealed_step(self.epsilon, at.sigma, self.sigma_last);
        update(self.c, a, at, chains)
    }
}
