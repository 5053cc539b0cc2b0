//! `ncsn_sample_params` as the Rust API's request. Everything a caller can set is either used or
//! refused; nothing is ignored.

use std::ptr;

use super::convert::{boolean, kind, unknown};
use super::memory;
use super::types::*;
use crate::error::{Error, Result, bail, copied};
use crate::{
    Churn, Init, InitKind, Inpaint, Model, NoiseNorm, OutputFormat, PreviewKind, SampleParams,
    SamplerKind, Schedule, StepConvention,
};

/// What ncsn_sample_params_init() writes: the model's own values.
pub(super) fn default_params(model: &Model) -> ncsn_sample_params {
    let contract = model.contract();
    let sigmas = &contract.sigmas;
    ncsn_sample_params {
        struct_size: size_of::<ncsn_sample_params>() as u32,
        sampler: contract.sampler.code(),
        seed: 0,
        first_sample: 0,
        sample_count: 1,
        batch_size: 0,
        schedule: NCSN_SCHEDULE_MODEL,
        level_count: sigmas.len() as u32,
        sigma_max: sigmas.first().copied().unwrap_or(0.0),
        sigma_min: sigmas.last().copied().unwrap_or(0.0),
        rho: 0.0,
        sigmas: ptr::null(),
        sigma_count: 0,
        steps_per_level: contract.steps_per_level.unwrap_or(0),
        step_convention: contract.step_convention.code(),
        step_size: contract.step_size.unwrap_or(0.0),
        denoise: -1,
        init_kind: contract.init.code(),
        init: ptr::null(),
        init_count: 0,
        start_level: 0,
        output_format: NCSN_F32_NCHW,
        row_pitch: 0,
        labels: ptr::null(),
        label_count: 0,
        guidance_scale: 1.0,
        known: ptr::null(),
        mask: ptr::null(),
        known_count: 0,
        snr: 0.0,
        corrector_steps: 0,
        preview_kind: NCSN_READ_DENOISED,
        churn: 0.0,
        churn_min: 0.0,
        churn_max: 0.0,
        churn_noise: 0.0,
        rtol: 0.0,
        atol: 0.0,
        preview_every: 0,
        reserved: 0,
        progress: None,
        progress_user: ptr::null_mut(),
        noise: None,
        noise_user: ptr::null_mut(),
        guide: None,
        guide_user: ptr::null_mut(),
        predictor: 0,
        corrector_norm: 0,
        nfe_budget: 0,
        resample_steps: 0,
    }
}

/// # Safety
/// `p` has valid pointers.
pub(super) unsafe fn params(model: &Model, p: &ncsn_sample_params) -> Result<SampleParams> {
    if p.reserved != 0 {
        bail!(Argument, "reserved = {} must be 0", p.reserved);
    }
    let own = model.contract();
    let sampler = kind(p.sampler, SamplerKind::from_code, "sampler")?.unwrap_or(own.sampler);
    // What ncsn_sample_params_init() wrote for the model's own sampler is no wish about another one;
    // but T means the same in all Langevin dynamics.
    let other = sampler != own.sampler;
    let idle = other || !sampler.has_steps();
    let steps = nonzero(p.steps_per_level)
        .filter(|&n| sampler.stays() || !(idle && Some(n) == own.steps_per_level));
    let step_size = given(p.step_size).filter(|&a| !(idle && Some(a) == own.step_size));
    Ok(SampleParams {
        sampler,
        nfe_budget: nonzero(p.nfe_budget),
        seed: p.seed,
        first_sample: p.first_sample,
        sample_count: p.sample_count,
        batch_size: nonzero(p.batch_size),
        // SAFETY: as the caller says.
        schedule: unsafe { schedule(model, p)? },
        steps_per_level: steps,
        step_convention: kind(p.step_convention, StepConvention::from_code, "step_convention")?
            .unwrap_or(own.step_convention),
        step_size,
        snr: given(p.snr),
        corrector_steps: nonzero(p.corrector_steps).unwrap_or(1),
        corrector_norm: kind(p.corrector_norm, NoiseNorm::from_code, "corrector_norm")?
            .unwrap_or(NoiseNorm::Drawn),
        predictor: kind(p.predictor, SamplerKind::from_code, "predictor")?
            .unwrap_or(SamplerKind::ReverseDiffusion),
        churn: Churn {
            churn: p.churn,
            min: p.churn_min,
            max: given(p.churn_max),
            noise: given(p.churn_noise).unwrap_or(1.0),
        },
        rtol: given(p.rtol),
        atol: given(p.atol),
        denoise: match p.denoise {
            -1 => None,
            value => Some(boolean(value, "denoise").map_err(|_| {
                Error::Argument(format!("denoise = {value} is none of -1, 0 and 1"))
            })?),
        },
        // SAFETY: as the caller says.
        init: unsafe { init(model, p, other)? },
        start_level: p.start_level,
        // SAFETY: as the caller says.
        labels: unsafe { labels(p)? },
        guidance_scale: given(p.guidance_scale).unwrap_or(1.0),
        // SAFETY: as the caller says.
        inpaint: unsafe { inpaint(model, p)? },
        output_format: match p.output_format {
            0 | NCSN_F32_NCHW => OutputFormat::F32,
            NCSN_U8_GRAY => OutputFormat::Gray,
            NCSN_U8_RGB => OutputFormat::Rgb,
            NCSN_U8_RGBA => OutputFormat::Rgba,
            code => return Err(unknown("output_format", code)),
        },
        row_pitch: p.row_pitch,
        preview_every: p.preview_every,
        preview_kind: match p.preview_kind {
            0 | NCSN_READ_DENOISED => PreviewKind::Denoised,
            NCSN_READ_STATE => PreviewKind::State,
            code => return Err(unknown("preview_kind", code)),
        },
    })
}

