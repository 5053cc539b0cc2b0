//! The constants of `ncsn.h`. cbindgen reads this file: every comment here is the manual.

/// Version of this ABI: its major number, the `1` of `libncsn.so.1`. It changes only when a
/// program compiled against an older header would break. Compare it with ncsn_abi_version().
pub const NCSN_ABI_VERSION: u32 = 1;

// ------------------------------------------------------------------------------------------------
// Status

/// Success.
pub const NCSN_OK: i32 = 0;
/// The run has more to do; call ncsn_run_step() again.
pub const NCSN_PENDING: i32 = 1;
/// The run was cancelled (ncsn_run_cancel(), or a progress callback that returned non-zero).
pub const NCSN_CANCELLED: i32 = 2;

/// An argument is NULL, out of range, or contradicts another one. The text names it.
pub const NCSN_ERR_ARGUMENT: i32 = -1;
/// A `struct_size` that this library does not understand: not set, or the caller's header is newer
/// and uses a field that this library does not know.
pub const NCSN_ERR_STRUCT_SIZE: i32 = -2;
/// A string is not valid UTF-8.
pub const NCSN_ERR_UTF8: i32 = -3;
/// A file is missing or cannot be read.
pub const NCSN_ERR_IO: i32 = -4;
/// The bytes are not an ONNX model that ONNX Runtime can load.
pub const NCSN_ERR_MODEL: i32 = -5;
/// A valid ONNX model whose graph, metadata and overrides do not describe a score network.
/// The text names what is missing or contradictory, and the option and metadata key to set.
pub const NCSN_ERR_CONTRACT: i32 = -6;
/// A tensor of the model has a shape that does not fit.
pub const NCSN_ERR_SHAPE: i32 = -7;
/// A buffer of the caller has the wrong size. The text says the size needed.
pub const NCSN_ERR_BUFFER: i32 = -8;
/// No ONNX Runtime library was found, or the file named is not one. The text lists where it was
/// looked for and how to supply it.
pub const NCSN_ERR_RUNTIME_MISSING: i32 = -9;
/// An ONNX Runtime was found whose version is too old (1.23 or newer is needed).
pub const NCSN_ERR_RUNTIME_VERSION: i32 = -10;
/// A requested execution provider cannot be used. The text carries ONNX Runtime's own reason.
pub const NCSN_ERR_PROVIDER: i32 = -11;
/// Memory could not be allocated.
pub const NCSN_ERR_OUT_OF_MEMORY: i32 = -12;
/// A NaN or infinity in a score, in noise or in a chain. The text says level, step and sample.
pub const NCSN_ERR_NON_FINITE: i32 = -13;
/// The call does not fit the state of the object (a run in use by another thread, a result read
/// before it exists, a second ONNX Runtime asked for).
pub const NCSN_ERR_STATE: i32 = -14;
/// A callback of the caller returned non-zero to report failure.
pub const NCSN_ERR_CALLBACK: i32 = -15;
/// Understood, but not supported by this version of the library. The text names the field.
pub const NCSN_ERR_UNSUPPORTED: i32 = -16;
/// A bug inside the library was caught. The handle concerned answers every later call with this
/// status and should be destroyed; everything else stays usable.
pub const NCSN_ERR_PANIC: i32 = -17;

// ------------------------------------------------------------------------------------------------
// Constants. Zero always means "the model's own" (or this library's default).

/// Execution provider: ONNX Runtime's CPU kernels.
pub const NCSN_PROVIDER_CPU: i32 = 1;
/// Execution provider: NVIDIA CUDA. Needs a GPU build of ONNX Runtime and the CUDA libraries.
pub const NCSN_PROVIDER_CUDA: i32 = 2;
/// Execution provider: NVIDIA TensorRT. Needs a GPU build of ONNX Runtime and TensorRT.
pub const NCSN_PROVIDER_TENSORRT: i32 = 3;
/// Execution provider: Intel OpenVINO, on the CPU and in float32. Needs an ONNX Runtime that is built
/// with it (Python package onnxruntime-openvino). Provider options say otherwise: `device_type`,
/// `precision`, `num_of_threads` (default: `intra_threads`), or `load_config`, which has the last word:
/// {"CPU":{"INFERENCE_PRECISION_HINT":"bf16"}} computes in bfloat16. ncsn_tune() tells what that gains
/// and costs. `device_id` is not for it.
pub const NCSN_PROVIDER_OPENVINO: i32 = 4;

