//! The types of `ncsn.h`. cbindgen reads this file: every comment here is the manual.

#![allow(non_camel_case_types)]

use std::ffi::{c_char, c_void};

pub use super::constants::*;
pub use super::diagnosis::*;
pub use super::noise::ncsn_interpolation;
pub use super::tuning::*;

/// What a call reports: 0 is success, positive values are news, negative values are errors.
/// The values below are never renumbered and never reused.
pub type ncsn_status = i32;

// ------------------------------------------------------------------------------------------------
// Handles

/// A loaded score network. Share it freely between threads.
pub struct ncsn_model {
    _opaque: [u8; 0],
}

/// A batch of Markov chains in progress. One thread at a time; ncsn_run_cancel() from any.
pub struct ncsn_run {
    _opaque: [u8; 0],
}

/// What ncsn_validate() found. Read it with ncsn_validation_get() from any number of threads.
pub struct ncsn_validation {
    _opaque: [u8; 0],
}

/// What ncsn_tune() found. Read it with ncsn_tuning_get() from any number of threads.
pub struct ncsn_tuning {
    _opaque: [u8; 0],
}

// ------------------------------------------------------------------------------------------------
// Callbacks

/// Receives one log message, a UTF-8 line without line end, valid during the call only. May be
/// called on any thread that is inside a call of this library, and on ONNX Runtime's own.
pub type ncsn_log_fn =
    Option<unsafe extern "C" fn(user: *mut c_void, level: i32, message: *const c_char)>;

/// Receives progress after each evaluation of the network by a micro-batch, on the thread that is
/// inside the library's call, with no lock held that another call would need. Return 0 to go on,
/// anything else to cancel. Must not unwind (throw) into the library.
pub type ncsn_progress_fn =
    Option<unsafe extern "C" fn(user: *mut c_void, now: *const ncsn_progress) -> i32>;

/// Replaces the noise generator: fill `out` with sample_count * elements_per_sample standard
/// normals, sample after sample, and return 0. Anything else stops the call with
/// NCSN_ERR_CALLBACK. Non-finite values are refused with NCSN_ERR_NON_FINITE. ncsn_fill_noise() is
/// the generator that is replaced, ncsn_interpolated_noise() a ready callback.
pub type ncsn_noise_fn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        request: *const ncsn_noise_request,
        out: *mut f32,
    ) -> i32,
>;

/// May change the score before it is used: `score` holds sample_count * elements_per_sample
/// floats, s(x, sigma) at `request->x`. Add to it what should steer the chains (a gradient of a
/// log likelihood, say) and return 0. Anything else stops the call with NCSN_ERR_CALLBACK.
pub type ncsn_guide_fn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        request: *const ncsn_guide_request,
        score: *mut f32,
    ) -> i32,
>;

/// A network of the caller's own: writes its output for `sample_count` samples at `x` and noise
/// level `sigma` to `out` (same layout as `x`) and returns 0. What the output means is
/// ncsn_model_options::output (the score when not set). `labels` has one label per sample when
/// ncsn_model_options::class_count is set, and is NULL otherwise.
pub type ncsn_score_fn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        x: *const f32,
        sigma: f64,
        labels: *const i64,
        sample_count: u32,
        out: *mut f32,
    ) -> i32,
>;

// ------------------------------------------------------------------------------------------------
// Structs. The first field is always struct_size = sizeof(the struct) as the caller was compiled.

/// One option for one execution provider, passed through to ONNX Runtime untouched.
/// This struct is frozen: it never grows.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_provider_option {
    /// NCSN_PROVIDER_*: which provider it is for.
    pub provider: i32,
    /// Set to 0.
    pub reserved: u32,
    /// Name, UTF-8, e.g. "trt_engine_cache_path".
    pub key: *const c_char,
    /// Value, UTF-8.
    pub value: *const c_char,
}

/// An input of the graph that is filled with a constant. This struct is frozen: it never grows.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_aux_input {
    /// The input's name, UTF-8.
    pub name: *const c_char,
    /// The value of all its elements, converted to the input's type.
    pub value: f64,
}

