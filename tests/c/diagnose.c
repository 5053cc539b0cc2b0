/* Objectives, the validator and recommended ladders: what they find on a network whose score is known,
 * and what they say to bad input. */

#include <math.h>

#include "check.h"

enum { ELEMENTS = 3, SAMPLES = 200, FLOATS = ELEMENTS * SAMPLES };

static size_t elements = ELEMENTS;
static const int64_t shape[] = {ELEMENTS};

/* N(0.7, 0.5^2), by Box and Muller on a small generator. */
static const float *gauss_data(void)
{
    static float data[FLOATS];
    uint32_t state = 12345;
    for (size_t i = 0; i < FLOATS; i++) {
        double u[2];
        for (int j = 0; j < 2; j++) {
            state = state * 1664525u + 1013904223u;
            u[j] = (state / 65536 + 0.5) / 65536.0;
        }
        data[i] = (float)(GAUSS_MEAN + 0.5 * sqrt(-2 * log(u[0])) * cos(6.283185307 * u[1]));
    }
    return data;
}

/* The same score with the wrong sign. */
static int32_t negative_score(void *user, const float *x, double sigma, const int64_t *labels,
                              uint32_t sample_count, float *out)
{
    CHECK(gauss_score(user, x, sigma, labels, sample_count, out) == 0);
    for (size_t i = 0; i < sample_count * elements; i++) {
        out[i] = -out[i];
    }
    return 0;
}

static int32_t failing_score(void *user, const float *x, double sigma, const int64_t *labels,
                             uint32_t sample_count, float *out)
{
    (void)gauss_score(user, x, sigma, labels, sample_count, out);
    return 42;
}

/* A model over LADDER whose range is open. */
static ncsn_model *wide_model(ncsn_score_fn score)
{
    ncsn_score_source source = {sizeof source, 1, shape, &elements, score};
    ncsn_model_options options;
    ncsn_model *model = NULL;
    CHECK_OK(ncsn_model_options_init(&options, sizeof options));
    options.sigmas = LADDER;
    options.sigma_count = COUNT(LADDER);
    CHECK_OK(ncsn_create_from_callback(&source, &options, &model));
    return model;
}

static ncsn_evaluate_params evaluate_params(void)
{
    ncsn_evaluate_params params;
    CHECK_OK(ncsn_evaluate_params_init(&params, sizeof params));
    CHECK(params.objective == NCSN_OBJECTIVE_DSM && params.directions == 1);
    params.data = gauss_data();
    params.data_count = FLOATS;
    params.seed = 3;
    return params;
}

static void objectives(ncsn_model *model)
{
    ncsn_evaluate_params params = evaluate_params();
    ncsn_level_loss dsm[COUNT(LADDER)], ism[COUNT(LADDER)], one[2];
    ncsn_evaluation found = {.struct_size = sizeof found}, again = found;
    double sum = 0;
    CHECK_OK(ncsn_evaluate(model, &params, dsm, COUNT(dsm), &found));
    CHECK(found.level_count == COUNT(LADDER) && found.evaluations == COUNT(LADDER));
    params.objective = NCSN_OBJECTIVE_ISM;
    CHECK_OK(ncsn_evaluate(model, &params, ism, COUNT(ism), &again));
    CHECK(again.exact_trace == 1);
    for (size_t i = 0; i < COUNT(LADDER); i++) {
        double square = LADDER[i] * LADDER[i], error = dsm[i].standard_error;
        double theory = 0.5 * ELEMENTS * GAUSS_VARIANCE / (GAUSS_VARIANCE + square);
        CHECK(dsm[i].sigma == LADDER[i] && dsm[i].count == SAMPLES && error > 0);
        CHECK(fabs(dsm[i].weighted - theory) < 5 * square * error);
        CHECK(dsm[i].difference_error == -1 && ism[i].difference_error < 0.01);
        error = hypot(error, ism[i].standard_error);
        CHECK(fabs(dsm[i].loss - ism[i].loss - ELEMENTS / (2 * square)) < 5 * error);
        sum += dsm[i].weighted / COUNT(LADDER);
    }
    CHECK(fabs(sum - found.total) < 1e-9);
    /* The totals alone; one level of the two asked for does not fit. */
    params = evaluate_params();
    CHECK_OK(ncsn_evaluate(model, &params, NULL, 0, &again));
    CHECK(again.total == found.total);
    params.max_levels = 2;
    memset(one, 0x5a, sizeof one);
    CHECK_ERROR(ncsn_evaluate(model, &params, one, 1, &again), NCSN_ERR_BUFFER, "2");
    CHECK(all_bytes(one, 0x5a, sizeof one));
    CHECK_OK(ncsn_evaluate(model, &params, one, 2, &again));
    CHECK(one[0].sigma == LADDER[0] && one[1].sigma == LADDER[COUNT(LADDER) - 1]);
    /* Against itself nothing is left. */
    params.objective = NCSN_OBJECTIVE_ESM;
    params.target = model;
    CHECK_OK(ncsn_evaluate(model, &params, NULL, 0, &again));
    CHECK(again.total == 0);
}

