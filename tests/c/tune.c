/* Choosing an engine: what is found can be read and opened, and what goes wrong is told. */

#include <math.h>

#include "check.h"

#define GOOD MODELS "gauss_sigma.onnx"

/* Short, and beside no file. */
static ncsn_tune_params quick(void)
{
    ncsn_tune_params params;
    CHECK_OK(ncsn_tune_params_init(&params, sizeof params));
    CHECK(params.struct_size == sizeof params && params.batch_size == 0 && params.cache_dir == NULL);
    CHECK(params.max_error == 1e-4 && params.seconds == 20 && params.cache == NCSN_TUNE_CACHE_USE);
    params.seconds = 0.3;
    params.batch_size = 4;
    params.cache = NCSN_TUNE_CACHE_OFF;
    return params;
}

static ncsn_model_options defaults(void)
{
    ncsn_model_options options;
    CHECK_OK(ncsn_model_options_init(&options, sizeof options));
    return options;
}

static void rows(const ncsn_tuning_info *info)
{
    CHECK(info->row_count > 0 && info->chosen < info->row_count);
    CHECK(info->rows[info->chosen].verdict == NCSN_VERDICT_CHOSEN);
    for (size_t i = 0; i < info->row_count; i++) {
        const ncsn_tuning_row *row = &info->rows[i];
        CHECK(row->verdict >= NCSN_VERDICT_CHOSEN && row->verdict <= NCSN_VERDICT_UNTRIED);
        CHECK((row->verdict == NCSN_VERDICT_CHOSEN) == (i == info->chosen) && row->reserved == 0);
        CHECK(strlen(row->candidate) > 0 && strstr(info->report, row->candidate) != NULL);
        if (row->verdict <= NCSN_VERDICT_SLOWER) {
            CHECK(row->seconds > 0 && row->ratio > 0 && strlen(row->reason) == 0);
            CHECK(row->error >= 0 && row->error <= info->max_error);
        }
        if (row->verdict == NCSN_VERDICT_UNTRIED) {
            CHECK(row->seconds == -1 && row->error == -1 && strlen(row->reason) > 0);
        }
    }
}

static void found(ncsn_tuning *tuning, const char *path)
{
    ncsn_tuning_info info = {.struct_size = sizeof info};
    ncsn_model_options options = defaults();
    ncsn_model_info opened = {.struct_size = sizeof opened};
    ncsn_model *model = NULL;
    CHECK_OK(ncsn_tuning_get(tuning, &info));
    CHECK(info.batch_size == 4 && info.max_error == 1e-4 && info.from_cache == 0);
    CHECK(strcmp(info.cache_file, "") == 0);
    rows(&info);
    options.selfcheck = 1;
    options.sigmas = LADDER;
    options.sigma_count = COUNT(LADDER);
    CHECK_OK(ncsn_tuning_model_options(tuning, &options));
    CHECK(options.selfcheck == 1 && options.sigmas == LADDER && options.intra_threads > 0);
    CHECK_OK(ncsn_create(path, &options, &model));
    ncsn_tuning_free(tuning);
    CHECK_OK(ncsn_get_info(model, &opened));
    CHECK(opened.provider == NCSN_PROVIDER_CPU && opened.intra_threads == options.intra_threads);
    ncsn_destroy(model);
}

static void works(void)
{
    ncsn_tune_params params = quick();
    ncsn_tuning *tuning = NULL;
    static unsigned char bytes[1 << 16];
    FILE *file = fopen(GOOD, "rb");
    size_t size;
    CHECK(file != NULL);
    size = fread(bytes, 1, sizeof bytes, file);
    CHECK(size > 0 && size < sizeof bytes && fclose(file) == 0);
    CHECK_OK(ncsn_tune(GOOD, NULL, &params, &tuning));
    found(tuning, GOOD);
    CHECK_OK(ncsn_tune_from_memory(bytes, size, NULL, &params, &tuning));
    found(tuning, GOOD);
    /* A cache that is no folder: the result is there all the same. */
    params.cache = NCSN_TUNE_CACHE_RENEW;
    params.cache_dir = GOOD;
    CHECK_OK(ncsn_tune(GOOD, NULL, &params, &tuning));
    found(tuning, GOOD);
}

