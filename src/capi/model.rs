//! Loading models, and sampling in one call.

use std::ffi::{c_char, c_void};
use std::path::Path;
use std::sync::Arc;

use super::guard::{guard, guard_value};
use super::handle::{self, ModelHandle, pointer, with_model};
use super::hooks::{CallbackNetwork, hooks};
use super::types::*;
use super::{convert, memory, request};
use crate::error::{Result, bail};
use crate::plan::Plan;
use crate::{Facts, Memory, Model, Read, Run, RunState, SampleParams};

/// Fills `options` with the defaults: CPU, strict, everything else from the model file.
/// `struct_size` is sizeof(ncsn_model_options).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_model_options_init(
    options: *mut ncsn_model_options,
    struct_size: u32,
) -> ncsn_status {
    guard(|| {
        let defaults = convert::default_options();
        // SAFETY: the header demands a struct of that size.
        unsafe { memory::initialise(options, "options", struct_size, &defaults)? };
        Ok(NCSN_OK)
    })
}

/// Loads a score network from an ONNX file.
///
/// `path_utf8` is the file's path in UTF-8 on every system. `options` may be NULL. On success
/// `*out` is a handle for ncsn_destroy(); on failure it is not touched.
///
/// The first call of a process loads ONNX Runtime, too (NCSN_ERR_RUNTIME_MISSING,
/// NCSN_ERR_RUNTIME_VERSION). It then sets the environment variable ORT_DISABLE_TELEMETRY=1,
/// unless it is set or NCSN_ORT_TELEMETRY=1 is: official builds since 1.29 phone home otherwise.
///
/// Other errors: NCSN_ERR_IO (no such file), NCSN_ERR_MODEL (not a model), NCSN_ERR_CONTRACT,
/// NCSN_ERR_SHAPE (a model, but no score network, or it does not say enough), NCSN_ERR_PROVIDER,
/// NCSN_ERR_UNSUPPORTED, NCSN_ERR_ARGUMENT, NCSN_ERR_UTF8, NCSN_ERR_STRUCT_SIZE, NCSN_ERR_STATE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_create(
    path_utf8: *const c_char,
    options: *const ncsn_model_options,
    out: *mut *mut ncsn_model,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands valid pointers or NULL.
        let (path, out, options) = unsafe {
            (
                memory::text(path_utf8, "path_utf8")?.ok_or_else(|| memory::null("path_utf8"))?,
                memory::slot(out, "out")?,
                convert::options(options)?,
            )
        };
        *out = ModelHandle::new(Model::open(Path::new(path), &options)?).into_raw();
        Ok(NCSN_OK)
    })
}

/// Loads a score network from the `size` bytes of an ONNX file in memory (an asset bundle, a
/// resource). The bytes are not needed after the call. Weights in further files are not found.
/// Otherwise as ncsn_create().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_create_from_memory(
    bytes: *const c_void,
    size: usize,
    options: *const ncsn_model_options,
    out: *mut *mut ncsn_model,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands `size` readable bytes and valid pointers or NULL.
        let (bytes, out, options) = unsafe {
            (
                memory::file_bytes(bytes, size)?,
                memory::slot(out, "out")?,
                convert::options(options)?,
            )
        };
        *out = ModelHandle::new(Model::from_bytes(bytes, &options)?).into_raw();
        Ok(NCSN_OK)
    })
}

