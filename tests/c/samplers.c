/* Every sampler through the C interface: how many evaluations it takes; that however its run is
 * cut, saved, loaded, cancelled or made to fail, it ends at the bits of ncsn_sample(); and what it
 * says when chains diverge. */

#include <float.h>
#include <math.h>

#include "check.h"

enum { LEVELS = COUNT(LADDER), NULL_CLASS = 3 };

/* One way to sample; what is 0 is as the sampler has it. */
typedef struct variation {
    int32_t sampler;
    uint32_t steps;           /* at each level; for a corrector its own */
    double churn;
    double guidance;
    uint32_t resample;        /* with a known part unless 0 */
    int32_t without_denoise;
    uint32_t start;
    uint64_t evaluations;     /* of n levels; 0: known at the end only */
} variation;

static const int64_t CLASSES[] = {0, 2, 1, -1, 2};
static float known[15], mask[15];

/* n = 4 levels; predictors, Euler and multi-step methods take n, Heun 2n - 1, a corrector
 * n (M + 1), consistent annealed sampling n + 1 and annealed Langevin dynamics n T + 1; without the
 * denoising one less; with guidance twice as many. */
static const variation VARIATIONS[] = {
    {.sampler = NCSN_SAMPLER_LANGEVIN, .steps = 6, .evaluations = 6},
    {.sampler = NCSN_SAMPLER_ANNEALED_LANGEVIN, .steps = 3, .evaluations = 13},
    {.sampler = NCSN_SAMPLER_ANNEALED_LANGEVIN, .steps = 3, .without_denoise = 1,
     .evaluations = 12},
    {.sampler = NCSN_SAMPLER_ANNEALED_LANGEVIN, .steps = 2, .guidance = 2, .resample = 1,
     .evaluations = 18},
    {.sampler = NCSN_SAMPLER_CONSISTENT_ANNEALED, .evaluations = 5},
    {.sampler = NCSN_SAMPLER_CONSISTENT_ANNEALED, .without_denoise = 1, .evaluations = 4},
    {.sampler = NCSN_SAMPLER_CONSISTENT_ANNEALED, .steps = 3, .start = 1, .evaluations = 8},
    {.sampler = NCSN_SAMPLER_REVERSE_DIFFUSION, .evaluations = 4},
    {.sampler = NCSN_SAMPLER_ANCESTRAL, .evaluations = 4},
    {.sampler = NCSN_SAMPLER_ANCESTRAL, .resample = 3, .evaluations = 10},
    {.sampler = NCSN_SAMPLER_EULER_MARUYAMA, .evaluations = 4},
    {.sampler = NCSN_SAMPLER_PROBABILITY_FLOW, .evaluations = 4},
    {.sampler = NCSN_SAMPLER_PREDICTOR_CORRECTOR, .evaluations = 8},
    {.sampler = NCSN_SAMPLER_PREDICTOR_CORRECTOR, .steps = 3, .evaluations = 16},
    {.sampler = NCSN_SAMPLER_PREDICTOR_CORRECTOR, .steps = 2, .without_denoise = 1,
     .evaluations = 11},
    {.sampler = NCSN_SAMPLER_PREDICTOR_CORRECTOR, .steps = 2, .resample = 2, .guidance = 1.5,
     .evaluations = 42},
    {.sampler = NCSN_SAMPLER_EULER, .evaluations = 4},
    {.sampler = NCSN_SAMPLER_EULER, .churn = 1, .start = 2, .evaluations = 2},
    {.sampler = NCSN_SAMPLER_HEUN, .evaluations = 7},
    {.sampler = NCSN_SAMPLER_HEUN, .without_denoise = 1, .evaluations = 6},
    {.sampler = NCSN_SAMPLER_HEUN, .churn = 1, .guidance = 3, .evaluations = 14},
    {.sampler = NCSN_SAMPLER_HEUN, .churn = 1, .resample = 2, .start = 1, .evaluations = 9},
    {.sampler = NCSN_SAMPLER_DPMPP_2M, .evaluations = 4},
    {.sampler = NCSN_SAMPLER_DPMPP_2M, .guidance = 2, .resample = 1, .start = 1, .evaluations = 6},
    {.sampler = NCSN_SAMPLER_SDE_DPMPP_2M, .evaluations = 4},
    {.sampler = NCSN_SAMPLER_SDE_DPMPP_2M, .guidance = 2, .resample = 1, .start = 1, .evaluations = 6},
    {.sampler = NCSN_SAMPLER_UNIPC, .evaluations = 4},
    {.sampler = NCSN_SAMPLER_UNIPC, .resample = 1, .without_denoise = 1, .evaluations = 3},
    {.sampler = NCSN_SAMPLER_RK45},
    {.sampler = NCSN_SAMPLER_RK45, .guidance = 2, .without_denoise = 1, .start = 1},
    {.sampler = NCSN_SAMPLER_AUTO},
};

