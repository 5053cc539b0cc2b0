/* What a file says, what its graph shows and what a program overrides, as a program sees it; and
 * class labels. */

#include <math.h>

#include "check.h"

static const char *fact(const ncsn_model_info *info, const char *key, int32_t source)
{
    for (size_t i = 0; i < info->fact_count; i++) {
        if (strcmp(info->facts[i].key, key) == 0) {
            CHECK(info->facts[i].source == source);
            return info->facts[i].value;
        }
    }
    check_failed(__FILE__, __LINE__, "there is no fact '%s'", key);
    return NULL;
}

static ncsn_model_info info_of(const ncsn_model *model)
{
    ncsn_model_info info = {.struct_size = sizeof info};
    CHECK_OK(ncsn_get_info(model, &info));
    return info;
}

static void facts(void)
{
    ncsn_model_options options;
    ncsn_model *model = NULL;
    ncsn_model_info info;
    CHECK_OK(ncsn_model_options_init(&options, sizeof options));
    options.output = NCSN_OUTPUT_V;
    options.sigma_data = 0.5;
    CHECK_OK(ncsn_create(MODELS "gauss_sigma.onnx", &options, &model));
    info = info_of(model);
    CHECK(strcmp(fact(&info, "output", NCSN_SOURCE_OPTION), "v") == 0);
    CHECK(strcmp(fact(&info, "conditioning", NCSN_SOURCE_METADATA), "sigma") == 0);
    CHECK(strcmp(fact(&info, "shape", NCSN_SOURCE_METADATA), "[3]") == 0);
    CHECK(strcmp(fact(&info, "output_name", NCSN_SOURCE_GRAPH), "score") == 0);
    CHECK(strcmp(fact(&info, "input_scaling", NCSN_SOURCE_DEFAULT), "sigma_data") == 0);
    CHECK(info.input_scaling == NCSN_INPUT_SCALING_SIGMA_DATA && info.sigma_data == 0.5);
    CHECK(info.off_ladder == NCSN_OFF_LADDER_ERROR && info.table == NULL);
    CHECK(info.class_count == 0 && info.null_class == -1);
    CHECK(info.conditioning_scale == 1.0 && info.conditioning_shift == 0.0);
    CHECK(info.parameter_count > 0);
    ncsn_destroy(model);
    /* An older program has a shorter struct, and gets what it knows. */
    model = open_model(MODELS "gauss_classes.onnx");
    memset(&info, 0x5a, sizeof info);
    info.struct_size = offsetof(ncsn_model_info, input_scaling);
    CHECK_OK(ncsn_get_info(model, &info));
    CHECK(info.class_count == 3 && all_bytes(&info.input_scaling, 0x5a, sizeof(int32_t)));
    info = info_of(model);
    CHECK(info.null_class == 3);
    CHECK(strcmp(fact(&info, "class_name", NCSN_SOURCE_METADATA), "label") == 0);
    ncsn_destroy(model);
}

