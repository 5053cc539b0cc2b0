/*
 * ncsn.h - draw samples from a noise conditional score network (NCSN).
 *
 * Generated from the library's source. Do not edit.
 *
 * WHAT IT DOES
 *   A score network estimates s(x, sigma) = grad log q_sigma(x), the score of the data perturbed
 *   by Gaussian noise of standard deviation sigma, over a ladder of noise levels. A sampler
 *   follows it from the largest level to the smallest and ends at samples: annealed Langevin
 *   dynamics (Song & Ermon 2019, arXiv:1907.05600) or another NCSN_SAMPLER_*. This library loads a
 *   network from an ONNX file, runs it with ONNX Runtime and runs the chains.
 *
 *       ncsn_model *m = NULL;
 *       ncsn_sample_params p;
 *       if (ncsn_create("digits.onnx", NULL, &m) != NCSN_OK) die();
 *       ncsn_sample_params_init(m, &p, sizeof p);
 *       p.sample_count = 64;
 *       p.seed = 7;
 *       if (ncsn_sample(m, &p, pixels, sizeof pixels) != NCSN_OK) die();
 *       ncsn_destroy(m);
 *
 *   A host that must not wait, as a game in its frames, lets a run go on in the background:
 *
 *       ncsn_run_begin(m, &p, &run);
 *       ncsn_run_start(run);
 *       ... in each frame, now.struct_size = sizeof now once:
 *       status = ncsn_run_poll(run, &now);
 *       if (status == NCSN_PENDING) ncsn_run_read(run, NCSN_READ_DENOISED, texture, bytes);
 *       if (status == NCSN_OK) ncsn_run_read(run, NCSN_READ_SAMPLE, texture, bytes);
 *
 *   or steps it itself, a few milliseconds at a time (ncsn_run_step()).
 *
 * ERRORS
 *   Every call that can fail returns an ncsn_status: 0 is success, positive values are news,
 *   negative values are errors. The text of the last error of the calling thread, what was wrong,
 *   where, and what to do, comes from ncsn_last_error(); a run keeps its own (ncsn_run_error()).
 *   Outputs are written only on success. After an error every handle is as it was before the call
 *   and stays usable; a run can be stepped again. Nothing is printed, nothing aborts.
 *
 * THREADS
 *   ncsn_model *      any number of threads at once; runs of one model go on at the same time on the CPU,
 *                     and take turns at each evaluation on other providers
 *   ncsn_run *        one thread at a time; a second one gets NCSN_ERR_STATE, not a crash
 *   ncsn_run_cancel, _poll, _wait, _read, _output_size, _save, _error
 *                     any thread, any time before ncsn_run_free, also while the run goes on
 *   ncsn_validation * any number of threads at once; ncsn_validation_free once
 *   ncsn_tuning *     any number of threads at once; ncsn_tuning_free once
 *   ncsn_destroy      any thread, once, when no call is using the handle; runs keep the model alive
 *   ncsn_run_free     any thread, once, at any time; waits for a background run's evaluation in flight
 *   ncsn_last_error   the calling thread's own
 *   callbacks         on the thread that is inside the library's call, or on that of the background run
 *                     they belong to; none is called that was not set (the log: on any thread)
 *   own threads       one for each ncsn_run_start(), until its run has come to rest; intra_threads - 1
 *                     for each model from the first evaluation that is worth spreading over them, asleep
 *                     between evaluations; none otherwise. A fork()ed child may go on with a model
 *   const char *      returned strings are static, or live as long as the model they came from
 *
 * STRUCTS
 *   The first field of a struct is struct_size, sizeof(the struct) as the caller was compiled.
 *   ncsn_*_init() sets it and every default. A shorter struct (older header) gets defaults for
 *   what it lacks; a longer one (newer header) is accepted while what it adds is all zero. A callback
 *   gets a struct as long as the library knows it: look at its struct_size before reading a field that
 *   an older library may lack.
 *   Booleans and enumerations are int32_t; zero means "the model's own".
 *
 * DETERMINISM
 *   The noise of a sample is a pure function of (seed, purpose, sample index, level, step, element),
 *   the same bits on every machine, whatever the batch size, the number of threads, the way a job is
 *   cut into calls or a run into steps. The samples are as reproducible as the network: on ONNX
 *   Runtime's CPU provider, one build of it on one kind of CPU gives the same bits for any number of
 *   threads, and for any batch size when the network's kernels treat rows alike (convolutions and
 *   elementwise operations do; for others see ncsn_model_options::row_multiple). Other providers
 *   and other CPUs agree to rounding, which chains may amplify.
 */


#ifndef NCSN_H
#define NCSN_H

#include <stddef.h>
#include <stdint.h>

/* This library's header and this library's binary agree while ncsn_abi_version() returns it. */

/**
 * Version of this ABI: its major number, the `1` of `libncsn.so.1`. It changes only when a
 * program compiled against an older header would break. Compare it with ncsn_abi_version().
 */
#define NCSN_ABI_VERSION 1

/**
 * Success.
 */
#define NCSN_OK 0

/**
 * The run has more to do; call ncsn_run_step() again.
 */
#define NCSN_PENDING 1

/**
 * The run was cancelled (ncsn_run_cancel(), or a progress callback that returned non-zero).
 */
#define NCSN_CANCELLED 2

/**
 * An argument is NULL, out of range, or contradicts another one. The text names it.
 */
#define NCSN_ERR_ARGUMENT -1

/**
 * A `struct_size` that this library does not understand: not set, or the caller's header is newer
 * and uses a field that this library does not know.
 */
#define NCSN_ERR_STRUCT_SIZE -2

/**
 * A string is not valid UTF-8.
 */
#define NCSN_ERR_UTF8 -3

/**
 * A file is missing or cannot be read.
 */
#define NCSN_ERR_IO -4

/**
 * The bytes are not an ONNX model that ONNX Runtime can load.
 */
#define NCSN_ERR_MODEL -5

/**
 * A valid ONNX model whose graph, metadata and overrides do not describe a score network.
 * The text names what is missing or contradictory, and the option and metadata key to set.
 */
#define NCSN_ERR_CONTRACT -6

/**
 * A tensor of the model has a shape that does not fit.
 */
#define NCSN_ERR_SHAPE -7

/**
 * A buffer of the caller has the wrong size. The text says the size needed.
 */
#define NCSN_ERR_BUFFER -8

/**
 * No ONNX Runtime library was found, or the file named is not one. The text lists where it was
 * looked for and how to supply it.
 */
#define NCSN_ERR_RUNTIME_MISSING -9

/**
 * An ONNX Runtime was found whose version is too old (1.23 or newer is needed).
 */
#define NCSN_ERR_RUNTIME_VERSION -10

/**
 * A requested execution provider cannot be used. The text carries ONNX Runtime's own reason.
 */
#define NCSN_ERR_PROVIDER -11

/**
 * Memory could not be allocated.
 */
#define NCSN_ERR_OUT_OF_MEMORY -12

/**
 * A NaN or infinity in a score, in noise or in a chain. The text says level, step and sample.
 */
#define NCSN_ERR_NON_FINITE -13

/**
 * The call does not fit the state of the object (a run in use by another thread, a result read
 * before it exists, a second ONNX Runtime asked for).
 */
#define NCSN_ERR_STATE -14

/**
 * A callback of the caller returned non-zero to report failure.
 */
#define NCSN_ERR_CALLBACK -15

/**
 * Understood, but not supported by this version of the library. The text names the field.
 */
#define NCSN_ERR_UNSUPPORTED -16

/**
 * A bug inside the library was caught. The handle concerned answers every later call with this
 * status and should be destroyed; everything else stays usable.
 */
#define NCSN_ERR_PANIC -17

/**
 * Execution provider: ONNX Runtime's CPU kernels.
 */
#define NCSN_PROVIDER_CPU 1

/**
 * Execution provider: NVIDIA CUDA. Needs a GPU build of ONNX Runtime and the CUDA libraries.
 */
#define NCSN_PROVIDER_CUDA 2

/**
 * Execution provider: NVIDIA TensorRT. Needs a GPU build of ONNX Runtime and TensorRT.
 */
#define NCSN_PROVIDER_TENSORRT 3

/**
 * Execution provider: Intel OpenVINO, on the CPU and in float32. Needs an ONNX Runtime that is built
 * with it (Python package onnxruntime-openvino). Provider options say otherwise: `device_type`,
 * `precision`, `num_of_threads` (default: `intra_threads`), or `load_config`, which has the last word:
 * {"CPU":{"INFERENCE_PRECISION_HINT":"bf16"}} computes in bfloat16. ncsn_tune() tells what that gains
 * and costs. `device_id` is not for it.
 */
#define NCSN_PROVIDER_OPENVINO 4

/**
 * Strict (the default): if a listed provider cannot be used, ncsn_create() fails and says why.
 */
#define NCSN_FALLBACK_ERROR 0

/**
 * Skip providers that cannot be used and end on the CPU; ncsn_get_info() then says why.
 */
#define NCSN_FALLBACK_ALLOW 1

/**
 * Threads inside operators spin while they wait on a machine that nobody else uses when a run begins
 * (the default).
 */
#define NCSN_SPINNING_AUTO 0

/**
 * They spin.
 */
#define NCSN_SPINNING_ALWAYS 1

/**
 * They sleep.
 */
#define NCSN_SPINNING_NEVER 2

/**
 * The graph is edited at load, so that it computes the same faster (the default).
 */
#define NCSN_GRAPH_HELP_ON 0

/**
 * The graph is run as the file has it.
 */
#define NCSN_GRAPH_HELP_OFF 1

/**
 * The network takes x only: f(x).
 */
#define NCSN_CONDITIONING_NONE 1

/**
 * The network takes sigma itself.
 */
#define NCSN_CONDITIONING_SIGMA 2

/**
 * The network takes ln(sigma).
 */
#define NCSN_CONDITIONING_LOG_SIGMA 3

/**
 * The network takes scale * ln(sigma) + shift (EDM: 0.25 ln sigma).
 */
#define NCSN_CONDITIONING_AFFINE_LOG 4

/**
 * The network takes the index of the level, 0 = largest sigma (NCSN, NCSNv2).
 */
#define NCSN_CONDITIONING_LEVEL_DESC 5

/**
 * The network takes the index of the level, 0 = smallest sigma.
 */
#define NCSN_CONDITIONING_LEVEL_ASC 6

/**
 * The network takes t in [0, 1] with sigma(t) = sigma_min (sigma_max/sigma_min)^t.
 */
#define NCSN_CONDITIONING_TIME01 7

/**
 * As NCSN_CONDITIONING_TIME01, times conditioning_scale.
 */
#define NCSN_CONDITIONING_TIME_SCALED 8

/**
 * The network takes a value from a table over the levels (ncsn_model_options::table).
 */
#define NCSN_CONDITIONING_TABLE 9

/**
 * The network returns the score s = grad log q_sigma(x).
 */
#define NCSN_OUTPUT_SCORE 1

/**
 * The network returns sigma * s.
 */
#define NCSN_OUTPUT_SCALED_SCORE 2

/**
 * The network returns the noise estimate epsilon = -sigma * s.
 */
#define NCSN_OUTPUT_NOISE 3

/**
 * The network returns the denoised estimate D = x + sigma^2 s.
 */
#define NCSN_OUTPUT_DENOISED 4

