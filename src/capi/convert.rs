//! The header's structs as the Rust API's values. Everything a caller can set is either used or
//! refused here; nothing is ignored.

use std::collections::BTreeMap;
use std::ffi::c_char;
use std::ptr;

use super::memory;
use super::types::*;
use crate::error::{Error, Result, bail, copied};
use crate::{
    Conditioning, Facts, Fallback, Init, InitKind, InputScaling, Model, ModelOptions, OffLadder,
    Output, OutputFormat, PreviewKind, Provider, ProviderOption, SampleParams, SamplerKind,
    Schedule, StepConvention, ValueRange,
};

/// A `from_code` of one of the kinds, with 0 for "the model's own".
pub(super) fn kind<T>(code: i32, from_code: fn(i32) -> Option<T>, name: &str) -> Result<Option<T>> {
    match code {
        0 => Ok(None),
        _ => from_code(code).map(Some).ok_or_else(|| unknown(name, code)),
    }
}

fn unknown(name: &str, code: i32) -> Error {
    Error::Argument(format!("{name} = {code} is none of its constants in ncsn.h"))
}

/// What ncsn_model_options_init() writes.
pub(super) fn default_options() -> ncsn_model_options {
    ncsn_model_options {
        struct_size: size_of::<ncsn_model_options>() as u32,
        fallback: NCSN_FALLBACK_ERROR,
        runtime_path: ptr::null(),
        providers: ptr::null(),
        provider_count: 0,
        provider_options: ptr::null(),
        provider_option_count: 0,
        device_id: 0,
        intra_threads: 0,
        spinning: 0,
        selfcheck: 0,
        row_multiple: 0,
        conditioning: 0,
        conditioning_scale: 0.0,
        conditioning_shift: 0.0,
        output: 0,
        value_range: 0,
        sigmas: ptr::null(),
        sigma_count: 0,
        sigma_data: 0.0,
        class_count: 0,
        off_ladder: 0,
        shape: ptr::null(),
        shape_rank: 0,
        input_name: ptr::null(),
        conditioning_name: ptr::null(),
        class_name: ptr::null(),
        output_name: ptr::null(),
        input_scaling: 0,
        first_channels: 0,
        table: ptr::null(),
        table_count: 0,
        aux_inputs: ptr::null(),
        aux_input_count: 0,
        null_class: ptr::null(),
    }
}

/// # Safety
/// NULL or a valid struct with valid pointers.
pub(super) unsafe fn options(pointer: *const ncsn_model_options) -> Result<ModelOptions> {
    if pointer.is_null() {
        return Ok(ModelOptions::default());
    }
    // SAFETY: as the caller says, here and for the pointers inside.
    let (o, runtime_path, codes, provider_options) = unsafe {
        let o = memory::read(pointer, "options", default_options())?;
        (
            o,
            memory::text(o.runtime_path, "options->runtime_path")?,
            memory::slice(o.providers, o.provider_count, "providers", "provider_count")?,
            memory::slice(
                o.provider_options,
                o.provider_option_count,
                "provider_options",
                "provider_option_count",
            )?,
        )
    };
    let providers = codes
        .unwrap_or_default()
        .iter()
        .map(|&code| provider(code, "providers"))
        .collect::<Result<_>>()?;
    Ok(ModelOptions {
        runtime_path: runtime_path.map(Into::into),
        providers,
        provider_options: provider_options
            .unwrap_or_default()
            .iter()
            // SAFETY: strings of the host, valid during the call.
            .map(|option| unsafe { provider_option(option) })
            .collect::<Result<_>>()?,
        device_id: o.device_id,
        fallback: match o.fallback {
            NCSN_FALLBACK_ERROR => Fallback::Error,
            NCSN_FALLBACK_ALLOW => Fallback::Allow,
            code => return Err(unknown("fallback", code)),
        },
        intra_threads: match o.intra_threads {
            threads if threads > 1024 => bail!(Argument, "intra_threads = {threads} exceeds 1024"),
            threads => threads,
        },
        spinning: boolean(o.spinning, "spinning")?,
        selfcheck: boolean(o.selfcheck, "selfcheck")?,
        row_multiple: match o.row_multiple {
            rows if rows > 4096 => bail!(Argument, "row_multiple = {rows} exceeds 4096"),
            rows => rows,
        },
        // SAFETY: as above.
        overrides: unsafe { overrides(&o)? },
    })
}

fn boolean(value: i32, name: &str) -> Result<bool> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => bail!(Argument, "{name} = {value} is neither 0 nor 1"),
    }
}