static void bad_objectives(ncsn_model *model)
{
    static const int64_t labels[SAMPLES] = {0};
    static const double rising[] = {1, 2};
    static float spoilt[FLOATS];
    static const field_case cases[] = {
        FIELD(ncsn_evaluate_params, 'i', objective, 99, NCSN_ERR_ARGUMENT),
        FIELD(ncsn_evaluate_params, 'z', data_count, 0, NCSN_ERR_ARGUMENT),
        FIELD(ncsn_evaluate_params, 'z', data_count, FLOATS - 1, NCSN_ERR_ARGUMENT),
        FIELD(ncsn_evaluate_params, 'd', difference, -1, NCSN_ERR_ARGUMENT),
        FIELD(ncsn_evaluate_params, 'd', difference, NAN, NCSN_ERR_ARGUMENT),
        FIELD(ncsn_evaluate_params, 'z', sigma_count, 1, NCSN_ERR_ARGUMENT),
        FIELD(ncsn_evaluate_params, 'z', label_count, 1, NCSN_ERR_ARGUMENT),
        FIELD(ncsn_evaluate_params, 'u', reserved, 1, NCSN_ERR_ARGUMENT),
        FIELD(ncsn_evaluate_params, 'u', directions, UINT32_MAX, NCSN_ERR_ARGUMENT),
    };
    ncsn_evaluate_params params = evaluate_params();
    ncsn_evaluation found = {.struct_size = sizeof found}, untouched = found;
    ncsn_model *other;
    for (size_t i = 0; i < COUNT(cases); i++) {
        params = evaluate_params();
        set_field(&params, &cases[i]);
        CHECK_ERROR(ncsn_evaluate(model, &params, NULL, 0, &found), cases[i].status,
                    strcmp(cases[i].word, "data_count") == 0 ? "data" : cases[i].word);
    }
    params = evaluate_params();
    CHECK_ERROR(ncsn_evaluate_params_init(NULL, sizeof params), NCSN_ERR_ARGUMENT, "params");
    CHECK_ERROR(ncsn_evaluate_params_init(&params, 12), NCSN_ERR_STRUCT_SIZE, "ncsn_evaluate_params");
    CHECK_ERROR(ncsn_evaluate(NULL, &params, NULL, 0, &found), NCSN_ERR_ARGUMENT, "model");
    CHECK_ERROR(ncsn_evaluate(model, NULL, NULL, 0, &found), NCSN_ERR_ARGUMENT, "params");
    CHECK_ERROR(ncsn_evaluate(model, &params, NULL, 0, NULL), NCSN_ERR_ARGUMENT, "evaluation");
    CHECK_ERROR(ncsn_evaluate(model, &params, NULL, 4, &found), NCSN_ERR_ARGUMENT, "levels");
    params.data = NULL;
    params.data_count = 0;
    CHECK_ERROR(ncsn_evaluate(model, &params, NULL, 0, &found), NCSN_ERR_ARGUMENT, "data");
    params = evaluate_params();
    params.labels = labels;
    params.label_count = SAMPLES;
    CHECK_ERROR(ncsn_evaluate(model, &params, NULL, 0, &found), NCSN_ERR_ARGUMENT, "unconditional");
    params = evaluate_params();
    params.sigmas = rising;
    params.sigma_count = 2;
    CHECK_ERROR(ncsn_evaluate(model, &params, NULL, 0, &found), NCSN_ERR_ARGUMENT, "decreasing");
    params = evaluate_params();
    params.objective = NCSN_OBJECTIVE_PSM;
    CHECK_ERROR(ncsn_evaluate(model, &params, NULL, 0, &found), NCSN_ERR_ARGUMENT, "target");
    other = open_model("models/mixture.onnx");
    params.target = other;
    CHECK_ERROR(ncsn_evaluate(model, &params, NULL, 0, &found), NCSN_ERR_SHAPE, "target");
    ncsn_destroy(other);
    memcpy(spoilt, gauss_data(), sizeof spoilt);
    spoilt[4] = NAN;
    params = evaluate_params();
    params.data = spoilt;
    CHECK_ERROR(ncsn_evaluate(model, &params, NULL, 0, &found), NCSN_ERR_NON_FINITE,
                "sample 1, element 1");
    other = wide_model(failing_score);
    params = evaluate_params();
    CHECK_ERROR(ncsn_evaluate(other, &params, NULL, 0, &found), NCSN_ERR_CALLBACK, "42");
    ncsn_destroy(other);
    found.struct_size = 4;
    CHECK_ERROR(ncsn_evaluate(model, &params, NULL, 0, &found), NCSN_ERR_STRUCT_SIZE,
                "ncsn_evaluation");
    found.struct_size = sizeof found;
    CHECK(memcmp(&found, &untouched, sizeof found) == 0);
}

