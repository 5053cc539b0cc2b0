//! The types of `ncsn.h` for judging networks. cbindgen reads this file: every comment here is the
//! manual.

#![allow(non_camel_case_types)]

use std::ffi::c_char;

use super::types::ncsn_model;

// ------------------------------------------------------------------------------------------------
// Diagnosis

/// Which objective to evaluate, on what. Initialise with ncsn_evaluate_params_init().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_evaluate_params {
    /// sizeof(ncsn_evaluate_params); set by ncsn_evaluate_params_init().
    pub struct_size: u32,
    /// NCSN_OBJECTIVE_*. Default DSM.
    pub objective: i32,
    /// Seed of the noise and of the random directions.
    pub seed: u64,
    /// Samples in the data's own range, one after another.
    pub data: *const f32,
    /// Number of floats in `data`: a multiple of ncsn_model_info::element_count.
    pub data_count: usize,
    /// One class label per sample, -1 for no class. NULL: no class, for all.
    pub labels: *const i64,
    /// Number of entries in `labels`.
    pub label_count: usize,
    /// Noise levels, largest first. NULL: the model's own.
    pub sigmas: *const f64,
    /// Number of entries in `sigmas`.
    pub sigma_count: usize,
    /// At most this many of the model's own levels, spread evenly, both ends among them. 0
    /// (default): all.
    pub max_levels: u32,
    /// Random directions per sample, for the objectives that use them. Default 1.
    pub directions: u32,
    /// Step of the central differences in units of sigma, in (0, 1]. Default 0.01.
    pub difference: f64,
    /// The given score of NCSN_OBJECTIVE_PSM and _ESM: a model of samples of the same shape. NULL
    /// for the others.
    pub target: *const ncsn_model,
    /// Samples evaluated at once; 0: chosen. It does not change the result.
    pub batch_size: u32,
    /// Set to 0.
    pub reserved: u32,
}

/// An objective at one noise level. This struct is frozen: it never grows.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_level_loss {
    /// The noise level.
    pub sigma: f64,
    /// The objective: the mean over the samples.
    pub loss: f64,
    /// Its standard error, from the spread over the samples; 0 for a single sample.
    pub standard_error: f64,
    /// sigma^2 * loss: this level's part in MDSM.
    pub weighted: f64,
    /// For objectives with derivatives: how far the differences with the step and with twice the
    /// step are apart, relative to their size; well below 1 when the step suits the network. -1 for
    /// the others.
    pub difference_error: f64,
    /// Number of samples.
    pub count: u64,
}

/// The objective over all levels. Filled by ncsn_evaluate().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_evaluation {
    /// sizeof(ncsn_evaluation); set by the caller before the call.
    pub struct_size: u32,
    /// NCSN_OBJECTIVE_ISM: 1 when the trace is exact up to the differences (samples of up to 64
    /// floats), 0 when it is estimated along the random directions, which makes it SSM-VR.
    pub exact_trace: i32,
    /// (1/L) sum of sigma_i^2 loss_i over the levels: MDSM when the objective is DSM.
    pub total: f64,
    /// Its standard error.
    pub total_error: f64,
    /// Number of levels, and of entries written.
    pub level_count: usize,
    /// Network evaluations spent on each sample.
    pub evaluations: u64,
}

/// How to validate. Initialise with ncsn_validate_params_init().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_validate_params {
    /// sizeof(ncsn_validate_params); set by ncsn_validate_params_init().
    pub struct_size: u32,
    /// At most this many of the model's levels, spread evenly, both ends among them; 0: all.
    /// Default 12.
    pub max_levels: u32,
    /// Seed of the noise.
    pub seed: u64,
    /// Samples in the data's own range, one after another; about 100 suffice. NULL: without data,
    /// at the largest level alone.
    pub data: *const f32,
    /// Number of floats in `data`: a multiple of ncsn_model_info::element_count.
    pub data_count: usize,
    /// One class label per sample, -1 for no class. NULL: no class, for all.
    pub labels: *const i64,
    /// Number of entries in `labels`.
    pub label_count: usize,
    /// At most this many of the samples, spread evenly; 0: all. Default 256.
    pub max_samples: u32,
    /// Samples evaluated at once; 0: chosen.
    pub batch_size: u32,
}

/// What was measured at one noise level; NaN where outputs were not finite. This struct is frozen:
/// it never grows.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_level_check {
    /// Index in the model's ladder, 0 = largest sigma.
    pub level: u32,
    /// 0.
    pub reserved: u32,
    /// The noise level.
    pub sigma: f64,
    /// E[s.(-z/sigma)] / E||s||^2 of the score as the contract reads it: 1 when all is right.
    pub slope: f64,
    /// Its standard error.
    pub slope_error: f64,
    /// The same of the network's raw output: 1 for the score, 1/sigma for sigma s, -1/sigma for the
    /// noise.
    pub raw_slope: f64,
    /// How much of -z/sigma the score explains, with the best factor: 0 to 1.
    pub r2: f64,
    /// sigma^2 DSM = 1/2 E||sigma s + z||^2.
    pub loss: f64,
    /// Its standard error.
    pub loss_error: f64,
    /// What a score of zero has for a loss, about D/2. A loss above it is worse than nothing.
    pub zero_loss: f64,
    /// Number of the caller's samples; 0 without data.
    pub count: u64,
}

