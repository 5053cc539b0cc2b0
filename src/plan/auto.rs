//! The choice of sampler, schedule and step size for a model and a budget of evaluations.
//!
//! What is known of score networks in general (Song et al. 2021, table 1; Karras et al. 2022, figure 4)
//! and measured on ours (README): the fewest evaluations go furthest on the probability-flow ODE with a
//! multistep method; with more of them noise pays, since it corrects what the network and the steps
//! before got wrong. Where a network knows no further levels, further evaluations are Langevin steps at
//! those it knows.

use crate::error::{Result, bail};
use crate::model::{Contract, SamplerKind, StepConvention, ValueRange};
use crate::params::{Init, SampleParams, Schedule};
use crate::{RecommendParams, recommend};

/// Where quality against evaluations bends.
const USUAL_BUDGET: u32 = 40;
/// rho of Karras et al.
const RHO: f64 = 7.0;
/// From this many levels on methods that draw noise beat the deterministic ones.
const NOISE_PAYS: u32 = 10;

/// Data is narrow beside a noise level of this part of its greatest diameter. (A quarter of it is about
/// the mean distance between two pictures.)
const COVERS: f64 = 0.25;

struct Choice {
    sampler: SamplerKind,
    schedule: Schedule,
    /// Steps at each level and their size, for Langevin dynamics.
    steps: Option<(u32, f64)>,
    reasons: Vec<String>,
}

/// `params` with the choices made.
pub(super) fn choose(contract: &Contract, params: &SampleParams) -> Result<SampleParams> {
    let Choice { sampler, schedule, steps, .. } = decide(contract, params)?;
    // What the model says of the end it says of whichever sampler is chosen.
    let own = contract.denoise.filter(|_| contract.sampler == SamplerKind::Auto);
    Ok(SampleParams {
        denoise: params.denoise.or(own),
        sampler,
        schedule,
        steps_per_level: steps.map(|(count, _)| count),
        step_size: steps.map(|(_, size)| size),
        nfe_budget: None,
        ..params.clone()
    })
}

/// Why they were made, a sentence each.
pub(super) fn reasons(contract: &Contract, params: &SampleParams) -> Result<Vec<String>> {
    let Choice { sampler, mut reasons, .. } = decide(contract, params)?;
    if params.init == Init::Model && starts_from_mean(contract, sampler) {
        reasons.push(format!(
            "chains start from the network's estimate of the data's mean, which it can give since sigma = \
             {} covers the data",
            contract.sigmas[0]
        ));
    }
    Ok(reasons)
}

/// Whether chains start from the data's mean: where the network can tell it, and few steps would not
/// make up for its absence.
pub(super) fn starts_from_mean(contract: &Contract, chosen: SamplerKind) -> bool {
    let width = match contract.range {
        ValueRange::Unit => 1.0,
        ValueRange::Centered => 2.0,
        ValueRange::Logit | ValueRange::Unbounded => return false,
    };
    let diameter = width * (contract.elements() as f64).sqrt();
    !chosen.stays() && contract.sigmas.first().is_some_and(|&max| max >= COVERS * diameter)
}

fn decide(contract: &Contract, params: &SampleParams) -> Result<Choice> {
    super::algorithm::refuse_unused(params)?;
    let (Some(&max), Some(&min)) = (contract.sigmas.first(), contract.sigmas.last()) else {
        bail!(
            Argument,
            "sampler auto goes by the model's noise levels, and it has none of its own: give them \
             (option sigmas), or choose a sampler and a schedule"
        );
    };
    if params.schedule != Schedule::Model {
        bail!(
            Argument,
            "sampler auto chooses the schedule itself; leave it the model's, or choose a sampler"
        );
    }
    let budget = params.nfe_budget.unwrap_or(USUAL_BUDGET);
    let guided = params.guidance_scale != 1.0;
    let scores = if guided { budget / 2 } else { budget };
    if scores == 0 {
        bail!(
            Argument,
            "nfe_budget = {budget} does not reach for one score{}",
            if guided { ", which takes two evaluations with guidance" } else { "" }
        );
    }
    let passes = params.inpaint.as_ref().map_or(1, |inpaint| inpaint.resample.max(1));
    let reasons = vec![format!(
        "at most {budget} evaluations{}",
        match (guided, passes) {
            (true, 1) => format!(", two for each score: {scores} scores"),
            (true, n) => format!(", two for each score, and each level run {n} times"),
            (false, 1) => String::new(),
            (false, n) => format!(", each level run {n} times"),
        }
    )];
    // The last level is run once.
    let room = 1 + (scores - 1) / passes;
    if contract.takes_any_sigma() {
        return Ok(freely((max, min), room, passes, reasons));
    }
    let own = contract.sigmas.len() as u32;
    let steps = (room - 1) / own;
    if steps > 1 && own > 1 && passes == 1 {
        return langevin(contract, params.step_convention, steps, reasons);
    }
    Ok(among_its_own(contract, room.min(own), passes, reasons))
}

