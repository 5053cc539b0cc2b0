//! What to sample and how: the caller's wishes, and the plan they resolve to.

use serde::{Deserialize, Serialize};

use crate::error::{Result, bail};
use crate::image::OutputFormat;
use crate::model::{Conditioning, InitKind, Model, Output, SamplerKind, StepConvention};
use crate::noise::{LEVEL_LIMIT, SAMPLE_LIMIT, STEP_LIMIT};
use crate::{log, sampler, schedule};

/// Network evaluations that NCSN and NCSNv2 spend on a sample, for models that do not say.
const USUAL_EVALUATIONS: usize = 1000;

/// The noise levels to run.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Schedule {
    /// The model's own.
    #[default]
    Model,
    /// In geometric progression; `None`: the model's own number or end.
    Geometric {
        /// Number of levels.
        levels: Option<usize>,
        /// Largest level.
        sigma_max: Option<f64>,
        /// Smallest level.
        sigma_min: Option<f64>,
    },
    /// These, largest first.
    Given(Vec<f64>),
}

/// Where the chains start.
#[derive(Debug, Clone, PartialEq)]
pub enum Init {
    /// Uniform on [0, 1]^D.
    Uniform,
    /// N(0, sigma^2 I), sigma of the first level run.
    Normal,
    /// These samples, one after another.
    Given(Vec<f32>),
    /// These samples plus N(0, sigma^2 I), sigma of the first level run.
    GivenPlusNoise(Vec<f32>),
}

impl Init {
    /// The kind alone.
    #[must_use]
    pub fn kind(&self) -> InitKind {
        match self {
            Self::Uniform => InitKind::Uniform,
            Self::Normal => InitKind::Normal,
            Self::Given(_) => InitKind::Given,
            Self::GivenPlusNoise(_) => InitKind::GivenPlusNoise,
        }
    }
}

/// Which picture a preview shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PreviewKind {
    /// The chains as they are.
    State,
    /// The denoised estimate x + sigma^2 s.
    Denoised,
}

/// A request. [`Model::params`] fills in the model's own values.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleParams {
    /// Algorithm.
    pub sampler: SamplerKind,
    /// Seed of the noise.
    pub seed: u64,
    /// Index of the first sample; sample k has the noise of index `first_sample` + k.
    pub first_sample: u64,
    /// Number of samples, 1 to 2^31 - 1.
    pub sample_count: u32,
    /// Samples evaluated at once; `None`: chosen.
    pub batch_size: Option<u32>,
    /// Noise levels.
    pub schedule: Schedule,
    /// T; `None`: about a thousand evaluations in all, as NCSN and NCSNv2 spend.
    pub steps_per_level: Option<u32>,
    /// Spelling of the update that `step_size` belongs to.
    pub step_convention: StepConvention,
    /// epsilon (annealed) or a (plain Langevin); `None`: NCSNv2's technique 4.
    pub step_size: Option<f64>,
    /// Signal-to-noise ratio r of score_sde, another spelling of the step size of annealed
    /// dynamics: c epsilon = 2 r^2 sigma_L^2. Takes the place of `step_size` when set.
    pub snr: Option<f64>,
    /// Final denoising; `None`: yes for annealed, no for plain Langevin.
    pub denoise: Option<bool>,
    /// Initial state.
    pub init: Init,
    /// First level to run.
    pub start_level: u32,
    /// One class label per sample for class-conditional networks,
    /// [`UNCONDITIONAL`](crate::UNCONDITIONAL) for none; `None`: all unconditional.
    pub labels: Option<Vec<i64>>,
    /// Format of what is read out and previewed.
    pub output_format: OutputFormat,
    /// Steps between previews; 0: none.
    pub preview_every: u32,
    /// What previews show.
    pub preview_kind: PreviewKind,
}

impl Model {
    /// The model's own parameters: what its metadata say, and this library's defaults.
    #[must_use]
    pub fn params(&self) -> SampleParams {
        let contract = self.contract();
        SampleParams {
            sampler: contract.sampler,
            seed: 0,
            first_sample: 0,
            sample_count: 1,
            batch_size: None,
            schedule: Schedule::Model,
            steps_per_level: contract.steps_per_level,
            step_convention: contract.step_convention,
            step_size: contract.step_size,
            snr: None,
            denoise: contract.denoise,
            init: match contract.init {
                InitKind::Normal => Init::Normal,
                _ => Init::Uniform,
            },
            start_level: 0,
            labels: None,
            output_format: OutputFormat::F32,
            preview_every: 0,
            preview_kind: PreviewKind::Denoised,
        }
    }
}

