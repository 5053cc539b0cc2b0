//! A request with every choice made and checked: what a run executes, and what it saves.

mod algorithm;
mod auto;
mod course;
mod inpaint;
mod ladder;
mod settings;

use serde::{Deserialize, Serialize};

pub(crate) use algorithm::Algorithm;
pub(crate) use course::{At, Course};
pub(crate) use inpaint::Known;
pub use settings::Settings;

use crate::error::{Error, Result, bail};
use crate::image::{Layout, OutputFormat};
use crate::model::{Contract, InitKind, Model, SamplerKind};
use crate::noise::SAMPLE_LIMIT;
use crate::params::{Churn, Init, PreviewKind, SampleParams};

/// Network evaluations that NCSN and NCSNv2 spend on a sample, for models that do not say.
const USUAL_EVALUATIONS: usize = 1000;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub algorithm: Algorithm,
    pub seed: u64,
    pub first_sample: u64,
    pub sample_count: u32,
    pub batch_size: u32,
    pub sigmas: Vec<f64>,
    pub start_level: u32,
    pub denoise: bool,
    /// How often each level is run.
    pub passes: u32,
    /// What the network is fed, one label per sample; absent for unconditional networks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<i64>>,
    /// w of classifier-free guidance; absent where one evaluation gives the score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guidance_scale: Option<f64>,
    pub output_format: OutputFormat,
    #[serde(default)]
    pub row_pitch: usize,
    pub preview_every: u32,
    pub preview_kind: PreviewKind,
}

impl Plan {
    /// Checks `params` against `model` and makes every choice they leave open.
    pub fn resolve(model: &Model, params: &SampleParams) -> Result<Self> {
        if params.sampler == SamplerKind::Auto {
            return Self::resolve(model, &auto::choose(model.contract(), params)?);
        }
        let contract = model.contract();
        check_samples(params)?;
        // Sizes first: what follows multiplies them.
        check_init(params, contract.elements())?;
        let layout = Layout { format: params.output_format, row_pitch: params.row_pitch };
        output_bytes(layout, params.sample_count, contract)?;
        let (sigmas, start_level) = ladder::resolve(contract, params)?;
        let own = contract.denoise.filter(|_| params.sampler == contract.sampler);
        let denoise = params.denoise.or(own).unwrap_or(params.sampler != SamplerKind::Langevin);
        let plan = Self {
            algorithm: Algorithm::resolve(params, contract, &sigmas)?,
            seed: params.seed,
            first_sample: params.first_sample,
            sample_count: params.sample_count,
            batch_size: batch_size(params, model),
            denoise: denoise && sigmas[sigmas.len() - 1] > 0.0,
            sigmas,
            start_level,
            passes: inpaint::passes(params)?,
            labels: contract
                .resolve_labels(params.labels.as_deref(), params.sample_count as usize)?,
            guidance_scale: guidance(model, params)?,
            output_format: params.output_format,
            row_pitch: params.row_pitch,
            preview_every: params.preview_every,
            preview_kind: params.preview_kind,
        };
        plan.check(model)?;
        Ok(plan)
    }

    /// The checks that a plan read from a saved run must pass, too.
    pub fn check(&self, model: &Model) -> Result<()> {
        let contract = model.contract();
        self.algorithm.check(&self.sigmas, contract)?;
        inpaint::check_passes(self.passes, self.algorithm)?;
        if self.course().total() == 0 && !self.algorithm.is_adaptive() {
            bail!(
                Argument,
                "there is nothing to do: {} from one level on without the final denoising",
                self.algorithm.kind().name()
            );
        }
        for &sigma in &self.sigmas[self.start_level as usize..] {
            contract.conditioning_value(sigma)?;
            if let Algorithm::Euler { churn } | Algorithm::Heun { churn } = self.algorithm {
                let raised = sigma * (1.0 + self.gamma(churn, sigma));
                contract
                    .conditioning_value(raised)
                    .map_err(|error| Error::Argument(format!("churn: {error}")))?;
            }
        }
        Ok(())
    }

    /// The initial state, where it is left to the model; `wanted` and `kind` are the sampler that was
    /// asked for and what has become of it.
    pub fn init(model: &Model, init: Init, wanted: SamplerKind, kind: SamplerKind) -> Init {
        let contract = model.contract();
        match init {
            Init::Model
                if wanted == SamplerKind::Auto && auto::starts_from_mean(contract, kind) =>
            {
                Init::MeanPlusNoise
            }
            Init::Model if kind != contract.sampler && !kind.stays() => Init::Normal,
            Init::Model if contract.init == InitKind::Normal => Init::Normal,
            Init::Model if contract.init == InitKind::MeanPlusNoise => Init::MeanPlusNoise,
            Init::Model => Init::Uniform,
            given => given,
        }
    }

