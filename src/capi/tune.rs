//! Which engine runs a network fastest without losing accuracy?

use std::ffi::{CString, c_char, c_void};
use std::path::Path;
use std::ptr;

use super::guard::{guard, guard_value};
use super::handle::pointer;
use super::types::*;
use super::{convert, memory};
use crate::error::Result;
use crate::{GraphHelp, TuneCache, TuneParams, Tuning};

/// Fills `params` with the defaults: single precision, 20 seconds. `struct_size` is
/// sizeof(ncsn_tune_params).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_tune_params_init(
    params: *mut ncsn_tune_params,
    struct_size: u32,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands a struct of that size, or NULL.
        unsafe { memory::initialise(params, "params", struct_size, &default_tune())? };
        Ok(NCSN_OK)
    })
}

/// Tries the ways to run a network that this process has - providers, numbers of threads, precisions,
/// graph help - and chooses the fastest whose scores are as accurate as asked. Scores are compared with
/// those of the CPU provider on noisy samples at several levels; the accurate ones are timed in turns.
/// What was found is kept in a file: the next call with the same model, options, ONNX Runtime and
/// processor takes it from there.
///
/// `options` (may be NULL) are those that the model is to be opened with. They bound the search: listed
/// providers are the only ones to be tried, `intra_threads` is the most, and without graph help there is
/// none. Unsaid: everything the ONNX Runtime has, up to as many threads as this process may use.
/// `params` may be NULL: the defaults.
///
/// It blocks for about `params->seconds`, at most. On success `*out` is to be read with
/// ncsn_tuning_get() and ncsn_tuning_model_options(), and released with ncsn_tuning_free().
///
/// Errors: those of ncsn_create() with these options; NCSN_ERR_ARGUMENT (parameters out of range, a
/// model without noise levels), NCSN_ERR_NON_FINITE (the model's own scores are), NCSN_ERR_UNSUPPORTED
/// (nothing that the options allow is accurate enough). A cache that cannot be read or written is a
/// warning in the log, never an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_tune(
    path_utf8: *const c_char,
    options: *const ncsn_model_options,
    params: *const ncsn_tune_params,
    out: *mut *mut ncsn_tuning,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands valid pointers or NULL.
        let (path, options, params, out) = unsafe {
            (
                memory::text(path_utf8, "path_utf8")?.ok_or_else(|| memory::null("path_utf8"))?,
                convert::options(options)?,
                tune_params(params)?,
                memory::slot(out, "out")?,
            )
        };
        *out = TuningHandle::new(crate::tune(Path::new(path), &options, &params)?).into_raw();
        Ok(NCSN_OK)
    })
}

/// As ncsn_tune(), for the `size` bytes of an ONNX file in memory, which are not needed after the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_tune_from_memory(
    bytes: *const c_void,
    size: usize,
    options: *const ncsn_model_options,
    params: *const ncsn_tune_params,
    out: *mut *mut ncsn_tuning,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands `size` readable bytes and valid pointers or NULL.
        let (bytes, options, params, out) = unsafe {
            (
                memory::file_bytes(bytes, size)?,
                convert::options(options)?,
                tune_params(params)?,
                memory::slot(out, "out")?,
            )
        };
        *out = TuningHandle::new(crate::tune_bytes(bytes, &options, &params)?).into_raw();
        Ok(NCSN_OK)
    })
}

/// What was found. Set `info->struct_size` = sizeof(ncsn_tuning_info) before the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_tuning_get(
    tuning: *const ncsn_tuning,
    info: *mut ncsn_tuning_info,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands a live handle or NULL, and a struct of its own struct_size, or NULL.
        unsafe { memory::write(info, "info", &handle(tuning)?.info())? };
        Ok(NCSN_OK)
    })
}

/// Sets what was chosen in `options`, which the caller has initialised: `providers`, `provider_options`,
/// `intra_threads` and `graph_help`; all else stays as it is. Give ncsn_create() the result. What
/// `options` then points to lives until ncsn_tuning_free(): create the model before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_tuning_model_options(
    tuning: *const ncsn_tuning,
    options: *mut ncsn_model_options,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands a live handle or NULL, and a struct of its own struct_size, or NULL.
        unsafe {
            let handle = handle(tuning)?;
            let old = memory::read(options, "options", convert::default_options())?;
            memory::write(options, "options", &handle.options(&old))?;
        }
        Ok(NCSN_OK)
    })
}

/// Releases what ncsn_tune() made. NULL is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_tuning_free(tuning: *mut ncsn_tuning) {
    guard_value((), || {
        if !tuning.is_null() {
            // SAFETY: made by ncsn_tune, released once.
            drop(unsafe { Box::from_raw(tuning.cast::<TuningHandle>()) });
        }
    });
}

