//! The header's structs as the Rust API's values. Everything a caller can set is either used or
//! refused here; nothing is ignored.

use std::collections::BTreeMap;
use std::ffi::c_char;
use std::ptr;

use super::memory;
use super::types::*;
use crate::error::{Error, Result, bail};
use crate::{
    Conditioning, Facts, Fallback, GraphHelp, InputScaling, ModelOptions, OffLadder, Output,
    Provider, ProviderOption, Spinning, ValueRange,
};

/// A `from_code` of one of the kinds, with 0 for "the model's own".
pub(super) fn kind<T>(code: i32, from_code: fn(i32) -> Option<T>, name: &str) -> Result<Option<T>> {
    match code {
        0 => Ok(None),
        _ => from_code(code).map(Some).ok_or_else(|| unknown(name, code)),
    }
}

pub(super) fn unknown(name: &str, code: i32) -> Error {
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
        spinning: NCSN_SPINNING_AUTO,
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
        graph_help: NCSN_GRAPH_HELP_ON,
        reserved: 0,
        graph_cache_dir: ptr::null(),
    }
}

/// # Safety
/// NULL or a valid struct with valid pointers.
pub(super) unsafe fn options(pointer: *const ncsn_model_options) -> Result<ModelOptions> {
    if pointer.is_null() {
        return Ok(ModelOptions::default());
    }
    // SAFETY: as the caller says, here and for the pointers inside.
    let (o, runtime_path, graph_cache_dir, codes, provider_options) = unsafe {
        let o = memory::read(pointer, "options", default_options())?;
        (
            o,
            memory::text(o.runtime_path, "options->runtime_path")?,
            memory::text(o.graph_cache_dir, "options->graph_cache_dir")?,
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
    if o.reserved != 0 {
        bail!(Argument, "reserved = {} must be 0", o.reserved);
    }
    Ok(ModelOptions {
        runtime_path: runtime_path.map(Into::into),
        graph_cache_dir: match graph_cache_dir {
            Some("") => {
                bail!(Argument, "graph_cache_dir is empty: name a folder, or leave it NULL")
            }
            folder => folder.map(Into::into),
        },
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
        spinning: match o.spinning {
            NCSN_SPINNING_AUTO => Spinning::Auto,
            NCSN_SPINNING_ALWAYS => Spinning::Always,
            NCSN_SPINNING_NEVER => Spinning::Never,
            code => return Err(unknown("spinning", code)),
        },
        selfcheck: boolean(o.selfcheck, "selfcheck")?,
        row_multiple: match o.row_multiple {
            rows if rows > 4096 => bail!(Argument, "row_multiple = {rows} exceeds 4096"),
            rows => rows,
        },
        // SAFETY: as above.
        overrides: unsafe { overrides(&o)? },
        graph_help: match o.graph_help {
            NCSN_GRAPH_HELP_ON => GraphHelp::On,
            NCSN_GRAPH_HELP_OFF => GraphHelp::Off,
            code => return Err(unknown("graph_help", code)),
        },
    })
}

pub(super) fn boolean(value: i32, name: &str) -> Result<bool> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => bail!(Argument, "{name} = {value} is neither 0 nor 1"),
    }
}

fn provider(code: i32, name: &str) -> Result<Provider> {
    Provider::from_code(code).ok_or_else(|| {
        Error::Unsupported(format!(
            "{name}: provider {code} is not supported by this version; CPU (1), CUDA (2), \
             TensorRT (3) and OpenVINO (4) are"
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