/**
 * The network returns EDM's raw F, with D = c_skip x + c_out F(c_in x), c_skip = sigma_data^2 /
 * (sigma^2 + sigma_data^2), c_out = sigma sigma_data / sqrt(sigma^2 + sigma_data^2).
 */
#define NCSN_OUTPUT_EDM_RAW 5

/**
 * The network returns v, with D = c_skip x - c_out v(c_in x) and EDM's coefficients.
 */
#define NCSN_OUTPUT_V 6

/**
 * The network is fed x itself.
 */
#define NCSN_INPUT_SCALING_NONE 1

/**
 * The network is fed x / sqrt(sigma^2 + 1), as networks of variance-preserving models are.
 */
#define NCSN_INPUT_SCALING_UNIT 2

/**
 * The network is fed x / sqrt(sigma^2 + sigma_data^2) (EDM).
 */
#define NCSN_INPUT_SCALING_SIGMA_DATA 3

/**
 * Data in [0, 1].
 */
#define NCSN_RANGE_UNIT 1

/**
 * Data in [-1, 1].
 */
#define NCSN_RANGE_CENTERED 2

/**
 * Logits of data in [0, 1].
 */
#define NCSN_RANGE_LOGIT 3

/**
 * Not pixels; 8-bit output formats are refused.
 */
#define NCSN_RANGE_UNBOUNDED 4

/**
 * A sigma that an index-conditioned network was not trained for is an error (the default).
 */
#define NCSN_OFF_LADDER_ERROR 1

/**
 * A sigma that an index-conditioned network was not trained for uses the nearest level (in ln).
 */
#define NCSN_OFF_LADDER_NEAREST 2

/**
 * Nobody said it: this library's default.
 */
#define NCSN_SOURCE_DEFAULT 1

/**
 * The graph shows it: names, types and shapes of its tensors, or a table inside.
 */
#define NCSN_SOURCE_GRAPH 2

/**
 * The file's metadata say it.
 */
#define NCSN_SOURCE_METADATA 3

/**
 * The caller's ncsn_model_options say it.
 */
#define NCSN_SOURCE_OPTION 4

/**
 * Plain (unadjusted) Langevin dynamics at one noise level with a fixed step size.
 */
#define NCSN_SAMPLER_LANGEVIN 1

/**
 * Annealed Langevin dynamics (Song & Ermon 2019, algorithm 1). The default.
 */
#define NCSN_SAMPLER_ANNEALED_LANGEVIN 2

/**
 * Consistent annealed sampling (Jolicoeur-Martineau et al. 2020, algorithm 2). One evaluation a level.
 */
#define NCSN_SAMPLER_CONSISTENT_ANNEALED 3

/**
 * Reverse diffusion predictor of the VE SDE (Song et al. 2021). One evaluation a level.
 */
#define NCSN_SAMPLER_REVERSE_DIFFUSION 4

/**
 * Ancestral sampling of the VE SDE (Song et al. 2021, appendix F). One evaluation a level.
 */
#define NCSN_SAMPLER_ANCESTRAL 5

/**
 * Euler-Maruyama on the reverse VE SDE, in the time in which a geometric ladder is even. One
 * evaluation a level.
 */
#define NCSN_SAMPLER_EULER_MARUYAMA 6

/**
 * Predictor-corrector (Song et al. 2021, algorithms 2 and 4): `corrector_steps` Langevin steps of size
 * `snr` at each level, then the `predictor`. 1 + corrector_steps evaluations a level.
 */
#define NCSN_SAMPLER_PREDICTOR_CORRECTOR 7

/**
 * Euler on the probability-flow ODE, with churn (Karras et al. 2022). One evaluation a level.
 */
#define NCSN_SAMPLER_EULER 8

/**
 * Heun on the probability-flow ODE, with churn (Karras et al. 2022, algorithm 2). Two evaluations a
 * level, one at the last.
 */
#define NCSN_SAMPLER_HEUN 9

/**
 * DPM-Solver++(2M) (Lu et al. 2022). One evaluation a level.
 */
#define NCSN_SAMPLER_DPMPP_2M 10

/**
 * UniPC of order 2 (Zhao et al. 2023). One evaluation a level.
 */
#define NCSN_SAMPLER_UNIPC 11

/**
 * Runge-Kutta 4(5) on the probability-flow ODE from the first level to the last, each chain with steps
 * of its own by `rtol` and `atol`. For networks that take any sigma. Evaluations are known at the end;
 * until then ncsn_progress counts those of the slowest chain, and its level and step are the attempt
 * and the stage.
 */
#define NCSN_SAMPLER_RK45 12

/**
 * Probability-flow predictor of the VE SDE, x + (sigma_i^2 - sigma_{i+1}^2)/2 s (Song et al. 2021). One
 * evaluation a level.
 */
#define NCSN_SAMPLER_PROBABILITY_FLOW 13

/**
 * The sampler, schedule and step size that suit the model and `nfe_budget`; `ncsn inspect` explains
 * the choice.
 */
#define NCSN_SAMPLER_AUTO 14

/**
 * DPM-Solver++(2M) for the reverse-time SDE (Lu et al. 2022): ancestral sampling of second order. One
 * evaluation a level. The best samples that the networks measured here give for 10 evaluations or more.
 */
#define NCSN_SAMPLER_SDE_DPMPP_2M 15

/**
 * The corrector's step takes ||z|| of each sample's own noise.
 */
#define NCSN_NORM_DRAWN 1

/**
 * The corrector's step takes sqrt(D), what ||z|| is on average, D the number of floats a sample.
 */
#define NCSN_NORM_EXPECTED 2

/**
 * The model's own ladder.
 */
#define NCSN_SCHEDULE_MODEL 1

/**
 * `level_count` levels in geometric progression from `sigma_max` to `sigma_min`.
 */
#define NCSN_SCHEDULE_GEOMETRIC 2

/**
 * `level_count` levels from `sigma_max` to `sigma_min`, evenly spaced in sigma^(1/rho) (Karras et al.
 * 2022, eq. 5).
 */
#define NCSN_SCHEDULE_KARRAS 3

/**
 * The caller's `sigmas`.
 */
#define NCSN_SCHEDULE_GIVEN 4

/**
 * Evenly spaced in lambda = -ln sigma: another name of NCSN_SCHEDULE_GEOMETRIC.
 */
#define NCSN_SCHEDULE_EXPONENTIAL 5

/**
 * x <- x + (a/2) s + sqrt(a) z, as printed in Song & Ermon 2019, algorithm 1.
 */
#define NCSN_STEP_HALF 1

/**
 * x <- x + a s + sqrt(2a) z, as in the official code and in NCSNv2 (Song & Ermon 2020).
 */
#define NCSN_STEP_FULL 2

/**
 * Initial state uniform on [0, 1]^D.
 */
#define NCSN_INIT_UNIFORM 1

/**
 * Initial state normal with mean 0 and standard deviation sigma of the first level.
 */
#define NCSN_INIT_NORMAL 2

/**
 * Initial state as given in `init`.
 */
#define NCSN_INIT_GIVEN 3

/**
 * Initial state `init` + sigma z, sigma that of `start_level`: image to image.
 */
#define NCSN_INIT_GIVEN_PLUS_NOISE 4

/**
 * Initial state m + sigma z, sigma of the first level and m = D(0, sigma), the network's estimate of
 * the data's mean (of the class, with labels): what few evaluations start from best when sigma is
 * large beside the data. ncsn_run_begin() evaluates the network for it: one sample, or one for each
 * class that is asked for. These are not counted in nfe.
 */
#define NCSN_INIT_MEAN_PLUS_NOISE 5

/**
 * float, in the network's own layout (channels first) and the data's own range.
 */
#define NCSN_F32_NCHW 1

/**
 * 8 bit, one byte a pixel, rows top to bottom. One-channel models only.
 */
#define NCSN_U8_GRAY 2

/**
 * 8 bit, R G B interleaved. Models with 3 channels, or 1 (repeated).
 */
#define NCSN_U8_RGB 3

/**
 * 8 bit, R G B A interleaved, A = 255. Models with 3 channels, or 1 (repeated).
 */
#define NCSN_U8_RGBA 4

/**
 * ncsn_run_read(): the finished samples. NCSN_ERR_STATE while the run is not done.
 */
#define NCSN_READ_SAMPLE 1

/**
 * ncsn_run_read(): the chains as they are now, noise and all.
 */
#define NCSN_READ_STATE 2

/**
 * ncsn_run_read(): the latest denoised estimate x + sigma^2 s, what a viewer wants to see.
 */
#define NCSN_READ_DENOISED 3

/**
 * The provider builds an engine for the network (TensorRT can take minutes).
 */
#define NCSN_PHASE_PREPARING 1

/**
 * The chains run.
 */
#define NCSN_PHASE_SAMPLING 2

/**
 * The final denoising evaluation runs.
 */
#define NCSN_PHASE_DENOISING 3

/**
 * The samples are ready.
 */
#define NCSN_PHASE_DONE 4

/**
 * Noise for the initial state.
 */
#define NCSN_NOISE_INIT 1

/**
 * Noise of a Langevin update.
 */
#define NCSN_NOISE_LANGEVIN 2

/**
 * Noise of an update from one level to the next.
 */
#define NCSN_NOISE_PREDICTOR 3

/**
 * Noise of stochastic churn.
 */
#define NCSN_NOISE_CHURN 4

/**
 * Noise on the known part when inpainting.
 */
#define NCSN_NOISE_INPAINT 5

/**
 * Noise of the way back up to a level that is run again (`resample_steps`).
 */
#define NCSN_NOISE_RESAMPLE 6

/**
 * Log level: something failed.
 */
#define NCSN_LOG_ERROR 1

/**
 * Log level: something is probably not as you want it.
 */
#define NCSN_LOG_WARN 2

/**
 * Log level: what was chosen (library path, provider, threads).
 */
#define NCSN_LOG_INFO 3

/**
 * Log level: for debugging this library.
 */
#define NCSN_LOG_DEBUG 4

/**
 * Denoising score matching: 1/2 E||s + z/sigma||^2.
 */
#define NCSN_OBJECTIVE_DSM 1

/**
 * Implicit score matching: E[tr J + 1/2 ||s||^2], J the Jacobian of the score in x.
 */
#define NCSN_OBJECTIVE_ISM 2

/**
 * Sliced score matching: E[v'Jv + 1/2 (v's)^2], v random signs.
 */
#define NCSN_OBJECTIVE_SSM 3

/**
 * Sliced score matching with reduced variance: E[v'Jv + 1/2 ||s||^2].
 */
#define NCSN_OBJECTIVE_SSM_VR 4

/**
 * Projected score matching against a given score: 1/2 E(v's - v's*)^2.
 */
#define NCSN_OBJECTIVE_PSM 5

/**
 * Explicit score matching against a given score: 1/2 E||s - s*||^2.
 */
#define NCSN_OBJECTIVE_ESM 6

/**
 * Finding: whether there was enough data to tell.
 */
#define NCSN_CHECK_DATA 1

/**
 * Finding: whether all outputs are finite.
 */
#define NCSN_CHECK_FINITE 2

/**
 * Finding: whether the output changes with x.
 */
#define NCSN_CHECK_CONSTANT 3

/**
 * Finding: whether the same x gives the same output twice.
 */
#define NCSN_CHECK_REPEATABLE 4

/**
 * Finding: whether a sample's output depends on the others of its batch.
 */
#define NCSN_CHECK_BATCH 5

/**
 * Finding: whether the conditioning is used, and holds what it should.
 */