/// A number of which 0 means "not said". NaN is said.
fn given(value: f64) -> Option<f64> {
    (value != 0.0).then_some(value)
}

fn nonzero(value: u32) -> Option<u32> {
    (value > 0).then_some(value)
}

/// # Safety
/// `p.sigmas` is NULL or valid.
unsafe fn schedule(model: &Model, p: &ncsn_sample_params) -> Result<Schedule> {
    // SAFETY: as the caller says.
    let sigmas = unsafe { memory::slice(p.sigmas, p.sigma_count, "sigmas", "sigma_count")? };
    let levels = nonzero(p.level_count).map(|count| count as usize);
    let (sigma_max, sigma_min) = (given(p.sigma_max), given(p.sigma_min));
    if p.rho != 0.0 && p.schedule != NCSN_SCHEDULE_KARRAS {
        bail!(Argument, "rho = {} belongs to NCSN_SCHEDULE_KARRAS; leave it at 0", p.rho);
    }
    let own = default_params(model);
    let moved = (sigma_max.is_some() && p.sigma_max != own.sigma_max)
        || (sigma_min.is_some() && p.sigma_min != own.sigma_min);
    let counted = levels.filter(|_| p.level_count != own.level_count);
    match (p.schedule, sigmas) {
        (0 | NCSN_SCHEDULE_MODEL | NCSN_SCHEDULE_GIVEN, Some(sigmas)) => {
            if moved || counted.is_some_and(|count| count != sigmas.len()) {
                bail!(
                    Argument,
                    "level_count, sigma_max or sigma_min are set, but sigmas has levels of its own: \
                     leave them as ncsn_sample_params_init() set them"
                );
            }
            // Before it is copied: a wrong count must not be believed.
            crate::schedule::check_ladder(sigmas, "sigmas")?;
            Ok(Schedule::Given(sigmas.to_vec()))
        }
        (NCSN_SCHEDULE_GIVEN, None) => {
            bail!(Argument, "schedule is NCSN_SCHEDULE_GIVEN, but sigmas is NULL")
        }
        (NCSN_SCHEDULE_GEOMETRIC | NCSN_SCHEDULE_EXPONENTIAL | NCSN_SCHEDULE_KARRAS, Some(_)) => {
            bail!(
                Argument,
                "sigmas is set, and schedule makes levels of its own: use one or the other"
            )
        }
        (NCSN_SCHEDULE_GEOMETRIC | NCSN_SCHEDULE_EXPONENTIAL, None) => {
            Ok(Schedule::Geometric { levels, sigma_max, sigma_min })
        }
        (NCSN_SCHEDULE_KARRAS, None) => {
            Ok(Schedule::Karras { levels, sigma_max, sigma_min, rho: given(p.rho) })
        }
        (0 | NCSN_SCHEDULE_MODEL, None) => {
            if moved {
                bail!(
                    Argument,
                    "sigma_max or sigma_min differ from the model's, but schedule is \
                     NCSN_SCHEDULE_MODEL: set NCSN_SCHEDULE_GEOMETRIC or _KARRAS to use them"
                );
            }
            Ok(counted.map_or(Schedule::Model, Schedule::ModelLevels))
        }
        (code, _) => Err(unknown("schedule", code)),
    }
}