/// One thing that is known about a model. This struct is frozen: it never grows.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_fact {
    /// What it is about: the metadata key without `ncsn.`, e.g. "conditioning" (and "input_name",
    /// "conditioning_name", "class_name" for the entries of `ncsn.input_names`).
    pub key: *const c_char,
    /// The value as metadata spell it, e.g. "level_desc" or "[1,0.5,0.25]".
    pub value: *const c_char,
    /// NCSN_SOURCE_*: who said so.
    pub source: i32,
    /// 0.
    pub reserved: u32,
}

/// How to load a model: where ONNX Runtime is, what runs the network, and whatever the file's
/// metadata does not say (or says wrong). Initialise with ncsn_model_options_init().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_model_options {
    /// sizeof(ncsn_model_options); set by ncsn_model_options_init().
    pub struct_size: u32,
    /// NCSN_FALLBACK_ERROR (default) or NCSN_FALLBACK_ALLOW.
    pub fallback: i32,
    /// Path of ONNX Runtime's shared library, UTF-8. NULL: search, in this order, the environment
    /// variables NCSN_ORT_PATH and ORT_DYLIB_PATH, then the folder that libncsn itself is in.
    /// System folders are never searched. One process uses one ONNX Runtime: once loaded, another
    /// path is NCSN_ERR_STATE.
    pub runtime_path: *const c_char,
    /// Execution providers in order of preference (NCSN_PROVIDER_*). NULL: CPU.
    /// A provider listed here must work (see `fallback`) and parts of the network that none of the
    /// listed ones can run are an error, unless NCSN_PROVIDER_CPU is listed too.
    pub providers: *const i32,
    /// Number of entries in `providers`.
    pub provider_count: usize,
    /// Options passed through to the providers. May be NULL.
    pub provider_options: *const ncsn_provider_option,
    /// Number of entries in `provider_options`.
    pub provider_option_count: usize,
    /// Which device of the provider (GPU number). Default 0.
    pub device_id: i32,
    /// Threads that one evaluation may use; 0: as many as this process may use. Chains are spread over
    /// them; where there are too few, ONNX Runtime uses them inside its operators.
    pub intra_threads: u32,
    /// NCSN_SPINNING_*: whether threads inside operators spin while they wait, which gains a tenth on
    /// a machine that does nothing else and loses much on one that does.
    pub spinning: i32,
    /// 1: when the file carries a self-check vector (`ncsn.selfcheck`), run it at load and fail
    /// with NCSN_ERR_MODEL if the runtime does not reproduce it. 0 (default): do not.
    pub selfcheck: i32,
    /// Every evaluation is padded to a multiple of this many samples. Some kernels round
    /// differently when the number of rows is not a multiple of 4; with 4 here samples are
    /// bit-identical over batch sizes for such networks too. 0 (default): 4 for samples of rank 1,
    /// 1 for images and everything larger.
    pub row_multiple: u32,
    /// NCSN_CONDITIONING_*. This and all fields below override the metadata of the file;
    /// 0 or NULL: take it from the metadata (key `ncsn.conditioning`).
    pub conditioning: i32,
    /// Scale of NCSN_CONDITIONING_AFFINE_LOG and _TIME_SCALED (`ncsn.conditioning_scale`).
    pub conditioning_scale: f64,
    /// Shift of NCSN_CONDITIONING_AFFINE_LOG (`ncsn.conditioning_shift`).
    pub conditioning_shift: f64,
    /// NCSN_OUTPUT_*: what the network returns (`ncsn.output`).
    pub output: i32,
    /// NCSN_RANGE_*: the range of the data (`ncsn.range`).
    pub value_range: i32,
    /// The ladder of noise levels, largest first, all positive (`ncsn.sigmas`).
    pub sigmas: *const f64,
    /// Number of entries in `sigmas`.
    pub sigma_count: usize,
    /// Standard deviation of the data (`ncsn.sigma_data`): needed by NCSN_OUTPUT_EDM_RAW and
    /// NCSN_INPUT_SCALING_SIGMA_DATA, 1 when not said for NCSN_OUTPUT_V.
    pub sigma_data: f64,
    /// Number of classes (`ncsn.classes`) of a network with a class input: labels, int64 or int32
    /// `[B]`, or one-hot floats `[B, classes]`.
    pub class_count: u32,
    /// NCSN_OFF_LADDER_*: sigmas an index-conditioned network was not trained for.
    pub off_ladder: i32,
    /// Shape of one sample, without the batch axis (`ncsn.shape`). Needed only when the file
    /// leaves these axes dynamic.
    pub shape: *const i64,
    /// Number of entries in `shape`.
    pub shape_rank: usize,
    /// Name of the graph's input for x. NULL: found by rank and type.
    pub input_name: *const c_char,
    /// Name of the graph's conditioning input. NULL: the other input.
    pub conditioning_name: *const c_char,
    /// Name of the graph's class input. NULL: found by type, shape and name once `class_count` (or
    /// `ncsn.classes`) says that there are classes.
    pub class_name: *const c_char,
    /// Name of the graph's output. NULL: the only one, or the only one shaped like x.
    pub output_name: *const c_char,
    /// NCSN_INPUT_SCALING_*: what x is multiplied with before the network sees it
    /// (`ncsn.input_scaling`). Default: SIGMA_DATA for NCSN_OUTPUT_EDM_RAW and _V, else NONE.
    pub input_scaling: i32,
    /// 1: the output has more channels than x and the first ones are the estimate, the others a
    /// variance (`ncsn.first_channels`). Such an output is NCSN_ERR_SHAPE otherwise.
    pub first_channels: i32,
    /// The conditioning value of each level, largest level first, for NCSN_CONDITIONING_TABLE
    /// (`ncsn.table`).
    pub table: *const f64,
    /// Number of entries in `table`: as many as there are levels.
    pub table_count: usize,
    /// Further inputs of the graph, each filled with one number (`ncsn.aux`). May be NULL.
    pub aux_inputs: *const ncsn_aux_input,
    /// Number of entries in `aux_inputs`.
    pub aux_input_count: usize,
    /// Points to the label that stands for "no class" (`ncsn.null_class`): one of the labels, or
    /// the one after the last (for one-hot inputs a row of zeros). NULL: the file's, if it has one.
    pub null_class: *const i64,
    /// NCSN_GRAPH_HELP_ON (default) or NCSN_GRAPH_HELP_OFF. On the CPU a model's graph is edited in
    /// memory when it is loaded: activations that ONNX Runtime computes slowly (Elu, Selu, Softplus)
    /// are spelt in operators that it computes fast, each within 2e-6, and what depends on the noise
    /// level alone is evaluated once per level. Samples with it and without it differ in their last
    /// digits; a saved run can be loaded with either. ncsn_get_info() says what was done.
    pub graph_help: i32,
    /// Set to 0.
    pub reserved: u32,
    /// A folder, UTF-8, where graphs are kept as ONNX Runtime has prepared them for this CPU, so that a
    /// model that was created before is created in less time; made if it is not there. Each model adds
    /// files of about its own size, which nobody removes; a file that was damaged is made anew. Not for
    /// models with weights in further files. NULL (default): nothing is kept.
    pub graph_cache_dir: *const c_char,
}

