//! The sampling algorithms. Each is written for one micro-batch of chains against a score model,
//! and knows neither what network is behind it nor how a run is cut up.
//!
//! A new sampler is a file here that implements [`Sampler`] and a line in [`build`].

mod annealed;
mod chains;
mod langevin;

pub(crate) use chains::{At, Chains, StepNorms, draw_noise};

use crate::error::{Result, bail};
use crate::model::{SamplerKind, StepConvention};

/// One algorithm with its parameters.
pub(crate) trait Sampler: Send {
    /// One step of a micro-batch: reads `chains.x`, leaves the new state in `chains.next`.
    fn step(&self, at: At, chains: &mut Chains<'_>) -> Result<()>;
}

/// Whether this version has the sampler.
pub(crate) fn check_supported(kind: SamplerKind) -> Result<()> {
    match kind {
        SamplerKind::Langevin | SamplerKind::AnnealedLangevin => Ok(()),
        other => bail!(
            Unsupported,
            "sampler '{}' is not supported by this version; use annealed_langevin or langevin",
            other.name()
        ),
    }
}

/// The sampler of a kind that [`check_supported`] accepts. `step_size` and `sigma_last` are checked.
pub(crate) fn build(
    kind: SamplerKind,
    convention: StepConvention,
    step_size: f64,
    sigma_last: f64,
) -> Result<Box<dyn Sampler>> {
    check_supported(kind)?;
    let c = convention.c();
    Ok(match kind {
        SamplerKind::Langevin => Box::new(langevin::Langevin { c, a: step_size }),
        _ => Box::new(annealed::AnnealedLangevin { c, epsilon: step_size, sigma_last }),
    })
}