/// As many levels as there are evaluations.
fn freely((max, min): (f64, f64), levels: u32, passes: u32, mut reasons: Vec<String>) -> Choice {
    let sampler = moving(levels, passes, &mut reasons);
    if levels == 1 {
        return Choice { sampler, schedule: Schedule::Given(vec![max]), steps: None, reasons };
    }
    reasons.push(format!(
        "{levels} levels from {max} to {min}, spaced as Karras et al. do (rho = {RHO})"
    ));
    let (sigma_max, sigma_min) = (Some(max), Some(min));
    let (levels, rho) = (Some(levels as usize), Some(RHO));
    let schedule = Schedule::Karras { levels, sigma_max, sigma_min, rho };
    Choice { sampler, schedule, steps: None, reasons }
}

/// So many of the levels that the network knows.
fn among_its_own(
    contract: &Contract,
    levels: u32,
    passes: u32,
    mut reasons: Vec<String>,
) -> Choice {
    let own = contract.sigmas.len() as u32;
    let sampler = moving(levels, passes, &mut reasons);
    let schedule = if levels == own {
        Schedule::Model
    } else {
        reasons.push(format!("{levels} of the {own} levels that the network knows, evenly spread"));
        Schedule::ModelLevels(levels as usize)
    };
    Choice { sampler, schedule, steps: None, reasons }
}

/// So many steps at each of the levels that the network knows.
fn langevin(
    contract: &Contract,
    convention: StepConvention,
    count: u32,
    mut reasons: Vec<String>,
) -> Result<Choice> {
    let sigmas = &contract.sigmas;
    let wanted = RecommendParams {
        dimension: contract.elements(),
        diameter: sigmas[0],
        sigma_min: sigmas[sigmas.len() - 1],
        steps_per_level: count,
        levels: Some(sigmas.len()),
        ..RecommendParams::default()
    };
    let step = recommend(&wanted)?.accumulated_step;
    reasons.push(format!(
        "annealed Langevin dynamics: the network knows {} levels and no others, so that there are \
         {count} evaluations for each; the step size that leaves the least excess variance",
        sigmas.len()
    ));
    let size = match convention {
        StepConvention::Half => step.epsilon_half,
        StepConvention::Full => step.epsilon_full,
    };
    let (sampler, schedule) = (SamplerKind::AnnealedLangevin, Schedule::Model);
    Ok(Choice { sampler, schedule, steps: Some((count, size)), reasons })
}

/// A sampler that moves through so many levels.
fn moving(levels: u32, passes: u32, reasons: &mut Vec<String>) -> SamplerKind {
    if passes > 1 {
        reasons.push(
            "ancestral sampling: its noise mends what the known part has torn, and it goes by no history, \
             which running levels again would spoil"
                .to_owned(),
        );
        return SamplerKind::Ancestral;
    }
    if levels >= NOISE_PAYS {
        reasons.push(format!(
            "DPM-Solver++(2M) for the reverse-time SDE: from {NOISE_PAYS} levels on its noise corrects \
             more than it costs"
        ));
        return SamplerKind::SdeDpmpp2m;
    }
    reasons.push(format!(
        "UniPC on the probability-flow ODE: below {NOISE_PAYS} levels a deterministic multistep method \
         goes further"
    ));
    SamplerKind::Unipc
}
