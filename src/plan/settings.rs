//! What a request comes to, for whoever wants to know before it runs.

use super::{Algorithm, Plan, auto};
use crate::error::Result;
use crate::model::{InitKind, Model, SamplerKind};
use crate::params::{Init, SampleParams};

/// The settings that a request resolves to.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Algorithm; never [`SamplerKind::Auto`].
    pub sampler: SamplerKind,
    /// Noise levels, from the first one that is run.
    pub sigmas: Vec<f64>,
    /// Steps at each level: of Langevin dynamics, or the corrector's.
    pub steps_per_level: u32,
    /// epsilon (annealed and consistent annealed) or a (plain Langevin); `None` for samplers without.
    pub step_size: Option<f64>,
    /// Signal-to-noise ratio of the corrector; `None` for samplers without.
    pub snr: Option<f64>,
    /// Where chains start.
    pub init: InitKind,
    /// Whether chains are denoised at the end.
    pub denoise: bool,
    /// Network evaluations of a sample; `None` for adaptive samplers.
    pub evaluations: Option<u64>,
    /// Samples evaluated at once.
    pub batch_size: u32,
    /// Why these were chosen, if they were: [`SamplerKind::Auto`].
    pub reasons: Vec<String>,
}

impl Model {
    /// What `params` come to, without running them.
    ///
    /// # Errors
    /// As [`Run::begin`](crate::Run::begin).
    pub fn settings(&self, params: &SampleParams) -> Result<Settings> {
        let plan = Plan::resolve(self, params)?;
        let last = plan.sigmas[plan.sigmas.len() - 1];
        let (steps_per_level, step_size, snr) = match plan.algorithm {
            Algorithm::Langevin { a, steps, .. } => (steps, Some(a), None),
            Algorithm::AnnealedLangevin { epsilon, steps, .. } => (steps, Some(epsilon), None),
            Algorithm::ConsistentAnnealed { eta } => (1, Some(eta * last * last), None),
            Algorithm::PredictorCorrector { steps, snr, .. } => (steps, None, Some(snr)),
            _ => (1, None, None),
        };
        let sampler = plan.algorithm.kind();
        Ok(Settings {
            sampler,
            steps_per_level,
            step_size,
            snr,
            init: match Plan::init(self, params.init.clone(), params.sampler, sampler) {
                Init::Model | Init::Uniform => InitKind::Uniform,
                Init::Normal => InitKind::Normal,
                Init::Given(_) => InitKind::Given,
                Init::GivenPlusNoise(_) => InitKind::GivenPlusNoise,
                Init::MeanPlusNoise => InitKind::MeanPlusNoise,
            },
            denoise: plan.denoise,
            evaluations: (!plan.algorithm.is_adaptive())
                .then(|| plan.course().total() * plan.evaluations_per_score()),
            batch_size: plan.batch_size,
            reasons: match params.sampler {
                SamplerKind::Auto => auto::reasons(self.contract(), params)?,
                _ => Vec::new(),
            },
            sigmas: plan.sigmas[plan.start_level as usize..].to_vec(),
        })
    }
}