/// Makes a model of a function of the caller's own. ONNX Runtime is not needed. Of `options` (may be
/// NULL) the contract overrides count: `sigmas`, without which parameters must bring their own
/// noise levels (plain Langevin dynamics then asks at sigma = 0), `output` (default: the score), `value_range`. `source->user` must live as long as
/// the model and its runs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_create_from_callback(
    source: *const ncsn_score_source,
    options: *const ncsn_model_options,
    out: *mut *mut ncsn_model,
) -> ncsn_status {
    guard(|| {
        let empty = ncsn_score_source {
            struct_size: 0,
            rank: 0,
            shape: std::ptr::null(),
            user: std::ptr::null_mut(),
            score: None,
        };
        // SAFETY: the header demands valid pointers or NULL.
        let (source, out, options) = unsafe {
            (
                memory::read(source, "source", empty)?,
                memory::slot(out, "out")?,
                convert::options(options)?,
            )
        };
        // SAFETY: `rank` entries, as the header demands.
        let dims = unsafe {
            memory::slice(source.shape, source.rank as usize, "source->shape", "source->rank")?
        };
        let dims = dims.ok_or_else(|| memory::null("source->shape"))?;
        let shape = convert::sample_shape(dims, "source->shape")?;
        let Some(elements) = shape.iter().try_fold(1_usize, |n, &dim| n.checked_mul(dim)) else {
            bail!(Argument, "source->shape = {dims:?} exceeds the address space");
        };
        let mut facts = options.overrides;
        if let Some(said) = facts.shape.take()
            && said != shape
        {
            bail!(Argument, "options->shape = {said:?}, but source->shape = {shape:?}");
        }
        // Whatever the options say of conditioning, the callback is given sigma.
        if facts.conditioning.take().is_some_and(|kind| kind != crate::Conditioning::Sigma) {
            bail!(Argument, "conditioning: a callback is given sigma, nothing else");
        }
        // A score that is asked at one level only may do without a ladder.
        let facts = Facts { sigmas: facts.sigmas.or_else(|| Some(Vec::new())), ..facts };
        let network = CallbackNetwork::new(source.score, source.user, elements)?;
        let model = Model::from_network(Box::new(network), facts, shape)?;
        *out = ModelHandle::new(model).into_raw();
        Ok(NCSN_OK)
    })
}

/// Releases a model. Runs that were begun on it keep it alive until they are freed. NULL is
/// ignored. Call it once, when no other call is using this handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_destroy(model: *mut ncsn_model) {
    // SAFETY: the header demands a live handle or NULL.
    guard_value((), || unsafe { handle::release_model(model) });
}

/// Describes a model. Set `info->struct_size` = sizeof(ncsn_model_info) before the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_get_info(
    model: *const ncsn_model,
    info: *mut ncsn_model_info,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands a live handle or NULL.
        unsafe {
            with_model(model, |handle| {
                // SAFETY: the header demands a struct of its own struct_size, or NULL.
                memory::write(info, "info", &describe(handle))?;
                Ok(NCSN_OK)
            })
        }
    })
}

fn describe(handle: &ModelHandle) -> ncsn_model_info {
    let (contract, runtime) = (handle.model.contract(), handle.model.runtime());
    let sigmas = &contract.sigmas;
    ncsn_model_info {
        struct_size: size_of::<ncsn_model_info>() as u32,
        rank: handle.shape.len() as u32,
        shape: handle.shape.as_ptr(),
        element_count: contract.elements(),
        sigmas: if sigmas.is_empty() { std::ptr::null() } else { sigmas.as_ptr() },
        level_count: sigmas.len(),
        sigma_max: sigmas.first().copied().unwrap_or(0.0),
        sigma_min: sigmas.last().copied().unwrap_or(0.0),
        conditioning: contract.conditioning.code(),
        output: contract.output.code(),
        class_count: contract.classes.unwrap_or(0),
        value_range: contract.range.code(),
        provider: runtime.provider,
        device_id: runtime.device_id,
        intra_threads: runtime.intra_threads,
        fixed_batch: runtime.fixed_batch,
        fallback_reason: pointer(&handle.fallback_reason),
        runtime_version: pointer(&handle.runtime_version),
        runtime_path: pointer(&handle.runtime_path),
        description: pointer(&handle.description),
        license: pointer(&handle.license),
        fingerprint: handle.model.fingerprint(),
        input_scaling: contract.input_scaling.code(),
        off_ladder: contract.off_ladder.code(),
        null_class: contract.null_class.unwrap_or(-1),
        sigma_data: contract.sigma_data,
        conditioning_scale: contract.conditioning_scale,
        conditioning_shift: contract.conditioning_shift,
        table: if contract.table.is_empty() { std::ptr::null() } else { contract.table.as_ptr() },
        facts: handle.facts.as_ptr(),
        fact_count: handle.facts.len(),
        parameter_count: handle.model.file().parameters,
        graph_help: pointer(&handle.graph_help),
    }
}

/// Fills `params` with the model's own values (and this library's defaults): one sample, seed 0.
/// `struct_size` is sizeof(ncsn_sample_params).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_sample_params_init(
    model: *const ncsn_model,
    params: *mut ncsn_sample_params,
    struct_size: u32,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands a live handle or NULL.
        unsafe {
            with_model(model, |handle| {
                let defaults = request::default_params(&handle.model);
                // SAFETY: the header demands a struct of that size, or NULL.
                memory::initialise(params, "params", struct_size, &defaults)?;
                Ok(NCSN_OK)
            })
        }
    })
}