fn provider(code: i32, name: &str) -> Result<Provider> {
    Provider::from_code(code).ok_or_else(|| {
        Error::Unsupported(format!(
            "{name}: provider {code} is not supported by this version; CPU (1), CUDA (2) and \
             TensorRT (3) are"
        ))
    })
}

unsafe fn provider_option(option: &ncsn_provider_option) -> Result<ProviderOption> {
    // SAFETY: as the caller says.
    let (key, value) = unsafe {
        (
            memory::text(option.key, "provider_options[].key")?,
            memory::text(option.value, "provider_options[].value")?,
        )
    };
    Ok(ProviderOption {
        provider: provider(option.provider, "provider_options")?,
        key: key.ok_or_else(|| memory::null("provider_options[].key"))?.to_owned(),
        value: value.ok_or_else(|| memory::null("provider_options[].value"))?.to_owned(),
    })
}

/// # Safety
/// The pointers of `o` are NULL or valid.
unsafe fn overrides(o: &ncsn_model_options) -> Result<Facts> {
    // SAFETY: as the caller says.
    let name = |pointer: *const c_char, what: &str| unsafe {
        Ok::<_, Error>(memory::text(pointer, what)?.map(str::to_owned))
    };
    // SAFETY: as the caller says.
    let (sigmas, shape) = unsafe {
        (
            memory::slice(o.sigmas, o.sigma_count, "options->sigmas", "sigma_count")?,
            memory::slice(o.shape, o.shape_rank, "options->shape", "shape_rank")?,
        )
    };
    // SAFETY: as the caller says.
    let (table, aux, null_class) = unsafe {
        (
            memory::slice(o.table, o.table_count, "options->table", "table_count")?,
            aux_inputs(o)?,
            o.null_class.as_ref().copied(),
        )
    };
    if let Some(bad) = table.and_then(|table| table.iter().position(|v| !v.is_finite())) {
        bail!(Argument, "options->table[{bad}] is not finite");
    }
    if let Some(sigmas) = sigmas {
        crate::schedule::check_ladder(sigmas, "options->sigmas")?;
    }
    Ok(Facts {
        conditioning: kind(o.conditioning, Conditioning::from_code, "conditioning")?,
        conditioning_scale: finite(o.conditioning_scale, "conditioning_scale")?,
        conditioning_shift: finite(o.conditioning_shift, "conditioning_shift")?,
        table: table.map(<[f64]>::to_vec),
        output: kind(o.output, Output::from_code, "output")?,
        input_scaling: kind(o.input_scaling, InputScaling::from_code, "input_scaling")?,
        sigma_data: positive(o.sigma_data, "sigma_data")?,
        sigmas: sigmas.map(<[f64]>::to_vec),
        range: kind(o.value_range, ValueRange::from_code, "value_range")?,
        shape: shape.map(|dims| sample_shape(dims, "options->shape")).transpose()?,
        classes: (o.class_count > 0).then_some(o.class_count),
        null_class,
        off_ladder: kind(o.off_ladder, OffLadder::from_code, "off_ladder")?,
        input_name: name(o.input_name, "options->input_name")?,
        conditioning_name: name(o.conditioning_name, "options->conditioning_name")?,
        class_name: name(o.class_name, "options->class_name")?,
        aux,
        output_name: name(o.output_name, "options->output_name")?,
        first_channels: boolean(o.first_channels, "first_channels")?.then_some(true),
        ..Facts::default()
    })
}

/// # Safety
/// The pointers of `o` are NULL or valid.
unsafe fn aux_inputs(o: &ncsn_model_options) -> Result<Option<BTreeMap<String, f64>>> {
    // SAFETY: as the caller says.
    let list = unsafe {
        memory::slice(o.aux_inputs, o.aux_input_count, "options->aux_inputs", "aux_input_count")?
    };
    let Some(list) = list else { return Ok(None) };
    let mut inputs = BTreeMap::new();
    for (i, input) in list.iter().enumerate() {
        // SAFETY: as the caller says.
        let name = unsafe { memory::text(input.name, "options->aux_inputs[].name")? }
            .ok_or_else(|| memory::null("options->aux_inputs[].name"))?;
        if !input.value.is_finite() {
            bail!(Argument, "options->aux_inputs[{i}] ('{name}') = {} is not finite", input.value);
        }
        if inputs.insert(name.to_owned(), input.value).is_some() {
            bail!(Argument, "options->aux_inputs names '{name}' twice");
        }
    }
    Ok(Some(inputs))
}

