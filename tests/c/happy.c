/* What the manual promises to a program that makes no mistake. */

#include "check.h"

/* What one program saw of its own progress. */
typedef struct trace {
    ncsn_progress last;
    uint64_t reports;
    uint64_t previews;
    uint64_t denoising;
    size_t bytes; /* of all samples */
    void *preview;
} trace;

static int32_t watch(void *user, const ncsn_progress *now)
{
    trace *seen = user;
    CHECK(now->struct_size == sizeof *now);
    CHECK(now->calls_done == seen->last.calls_done + 1 && now->calls_done <= now->calls_total);
    CHECK(now->nfe_done >= seen->last.nfe_done && now->nfe_done <= now->nfe_total);
    CHECK(now->phase >= seen->last.phase && now->phase >= NCSN_PHASE_SAMPLING);
    CHECK(now->level >= seen->last.level && now->level < now->level_count);
    CHECK(now->step < now->steps_per_level);
    CHECK(seen->reports == 0 || now->sigma <= seen->last.sigma);
    CHECK(now->sigma > 0.0 && now->score_norm > 0.0 && now->update_norm > 0.0);
    CHECK(now->elapsed_seconds >= seen->last.elapsed_seconds && now->remaining_seconds >= 0.0);
    seen->denoising += now->phase == NCSN_PHASE_DENOISING;
    if (now->preview != NULL) {
        CHECK(now->preview_bytes == seen->bytes);
        memcpy(seen->preview, now->preview, seen->bytes);
        seen->previews++;
    } else {
        CHECK(now->preview_bytes == 0);
    }
    seen->last = *now;
    seen->reports++;
    return 0;
}

static void progress_tells_the_truth(ncsn_model *model, int32_t format, int32_t preview_kind)
{
    ncsn_sample_params params = small_params(model);
    trace seen = {.bytes = 0};
    uint64_t levels = params.level_count, steps = levels * params.steps_per_level + 1;
    void *out;
    params.denoise = 1;
    params.output_format = format;
    params.preview_kind = preview_kind;
    params.preview_every = 2;
    params.progress = watch;
    params.progress_user = &seen;
    seen.bytes = output_size(model, &params);
    seen.preview = allocate(seen.bytes);
    out = sample(model, &params);
    CHECK(seen.last.phase == NCSN_PHASE_DONE);
    CHECK(seen.last.level_count == levels);
    /* The final denoising is one more evaluation of each of the three micro-batches. */
    CHECK(seen.last.nfe_total == steps && seen.last.nfe_done == steps);
    CHECK(seen.last.calls_total == 3 * steps && seen.last.calls_done == 3 * steps);
    CHECK(seen.reports == 3 * steps && seen.last.remaining_seconds == 0.0);
    /* The report of its last micro-batch says DONE. */
    CHECK(seen.denoising == 2);
    CHECK(seen.previews == steps / 2 + steps % 2);
    /* After the denoising the state is the denoised estimate is the sample. */
    CHECK(memcmp(seen.preview, out, seen.bytes) == 0);
    free(seen.preview);
    free(out);
}

static void information(ncsn_model *model)
{
    ncsn_model_info info = {.struct_size = sizeof info};
    ncsn_sample_params params;
    ncsn_memory memory;
    size_t elements = 1, bytes = 0;
    CHECK_OK(ncsn_get_info(model, &info));
    CHECK(info.struct_size == sizeof info && info.rank >= 1 && info.rank <= 8);
    for (uint32_t i = 0; i < info.rank; i++) {
        CHECK(info.shape[i] > 0);
        elements *= (size_t)info.shape[i];
    }
    CHECK(info.element_count == elements);
    CHECK(info.level_count > 1 && info.sigma_max == info.sigmas[0]);
    CHECK(info.sigma_min == info.sigmas[info.level_count - 1]);
    for (size_t i = 1; i < info.level_count; i++) {
        CHECK(info.sigmas[i] < info.sigmas[i - 1]);
    }
    CHECK(info.conditioning == NCSN_CONDITIONING_SIGMA);
    CHECK(info.output >= NCSN_OUTPUT_SCORE && info.value_range >= NCSN_RANGE_UNIT);
    CHECK(info.provider == NCSN_PROVIDER_CPU && info.device_id == 0 && info.intra_threads >= 1);
    CHECK(info.class_count == 0 && info.fixed_batch == 0 && info.fingerprint != 0);
    CHECK(info.graph_help != NULL);
    CHECK(strcmp(info.fallback_reason, "") == 0 && strncmp(info.runtime_version, "1.", 2) == 0);
    CHECK(strstr(info.runtime_path, "onnxruntime") != NULL);
    CHECK(strcmp(info.license, "") != 0 && strcmp(info.description, "") != 0);

    memset(&params, 0x5a, sizeof params);
    CHECK_OK(ncsn_sample_params_init(model, &params, sizeof params));
    CHECK(params.struct_size == sizeof params && params.sample_count == 1 && params.seed == 0);
    CHECK(params.level_count == info.level_count && params.sigma_max == info.sigma_max);
    CHECK(params.sigma_min == info.sigma_min && params.denoise == -1 && params.progress == NULL);
    CHECK(params.noise == NULL && params.guide == NULL && params.init == NULL);
    CHECK_OK(ncsn_output_size(model, &params, &bytes));
    CHECK(bytes == elements * sizeof(float));
    memset(&memory, 0, sizeof memory);
    memory.struct_size = sizeof memory;
    CHECK_OK(ncsn_estimate_memory(model, &params, &memory));
    CHECK(memory.total_bytes == memory.weights_bytes + memory.evaluation_bytes + memory.run_bytes);
    CHECK(memory.run_bytes > 2 * bytes && memory.rows_at_once == 1);
}

