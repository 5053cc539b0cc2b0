//! The types of `ncsn.h` for choosing an engine. cbindgen reads this file: every comment here is the
//! manual.

#![allow(non_camel_case_types)]

use std::ffi::c_char;

// ------------------------------------------------------------------------------------------------
// Tuning

/// How to tune. Initialise with ncsn_tune_params_init().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_tune_params {
    /// sizeof(ncsn_tune_params); set by ncsn_tune_params_init().
    pub struct_size: u32,
    /// Samples evaluated at once; 0 (default): as many as a sampler takes unless it is told. What is
    /// fastest depends on it.
    pub batch_size: u32,
    /// The largest error that is accepted: of the score, relative, root mean square over some noisy
    /// samples, at the worst of some levels. Default 1e-4: single precision keeps it, no lower one
    /// does. Must not be negative.
    pub max_error: f64,
    /// About how long it may take, in seconds, above 0. Default 20. An engine whose making has begun is
    /// finished.
    pub seconds: f64,
    /// At most this many of the model's levels, spread evenly, both ends among them; 0: all.
    /// Default 6.
    pub max_levels: u32,
    /// NCSN_TUNE_CACHE_*. Default NCSN_TUNE_CACHE_USE.
    pub cache: i32,
    /// Seed of the noise.
    pub seed: u64,
    /// The folder of earlier results, UTF-8; made if it is not there. NULL (default): the environment
    /// variable NCSN_CACHE_DIR, or `ncsn` in the user's folder for caches (XDG_CACHE_HOME or ~/.cache;
    /// on Windows LOCALAPPDATA).
    pub cache_dir: *const c_char,
}

/// One way to run a network. This struct is frozen: it never grows.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_tuning_row {
    /// What it is, e.g. "OpenVINO f32, 2 threads".
    pub candidate: *const c_char,
    /// Why it failed or was not tried, or "".
    pub reason: *const c_char,
    /// NCSN_VERDICT_*: what became of it.
    pub verdict: i32,
    /// 0.
    pub reserved: u32,
    /// Seconds for one evaluation of the batch, the median over `rounds`; of one that was given up
    /// before them, the least of a few. -1: not measured.
    pub seconds: f64,
    /// The same relative to the first row. -1: not measured.
    pub ratio: f64,
    /// The error at the worst level, as ncsn_tune_params::max_error has it. -1: not measured.
    pub error: f64,
    /// That level's sigma. -1: not measured, or no error at all.
    pub sigma: f64,
}

/// What ncsn_tune() found. Filled by ncsn_tuning_get(). Pointers live until ncsn_tuning_free(); strings
/// are UTF-8, never NULL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_tuning_info {
    /// sizeof(ncsn_tuning_info); set by the caller before the call.
    pub struct_size: u32,
    /// The samples of a batch.
    pub batch_size: u32,
    /// What was tried. The first row is the model as the options would have opened it.
    pub rows: *const ncsn_tuning_row,
    /// Number of entries in `rows`.
    pub row_count: usize,
    /// Index of the chosen row.
    pub chosen: usize,
    /// The bound on the error.
    pub max_error: f64,
    /// How often each was timed; 0: the time was up before.
    pub rounds: u32,
    /// 1 when the time sufficed to try all of them, and for three rounds.
    pub complete: i32,
    /// 1 when this is an earlier result.
    pub from_cache: i32,
    /// 0.
    pub reserved: u32,
    /// The file that has the result, or "".
    pub cache_file: *const c_char,
    /// All rows as a table to print, and what was chosen.
    pub report: *const c_char,
}