/// Strict (the default): if a listed provider cannot be used, ncsn_create() fails and says why.
pub const NCSN_FALLBACK_ERROR: i32 = 0;
/// Skip providers that cannot be used and end on the CPU; ncsn_get_info() then says why.
pub const NCSN_FALLBACK_ALLOW: i32 = 1;

/// Threads inside operators spin while they wait on a machine that nobody else uses when a run begins
/// (the default).
pub const NCSN_SPINNING_AUTO: i32 = 0;
/// They spin.
pub const NCSN_SPINNING_ALWAYS: i32 = 1;
/// They sleep.
pub const NCSN_SPINNING_NEVER: i32 = 2;

/// The graph is edited at load, so that it computes the same faster (the default).
pub const NCSN_GRAPH_HELP_ON: i32 = 0;
/// The graph is run as the file has it.
pub const NCSN_GRAPH_HELP_OFF: i32 = 1;

/// The network takes x only: f(x).
pub const NCSN_CONDITIONING_NONE: i32 = 1;
/// The network takes sigma itself.
pub const NCSN_CONDITIONING_SIGMA: i32 = 2;
/// The network takes ln(sigma).
pub const NCSN_CONDITIONING_LOG_SIGMA: i32 = 3;
/// The network takes scale * ln(sigma) + shift (EDM: 0.25 ln sigma).
pub const NCSN_CONDITIONING_AFFINE_LOG: i32 = 4;
/// The network takes the index of the level, 0 = largest sigma (NCSN, NCSNv2).
pub const NCSN_CONDITIONING_LEVEL_DESC: i32 = 5;
/// The network takes the index of the level, 0 = smallest sigma.
pub const NCSN_CONDITIONING_LEVEL_ASC: i32 = 6;
/// The network takes t in [0, 1] with sigma(t) = sigma_min (sigma_max/sigma_min)^t.
pub const NCSN_CONDITIONING_TIME01: i32 = 7;
/// As NCSN_CONDITIONING_TIME01, times conditioning_scale.
pub const NCSN_CONDITIONING_TIME_SCALED: i32 = 8;
/// The network takes a value from a table over the levels (ncsn_model_options::table).
pub const NCSN_CONDITIONING_TABLE: i32 = 9;

/// The network returns the score s = grad log q_sigma(x).
pub const NCSN_OUTPUT_SCORE: i32 = 1;
/// The network returns sigma * s.
pub const NCSN_OUTPUT_SCALED_SCORE: i32 = 2;
/// The network returns the noise estimate epsilon = -sigma * s.
pub const NCSN_OUTPUT_NOISE: i32 = 3;
/// The network returns the denoised estimate D = x + sigma^2 s.
pub const NCSN_OUTPUT_DENOISED: i32 = 4;
/// The network returns EDM's raw F, with D = c_skip x + c_out F(c_in x), c_skip = sigma_data^2 /
/// (sigma^2 + sigma_data^2), c_out = sigma sigma_data / sqrt(sigma^2 + sigma_data^2).
pub const NCSN_OUTPUT_EDM_RAW: i32 = 5;
/// The network returns v, with D = c_skip x - c_out v(c_in x) and EDM's coefficients.
pub const NCSN_OUTPUT_V: i32 = 6;

/// The network is fed x itself.
pub const NCSN_INPUT_SCALING_NONE: i32 = 1;
/// The network is fed x / sqrt(sigma^2 + 1), as networks of variance-preserving models are.
pub const NCSN_INPUT_SCALING_UNIT: i32 = 2;
/// The network is fed x / sqrt(sigma^2 + sigma_data^2) (EDM).
pub const NCSN_INPUT_SCALING_SIGMA_DATA: i32 = 3;

/// Data in [0, 1].
pub const NCSN_RANGE_UNIT: i32 = 1;
/// Data in [-1, 1].
pub const NCSN_RANGE_CENTERED: i32 = 2;
/// Logits of data in [0, 1].
pub const NCSN_RANGE_LOGIT: i32 = 3;
/// Not pixels; 8-bit output formats are refused.
pub const NCSN_RANGE_UNBOUNDED: i32 = 4;

/// A sigma that an index-conditioned network was not trained for is an error (the default).
pub const NCSN_OFF_LADDER_ERROR: i32 = 1;
/// A sigma that an index-conditioned network was not trained for uses the nearest level (in ln).
pub const NCSN_OFF_LADDER_NEAREST: i32 = 2;

