/* Everything that can be wrong with what a program asks a model to sample. The three calls that
 * take parameters give the same answer, write nothing, and leave the model usable. */

#include <math.h>

#include "check.h"

enum { FILL = 0x5a };

#define PARAM(type, field, value, status) FIELD(ncsn_sample_params, type, field, value, status)

static void fields(ncsn_model *model)
{
    static const field_case cases[] = {
        PARAM('u', sample_count, 0, NCSN_ERR_ARGUMENT),
        PARAM('u', sample_count, 2147483648.0, NCSN_ERR_ARGUMENT),
        PARAM('u', sample_count, 4294967295.0, NCSN_ERR_ARGUMENT),
        PARAM('q', first_sample, 281474976710656.0, NCSN_ERR_ARGUMENT),
        PARAM('q', first_sample, 281474976710656.0 - 4, NCSN_ERR_ARGUMENT),
        PARAM('q', first_sample, 18446744073709549568.0, NCSN_ERR_ARGUMENT),
        PARAM('u', steps_per_level, 16777217, NCSN_ERR_ARGUMENT),
        PARAM('u', start_level, 4, NCSN_ERR_ARGUMENT),
        PARAM('u', start_level, 4294967295.0, NCSN_ERR_ARGUMENT),
        PARAM('d', step_size, -1e-5, NCSN_ERR_ARGUMENT),
        PARAM('d', step_size, NAN, NCSN_ERR_ARGUMENT),
        PARAM('d', step_size, INFINITY, NCSN_ERR_ARGUMENT),
        PARAM('d', snr, -0.1, NCSN_ERR_ARGUMENT),
        PARAM('d', snr, NAN, NCSN_ERR_ARGUMENT),
        PARAM('u', reserved, 1, NCSN_ERR_ARGUMENT),
        /* No such constant. */
        PARAM('i', sampler, 99, NCSN_ERR_ARGUMENT),
        PARAM('i', sampler, -1, NCSN_ERR_ARGUMENT),
        PARAM('i', schedule, 99, NCSN_ERR_ARGUMENT),
        PARAM('i', step_convention, 3, NCSN_ERR_ARGUMENT),
        PARAM('i', init_kind, 6, NCSN_ERR_ARGUMENT),
        PARAM('i', output_format, 5, NCSN_ERR_ARGUMENT),
        PARAM('i', output_format, -1, NCSN_ERR_ARGUMENT),
        PARAM('i', preview_kind, NCSN_READ_SAMPLE, NCSN_ERR_ARGUMENT),
        PARAM('i', denoise, 2, NCSN_ERR_ARGUMENT),
        PARAM('i', denoise, -2, NCSN_ERR_ARGUMENT),
        /* Fields that need others. */
        PARAM('i', output_format, NCSN_U8_GRAY, NCSN_ERR_ARGUMENT), /* [3] is no image */
        PARAM('i', schedule, NCSN_SCHEDULE_GIVEN, NCSN_ERR_ARGUMENT),
        PARAM('u', level_count, 1048577, NCSN_ERR_ARGUMENT),
        PARAM('d', rho, 7, NCSN_ERR_ARGUMENT),
        PARAM('d', rho, NAN, NCSN_ERR_ARGUMENT),
        PARAM('d', sigma_max, 9, NCSN_ERR_ARGUMENT),
        PARAM('d', sigma_min, 0.01, NCSN_ERR_ARGUMENT),
        PARAM('z', sigma_count, 3, NCSN_ERR_ARGUMENT),
        PARAM('z', init_count, 15, NCSN_ERR_ARGUMENT),
        PARAM('i', init_kind, NCSN_INIT_GIVEN, NCSN_ERR_ARGUMENT),
        PARAM('i', init_kind, NCSN_INIT_GIVEN_PLUS_NOISE, NCSN_ERR_ARGUMENT),
        {"step_size", offsetof(ncsn_sample_params, sampler), 'i', NCSN_SAMPLER_LANGEVIN,
         NCSN_ERR_ARGUMENT},
        {"labels", offsetof(ncsn_sample_params, label_count), 'z', 5, NCSN_ERR_ARGUMENT},
        PARAM('z', row_pitch, 64, NCSN_ERR_ARGUMENT), /* floats have no rows of pixels */
    };
    static const int64_t label[15];
    ncsn_sample_params params;
    for (size_t i = 0; i < COUNT(cases); i++) {
        params = small_params(model);
        set_field(&params, &cases[i]);
        REFUSED(model, &params, cases[i].status, cases[i].word);
    }
    params = small_params(model);
    params.labels = label;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "label_count");
    params.label_count = 4;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "sample_count");
    params.label_count = SIZE_MAX >> 19; /* wrong, so not to be copied before that is seen */
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "sample_count");
    params.label_count = params.sample_count;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "unconditional");
}