/// A host's parameters: as it wrote them, and as the Rust API wants them.
///
/// # Safety
/// NULL or a valid struct with valid pointers.
pub(super) unsafe fn read_params(
    model: &Model,
    params: *const ncsn_sample_params,
) -> Result<(ncsn_sample_params, SampleParams)> {
    // SAFETY: as the caller says.
    unsafe {
        let c = memory::read(params, "params", request::default_params(model))?;
        let rust = request::params(model, &c)?;
        Ok((c, rust))
    }
}

/// Bytes of all samples that `params` ask for, in their output format. Checks `params` as
/// ncsn_sample() does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_output_size(
    model: *const ncsn_model,
    params: *const ncsn_sample_params,
    bytes: *mut usize,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands valid pointers or NULL.
        unsafe {
            with_model(model, |handle| {
                let bytes = memory::slot(bytes, "bytes")?;
                let (_, params) = read_params(&handle.model, params)?;
                *bytes = output_bytes(&handle.model, &params)?;
                Ok(NCSN_OK)
            })
        }
    })
}

/// What sampling with `params` will hold, in bytes; set `out->struct_size` = sizeof(ncsn_memory)
/// before the call. It is an upper bound, in which the code of the libraries and the buffer for the
/// samples have no part; of the weights ONNX Runtime may keep packed copies, and what a GPU holds is
/// not known. The network is evaluated a few times for it. Memory does not grow with `batch_size`
/// beyond 8 images for each thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_estimate_memory(
    model: *const ncsn_model,
    params: *const ncsn_sample_params,
    out: *mut ncsn_memory,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands valid pointers or NULL.
        unsafe {
            with_model(model, |handle| {
                let nothing = memory_of(&Memory::default());
                memory::check_output(out, "out", nothing)?;
                let (_, params) = read_params(&handle.model, params)?;
                let estimate = handle.model.estimate_memory(&params)?;
                memory::write(out, "out", &memory_of(&estimate))?;
                Ok(NCSN_OK)
            })
        }
    })
}

fn memory_of(estimate: &Memory) -> ncsn_memory {
    ncsn_memory {
        struct_size: size_of::<ncsn_memory>() as u32,
        reserved: 0,
        total_bytes: estimate.total(),
        weights_bytes: estimate.weights,
        evaluation_bytes: estimate.evaluation,
        run_bytes: estimate.run,
        rows_at_once: estimate.rows_at_once,
    }
}

fn output_bytes(model: &Model, params: &SampleParams) -> Result<usize> {
    Plan::resolve(model, params)?.output_bytes(model.contract())
}

/// Samples: runs the chains to their end and writes `params->sample_count` samples to `out`, which
/// has `out_bytes` bytes (at least ncsn_output_size()). It returns when they are done, when a
/// callback stops it, or on an error; `out` is written only when NCSN_OK is returned.
///
/// Returns NCSN_OK, or NCSN_CANCELLED when the progress callback returned non-zero.
/// Errors: NCSN_ERR_ARGUMENT, NCSN_ERR_UNSUPPORTED (parameters), NCSN_ERR_BUFFER (`out_bytes`
/// too small), NCSN_ERR_NON_FINITE, NCSN_ERR_CALLBACK, NCSN_ERR_OUT_OF_MEMORY, NCSN_ERR_MODEL
/// (the network failed). The model stays usable after each of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_sample(
    model: *mut ncsn_model,
    params: *const ncsn_sample_params,
    out: *mut c_void,
    out_bytes: usize,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands valid pointers or NULL.
        unsafe {
            with_model(model, |handle| {
                let (c, params) = read_params(&handle.model, params)?;
                let out = memory::buffer(out.cast::<u8>(), out_bytes, "out")?;
                let needed = output_bytes(&handle.model, &params)?;
                if out_bytes < needed {
                    bail!(
                        Buffer,
                        "out has {out_bytes} bytes, but {} samples need {needed} (ask \
                         ncsn_output_size)",
                        params.sample_count
                    );
                }
                sample(handle, &c, params, out)
            })
        }
    })
}

fn sample(
    handle: &Arc<ModelHandle>,
    c: &ncsn_sample_params,
    params: SampleParams,
    out: &mut [u8],
) -> Result<ncsn_status> {
    let mut run = Run::begin(&handle.model, params, hooks(c))?;
    match run.step(None, None)? {
        RunState::Done => {
            run.read(Read::Sample, out)?;
            Ok(NCSN_OK)
        }
        RunState::Cancelled | RunState::Pending => Ok(NCSN_CANCELLED),
    }
}