/// Nobody said it: this library's default.
pub const NCSN_SOURCE_DEFAULT: i32 = 1;
/// The graph shows it: names, types and shapes of its tensors, or a table inside.
pub const NCSN_SOURCE_GRAPH: i32 = 2;
/// The file's metadata say it.
pub const NCSN_SOURCE_METADATA: i32 = 3;
/// The caller's ncsn_model_options say it.
pub const NCSN_SOURCE_OPTION: i32 = 4;

/// Plain (unadjusted) Langevin dynamics at one noise level with a fixed step size.
pub const NCSN_SAMPLER_LANGEVIN: i32 = 1;
/// Annealed Langevin dynamics (Song & Ermon 2019, algorithm 1). The default.
pub const NCSN_SAMPLER_ANNEALED_LANGEVIN: i32 = 2;
/// Consistent annealed sampling (Jolicoeur-Martineau et al. 2020, algorithm 2). One evaluation a level.
pub const NCSN_SAMPLER_CONSISTENT_ANNEALED: i32 = 3;
/// Reverse diffusion predictor of the VE SDE (Song et al. 2021). One evaluation a level.
pub const NCSN_SAMPLER_REVERSE_DIFFUSION: i32 = 4;
/// Ancestral sampling of the VE SDE (Song et al. 2021, appendix F). One evaluation a level.
pub const NCSN_SAMPLER_ANCESTRAL: i32 = 5;
/// Euler-Maruyama on the reverse VE SDE, in the time in which a geometric ladder is even. One
/// evaluation a level.
pub const NCSN_SAMPLER_EULER_MARUYAMA: i32 = 6;
/// Predictor-corrector (Song et al. 2021, algorithms 2 and 4): `corrector_steps` Langevin steps of size
/// `snr` at each level, then the `predictor`. 1 + corrector_steps evaluations a level.
pub const NCSN_SAMPLER_PREDICTOR_CORRECTOR: i32 = 7;
/// Euler on the probability-flow ODE, with churn (Karras et al. 2022). One evaluation a level.
pub const NCSN_SAMPLER_EULER: i32 = 8;
/// Heun on the probability-flow ODE, with churn (Karras et al. 2022, algorithm 2). Two evaluations a
/// level, one at the last.
pub const NCSN_SAMPLER_HEUN: i32 = 9;
/// DPM-Solver++(2M) (Lu et al. 2022). One evaluation a level.
pub const NCSN_SAMPLER_DPMPP_2M: i32 = 10;
/// UniPC of order 2 (Zhao et al. 2023). One evaluation a level.
pub const NCSN_SAMPLER_UNIPC: i32 = 11;
/// Runge-Kutta 4(5) on the probability-flow ODE from the first level to the last, each chain with steps
/// of its own by `rtol` and `atol`. For networks that take any sigma. Evaluations are known at the end;
/// until then ncsn_progress counts those of the slowest chain, and its level and step are the attempt
/// and the stage.
pub const NCSN_SAMPLER_RK45: i32 = 12;
/// Probability-flow predictor of the VE SDE, x + (sigma_i^2 - sigma_{i+1}^2)/2 s (Song et al. 2021). One
/// evaluation a level.
pub const NCSN_SAMPLER_PROBABILITY_FLOW: i32 = 13;
/// The sampler, schedule and step size that suit the model and `nfe_budget`; `ncsn inspect` explains
/// the choice.
pub const NCSN_SAMPLER_AUTO: i32 = 14;
/// DPM-Solver++(2M) for the reverse-time SDE (Lu et al. 2022): ancestral sampling of second order. One
/// evaluation a level. The best samples that the networks measured here give for 10 evaluations or more.
pub const NCSN_SAMPLER_SDE_DPMPP_2M: i32 = 15;

/// The corrector's step takes ||z|| of each sample's own noise.
pub const NCSN_NORM_DRAWN: i32 = 1;
/// The corrector's step takes sqrt(D), what ||z|| is on average, D the number of floats a sample.
pub const NCSN_NORM_EXPECTED: i32 = 2;