static void schedules(ncsn_model *model)
{
    static const double bad[][3] = {{0.1, 0.5, 1.0}, {1.0, 1.0, 0.5}, {1.0, 0.5, 0.0},
                                    {1.0, 0.5, -0.1}, {1.0, NAN, 0.1}, {INFINITY, 1.0, 0.1}};
    ncsn_sample_params params = small_params(model);
    for (size_t i = 0; i < COUNT(bad); i++) {
        params.sigmas = bad[i];
        params.sigma_count = 3;
        REFUSED(model, &params, NCSN_ERR_ARGUMENT, "sigma");
    }
    params.sigma_count = 0;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "sigma_count");
    params.sigmas = LADDER;
    params.sigma_count = SIZE_MAX >> 19;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "sigmas");
    params.sigma_count = COUNT(LADDER);
    params.sigma_max = 2.0;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "sigma_max");
    params.sigma_max = LADDER[0];
    params.sigma_count = 2;
    params.level_count = 3;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "level_count");
    params.level_count = 2;
    free(sample(model, &params));
    params.sigma_count = params.level_count = COUNT(LADDER);
    for (int32_t schedule = NCSN_SCHEDULE_GEOMETRIC; schedule <= NCSN_SCHEDULE_EXPONENTIAL;
         schedule++) {
        params.schedule = schedule;
        if (schedule != NCSN_SCHEDULE_GIVEN) {
            REFUSED(model, &params, NCSN_ERR_ARGUMENT, "sigmas");
        }
    }
    params.schedule = 0;
    params.sampler = NCSN_SAMPLER_LANGEVIN;
    params.step_size = 0.01;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "exactly one");
    params.sigma_count = 1;
    params.snr = 0.1;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "snr");
    params = small_params(model);
    params.schedule = NCSN_SCHEDULE_GEOMETRIC;
    params.sigma_max = 0.01; /* below the model's sigma_min */
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "sigma_max");
    params.sigma_max = NAN;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "sigma_max");
    params.sigma_max = INFINITY;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "sigma_max");
    params.sigma_max = 1.0;
    params.level_count = 4000000000u;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "level_count");
}

/* From kappa = c epsilon / sigma_L^2 = 2 on chains diverge on any data. */
static void diverging_steps(ncsn_model *model)
{
    const double last = LADDER[COUNT(LADDER) - 1];
    ncsn_sample_params params = small_params(model);
    for (int32_t convention = NCSN_STEP_HALF; convention <= NCSN_STEP_FULL; convention++) {
        double c = convention == NCSN_STEP_HALF ? 0.5 : 1.0;
        params.step_convention = convention;
        params.snr = 0.0;
        params.step_size = 2.0 * last * last / c;
        REFUSED(model, &params, NCSN_ERR_ARGUMENT, "kappa");
        CHECK(strstr(last_error(), "step_size") != NULL);
        params.step_size *= 0.99;
        free(sample(model, &params));
        params.snr = 1.0; /* kappa = 2 snr^2 */
        REFUSED(model, &params, NCSN_ERR_ARGUMENT, "kappa");
    }
}