/// A request with every choice made and checked: what a run executes, and what it saves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub sampler: SamplerKind,
    pub seed: u64,
    pub first_sample: u64,
    pub sample_count: u32,
    pub batch_size: u32,
    pub sigmas: Vec<f64>,
    pub steps_per_level: u32,
    pub step_convention: StepConvention,
    pub step_size: f64,
    pub denoise: bool,
    pub start_level: u32,
    /// What the network is fed, one label per sample; absent for unconditional networks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<i64>>,
    pub output_format: OutputFormat,
    pub preview_every: u32,
    pub preview_kind: PreviewKind,
}

impl Plan {
    /// Checks `params` against `model` and makes every choice they leave open.
    pub fn resolve(model: &Model, params: &SampleParams) -> Result<Self> {
        let contract = model.contract();
        sampler::check_supported(params.sampler)?;
        check_samples(params)?;
        // Sizes first: what follows multiplies them.
        check_init(params, contract.elements())?;
        params.output_format.bytes_per_sample(contract)?;
        let sigmas = match params.sampler {
            SamplerKind::Langevin => vec![single_sigma(model, &params.schedule)?],
            _ => ladder(model, &params.schedule)?,
        };
        if params.start_level as usize >= sigmas.len() {
            bail!(
                Argument,
                "start_level = {} is beyond the ladder: its levels are 0 to {}",
                params.start_level,
                sigmas.len() - 1
            );
        }
        let steps_per_level = steps(params.steps_per_level, sigmas.len())?;
        let denoise = params.denoise.unwrap_or(params.sampler != SamplerKind::Langevin);
        let last = sigmas[sigmas.len() - 1];
        let step_size = step_size(params, &sigmas, steps_per_level)?;
        let plan = Self {
            sampler: params.sampler,
            seed: params.seed,
            first_sample: params.first_sample,
            sample_count: params.sample_count,
            batch_size: batch_size(params, contract.elements()),
            sigmas,
            steps_per_level,
            step_convention: params.step_convention,
            step_size,
            denoise: denoise && last > 0.0,
            start_level: params.start_level,
            labels: contract
                .resolve_labels(params.labels.as_deref(), params.sample_count as usize)?,
            output_format: params.output_format,
            preview_every: params.preview_every,
            preview_kind: params.preview_kind,
        };
        plan.check(model)?;
        Ok(plan)
    }

    /// The checks that a plan read from a saved run must pass, too.
    pub fn check(&self, model: &Model) -> Result<()> {
        for &sigma in &self.sigmas[self.start_level as usize..] {
            model.contract().conditioning_value(sigma)?;
        }
        if self.sampler == SamplerKind::Langevin {
            return Ok(());
        }
        let last = self.sigmas[self.sigmas.len() - 1];
        let kappa = schedule::kappa(self.step_convention, self.step_size, last);
        if kappa >= 2.0 {
            bail!(
                Argument,
                "step_size = {} diverges on any data: kappa = c epsilon / sigma_L^2 = {kappa:.4} \
                 must be below 2 (c = {}, sigma_L = {last}), so step_size below {:.4e}",
                self.step_size,
                self.step_convention.c(),
                2.0 * last * last / self.step_convention.c()
            );
        }
        if kappa >= 1.0 {
            log::warn(&format!(
                "step_size = {} makes kappa = c epsilon / sigma_L^2 = {kappa:.3}: from 1 on every \
                 step overshoots; halve it if samples look noisy",
                self.step_size
            ));
        }
        Ok(())
    }

    pub fn levels_to_run(&self) -> u64 {
        (self.sigmas.len() - self.start_level as usize) as u64
    }

    /// Steps of the whole run, the denoising counted as one.
    pub fn total_steps(&self) -> u64 {
        self.levels_to_run() * u64::from(self.steps_per_level) + u64::from(self.denoise)
    }

    /// Micro-batches in one step.
    pub fn batches(&self) -> u64 {
        u64::from(self.sample_count.div_ceil(self.batch_size))
    }

    pub fn sigma_last(&self) -> f64 {
        self.sigmas[self.sigmas.len() - 1]
    }
}