static ncsn_validate_params validate_params(void)
{
    ncsn_validate_params params;
    CHECK_OK(ncsn_validate_params_init(&params, sizeof params));
    CHECK(params.max_levels == 12 && params.max_samples == 256);
    params.data = gauss_data();
    params.data_count = FLOATS;
    return params;
}

static void right_and_wrong(ncsn_model *model)
{
    ncsn_validate_params params = validate_params();
    ncsn_validation_info info = {.struct_size = sizeof info};
    ncsn_validation *found = NULL;
    ncsn_model *wrong = wide_model(negative_score);
    CHECK_OK(ncsn_validate(model, &params, &found));
    CHECK_OK(ncsn_validation_get(found, &info));
    CHECK(info.passed == 1 && info.with_data == 1 && info.level_count == COUNT(LADDER));
    for (size_t i = 0; i < info.level_count; i++) {
        const ncsn_level_check *level = &info.levels[i];
        CHECK(level->level == i && level->sigma == LADDER[i] && level->count == SAMPLES);
        CHECK(fabs(level->slope - 1) <= 5 * level->slope_error + 1e-3);
        CHECK(level->loss < level->zero_loss && level->r2 > 0 && level->r2 <= 1);
    }
    CHECK(info.finding_count > 5 && strstr(info.report, "ok: output: ") != NULL);
    ncsn_validation_free(found);

    /* The finding is worth more than the model: it outlives it. */
    found = NULL;
    CHECK_OK(ncsn_validate(wrong, &params, &found));
    ncsn_destroy(wrong);
    CHECK_OK(ncsn_validation_get(found, &info));
    CHECK(info.passed == 0 && info.findings[0].severity == NCSN_SEVERITY_ERROR);
    CHECK(info.findings[0].check == NCSN_CHECK_SIGN);
    CHECK(strstr(info.findings[0].text, "wrong sign") != NULL);
    CHECK(strstr(info.report, "ERROR: sign: ") == info.report);
    ncsn_validation_free(found);

    /* Without data, at the largest level. */
    CHECK_OK(ncsn_validate_params_init(&params, sizeof params));
    CHECK_OK(ncsn_validate(model, &params, &found));
    CHECK_OK(ncsn_validation_get(found, &info));
    CHECK(info.passed == 1 && info.with_data == 0 && info.level_count == 1);
    ncsn_validation_free(found);
}