/* How the score below fails: once, at that call. */
static struct {
    int calls, fails_at;
} network;

/* N(0.7 + label, 0.5^2), of the null class N(0.7, 0.5^2). */
static int32_t class_score(void *user, const float *x, double sigma, const int64_t *labels,
                           uint32_t sample_count, float *out)
{
    (void)user;
    if (++network.calls == network.fails_at) {
        return 1;
    }
    for (uint32_t i = 0; i < 3 * sample_count; i++) {
        double mean = GAUSS_MEAN + (double)(labels[i / 3] == NULL_CLASS ? 0 : labels[i / 3]);
        out[i] = (float)((mean - x[i]) / (GAUSS_VARIANCE + sigma * sigma));
    }
    return 0;
}

static ncsn_model *class_model(void)
{
    static const int64_t shape[] = {3}, null_class = NULL_CLASS;
    ncsn_score_source source = {sizeof source, 1, shape, NULL, class_score};
    ncsn_model_options options;
    ncsn_model *model = NULL;
    CHECK_OK(ncsn_model_options_init(&options, sizeof options));
    options.sigmas = LADDER;
    options.sigma_count = LEVELS;
    options.class_count = 3;
    options.null_class = &null_class;
    CHECK_OK(ncsn_create_from_callback(&source, &options, &model));
    return model;
}

static ncsn_sample_params variation_params(const ncsn_model *model, const variation *how)
{
    ncsn_sample_params params = sampler_params(model, how->sampler);
    if (how->sampler == NCSN_SAMPLER_PREDICTOR_CORRECTOR) {
        params.corrector_steps = how->steps;
        params.corrector_norm = how->steps > 1 ? NCSN_NORM_EXPECTED : 0;
        params.predictor = how->steps > 1 ? NCSN_SAMPLER_ANCESTRAL : 0;
    } else {
        params.steps_per_level = how->steps;
    }
    if (how->sampler == NCSN_SAMPLER_LANGEVIN) {
        params.step_size = 0.01;
    }
    params.churn = how->churn;
    params.start_level = how->start;
    params.denoise = how->without_denoise ? 0 : -1;
    params.labels = CLASSES;
    params.label_count = COUNT(CLASSES);
    params.guidance_scale = how->guidance;
    if (how->resample > 0) {
        params.known = known;
        params.mask = mask;
        params.known_count = COUNT(known);
        params.resample_steps = how->resample;
    }
    return params;
}

static int32_t keep_progress(void *user, const ncsn_progress *now)
{
    *(ncsn_progress *)user = *now;
    return 0;
}

/* A run that ends with the denoising ends with its latest estimate, x + sigma_L^2 s. */
static void ends_denoised(ncsn_model *model, const ncsn_sample_params *params)
{
    float x[15], estimate[15];
    ncsn_run *run = NULL;
    CHECK_OK(ncsn_run_begin(model, params, &run));
    CHECK_OK(ncsn_run_step(run, 0, 0, NULL));
    CHECK_OK(ncsn_run_read(run, NCSN_READ_SAMPLE, x, sizeof x));
    CHECK_OK(ncsn_run_read(run, NCSN_READ_DENOISED, estimate, sizeof estimate));
    CHECK(memcmp(x, estimate, sizeof x) == 0);
    ncsn_run_free(run);
}

