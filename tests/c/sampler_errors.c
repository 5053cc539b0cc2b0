/* What samplers, inpainting and guidance refuse: parameters of another sampler, values out of
 * range, and requests that fit no such network. */

#include <math.h>

#include "check.h"

typedef struct sampler_case {
    int32_t sampler;
    field_case change;
} sampler_case;

#define OF(sampler, type, field, value) \
    {NCSN_SAMPLER_##sampler, FIELD(ncsn_sample_params, type, field, value, NCSN_ERR_ARGUMENT)}

/* Each is refused by the name of the field, which the sampler has nothing to do with. */
static void of_other_samplers(ncsn_model *model)
{
    static const sampler_case cases[] = {
        OF(ANNEALED_LANGEVIN, 'd', churn, 40),
        OF(ANNEALED_LANGEVIN, 'd', churn_min, 0.1),
        OF(ANNEALED_LANGEVIN, 'd', churn_max, 1),
        OF(ANNEALED_LANGEVIN, 'd', churn_noise, 1.007),
        OF(ANNEALED_LANGEVIN, 'd', churn_noise, NAN),
        OF(ANNEALED_LANGEVIN, 'd', rtol, 1e-3),
        OF(ANNEALED_LANGEVIN, 'd', atol, 1e-3),
        OF(ANNEALED_LANGEVIN, 'u', corrector_steps, 2),
        OF(ANNEALED_LANGEVIN, 'i', corrector_norm, NCSN_NORM_EXPECTED),
        OF(ANNEALED_LANGEVIN, 'i', predictor, NCSN_SAMPLER_ANCESTRAL),
        OF(ANNEALED_LANGEVIN, 'u', nfe_budget, 20),
        OF(CONSISTENT_ANNEALED, 'd', snr, 0.16),
        OF(CONSISTENT_ANNEALED, 'd', churn, 40),
        OF(REVERSE_DIFFUSION, 'u', steps_per_level, 3),
        OF(REVERSE_DIFFUSION, 'd', step_size, 0.01),
        OF(ANCESTRAL, 'd', snr, 0.16),
        OF(EULER_MARUYAMA, 'd', churn, 40),
        OF(PROBABILITY_FLOW, 'd', rtol, 1e-3),
        OF(PREDICTOR_CORRECTOR, 'u', steps_per_level, 3),
        OF(PREDICTOR_CORRECTOR, 'd', step_size, 0.01),
        OF(PREDICTOR_CORRECTOR, 'd', churn, 40),
        OF(EULER, 'd', snr, 0.16),
        OF(EULER, 'u', nfe_budget, 20),
        OF(HEUN, 'd', rtol, 1e-3),
        OF(HEUN, 'd', step_size, 0.01),
        OF(DPMPP_2M, 'd', churn, 40),
        OF(DPMPP_2M, 'i', predictor, NCSN_SAMPLER_ANCESTRAL),
        OF(SDE_DPMPP_2M, 'd', churn, 40),
        OF(UNIPC, 'u', corrector_steps, 2),
        OF(UNIPC, 'u', steps_per_level, 3),
        OF(RK45, 'd', step_size, 0.01),
        OF(RK45, 'd', churn, 40),
        OF(RK45, 'u', nfe_budget, 20),
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        ncsn_sample_params params = sampler_params(model, cases[i].sampler);
        set_field(&params, &cases[i].change);
        REFUSED(model, &params, cases[i].change.status, cases[i].change.word);
        CHECK(strstr(last_error(), "no such parameter") != NULL);
    }
}

static void out_of_range(ncsn_model *model)
{
    static const sampler_case cases[] = {
        OF(PREDICTOR_CORRECTOR, 'd', snr, -0.16),
        OF(PREDICTOR_CORRECTOR, 'd', snr, NAN),
        OF(PREDICTOR_CORRECTOR, 'd', snr, INFINITY),
        OF(PREDICTOR_CORRECTOR, 'u', corrector_steps, 16777216),
        OF(PREDICTOR_CORRECTOR, 'i', corrector_norm, 9),
        OF(PREDICTOR_CORRECTOR, 'i', corrector_norm, -1),
        OF(PREDICTOR_CORRECTOR, 'i', predictor, NCSN_SAMPLER_LANGEVIN),
        OF(PREDICTOR_CORRECTOR, 'i', predictor, NCSN_SAMPLER_HEUN),
        OF(PREDICTOR_CORRECTOR, 'i', predictor, NCSN_SAMPLER_PREDICTOR_CORRECTOR),
        OF(PREDICTOR_CORRECTOR, 'i', predictor, NCSN_SAMPLER_AUTO),
        OF(PREDICTOR_CORRECTOR, 'i', predictor, 99),
        OF(EULER, 'd', churn, -1),
        OF(EULER, 'd', churn, NAN),
        OF(EULER, 'd', churn, INFINITY),
        OF(EULER, 'd', churn_min, -1),
        OF(EULER, 'd', churn_min, NAN),
        OF(HEUN, 'd', churn_max, -1),
        OF(HEUN, 'd', churn_max, NAN),
        OF(HEUN, 'd', churn_noise, -1),
        OF(HEUN, 'd', churn_noise, INFINITY),
        OF(RK45, 'd', rtol, 9e-7),
        OF(RK45, 'd', rtol, 1.1),
        OF(RK45, 'd', rtol, -1e-3),
        OF(RK45, 'd', rtol, NAN),
        OF(RK45, 'd', atol, 9e-7),
        OF(RK45, 'd', atol, 2),
        OF(RK45, 'd', atol, NAN),
        OF(CONSISTENT_ANNEALED, 'd', step_size, -1e-3),
        OF(CONSISTENT_ANNEALED, 'd', step_size, NAN),
        /* eta = step_size / sigma_L^2 is between 1 - g and 1 + g, g = 1/2 on LADDER. */
        OF(CONSISTENT_ANNEALED, 'd', step_size, 0.49 * 0.125 * 0.125),
        OF(CONSISTENT_ANNEALED, 'd', step_size, 1.51 * 0.125 * 0.125),
        OF(CONSISTENT_ANNEALED, 'u', steps_per_level, 4000000000.0),
        OF(HEUN, 'u', start_level, 4),
        OF(RK45, 'u', start_level, 4),
        OF(CONSISTENT_ANNEALED, 'u', start_level, 4),
        OF(AUTO, 'd', churn, 40),
        OF(AUTO, 'd', rtol, 1e-3),
        {16, FIELD(ncsn_sample_params, 'i', sampler, 16, NCSN_ERR_ARGUMENT)},
    };
    ncsn_sample_params params;
    for (size_t i = 0; i < COUNT(cases); i++) {
        params = sampler_params(model, cases[i].sampler);
        set_field(&params, &cases[i].change);
        REFUSED(model, &params, cases[i].change.status, cases[i].change.word);
    }
    params = sampler_params(model, NCSN_SAMPLER_HEUN);
    params.churn_min = 0.5;
    params.churn_max = 0.25;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "churn_max");
    CHECK(strstr(last_error(), "churn_min = 0.5") != NULL);
    params = sampler_params(model, NCSN_SAMPLER_HEUN);
    params.start_level = COUNT(LADDER) - 1;
    params.denoise = 0;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "nothing to do");
}