/* The metadata that would make a file right are there to be read. */
static void suggestions(void)
{
    ncsn_validate_params params = validate_params();
    ncsn_validation_info info = {.struct_size = sizeof info};
    ncsn_validation *found = NULL;
    ncsn_model_options options;
    ncsn_model *model = NULL;
    CHECK_OK(ncsn_model_options_init(&options, sizeof options));
    options.output = NCSN_OUTPUT_SCORE;
    options.value_range = NCSN_RANGE_UNBOUNDED;
    CHECK_OK(ncsn_create("tests/models/gauss_noise.onnx", &options, &model));
    CHECK_OK(ncsn_validate(model, &params, &found));
    CHECK_OK(ncsn_validation_get(found, &info));
    CHECK(info.passed == 0 && info.findings[0].check == NCSN_CHECK_OUTPUT);
    CHECK(info.findings[0].suggestion_count == 1);
    CHECK(strcmp(info.findings[0].suggestions[0].key, "ncsn.output") == 0);
    CHECK(strcmp(info.findings[0].suggestions[0].value, "noise") == 0);
    CHECK(strstr(info.report, "\n    ncsn.output = noise\n") != NULL);
    ncsn_validation_free(found);
    ncsn_destroy(model);
}

static void bad_validations(ncsn_model *model)
{
    static const int64_t labels[SAMPLES] = {0};
    static float spoilt[FLOATS];
    ncsn_validate_params params = validate_params();
    ncsn_validation_info info = {.struct_size = 4};
    ncsn_validation *found = NULL;
    ncsn_model *unit = gauss_model(), *failing = wide_model(failing_score);
    CHECK_ERROR(ncsn_validate_params_init(NULL, sizeof params), NCSN_ERR_ARGUMENT, "params");
    CHECK_ERROR(ncsn_validate_params_init(&params, 12), NCSN_ERR_STRUCT_SIZE, "ncsn_validate_params");
    CHECK_ERROR(ncsn_validate(NULL, &params, &found), NCSN_ERR_ARGUMENT, "model");
    CHECK_ERROR(ncsn_validate(model, NULL, &found), NCSN_ERR_ARGUMENT, "params");
    CHECK_ERROR(ncsn_validate(model, &params, NULL), NCSN_ERR_ARGUMENT, "out");
    params.data_count = FLOATS - 1;
    CHECK_ERROR(ncsn_validate(model, &params, &found), NCSN_ERR_ARGUMENT, "multiple");
    params.data_count = 0;
    CHECK_ERROR(ncsn_validate(model, &params, &found), NCSN_ERR_ARGUMENT, "data_count");
    params = validate_params();
    params.labels = labels;
    params.label_count = SAMPLES;
    CHECK_ERROR(ncsn_validate(model, &params, &found), NCSN_ERR_ARGUMENT, "unconditional");
    params.label_count = 0;
    CHECK_ERROR(ncsn_validate(model, &params, &found), NCSN_ERR_ARGUMENT, "label_count");
    params = validate_params();
    CHECK_ERROR(ncsn_validate(unit, &params, &found), NCSN_ERR_ARGUMENT, "range");
    CHECK_ERROR(ncsn_validate(failing, &params, &found), NCSN_ERR_CALLBACK, "42");
    memcpy(spoilt, gauss_data(), sizeof spoilt);
    spoilt[5] = INFINITY;
    params.data = spoilt;
    CHECK_ERROR(ncsn_validate(model, &params, &found), NCSN_ERR_NON_FINITE, "sample 1, element 2");
    CHECK(found == NULL);
    CHECK_ERROR(ncsn_validation_get(NULL, &info), NCSN_ERR_ARGUMENT, "validation");
    params = validate_params();
    CHECK_OK(ncsn_validate(model, &params, &found));
    CHECK_ERROR(ncsn_validation_get(found, NULL), NCSN_ERR_ARGUMENT, "info");
    CHECK_ERROR(ncsn_validation_get(found, &info), NCSN_ERR_STRUCT_SIZE, "ncsn_validation_info");
    ncsn_validation_free(found);
    ncsn_validation_free(NULL);
    ncsn_destroy(unit);
    ncsn_destroy(failing);
}