/// # Safety
/// `p.labels` is NULL or valid.
unsafe fn labels(p: &ncsn_sample_params) -> Result<Option<Vec<i64>>> {
    // SAFETY: as the caller says.
    let labels = unsafe { memory::slice(p.labels, p.label_count, "labels", "label_count")? };
    // Before it is copied: a wrong count must not be believed.
    if labels.is_some() && p.label_count != p.sample_count as usize {
        bail!(
            Argument,
            "there are {} labels (label_count) for sample_count = {} samples",
            p.label_count,
            p.sample_count
        );
    }
    labels.map(|labels| copied(labels, "labels")).transpose()
}

/// # Safety
/// `p.known` and `p.mask` are NULL or valid.
unsafe fn inpaint(model: &Model, p: &ncsn_sample_params) -> Result<Option<Inpaint>> {
    // SAFETY: as the caller says.
    let known = unsafe { memory::slice(p.known, p.known_count, "known", "known_count")? };
    let Some(known) = known else {
        if !p.mask.is_null() {
            bail!(Argument, "mask is set, but known is NULL: inpainting needs both");
        }
        if p.resample_steps != 0 {
            bail!(
                Argument,
                "resample_steps = {}, but known is NULL: levels are run again to complete known \
                 samples; leave it at 0",
                p.resample_steps
            );
        }
        return Ok(None);
    };
    // Before they are copied: a wrong count must not be believed.
    let elements = model.contract().elements();
    let all = elements.checked_mul(p.sample_count as usize);
    if p.known_count != elements && Some(p.known_count) != all {
        bail!(
            Argument,
            "known has {} floats (known_count): it takes {elements}, one sample for all, or as many \
             for each of sample_count = {} samples",
            p.known_count,
            p.sample_count
        );
    }
    // SAFETY: as the caller says.
    let Some(mask) = (unsafe { memory::slice(p.mask, p.known_count, "mask", "known_count")? })
    else {
        return Err(memory::null("mask"));
    };
    Ok(Some(Inpaint {
        known: copied(known, "known")?,
        mask: copied(mask, "mask")?,
        resample: nonzero(p.resample_steps).unwrap_or(1),
    }))
}

/// `other`: the sampler is not the model's own.
///
/// # Safety
/// `p.init` is NULL or valid.
unsafe fn init(model: &Model, p: &ncsn_sample_params, other: bool) -> Result<Init> {
    // SAFETY: as the caller says.
    let samples = unsafe { memory::slice(p.init, p.init_count, "init", "init_count")? };
    let wanted = kind(p.init_kind, InitKind::from_code, "init_kind")?;
    // Before it is copied: a wrong count must not be believed.
    let elements = model.contract().elements();
    let expected = elements.checked_mul(p.sample_count as usize);
    if samples.is_some() && expected != Some(p.init_count) {
        bail!(
            Argument,
            "init has {} floats (init_count), but sample_count = {} samples of {elements} are asked \
             for",
            p.init_count,
            p.sample_count
        );
    }
    let copy = |samples| copied(samples, "init");
    match (wanted, samples) {
        (None, None) => Ok(Init::Model),
        (Some(wanted), None) if other && wanted == model.contract().init => Ok(Init::Model),
        (Some(InitKind::Uniform), None) => Ok(Init::Uniform),
        (Some(InitKind::Normal), None) => Ok(Init::Normal),
        (Some(InitKind::MeanPlusNoise), None) => Ok(Init::MeanPlusNoise),
        (Some(InitKind::Given), Some(samples)) => Ok(Init::Given(copy(samples)?)),
        (Some(InitKind::GivenPlusNoise), Some(samples)) => Ok(Init::GivenPlusNoise(copy(samples)?)),
        (Some(wanted), None) => {
            bail!(Argument, "init_kind is '{}', but init is NULL", wanted.name())
        }
        (wanted, Some(_)) => bail!(
            Argument,
            "init is set, but init_kind is '{}': set NCSN_INIT_GIVEN or NCSN_INIT_GIVEN_PLUS_NOISE",
            wanted.unwrap_or(model.contract().init).name()
        ),
    }
}