static void schedules(ncsn_model *model)
{
    static const double rhos[] = {0.5, -7.0, 1001.0, NAN, INFINITY};
    ncsn_sample_params params;
    for (int32_t schedule = 0; schedule <= NCSN_SCHEDULE_EXPONENTIAL; schedule++) {
        params = sampler_params(model, NCSN_SAMPLER_HEUN);
        params.schedule = schedule;
        params.rho = 7.0;
        if (schedule != NCSN_SCHEDULE_KARRAS) {
            REFUSED(model, &params, NCSN_ERR_ARGUMENT, "rho");
        }
    }
    params.schedule = NCSN_SCHEDULE_KARRAS;
    for (size_t i = 0; i < COUNT(rhos); i++) {
        params.rho = rhos[i];
        REFUSED(model, &params, NCSN_ERR_ARGUMENT, "rho");
    }
    params.sampler = NCSN_SAMPLER_AUTO;
    params.rho = 0.0;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "chooses the schedule itself");
    params.sampler = NCSN_SAMPLER_HEUN;
    params.sigma_max = 0.01; /* below the model's sigma_min */
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "sigma_max");
    params.sigma_max = 1.0;
    params.level_count = 1;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "level_count");
}

/* A network that knows its levels by number only. */
static void ladders(void)
{
    ncsn_model *model = open_model(MODELS "gauss_level.onnx");
    ncsn_sample_params params = sampler_params(model, NCSN_SAMPLER_RK45);
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "rk45");
    CHECK(strstr(last_error(), "use dpmpp_2m or heun") != NULL);
    params = sampler_params(model, NCSN_SAMPLER_HEUN);
    params.churn = 10.0;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "churn");
    params.churn = 0.0;
    params.schedule = NCSN_SCHEDULE_KARRAS;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "off_ladder");
    params.schedule = NCSN_SCHEDULE_MODEL;
    params.level_count = 11;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "level_count = 11: the ladder has 10 levels");
    params.level_count = 5; /* some of its own */
    free(sample(model, &params));
    ncsn_destroy(model);
}

