/* Everything that can be wrong with a model file, its metadata and the options it is loaded with:
 * the status, a text that names the thing, an output left alone, a process that goes on. */

#include <math.h>

#include "check.h"

static ncsn_model_options defaults(void)
{
    ncsn_model_options options;
    CHECK_OK(ncsn_model_options_init(&options, sizeof options));
    return options;
}

static void not_loaded_at(int line, const char *path, const ncsn_model_options *options,
                          ncsn_status status, const char *word)
{
    static char nothing;
    ncsn_model *const before = (ncsn_model *)(void *)&nothing;
    ncsn_model *out = before;
    check_status(ncsn_create(path, options, &out), status, word, path, __FILE__, line);
    CHECK(out == before);
}

#define NOT_LOADED(path, options, status, word) not_loaded_at(__LINE__, path, options, status, word)
#define GOOD MODELS "gauss_sigma.onnx"

/* The model loads, and samples. */
static void accepted(const char *path, const ncsn_model_options *options)
{
    ncsn_model *model = NULL;
    ncsn_sample_params params;
    CHECK_OK(ncsn_create(path, options, &model));
    params = small_params(model);
    if (params.level_count == 0) {
        params.sampler = NCSN_SAMPLER_LANGEVIN; /* no ladder, no annealing */
        params.step_size = 0.1;
    }
    free(sample(model, &params));
    ncsn_destroy(model);
}

static void files(void)
{
    static const struct {
        const char *path, *word;
        ncsn_status status;
    } cases[] = {
        {MODELS "nowhere.onnx", "nowhere.onnx", NCSN_ERR_IO},
        {"tests/models", "folder", NCSN_ERR_IO},
        {"", "''", NCSN_ERR_IO},
        {MODELS "empty.onnx", "empty.onnx", NCSN_ERR_MODEL},
        {MODELS "random.onnx", "random.onnx", NCSN_ERR_MODEL},
        {MODELS "truncated.onnx", "truncated.onnx", NCSN_ERR_MODEL},
        {MODELS "bad_rank1.onnx", "'x'", NCSN_ERR_SHAPE},
        {MODELS "bad_two_unknown.onnx", "'foo'", NCSN_ERR_CONTRACT},
        {MODELS "bad_two_unknown.onnx", "'bar'", NCSN_ERR_CONTRACT},
        {MODELS "bad_int_output.onnx", "'score'", NCSN_ERR_CONTRACT},
        {MODELS "bad_int_input.onnx", "'x'", NCSN_ERR_CONTRACT},
        {MODELS "bad_output_shape.onnx", "'score'", NCSN_ERR_SHAPE},
        {MODELS "bad_metadata.onnx", "ncsn.sigmas", NCSN_ERR_CONTRACT},
        {MODELS "bad_contradiction.onnx", "ncsn.levels", NCSN_ERR_CONTRACT},
        {MODELS "bad_version.onnx", "ncsn.version", NCSN_ERR_CONTRACT},
    };
    size_t size = 0;
    void *bytes;
    ncsn_model *model = NULL;
    for (size_t i = 0; i < COUNT(cases); i++) {
        NOT_LOADED(cases[i].path, NULL, cases[i].status, cases[i].word);
        /* The last file is at fault, and the text says which it is. */
        CHECK(strstr(last_error(), cases[i].path) != NULL);
    }
    bytes = read_file(GOOD, &size);
    CHECK_ERROR(ncsn_create_from_memory(bytes, 0, NULL, &model), NCSN_ERR_MODEL, "empty");
    CHECK_ERROR(ncsn_create_from_memory(bytes, size / 2, NULL, &model), NCSN_ERR_MODEL, "memory");
    CHECK_ERROR(ncsn_create_from_memory(bytes, SIZE_MAX, NULL, &model), NCSN_ERR_ARGUMENT, "size");
    CHECK(model == NULL);
    free(bytes);
}

static void selfcheck(void)
{
    ncsn_model_options options = defaults();
    accepted(MODELS "bad_selfcheck.onnx", &options);
    options.selfcheck = 1;
    NOT_LOADED(MODELS "bad_selfcheck.onnx", &options, NCSN_ERR_MODEL, "self-check");
    CHECK(strstr(last_error(), "bad_selfcheck.onnx") != NULL);
    accepted(GOOD, &options);
    accepted(MODELS "gauss_none.onnx", &options); /* has none: nothing to check */
}