#define NCSN_CHECK_CONDITIONING 6

/**
 * Finding: whether the labels are used.
 */
#define NCSN_CHECK_LABELS 7

/**
 * Finding: the precision that the network computes in.
 */
#define NCSN_CHECK_PRECISION 8

/**
 * Finding: what the output means.
 */
#define NCSN_CHECK_OUTPUT 9

/**
 * Finding: the sign of the output.
 */
#define NCSN_CHECK_SIGN 10

/**
 * Finding: the order of the levels, or the direction of time.
 */
#define NCSN_CHECK_LEVEL_ORDER 11

/**
 * Finding: the range of the data.
 */
#define NCSN_CHECK_DATA_RANGE 12

/**
 * Finding: the scale of the noise levels.
 */
#define NCSN_CHECK_SIGMA_SCALE 13

/**
 * Finding: what x is multiplied with, and sigma_data.
 */
#define NCSN_CHECK_INPUT_SCALING 14

/**
 * Finding: how well the score fits at each level.
 */
#define NCSN_CHECK_FIT 15

/**
 * Tuning: take an earlier result where there is one, keep this one where not (the default).
 */
#define NCSN_TUNE_CACHE_USE 1

/**
 * Tuning: measure anew, and keep that.
 */
#define NCSN_TUNE_CACHE_RENEW 2

/**
 * Tuning: neither read nor write a file.
 */
#define NCSN_TUNE_CACHE_OFF 3

/**
 * A way to run the network that is the fastest of the accurate ones, or as fast and simpler.
 */
#define NCSN_VERDICT_CHOSEN 1

/**
 * A way to run the network that is as fast as the fastest, within 3 %, and less simple.
 */
#define NCSN_VERDICT_AS_FAST 2

/**
 * A way to run the network that is slower.
 */
#define NCSN_VERDICT_SLOWER 3

/**
 * A way to run the network whose error exceeds the bound.
 */
#define NCSN_VERDICT_INEXACT 4

/**
 * A way to run the network that cannot be used; its reason says why.
 */
#define NCSN_VERDICT_FAILED 5

/**
 * A way to run the network that was not tried; its reason says why.
 */
#define NCSN_VERDICT_UNTRIED 6

/**
 * A finding that is as it should be.
 */
#define NCSN_SEVERITY_OK 1

/**
 * A finding that is worth knowing.
 */
#define NCSN_SEVERITY_NOTE 2

/**
 * Probably not as wanted; samples can still be right.
 */
#define NCSN_SEVERITY_WARNING 3

/**
 * Samples will be wrong.
 */
#define NCSN_SEVERITY_ERROR 4

/**
 * A loaded score network. Share it freely between threads.
 */
typedef struct ncsn_model ncsn_model;

/**
 * A batch of Markov chains in progress. One thread at a time; ncsn_run_cancel() from any.
 */
typedef struct ncsn_run ncsn_run;

/**
 * What ncsn_tune() found. Read it with ncsn_tuning_get() from any number of threads.
 */
typedef struct ncsn_tuning ncsn_tuning;

/**
 * What ncsn_validate() found. Read it with ncsn_validation_get() from any number of threads.
 */
typedef struct ncsn_validation ncsn_validation;

/**
 * What a call reports: 0 is success, positive values are news, negative values are errors.
 * The values below are never renumbered and never reused.
 */
typedef int32_t ncsn_status;

/**
 * Receives one log message, a UTF-8 line without line end, valid during the call only. May be
 * called on any thread that is inside a call of this library, and on ONNX Runtime's own.
 */
typedef void (*ncsn_log_fn)(void *user, int32_t level, const char *message);

/**
 * One option for one execution provider, passed through to ONNX Runtime untouched.
 * This struct is frozen: it never grows.
 */
typedef struct ncsn_provider_option {
    /**
     * NCSN_PROVIDER_*: which provider it is for.
     */
    int32_t provider;
    /**
     * Set to 0.
     */
    uint32_t reserved;
    /**
     * Name, UTF-8, e.g. "trt_engine_cache_path".
     */
    const char *key;
    /**
     * Value, UTF-8.
     */
    const char *value;
} ncsn_provider_option;

/**
 * An input of the graph that is filled with a constant. This struct is frozen: it never grows.
 */
typedef struct ncsn_aux_input {
    /**
     * The input's name, UTF-8.
     */
    const char *name;
    /**
     * The value of all its elements, converted to the input's type.
     */
    double value;
} ncsn_aux_input;

/**
 * How to load a model: where ONNX Runtime is, what runs the network, and whatever the file's
 * metadata does not say (or says wrong). Initialise with ncsn_model_options_init().
 */
typedef struct ncsn_model_options {
    /**
     * sizeof(ncsn_model_options); set by ncsn_model_options_init().
     */
    uint32_t struct_size;
    /**
     * NCSN_FALLBACK_ERROR (default) or NCSN_FALLBACK_ALLOW.
     */
    int32_t fallback;
    /**
     * Path of ONNX Runtime's shared library, UTF-8. NULL: search, in this order, the environment
     * variables NCSN_ORT_PATH and ORT_DYLIB_PATH, then the folder that libncsn itself is in.
     * System folders are never searched. One process uses one ONNX Runtime: once loaded, another
     * path is NCSN_ERR_STATE.
     */
    const char *runtime_path;
    /**
     * Execution providers in order of preference (NCSN_PROVIDER_*). NULL: CPU.
     * A provider listed here must work (see `fallback`) and parts of the network that none of the
     * listed ones can run are an error, unless NCSN_PROVIDER_CPU is listed too.
     */
    const int32_t *providers;
    /**
     * Number of entries in `providers`.
     */
    size_t provider_count;
    /**
     * Options passed through to the providers. May be NULL.
     */
    const struct ncsn_provider_option *provider_options;
    /**
     * Number of entries in `provider_options`.
     */
    size_t provider_option_count;
    /**
     * Which device of the provider (GPU number). Default 0.
     */
    int32_t device_id;
    /**
     * Threads that one evaluation may use; 0: as many as this process may use. Chains are spread over
     * them; where there are too few, ONNX Runtime uses them inside its operators.
     */
    uint32_t intra_threads;
    /**
     * NCSN_SPINNING_*: whether threads inside operators spin while they wait, which gains a tenth on
     * a machine that does nothing else and loses much on one that does.
     */
    int32_t spinning;
    /**
     * 1: when the file carries a self-check vector (`ncsn.selfcheck`), run it at load and fail
     * with NCSN_ERR_MODEL if the runtime does not reproduce it. 0 (default): do not.
     */
    int32_t selfcheck;
    /**
     * Every evaluation is padded to a multiple of this many samples. Some kernels round
     * differently when the number of rows is not a multiple of 4; with 4 here samples are
     * bit-identical over batch sizes for such networks too. 0 (default): 4 for samples of rank 1,
     * 1 for images and everything larger.
     */
    uint32_t row_multiple;
    /**
     * NCSN_CONDITIONING_*. This and all fields below override the metadata of the file;
     * 0 or NULL: take it from the metadata (key `ncsn.conditioning`).
     */
    int32_t conditioning;
    /**
     * Scale of NCSN_CONDITIONING_AFFINE_LOG and _TIME_SCALED (`ncsn.conditioning_scale`).
     */
    double conditioning_scale;
    /**
     * Shift of NCSN_CONDITIONING_AFFINE_LOG (`ncsn.conditioning_shift`).
     */
    double conditioning_shift;
    /**
     * NCSN_OUTPUT_*: what the network returns (`ncsn.output`).
     */
    int32_t output;
    /**
     * NCSN_RANGE_*: the range of the data (`ncsn.range`).
     */
    int32_t value_range;
    /**
     * The ladder of noise levels, largest first, all positive (`ncsn.sigmas`).
     */
    const double *sigmas;
    /**
     * Number of entries in `sigmas`.
     */
    size_t sigma_count;
    /**
     * Standard deviation of the data (`ncsn.sigma_data`): needed by NCSN_OUTPUT_EDM_RAW and
     * NCSN_INPUT_SCALING_SIGMA_DATA, 1 when not said for NCSN_OUTPUT_V.
     */
    double sigma_data;
    /**
     * Number of classes (`ncsn.classes`) of a network with a class input: labels, int64 or int32
     * `[B]`, or one-hot floats `[B, classes]`.
     */
    uint32_t class_count;
    /**
     * NCSN_OFF_LADDER_*: sigmas an index-conditioned network was not trained for.
     */
    int32_t off_ladder;
    /**
     * Shape of one sample, without the batch axis (`ncsn.shape`). Needed only when the file
     * leaves these axes dynamic.
     */
    const int64_t *shape;
    /**
     * Number of entries in `shape`.
     */
    size_t shape_rank;
    /**
     * Name of the graph's input for x. NULL: found by rank and type.
     */
    const char *input_name;
    /**
     * Name of the graph's conditioning input. NULL: the other input.
     */
    const char *conditioning_name;
    /**
     * Name of the graph's class input. NULL: found by type, shape and name once `class_count` (or
     * `ncsn.classes`) says that there are classes.
     */
    const char *class_name;
    /**
     * Name of the graph's output. NULL: the only one, or the only one shaped like x.
     */
    const char *output_name;
    /**
     * NCSN_INPUT_SCALING_*: what x is multiplied with before the network sees it
     * (`ncsn.input_scaling`). Default: SIGMA_DATA for NCSN_OUTPUT_EDM_RAW and _V, else NONE.
     */
    int32_t input_scaling;
    /**
     * 1: the output has more channels than x and the first ones are the estimate, the others a
     * variance (`ncsn.first_channels`). Such an output is NCSN_ERR_SHAPE otherwise.
     */
    int32_t first_channels;
    /**
     * The conditioning value of each level, largest level first, for NCSN_CONDITIONING_TABLE
     * (`ncsn.table`).
     */
    const double *table;
    /**
     * Number of entries in `table`: as many as there are levels.
     */
    size_t table_count;
    /**
     * Further inputs of the graph, each filled with one number (`ncsn.aux`). May be NULL.
     */
    const struct ncsn_aux_input *aux_inputs;
    /**
     * Number of entries in `aux_inputs`.
     */
    size_t aux_input_count;
    /**
     * Points to the label that stands for "no class" (`ncsn.null_class`): one of the labels, or
     * the one after the last (for one-hot inputs a row of zeros). NULL: the file's, if it has one.
     */
    const int64_t *null_class;
    /**
     * NCSN_GRAPH_HELP_ON (default) or NCSN_GRAPH_HELP_OFF. On the CPU a model's graph is edited in
     * memory when it is loaded: activations that ONNX Runtime computes slowly (Elu, Selu, Softplus)
     * are spelt in operators that it computes fast, each within 2e-6, and what depends on the noise
     * level alone is evaluated once per level. Samples with it and without it differ in their last
     * digits; a saved run can be loaded with either. ncsn_get_info() says what was done.
     */
    int32_t graph_help;
    /**
     * Set to 0.
     */
    uint32_t reserved;
    /**
     * A folder, UTF-8, where graphs are kept as ONNX Runtime has prepared them for this CPU, so that a
     * model that was created before is created in less time; made if it is not there. Each model adds
     * files of about its own size, which nobody removes; a file that was damaged is made anew. Not for
     * models with weights in further files. NULL (default): nothing is kept.
     */
    const char *graph_cache_dir;
} ncsn_model_options;