static void given_samples(ncsn_model *model)
{
    float init[16] = {0};
    ncsn_sample_params params = small_params(model);
    params.init = init;
    params.init_count = 15;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "init_kind"); /* the model's own is uniform */
    for (int32_t kind = NCSN_INIT_UNIFORM; kind <= NCSN_INIT_NORMAL; kind++) {
        params.init_kind = kind;
        REFUSED(model, &params, NCSN_ERR_ARGUMENT, "init_kind");
    }
    for (int32_t kind = NCSN_INIT_GIVEN; kind <= NCSN_INIT_GIVEN_PLUS_NOISE; kind++) {
        static const float wild[] = {NAN, INFINITY, -INFINITY};
        params.init_kind = kind;
        params.init_count = 0;
        REFUSED(model, &params, NCSN_ERR_ARGUMENT, "init_count");
        params.init_count = 14;
        REFUSED(model, &params, NCSN_ERR_ARGUMENT, "init");
        params.init_count = 16;
        REFUSED(model, &params, NCSN_ERR_ARGUMENT, "init");
        params.init_count = SIZE_MAX;
        REFUSED(model, &params, NCSN_ERR_ARGUMENT, "init");
        params.init_count = SIZE_MAX >> 19; /* wrong, so not to be copied before that is seen */
        REFUSED(model, &params, NCSN_ERR_ARGUMENT, "init");
        params.init_count = 15;
        for (size_t i = 0; i < COUNT(wild); i++) {
            init[7] = wild[i]; /* sample 2, element 1 */
            REFUSED(model, &params, NCSN_ERR_NON_FINITE, "sample 2, element 1");
        }
        init[7] = 0.0f;
        free(sample(model, &params));
    }
}

static void buffers(ncsn_model *model)
{
    ncsn_sample_params params = small_params(model);
    size_t bytes = output_size(model, &params);
    unsigned char out[64];
    char needed[32];
    CHECK(bytes == 60);
    memset(out, FILL, sizeof out);
    snprintf(needed, sizeof needed, "%zu", bytes);
    CHECK_ERROR(ncsn_sample(model, &params, out, bytes - 1), NCSN_ERR_BUFFER, needed);
    CHECK_ERROR(ncsn_sample(model, &params, out, 0), NCSN_ERR_BUFFER, needed);
    CHECK_ERROR(ncsn_sample(model, &params, out, SIZE_MAX), NCSN_ERR_ARGUMENT, "out");
    CHECK(all_bytes(out, FILL, sizeof out));
    CHECK_OK(ncsn_sample(model, &params, out, sizeof out)); /* more than enough is enough */
    CHECK(all_bytes(out + bytes, FILL, sizeof out - bytes));
}

/* The largest requests there are: an error, whatever the machine's memory. */
static void enormous(void)
{
    static size_t elements;
    static const int64_t wide[] = {1 << 24}, widest[] = {INT64_C(1) << 62};
    static const int64_t beyond[] = {INT64_C(1) << 40, INT64_C(1) << 40};
    static const int64_t picture[] = {1, INT64_C(1) << 31, INT64_C(1) << 31};
    ncsn_score_source source = {sizeof source, 2, beyond, &elements, gauss_score};
    ncsn_model *model = callback_model(gauss_score, &elements, wide, 1), *none = NULL;
    ncsn_sample_params params = small_params(model);
    ncsn_run *run = NULL;
    size_t bytes = 77;
#ifndef __SANITIZE_ADDRESS__ /* which ends the process when malloc fails */
    params.sample_count = INT32_MAX; /* 2^57 bytes: more than there are addresses */
    CHECK_ERROR(ncsn_run_begin(model, &params, &run), NCSN_ERR_OUT_OF_MEMORY, "sample_count");
#endif
    ncsn_destroy(model);

    model = callback_model(gauss_score, &elements, widest, 1);
    params.sample_count = INT32_MAX;
    CHECK_ERROR(ncsn_run_begin(model, &params, &run), NCSN_ERR_OUT_OF_MEMORY, "address space");
    CHECK_ERROR(ncsn_output_size(model, &params, &bytes), NCSN_ERR_OUT_OF_MEMORY, "address space");
    params.sample_count = 1;
    CHECK_ERROR(ncsn_run_begin(model, &params, &run), NCSN_ERR_OUT_OF_MEMORY, "address space");
    ncsn_destroy(model);

    model = callback_model(gauss_score, &elements, picture, 3);
    params.output_format = NCSN_U8_RGBA; /* 2^62 pixels of 4 bytes */
    CHECK_ERROR(ncsn_output_size(model, &params, &bytes), NCSN_ERR_OUT_OF_MEMORY, "address space");
    CHECK_ERROR(ncsn_run_begin(model, &params, &run), NCSN_ERR_OUT_OF_MEMORY, "address space");
    ncsn_destroy(model);

    CHECK_ERROR(ncsn_create_from_callback(&source, NULL, &none), NCSN_ERR_ARGUMENT, "shape");
    CHECK(bytes == 77 && run == NULL && none == NULL);
}