static ncsn_recommend_params cifar(void)
{
    ncsn_recommend_params params;
    CHECK_OK(ncsn_recommend_params_init(&params, sizeof params));
    CHECK(params.steps_per_level == 5 && params.sigma_min == 0.01 && params.coverage == 0.567);
    params.dimension = 3072;
    params.diameter = 50;
    return params;
}

static void recommendations(void)
{
    static const field_case cases[] = {
        FIELD(ncsn_recommend_params, 'z', dimension, 0, NCSN_ERR_ARGUMENT),
        FIELD(ncsn_recommend_params, 'd', diameter, 0, NCSN_ERR_ARGUMENT),
        FIELD(ncsn_recommend_params, 'd', diameter, NAN, NCSN_ERR_ARGUMENT),
        FIELD(ncsn_recommend_params, 'd', sigma_min, 0, NCSN_ERR_ARGUMENT),
        FIELD(ncsn_recommend_params, 'd', coverage, 1, NCSN_ERR_ARGUMENT),
        FIELD(ncsn_recommend_params, 'u', steps_per_level, 0, NCSN_ERR_ARGUMENT),
        FIELD(ncsn_recommend_params, 'z', data_count, 4, NCSN_ERR_ARGUMENT),
    };
    static const float corners[] = {0, 0, 3, 4, 1, 1};
    ncsn_recommend_params params = cifar();
    ncsn_recommendation found = {.struct_size = sizeof found}, untouched = found;
    double sigmas[232];
    CHECK_OK(ncsn_recommend(&params, NULL, 0, &found));
    CHECK(found.level_count == 232 && found.evaluations == 232 * 5 + 1 && found.diameter == 50);
    CHECK(fabs(found.step.epsilon_full / 6.18e-6 - 1) < 0.01);
    CHECK(fabs(found.step.epsilon_half / found.step.epsilon_full - 2) < 1e-12);
    CHECK(fabs(found.step.accumulated_ratio - 1.128) < 1e-3);
    CHECK(found.accumulated_step.accumulated_ratio < found.step.accumulated_ratio);
    CHECK_OK(ncsn_recommend(&params, sigmas, COUNT(sigmas), &found));
    CHECK(sigmas[0] == 50 && sigmas[231] == 0.01);
    found = untouched;
    CHECK_ERROR(ncsn_recommend(&params, sigmas, 231, &found), NCSN_ERR_BUFFER, "232");
    CHECK_ERROR(ncsn_recommend(&params, NULL, 232, &found), NCSN_ERR_ARGUMENT, "sigmas");
    for (size_t i = 0; i < COUNT(cases); i++) {
        params = cifar();
        set_field(&params, &cases[i]);
        CHECK_ERROR(ncsn_recommend(&params, NULL, 0, &found), cases[i].status, cases[i].word);
    }
    CHECK_ERROR(ncsn_recommend_params_init(NULL, sizeof params), NCSN_ERR_ARGUMENT, "params");
    CHECK_ERROR(ncsn_recommend(NULL, NULL, 0, &found), NCSN_ERR_ARGUMENT, "params");
    params = cifar();
    CHECK_ERROR(ncsn_recommend(&params, NULL, 0, NULL), NCSN_ERR_ARGUMENT, "recommendation");
    params.data = corners;
    params.data_count = COUNT(corners);
    CHECK_ERROR(ncsn_recommend(&params, NULL, 0, &found), NCSN_ERR_ARGUMENT, "diameter");
    CHECK(memcmp(&found, &untouched, sizeof found) == 0);
    params.diameter = 0;
    CHECK_ERROR(ncsn_recommend(&params, NULL, 0, &found), NCSN_ERR_ARGUMENT, "multiple");
    params.dimension = 2;
    CHECK_OK(ncsn_recommend(&params, NULL, 0, &found));
    CHECK(fabs(found.diameter - 5) < 1e-6 && found.exact_diameter == 1);
}

int main(void)
{
    ncsn_model *model = wide_model(gauss_score);
    objectives(model);
    bad_objectives(model);
    right_and_wrong(model);
    suggestions();
    bad_validations(model);
    recommendations();
    ncsn_destroy(model);
    puts("ok diagnose");
    return 0;
}