/**
 * A network of the caller's own: writes its output for `sample_count` samples at `x` and noise
 * level `sigma` to `out` (same layout as `x`) and returns 0. What the output means is
 * ncsn_model_options::output (the score when not set). `labels` has one label per sample when
 * ncsn_model_options::class_count is set, and is NULL otherwise.
 */
typedef int32_t (*ncsn_score_fn)(void *user,
                                 const float *x,
                                 double sigma,
                                 const int64_t *labels,
                                 uint32_t sample_count,
                                 float *out);

/**
 * A network of the caller's own, for ncsn_create_from_callback().
 */
typedef struct ncsn_score_source {
    /**
     * sizeof(ncsn_score_source); set by the caller.
     */
    uint32_t struct_size;
    /**
     * Number of entries in `shape`, 1 to 8.
     */
    uint32_t rank;
    /**
     * Shape of one sample, without a batch axis.
     */
    const int64_t *shape;
    /**
     * Passed to `score`.
     */
    void *user;
    /**
     * The network. Calls come from whichever thread runs a chain, several at once if several
     * runs are stepped at once.
     */
    ncsn_score_fn score;
} ncsn_score_source;

/**
 * One thing that is known about a model. This struct is frozen: it never grows.
 */
typedef struct ncsn_fact {
    /**
     * What it is about: the metadata key without `ncsn.`, e.g. "conditioning" (and "input_name",
     * "conditioning_name", "class_name" for the entries of `ncsn.input_names`).
     */
    const char *key;
    /**
     * The value as metadata spell it, e.g. "level_desc" or "[1,0.5,0.25]".
     */
    const char *value;
    /**
     * NCSN_SOURCE_*: who said so.
     */
    int32_t source;
    /**
     * 0.
     */
    uint32_t reserved;
} ncsn_fact;

/**
 * What a loaded model is. Filled by ncsn_get_info(). Pointers live as long as the model (that is,
 * until ncsn_destroy() and the end of its last run); strings are UTF-8, never NULL.
 */
typedef struct ncsn_model_info {
    /**
     * sizeof(ncsn_model_info); set by the caller before the call.
     */
    uint32_t struct_size;
    /**
     * Rank of one sample: the number of entries in `shape`.
     */
    uint32_t rank;
    /**
     * Shape of one sample, without the batch axis, e.g. {1, 28, 28}.
     */
    const int64_t *shape;
    /**
     * Number of floats in one sample: the product of `shape`.
     */
    size_t element_count;
    /**
     * The ladder of noise levels, largest first. NULL when the model has none.
     */
    const double *sigmas;
    /**
     * Number of noise levels; 0 when the model has no ladder.
     */
    size_t level_count;
    /**
     * The largest noise level, or 0.
     */
    double sigma_max;
    /**
     * The smallest noise level, or 0.
     */
    double sigma_min;
    /**
     * NCSN_CONDITIONING_*.
     */
    int32_t conditioning;
    /**
     * NCSN_OUTPUT_*.
     */
    int32_t output;
    /**
     * Number of classes; 0 for an unconditional model.
     */
    uint32_t class_count;
    /**
     * NCSN_RANGE_*.
     */
    int32_t value_range;
    /**
     * NCSN_PROVIDER_* that runs the network (the first of the list that could be used);
     * 0 for a network of the caller's own.
     */
    int32_t provider;
    /**
     * Device number given to the provider.
     */
    int32_t device_id;
    /**
     * Threads that ONNX Runtime may use inside one evaluation.
     */
    uint32_t intra_threads;
    /**
     * The batch size that is fixed in the file, or 0 when the batch axis is dynamic (as it
     * should be). A fixed batch works: the library pads.
     */
    uint32_t fixed_batch;
    /**
     * With NCSN_FALLBACK_ALLOW: why the wanted provider is not in use. "" when it is.
     */
    const char *fallback_reason;
    /**
     * ONNX Runtime's version, e.g. "1.28.0". "" for a network of the caller's own.
     */
    const char *runtime_version;
    /**
     * The file that ONNX Runtime was really loaded from.
     */
    const char *runtime_path;
    /**
     * `ncsn.description` of the file, or "".
     */
    const char *description;
    /**
     * `ncsn.license` of the file, or "".
     */
    const char *license;
    /**
     * Identifies the network's bytes and its contract; a saved run continues only on the same.
     */
    uint64_t fingerprint;
    /**
     * NCSN_INPUT_SCALING_*.
     */
    int32_t input_scaling;
    /**
     * NCSN_OFF_LADDER_*.
     */
    int32_t off_ladder;
    /**
     * The label that stands for "no class", or -1 when there is none.
     */
    int64_t null_class;
    /**
     * Standard deviation of the data, where output or input scaling use it; else 1.
     */
    double sigma_data;
    /**
     * Scale of the conditioning; 1 when not used.
     */
    double conditioning_scale;
    /**
     * Shift of the conditioning; 0 when not used.
     */
    double conditioning_shift;
    /**
     * The conditioning values of NCSN_CONDITIONING_TABLE, `level_count` of them, or NULL.
     */
    const double *table;
    /**
     * All that is known about the model, by name, with where each came from: metadata, graph,
     * options or this library's defaults.
     */
    const struct ncsn_fact *facts;
    /**
     * Number of entries in `facts`.
     */
    size_t fact_count;
    /**
     * Number of weights in the file; 0 if unknown.
     */
    uint64_t parameter_count;
    /**
     * What was done to the graph at load (see ncsn_model_options::graph_help), e.g. "5 Elu
     * rewritten". "" where nothing was.
     */
    const char *graph_help;
} ncsn_model_info;

/**
 * Where a run is. For ncsn_run_step() and ncsn_run_poll() the caller sets struct_size; in the
 * callback the library has set it.
 */
typedef struct ncsn_progress {
    /**
     * sizeof(ncsn_progress).
     */
    uint32_t struct_size;
    /**
     * NCSN_PHASE_*.
     */
    int32_t phase;
    /**
     * Level of the latest evaluation, 0 = largest sigma.
     */
    uint32_t level;
    /**
     * Number of levels.
     */
    uint32_t level_count;
    /**
     * Step of the latest evaluation within its level, from 0.
     */
    uint32_t step;
    /**
     * Steps per level.
     */
    uint32_t steps_per_level;
    /**
     * Network evaluations that every chain has completed (NFE as papers count it).
     */
    uint64_t nfe_done;
    /**
     * Network evaluations that every chain will have had at the end.
     */
    uint64_t nfe_total;
    /**
     * Evaluations of micro-batches done: what moves the finest progress bar.
     */
    uint64_t calls_done;
    /**
     * Evaluations of micro-batches in all.
     */
    uint64_t calls_total;
    /**
     * Noise level of the latest evaluation.
     */
    double sigma;
    /**
     * Euclidean norm of the score, root mean square over the chains of the latest step.
     */
    double score_norm;
    /**
     * Euclidean norm of the update, root mean square over the chains of the latest step.
     */
    double update_norm;
    /**
     * Seconds spent inside this run's calls.
     */
    double elapsed_seconds;
    /**
     * Estimate of the seconds still needed, from the calls so far. 0 before the first.
     */
    double remaining_seconds;
    /**
     * All samples in `output_format`, by `preview_kind`. Only in the callback, only when
     * `preview_every` says so, valid until the callback returns; NULL otherwise.
     */
    const void *preview;
    /**
     * Bytes at `preview`.
     */
    size_t preview_bytes;
    /**
     * Estimate of the seconds that the next evaluation of a micro-batch takes, from the latest ones: how
     * far ncsn_run_step() can exceed its budget. 0 before the first.
     */
    double call_seconds;
} ncsn_progress;

/**
 * Receives progress after each evaluation of the network by a micro-batch, on the thread that is
 * inside the library's call, with no lock held that another call would need. Return 0 to go on,
 * anything else to cancel. Must not unwind (throw) into the library.
 */
typedef int32_t (*ncsn_progress_fn)(void *user, const struct ncsn_progress *now);

/**
 * What noise is wanted.
 */
typedef struct ncsn_noise_request {
    /**
     * sizeof(ncsn_noise_request).
     */
    uint32_t struct_size;
    /**
     * NCSN_NOISE_*.
     */
    int32_t purpose;
    /**
     * Level, 0 = largest sigma.
     */
    uint32_t level;
    /**
     * Step within the level, from 0.
     */
    uint32_t step;
    /**
     * Index of the first sample (ncsn_sample_params::first_sample included).
     */
    uint64_t first_sample;
    /**
     * Number of samples.
     */
    uint32_t sample_count;
    /**
     * Set to 0 by the library.
     */
    uint32_t reserved;
    /**
     * Number of floats a sample.
     */
    size_t elements_per_sample;
} ncsn_noise_request;

/**
 * Replaces the noise generator: fill `out` with sample_count * elements_per_sample standard
 * normals, sample after sample, and return 0. Anything else stops the call with
 * NCSN_ERR_CALLBACK. Non-finite values are refused with NCSN_ERR_NON_FINITE. ncsn_fill_noise() is
 * the generator that is replaced, ncsn_interpolated_noise() a ready callback.
 */
typedef int32_t (*ncsn_noise_fn)(void *user, const struct ncsn_noise_request *request, float *out);

/**
 * Which score is about to be used.
 */
typedef struct ncsn_guide_request {
    /**
     * sizeof(ncsn_guide_request).
     */
    uint32_t struct_size;
    /**
     * NCSN_NOISE_*: the kind of update that will use the score (0: the final denoising).
     */
    int32_t purpose;
    /**
     * Level, 0 = largest sigma.
     */
    uint32_t level;
    /**
     * Step within the level, from 0.
     */
    uint32_t step;
    /**
     * Index of the first sample (ncsn_sample_params::first_sample included).
     */
    uint64_t first_sample;
    /**
     * Number of samples.
     */
    uint32_t sample_count;
    /**
     * Set to 0 by the library.
     */
    uint32_t reserved;
    /**
     * Number of floats a sample.
     */
    size_t elements_per_sample;
    /**
     * Noise level.
     */
    double sigma;
    /**
     * The chains, read only: sample_count * elements_per_sample floats.
     */
    const float *x;
} ncsn_guide_request;

/**
 * May change the score before it is used: `score` holds sample_count * elements_per_sample
 * floats, s(x, sigma) at `request->x`. Add to it what should steer the chains (a gradient of a
 * log likelihood, say) and return 0. Anything else stops the call with NCSN_ERR_CALLBACK.
 */
typedef int32_t (*ncsn_guide_fn)(void *user, const struct ncsn_guide_request *request, float *score);

/**
 * What to sample and how. Initialise with ncsn_sample_params_init(), which puts the model's own
 * values in; then change what you want. Arrays are read during the call and copied.
 */
