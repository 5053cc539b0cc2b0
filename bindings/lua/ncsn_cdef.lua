-- Made from ncsn.h by make_cdef.py. Do not edit.
return [[
enum {
  NCSN_ABI_VERSION = 1,
  NCSN_CANCELLED = 2,
  NCSN_CHECK_BATCH = 5,
  NCSN_CHECK_CONDITIONING = 6,
  NCSN_CHECK_CONSTANT = 3,
  NCSN_CHECK_DATA = 1,
  NCSN_CHECK_DATA_RANGE = 12,
  NCSN_CHECK_FINITE = 2,
  NCSN_CHECK_FIT = 15,
  NCSN_CHECK_INPUT_SCALING = 14,
  NCSN_CHECK_LABELS = 7,
  NCSN_CHECK_LEVEL_ORDER = 11,
  NCSN_CHECK_OUTPUT = 9,
  NCSN_CHECK_PRECISION = 8,
  NCSN_CHECK_REPEATABLE = 4,
  NCSN_CHECK_SIGMA_SCALE = 13,
  NCSN_CHECK_SIGN = 10,
  NCSN_CONDITIONING_AFFINE_LOG = 4,
  NCSN_CONDITIONING_LEVEL_ASC = 6,
  NCSN_CONDITIONING_LEVEL_DESC = 5,
  NCSN_CONDITIONING_LOG_SIGMA = 3,
  NCSN_CONDITIONING_NONE = 1,
  NCSN_CONDITIONING_SIGMA = 2,
  NCSN_CONDITIONING_TABLE = 9,
  NCSN_CONDITIONING_TIME01 = 7,
  NCSN_CONDITIONING_TIME_SCALED = 8,
  NCSN_ERR_ARGUMENT = -1,
  NCSN_ERR_BUFFER = -8,
  NCSN_ERR_CALLBACK = -15,
  NCSN_ERR_CONTRACT = -6,
  NCSN_ERR_IO = -4,
  NCSN_ERR_MODEL = -5,
  NCSN_ERR_NON_FINITE = -13,
  NCSN_ERR_OUT_OF_MEMORY = -12,
  NCSN_ERR_PANIC = -17,
  NCSN_ERR_PROVIDER = -11,
  NCSN_ERR_RUNTIME_MISSING = -9,
  NCSN_ERR_RUNTIME_VERSION = -10,
  NCSN_ERR_SHAPE = -7,
  NCSN_ERR_STATE = -14,
  NCSN_ERR_STRUCT_SIZE = -2,
  NCSN_ERR_UNSUPPORTED = -16,
  NCSN_ERR_UTF8 = -3,
  NCSN_F32_NCHW = 1,
  NCSN_FALLBACK_ALLOW = 1,
  NCSN_FALLBACK_ERROR = 0,
  NCSN_GRAPH_HELP_OFF = 1,
  NCSN_GRAPH_HELP_ON = 0,
  NCSN_INIT_GIVEN = 3,
  NCSN_INIT_GIVEN_PLUS_NOISE = 4,
  NCSN_INIT_MEAN_PLUS_NOISE = 5,
  NCSN_INIT_NORMAL = 2,
  NCSN_INIT_UNIFORM = 1,
  NCSN_INPUT_SCALING_NONE = 1,
  NCSN_INPUT_SCALING_SIGMA_DATA = 3,
  NCSN_INPUT_SCALING_UNIT = 2,
  NCSN_LOG_DEBUG = 4,
  NCSN_LOG_ERROR = 1,
  NCSN_LOG_INFO = 3,
  NCSN_LOG_WARN = 2,
  NCSN_NOISE_CHURN = 4,
  NCSN_NOISE_INIT = 1,
  NCSN_NOISE_INPAINT = 5,
  NCSN_NOISE_LANGEVIN = 2,
  NCSN_NOISE_PREDICTOR = 3,
  NCSN_NOISE_RESAMPLE = 6,
  NCSN_NORM_DRAWN = 1,
  NCSN_NORM_EXPECTED = 2,
  NCSN_OBJECTIVE_DSM = 1,
  NCSN_OBJECTIVE_ESM = 6,
  NCSN_OBJECTIVE_ISM = 2,
  NCSN_OBJECTIVE_PSM = 5,
  NCSN_OBJECTIVE_SSM = 3,
  NCSN_OBJECTIVE_SSM_VR = 4,
  NCSN_OFF_LADDER_ERROR = 1,
  NCSN_OFF_LADDER_NEAREST = 2,
  NCSN_OK = 0,
  NCSN_OUTPUT_DENOISED = 4,
  NCSN_OUTPUT_EDM_RAW = 5,
  NCSN_OUTPUT_NOISE = 3,
  NCSN_OUTPUT_SCALED_SCORE = 2,
  NCSN_OUTPUT_SCORE = 1,
  NCSN_OUTPUT_V = 6,
  NCSN_PENDING = 1,
  NCSN_PHASE_DENOISING = 3,
  NCSN_PHASE_DONE = 4,
  NCSN_PHASE_PREPARING = 1,
  NCSN_PHASE_SAMPLING = 2,
  NCSN_PROVIDER_CPU = 1,
  NCSN_PROVIDER_CUDA = 2,
  NCSN_PROVIDER_OPENVINO = 4,
  NCSN_PROVIDER_TENSORRT = 3,
  NCSN_RANGE_CENTERED = 2,
  NCSN_RANGE_LOGIT = 3,
  NCSN_RANGE_UNBOUNDED = 4,
  NCSN_RANGE_UNIT = 1,
  NCSN_READ_DENOISED = 3,
  NCSN_READ_SAMPLE = 1,
  NCSN_READ_STATE = 2,
  NCSN_SAMPLER_ANCESTRAL = 5,
  NCSN_SAMPLER_ANNEALED_LANGEVIN = 2,
  NCSN_SAMPLER_AUTO = 14,
  NCSN_SAMPLER_CONSISTENT_ANNEALED = 3,
  NCSN_SAMPLER_DPMPP_2M = 10,
  NCSN_SAMPLER_EULER = 8,
  NCSN_SAMPLER_EULER_MARUYAMA = 6,
  NCSN_SAMPLER_HEUN = 9,
  NCSN_SAMPLER_LANGEVIN = 1,
  NCSN_SAMPLER_PREDICTOR_CORRECTOR = 7,
  NCSN_SAMPLER_PROBABILITY_FLOW = 13,
  NCSN_SAMPLER_REVERSE_DIFFUSION = 4,
  NCSN_SAMPLER_RK45 = 12,
  NCSN_SAMPLER_SDE_DPMPP_2M = 15,
  NCSN_SAMPLER_UNIPC = 11,
  NCSN_SCHEDULE_EXPONENTIAL = 5,
  NCSN_SCHEDULE_GEOMETRIC = 2,
  NCSN_SCHEDULE_GIVEN = 4,
  NCSN_SCHEDULE_KARRAS = 3,
  NCSN_SCHEDULE_MODEL = 1,
  NCSN_SEVERITY_ERROR = 4,
  NCSN_SEVERITY_NOTE = 2,
  NCSN_SEVERITY_OK = 1,
  NCSN_SEVERITY_WARNING = 3,
  NCSN_SOURCE_DEFAULT = 1,
  NCSN_SOURCE_GRAPH = 2,
  NCSN_SOURCE_METADATA = 3,
  NCSN_SOURCE_OPTION = 4,
  NCSN_SPINNING_ALWAYS = 1,
  NCSN_SPINNING_AUTO = 0,
  NCSN_SPINNING_NEVER = 2,
  NCSN_STEP_FULL = 2,
  NCSN_STEP_HALF = 1,
  NCSN_TUNE_CACHE_OFF = 3,
  NCSN_TUNE_CACHE_RENEW = 2,
  NCSN_TUNE_CACHE_USE = 1,
  NCSN_U8_GRAY = 2,
  NCSN_U8_RGB = 3,
  NCSN_U8_RGBA = 4,
  NCSN_VERDICT_AS_FAST = 2,
  NCSN_VERDICT_CHOSEN = 1,
  NCSN_VERDICT_FAILED = 5,
  NCSN_VERDICT_INEXACT = 4,
  NCSN_VERDICT_SLOWER = 3,
  NCSN_VERDICT_UNTRIED = 6,
};
typedef struct ncsn_model ncsn_model;
typedef struct ncsn_run ncsn_run;
typedef struct ncsn_tuning ncsn_tuning;
typedef struct ncsn_validation ncsn_validation;
typedef int32_t ncsn_status;
typedef void (*ncsn_log_fn)(void *user, int32_t level, const char *message);
typedef struct ncsn_provider_option {
    int32_t provider;
    uint32_t reserved;
    const char *key;
    const char *value;
} ncsn_provider_option;
typedef struct ncsn_aux_input {
    const char *name;
    double value;
} ncsn_aux_input;
typedef struct ncsn_model_options {
    uint32_t struct_size;
    int32_t fallback;
    const char *runtime_path;
    const int32_t *providers;
    size_t provider_count;
    const struct ncsn_provider_option *provider_options;
    size_t provider_option_count;
    int32_t device_id;
    uint32_t intra_threads;
    int32_t spinning;
    int32_t selfcheck;
    uint32_t row_multiple;
    int32_t conditioning;
    double conditioning_scale;
    double conditioning_shift;
    int32_t output;
    int32_t value_range;
    const double *sigmas;
    size_t sigma_count;
    double sigma_data;
    uint32_t class_count;
    int32_t off_ladder;
    const int64_t *shape;
    size_t shape_rank;
    const char *input_name;
    const char *conditioning_name;
    const char *class_name;
    const char *output_name;
    int32_t input_scaling;
    int32_t first_channels;
    const double *table;
    size_t table_count;
    const struct ncsn_aux_input *aux_inputs;
    size_t aux_input_count;
    const int64_t *null_class;
    int32_t graph_help;
    uint32_t reserved;
    const char *graph_cache_dir;
} ncsn_model_options;
typedef int32_t (*ncsn_score_fn)(void *user,
                                 const float *x,
                                 double sigma,
                                 const int64_t *labels,
                                 uint32_t sample_count,
                                 float *out);
typedef struct ncsn_score_source {
    uint32_t struct_size;
    uint32_t rank;
    const int64_t *shape;
    void *user;
    ncsn_score_fn score;
} ncsn_score_source;
typedef struct ncsn_fact {
    const char *key;
    const char *value;
    int32_t source;
    uint32_t reserved;
} ncsn_fact;
typedef struct ncsn_model_info {
    uint32_t struct_size;
    uint32_t rank;
    const int64_t *shape;
    size_t element_count;
    const double *sigmas;
    size_t level_count;
    double sigma_max;
    double sigma_min;
    int32_t conditioning;
    int32_t output;
    uint32_t class_count;
    int32_t value_range;
    int32_t provider;
    int32_t device_id;
    uint32_t intra_threads;
    uint32_t fixed_batch;
    const char *fallback_reason;
    const char *runtime_version;
    const char *runtime_path;
    const char *description;
    const char *license;
    uint64_t fingerprint;
    int32_t input_scaling;
    int32_t off_ladder;
    int64_t null_class;
    double sigma_data;
    double conditioning_scale;
    double conditioning_shift;
    const double *table;
    const struct ncsn_fact *facts;
    size_t fact_count;
    uint64_t parameter_count;
    const char *graph_help;
} ncsn_model_info;
typedef struct ncsn_progress {
    uint32_t struct_size;
    int32_t phase;
    uint32_t level;
    uint32_t level_count;
    uint32_t step;
    uint32_t steps_per_level;
    uint64_t nfe_done;
    uint64_t nfe_total;
    uint64_t calls_done;
    uint64_t calls_total;
    double sigma;
    double score_norm;
    double update_norm;
    double elapsed_seconds;
    double remaining_seconds;
    const void *preview;
    size_t preview_bytes;
    double call_seconds;
} ncsn_progress;
typedef int32_t (*ncsn_progress_fn)(void *user, const struct ncsn_progress *now);
typedef struct ncsn_noise_request {
    uint32_t struct_size;
    int32_t purpose;
    uint32_t level;
    uint32_t step;
    uint64_t first_sample;
    uint32_t sample_count;
    uint32_t reserved;
    size_t elements_per_sample;
} ncsn_noise_request;
typedef int32_t (*ncsn_noise_fn)(void *user, const struct ncsn_noise_request *request, float *out);
typedef struct ncsn_guide_request {
    uint32_t struct_size;
    int32_t purpose;
    uint32_t level;
    uint32_t step;
    uint64_t first_sample;
    uint32_t sample_count;
    uint32_t reserved;
    size_t elements_per_sample;
    double sigma;
    const float *x;
} ncsn_guide_request;
typedef int32_t (*ncsn_guide_fn)(void *user, const struct ncsn_guide_request *request, float *score);
typedef struct ncsn_sample_params {
    uint32_t struct_size;
    int32_t sampler;
    uint64_t seed;
    uint64_t first_sample;
    uint32_t sample_count;
    uint32_t batch_size;
    int32_t schedule;
    uint32_t level_count;
    double sigma_max;
    double sigma_min;
    double rho;
    const double *sigmas;
    size_t sigma_count;
    uint32_t steps_per_level;
    int32_t step_convention;
    double step_size;
    int32_t denoise;
    int32_t init_kind;
    const float *init;
    size_t init_count;
    uint32_t start_level;
    int32_t output_format;
    size_t row_pitch;
    const int64_t *labels;
    size_t label_count;
    double guidance_scale;
    const float *known;
    const float *mask;
    size_t known_count;
    double snr;
    uint32_t corrector_steps;
    int32_t preview_kind;
    double churn;
    double churn_min;
    double churn_max;
    double churn_noise;
    double rtol;
    double atol;
    uint32_t preview_every;
    uint32_t reserved;
    ncsn_progress_fn progress;
    void *progress_user;
    ncsn_noise_fn noise;
    void *noise_user;
    ncsn_guide_fn guide;
    void *guide_user;
    int32_t predictor;
    int32_t corrector_norm;
    uint32_t nfe_budget;
    uint32_t resample_steps;
} ncsn_sample_params;
typedef struct ncsn_memory {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t total_bytes;
    uint64_t weights_bytes;
    uint64_t evaluation_bytes;
    uint64_t run_bytes;
    uint64_t rows_at_once;
} ncsn_memory;
typedef struct ncsn_evaluate_params {
    uint32_t struct_size;
    int32_t objective;
    uint64_t seed;
    const float *data;
    size_t data_count;
    const int64_t *labels;
    size_t label_count;
    const double *sigmas;
    size_t sigma_count;
    uint32_t max_levels;
    uint32_t directions;
    double difference;
    const struct ncsn_model *target;
    uint32_t batch_size;
    uint32_t reserved;
} ncsn_evaluate_params;
typedef struct ncsn_level_loss {
    double sigma;
    double loss;
    double standard_error;
    double weighted;
    double difference_error;
    uint64_t count;
} ncsn_level_loss;
typedef struct ncsn_evaluation {
    uint32_t struct_size;
    int32_t exact_trace;
    double total;
    double total_error;
    size_t level_count;
    uint64_t evaluations;
} ncsn_evaluation;
typedef struct ncsn_validate_params {
    uint32_t struct_size;
    uint32_t max_levels;
    uint64_t seed;
    const float *data;
    size_t data_count;
    const int64_t *labels;
    size_t label_count;
    uint32_t max_samples;
    uint32_t batch_size;
} ncsn_validate_params;
typedef struct ncsn_level_check {
    uint32_t level;
    uint32_t reserved;
    double sigma;
    double slope;
    double slope_error;
    double raw_slope;
    double r2;
    double loss;
    double loss_error;
    double zero_loss;
    uint64_t count;
} ncsn_level_check;
typedef struct ncsn_suggestion {
    const char *key;
    const char *value;
} ncsn_suggestion;
typedef struct ncsn_finding {
    int32_t check;
    int32_t severity;
    const char *text;
    const struct ncsn_suggestion *suggestions;
    size_t suggestion_count;
} ncsn_finding;
typedef struct ncsn_validation_info {
    uint32_t struct_size;
    int32_t passed;
    int32_t with_data;
    uint32_t reserved;
    const struct ncsn_level_check *levels;
    size_t level_count;
    const struct ncsn_finding *findings;
    size_t finding_count;
    const char *report;
} ncsn_validation_info;
typedef struct ncsn_recommend_params {
    uint32_t struct_size;
    uint32_t steps_per_level;
    size_t dimension;
    double diameter;
    const float *data;
    size_t data_count;
    double sigma_min;
    double coverage;
    size_t level_count;
} ncsn_recommend_params;
typedef struct ncsn_recommended_step {
    double kappa;
    double epsilon_half;
    double epsilon_full;
    double variance_ratio;
    double accumulated_ratio;
} ncsn_recommended_step;
typedef struct ncsn_recommendation {
    uint32_t struct_size;
    int32_t exact_diameter;
    double diameter;
    double gamma;
    double ratio;
    double coverage;
    size_t level_count;
    uint64_t evaluations;
    struct ncsn_recommended_step step;
    struct ncsn_recommended_step accumulated_step;
} ncsn_recommendation;
typedef struct ncsn_tune_params {
    uint32_t struct_size;
    uint32_t batch_size;
    double max_error;
    double seconds;
    uint32_t max_levels;
    int32_t cache;
    uint64_t seed;
    const char *cache_dir;
} ncsn_tune_params;
typedef struct ncsn_tuning_row {
    const char *candidate;
    const char *reason;
    int32_t verdict;
    uint32_t reserved;
    double seconds;
    double ratio;
    double error;
    double sigma;
} ncsn_tuning_row;
typedef struct ncsn_tuning_info {
    uint32_t struct_size;
    uint32_t batch_size;
    const struct ncsn_tuning_row *rows;
    size_t row_count;
    size_t chosen;
    double max_error;
    uint32_t rounds;
    int32_t complete;
    int32_t from_cache;
    uint32_t reserved;
    const char *cache_file;
    const char *report;
} ncsn_tuning_info;
typedef struct ncsn_interpolation {
    uint32_t struct_size;
    uint32_t sample_count;
    uint64_t from_seed;
    uint64_t from_sample;
    uint64_t to_seed;
    uint64_t to_sample;
} ncsn_interpolation;
uint32_t ncsn_abi_version(void);
const char *ncsn_version(void);
const char *ncsn_status_name(ncsn_status status);
size_t ncsn_last_error(char *buf, size_t cap);
ncsn_status ncsn_set_log(ncsn_log_fn callback, void *user, int32_t max_level);
ncsn_status ncsn_model_options_init(struct ncsn_model_options *options, uint32_t struct_size);
ncsn_status ncsn_create(const char *path_utf8,
                        const struct ncsn_model_options *options,
                        struct ncsn_model **out);
ncsn_status ncsn_create_from_memory(const void *bytes,
                                    size_t size,
                                    const struct ncsn_model_options *options,
                                    struct ncsn_model **out);
ncsn_status ncsn_create_from_callback(const struct ncsn_score_source *source,
                                      const struct ncsn_model_options *options,
                                      struct ncsn_model **out);
void ncsn_destroy(struct ncsn_model *model);
ncsn_status ncsn_get_info(const struct ncsn_model *model, struct ncsn_model_info *info);
ncsn_status ncsn_sample_params_init(const struct ncsn_model *model,
                                    struct ncsn_sample_params *params,
                                    uint32_t struct_size);
ncsn_status ncsn_output_size(const struct ncsn_model *model,
                             const struct ncsn_sample_params *params,
                             size_t *bytes);
ncsn_status ncsn_estimate_memory(const struct ncsn_model *model,
                                 const struct ncsn_sample_params *params,
                                 struct ncsn_memory *out);
ncsn_status ncsn_sample(struct ncsn_model *model,
                        const struct ncsn_sample_params *params,
                        void *out,
                        size_t out_bytes);
ncsn_status ncsn_run_begin(struct ncsn_model *model,
                           const struct ncsn_sample_params *params,
                           struct ncsn_run **out);
ncsn_status ncsn_run_step(struct ncsn_run *run,
                          uint32_t max_steps,
                          uint64_t budget_us,
                          struct ncsn_progress *now);
ncsn_status ncsn_run_start(struct ncsn_run *run);
ncsn_status ncsn_run_poll(const struct ncsn_run *run,
                          struct ncsn_progress *now);
ncsn_status ncsn_run_wait(struct ncsn_run *run,
                          uint64_t timeout_us);
void ncsn_run_cancel(struct ncsn_run *run);
ncsn_status ncsn_run_read(const struct ncsn_run *run,
                          int32_t what,
                          void *out,
                          size_t out_bytes);
ncsn_status ncsn_run_output_size(const struct ncsn_run *run,
                                 size_t *bytes);
ncsn_status ncsn_run_save(const struct ncsn_run *run,
                          void *buf,
                          size_t cap,
                          size_t *needed);
ncsn_status ncsn_run_load(struct ncsn_model *model,
                          const void *buf,
                          size_t size,
                          struct ncsn_run **out);
ncsn_status ncsn_run_set_hooks(struct ncsn_run *run, const struct ncsn_sample_params *params);
size_t ncsn_run_error(const struct ncsn_run *run, char *buf, size_t cap);
void ncsn_run_free(struct ncsn_run *run);
ncsn_status ncsn_interpolated_noise(void *user,
                                    const struct ncsn_noise_request *request,
                                    float *out);
ncsn_status ncsn_fill_noise(uint64_t seed, const struct ncsn_noise_request *request, float *out);
ncsn_status ncsn_evaluate_params_init(struct ncsn_evaluate_params *params, uint32_t struct_size);
ncsn_status ncsn_evaluate(const struct ncsn_model *model,
                          const struct ncsn_evaluate_params *params,
                          struct ncsn_level_loss *levels,
                          size_t level_capacity,
                          struct ncsn_evaluation *evaluation);
ncsn_status ncsn_validate_params_init(struct ncsn_validate_params *params, uint32_t struct_size);
ncsn_status ncsn_validate(const struct ncsn_model *model,
                          const struct ncsn_validate_params *params,
                          struct ncsn_validation **out);
ncsn_status ncsn_validation_get(const struct ncsn_validation *validation,
                                struct ncsn_validation_info *info);
void ncsn_validation_free(struct ncsn_validation *validation);
ncsn_status ncsn_recommend_params_init(struct ncsn_recommend_params *params, uint32_t struct_size);
ncsn_status ncsn_recommend(const struct ncsn_recommend_params *params,
                           double *sigmas,
                           size_t sigma_capacity,
                           struct ncsn_recommendation *recommendation);
ncsn_status ncsn_tune_params_init(struct ncsn_tune_params *params, uint32_t struct_size);
ncsn_status ncsn_tune(const char *path_utf8,
                      const struct ncsn_model_options *options,
                      const struct ncsn_tune_params *params,
                      struct ncsn_tuning **out);
ncsn_status ncsn_tune_from_memory(const void *bytes,
                                  size_t size,
                                  const struct ncsn_model_options *options,
                                  const struct ncsn_tune_params *params,
                                  struct ncsn_tuning **out);
ncsn_status ncsn_tuning_get(const struct ncsn_tuning *tuning, struct ncsn_tuning_info *info);
ncsn_status ncsn_tuning_model_options(const struct ncsn_tuning *tuning,
                                      struct ncsn_model_options *options);
void ncsn_tuning_free(struct ncsn_tuning *tuning);
]]