/// A network of the caller's own, for ncsn_create_from_callback().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_score_source {
    /// sizeof(ncsn_score_source); set by the caller.
    pub struct_size: u32,
    /// Number of entries in `shape`, 1 to 8.
    pub rank: u32,
    /// Shape of one sample, without a batch axis.
    pub shape: *const i64,
    /// Passed to `score`.
    pub user: *mut c_void,
    /// The network. Calls come from whichever thread runs a chain, several at once if several
    /// runs are stepped at once.
    pub score: ncsn_score_fn,
}

/// What a loaded model is. Filled by ncsn_get_info(). Pointers live as long as the model (that is,
/// until ncsn_destroy() and the end of its last run); strings are UTF-8, never NULL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_model_info {
    /// sizeof(ncsn_model_info); set by the caller before the call.
    pub struct_size: u32,
    /// Rank of one sample: the number of entries in `shape`.
    pub rank: u32,
    /// Shape of one sample, without the batch axis, e.g. {1, 28, 28}.
    pub shape: *const i64,
    /// Number of floats in one sample: the product of `shape`.
    pub element_count: usize,
    /// The ladder of noise levels, largest first. NULL when the model has none.
    pub sigmas: *const f64,
    /// Number of noise levels; 0 when the model has no ladder.
    pub level_count: usize,
    /// The largest noise level, or 0.
    pub sigma_max: f64,
    /// The smallest noise level, or 0.
    pub sigma_min: f64,
    /// NCSN_CONDITIONING_*.
    pub conditioning: i32,
    /// NCSN_OUTPUT_*.
    pub output: i32,
    /// Number of classes; 0 for an unconditional model.
    pub class_count: u32,
    /// NCSN_RANGE_*.
    pub value_range: i32,
    /// NCSN_PROVIDER_* that runs the network (the first of the list that could be used);
    /// 0 for a network of the caller's own.
    pub provider: i32,
    /// Device number given to the provider.
    pub device_id: i32,
    /// Threads that ONNX Runtime may use inside one evaluation.
    pub intra_threads: u32,
    /// The batch size that is fixed in the file, or 0 when the batch axis is dynamic (as it
    /// should be). A fixed batch works: the library pads.
    pub fixed_batch: u32,
    /// With NCSN_FALLBACK_ALLOW: why the wanted provider is not in use. "" when it is.
    pub fallback_reason: *const c_char,
    /// ONNX Runtime's version, e.g. "1.28.0". "" for a network of the caller's own.
    pub runtime_version: *const c_char,
    /// The file that ONNX Runtime was really loaded from.
    pub runtime_path: *const c_char,
    /// `ncsn.description` of the file, or "".
    pub description: *const c_char,
    /// `ncsn.license` of the file, or "".
    pub license: *const c_char,
    /// Identifies the network's bytes and its contract; a saved run continues only on the same.
    pub fingerprint: u64,
    /// NCSN_INPUT_SCALING_*.
    pub input_scaling: i32,
    /// NCSN_OFF_LADDER_*.
    pub off_ladder: i32,
    /// The label that stands for "no class", or -1 when there is none.
    pub null_class: i64,
    /// Standard deviation of the data, where output or input scaling use it; else 1.
    pub sigma_data: f64,
    /// Scale of the conditioning; 1 when not used.
    pub conditioning_scale: f64,
    /// Shift of the conditioning; 0 when not used.
    pub conditioning_shift: f64,
    /// The conditioning values of NCSN_CONDITIONING_TABLE, `level_count` of them, or NULL.
    pub table: *const f64,
    /// All that is known about the model, by name, with where each came from: metadata, graph,
    /// options or this library's defaults.
    pub facts: *const ncsn_fact,
    /// Number of entries in `facts`.
    pub fact_count: usize,
    /// Number of weights in the file; 0 if unknown.
    pub parameter_count: u64,
    /// What was done to the graph at load (see ncsn_model_options::graph_help), e.g. "5 Elu
    /// rewritten". "" where nothing was.
    pub graph_help: *const c_char,
}