typedef struct ncsn_sample_params {
    /**
     * sizeof(ncsn_sample_params); set by ncsn_sample_params_init().
     */
    uint32_t struct_size;
    /**
     * NCSN_SAMPLER_*; 0: the model's own.
     */
    int32_t sampler;
    /**
     * Seed of the noise. Any value.
     */
    uint64_t seed;
    /**
     * Index of the first sample. Sample k of the call uses the noise of index first_sample + k,
     * so a job may be cut anywhere and gives the same samples. Below 2^48.
     */
    uint64_t first_sample;
    /**
     * Number of samples, 1 to 2^31 - 1. Default 1.
     */
    uint32_t sample_count;
    /**
     * Samples evaluated at once (the micro-batch); 0: chosen. It does not change the samples (see
     * DETERMINISM), only speed, memory and how soon a cancel is seen.
     */
    uint32_t batch_size;
    /**
     * NCSN_SCHEDULE_*; 0: GIVEN when `sigmas` is set, else the model's.
     */
    int32_t schedule;
    /**
     * Number of levels; 0: the model's. With NCSN_SCHEDULE_MODEL another number than the model's
     * spreads them evenly over the model's ladder: some of its levels, or levels between them where
     * the network takes any sigma.
     */
    uint32_t level_count;
    /**
     * NCSN_SCHEDULE_GEOMETRIC and _KARRAS: largest noise level; 0: the model's.
     */
    double sigma_max;
    /**
     * NCSN_SCHEDULE_GEOMETRIC and _KARRAS: smallest noise level; 0: the model's.
     */
    double sigma_min;
    /**
     * NCSN_SCHEDULE_KARRAS: rho, 1 to 1000; 0: 7.
     */
    double rho;
    /**
     * The noise levels, strictly decreasing, positive and finite. NULL: by `schedule`.
     */
    const double *sigmas;
    /**
     * Number of entries in `sigmas`.
     */
    size_t sigma_count;
    /**
     * T, Langevin steps at each level; for NCSN_SAMPLER_CONSISTENT_ANNEALED the number of levels that
     * each is divided into. 0: the model's for its own sampler, else about 1000 evaluations in all for
     * Langevin dynamics and 1 for consistent annealed sampling. At most 2^24. Other samplers have none:
     * for them, and for consistent annealed sampling, the model's own value counts as 0 where the model
     * has another sampler.
     */
    uint32_t steps_per_level;
    /**
     * NCSN_STEP_*; 0: the model's. The same epsilon means steps of different length in the two
     * conventions: know which one yours was tuned for.
     */
    int32_t step_convention;
    /**
     * epsilon. Annealed Langevin: the step size at the smallest level, a_i = epsilon sigma_i^2 /
     * sigma_L^2. Plain Langevin: the step size a itself. Consistent annealed sampling: eta sigma_L^2,
     * with 1 - g < eta < 1 + g, g the smallest ratio sigma_{k+1}/sigma_k. 0: the model's for its own
     * sampler and levels, else chosen. Other samplers have none. For a sampler that is not the model's
     * own, the model's own value counts as 0.
     * With c = 1/2 (HALF) or 1 (FULL), kappa = c epsilon / sigma_L^2 must be below 2: at 2 the
     * chains diverge on any data (annealed Langevin; from 1 a warning is logged).
     */
    double step_size;
    /**
     * Final denoising x + sigma_L^2 s(x, sigma_L), which for samplers that move from level to level is
     * their step to sigma = 0: 1 yes, 0 no, -1 the model's for its own sampler (yes when it does not
     * say; no for plain Langevin).
     */
    int32_t denoise;
    /**
     * NCSN_INIT_*; 0: the model's. A sampler that is not the model's own and moves from level to level
     * starts with NCSN_INIT_NORMAL where this is the model's, and NCSN_SAMPLER_AUTO with
     * NCSN_INIT_MEAN_PLUS_NOISE where the first level covers the data.
     */
    int32_t init_kind;
    /**
     * Initial samples for NCSN_INIT_GIVEN and _GIVEN_PLUS_NOISE, sample after sample, in the data's
     * range.
     */
    const float *init;
    /**
     * Number of floats in `init`: sample_count * element_count.
     */
    size_t init_count;
    /**
     * First level to run (0 = largest sigma): the chains start there.
     */
    uint32_t start_level;
    /**
     * NCSN_F32_NCHW, NCSN_U8_*; 0: NCSN_F32_NCHW.
     */
    int32_t output_format;
    /**
     * Bytes from one row of pixels to the next in 8-bit formats, for textures whose rows are padded:
     * at least width * bytes of a pixel. A sample then takes height * row_pitch bytes, of which those
     * between rows are never written. 0: rows follow each other. Must be 0 with NCSN_F32_NCHW.
     */
    size_t row_pitch;
    /**
     * Class labels of a class-conditional model, one per sample: 0 to class_count - 1, or -1 for no
     * class if the model has a null class. NULL: no class, for all.
     */
    const int64_t *labels;
    /**
     * Number of entries in `labels`: sample_count.
     */
    size_t label_count;
    /**
     * w of classifier-free guidance: the score is s_u + w (s_c - s_u), s_c of the labels and s_u of the
     * null class. 0 or 1: none. Others need `labels` and a model with a null class, and take two
     * evaluations of the network for each score.
     */
    double guidance_scale;
    /**
     * Inpainting: the known samples y, in the data's range, or NULL. After every update the chains
     * become m (y + sigma z) + (1 - m) x, at the end m y + (1 - m) x. Not for NCSN_SAMPLER_RK45.
     */
    const float *known;
    /**
     * Inpainting: m, 1 where the sample is known, 0 where not, between where both are mixed.
     */
    const float *mask;
    /**
     * Number of floats in `known` and in `mask`: sample_count * element_count, or element_count for
     * the same known sample and mask in all.
     */
    size_t known_count;
    /**
     * Signal-to-noise ratio r of score_sde. NCSN_SAMPLER_PREDICTOR_CORRECTOR: the corrector's step is
     * a = 2 (r ||z|| / ||s||)^2; 0: 0.16. NCSN_SAMPLER_ANNEALED_LANGEVIN: another spelling of the step
     * size, c epsilon = 2 r^2 sigma_L^2, that takes the place of `step_size`; 0: unset. Other samplers
     * have none.
     */
    double snr;
    /**
     * NCSN_SAMPLER_PREDICTOR_CORRECTOR: corrector steps at each level; 0: 1.
     */
    uint32_t corrector_steps;
    /**
     * NCSN_READ_STATE or NCSN_READ_DENOISED: what `ncsn_progress::preview` shows; 0: DENOISED.
     */
    int32_t preview_kind;
    /**
     * NCSN_SAMPLER_EULER and _HEUN: EDM's S_churn, at least 0. Before its step from sigma a chain is
     * raised to (1 + gamma) sigma with gamma = min(churn / levels, sqrt(2) - 1). 0: none.
     */
    double churn;
    /**
     * EDM's S_min: smaller levels are not churned.
     */
    double churn_min;
    /**
     * EDM's S_max: larger levels are not churned. 0: no limit.
     */
    double churn_max;
    /**
     * EDM's S_noise, by which the churned noise is multiplied. 0: 1.
     */
    double churn_noise;
    /**
     * NCSN_SAMPLER_RK45: tolerance relative to x, 1e-6 to 1; 0: 1e-3.
     */
    double rtol;
    /**
     * NCSN_SAMPLER_RK45: absolute tolerance, 1e-6 to 1; 0: 1e-3.
     */
    double atol;
    /**
     * Make a preview after every this many steps (and after the last one); 0: never.
     */
    uint32_t preview_every;
    /**
     * Set to 0.
     */
    uint32_t reserved;
    /**
     * Progress callback, or NULL.
     */
    ncsn_progress_fn progress;
    /**
     * Passed to `progress`.
     */
    void *progress_user;
    /**
     * Noise callback, or NULL for the library's generator. NCSN_INIT_UNIFORM does not ask it.
     */
    ncsn_noise_fn noise;
    /**
     * Passed to `noise`.
     */
    void *noise_user;
    /**
     * Guide callback, or NULL.
     */
    ncsn_guide_fn guide;
    /**
     * Passed to `guide`.
     */
    void *guide_user;
    /**
     * NCSN_SAMPLER_PREDICTOR_CORRECTOR: the predictor, NCSN_SAMPLER_REVERSE_DIFFUSION (0), _ANCESTRAL,
     * _EULER_MARUYAMA or _PROBABILITY_FLOW.
     */
    int32_t predictor;
    /**
     * NCSN_SAMPLER_PREDICTOR_CORRECTOR: NCSN_NORM_*, what stands for ||z||; 0: NCSN_NORM_DRAWN.
     */
    int32_t corrector_norm;
    /**
     * NCSN_SAMPLER_AUTO: the most network evaluations to spend on a sample; 0: 40.
     */
    uint32_t nfe_budget;
    /**
     * Inpainting: how often each level is run, with noise added to go back up in between (RePaint);
     * 0: once. Not for Langevin dynamics, DPM-Solver++ and UniPC.
     */
    uint32_t resample_steps;
} ncsn_sample_params;

/**
 * Memory for sampling, in bytes (ncsn_estimate_memory()).
 */
typedef struct ncsn_memory {
    /**
     * sizeof(ncsn_memory).
     */
    uint32_t struct_size;
    /**
     * Set to 0 by the library.
     */
    uint32_t reserved;
    /**
     * All of what follows.
     */
    uint64_t total_bytes;
    /**
     * The network's weights, as often as they are held: a model is opened a second time for runs of
     * so few samples that threads work inside operators.
     */
    uint64_t weights_bytes;
    /**
     * What the network's evaluations use at a time beside them.
     */
    uint64_t evaluation_bytes;
    /**
     * The run: chains, what the sampler remembers of them, previews.
     */
    uint64_t run_bytes;
    /**
     * Samples that are evaluated at a time, on all threads.
     */
    uint64_t rows_at_once;
} ncsn_memory;

/**
 * Which objective to evaluate, on what. Initialise with ncsn_evaluate_params_init().
 */
typedef struct ncsn_evaluate_params {
    /**
     * sizeof(ncsn_evaluate_params); set by ncsn_evaluate_params_init().
     */
    uint32_t struct_size;
    /**
     * NCSN_OBJECTIVE_*. Default DSM.
     */
    int32_t objective;
    /**
     * Seed of the noise and of the random directions.
     */
    uint64_t seed;
    /**
     * Samples in the data's own range, one after another.
     */
    const float *data;
    /**
     * Number of floats in `data`: a multiple of ncsn_model_info::element_count.
     */
    size_t data_count;
    /**
     * One class label per sample, -1 for no class. NULL: no class, for all.
     */
    const int64_t *labels;
    /**
     * Number of entries in `labels`.
     */
    size_t label_count;
    /**
     * Noise levels, largest first. NULL: the model's own.
     */
    const double *sigmas;
    /**
     * Number of entries in `sigmas`.
     */
    size_t sigma_count;
    /**
     * At most this many of the model's own levels, spread evenly, both ends among them. 0
     * (default): all.
     */
    uint32_t max_levels;
    /**
     * Random directions per sample, for the objectives that use them. Default 1.
     */
    uint32_t directions;
    /**
     * Step of the central differences in units of sigma, in (0, 1]. Default 0.01.
     */
    double difference;
    /**
     * The given score of NCSN_OBJECTIVE_PSM and _ESM: a model of samples of the same shape. NULL
     * for the others.
     */
    const struct ncsn_model *target;
    /**
     * Samples evaluated at once; 0: chosen. It does not change the result.
     */
    uint32_t batch_size;
    /**
     * Set to 0.
     */
    uint32_t reserved;
} ncsn_evaluate_params;

/**
 * An objective at one noise level. This struct is frozen: it never grows.
 */
typedef struct ncsn_level_loss {
    /**
     * The noise level.
     */
    double sigma;
    /**
     * The objective: the mean over the samples.
     */
    double loss;
    /**
     * Its standard error, from the spread over the samples; 0 for a single sample.
     */
    double standard_error;
    /**
     * sigma^2 * loss: this level's part in MDSM.
     */
    double weighted;
    /**
     * For objectives with derivatives: how far the differences with the step and with twice the
     * step are apart, relative to their size; well below 1 when the step suits the network. -1 for
     * the others.
     */
    double difference_error;
    /**
     * Number of samples.
     */
    uint64_t count;
} ncsn_level_loss;

