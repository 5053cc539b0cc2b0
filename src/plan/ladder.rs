//! The noise levels of a run.

use crate::error::{Result, bail};
use crate::model::{Conditioning, Contract, Output, SamplerKind};
use crate::params::{SampleParams, Schedule};
use crate::schedule;

/// rho of Karras et al. 2022.
const USUAL_RHO: f64 = 7.0;

/// The levels of a request, and the one among them to start from.
pub(super) fn resolve(contract: &Contract, params: &SampleParams) -> Result<(Vec<f64>, u32)> {
    let asked = match params.sampler {
        SamplerKind::Langevin => vec![single(contract, &params.schedule)?],
        _ => ladder(contract, &params.schedule)?,
    };
    if params.start_level as usize >= asked.len() {
        bail!(
            Argument,
            "start_level = {} is beyond the ladder: its levels are 0 to {}",
            params.start_level,
            asked.len() - 1
        );
    }
    let own = contract.steps_per_level.filter(|_| params.sampler == contract.sampler);
    match (params.sampler, params.steps_per_level.or(own)) {
        // Its levels are divided into as many as there are steps.
        (SamplerKind::ConsistentAnnealed, Some(parts)) => {
            let start = params.start_level.saturating_mul(parts);
            Ok((schedule::divided(&asked, parts as usize)?, start))
        }
        _ => Ok((asked, params.start_level)),
    }
}

fn ladder(contract: &Contract, wanted: &Schedule) -> Result<Vec<f64>> {
    let own = &contract.sigmas;
    match wanted {
        Schedule::Given(sigmas) => {
            schedule::check_ladder(sigmas, "sigmas")?;
            Ok(sigmas.clone())
        }
        Schedule::Model | Schedule::ModelLevels(_) if own.is_empty() => bail!(
            Argument,
            "schedule: the model has no noise levels of its own; give sigmas, or a geometric \
             schedule, or use the sampler langevin"
        ),
        Schedule::Model => Ok(own.clone()),
        Schedule::ModelLevels(count) => schedule::respaced(own, *count, contract.takes_any_sigma()),
        Schedule::Geometric { levels, sigma_max, sigma_min } => {
            let (max, min, count) = ends(own, "geometric", *levels, *sigma_max, *sigma_min)?;
            schedule::geometric(max, min, count)
        }
        Schedule::Karras { levels, sigma_max, sigma_min, rho } => {
            let (max, min, count) = ends(own, "Karras", *levels, *sigma_max, *sigma_min)?;
            schedule::karras(max, min, count, rho.unwrap_or(USUAL_RHO))
        }
    }
}

/// Ends and number of levels, each the model's own where it is not asked for.
fn ends(
    own: &[f64],
    name: &str,
    levels: Option<usize>,
    sigma_max: Option<f64>,
    sigma_min: Option<f64>,
) -> Result<(f64, f64, usize)> {
    let own_levels = (!own.is_empty()).then_some(own.len());
    let (Some(max), Some(min), Some(count)) = (
        sigma_max.or(own.first().copied()),
        sigma_min.or(own.last().copied()),
        levels.or(own_levels),
    ) else {
        bail!(
            Argument,
            "schedule: the model has no noise levels of its own, so a {name} schedule needs \
             level_count, sigma_max and sigma_min"
        );
    };
    Ok((max, min, count))
}

/// The one level of plain Langevin dynamics: the given one, or the model's smallest; 0 for a score
/// that knows no noise levels.
fn single(contract: &Contract, wanted: &Schedule) -> Result<f64> {
    match wanted {
        Schedule::Given(sigmas) if sigmas.len() == 1 => {
            schedule::check_ladder(sigmas, "sigmas")?;
            Ok(sigmas[0])
        }
        Schedule::Model => match contract.sigmas.last() {
            Some(&sigma) => Ok(sigma),
            // A score without levels: of a network that takes none, or a function of the host.
            None if matches!(contract.conditioning, Conditioning::None | Conditioning::Sigma)
                && contract.output == Output::Score =>
            {
                Ok(0.0)
            }
            None => bail!(
                Argument,
                "sampler langevin runs at one noise level and the model has none of its own: give \
                 one in sigmas"
            ),
        },
        _ => bail!(
            Argument,
            "sampler langevin runs at one noise level: give exactly one in sigmas, or none for the \
             model's smallest"
        ),
    }
}