/* As documented at NCSN_SAMPLER_*, and the same said before, underway and at the end. */
static void evaluations(ncsn_model *model)
{
    for (size_t i = 0; i < COUNT(VARIATIONS); i++) {
        const variation *how = &VARIATIONS[i];
        ncsn_sample_params params = variation_params(model, how);
        ncsn_progress now = {.struct_size = sizeof now};
        uint64_t total = how->evaluations;
        ncsn_run *run = NULL;
        int guided = how->guidance > 0.0;
        params.progress = keep_progress;
        params.progress_user = &now;
        free(sample(model, &params));
        CHECK(now.phase == NCSN_PHASE_DONE && now.nfe_done == now.nfe_total);
        CHECK(now.calls_done == now.calls_total && now.remaining_seconds == 0.0);
        if (how->sampler != NCSN_SAMPLER_LANGEVIN && !how->without_denoise && how->resample == 0) {
            ends_denoised(model, &params);
        }
        if (how->sampler == NCSN_SAMPLER_RK45) {
            /* One, and six for each attempt; chains that have arrived are left out. */
            CHECK((now.nfe_done / (guided ? 2 : 1)) % 6 == 1 && now.nfe_done > 6);
        } else if (how->sampler == NCSN_SAMPLER_AUTO) {
            CHECK(now.nfe_done >= 1 && now.nfe_done <= 40);
        } else {
            CHECK(now.nfe_done == total);
            network.calls = 0;
            free(sample(model, &params));
            CHECK(network.calls == (int)(3 * total));
            CHECK_OK(ncsn_run_begin(model, &params, &run));
            CHECK_STATUS(ncsn_run_poll(run, &now), NCSN_PENDING);
            CHECK(now.nfe_done == 0 && now.nfe_total == total);
            CHECK_STATUS(ncsn_run_step(run, 1, 0, &now), NCSN_PENDING);
            CHECK(now.nfe_done == (guided ? 2u : 1u) && now.nfe_total == total);
            CHECK(now.level == how->start * (how->sampler == NCSN_SAMPLER_CONSISTENT_ANNEALED
                                                 && how->steps > 0 ? how->steps : 1));
            ncsn_run_free(run);
        }
    }
}

/* The automatic choice keeps to its budget, with guidance and with levels that are run again. */
static void budgets(ncsn_model *model)
{
    static const uint32_t budgets[] = {1, 2, 3, 7, 15, 16, 40, 100};
    for (size_t i = 0; i < COUNT(budgets); i++) {
        for (uint32_t resample = 0; resample <= 3; resample++) {
            for (int guided = 0; guided <= 1; guided++) {
                const variation how = {.sampler = NCSN_SAMPLER_AUTO, .resample = resample,
                                       .guidance = guided ? 2.0 : 0.0};
                ncsn_sample_params params = variation_params(model, &how);
                ncsn_progress now = {.struct_size = sizeof now};
                params.nfe_budget = budgets[i];
                if (guided && budgets[i] == 1) {
                    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "nfe_budget = 1");
                    continue;
                }
                params.progress = keep_progress;
                params.progress_user = &now;
                free(sample(model, &params));
                CHECK(now.nfe_done >= 1 && now.nfe_done <= budgets[i]);
            }
        }
    }
}

static int is_finite(const float *x, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(x[i])) {
            return 0;
        }
    }
    return 1;
}

/* Through ONNX Runtime: the model's own ladder of ten, its own T = 100 for its own sampler. */
static void on_a_network(void)
{
    static const uint64_t expected[] = {
        [NCSN_SAMPLER_LANGEVIN] = 100,          [NCSN_SAMPLER_ANNEALED_LANGEVIN] = 1001,
        [NCSN_SAMPLER_CONSISTENT_ANNEALED] = 11, [NCSN_SAMPLER_REVERSE_DIFFUSION] = 10,
        [NCSN_SAMPLER_ANCESTRAL] = 10,          [NCSN_SAMPLER_EULER_MARUYAMA] = 10,
        [NCSN_SAMPLER_PREDICTOR_CORRECTOR] = 20, [NCSN_SAMPLER_EULER] = 10,
        [NCSN_SAMPLER_HEUN] = 19,               [NCSN_SAMPLER_DPMPP_2M] = 10,
        [NCSN_SAMPLER_UNIPC] = 10,              [NCSN_SAMPLER_RK45] = 0,
        [NCSN_SAMPLER_PROBABILITY_FLOW] = 10,   [NCSN_SAMPLER_AUTO] = 0,
        [NCSN_SAMPLER_SDE_DPMPP_2M] = 10,
    };
    ncsn_model *model = open_model(MODELS "gauss_sigma.onnx");
    for (int32_t sampler = NCSN_SAMPLER_LANGEVIN; sampler <= NCSN_SAMPLER_SDE_DPMPP_2M; sampler++) {
        ncsn_sample_params params;
        ncsn_progress now = {.struct_size = sizeof now};
        float *x;
        CHECK_OK(ncsn_sample_params_init(model, &params, sizeof params));
        params.sampler = sampler;
        params.sample_count = 5;
        params.progress = keep_progress;
        params.progress_user = &now;
        if (sampler == NCSN_SAMPLER_LANGEVIN) {
            params.step_size = 0.01;
            params.steps_per_level = 100;
        }
        x = sample(model, &params);
        CHECK(is_finite(x, 15) && now.nfe_done == now.nfe_total && now.nfe_done > 0);
        CHECK(expected[sampler] == 0 || now.nfe_done == expected[sampler]);
        free(x);
        /* The micro-batch does not change the samples. */
        params.steps_per_level = sampler <= NCSN_SAMPLER_ANNEALED_LANGEVIN ? 3 : 0;
        x = sample(model, &params);
        for (params.batch_size = 1; params.batch_size <= 3; params.batch_size++) {
            void *same = sample(model, &params);
            CHECK(memcmp(x, same, 15 * sizeof x[0]) == 0);
            free(same);
        }
        free(x);
    }
    ncsn_destroy(model);
}