/// The model's own ladder.
pub const NCSN_SCHEDULE_MODEL: i32 = 1;
/// `level_count` levels in geometric progression from `sigma_max` to `sigma_min`.
pub const NCSN_SCHEDULE_GEOMETRIC: i32 = 2;
/// `level_count` levels from `sigma_max` to `sigma_min`, evenly spaced in sigma^(1/rho) (Karras et al.
/// 2022, eq. 5).
pub const NCSN_SCHEDULE_KARRAS: i32 = 3;
/// The caller's `sigmas`.
pub const NCSN_SCHEDULE_GIVEN: i32 = 4;
/// Evenly spaced in lambda = -ln sigma: another name of NCSN_SCHEDULE_GEOMETRIC.
pub const NCSN_SCHEDULE_EXPONENTIAL: i32 = 5;

/// x <- x + (a/2) s + sqrt(a) z, as printed in Song & Ermon 2019, algorithm 1.
pub const NCSN_STEP_HALF: i32 = 1;
/// x <- x + a s + sqrt(2a) z, as in the official code and in NCSNv2 (Song & Ermon 2020).
pub const NCSN_STEP_FULL: i32 = 2;

/// Initial state uniform on [0, 1]^D.
pub const NCSN_INIT_UNIFORM: i32 = 1;
/// Initial state normal with mean 0 and standard deviation sigma of the first level.
pub const NCSN_INIT_NORMAL: i32 = 2;
/// Initial state as given in `init`.
pub const NCSN_INIT_GIVEN: i32 = 3;
/// Initial state `init` + sigma z, sigma that of `start_level`: image to image.
pub const NCSN_INIT_GIVEN_PLUS_NOISE: i32 = 4;
/// Initial state m + sigma z, sigma of the first level and m = D(0, sigma), the network's estimate of
/// the data's mean (of the class, with labels): what few evaluations start from best when sigma is
/// large beside the data. ncsn_run_begin() evaluates the network for it: one sample, or one for each
/// class that is asked for. These are not counted in nfe.
pub const NCSN_INIT_MEAN_PLUS_NOISE: i32 = 5;

/// float, in the network's own layout (channels first) and the data's own range.
pub const NCSN_F32_NCHW: i32 = 1;
/// 8 bit, one byte a pixel, rows top to bottom. One-channel models only.
pub const NCSN_U8_GRAY: i32 = 2;
/// 8 bit, R G B interleaved. Models with 3 channels, or 1 (repeated).
pub const NCSN_U8_RGB: i32 = 3;
/// 8 bit, R G B A interleaved, A = 255. Models with 3 channels, or 1 (repeated).
pub const NCSN_U8_RGBA: i32 = 4;

/// ncsn_run_read(): the finished samples. NCSN_ERR_STATE while the run is not done.
pub const NCSN_READ_SAMPLE: i32 = 1;
/// ncsn_run_read(): the chains as they are now, noise and all.
pub const NCSN_READ_STATE: i32 = 2;
/// ncsn_run_read(): the latest denoised estimate x + sigma^2 s, what a viewer wants to see.
pub const NCSN_READ_DENOISED: i32 = 3;

/// The provider builds an engine for the network (TensorRT can take minutes).
pub const NCSN_PHASE_PREPARING: i32 = 1;
/// The chains run.
pub const NCSN_PHASE_SAMPLING: i32 = 2;
/// The final denoising evaluation runs.
pub const NCSN_PHASE_DENOISING: i32 = 3;
/// The samples are ready.
pub const NCSN_PHASE_DONE: i32 = 4;

/// Noise for the initial state.
pub const NCSN_NOISE_INIT: i32 = 1;
/// Noise of a Langevin update.
pub const NCSN_NOISE_LANGEVIN: i32 = 2;
/// Noise of an update from one level to the next.
pub const NCSN_NOISE_PREDICTOR: i32 = 3;
/// Noise of stochastic churn.
pub const NCSN_NOISE_CHURN: i32 = 4;
/// Noise on the known part when inpainting.
pub const NCSN_NOISE_INPAINT: i32 = 5;
/// Noise of the way back up to a level that is run again (`resample_steps`).
pub const NCSN_NOISE_RESAMPLE: i32 = 6;

/// Log level: something failed.
pub const NCSN_LOG_ERROR: i32 = 1;
/// Log level: something is probably not as you want it.
pub const NCSN_LOG_WARN: i32 = 2;
/// Log level: what was chosen (library path, provider, threads).
pub const NCSN_LOG_INFO: i32 = 3;
/// Log level: for debugging this library.
pub const NCSN_LOG_DEBUG: i32 = 4;

