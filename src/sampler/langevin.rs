//! Plain (unadjusted) Langevin dynamics: one noise level, one step size.

use super::{Chains, Sampler};
use crate::error::Result;
use crate::noise::Purpose;
use crate::plan::At;

/// x <- x + c a s(x, sigma) + sqrt(2 c a) z, z ~ N(0, I).
pub(super) struct Langevin {
    pub c: f64,
    pub a: f64,
}

impl Sampler for Langevin {
    fn step(&self, at: At, chains: &mut Chains<'_>) -> Result<()> {
        update(self.c, self.a, at, chains)
    }
}

/// The Langevin update, with `a` the step size of the level.
pub(super) fn update(c: f64, a: f64, at: At, chains: &mut Chains<'_>) -> Result<()> {
    chains.evaluate_score(at, Purpose::Langevin)?;
    chains.diffuse(at, Purpose::Langevin, c * a, (2.0 * c * a).sqrt())
}