/* A network that knows its levels by number only. */
static void off_the_ladder(void)
{
    static const double between[] = {0.9, 0.2};
    ncsn_model *model = open_model("tests/models/gauss_level.onnx");
    ncsn_sample_params params = small_params(model);
    ncsn_model_options options;
    free(sample(model, &params));
    params.sigmas = between;
    params.sigma_count = COUNT(between);
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "off_ladder");
    CHECK(strstr(last_error(), "0.9") != NULL);
    ncsn_destroy(model);
    CHECK_OK(ncsn_model_options_init(&options, sizeof options));
    options.off_ladder = NCSN_OFF_LADDER_NEAREST;
    CHECK_OK(ncsn_create("tests/models/gauss_level.onnx", &options, &model));
    free(sample(model, &params));
    ncsn_destroy(model);
}

/* A score of the caller's own that knows no noise levels: plain Langevin dynamics at sigma = 0, or
 * levels of the request's. */
static void no_ladder(void)
{
    static size_t elements = 3;
    static const int64_t shape[] = {3};
    ncsn_score_source source = {sizeof source, 1, shape, &elements, gauss_score};
    ncsn_model *model = NULL;
    ncsn_sample_params params;
    CHECK_OK(ncsn_create_from_callback(&source, NULL, &model));
    params = small_params(model);
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "no noise levels");
    params.schedule = NCSN_SCHEDULE_GEOMETRIC;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "sigma_max");
    params.level_count = 3;
    params.sigma_max = 1.0;
    params.sigma_min = 0.1;
    free(sample(model, &params));
    params = small_params(model);
    params.sampler = NCSN_SAMPLER_LANGEVIN;
    params.step_size = 0.01;
    free(sample(model, &params));
    ncsn_destroy(model);
}

/* Edges that are allowed. */
static void accepted(ncsn_model *model)
{
    ncsn_sample_params params = small_params(model), zeros = {.struct_size = sizeof zeros};
    void *own = sample(model, &params), *same;
    params.step_size = 0.0; /* the model's */
    params.batch_size = 4000000000u;
    same = sample(model, &params);
    CHECK(memcmp(own, same, output_size(model, &params)) == 0);
    free(own);
    free(same);
    params.first_sample = (UINT64_C(1) << 48) - params.sample_count;
    free(sample(model, &params));
    zeros.sample_count = 1; /* "zero means the model's own" */
    zeros.steps_per_level = 1;
    free(sample(model, &zeros));
}

int main(void)
{
    ncsn_model *model = gauss_model();
    ncsn_sample_params params = small_params(model);
    void *before = sample(model, &params), *after;
    fields(model);
    schedules(model);
    diverging_steps(model);
    given_samples(model);
    buffers(model);
    off_the_ladder();
    no_ladder();
    accepted(model);
    enormous();
    after = sample(model, &params);
    CHECK(memcmp(before, after, output_size(model, &params)) == 0);
    free(before);
    free(after);
    ncsn_destroy(model);
    puts("ok param_errors");
    return 0;
}
