//! The choice of sampler, schedule and step size for a model and a budget of evaluations.
//!
//! What is known of score networks in general (Song et al. 2021, table 1; Karras et al. 2022, figure 4)
//! and measured on ours (README): few evaluations go furthest on the probability-flow ODE with a
//! multistep method; with more of them, noise pays, since it corrects what the network and the steps
//! before got wrong; and when neighbouring levels are as close as annealed Langevin dynamics wants them,
//! further evaluations do more between the levels, as corrector steps.

use crate::error::{Result, bail};
use crate::model::{Contract, SamplerKind};
use crate::params::{SampleParams, Schedule};
use crate::{RecommendParams, recommend};

/// Where quality against evaluations bends.
const USUAL_BUDGET: u32 = 40;
/// From this many levels on ancestral sampling beats the deterministic methods.
const NOISE_PAYS: u32 = 16;

struct Choice {
    sampler: SamplerKind,
    schedule: Schedule,
    corrector_steps: u32,
    reasons: Vec<String>,
}

/// `params` with the choices made.
pub(super) fn choose(contract: &Contract, params: &SampleParams) -> Result<SampleParams> {
    let Choice { sampler, schedule, corrector_steps, .. } = decide(contract, params)?;
    Ok(SampleParams { sampler, schedule, corrector_steps, nfe_budget: None, ..params.clone() })
}

/// Why they were made, a sentence each.
pub(super) fn reasons(contract: &Contract, params: &SampleParams) -> Result<Vec<String>> {
    Ok(decide(contract, params)?.reasons)
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
    let mut reasons = vec![format!(
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
    let any = contract.takes_any_sigma();
    let own = contract.sigmas.len() as u32;
    let (levels, corrector_steps) = spend(contract, room, max, min)?;
    let levels = if any { levels } else { levels.min(own) };
    let sampler = if corrector_steps > 0 {
        reasons.push(format!(
            "{levels} levels are as close as annealed Langevin dynamics wants them for {} numbers a \
             sample (NCSNv2's technique 2): the rest goes to {corrector_steps} corrector steps at each",
            contract.elements()
        ));
        SamplerKind::PredictorCorrector
    } else if levels >= NOISE_PAYS || passes > 1 {
        reasons.push(format!(
            "ancestral sampling: with {NOISE_PAYS} levels or more its noise corrects more than it costs"
        ));
        SamplerKind::Ancestral
    } else {
        reasons.push(format!(
            "UniPC on the probability-flow ODE: below {NOISE_PAYS} levels a deterministic multistep \
             method goes further"
        ));
        SamplerKind::Unipc
    };
    let schedule = if levels == 1 {
        Schedule::Given(vec![max])
    } else if any {
        reasons.push(format!("levels from {max} to {min} spaced as Karras et al. do (rho = 7)"));
        let (sigma_max, sigma_min) = (Some(max), Some(min));
        Schedule::Karras { levels: Some(levels as usize), sigma_max, sigma_min, rho: None }
    } else if levels == own {
        Schedule::Model
    } else {
        reasons.push(format!("{levels} of the {own} levels that the network knows, evenly spread"));
        Schedule::ModelLevels(levels as usize)
    };
    Ok(Choice { sampler, schedule, corrector_steps: corrector_steps.max(1), reasons })
}

/// Levels and corrector steps at each of them for so many evaluations: more levels until they are as
/// close as the ladders of NCSNv2 are, then more steps.
fn spend(contract: &Contract, room: u32, max: f64, min: f64) -> Result<(u32, u32)> {
    let enough = if max > min {
        let wanted = RecommendParams {
            dimension: contract.elements(),
            diameter: max,
            sigma_min: min,
            ..RecommendParams::default()
        };
        recommend(&wanted)?.sigmas.len() as u32
    } else {
        1
    };
    let enough =
        if contract.takes_any_sigma() { enough } else { enough.min(contract.sigmas.len() as u32) };
    match room / enough {
        0 | 1 => Ok((room, 0)),
        each => Ok((enough, each - 1)),
    }
}