fn check_samples(params: &SampleParams) -> Result<()> {
    if params.sample_count == 0 || params.sample_count > i32::MAX as u32 {
        bail!(
            Argument,
            "sample_count = {} is not in 1..=2147483647; generate more in several calls with \
             first_sample",
            params.sample_count
        );
    }
    let end = params.first_sample.checked_add(u64::from(params.sample_count));
    if end.is_none_or(|end| end > SAMPLE_LIMIT) {
        bail!(
            Argument,
            "first_sample = {} + sample_count = {} is beyond 2^48",
            params.first_sample,
            params.sample_count
        );
    }
    Ok(())
}

/// The given samples, if any, fit and are finite; the sizes of all buffers fit the address space.
fn check_init(params: &SampleParams, elements: usize) -> Result<()> {
    let Some(total) = elements
        .checked_mul(params.sample_count as usize)
        .filter(|total| total.checked_mul(2 * size_of::<f32>()).is_some())
    else {
        bail!(
            OutOfMemory,
            "sample_count = {} samples of {elements} floats exceed the address space; generate in \
             several calls with first_sample",
            params.sample_count
        );
    };
    let (Init::Given(samples) | Init::GivenPlusNoise(samples)) = &params.init else {
        return Ok(());
    };
    if samples.len() != total {
        bail!(
            Argument,
            "init has {} floats (init_count), but sample_count * element_count is {total}",
            samples.len()
        );
    }
    if let Some(bad) = samples.iter().position(|x| !x.is_finite()) {
        bail!(
            NonFinite,
            "init is {} at sample {}, element {}",
            samples[bad],
            bad / elements,
            bad % elements
        );
    }
    Ok(())
}

fn ladder(model: &Model, wanted: &Schedule) -> Result<Vec<f64>> {
    let own = &model.contract().sigmas;
    match wanted {
        Schedule::Given(sigmas) => {
            schedule::check_ladder(sigmas, "sigmas")?;
            Ok(sigmas.clone())
        }
        Schedule::Model if own.is_empty() => bail!(
            Argument,
            "schedule: the model has no noise levels of its own; give sigmas, or a geometric \
             schedule, or use the sampler langevin"
        ),
        Schedule::Model => Ok(own.clone()),
        Schedule::Geometric { levels, sigma_max, sigma_min } => {
            let own_levels = (!own.is_empty()).then_some(own.len());
            let (Some(max), Some(min), Some(count)) = (
                sigma_max.or(own.first().copied()),
                sigma_min.or(own.last().copied()),
                levels.or(own_levels),
            ) else {
                bail!(
                    Argument,
                    "schedule: the model has no noise levels of its own, so a geometric schedule \
                     needs level_count, sigma_max and sigma_min"
                );
            };
            schedule::geometric(max, min, count)
        }
    }
}

/// The one level of plain Langevin dynamics: the given one, or the model's smallest; 0 for a score
/// that knows no noise levels.
fn single_sigma(model: &Model, wanted: &Schedule) -> Result<f64> {
    let contract = model.contract();
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

fn steps(wanted: Option<u32>, levels: usize) -> Result<u32> {
    match wanted {
        Some(steps) if steps == 0 || steps > STEP_LIMIT => {
            bail!(Argument, "steps_per_level = {steps} is not in 1..={STEP_LIMIT}")
        }
        Some(steps) => Ok(steps),
        None => {
            debug_assert!(levels <= LEVEL_LIMIT);
            Ok(USUAL_EVALUATIONS.div_ceil(levels) as u32)
        }
    }
}

fn step_size(params: &SampleParams, sigmas: &[f64], steps: u32) -> Result<f64> {
    if let Some(snr) = params.snr.filter(|_| params.sampler != SamplerKind::Langevin) {
        let last = sigmas[sigmas.len() - 1];
        return Ok(2.0 * (snr * last).powi(2) / params.step_convention.c());
    }
    match params.step_size {
        Some(size) if size > 0.0 && size.is_finite() => Ok(size),
        Some(size) => bail!(Argument, "step_size = {size} is not positive and finite"),
        None if params.sampler == SamplerKind::Langevin => bail!(
            Argument,
            "sampler langevin needs a step_size: there is none that suits every target"
        ),
        None => Ok(schedule::recommended_step_size(sigmas, steps, params.step_convention)),
    }
}

/// Beyond 8 to 16 images at once nothing is gained; tiny samples want thousands, to outweigh the
/// cost of a call. Independent of `sample_count`, so that cutting a job does not change it.
fn batch_size(params: &SampleParams, elements: usize) -> u32 {
    params
        .batch_size
        .unwrap_or_else(|| (8192 / elements).clamp(16, 4096) as u32)
        .clamp(1, params.sample_count)
}