static ncsn_run *saved_and_loaded(ncsn_model *model, ncsn_run *run)
{
    size_t size = 0, again_size = 0;
    void *saved = save(run, &size), *again;
    ncsn_run *loaded = NULL;
    CHECK_OK(ncsn_run_load(model, saved, size, &loaded));
    again = save(loaded, &again_size);
    CHECK(again_size == size && memcmp(saved, again, size) == 0);
    ncsn_run_free(run);
    free(saved);
    free(again);
    return loaded;
}

static void finish(ncsn_run *run, const void *expected, size_t bytes)
{
    void *out = allocate(bytes);
    CHECK_OK(ncsn_run_step(run, 0, 0, NULL));
    CHECK_OK(ncsn_run_read(run, NCSN_READ_SAMPLE, out, bytes));
    CHECK(memcmp(out, expected, bytes) == 0);
    ncsn_run_free(run);
    free(out);
}

/* In the middle of steps, micro-batches and attempts. */
static void cut_anywhere(ncsn_model *model)
{
    for (size_t i = 0; i < COUNT(VARIATIONS); i++) {
        ncsn_sample_params params = variation_params(model, &VARIATIONS[i]);
        size_t bytes = output_size(model, &params);
        void *expected = sample(model, &params);
        ncsn_run *run = NULL;
        for (uint32_t batch = 1; batch <= 5; batch += 2) {
            params.batch_size = batch;
            CHECK_OK(ncsn_run_begin(model, &params, &run));
            run = saved_and_loaded(model, run);
            while (ncsn_run_step(run, 0, 1, NULL) == NCSN_PENDING) {
                run = saved_and_loaded(model, run);
            }
            finish(saved_and_loaded(model, run), expected, bytes);
        }
        /* Cancelled after two evaluations; what was saved of it goes on. */
        CHECK_OK(ncsn_run_begin(model, &params, &run));
        (void)ncsn_run_step(run, 2, 0, NULL);
        ncsn_run_cancel(run);
        if (ncsn_run_step(run, 0, 0, NULL) == NCSN_CANCELLED) {
            CHECK_STATUS(ncsn_run_step(run, 1, 0, NULL), NCSN_CANCELLED);
        }
        finish(saved_and_loaded(model, run), expected, bytes);
        free(expected);
    }
}

/* A network that fails once, anywhere, leaves the chains as they were. */
static void failures_leave_no_trace(ncsn_model *model)
{
    for (size_t i = 0; i < COUNT(VARIATIONS); i++) {
        ncsn_sample_params params = variation_params(model, &VARIATIONS[i]);
        size_t bytes = output_size(model, &params);
        void *expected = sample(model, &params);
        for (int at = 1; at <= 16; at++) {
            ncsn_run *run = NULL;
            ncsn_status status;
            CHECK_OK(ncsn_run_begin(model, &params, &run));
            network.calls = 0;
            network.fails_at = at;
            status = ncsn_run_step(run, 0, 0, NULL);
            CHECK(status == NCSN_ERR_CALLBACK || (status == NCSN_OK && network.calls < at));
            network.fails_at = 0;
            finish(run, expected, bytes);
        }
        free(expected);
    }
}

/* Chains of 700 and more are driven out of the floats. */
static int32_t explosive_score(void *user, const float *x, double sigma, const int64_t *labels,
                               uint32_t sample_count, float *out)
{
    (void)user;
    (void)sigma;
    (void)labels;
    for (uint32_t i = 0; i < 3 * sample_count; i++) {
        out[i] = x[i] >= 700.0f ? FLT_MAX : 0.0f;
    }
    return 0;
}

