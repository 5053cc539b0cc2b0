/*
 * newer MODEL.onnx - a program compiled against a header in which every struct that may grow has grown by `future`: accepted
 * while it is zero, and refused by name when it is used.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ncsn.h>

#define CHECK(condition) ((condition) ? (void)0 : failed(__LINE__, #condition))

static char text[2048];

static void failed(int line, const char *what) {
    ncsn_last_error(text, sizeof text);
    fprintf(stderr, "newer.c:%d: %s\n%s\n", line, what, text);
    exit(1);
}

/* `call` works, and with the last byte of `name.future` set it is refused, by the struct's name, and works again after. */
#define GROWN(name, type, call) \
    do { \
        CHECK(name.struct_size == sizeof(type) && name.future[0] == 0 && name.future[1] == 0); \
        CHECK((call) == NCSN_OK); \
        name.future[1] = (uint64_t)1 << 63; \
        CHECK((call) == NCSN_ERR_STRUCT_SIZE); \
        ncsn_last_error(text, sizeof text); \
        CHECK(strstr(text, #type ": struct_size") != NULL && strstr(text, "newer ncsn.h") != NULL); \
        name.future[1] = 0; \
        CHECK((call) == NCSN_OK); \
    } while (0)

static int32_t linear(void *user, const float *x, double sigma, const int64_t *labels, uint32_t count, float *out) {
    (void)user, (void)labels;
    for (uint32_t i = 0; i < 2 * count; i++) out[i] = -x[i] / (float)(1.0 + sigma * sigma);
    return 0;
}

static ncsn_status opened(const char *path, const ncsn_model_options *options) {
    ncsn_model *model = NULL;
    const ncsn_status status = ncsn_create(path, options, &model);
    ncsn_destroy(model);
    return status;
}

static ncsn_status own_network(const ncsn_score_source *source) {
    ncsn_model *model = NULL;
    const ncsn_status status = ncsn_create_from_callback(source, NULL, &model);
    ncsn_destroy(model);
    return status;
}

static ncsn_status validated(const ncsn_model *model, const ncsn_validate_params *params) {
    ncsn_validation *found = NULL;
    const ncsn_status status = ncsn_validate(model, params, &found);
    ncsn_validation_free(found);
    return status;
}

static void sampling(ncsn_model *model) {
    ncsn_sample_params params;
    ncsn_progress now = {.struct_size = sizeof now};
    ncsn_run *run = NULL;
    float samples[4];
    size_t bytes = 0;
    memset(&params, 0x5a, sizeof params);
    CHECK(ncsn_sample_params_init(model, &params, sizeof params) == NCSN_OK);
    params.sample_count = 2;
    GROWN(params, ncsn_sample_params, ncsn_sample(model, &params, samples, sizeof samples));
    GROWN(params, ncsn_sample_params, ncsn_output_size(model, &params, &bytes));
    CHECK(ncsn_run_begin(model, &params, &run) == NCSN_OK);
    GROWN(now, ncsn_progress, ncsn_run_step(run, 0, 0, &now));
    GROWN(now, ncsn_progress, ncsn_run_poll(run, &now));
    CHECK(now.phase == NCSN_PHASE_DONE);
    ncsn_run_free(run);
}

static void diagnosis(ncsn_model *model) {
    static const float data[8];
    ncsn_level_loss losses[64];
    ncsn_evaluate_params evaluate;
    ncsn_evaluation evaluation = {.struct_size = sizeof evaluation};
    ncsn_validate_params validate;
    ncsn_validation_info info = {.struct_size = sizeof info};
    ncsn_validation *found = NULL;
    CHECK(ncsn_evaluate_params_init(&evaluate, sizeof evaluate) == NCSN_OK);
    evaluate.data = data;
    evaluate.data_count = 8;
    evaluate.max_levels = 2;
    GROWN(evaluate, ncsn_evaluate_params, ncsn_evaluate(model, &evaluate, losses, 64, &evaluation));
    GROWN(evaluation, ncsn_evaluation, ncsn_evaluate(model, &evaluate, losses, 64, &evaluation));
    CHECK(ncsn_validate_params_init(&validate, sizeof validate) == NCSN_OK);
    GROWN(validate, ncsn_validate_params, validated(model, &validate));
    CHECK(ncsn_validate(model, &validate, &found) == NCSN_OK);
    GROWN(info, ncsn_validation_info, ncsn_validation_get(found, &info));
    ncsn_validation_free(found);
}

static void without_a_model(void) {
    static const int64_t shape[] = {2};
    ncsn_score_source source = {.struct_size = sizeof source, .rank = 1, .shape = shape, .score = linear};
    ncsn_recommend_params recommend;
    ncsn_recommendation recommendation = {.struct_size = sizeof recommendation};
    float noise[4];
    ncsn_interpolation path = {.struct_size = sizeof path, .sample_count = 2};
    ncsn_noise_request request = {.struct_size = sizeof request, .purpose = NCSN_NOISE_INIT, .sample_count = 2,
                                  .elements_per_sample = 2};
    GROWN(source, ncsn_score_source, own_network(&source));
    CHECK(ncsn_recommend_params_init(&recommend, sizeof recommend) == NCSN_OK);
    recommend.dimension = 2;
    recommend.diameter = 3.0;
    GROWN(recommend, ncsn_recommend_params, ncsn_recommend(&recommend, NULL, 0, &recommendation));
    GROWN(recommendation, ncsn_recommendation, ncsn_recommend(&recommend, NULL, 0, &recommendation));
    GROWN(request, ncsn_noise_request, ncsn_fill_noise(7, &request, noise));
    GROWN(path, ncsn_interpolation, ncsn_interpolated_noise(&path, &request, noise));
}

int main(int argc, char **argv) {
    ncsn_model *model = NULL;
    ncsn_model_options options;
    ncsn_model_info info = {.struct_size = sizeof info};
    if (argc != 2) return 2;
    memset(&options, 0x5a, sizeof options);
    CHECK(ncsn_model_options_init(&options, sizeof options) == NCSN_OK);
    GROWN(options, ncsn_model_options, opened(argv[1], &options));
    CHECK(ncsn_create(argv[1], NULL, &model) == NCSN_OK);
    GROWN(info, ncsn_model_info, ncsn_get_info(model, &info));
    sampling(model);
    diagnosis(model);
    ncsn_destroy(model);
    without_a_model();
    puts("ok newer");
    return 0;
}