static void from_memory_is_from_file(const char *path, ncsn_model *file)
{
    size_t size = 0;
    void *bytes = read_file(path, &size);
    ncsn_sample_params params = small_params(file);
    ncsn_model_info a = {.struct_size = sizeof a}, b = {.struct_size = sizeof b};
    ncsn_model *memory = NULL;
    void *x, *y;
    CHECK_OK(ncsn_create_from_memory(bytes, size, NULL, &memory));
    memset(bytes, 0, size); /* "not needed after the call" */
    free(bytes);
    CHECK_OK(ncsn_get_info(file, &a));
    CHECK_OK(ncsn_get_info(memory, &b));
    CHECK(a.fingerprint == b.fingerprint);
    x = sample(file, &params);
    y = sample(memory, &params);
    CHECK(memcmp(x, y, output_size(file, &params)) == 0);
    free(x);
    free(y);
    ncsn_destroy(memory);
}

/* However the work is cut, the samples are the same bits; another seed gives others. */
static void samples_are_their_indices(ncsn_model *model)
{
    static const uint32_t batches[] = {1, 3, 7, 64};
    ncsn_sample_params params = small_params(model);
    const uint32_t count = 70;
    size_t bytes, each;
    unsigned char *whole, *again;
    params.sample_count = count;
    params.batch_size = 0;
    params.first_sample = 1000;
    bytes = output_size(model, &params);
    each = bytes / count;
    whole = sample(model, &params);
    CHECK(memcmp(whole, whole + each, each) != 0);
    for (size_t i = 0; i < COUNT(batches); i++) {
        params.batch_size = batches[i];
        again = sample(model, &params);
        CHECK(memcmp(whole, again, bytes) == 0);
        free(again);
    }
    params.batch_size = 16;
    for (uint32_t first = 0, part = 1; first < count; first += part, part = 2 * part + 1) {
        params.first_sample = 1000 + first;
        params.sample_count = part < count - first ? part : count - first;
        again = sample(model, &params);
        CHECK(memcmp(whole + first * each, again, params.sample_count * each) == 0);
        free(again);
    }
    params.seed++;
    params.first_sample = 1000;
    params.sample_count = 1;
    again = sample(model, &params);
    CHECK(memcmp(whole, again, each) != 0);
    free(again);
    free(whole);
}

static unsigned char to_byte(float value)
{
    float clamped = value < 0.0f ? 0.0f : value > 1.0f ? 1.0f : value;
    return (unsigned char)(clamped * 255.0f + 0.5f);
}

/* Pixels are the floats, rounded, channels last; alpha is 255. */
static void pixels(int64_t planes)
{
    enum { PIXELS = 16 };
    const int64_t shape[] = {planes, 4, 4};
    size_t elements = (size_t)planes * PIXELS;
    ncsn_model *model = callback_model(gauss_score, &elements, shape, 3);
    ncsn_sample_params params = small_params(model);
    float *x = sample(model, &params);
    for (int32_t format = NCSN_U8_GRAY; format <= NCSN_U8_RGBA; format++) {
        static const size_t channels_of[] = {0, 0, 1, 3, 4};
        size_t channels = channels_of[format], bytes = 0;
        unsigned char *image;
        params.output_format = format;
        if (format == NCSN_U8_GRAY && planes == 3) {
            CHECK_ERROR(ncsn_output_size(model, &params, &bytes), NCSN_ERR_ARGUMENT,
                        "output_format");
            continue;
        }
        CHECK(output_size(model, &params) == params.sample_count * PIXELS * channels);
        image = sample(model, &params);
        for (size_t i = 0; i < params.sample_count * PIXELS * channels; i++) {
            size_t channel = i % channels, pixel = i / channels % PIXELS;
            size_t first = i / channels / PIXELS * elements;
            float value = x[first + (planes == 3 && channel < 3 ? channel * PIXELS : 0) + pixel];
            CHECK(image[i] == (channel == 3 ? 255 : to_byte(value)));
        }
        free(image);
        progress_tells_the_truth(model, format, NCSN_READ_STATE);
    }
    free(x);
    ncsn_destroy(model);
}

int main(void)
{
    static const char *const paths[] = {"models/mixture.onnx", "tests/models/gauss_image.onnx"};
    CHECK(ncsn_abi_version() == NCSN_ABI_VERSION);
    CHECK(ncsn_version()[0] != '\0');
    CHECK(ncsn_last_error(NULL, 0) == 1);
    for (size_t i = 0; i < COUNT(paths); i++) {
        ncsn_model *model = open_model(paths[i]);
        information(model);
        from_memory_is_from_file(paths[i], model);
        progress_tells_the_truth(model, NCSN_F32_NCHW, NCSN_READ_STATE);
        progress_tells_the_truth(model, NCSN_F32_NCHW, NCSN_READ_DENOISED);
        samples_are_their_indices(model);
        ncsn_destroy(model);
    }
    pixels(1);
    pixels(3);
    ncsn_destroy(NULL);
    puts("ok happy");
    return 0;
}