static void contract(void)
{
    static const int64_t four[] = {4}, three[] = {3}, negative[] = {-3};
    static const int64_t nine[] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    ncsn_model_options options = defaults();
    /* Everything that is missing is named at once. */
    NOT_LOADED(MODELS "gauss_bare.onnx", NULL, NCSN_ERR_CONTRACT, "option conditioning");
    CHECK(strstr(last_error(), "option output") && strstr(last_error(), "option sigmas"));
    CHECK(strstr(last_error(), "ncsn.conditioning") && strstr(last_error(), "ncsn.sigmas"));
    options.conditioning = NCSN_CONDITIONING_SIGMA;
    options.output = NCSN_OUTPUT_SCORE;
    NOT_LOADED(MODELS "gauss_bare.onnx", &options, NCSN_ERR_CONTRACT, "option sigmas");
    CHECK(strstr(last_error(), "option output") == NULL);
    options.sigmas = LADDER;
    options.sigma_count = COUNT(LADDER);
    accepted(MODELS "gauss_bare.onnx", &options);

    options = defaults();
    options.conditioning = NCSN_CONDITIONING_NONE;
    NOT_LOADED(GOOD, &options, NCSN_ERR_CONTRACT, "'sigma'");
    options.conditioning = NCSN_CONDITIONING_LEVEL_DESC;
    NOT_LOADED(MODELS "gauss_none.onnx", &options, NCSN_ERR_CONTRACT, "level_desc");
    options.conditioning = NCSN_CONDITIONING_SIGMA;
    NOT_LOADED(MODELS "gauss_level.onnx", &options, NCSN_ERR_CONTRACT, "integers");
    options.conditioning = NCSN_CONDITIONING_TIME01;
    options.sigmas = LADDER;
    options.sigma_count = 1;
    NOT_LOADED(GOOD, &options, NCSN_ERR_CONTRACT, "two levels");

    options = defaults();
    options.shape_rank = 1;
    options.shape = three;
    accepted(GOOD, &options);
    options.shape = four;
    NOT_LOADED(GOOD, &options, NCSN_ERR_CONTRACT, "shape");
    options.shape = negative;
    NOT_LOADED(GOOD, &options, NCSN_ERR_ARGUMENT, "shape");
    options.shape = nine;
    options.shape_rank = COUNT(nine);
    NOT_LOADED(GOOD, &options, NCSN_ERR_ARGUMENT, "shape");
    options.shape_rank = SIZE_MAX >> 4; /* out of its range, so not a length to read */
    NOT_LOADED(GOOD, &options, NCSN_ERR_ARGUMENT, "shape");
}

static void names(void)
{
    static const char wrong[] = "nope", invalid[] = "x\xff";
    static const size_t at[] = {
        offsetof(ncsn_model_options, input_name), offsetof(ncsn_model_options, conditioning_name),
        offsetof(ncsn_model_options, output_name), offsetof(ncsn_model_options, class_name),
        offsetof(ncsn_model_options, runtime_path)};
    static const char *const words[] = {"input_name", "conditioning_name", "output_name",
                                        "class_name", "runtime_path"};
    ncsn_model_options options = defaults();
    for (size_t i = 0; i < COUNT(at); i++) {
        const char **name = (const char **)(void *)((char *)&options + at[i]);
        *name = invalid;
        NOT_LOADED(GOOD, &options, NCSN_ERR_UTF8, words[i]);
        *name = wrong;
        if (i < 4) {
            NOT_LOADED(GOOD, &options, NCSN_ERR_CONTRACT, words[i]);
            CHECK(strstr(last_error(), "'nope'") != NULL);
        }
        *name = NULL;
    }
    NOT_LOADED("\xff\xfe.onnx", NULL, NCSN_ERR_UTF8, "path_utf8");
    options = defaults();
    options.input_name = "x";
    options.conditioning_name = "sigma";
    options.output_name = "score";
    accepted(GOOD, &options);
}

#define OPTION(type, field, value, status) FIELD(ncsn_model_options, type, field, value, status)