/// A metadata entry that would make a model right. This struct is frozen: it never grows.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_suggestion {
    /// The key, e.g. "ncsn.output".
    pub key: *const c_char,
    /// The value; "" for a key to remove.
    pub value: *const c_char,
}

/// One verdict on a model. This struct is frozen: it never grows.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_finding {
    /// NCSN_CHECK_*: what was looked at.
    pub check: i32,
    /// NCSN_SEVERITY_*.
    pub severity: i32,
    /// What was found, where, and what to do about it.
    pub text: *const c_char,
    /// Metadata that would make it right, or NULL.
    pub suggestions: *const ncsn_suggestion,
    /// Number of entries in `suggestions`.
    pub suggestion_count: usize,
}

/// What ncsn_validate() found. Filled by ncsn_validation_get(). Pointers live until
/// ncsn_validation_free(); strings are UTF-8, never NULL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_validation_info {
    /// sizeof(ncsn_validation_info); set by the caller before the call.
    pub struct_size: u32,
    /// 1 when no finding is an error.
    pub passed: i32,
    /// 1 when the caller's data were used.
    pub with_data: i32,
    /// 0.
    pub reserved: u32,
    /// The levels that were looked at, largest noise first.
    pub levels: *const ncsn_level_check,
    /// Number of entries in `levels`.
    pub level_count: usize,
    /// The verdicts, worst first.
    pub findings: *const ncsn_finding,
    /// Number of entries in `findings`.
    pub finding_count: usize,
    /// All findings as text to print, one a line, suggestions indented below.
    pub report: *const c_char,
}

/// What is known of the data, and what is wanted. Initialise with ncsn_recommend_params_init().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_recommend_params {
    /// sizeof(ncsn_recommend_params); set by ncsn_recommend_params_init().
    pub struct_size: u32,
    /// T, Langevin steps at each level. Default 5.
    pub steps_per_level: u32,
    /// D: floats in a sample. Must be set.
    pub dimension: usize,
    /// The largest distance between two samples, which becomes sigma_1; 0: measured in `data`.
    pub diameter: f64,
    /// Samples, one after another, to measure the diameter in. NULL when `diameter` is set.
    pub data: *const f32,
    /// Number of floats in `data`: a multiple of `dimension`.
    pub data_count: usize,
    /// sigma_L. Default 0.01.
    pub sigma_min: f64,
    /// C of technique 2: how much of a level's shell the next one covers. Default 0.567.
    pub coverage: f64,
    /// This many levels instead of those that the coverage asks for; 0 (default): by coverage.
    pub level_count: usize,
}

/// A step size and what it does to the chains. This struct is frozen: it never grows.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_recommended_step {
    /// kappa = c epsilon / sigma_L^2.
    pub kappa: f64,
    /// epsilon for NCSN_STEP_HALF.
    pub epsilon_half: f64,
    /// epsilon for NCSN_STEP_FULL.
    pub epsilon_full: f64,
    /// Technique 4's s_T^2 / sigma_i^2: the variance after the steps of a level, relative to the
    /// level's own, of chains that came with that of the level before.
    pub variance_ratio: f64,
    /// r*: the same of chains that came with what all levels before left in them.
    pub accumulated_ratio: f64,
}

/// A ladder and step sizes. Filled by ncsn_recommend().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_recommendation {
    /// sizeof(ncsn_recommendation); set by the caller before the call.
    pub struct_size: u32,
    /// 1 unless `diameter` was measured in too many samples to compare every pair; it may then be a
    /// few percent short.
    pub exact_diameter: i32,
    /// The diameter, given or measured: the largest noise level.
    pub diameter: f64,
    /// gamma of technique 2: the ratio of neighbouring levels that has the coverage asked for.
    pub gamma: f64,
    /// The ratio of neighbouring levels in the ladder.
    pub ratio: f64,
    /// C of the ladder.
    pub coverage: f64,
    /// L: number of levels in the ladder.
    pub level_count: usize,
    /// Network evaluations of a sample: L T, and one for the final denoising.
    pub evaluations: u64,
    /// The step size of technique 4: brings `variance_ratio` closest to 1, as published models do.
    pub step: ncsn_recommended_step,
    /// The one that brings `accumulated_ratio` closest to 1: the better one for T of 1 to 3.
    pub accumulated_step: ncsn_recommended_step,
}