/// Denoising score matching: 1/2 E||s + z/sigma||^2.
pub const NCSN_OBJECTIVE_DSM: i32 = 1;
/// Implicit score matching: E[tr J + 1/2 ||s||^2], J the Jacobian of the score in x.
pub const NCSN_OBJECTIVE_ISM: i32 = 2;
/// Sliced score matching: E[v'Jv + 1/2 (v's)^2], v random signs.
pub const NCSN_OBJECTIVE_SSM: i32 = 3;
/// Sliced score matching with reduced variance: E[v'Jv + 1/2 ||s||^2].
pub const NCSN_OBJECTIVE_SSM_VR: i32 = 4;
/// Projected score matching against a given score: 1/2 E(v's - v's*)^2.
pub const NCSN_OBJECTIVE_PSM: i32 = 5;
/// Explicit score matching against a given score: 1/2 E||s - s*||^2.
pub const NCSN_OBJECTIVE_ESM: i32 = 6;

/// Finding: whether there was enough data to tell.
pub const NCSN_CHECK_DATA: i32 = 1;
/// Finding: whether all outputs are finite.
pub const NCSN_CHECK_FINITE: i32 = 2;
/// Finding: whether the output changes with x.
pub const NCSN_CHECK_CONSTANT: i32 = 3;
/// Finding: whether the same x gives the same output twice.
pub const NCSN_CHECK_REPEATABLE: i32 = 4;
/// Finding: whether a sample's output depends on the others of its batch.
pub const NCSN_CHECK_BATCH: i32 = 5;
/// Finding: whether the conditioning is used, and holds what it should.
pub const NCSN_CHECK_CONDITIONING: i32 = 6;
/// Finding: whether the labels are used.
pub const NCSN_CHECK_LABELS: i32 = 7;
/// Finding: the precision that the network computes in.
pub const NCSN_CHECK_PRECISION: i32 = 8;
/// Finding: what the output means.
pub const NCSN_CHECK_OUTPUT: i32 = 9;
/// Finding: the sign of the output.
pub const NCSN_CHECK_SIGN: i32 = 10;
/// Finding: the order of the levels, or the direction of time.
pub const NCSN_CHECK_LEVEL_ORDER: i32 = 11;
/// Finding: the range of the data.
pub const NCSN_CHECK_DATA_RANGE: i32 = 12;
/// Finding: the scale of the noise levels.
pub const NCSN_CHECK_SIGMA_SCALE: i32 = 13;
/// Finding: what x is multiplied with, and sigma_data.
pub const NCSN_CHECK_INPUT_SCALING: i32 = 14;
/// Finding: how well the score fits at each level.
pub const NCSN_CHECK_FIT: i32 = 15;

/// Tuning: take an earlier result where there is one, keep this one where not (the default).
pub const NCSN_TUNE_CACHE_USE: i32 = 1;
/// Tuning: measure anew, and keep that.
pub const NCSN_TUNE_CACHE_RENEW: i32 = 2;
/// Tuning: neither read nor write a file.
pub const NCSN_TUNE_CACHE_OFF: i32 = 3;

/// A way to run the network that is the fastest of the accurate ones, or as fast and simpler.
pub const NCSN_VERDICT_CHOSEN: i32 = 1;
/// A way to run the network that is as fast as the fastest, within 3 %, and less simple.
pub const NCSN_VERDICT_AS_FAST: i32 = 2;
/// A way to run the network that is slower.
pub const NCSN_VERDICT_SLOWER: i32 = 3;
/// A way to run the network whose error exceeds the bound.
pub const NCSN_VERDICT_INEXACT: i32 = 4;
/// A way to run the network that cannot be used; its reason says why.
pub const NCSN_VERDICT_FAILED: i32 = 5;
/// A way to run the network that was not tried; its reason says why.
pub const NCSN_VERDICT_UNTRIED: i32 = 6;

/// A finding that is as it should be.
pub const NCSN_SEVERITY_OK: i32 = 1;
/// A finding that is worth knowing.
pub const NCSN_SEVERITY_NOTE: i32 = 2;
/// Probably not as wanted; samples can still be right.
pub const NCSN_SEVERITY_WARNING: i32 = 3;
/// Samples will be wrong.
pub const NCSN_SEVERITY_ERROR: i32 = 4;