/**
 * The objective over all levels. Filled by ncsn_evaluate().
 */
typedef struct ncsn_evaluation {
    /**
     * sizeof(ncsn_evaluation); set by the caller before the call.
     */
    uint32_t struct_size;
    /**
     * NCSN_OBJECTIVE_ISM: 1 when the trace is exact up to the differences (samples of up to 64
     * floats), 0 when it is estimated along the random directions, which makes it SSM-VR.
     */
    int32_t exact_trace;
    /**
     * (1/L) sum of sigma_i^2 loss_i over the levels: MDSM when the objective is DSM.
     */
    double total;
    /**
     * Its standard error.
     */
    double total_error;
    /**
     * Number of levels, and of entries written.
     */
    size_t level_count;
    /**
     * Network evaluations spent on each sample.
     */
    uint64_t evaluations;
} ncsn_evaluation;

/**
 * How to validate. Initialise with ncsn_validate_params_init().
 */
typedef struct ncsn_validate_params {
    /**
     * sizeof(ncsn_validate_params); set by ncsn_validate_params_init().
     */
    uint32_t struct_size;
    /**
     * At most this many of the model's levels, spread evenly, both ends among them; 0: all.
     * Default 12.
     */
    uint32_t max_levels;
    /**
     * Seed of the noise.
     */
    uint64_t seed;
    /**
     * Samples in the data's own range, one after another; about 100 suffice. NULL: without data,
     * at the largest level alone.
     */
    const float *data;
    /**
     * Number of floats in `data`: a multiple of ncsn_model_info::element_count.
     */
    size_t data_count;
    /**
     * One class label per sample, -1 for no class. NULL: no class, for all.
     */
    const int64_t *labels;
    /**
     * Number of entries in `labels`.
     */
    size_t label_count;
    /**
     * At most this many of the samples, spread evenly; 0: all. Default 256.
     */
    uint32_t max_samples;
    /**
     * Samples evaluated at once; 0: chosen.
     */
    uint32_t batch_size;
} ncsn_validate_params;

/**
 * What was measured at one noise level; NaN where outputs were not finite. This struct is frozen:
 * it never grows.
 */
typedef struct ncsn_level_check {
    /**
     * Index in the model's ladder, 0 = largest sigma.
     */
    uint32_t level;
    /**
     * 0.
     */
    uint32_t reserved;
    /**
     * The noise level.
     */
    double sigma;
    /**
     * E[s.(-z/sigma)] / E||s||^2 of the score as the contract reads it: 1 when all is right.
     */
    double slope;
    /**
     * Its standard error.
     */
    double slope_error;
    /**
     * The same of the network's raw output: 1 for the score, 1/sigma for sigma s, -1/sigma for the
     * noise.
     */
    double raw_slope;
    /**
     * How much of -z/sigma the score explains, with the best factor: 0 to 1.
     */
    double r2;
    /**
     * sigma^2 DSM = 1/2 E||sigma s + z||^2.
     */
    double loss;
    /**
     * Its standard error.
     */
    double loss_error;
    /**
     * What a score of zero has for a loss, about D/2. A loss above it is worse than nothing.
     */
    double zero_loss;
    /**
     * Number of the caller's samples; 0 without data.
     */
    uint64_t count;
} ncsn_level_check;

/**
 * A metadata entry that would make a model right. This struct is frozen: it never grows.
 */
typedef struct ncsn_suggestion {
    /**
     * The key, e.g. "ncsn.output".
     */
    const char *key;
    /**
     * The value; "" for a key to remove.
     */
    const char *value;
} ncsn_suggestion;

/**
 * One verdict on a model. This struct is frozen: it never grows.
 */
typedef struct ncsn_finding {
    /**
     * NCSN_CHECK_*: what was looked at.
     */
    int32_t check;
    /**
     * NCSN_SEVERITY_*.
     */
    int32_t severity;
    /**
     * What was found, where, and what to do about it.
     */
    const char *text;
    /**
     * Metadata that would make it right, or NULL.
     */
    const struct ncsn_suggestion *suggestions;
    /**
     * Number of entries in `suggestions`.
     */
    size_t suggestion_count;
} ncsn_finding;

/**
 * What ncsn_validate() found. Filled by ncsn_validation_get(). Pointers live until
 * ncsn_validation_free(); strings are UTF-8, never NULL.
 */
typedef struct ncsn_validation_info {
    /**
     * sizeof(ncsn_validation_info); set by the caller before the call.
     */
    uint32_t struct_size;
    /**
     * 1 when no finding is an error.
     */
    int32_t passed;
    /**
     * 1 when the caller's data were used.
     */
    int32_t with_data;
    /**
     * 0.
     */
    uint32_t reserved;
    /**
     * The levels that were looked at, largest noise first.
     */
    const struct ncsn_level_check *levels;
    /**
     * Number of entries in `levels`.
     */
    size_t level_count;
    /**
     * The verdicts, worst first.
     */
    const struct ncsn_finding *findings;
    /**
     * Number of entries in `findings`.
     */
    size_t finding_count;
    /**
     * All findings as text to print, one a line, suggestions indented below.
     */
    const char *report;
} ncsn_validation_info;

/**
 * What is known of the data, and what is wanted. Initialise with ncsn_recommend_params_init().
 */
typedef struct ncsn_recommend_params {
    /**
     * sizeof(ncsn_recommend_params); set by ncsn_recommend_params_init().
     */
    uint32_t struct_size;
    /**
     * T, Langevin steps at each level. Default 5.
     */
    uint32_t steps_per_level;
    /**
     * D: floats in a sample. Must be set.
     */
    size_t dimension;
    /**
     * The largest distance between two samples, which becomes sigma_1; 0: measured in `data`.
     */
    double diameter;
    /**
     * Samples, one after another, to measure the diameter in. NULL when `diameter` is set.
     */
    const float *data;
    /**
     * Number of floats in `data`: a multiple of `dimension`.
     */
    size_t data_count;
    /**
     * sigma_L. Default 0.01.
     */
    double sigma_min;
    /**
     * C of technique 2: how much of a level's shell the next one covers. Default 0.567.
     */
    double coverage;
    /**
     * This many levels instead of those that the coverage asks for; 0 (default): by coverage.
     */
    size_t level_count;
} ncsn_recommend_params;

/**
 * A step size and what it does to the chains. This struct is frozen: it never grows.
 */
typedef struct ncsn_recommended_step {
    /**
     * kappa = c epsilon / sigma_L^2.
     */
    double kappa;
    /**
     * epsilon for NCSN_STEP_HALF.
     */
    double epsilon_half;
    /**
     * epsilon for NCSN_STEP_FULL.
     */
    double epsilon_full;
    /**
     * Technique 4's s_T^2 / sigma_i^2: the variance after the steps of a level, relative to the
     * level's own, of chains that came with that of the level before.
     */
    double variance_ratio;
    /**
     * r*: the same of chains that came with what all levels before left in them.
     */
    double accumulated_ratio;
} ncsn_recommended_step;

/**
 * A ladder and step sizes. Filled by ncsn_recommend().
 */
typedef struct ncsn_recommendation {
    /**
     * sizeof(ncsn_recommendation); set by the caller before the call.
     */
    uint32_t struct_size;
    /**
     * 1 unless `diameter` was measured in too many samples to compare every pair; it may then be a
     * few percent short.
     */
    int32_t exact_diameter;
    /**
     * The diameter, given or measured: the largest noise level.
     */
    double diameter;
    /**
     * gamma of technique 2: the ratio of neighbouring levels that has the coverage asked for.
     */
    double gamma;
    /**
     * The ratio of neighbouring levels in the ladder.
     */
    double ratio;
    /**
     * C of the ladder.
     */
    double coverage;
    /**
     * L: number of levels in the ladder.
     */
    size_t level_count;
    /**
     * Network evaluations of a sample: L T, and one for the final denoising.
     */
    uint64_t evaluations;
    /**
     * The step size of technique 4: brings `variance_ratio` closest to 1, as published models do.
     */
    struct ncsn_recommended_step step;
    /**
     * The one that brings `accumulated_ratio` closest to 1: the better one for T of 1 to 3.
     */
    struct ncsn_recommended_step accumulated_step;
} ncsn_recommendation;

/**
 * How to tune. Initialise with ncsn_tune_params_init().
 */
typedef struct ncsn_tune_params {
    /**
     * sizeof(ncsn_tune_params); set by ncsn_tune_params_init().
     */
    uint32_t struct_size;
    /**
     * Samples evaluated at once; 0 (default): as many as a sampler takes unless it is told. What is
     * fastest depends on it.
     */
    uint32_t batch_size;
    /**
     * The largest error that is accepted: of the score, relative, root mean square over some noisy
     * samples, at the worst of some levels. Default 1e-4: single precision keeps it, no lower one
     * does. Must not be negative.
     */
    double max_error;
    /**
     * About how long it may take, in seconds, above 0. Default 20. An engine whose making has begun is
     * finished.
     */
    double seconds;
    /**
     * At most this many of the model's levels, spread evenly, both ends among them; 0: all.
     * Default 6.
     */
    uint32_t max_levels;
    /**
     * NCSN_TUNE_CACHE_*. Default NCSN_TUNE_CACHE_USE.
     */
    int32_t cache;
    /**
     * Seed of the noise.
     */
    uint64_t seed;
    /**
     * The folder of earlier results, UTF-8; made if it is not there. NULL (default): the environment
     * variable NCSN_CACHE_DIR, or `ncsn` in the user's folder for caches (XDG_CACHE_HOME or ~/.cache;
     * on Windows LOCALAPPDATA).
     */
    const char *cache_dir;
} ncsn_tune_params;

/**
 * One way to run a network. This struct is frozen: it never grows.
 */
typedef struct ncsn_tuning_row {
    /**
     * What it is, e.g. "OpenVINO f32, 2 threads".
     */
    const char *candidate;
    /**
     * Why it failed or was not tried, or "".
     */
    const char *reason;
    /**
     * NCSN_VERDICT_*: what became of it.
     */
    int32_t verdict;
    /**
     * 0.
     */
    uint32_t reserved;
    /**
     * Seconds for one evaluation of the batch, the median over `rounds`; of one that was given up
     * before them, the least of a few. -1: not measured.
     */
    double seconds;
    /**
     * The same relative to the first row. -1: not measured.
     */
    double ratio;
    /**
     * The error at the worst level, as ncsn_tune_params::max_error has it. -1: not measured.
     */
    double error;
    /**
     * That level's sigma. -1: not measured, or no error at all.
     */
    double sigma;
} ncsn_tuning_row;

/**
 * What ncsn_tune() found. Filled by ncsn_tuning_get(). Pointers live until ncsn_tuning_free(); strings
 * are UTF-8, never NULL.
 */