static void inpainting(ncsn_model *model)
{
    static const struct {
        float value;
        int is_mask;
        ncsn_status status;
    } wrong[] = {
        {NAN, 0, NCSN_ERR_NON_FINITE},     {INFINITY, 0, NCSN_ERR_NON_FINITE},
        {-INFINITY, 0, NCSN_ERR_NON_FINITE}, {-0.01f, 1, NCSN_ERR_ARGUMENT},
        {1.01f, 1, NCSN_ERR_ARGUMENT},     {NAN, 1, NCSN_ERR_ARGUMENT},
    };
    static const size_t counts[] = {1, 2, 6, 14, 16, SIZE_MAX >> 19, SIZE_MAX};
    static const uint32_t passes[] = {1001, 4294967295u};
    static const int32_t one_pass[] = {NCSN_SAMPLER_ANNEALED_LANGEVIN, NCSN_SAMPLER_DPMPP_2M,
                                       NCSN_SAMPLER_SDE_DPMPP_2M, NCSN_SAMPLER_UNIPC};
    float known[15] = {0.0f}, mask[15] = {0.0f};
    ncsn_sample_params params = sampler_params(model, NCSN_SAMPLER_HEUN), good;
    params.known_count = 15;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "known");
    params.mask = mask;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "known");
    params.known_count = 0;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "mask is set, but known is NULL");
    params.mask = NULL;
    params.resample_steps = 2;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "resample_steps");
    params.known = known;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "known_count");
    params.known_count = 15;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "mask is NULL");

    params.mask = mask;
    good = params;
    free(sample(model, &good));
    for (size_t i = 0; i < COUNT(counts); i++) {
        params.known_count = counts[i]; /* wrong, so not to be believed before that is seen */
        REFUSED(model, &params, NCSN_ERR_ARGUMENT, "known_count");
    }
    params = good;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        float *at = wrong[i].is_mask ? &mask[7] : &known[7], before = *at;
        *at = wrong[i].value;
        REFUSED(model, &params, wrong[i].status, "sample 2, element 1");
        CHECK(strncmp(last_error(), wrong[i].is_mask ? "mask" : "known", 4) == 0);
        *at = before;
    }
    for (size_t i = 0; i < COUNT(passes); i++) {
        params.resample_steps = passes[i];
        REFUSED(model, &params, NCSN_ERR_ARGUMENT, "resample_steps");
    }
    params = good;
    params.sampler = NCSN_SAMPLER_PREDICTOR_CORRECTOR;
    params.corrector_steps = 16777215;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "resample_steps = 2 times 16777216");
    params.corrector_steps = 0;
    params.sampler = NCSN_SAMPLER_RK45;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "rk45");
    for (size_t i = 0; i < COUNT(one_pass); i++) {
        params = good;
        params.sampler = one_pass[i];
        REFUSED(model, &params, NCSN_ERR_ARGUMENT, "resample_steps");
        params.resample_steps = 1;
        free(sample(model, &params));
    }
}

/* A score of the caller's own that is told of classes, with or without a null class. */
static ncsn_model *class_model(const int64_t *null_class)
{
    static size_t elements = 3;
    static const int64_t shape[] = {3};
    ncsn_score_source source = {sizeof source, 1, shape, &elements, gauss_score};
    ncsn_model_options options;
    ncsn_model *model = NULL;
    CHECK_OK(ncsn_model_options_init(&options, sizeof options));
    options.sigmas = LADDER;
    options.sigma_count = COUNT(LADDER);
    options.class_count = 3;
    options.null_class = null_class;
    CHECK_OK(ncsn_create_from_callback(&source, &options, &model));
    return model;
}