/// What to sample and how. Initialise with ncsn_sample_params_init(), which puts the model's own
/// values in; then change what you want. Arrays are read during the call and copied.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_sample_params {
    /// sizeof(ncsn_sample_params); set by ncsn_sample_params_init().
    pub struct_size: u32,
    /// NCSN_SAMPLER_*; 0: the model's own.
    pub sampler: i32,
    /// Seed of the noise. Any value.
    pub seed: u64,
    /// Index of the first sample. Sample k of the call uses the noise of index first_sample + k,
    /// so a job may be cut anywhere and gives the same samples. Below 2^48.
    pub first_sample: u64,
    /// Number of samples, 1 to 2^31 - 1. Default 1.
    pub sample_count: u32,
    /// Samples evaluated at once (the micro-batch); 0: chosen. It does not change the samples (see
    /// DETERMINISM), only speed, memory and how soon a cancel is seen.
    pub batch_size: u32,
    /// NCSN_SCHEDULE_*; 0: GIVEN when `sigmas` is set, else the model's.
    pub schedule: i32,
    /// Number of levels; 0: the model's. With NCSN_SCHEDULE_MODEL another number than the model's
    /// spreads them evenly over the model's ladder: some of its levels, or levels between them where
    /// the network takes any sigma.
    pub level_count: u32,
    /// NCSN_SCHEDULE_GEOMETRIC and _KARRAS: largest noise level; 0: the model's.
    pub sigma_max: f64,
    /// NCSN_SCHEDULE_GEOMETRIC and _KARRAS: smallest noise level; 0: the model's.
    pub sigma_min: f64,
    /// NCSN_SCHEDULE_KARRAS: rho, 1 to 1000; 0: 7.
    pub rho: f64,
    /// The noise levels, strictly decreasing, positive and finite. NULL: by `schedule`.
    pub sigmas: *const f64,
    /// Number of entries in `sigmas`.
    pub sigma_count: usize,
    /// T, Langevin steps at each level; for NCSN_SAMPLER_CONSISTENT_ANNEALED the number of levels that
    /// each is divided into. 0: the model's for its own sampler, else about 1000 evaluations in all for
    /// Langevin dynamics and 1 for consistent annealed sampling. At most 2^24. Other samplers have none:
    /// for them, and for consistent annealed sampling, the model's own value counts as 0 where the model
    /// has another sampler.
    pub steps_per_level: u32,
    /// NCSN_STEP_*; 0: the model's. The same epsilon means steps of different length in the two
    /// conventions: know which one yours was tuned for.
    pub step_convention: i32,
    /// epsilon. Annealed Langevin: the step size at the smallest level, a_i = epsilon sigma_i^2 /
    /// sigma_L^2. Plain Langevin: the step size a itself. Consistent annealed sampling: eta sigma_L^2,
    /// with 1 - g < eta < 1 + g, g the smallest ratio sigma_{k+1}/sigma_k. 0: the model's for its own
    /// sampler and levels, else chosen. Other samplers have none. For a sampler that is not the model's
    /// own, the model's own value counts as 0.
    /// With c = 1/2 (HALF) or 1 (FULL), kappa = c epsilon / sigma_L^2 must be below 2: at 2 the
    /// chains diverge on any data (annealed Langevin; from 1 a warning is logged).
    pub step_size: f64,
    /// Final denoising x + sigma_L^2 s(x, sigma_L), which for samplers that move from level to level is
    /// their step to sigma = 0: 1 yes, 0 no, -1 the model's for its own sampler (yes when it does not
    /// say; no for plain Langevin).
    pub denoise: i32,
    /// NCSN_INIT_*; 0: the model's. A sampler that is not the model's own and moves from level to level
    /// starts with NCSN_INIT_NORMAL where this is the model's, and NCSN_SAMPLER_AUTO with
    /// NCSN_INIT_MEAN_PLUS_NOISE where the first level covers the data.
    pub init_kind: i32,
    /// Initial samples for NCSN_INIT_GIVEN and _GIVEN_PLUS_NOISE, sample after sample, in the data's
    /// range.
    pub init: *const f32,
    /// Number of floats in `init`: sample_count * element_count.
    pub init_count: usize,
    /// First level to run (0 = largest sigma): the chains start there.
    pub start_level: u32,
    /// NCSN_F32_NCHW, NCSN_U8_*; 0: NCSN_F32_NCHW.
    pub output_format: i32,
    /// Bytes from one row of pixels to the next in 8-bit formats, for textures whose rows are padded:
    /// at least width * bytes of a pixel. A sample then takes height * row_pitch bytes, of which those
    /// between rows are never written. 0: rows follow each other. Must be 0 with NCSN_F32_NCHW.
    pub row_pitch: usize,
    /// Class labels of a class-conditional model, one per sample: 0 to class_count - 1, or -1 for no
    /// class if the model has a null class. NULL: no class, for all.
    pub labels: *const i64,
    /// Number of entries in `labels`: sample_count.
    pub label_count: usize,
    /// w of classifier-free guidance: the score is s_u + w (s_c - s_u), s_c of the labels and s_u of the
    /// null class. 0 or 1: none. Others need `labels` and a model with a null class, and take two
    /// evaluations of the network for each score.
    pub guidance_scale: f64,
    /// Inpainting: the known samples y, in the data's range, or NULL. After every update the chains
    /// become m (y + sigma z) + (1 - m) x, at the end m y + (1 - m) x. Not for NCSN_SAMPLER_RK45.
    pub known: *const f32,
    /// Inpainting: m, 1 where the sample is known, 0 where not, between where both are mixed.
    pub mask: *const f32,
    /// Number of floats in `known` and in `mask`: sample_count * element_count, or element_count for
    /// the same known sample and mask in all.
    pub known_count: usize,
    /// Signal-to-noise ratio r of score_sde. NCSN_SAMPLER_PREDICTOR_CORRECTOR: the corrector's step is
    /// a = 2 (r ||z|| / ||s||)^2; 0: 0.16. NCSN_SAMPLER_ANNEALED_LANGEVIN: another spelling of the step
    /// size, c epsilon = 2 r^2 sigma_L^2, that takes the place of `step_size`; 0: unset. Other samplers
    /// have none.
    pub snr: f64,
    /// NCSN_SAMPLER_PREDICTOR_CORRECTOR: corrector steps at each level; 0: 1.
    pub corrector_steps: u32,
    /// NCSN_READ_STATE or NCSN_READ_DENOISED: what `ncsn_progress::preview` shows; 0: DENOISED.
    pub preview_kind: i32,
    /// NCSN_SAMPLER_EULER and _HEUN: EDM's S_churn, at least 0. Before its step from sigma a chain is
    /// raised to (1 + gamma) sigma with gamma = min(churn / levels, sqrt(2) - 1). 0: none.
    pub churn: f64,
    /// EDM's S_min: smaller levels are not churned.
    pub churn_min: f64,
    /// EDM's S_max: larger levels are not churned. 0: no limit.
    pub churn_max: f64,
    /// EDM's S_noise, by which the churned noise is multiplied. 0: 1.
    pub churn_noise: f64,
    /// NCSN_SAMPLER_RK45: tolerance relative to x, 1e-6 to 1; 0: 1e-3.
    pub rtol: f64,
    /// NCSN_SAMPLER_RK45: absolute tolerance, 1e-6 to 1; 0: 1e-3.
    pub atol: f64,
    /// Make a preview after every this many steps (and after the last one); 0: never.
    pub preview_every: u32,
    /// Set to 0.
    pub reserved: u32,
    /// Progress callback, or NULL.
    pub progress: ncsn_progress_fn,
    /// Passed to `progress`.
    pub progress_user: *mut c_void,
    /// Noise callback, or NULL for the library's generator. NCSN_INIT_UNIFORM does not ask it.
    pub noise: ncsn_noise_fn,
    /// Passed to `noise`.
    pub noise_user: *mut c_void,
    /// Guide callback, or NULL.
    pub guide: ncsn_guide_fn,
    /// Passed to `guide`.
    pub guide_user: *mut c_void,
    /// NCSN_SAMPLER_PREDICTOR_CORRECTOR: the predictor, NCSN_SAMPLER_REVERSE_DIFFUSION (0), _ANCESTRAL,
    /// _EULER_MARUYAMA or _PROBABILITY_FLOW.
    pub predictor: i32,
    /// NCSN_SAMPLER_PREDICTOR_CORRECTOR: NCSN_NORM_*, what stands for ||z||; 0: NCSN_NORM_DRAWN.
    pub corrector_norm: i32,
    /// NCSN_SAMPLER_AUTO: the most network evaluations to spend on a sample; 0: 40.
    pub nfe_budget: u32,
    /// Inpainting: how often each level is run, with noise added to go back up in between (RePaint);
    /// 0: once. Not for Langevin dynamics, DPM-Solver++ and UniPC.
    pub resample_steps: u32,
}