    pub fn course(&self) -> Course<'_> {
        let (stages, last) = self.algorithm.stages();
        Course {
            sigmas: &self.sigmas,
            start_level: self.start_level,
            stages,
            last_stages: last + u32::from(self.denoise),
            passes: self.passes,
            denoises: self.denoise && self.algorithm.denoises_apart(),
        }
    }

    /// Levels that are run, and with them the steps of an algorithm that goes from each to the next.
    pub fn levels_to_run(&self) -> usize {
        self.sigmas.len() - self.start_level as usize
    }

    /// gamma of Karras et al. 2022, algorithm 2, at a level.
    pub fn gamma(&self, churn: Churn, sigma: f64) -> f64 {
        if sigma < churn.min || churn.max.is_some_and(|max| sigma > max) {
            return 0.0;
        }
        (churn.churn / self.levels_to_run() as f64).min(std::f64::consts::SQRT_2 - 1.0)
    }

    /// Micro-batches in one step.
    pub fn batches(&self) -> u64 {
        u64::from(self.sample_count.div_ceil(self.batch_size))
    }

    /// Evaluations of the network behind one score.
    pub fn evaluations_per_score(&self) -> u64 {
        1 + u64::from(self.guidance_scale.is_some())
    }

    pub fn layout(&self) -> Layout {
        Layout { format: self.output_format, row_pitch: self.row_pitch }
    }

    /// Bytes of all samples as they are read out.
    pub fn output_bytes(&self, contract: &Contract) -> Result<usize> {
        output_bytes(self.layout(), self.sample_count, contract)
    }
}

fn output_bytes(layout: Layout, samples: u32, contract: &Contract) -> Result<usize> {
    let each = layout.bytes_per_sample(contract)?;
    each.checked_mul(samples as usize).filter(|&bytes| bytes <= isize::MAX as usize).ok_or_else(|| {
        Error::Argument(format!(
            "{samples} samples (sample_count) of {each} bytes (output_format, row_pitch) exceed the \
             address space"
        ))
    })
}

/// The scale, where it takes a second evaluation.
fn guidance(model: &Model, params: &SampleParams) -> Result<Option<f64>> {
    let scale = params.guidance_scale;
    if scale == 1.0 {
        return Ok(None);
    }
    if !scale.is_finite() {
        bail!(Argument, "guidance_scale = {scale} is not finite");
    }
    let contract = model.contract();
    let (Some(_), Some(_)) = (contract.classes, contract.null_class) else {
        bail!(
            Argument,
            "guidance_scale = {scale}: classifier-free guidance needs a class-conditional network \
             with a null class (options class_count and null_class, metadata ncsn.classes and \
             ncsn.null_class); leave it at 1"
        );
    };
    if params.labels.is_none() {
        bail!(
            Argument,
            "guidance_scale = {scale}, but labels are missing: there is no class to guide towards"
        );
    }
    Ok(Some(scale))
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
    if let Some(inpaint) = &params.inpaint {
        inpaint::check(inpaint, elements, total)?;
    }
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
    refuse_non_finite(samples, elements, "init")
}

fn refuse_non_finite(samples: &[f32], elements: usize, name: &str) -> Result<()> {
    if let Some(bad) = samples.iter().position(|x| !x.is_finite()) {
        bail!(
            NonFinite,
            "{name} is {} at sample {}, element {}",
            samples[bad],
            bad / elements,
            bad % elements
        );
    }
    Ok(())
}

/// Beyond 8 to 16 images at once nothing is gained, for each thread that takes some of them; tiny
/// samples want thousands, to outweigh the cost of a call. Independent of `sample_count`, so that
/// cutting a job does not change it.
fn batch_size(params: &SampleParams, model: &Model) -> u32 {
    params
        .batch_size
        .unwrap_or_else(|| usual_batch(model.contract().elements(), model.runtime().intra_threads))
        .clamp(1, params.sample_count)
}

/// Samples of so many `elements` that are evaluated at once when nobody says how many.
pub(crate) fn usual_batch(elements: usize, threads: u32) -> u32 {
    let least = (8 * threads as usize).clamp(16, 4096);
    (8192 / elements).clamp(least, 4096) as u32
}