static void values(void)
{
    static const field_case cases[] = {
        OPTION('i', fallback, 2, NCSN_ERR_ARGUMENT),
        OPTION('i', fallback, -1, NCSN_ERR_ARGUMENT),
        OPTION('i', spinning, 3, NCSN_ERR_ARGUMENT),
        OPTION('i', selfcheck, -1, NCSN_ERR_ARGUMENT),
        OPTION('i', device_id, -1, NCSN_ERR_ARGUMENT),
        OPTION('u', intra_threads, 1000000, NCSN_ERR_ARGUMENT),
        OPTION('u', row_multiple, 4294967295.0, NCSN_ERR_ARGUMENT),
        OPTION('i', conditioning, 99, NCSN_ERR_ARGUMENT),
        OPTION('i', conditioning, -1, NCSN_ERR_ARGUMENT),
        {"option table", offsetof(ncsn_model_options, conditioning), 'i', NCSN_CONDITIONING_TABLE,
         NCSN_ERR_CONTRACT},
        OPTION('i', output, 99, NCSN_ERR_ARGUMENT),
        {"option sigma_data", offsetof(ncsn_model_options, output), 'i', NCSN_OUTPUT_EDM_RAW,
         NCSN_ERR_CONTRACT},
        {"option sigma_data", offsetof(ncsn_model_options, input_scaling), 'i',
         NCSN_INPUT_SCALING_SIGMA_DATA, NCSN_ERR_CONTRACT},
        OPTION('i', input_scaling, 4, NCSN_ERR_ARGUMENT),
        OPTION('i', first_channels, 2, NCSN_ERR_ARGUMENT),
        OPTION('i', graph_help, 2, NCSN_ERR_ARGUMENT),
        OPTION('i', graph_help, -1, NCSN_ERR_ARGUMENT),
        OPTION('u', reserved, 1, NCSN_ERR_ARGUMENT),
        OPTION('i', value_range, 99, NCSN_ERR_ARGUMENT),
        OPTION('i', off_ladder, 99, NCSN_ERR_ARGUMENT),
        {"class", offsetof(ncsn_model_options, class_count), 'u', 10, NCSN_ERR_CONTRACT},
        OPTION('d', conditioning_scale, NAN, NCSN_ERR_ARGUMENT),
        OPTION('d', conditioning_shift, INFINITY, NCSN_ERR_ARGUMENT),
        /* A number that the model's conditioning does not use is a misunderstanding. */
        OPTION('d', conditioning_scale, 2, NCSN_ERR_CONTRACT),
        OPTION('d', conditioning_shift, 2, NCSN_ERR_CONTRACT),
        OPTION('d', sigma_data, 0.5, NCSN_ERR_CONTRACT),
        OPTION('d', sigma_data, NAN, NCSN_ERR_ARGUMENT),
        OPTION('d', sigma_data, -0.5, NCSN_ERR_ARGUMENT),
        OPTION('z', table_count, 3, NCSN_ERR_ARGUMENT),
        OPTION('z', aux_input_count, 1, NCSN_ERR_ARGUMENT),
        OPTION('z', provider_count, 1, NCSN_ERR_ARGUMENT),
        OPTION('z', provider_option_count, 1, NCSN_ERR_ARGUMENT),
        OPTION('z', sigma_count, 3, NCSN_ERR_ARGUMENT),
        OPTION('z', shape_rank, 3, NCSN_ERR_ARGUMENT),
    };
    static const double ladders[][2] = {
        {0.1, 1.0}, {1.0, 1.0}, {1.0, 0.0}, {1.0, -1.0}, {NAN, 1.0}, {INFINITY, 1.0}};
    ncsn_model_options options;
    for (size_t i = 0; i < COUNT(cases); i++) {
        options = defaults();
        set_field(&options, &cases[i]);
        NOT_LOADED(GOOD, &options, cases[i].status, cases[i].word);
    }
    options = defaults();
    for (size_t i = 0; i < COUNT(ladders); i++) {
        options.sigmas = ladders[i];
        options.sigma_count = 2;
        NOT_LOADED(GOOD, &options, NCSN_ERR_ARGUMENT, "options->sigmas");
    }
    options.sigma_count = 0;
    NOT_LOADED(GOOD, &options, NCSN_ERR_ARGUMENT, "sigma_count");
}