static void refused(void)
{
    static const struct {
        double max_error, seconds;
        int32_t cache;
        const char *word;
    } cases[] = {
        {-1, 1, 0, "max_error"},   {NAN, 1, 0, "max_error"}, {INFINITY, 1, 0, "max_error"},
        {1e-4, 0, 0, "seconds"},   {1e-4, -1, 0, "seconds"}, {1e-4, NAN, 0, "seconds"},
        {1e-4, 1e9, 0, "seconds"}, {1e-4, 1, 9, "cache"},    {1e-4, 1, -1, "cache"},
    };
    static const int32_t openvino = NCSN_PROVIDER_OPENVINO;
    ncsn_model_options options = defaults();
    ncsn_tune_params params = quick();
    ncsn_tuning_info info = {.struct_size = 12};
    ncsn_tuning *tuning = NULL;
    for (size_t i = 0; i < COUNT(cases); i++) {
        params.max_error = cases[i].max_error;
        params.seconds = cases[i].seconds;
        params.cache = cases[i].cache;
        CHECK_ERROR(ncsn_tune(GOOD, NULL, &params, &tuning), NCSN_ERR_ARGUMENT, cases[i].word);
    }
    params = quick();
    CHECK_ERROR(ncsn_tune(NULL, NULL, &params, &tuning), NCSN_ERR_ARGUMENT, "path_utf8");
    CHECK_ERROR(ncsn_tune(GOOD, NULL, &params, NULL), NCSN_ERR_ARGUMENT, "out");
    CHECK_ERROR(ncsn_tune_from_memory(NULL, 3, NULL, &params, &tuning), NCSN_ERR_ARGUMENT, "bytes");
    CHECK_ERROR(ncsn_tune_from_memory("abc", 3, NULL, &params, &tuning), NCSN_ERR_MODEL, "in memory");
    CHECK_ERROR(ncsn_tune("\x80", NULL, &params, &tuning), NCSN_ERR_UTF8, "path_utf8");
    CHECK_ERROR(ncsn_tune(MODELS "none.onnx", NULL, &params, &tuning), NCSN_ERR_IO, "none.onnx");
    CHECK_ERROR(ncsn_tune(MODELS "truncated.onnx", NULL, &params, &tuning), NCSN_ERR_MODEL, "truncated");
    CHECK_ERROR(ncsn_tune(MODELS "gauss_bare.onnx", NULL, &params, &tuning), NCSN_ERR_CONTRACT, ".");
    params.cache_dir = "\x80";
    CHECK_ERROR(ncsn_tune(GOOD, NULL, &params, &tuning), NCSN_ERR_UTF8, "cache_dir");
    params = quick();
    params.struct_size = 12;
    CHECK_ERROR(ncsn_tune(GOOD, NULL, &params, &tuning), NCSN_ERR_STRUCT_SIZE, "ncsn_tune_params");
    params = quick();
    options.graph_help = 9;
    CHECK_ERROR(ncsn_tune(GOOD, &options, &params, &tuning), NCSN_ERR_ARGUMENT, "graph_help");
    options = defaults();
    options.providers = &openvino;
    options.provider_count = 1;
    CHECK_ERROR(ncsn_tune(GOOD, &options, &params, &tuning), NCSN_ERR_PROVIDER, "onnxruntime-openvino");
    CHECK(tuning == NULL);
    CHECK_ERROR(ncsn_tune_params_init(NULL, sizeof params), NCSN_ERR_ARGUMENT, "params");
    CHECK_ERROR(ncsn_tune_params_init(&params, 12), NCSN_ERR_STRUCT_SIZE, "ncsn_tune_params");

    params = quick();
    CHECK_OK(ncsn_tune(GOOD, NULL, &params, &tuning));
    CHECK_ERROR(ncsn_tuning_get(NULL, &info), NCSN_ERR_ARGUMENT, "tuning");
    CHECK_ERROR(ncsn_tuning_get(tuning, NULL), NCSN_ERR_ARGUMENT, "info");
    CHECK_ERROR(ncsn_tuning_get(tuning, &info), NCSN_ERR_STRUCT_SIZE, "ncsn_tuning_info");
    CHECK_ERROR(ncsn_tuning_model_options(NULL, &options), NCSN_ERR_ARGUMENT, "tuning");
    CHECK_ERROR(ncsn_tuning_model_options(tuning, NULL), NCSN_ERR_ARGUMENT, "options");
    options.struct_size = 12;
    CHECK_ERROR(ncsn_tuning_model_options(tuning, &options), NCSN_ERR_STRUCT_SIZE, "ncsn_model_options");
    ncsn_tuning_free(tuning);
    ncsn_tuning_free(NULL);
}

int main(void)
{
    works();
    refused();
    puts("ok tune");
    return 0;
}