/* The error says where, which sample, and what to lower. */
static void divergence(void)
{
    static const double ladder[] = {10.0, 5.0, 2.5};
    static const struct {
        int32_t sampler;
        double churn;
        const char *remedy;
    } cases[] = {
        {NCSN_SAMPLER_LANGEVIN, 0, "lower step_size"},
        {NCSN_SAMPLER_ANNEALED_LANGEVIN, 0, "lower step_size"},
        {NCSN_SAMPLER_CONSISTENT_ANNEALED, 0, "lower step_size"},
        {NCSN_SAMPLER_REVERSE_DIFFUSION, 0, "use more levels"},
        {NCSN_SAMPLER_ANCESTRAL, 0, "use more levels"},
        {NCSN_SAMPLER_EULER_MARUYAMA, 0, "use more levels"},
        {NCSN_SAMPLER_PROBABILITY_FLOW, 0, "smaller sigma_max"},
        {NCSN_SAMPLER_PREDICTOR_CORRECTOR, 0, "lower snr"},
        {NCSN_SAMPLER_EULER, 0, "use more levels"},
        {NCSN_SAMPLER_EULER, 1, "lower churn"},
        {NCSN_SAMPLER_HEUN, 0, "smaller sigma_max"},
        {NCSN_SAMPLER_HEUN, 1, "lower churn"},
        {NCSN_SAMPLER_DPMPP_2M, 0, "use more levels"},
        {NCSN_SAMPLER_SDE_DPMPP_2M, 0, "use more levels"},
        {NCSN_SAMPLER_UNIPC, 0, "use more levels"},
        {NCSN_SAMPLER_RK45, 0, "lower rtol"},
    };
    static const int64_t shape[] = {3};
    static float init[15];
    ncsn_score_source source = {sizeof source, 1, shape, NULL, explosive_score};
    ncsn_model_options options;
    ncsn_model *model = NULL;
    CHECK_OK(ncsn_model_options_init(&options, sizeof options));
    options.sigmas = ladder;
    options.sigma_count = COUNT(ladder);
    CHECK_OK(ncsn_create_from_callback(&source, &options, &model));
    init[10] = 1000.0f; /* sample 3 */
    for (size_t i = 0; i < COUNT(cases); i++) {
        ncsn_sample_params params = sampler_params(model, cases[i].sampler);
        ncsn_run *run = NULL;
        float before[15], after[15];
        params.first_sample = 100;
        params.init_kind = NCSN_INIT_GIVEN;
        params.init = init;
        params.init_count = COUNT(init);
        params.churn = cases[i].churn;
        params.step_size = cases[i].sampler == NCSN_SAMPLER_LANGEVIN ? 100.0 : 0.0;
        CHECK_OK(ncsn_run_begin(model, &params, &run));
        CHECK_ERROR(ncsn_run_step(run, 0, 0, NULL), NCSN_ERR_NON_FINITE, "sample 103");
        CHECK(strstr(last_error(), "level 0") != NULL
              || strstr(last_error(), "between sigma = 10") != NULL);
        CHECK(strstr(last_error(), cases[i].remedy) != NULL);
        CHECK((strstr(last_error(), "churn") != NULL) == (cases[i].churn > 0.0));
        CHECK_OK(ncsn_run_read(run, NCSN_READ_STATE, before, sizeof before));
        CHECK(is_finite(before, COUNT(before)));
        CHECK_ERROR(ncsn_run_step(run, 0, 0, NULL), NCSN_ERR_NON_FINITE, "sample 103");
        CHECK_OK(ncsn_run_read(run, NCSN_READ_STATE, after, sizeof after));
        CHECK(memcmp(before, after, sizeof before) == 0);
        ncsn_run_free(run);
    }
    ncsn_destroy(model);
}

/* Parameters as programs have them that were compiled before `predictor` and what follows it. */
static void shorter_struct(ncsn_model *model)
{
    static const size_t old = offsetof(ncsn_sample_params, predictor);
    for (size_t i = 0; i < COUNT(VARIATIONS); i++) {
        ncsn_sample_params params = variation_params(model, &VARIATIONS[i]), *shorter;
        size_t bytes;
        void *a, *b;
        params.predictor = params.corrector_norm = 0;
        params.resample_steps = 0;
        bytes = output_size(model, &params);
        shorter = allocate(old); /* no byte more, so that a read beyond it is seen */
        memcpy(shorter, &params, old);
        memcpy(shorter, &(uint32_t){(uint32_t)old}, sizeof(uint32_t));
        a = sample(model, &params);
        b = allocate(bytes);
        CHECK_OK(ncsn_sample(model, shorter, b, bytes));
        CHECK(memcmp(a, b, bytes) == 0);
        free(shorter);
        free(a);
        free(b);
    }
}

int main(void)
{
    ncsn_model *model = class_model();
    for (size_t i = 0; i < COUNT(known); i++) {
        known[i] = 0.1f * (float)i - 0.5f;
        mask[i] = (float)(i % 3) / 2.0f;
    }
    evaluations(model);
    budgets(model);
    on_a_network();
    cut_anywhere(model);
    failures_leave_no_trace(model);
    divergence();
    shorter_struct(model);
    ncsn_destroy(model);
    puts("ok samplers");
    return 0;
}