static void guidance(ncsn_model *unconditional)
{
    static const int64_t null = 3, labels[] = {0, 1, 2, -1, 3};
    static const double wild[] = {NAN, INFINITY, -INFINITY};
    ncsn_model *model = class_model(&null), *strict = class_model(NULL);
    ncsn_sample_params params = sampler_params(unconditional, NCSN_SAMPLER_HEUN);
    params.guidance_scale = 2.0;
    REFUSED(unconditional, &params, NCSN_ERR_ARGUMENT, "guidance_scale = 2");
    CHECK(strstr(last_error(), "class-conditional") != NULL);
    params.guidance_scale = NAN;
    REFUSED(unconditional, &params, NCSN_ERR_ARGUMENT, "guidance_scale = NaN");
    params.guidance_scale = 2.0;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "labels are missing");
    params.labels = labels;
    params.label_count = 3;
    params.sample_count = 3;
    REFUSED(strict, &params, NCSN_ERR_ARGUMENT, "null_class");
    for (size_t i = 0; i < COUNT(wild); i++) {
        params.guidance_scale = wild[i];
        REFUSED(model, &params, NCSN_ERR_ARGUMENT, "guidance_scale");
    }
    params.label_count = params.sample_count = COUNT(labels);
    for (params.guidance_scale = -1.0; params.guidance_scale < 4.0; params.guidance_scale += 1.0) {
        free(sample(model, &params)); /* 0 and 1 are none */
    }
    ncsn_destroy(model);
    ncsn_destroy(strict);
}

/* What is spelt out is what is left open. */
static void defaults_spelt_out(ncsn_model *model)
{
    ncsn_sample_params open, said;
    void *a, *b;
    for (int32_t sampler = NCSN_SAMPLER_CONSISTENT_ANNEALED; sampler <= NCSN_SAMPLER_SDE_DPMPP_2M;
         sampler++) {
        open = sampler_params(model, sampler);
        said = open;
        said.level_count = COUNT(LADDER);
        said.churn_noise = 1.0;
        said.predictor = NCSN_SAMPLER_REVERSE_DIFFUSION;
        said.corrector_norm = NCSN_NORM_DRAWN;
        said.corrector_steps = 1;
        said.guidance_scale = 0.0;
        said.init_kind = NCSN_INIT_NORMAL;
        said.preview_kind = NCSN_READ_DENOISED;
        said.denoise = 1;
        if (sampler == NCSN_SAMPLER_PREDICTOR_CORRECTOR) {
            said.snr = 0.16;
        }
        if (sampler == NCSN_SAMPLER_RK45) {
            said.rtol = said.atol = 1e-3;
        }
        if (sampler == NCSN_SAMPLER_AUTO) {
            said.init_kind = NCSN_INIT_MEAN_PLUS_NOISE;
            said.nfe_budget = 40;
        }
        a = sample(model, &open);
        b = sample(model, &said);
        CHECK(memcmp(a, b, output_size(model, &open)) == 0);
        free(a);
        free(b);
    }
    open = sampler_params(model, NCSN_SAMPLER_HEUN);
    said = open;
    open.schedule = NCSN_SCHEDULE_KARRAS;
    said.schedule = NCSN_SCHEDULE_KARRAS;
    said.rho = 7.0;
    a = sample(model, &open);
    b = sample(model, &said);
    CHECK(memcmp(a, b, output_size(model, &open)) == 0);
    free(b);
    said.rho = 0.0;
    said.schedule = NCSN_SCHEDULE_GEOMETRIC;
    b = sample(model, &said);
    CHECK(memcmp(a, b, output_size(model, &open)) != 0);
    said.schedule = NCSN_SCHEDULE_EXPONENTIAL;
    free(a);
    a = sample(model, &said);
    CHECK(memcmp(a, b, output_size(model, &open)) == 0);
    free(a);
    free(b);
}

int main(void)
{
    ncsn_model *model = gauss_model();
    of_other_samplers(model);
    out_of_range(model);
    schedules(model);
    ladders();
    inpainting(model);
    guidance(model);
    defaults_spelt_out(model);
    ncsn_destroy(model);
    puts("ok sampler_errors");
    return 0;
}