typedef struct ncsn_tuning_info {
    /**
     * sizeof(ncsn_tuning_info); set by the caller before the call.
     */
    uint32_t struct_size;
    /**
     * The samples of a batch.
     */
    uint32_t batch_size;
    /**
     * What was tried. The first row is the model as the options would have opened it.
     */
    const struct ncsn_tuning_row *rows;
    /**
     * Number of entries in `rows`.
     */
    size_t row_count;
    /**
     * Index of the chosen row.
     */
    size_t chosen;
    /**
     * The bound on the error.
     */
    double max_error;
    /**
     * How often each was timed; 0: the time was up before.
     */
    uint32_t rounds;
    /**
     * 1 when the time sufficed to try all of them, and for three rounds.
     */
    int32_t complete;
    /**
     * 1 when this is an earlier result.
     */
    int32_t from_cache;
    /**
     * 0.
     */
    uint32_t reserved;
    /**
     * The file that has the result, or "".
     */
    const char *cache_file;
    /**
     * All rows as a table to print, and what was chosen.
     */
    const char *report;
} ncsn_tuning_info;

/**
 * Strips of samples between pairs of samples, for ncsn_interpolated_noise(). Set every field;
 * unset ones to 0.
 *
 * Sample k of a strip has the noise cos(phi) z_from + sin(phi) z_to in every draw, with
 * phi = k/(sample_count - 1) pi/2; its first and its last sample are the samples of `from` and of
 * `to` as they would be alone. Sample i of the run is number i mod sample_count of strip
 * j = i / sample_count, which goes from sample from_sample + j to sample to_sample + j.
 */
typedef struct ncsn_interpolation {
    /**
     * sizeof(ncsn_interpolation); set by the caller.
     */
    uint32_t struct_size;
    /**
     * Samples in a strip, both ends among them: at least 2.
     */
    uint32_t sample_count;
    /**
     * Seed of the first sample of a strip.
     */
    uint64_t from_seed;
    /**
     * Index of the first sample of the first strip, below 2^48.
     */
    uint64_t from_sample;
    /**
     * Seed of the last sample of a strip.
     */
    uint64_t to_seed;
    /**
     * Index of the last sample of the first strip, below 2^48.
     */
    uint64_t to_sample;
} ncsn_interpolation;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The NCSN_ABI_VERSION that this library implements. A program compiled against a header with
 * another number must not go on.
 */
uint32_t ncsn_abi_version(void);

/**
 * The library's version, e.g. "1.0.0". A static string.
 */
const char *ncsn_version(void);

/**
 * The name of a status, e.g. "NCSN_ERR_PROVIDER"; "NCSN_UNKNOWN_STATUS" for other numbers.
 * A static string.
 */
const char *ncsn_status_name(ncsn_status status);

/**
 * Copies the text of the calling thread's last error to `buf` (UTF-8, NUL-terminated, cut at a
 * character if `cap` bytes are too few) and returns the bytes needed for all of it, NUL included.
 * `buf` may be NULL to ask for the size. A successful call does not clear the text; before the
 * first error it is "".
 */
size_t ncsn_last_error(char *buf, size_t cap);

/**
 * Sends log messages of at most `max_level` (NCSN_LOG_*) to `callback`, for the whole process;
 * NULL silences. May be called before anything else. Once it has returned the earlier callback is
 * not running and will not be called again. Errors are returned by calls whether or not there is
 * a log.
 *
 * Returns NCSN_ERR_ARGUMENT for an unknown level, NCSN_ERR_STATE from inside the callback.
 */
ncsn_status ncsn_set_log(ncsn_log_fn callback, void *user, int32_t max_level);

/**
 * Fills `options` with the defaults: CPU, strict, everything else from the model file.
 * `struct_size` is sizeof(ncsn_model_options).
 */
ncsn_status ncsn_model_options_init(struct ncsn_model_options *options, uint32_t struct_size);

/**
 * Loads a score network from an ONNX file.
 *
 * `path_utf8` is the file's path in UTF-8 on every system. `options` may be NULL. On success
 * `*out` is a handle for ncsn_destroy(); on failure it is not touched.
 *
 * The first call of a process loads ONNX Runtime, too (NCSN_ERR_RUNTIME_MISSING,
 * NCSN_ERR_RUNTIME_VERSION). It then sets the environment variable ORT_DISABLE_TELEMETRY=1,
 * unless it is set or NCSN_ORT_TELEMETRY=1 is: official builds since 1.29 phone home otherwise.
 *
 * Other errors: NCSN_ERR_IO (no such file), NCSN_ERR_MODEL (not a model), NCSN_ERR_CONTRACT,
 * NCSN_ERR_SHAPE (a model, but no score network, or it does not say enough), NCSN_ERR_PROVIDER,
 * NCSN_ERR_UNSUPPORTED, NCSN_ERR_ARGUMENT, NCSN_ERR_UTF8, NCSN_ERR_STRUCT_SIZE, NCSN_ERR_STATE.
 */
ncsn_status ncsn_create(const char *path_utf8,
                        const struct ncsn_model_options *options,
                        struct ncsn_model **out);

/**
 * Loads a score network from the `size` bytes of an ONNX file in memory (an asset bundle, a
 * resource). The bytes are not needed after the call. Weights in further files are not found.
 * Otherwise as ncsn_create().
 */
ncsn_status ncsn_create_from_memory(const void *bytes,
                                    size_t size,
                                    const struct ncsn_model_options *options,
                                    struct ncsn_model **out);

/**
 * Makes a model of a function of the caller's own. ONNX Runtime is not needed. Of `options` (may be
 * NULL) the contract overrides count: `sigmas`, without which parameters must bring their own
 * noise levels (plain Langevin dynamics then asks at sigma = 0), `output` (default: the score), `value_range`. `source->user` must live as long as
 * the model and its runs.
 */
ncsn_status ncsn_create_from_callback(const struct ncsn_score_source *source,
                                      const struct ncsn_model_options *options,
                                      struct ncsn_model **out);

/**
 * Releases a model. Runs that were begun on it keep it alive until they are freed. NULL is
 * ignored. Call it once, when no other call is using this handle.
 */
void ncsn_destroy(struct ncsn_model *model);

/**
 * Describes a model. Set `info->struct_size` = sizeof(ncsn_model_info) before the call.
 */
ncsn_status ncsn_get_info(const struct ncsn_model *model, struct ncsn_model_info *info);

/**
 * Fills `params` with the model's own values (and this library's defaults): one sample, seed 0.
 * `struct_size` is sizeof(ncsn_sample_params).
 */
ncsn_status ncsn_sample_params_init(const struct ncsn_model *model,
                                    struct ncsn_sample_params *params,
                                    uint32_t struct_size);

/**
 * Bytes of all samples that `params` ask for, in their output format. Checks `params` as
 * ncsn_sample() does.
 */
ncsn_status ncsn_output_size(const struct ncsn_model *model,
                             const struct ncsn_sample_params *params,
                             size_t *bytes);

/**
 * What sampling with `params` will hold, in bytes; set `out->struct_size` = sizeof(ncsn_memory)
 * before the call. It is an upper bound, in which the code of the libraries and the buffer for the
 * samples have no part; of the weights ONNX Runtime may keep packed copies, and what a GPU holds is
 * not known. The network is evaluated a few times for it. Memory does not grow with `batch_size`
 * beyond 8 images for each thread.
 */
ncsn_status ncsn_estimate_memory(const struct ncsn_model *model,
                                 const struct ncsn_sample_params *params,
                                 struct ncsn_memory *out);

/**
 * Samples: runs the chains to their end and writes `params->sample_count` samples to `out`, which
 * has `out_bytes` bytes (at least ncsn_output_size()). It returns when they are done, when a
 * callback stops it, or on an error; `out` is written only when NCSN_OK is returned.
 *
 * Returns NCSN_OK, or NCSN_CANCELLED when the progress callback returned non-zero.
 * Errors: NCSN_ERR_ARGUMENT, NCSN_ERR_UNSUPPORTED (parameters), NCSN_ERR_BUFFER (`out_bytes`
 * too small), NCSN_ERR_NON_FINITE, NCSN_ERR_CALLBACK, NCSN_ERR_OUT_OF_MEMORY, NCSN_ERR_MODEL
 * (the network failed). The model stays usable after each of them.
 */
ncsn_status ncsn_sample(struct ncsn_model *model,
                        const struct ncsn_sample_params *params,
                        void *out,
                        size_t out_bytes);

/**
 * Sets up a run: checks `params` as ncsn_sample() does, copies them and their arrays, and makes the
 * initial state. Evaluates nothing. On success `*out` is a handle for ncsn_run_free().
 */
ncsn_status ncsn_run_begin(struct ncsn_model *model,
                           const struct ncsn_sample_params *params,
                           struct ncsn_run **out);

/**
 * Goes on with a run until `max_steps` further steps of all chains are complete, the next evaluation
 * is not expected to fit into `budget_us` microseconds, or it is done; 0 is no limit. At least one
 * evaluation of one micro-batch happens and none is cut short: `batch_size` 1 makes them finest, and
 * `now->call_seconds` says what the next one should take. What a budget cuts off in the middle of a
 * step the next call continues. `now` may be NULL; otherwise set `now->struct_size`.
 *
 * Returns NCSN_PENDING, NCSN_OK when the samples are ready (also if they were before), or
 * NCSN_CANCELLED. Errors as ncsn_sample(); the chains are then as they were before the evaluation
 * that failed, and the run can be stepped again. NCSN_ERR_STATE when another call is inside the
 * run, or it goes on in the background.
 */
ncsn_status ncsn_run_step(struct ncsn_run *run,
                          uint32_t max_steps,
                          uint64_t budget_us,
                          struct ncsn_progress *now);

/**
 * Goes on with a run to its end on a thread of the library's own, and returns at once. Look at it with
 * ncsn_run_poll() and ncsn_run_read(), from any thread; stop it with ncsn_run_cancel(). The run's
 * callbacks, if it has any, are called on that thread: a host that cannot have that sets none and
 * polls. After an error the run can be started or stepped again.
 *
 * Returns NCSN_OK, also when the samples are ready, or NCSN_CANCELLED for a run that was cancelled.
 * Errors: NCSN_ERR_STATE (it goes on already, a call is inside it, or a callback that it needs is
 * missing, see ncsn_run_set_hooks()), NCSN_ERR_OUT_OF_MEMORY (the system gives no thread). What goes
 * wrong later ncsn_run_poll() and ncsn_run_wait() tell.
 */
ncsn_status ncsn_run_start(struct ncsn_run *run);

/**
 * Tells where a run is, from any thread, without waiting for it. Set `now->struct_size`.
 *
 * Returns NCSN_OK when the samples are ready, NCSN_PENDING while there is more to do (also after a
 * cancel, until the evaluation in flight has ended), and NCSN_CANCELLED when it was cancelled and has
 * come to rest. When its background thread has ended with an error, that error, until the run is
 * started or stepped again. `now` is written in all these cases.
 * Errors of the call itself: NCSN_ERR_ARGUMENT, NCSN_ERR_STRUCT_SIZE.
 */
ncsn_status ncsn_run_poll(const struct ncsn_run *run,
                          struct ncsn_progress *now);

/**
 * Waits, at most `timeout_us` microseconds (0: as long as it takes), for a run that ncsn_run_start()
 * has set going, from any thread.
 *
 * Returns NCSN_PENDING when the time is over, else as ncsn_run_poll(). NCSN_ERR_STATE when the run was
 * not started and is neither done nor cancelled, or from one of its own callbacks.
 */
ncsn_status ncsn_run_wait(struct ncsn_run *run,
                          uint64_t timeout_us);

/**
 * Cancels a run: one atomic store, from any thread, from callbacks and signal handlers. A call
 * inside the run returns NCSN_CANCELLED before its next evaluation of the network. A cancelled run
 * stays cancelled; its state can be read and saved (a run loaded from that goes on). NULL is
 * ignored.
 */