fn positive(value: f64, name: &str) -> Result<Option<f64>> {
    match finite(value, name)? {
        Some(value) if value < 0.0 => bail!(Argument, "{name} = {value} is not positive"),
        value => Ok(value),
    }
}

fn finite(value: f64, name: &str) -> Result<Option<f64>> {
    match value {
        0.0 => Ok(None),
        value if value.is_finite() => Ok(Some(value)),
        _ => bail!(Argument, "{name} = {value} is not finite"),
    }
}

/// A shape from the host: 1 to 8 positive dimensions.
pub(super) fn sample_shape(dims: &[i64], name: &str) -> Result<Vec<usize>> {
    // Before they are looked at: a wrong rank must not be believed.
    if dims.is_empty() || dims.len() > 8 {
        bail!(Argument, "{name} has {} dimensions, not 1 to 8", dims.len());
    }
    dims.iter()
        .map(|&dim| usize::try_from(dim).ok().filter(|&dim| dim > 0))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| Error::Argument(format!("{name} = {dims:?} has dimensions below 1")))
}

/// What ncsn_sample_params_init() writes: the model's own values.
pub(super) fn default_params(model: &Model) -> ncsn_sample_params {
    let (own, sigmas) = (model.params(), &model.contract().sigmas);
    ncsn_sample_params {
        struct_size: size_of::<ncsn_sample_params>() as u32,
        sampler: own.sampler.code(),
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
        steps_per_level: own.steps_per_level.unwrap_or(0),
        step_convention: own.step_convention.code(),
        step_size: own.step_size.unwrap_or(0.0),
        denoise: -1,
        init_kind: own.init.kind().code(),
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
    }
}

/// # Safety
/// `p` has valid pointers.
pub(super) unsafe fn params(model: &Model, p: &ncsn_sample_params) -> Result<SampleParams> {
    refuse_unsupported(p)?;
    let own = model.params();
    let sampler = kind(p.sampler, SamplerKind::from_code, "sampler")?.unwrap_or(own.sampler);
    if p.snr != 0.0 && !(p.snr > 0.0 && p.snr.is_finite()) {
        bail!(Argument, "snr = {} is not positive and finite", p.snr);
    }
    if p.snr != 0.0 && sampler == SamplerKind::Langevin {
        bail!(Argument, "snr: plain Langevin dynamics has no such parameter; set step_size");
    }
    Ok(SampleParams {
        sampler,
        seed: p.seed,
        first_sample: p.first_sample,
        sample_count: p.sample_count,
        batch_size: (p.batch_size > 0).then_some(p.batch_size),
        // SAFETY: as the caller says.
        schedule: unsafe { schedule(model, p)? },
        steps_per_level: match p.steps_per_level {
            0 => own.steps_per_level,
            steps => Some(steps),
        },
        step_convention: kind(p.step_convention, StepConvention::from_code, "step_convention")?
            .unwrap_or(own.step_convention),
        step_size: if p.step_size == 0.0 { own.step_size } else { Some(p.step_size) },
        snr: (p.snr > 0.0).then_some(p.snr),
        denoise: match p.denoise {
            -1 => own.denoise.filter(|_| sampler != SamplerKind::Langevin),
            value => Some(boolean(value, "denoise").map_err(|_| {
                Error::Argument(format!("denoise = {value} is none of -1, 0 and 1"))
            })?),
        },
        // SAFETY: as the caller says.
        init: unsafe { init(model, p, own.init)? },
        start_level: p.start_level,
        // SAFETY: as the caller says.
        labels: unsafe { labels(p)? },
        output_format: match p.output_format {
            0 | NCSN_F32_NCHW => OutputFormat::F32,
            NCSN_U8_GRAY => OutputFormat::Gray,
            NCSN_U8_RGB => OutputFormat::Rgb,
            NCSN_U8_RGBA => OutputFormat::Rgba,
            code => return Err(unknown("output_format", code)),
        },
        preview_every: p.preview_every,
        preview_kind: match p.preview_kind {
            0 | NCSN_READ_DENOISED => PreviewKind::Denoised,
            NCSN_READ_STATE => PreviewKind::State,
            code => return Err(unknown("preview_kind", code)),
        },
    })
}

