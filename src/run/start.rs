//! Where chains start.

use std::collections::BTreeSet;

use crate::error::{Result, bail, probe_memory, zeroed};
use crate::hooks::Hooks;
use crate::model::Model;
use crate::noise::{Draw, Purpose, Samples, fill_uniforms};
use crate::params::Init;
use crate::plan::Plan;
use crate::sampler::{self, Noised};

/// All chains before the first step.
pub(super) fn initial_state(
    model: &Model,
    plan: &Plan,
    init: Init,
    hooks: &mut Hooks,
) -> Result<Vec<f32>> {
    let elements = model.contract().elements();
    let total = plan.sample_count as usize * elements;
    // The chains, their denoised estimates and what the sampler remembers of them.
    let vectors = 2 + sampler::build(plan).memory();
    probe_memory(total.saturating_mul(vectors * size_of::<f32>()), "the chains")?;
    let sigma = plan.sigmas[plan.start_level as usize] as f32;
    let draw = Draw { purpose: Purpose::Init, level: plan.start_level, step: 0 };
    let mut x = match init {
        Init::Given(samples) => return Ok(samples),
        Init::GivenPlusNoise(samples) => samples,
        Init::MeanPlusNoise => means(model, plan, zeroed(total, "the chains")?)?,
        // The plan has made a choice in the place of the model's own.
        Init::Model | Init::Uniform | Init::Normal => {
            let mut x = zeroed(total, "the chains")?;
            if init != Init::Normal {
                fill_uniforms(plan.seed, draw, plan.first_sample, elements, &mut x);
                return Ok(x);
            }
            x
        }
    };
    let batch = plan.batch_size as usize * elements;
    let mut noise = zeroed(batch.min(total), "one micro-batch")?;
    for (i, part) in x.chunks_mut(batch).enumerate() {
        let noise = &mut noise[..part.len()];
        let first = plan.first_sample + i as u64 * u64::from(plan.batch_size);
        let samples = part.len() / elements;
        let which = Samples { seed: plan.seed, draw, first_sample: first, samples, elements };
        let mut noised = Noised { x: part, scale: sigma };
        sampler::supply_noise(hooks, which, noise, &mut noised)?;
    }
    Ok(x)
}

/// The network's estimate of the data's mean, D(0, sigma) at the first level, in every sample of `x`,
/// which is all zeros: of the class of each, where there are labels.
fn means(model: &Model, plan: &Plan, mut x: Vec<f32>) -> Result<Vec<f32>> {
    let elements = model.contract().elements();
    let sigma = plan.sigmas[plan.start_level as usize];
    let (origin, mut mean) = (vec![0.0; elements], vec![0.0; elements]);
    let labels = plan.labels.as_deref();
    let classes: BTreeSet<Option<i64>> =
        labels.map_or_else(|| [None].into(), |all| all.iter().copied().map(Some).collect());
    for class in classes {
        // One at a time: a network may round differently for other numbers of samples, and a sample
        // must not depend on its neighbours.
        model.score(&origin, sigma, class.as_ref().map(std::slice::from_ref), &mut mean)?;
        let variance = (sigma * sigma) as f32;
        mean.iter_mut().for_each(|score| *score *= variance);
        if mean.iter().any(|value| !value.is_finite()) {
            bail!(
                NonFinite,
                "the network's estimate of the data's mean, which init mean_plus_noise starts from, is \
                 not finite at sigma = {}: use init normal, or a smaller sigma_max",
                sigma
            );
        }
        for (sample, x) in x.chunks_mut(elements).enumerate() {
            if class == labels.map(|labels| labels[sample]) {
                x.copy_from_slice(&mean);
            }
        }
    }
    Ok(x)
}