fn default_tune() -> ncsn_tune_params {
    let defaults = TuneParams::default();
    ncsn_tune_params {
        struct_size: size_of::<ncsn_tune_params>() as u32,
        batch_size: 0,
        max_error: defaults.max_error,
        seconds: defaults.seconds,
        max_levels: defaults.max_levels as u32,
        cache: defaults.cache.code(),
        seed: defaults.seed,
        cache_dir: ptr::null(),
    }
}

/// # Safety
/// NULL or a valid struct with valid pointers.
unsafe fn tune_params(params: *const ncsn_tune_params) -> Result<TuneParams> {
    if params.is_null() {
        return Ok(TuneParams::default());
    }
    // SAFETY: as the caller says.
    let (c, cache_dir) = unsafe {
        let c = memory::read(params, "params", default_tune())?;
        (c, memory::text(c.cache_dir, "params->cache_dir")?)
    };
    Ok(TuneParams {
        batch_size: (c.batch_size > 0).then_some(c.batch_size),
        max_error: c.max_error,
        seconds: c.seconds,
        max_levels: c.max_levels as usize,
        seed: c.seed,
        cache: convert::kind(c.cache, TuneCache::from_code, "cache")?.unwrap_or_default(),
        cache_dir: cache_dir.map(Into::into),
    })
}

/// # Safety
/// NULL or a live handle.
unsafe fn handle<'a>(tuning: *const ncsn_tuning) -> Result<&'a TuningHandle> {
    // SAFETY: as the caller says.
    unsafe { tuning.cast::<TuningHandle>().as_ref() }.ok_or_else(|| memory::null("tuning"))
}

/// Behind `ncsn_tuning *`.
struct TuningHandle {
    info: ncsn_tuning_info,
    rows: Vec<ncsn_tuning_row>,
    report: CString,
    cache_file: CString,
    providers: Vec<i32>,
    provider_options: Vec<ncsn_provider_option>,
    intra_threads: u32,
    graph_help: i32,
    /// What `rows` and `provider_options` point to.
    _texts: Vec<CString>,
}

impl TuningHandle {
    fn new(found: Tuning) -> Self {
        let owned = |text: &str| CString::new(text.replace('\0', " ")).unwrap_or_default();
        let mut texts = Vec::new();
        let mut keep = |text: &str| {
            let text = owned(text);
            let at = pointer(&text);
            // A CString that moves leaves its text where it is.
            texts.push(text);
            at
        };
        let measured = |value: Option<f64>| value.unwrap_or(-1.0);
        let rows = found.rows.iter().map(|row| ncsn_tuning_row {
            candidate: keep(&row.candidate),
            reason: keep(&row.reason),
            verdict: row.verdict.code(),
            reserved: 0,
            seconds: measured(row.seconds),
            ratio: measured(row.ratio),
            error: measured(row.error),
            sigma: measured(row.sigma),
        });
        let rows = rows.collect();
        let choice = &found.choice;
        let provider_options = choice.provider_options.iter().map(|option| ncsn_provider_option {
            provider: option.provider as i32,
            reserved: 0,
            key: keep(&option.key),
            value: keep(&option.value),
        });
        let provider_options = provider_options.collect();
        let file = found.cache_file.as_ref().map(|file| file.display().to_string());
        Self {
            info: ncsn_tuning_info {
                struct_size: size_of::<ncsn_tuning_info>() as u32,
                batch_size: found.batch_size,
                rows: ptr::null(),
                row_count: found.rows.len(),
                chosen: found.chosen,
                max_error: found.max_error,
                rounds: found.rounds,
                complete: found.complete.into(),
                from_cache: found.from_cache.into(),
                reserved: 0,
                cache_file: ptr::null(),
                report: ptr::null(),
            },
            rows,
            report: owned(&found.report()),
            cache_file: owned(&file.unwrap_or_default()),
            providers: choice.providers.iter().map(|&provider| provider as i32).collect(),
            provider_options,
            intra_threads: choice.intra_threads,
            graph_help: match choice.graph_help {
                GraphHelp::On => NCSN_GRAPH_HELP_ON,
                GraphHelp::Off => NCSN_GRAPH_HELP_OFF,
            },
            _texts: texts,
        }
    }

    fn into_raw(self) -> *mut ncsn_tuning {
        Box::into_raw(Box::new(self)).cast()
    }

    fn info(&self) -> ncsn_tuning_info {
        ncsn_tuning_info {
            rows: self.rows.as_ptr(),
            cache_file: pointer(&self.cache_file),
            report: pointer(&self.report),
            ..self.info
        }
    }

    fn options(&self, old: &ncsn_model_options) -> ncsn_model_options {
        fn list<T>(values: &[T]) -> *const T {
            if values.is_empty() { ptr::null() } else { values.as_ptr() }
        }
        ncsn_model_options {
            providers: list(&self.providers),
            provider_count: self.providers.len(),
            provider_options: list(&self.provider_options),
            provider_option_count: self.provider_options.len(),
            intra_threads: self.intra_threads,
            graph_help: self.graph_help,
            ..*old
        }
    }
}