/// Where a run is. For ncsn_run_step() and ncsn_run_poll() the caller sets struct_size; in the
/// callback the library has set it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_progress {
    /// sizeof(ncsn_progress).
    pub struct_size: u32,
    /// NCSN_PHASE_*.
    pub phase: i32,
    /// Level of the latest evaluation, 0 = largest sigma.
    pub level: u32,
    /// Number of levels.
    pub level_count: u32,
    /// Step of the latest evaluation within its level, from 0.
    pub step: u32,
    /// Steps per level.
    pub steps_per_level: u32,
    /// Network evaluations that every chain has completed (NFE as papers count it).
    pub nfe_done: u64,
    /// Network evaluations that every chain will have had at the end.
    pub nfe_total: u64,
    /// Evaluations of micro-batches done: what moves the finest progress bar.
    pub calls_done: u64,
    /// Evaluations of micro-batches in all.
    pub calls_total: u64,
    /// Noise level of the latest evaluation.
    pub sigma: f64,
    /// Euclidean norm of the score, root mean square over the chains of the latest step.
    pub score_norm: f64,
    /// Euclidean norm of the update, root mean square over the chains of the latest step.
    pub update_norm: f64,
    /// Seconds spent inside this run's calls.
    pub elapsed_seconds: f64,
    /// Estimate of the seconds still needed, from the calls so far. 0 before the first.
    pub remaining_seconds: f64,
    /// All samples in `output_format`, by `preview_kind`. Only in the callback, only when
    /// `preview_every` says so, valid until the callback returns; NULL otherwise.
    pub preview: *const c_void,
    /// Bytes at `preview`.
    pub preview_bytes: usize,
    /// Estimate of the seconds that the next evaluation of a micro-batch takes, from the latest ones: how
    /// far ncsn_run_step() can exceed its budget. 0 before the first.
    pub call_seconds: f64,
}