static void table_and_constants(void)
{
    /* gauss_level.onnx as a table of its own indices, and its noise level read off by that. */
    static const double table[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    static const int64_t no_class = -7;
    ncsn_aux_input twice = {"strength", 2.0};
    ncsn_model_options options;
    ncsn_model *plain = open_model(MODELS "gauss_level.onnx"), *model = NULL;
    ncsn_sample_params params = small_params(plain);
    void *expected, *found;
    params.sigmas = NULL;
    params.sigma_count = 0;
    expected = sample(plain, &params);
    CHECK_OK(ncsn_model_options_init(&options, sizeof options));
    options.conditioning = NCSN_CONDITIONING_TABLE;
    options.table = table;
    options.table_count = COUNT(table);
    CHECK_OK(ncsn_create(MODELS "gauss_level.onnx", &options, &model));
    CHECK(memcmp(info_of(model).table, table, sizeof table) == 0);
    found = sample(model, &params);
    CHECK(memcmp(expected, found, output_size(plain, &params)) == 0);
    free(expected);
    free(found);
    ncsn_destroy(plain);
    ncsn_destroy(model);
    /* A constant of the file, and another by option. */
    plain = open_model(MODELS "gauss_aux.onnx");
    params = small_params(plain);
    expected = sample(plain, &params);
    CHECK_OK(ncsn_model_options_init(&options, sizeof options));
    options.aux_inputs = &twice;
    options.aux_input_count = 1;
    CHECK_OK(ncsn_create(MODELS "gauss_aux.onnx", &options, &model));
    found = sample(model, &params);
    CHECK(memcmp(expected, found, output_size(plain, &params)) != 0);
    free(expected);
    free(found);
    ncsn_destroy(plain);
    ncsn_destroy(model);
    options.null_class = &no_class;
    CHECK_ERROR(ncsn_create(MODELS "gauss_classes.onnx", &options, &model), NCSN_ERR_CONTRACT,
                "'strength'");
    options.aux_input_count = 0;
    options.aux_inputs = NULL;
    CHECK_ERROR(ncsn_create(MODELS "gauss_classes.onnx", &options, &model), NCSN_ERR_CONTRACT,
                "null_class = -7");
}

static void bad_files(void)
{
    ncsn_model *model = NULL;
    CHECK_ERROR(ncsn_create(MODELS "bad_twice.onnx", NULL, &model), NCSN_ERR_CONTRACT,
                "ncsn.output");
    CHECK_ERROR(ncsn_create(MODELS "bad_table.onnx", NULL, &model), NCSN_ERR_CONTRACT,
                "table of 10 rows");
    CHECK(model == NULL);
}

static void labels(void)
{
    static const double means[] = {-2.0, 0.5, 3.0, 0.0};
    static const int64_t all[] = {0, 1, 2, 3, -1}, bad[] = {0, 1, 2, 3, 4};
    ncsn_model *model = open_model(MODELS "gauss_classes.onnx");
    ncsn_sample_params params;
    size_t needed;
    float *found;
    CHECK_OK(ncsn_sample_params_init(model, &params, sizeof params));
    params.sample_count = COUNT(all);
    params.init_kind = NCSN_INIT_NORMAL;
    params.labels = all;
    params.label_count = COUNT(all);
    /* Ten standard deviations of the target are between the classes that are furthest apart. */
    found = sample(model, &params);
    for (size_t i = 0; i < COUNT(all); i++) {
        double mean = means[all[i] < 0 ? 3 : all[i]];
        for (size_t e = 0; e < 3; e++) {
            CHECK(fabs(found[3 * i + e] - mean) < 5 * 0.5);
        }
    }
    free(found);
    params.labels = bad;
    CHECK_ERROR(ncsn_output_size(model, &params, &needed), NCSN_ERR_ARGUMENT, "labels[4] = 4");
    params.label_count = 4;
    CHECK_ERROR(ncsn_output_size(model, &params, &needed), NCSN_ERR_ARGUMENT, "label_count");
    params.labels = NULL;
    CHECK_ERROR(ncsn_output_size(model, &params, &needed), NCSN_ERR_ARGUMENT, "labels is NULL");
    params.label_count = 0;
    free(sample(model, &params));
    ncsn_destroy(model);
}

/* A network of the program's own, with two classes. */
static int32_t by_label(void *user, const float *x, double sigma, const int64_t *given,
                        uint32_t sample_count, float *out)
{
    *(uint32_t *)user += sample_count;
    for (uint32_t i = 0; i < sample_count; i++) {
        out[i] = (float)(((given[i] == 0 ? -4.0 : 4.0) - x[i]) / (1.0 + sigma * sigma));
    }
    return 0;
}

static void labels_of_a_callback(void)
{
    static const int64_t shape[] = {1}, given[] = {1, 0};
    static const double ladder[] = {4.0, 2.0, 1.0, 0.5};
    uint32_t count = 0;
    ncsn_score_source source = {
        .struct_size = sizeof source, .rank = 1, .shape = shape, .user = &count, .score = by_label};
    ncsn_model_options options;
    ncsn_model *model = NULL;
    ncsn_sample_params params;
    float found[2];
    CHECK_OK(ncsn_model_options_init(&options, sizeof options));
    options.class_count = 2;
    options.sigmas = ladder;
    options.sigma_count = COUNT(ladder);
    CHECK_OK(ncsn_create_from_callback(&source, &options, &model));
    CHECK_OK(ncsn_sample_params_init(model, &params, sizeof params));
    params.sample_count = 2;
    params.init_kind = NCSN_INIT_NORMAL;
    CHECK_ERROR(ncsn_sample(model, &params, found, sizeof found), NCSN_ERR_ARGUMENT,
                "labels are missing");
    params.labels = given;
    params.label_count = 2;
    CHECK_OK(ncsn_sample(model, &params, found, sizeof found));
    CHECK(found[0] > 0.0f && found[1] < 0.0f && count > 0);
    ncsn_destroy(model);
    model = NULL;
    options.input_scaling = NCSN_INPUT_SCALING_UNIT;
    CHECK_ERROR(ncsn_create_from_callback(&source, &options, &model), NCSN_ERR_UNSUPPORTED,
                "input_scaling");
}

int main(void)
{
    facts();
    table_and_constants();
    bad_files();
    labels();
    labels_of_a_callback();
    puts("ok contract");
    return 0;
}