/// Fields of the struct that this version does not act on yet.
fn refuse_unsupported(p: &ncsn_sample_params) -> Result<()> {
    for (set, field) in [
        (p.guidance_scale != 0.0 && p.guidance_scale != 1.0, "guidance_scale"),
        (!p.known.is_null() || p.known_count != 0, "known"),
        (!p.mask.is_null(), "mask"),
        (p.row_pitch != 0, "row_pitch"),
        (p.corrector_steps != 0, "corrector_steps"),
        (p.churn != 0.0, "churn"),
        (p.churn_min != 0.0, "churn_min"),
        (p.churn_max != 0.0, "churn_max"),
        (p.churn_noise != 0.0, "churn_noise"),
        (p.rtol != 0.0, "rtol"),
        (p.atol != 0.0, "atol"),
        (p.rho != 0.0, "rho"),
        (p.schedule == NCSN_SCHEDULE_KARRAS, "schedule NCSN_SCHEDULE_KARRAS"),
    ] {
        if set {
            bail!(
                Unsupported,
                "{field} is not supported by this version; leave it as \
                 ncsn_sample_params_init() set it"
            );
        }
    }
    if p.reserved != 0 {
        bail!(Argument, "reserved = {} must be 0", p.reserved);
    }
    Ok(())
}

/// # Safety
/// `p.sigmas` is NULL or valid.
unsafe fn schedule(model: &Model, p: &ncsn_sample_params) -> Result<Schedule> {
    // SAFETY: as the caller says.
    let given = unsafe { memory::slice(p.sigmas, p.sigma_count, "sigmas", "sigma_count")? };
    match (p.schedule, given) {
        (0 | NCSN_SCHEDULE_MODEL | NCSN_SCHEDULE_GIVEN, Some(sigmas)) => {
            // Before it is copied: a wrong count must not be believed.
            crate::schedule::check_ladder(sigmas, "sigmas")?;
            Ok(Schedule::Given(sigmas.to_vec()))
        }
        (NCSN_SCHEDULE_GIVEN, None) => {
            bail!(Argument, "schedule is NCSN_SCHEDULE_GIVEN, but sigmas is NULL")
        }
        (NCSN_SCHEDULE_GEOMETRIC, Some(_)) => bail!(
            Argument,
            "sigmas is set, but schedule is NCSN_SCHEDULE_GEOMETRIC: use one or the other"
        ),
        (NCSN_SCHEDULE_GEOMETRIC, None) => Ok(Schedule::Geometric {
            levels: (p.level_count > 0).then_some(p.level_count as usize),
            sigma_max: (p.sigma_max != 0.0).then_some(p.sigma_max),
            sigma_min: (p.sigma_min != 0.0).then_some(p.sigma_min),
        }),
        (0 | NCSN_SCHEDULE_MODEL, None) => {
            let own = default_params(model);
            let changed = (p.level_count != 0 && p.level_count != own.level_count)
                || (p.sigma_max != 0.0 && p.sigma_max != own.sigma_max)
                || (p.sigma_min != 0.0 && p.sigma_min != own.sigma_min);
            if changed {
                bail!(
                    Argument,
                    "level_count, sigma_max or sigma_min differ from the model's, but schedule is \
                     NCSN_SCHEDULE_MODEL: set NCSN_SCHEDULE_GEOMETRIC to use them"
                );
            }
            Ok(Schedule::Model)
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
/// `p.init` is NULL or valid.
unsafe fn init(model: &Model, p: &ncsn_sample_params, own: Init) -> Result<Init> {
    // SAFETY: as the caller says.
    let given = unsafe { memory::slice(p.init, p.init_count, "init", "init_count")? };
    let wanted = kind(p.init_kind, InitKind::from_code, "init_kind")?.unwrap_or(own.kind());
    // Before it is copied: a wrong count must not be believed.
    let elements = model.contract().elements();
    let expected = elements.checked_mul(p.sample_count as usize);
    if given.is_some() && expected != Some(p.init_count) {
        bail!(
            Argument,
            "init has {} floats (init_count), but sample_count = {} samples of {elements} are asked \
             for",
            p.init_count,
            p.sample_count
        );
    }
    let copy = |samples| copied(samples, "init");
    match (wanted, given) {
        (InitKind::Uniform, None) => Ok(Init::Uniform),
        (InitKind::Normal, None) => Ok(Init::Normal),
        (InitKind::Given, Some(samples)) => Ok(Init::Given(copy(samples)?)),
        (InitKind::GivenPlusNoise, Some(samples)) => Ok(Init::GivenPlusNoise(copy(samples)?)),
        (_, None) => bail!(Argument, "init_kind is '{}', but init is NULL", wanted.name()),
        (_, Some(_)) => bail!(
            Argument,
            "init is set, but init_kind is '{}': set NCSN_INIT_GIVEN or NCSN_INIT_GIVEN_PLUS_NOISE",
            wanted.name()
        ),
    }
}