/// Memory for sampling, in bytes (ncsn_estimate_memory()).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_memory {
    /// sizeof(ncsn_memory).
    pub struct_size: u32,
    /// Set to 0 by the library.
    pub reserved: u32,
    /// All of what follows.
    pub total_bytes: u64,
    /// The network's weights, as often as they are held: a model is opened a second time for runs of
    /// so few samples that threads work inside operators.
    pub weights_bytes: u64,
    /// What the network's evaluations use at a time beside them.
    pub evaluation_bytes: u64,
    /// The run: chains, what the sampler remembers of them, previews.
    pub run_bytes: u64,
    /// Samples that are evaluated at a time, on all threads.
    pub rows_at_once: u64,
}

/// What noise is wanted.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_noise_request {
    /// sizeof(ncsn_noise_request).
    pub struct_size: u32,
    /// NCSN_NOISE_*.
    pub purpose: i32,
    /// Level, 0 = largest sigma.
    pub level: u32,
    /// Step within the level, from 0.
    pub step: u32,
    /// Index of the first sample (ncsn_sample_params::first_sample included).
    pub first_sample: u64,
    /// Number of samples.
    pub sample_count: u32,
    /// Set to 0 by the library.
    pub reserved: u32,
    /// Number of floats a sample.
    pub elements_per_sample: usize,
}

/// Which score is about to be used.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_guide_request {
    /// sizeof(ncsn_guide_request).
    pub struct_size: u32,
    /// NCSN_NOISE_*: the kind of update that will use the score (0: the final denoising).
    pub purpose: i32,
    /// Level, 0 = largest sigma.
    pub level: u32,
    /// Step within the level, from 0.
    pub step: u32,
    /// Index of the first sample (ncsn_sample_params::first_sample included).
    pub first_sample: u64,
    /// Number of samples.
    pub sample_count: u32,
    /// Set to 0 by the library.
    pub reserved: u32,
    /// Number of floats a sample.
    pub elements_per_sample: usize,
    /// Noise level.
    pub sigma: f64,
    /// The chains, read only: sample_count * elements_per_sample floats.
    pub x: *const f32,
}