void ncsn_run_cancel(struct ncsn_run *run);

/**
 * Copies all samples of a run to `out` in its output format, from any thread, also while the run goes
 * on: straight into a texture's buffer. It waits for no evaluation. `out_bytes` is at least
 * ncsn_output_size(). `what` is NCSN_READ_SAMPLE (NCSN_ERR_STATE until done), NCSN_READ_STATE
 * (any time) or NCSN_READ_DENOISED (after the first step).
 */
ncsn_status ncsn_run_read(const struct ncsn_run *run,
                          int32_t what,
                          void *out,
                          size_t out_bytes);

/**
 * Bytes of all samples of a run in its output format: what ncsn_run_read() writes. For runs that were
 * loaded; ncsn_output_size() tells it of parameters. From any thread, also while the run goes on.
 */
ncsn_status ncsn_run_output_size(const struct ncsn_run *run,
                                 size_t *bytes);

/**
 * Saves a run to `buf`, from where ncsn_run_load() continues it bit for bit. `*needed` (may be
 * NULL) becomes the number of bytes, also when `buf` is NULL (a size query, NCSN_OK) or `cap` is
 * too small (NCSN_ERR_BUFFER, `buf` not touched); it is the same during the whole run. From any thread,
 * also while the run goes on. Callbacks are not saved. The format carries a version and a checksum, and
 * is the same on every machine.
 */
ncsn_status ncsn_run_save(const struct ncsn_run *run,
                          void *buf,
                          size_t cap,
                          size_t *needed);

/**
 * Continues a run that was saved with ncsn_run_save(), on the same model (same file, same
 * options); in another process, on another machine, whenever. A run that had a noise or guide
 * callback must be given it again with ncsn_run_set_hooks() before it is stepped.
 *
 * NCSN_ERR_ARGUMENT for bytes that are no saved run, are damaged, or belong to another model.
 */
ncsn_status ncsn_run_load(struct ncsn_model *model,
                          const void *buf,
                          size_t size,
                          struct ncsn_run **out);

/**
 * Replaces the callbacks of a run by those of `params` (progress, noise, guide and their user
 * pointers; nothing else of it is looked at). For runs that were loaded.
 */
ncsn_status ncsn_run_set_hooks(struct ncsn_run *run, const struct ncsn_sample_params *params);

/**
 * Copies the text of a run's last error to `buf`, as ncsn_last_error() does, from any thread. ""
 * when it had none.
 */
size_t ncsn_run_error(const struct ncsn_run *run, char *buf, size_t cap);

/**
 * Releases a run, which is cancelled. If it goes on in the background, this waits for the evaluation in
 * flight to end; afterwards none of its callbacks is called. (Not to wait: cancel, and free when
 * ncsn_run_poll() no longer says NCSN_PENDING.) A call still inside the run on a thread of the host's,
 * or the background thread when this is one of the run's own callbacks, finishes on its own. NULL is
 * ignored. Call it once.
 */
void ncsn_run_free(struct ncsn_run *run);

/**
 * A ncsn_noise_fn that interpolates between samples (Song & Ermon 2020, arXiv:2006.09011):
 * `params.noise = ncsn_interpolated_noise; params.noise_user = &strip;`, where `strip` is a
 * ncsn_interpolation that lives as long as the run. NCSN_INIT_UNIFORM does not ask for noise: use
 * NCSN_INIT_NORMAL, so that the chains start between their ends, too. With a sampler that draws no
 * other noise (Euler, Heun, DPM-Solver++, UniPC) a strip is a path from one sample to the other.
 *
 * Returns NCSN_OK, or NCSN_ERR_ARGUMENT or NCSN_ERR_STRUCT_SIZE for what it cannot be; the call that
 * asked for the noise then fails with NCSN_ERR_CALLBACK and the same text.
 */
ncsn_status ncsn_interpolated_noise(void *user,
                                    const struct ncsn_noise_request *request,
                                    float *out);

/**
 * Fills `out` with the standard normals that the library itself draws for `request` in a run with
 * this seed: sample_count * elements_per_sample floats, sample after sample. For noise callbacks
 * that change noise rather than make it, and for requests of the host's own (any purpose, level
 * below 2^20, step below 2^24, samples below 2^48); set `request->struct_size` then.
 *
 * Returns NCSN_ERR_ARGUMENT for what is out of range, NCSN_ERR_STRUCT_SIZE.
 */
ncsn_status ncsn_fill_noise(uint64_t seed, const struct ncsn_noise_request *request, float *out);

/**
 * Fills `params` with the defaults: DSM at all levels, no data. `struct_size` is
 * sizeof(ncsn_evaluate_params).
 */
ncsn_status ncsn_evaluate_params_init(struct ncsn_evaluate_params *params, uint32_t struct_size);

/**
 * A score-matching objective at each noise level, on the caller's data. The network is a black box:
 * derivatives are central differences.
 *
 * `levels` is the caller's array of `level_capacity` entries, of which the first
 * `evaluation->level_count` are written: `params->sigma_count` of them, or as many as the model has
 * levels, but `params->max_levels` at most. NCSN_ERR_BUFFER, before anything is evaluated, when they do
 * not fit; NULL and 0 for the totals alone. Set `evaluation->struct_size`. Evaluates in batches, and
 * returns when all is done.
 *
 * Other errors: NCSN_ERR_ARGUMENT (data, labels or parameters that do not fit), NCSN_ERR_SHAPE
 * (`target` has other samples), NCSN_ERR_NON_FINITE (in data or scores), NCSN_ERR_STRUCT_SIZE,
 * NCSN_ERR_OUT_OF_MEMORY, NCSN_ERR_CALLBACK, NCSN_ERR_MODEL.
 */
ncsn_status ncsn_evaluate(const struct ncsn_model *model,
                          const struct ncsn_evaluate_params *params,
                          struct ncsn_level_loss *levels,
                          size_t level_capacity,
                          struct ncsn_evaluation *evaluation);

/**
 * Fills `params` with the defaults: no data. `struct_size` is sizeof(ncsn_validate_params).
 */
ncsn_status ncsn_validate_params_init(struct ncsn_validate_params *params, uint32_t struct_size);

/**
 * Whether the network is what its contract says: perturbs some of the caller's samples, regresses
 * -z/sigma on what the network returns, and says in words what is right, what is wrong, and which
 * metadata would make it right. Without data the largest level alone is looked at.
 *
 * A network that is wrong is no error: the call returns NCSN_OK, and `passed` of
 * ncsn_validation_info is 0. On success `*out` is to be read with ncsn_validation_get() and released
 * with ncsn_validation_free(). It does not need the model any more.
 *
 * Errors: NCSN_ERR_ARGUMENT (data of another shape or range, labels that do not fit, a model without
 * noise levels), NCSN_ERR_NON_FINITE (in the data), NCSN_ERR_STRUCT_SIZE, NCSN_ERR_OUT_OF_MEMORY,
 * NCSN_ERR_CALLBACK, NCSN_ERR_MODEL.
 */
ncsn_status ncsn_validate(const struct ncsn_model *model,
                          const struct ncsn_validate_params *params,
                          struct ncsn_validation **out);

/**
 * What was found. Set `info->struct_size` = sizeof(ncsn_validation_info) before the call.
 */
ncsn_status ncsn_validation_get(const struct ncsn_validation *validation,
                                struct ncsn_validation_info *info);

/**
 * Releases what ncsn_validate() made. NULL is ignored.
 */
void ncsn_validation_free(struct ncsn_validation *validation);

/**
 * Fills `params` with the defaults; `dimension` and one of `diameter` and `data` are left to set.
 * `struct_size` is sizeof(ncsn_recommend_params).
 */
ncsn_status ncsn_recommend_params_init(struct ncsn_recommend_params *params, uint32_t struct_size);

/**
 * A ladder and a step size for data of a given size: techniques 1, 2 and 4 of Song & Ermon 2020
 * (NCSNv2). No model is needed.
 *
 * `sigmas` is the caller's array of `sigma_capacity` entries, of which the first
 * `recommendation->level_count` are written, largest level first. NULL and 0: the numbers alone, among
 * them `level_count`, to ask for the size; give `diameter` the second time, if it was measured.
 * NCSN_ERR_BUFFER when they do not fit. Set `recommendation->struct_size`.
 *
 * Other errors: NCSN_ERR_ARGUMENT, NCSN_ERR_NON_FINITE (in `data`), NCSN_ERR_STRUCT_SIZE.
 */
ncsn_status ncsn_recommend(const struct ncsn_recommend_params *params,
                           double *sigmas,
                           size_t sigma_capacity,
                           struct ncsn_recommendation *recommendation);

/**
 * Fills `params` with the defaults: single precision, 20 seconds. `struct_size` is
 * sizeof(ncsn_tune_params).
 */
ncsn_status ncsn_tune_params_init(struct ncsn_tune_params *params, uint32_t struct_size);

/**
 * Tries the ways to run a network that this process has - providers, numbers of threads, precisions,
 * graph help - and chooses the fastest whose scores are as accurate as asked. Scores are compared with
 * those of the CPU provider on noisy samples at several levels; the accurate ones are timed in turns.
 * What was found is kept in a file: the next call with the same model, options, ONNX Runtime and
 * processor takes it from there.
 *
 * `options` (may be NULL) are those that the model is to be opened with. They bound the search: listed
 * providers are the only ones to be tried, `intra_threads` is the most, and without graph help there is
 * none. Unsaid: everything the ONNX Runtime has, up to as many threads as this process may use.
 * `params` may be NULL: the defaults.
 *
 * It blocks for about `params->seconds`, at most. On success `*out` is to be read with
 * ncsn_tuning_get() and ncsn_tuning_model_options(), and released with ncsn_tuning_free().
 *
 * Errors: those of ncsn_create() with these options; NCSN_ERR_ARGUMENT (parameters out of range, a
 * model without noise levels), NCSN_ERR_NON_FINITE (the model's own scores are), NCSN_ERR_UNSUPPORTED
 * (nothing that the options allow is accurate enough). A cache that cannot be read or written is a
 * warning in the log, never an error.
 */
ncsn_status ncsn_tune(const char *path_utf8,
                      const struct ncsn_model_options *options,
                      const struct ncsn_tune_params *params,
                      struct ncsn_tuning **out);

/**
 * As ncsn_tune(), for the `size` bytes of an ONNX file in memory, which are not needed after the call.
 */
ncsn_status ncsn_tune_from_memory(const void *bytes,
                                  size_t size,
                                  const struct ncsn_model_options *options,
                                  const struct ncsn_tune_params *params,
                                  struct ncsn_tuning **out);

/**
 * What was found. Set `info->struct_size` = sizeof(ncsn_tuning_info) before the call.
 */
ncsn_status ncsn_tuning_get(const struct ncsn_tuning *tuning, struct ncsn_tuning_info *info);

/**
 * Sets what was chosen in `options`, which the caller has initialised: `providers`, `provider_options`,
 * `intra_threads` and `graph_help`; all else stays as it is. Give ncsn_create() the result. What
 * `options` then points to lives until ncsn_tuning_free(): create the model before.
 */
ncsn_status ncsn_tuning_model_options(const struct ncsn_tuning *tuning,
                                      struct ncsn_model_options *options);

/**
 * Releases what ncsn_tune() made. NULL is ignored.
 */
void ncsn_tuning_free(struct ncsn_tuning *tuning);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* NCSN_H */