/* Constants for inputs that sampling never changes, and class inputs. */
static void other_inputs(void)
{
    static const double table[] = {3, 2, 1, NAN};
    static const int64_t null_class = 3;
    ncsn_aux_input aux[] = {{"sigma", 0.5}, {"sigma", 0.5}};
    ncsn_model_options options = defaults();
    options.table = table;
    options.table_count = 4;
    NOT_LOADED(GOOD, &options, NCSN_ERR_ARGUMENT, "table[3]");
    options.table_count = 3;
    NOT_LOADED(GOOD, &options, NCSN_ERR_CONTRACT, "table");
    options.conditioning = NCSN_CONDITIONING_TABLE;
    NOT_LOADED(GOOD, &options, NCSN_ERR_CONTRACT, "3 values");
    options = defaults();
    options.null_class = &null_class;
    NOT_LOADED(GOOD, &options, NCSN_ERR_CONTRACT, "null_class");
    options = defaults();
    options.aux_inputs = aux;
    options.aux_input_count = 2;
    NOT_LOADED(GOOD, &options, NCSN_ERR_ARGUMENT, "'sigma' twice");
    aux[1].name = NULL;
    NOT_LOADED(GOOD, &options, NCSN_ERR_ARGUMENT, "name is NULL");
    aux[1].name = "\xff";
    NOT_LOADED(GOOD, &options, NCSN_ERR_UTF8, "aux_inputs");
    aux[1].name = "nope";
    NOT_LOADED(GOOD, &options, NCSN_ERR_CONTRACT, "'nope'");
    aux[1].value = NAN;
    NOT_LOADED(GOOD, &options, NCSN_ERR_ARGUMENT, "aux_inputs[1]");
    /* The noise level as a constant: then nothing is left that the metadata can mean by it. */
    options.aux_input_count = 1;
    NOT_LOADED(GOOD, &options, NCSN_ERR_CONTRACT, "conditioning_name");
    options.aux_input_count = 0;
    NOT_LOADED(GOOD, &options, NCSN_ERR_ARGUMENT, "aux_input_count");
}

/* Never a silent fallback, and an allowed one says why. This runtime is a CPU build. */
static void providers(void)
{
    static const int32_t engines[] = {NCSN_PROVIDER_CUDA, NCSN_PROVIDER_TENSORRT,
                                   NCSN_PROVIDER_OPENVINO};
    static const char *const packages[] = {"onnxruntime-gpu", "onnxruntime-gpu", "onnxruntime-openvino"};
    static const int32_t twice[] = {NCSN_PROVIDER_CPU, NCSN_PROVIDER_CPU};
    static const int32_t unknown = 99, cpu = NCSN_PROVIDER_CPU;
    ncsn_provider_option pair = {NCSN_PROVIDER_CUDA, 0, "key", "value"};
    ncsn_model_options options = defaults();
    for (size_t i = 0; i < COUNT(engines); i++) {
        ncsn_model_info info = {.struct_size = sizeof info};
        ncsn_model *model = NULL;
        const int32_t both[] = {engines[i], NCSN_PROVIDER_CPU};
        options.providers = both;
        options.fallback = NCSN_FALLBACK_ERROR;
        for (options.provider_count = 1; options.provider_count <= 2; options.provider_count++) {
            NOT_LOADED(GOOD, &options, NCSN_ERR_PROVIDER, packages[i]);
        }
        options.provider_count = 1;
        options.fallback = NCSN_FALLBACK_ALLOW;
        accepted(GOOD, &options);
        CHECK_OK(ncsn_create(GOOD, &options, &model));
        CHECK_OK(ncsn_get_info(model, &info));
        CHECK(info.provider == NCSN_PROVIDER_CPU);
        CHECK(strstr(info.fallback_reason, packages[i]) != NULL);
        ncsn_destroy(model);
    }
    options = defaults();
    options.providers = &unknown;
    options.provider_count = 1;
    NOT_LOADED(GOOD, &options, NCSN_ERR_UNSUPPORTED, "99");
    options.providers = twice;
    options.provider_count = 2;
    NOT_LOADED(GOOD, &options, NCSN_ERR_ARGUMENT, "twice");
    options.providers = &cpu;
    options.provider_count = 1;
    accepted(GOOD, &options);
    options.provider_options = &pair;
    options.provider_option_count = 1;
    NOT_LOADED(GOOD, &options, NCSN_ERR_ARGUMENT, "CUDA"); /* it is not listed */
    pair.provider = NCSN_PROVIDER_CPU;
    NOT_LOADED(GOOD, &options, NCSN_ERR_ARGUMENT, "'key'"); /* it has no options */
    pair.key = NULL;
    NOT_LOADED(GOOD, &options, NCSN_ERR_ARGUMENT, "key is NULL");
    pair.key = "key";
    pair.value = "\x80";
    NOT_LOADED(GOOD, &options, NCSN_ERR_UTF8, "value");
    options.provider_option_count = 0;
    NOT_LOADED(GOOD, &options, NCSN_ERR_ARGUMENT, "provider_option_count");
}

int main(void)
{
    ncsn_model *good = open_model(GOOD);
    ncsn_sample_params params = small_params(good);
    void *before = sample(good, &params), *after;
    files();
    selfcheck();
    contract();
    names();
    values();
    other_inputs();
    providers();
    after = sample(good, &params);
    CHECK(memcmp(before, after, output_size(good, &params)) == 0);
    accepted(GOOD, NULL);
    free(before);
    free(after);
    ncsn_destroy(good);
    puts("ok load_errors");
    return 0;
}
