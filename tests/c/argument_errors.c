/* What any call may be handed by mistake: NULL for each pointer, every struct_size, text buffers of
 * any size. NULL where the manual allows it is no mistake. */

#include "check.h"

static char nothing;

static void ignore_log(void *user, int32_t level, const char *message)
{
    (void)user;
    (void)level;
    (void)message;
}

/* Every pointer of every function. */
static void null_pointers(ncsn_model *model, ncsn_run *run)
{
    static const int64_t shape[] = {3};
    static size_t elements = 3;
    ncsn_score_source source = {sizeof source, 1, shape, &elements, gauss_score};
    ncsn_sample_params params = small_params(model);
    ncsn_model_info info = {.struct_size = sizeof info};
    ncsn_progress now = {.struct_size = sizeof now};
    ncsn_memory memory = {.struct_size = sizeof memory};
    ncsn_model_options options;
    ncsn_model *const no_model = (ncsn_model *)(void *)&nothing, *out = no_model;
    ncsn_run *const no_run = (ncsn_run *)(void *)&nothing, *began = no_run;
    float x[15];
    char text[200];
    size_t bytes = 77;

    CHECK_ERROR(ncsn_model_options_init(NULL, sizeof options), NCSN_ERR_ARGUMENT, "options");
    CHECK_ERROR(ncsn_create(NULL, NULL, &out), NCSN_ERR_ARGUMENT, "path_utf8");
    CHECK_ERROR(ncsn_create("models/mixture.onnx", NULL, NULL), NCSN_ERR_ARGUMENT, "out");
    CHECK_ERROR(ncsn_create_from_memory(NULL, 9, NULL, &out), NCSN_ERR_ARGUMENT, "bytes");
    CHECK_ERROR(ncsn_create_from_memory("x", 1, NULL, NULL), NCSN_ERR_ARGUMENT, "out");
    CHECK_ERROR(ncsn_create_from_callback(NULL, NULL, &out), NCSN_ERR_ARGUMENT, "source");
    CHECK_ERROR(ncsn_create_from_callback(&source, NULL, NULL), NCSN_ERR_ARGUMENT, "out");
    source.score = NULL;
    CHECK_ERROR(ncsn_create_from_callback(&source, NULL, &out), NCSN_ERR_ARGUMENT, "score");
    source.score = gauss_score;
    source.shape = NULL;
    CHECK_ERROR(ncsn_create_from_callback(&source, NULL, &out), NCSN_ERR_ARGUMENT, "shape");
    source.shape = shape;
    source.rank = 0;
    CHECK_ERROR(ncsn_create_from_callback(&source, NULL, &out), NCSN_ERR_ARGUMENT, "rank");
    source.rank = UINT32_MAX; /* out of its range, so not a length to read */
    CHECK_ERROR(ncsn_create_from_callback(&source, NULL, &out), NCSN_ERR_ARGUMENT, "shape");
    CHECK_ERROR(ncsn_get_info(NULL, &info), NCSN_ERR_ARGUMENT, "model");
    CHECK_ERROR(ncsn_get_info(model, NULL), NCSN_ERR_ARGUMENT, "info");
    CHECK_ERROR(ncsn_sample_params_init(NULL, &params, sizeof params), NCSN_ERR_ARGUMENT, "model");
    CHECK_ERROR(ncsn_sample_params_init(model, NULL, sizeof params), NCSN_ERR_ARGUMENT, "params");
    CHECK_ERROR(ncsn_output_size(NULL, &params, &bytes), NCSN_ERR_ARGUMENT, "model");
    CHECK_ERROR(ncsn_output_size(model, NULL, &bytes), NCSN_ERR_ARGUMENT, "params");
    CHECK_ERROR(ncsn_output_size(model, &params, NULL), NCSN_ERR_ARGUMENT, "bytes");
    CHECK_ERROR(ncsn_estimate_memory(NULL, &params, &memory), NCSN_ERR_ARGUMENT, "model");
    CHECK_ERROR(ncsn_estimate_memory(model, NULL, &memory), NCSN_ERR_ARGUMENT, "params");
    CHECK_ERROR(ncsn_estimate_memory(model, &params, NULL), NCSN_ERR_ARGUMENT, "out");
    memory.struct_size = 3;
    CHECK_ERROR(ncsn_estimate_memory(model, &params, &memory), NCSN_ERR_STRUCT_SIZE, "ncsn_memory");
    CHECK_ERROR(ncsn_sample(NULL, &params, x, sizeof x), NCSN_ERR_ARGUMENT, "model");
    CHECK_ERROR(ncsn_sample(model, NULL, x, sizeof x), NCSN_ERR_ARGUMENT, "params");
    CHECK_ERROR(ncsn_sample(model, &params, NULL, sizeof x), NCSN_ERR_ARGUMENT, "out");
    CHECK_ERROR(ncsn_run_begin(NULL, &params, &began), NCSN_ERR_ARGUMENT, "model");
    CHECK_ERROR(ncsn_run_begin(model, NULL, &began), NCSN_ERR_ARGUMENT, "params");
    CHECK_ERROR(ncsn_run_begin(model, &params, NULL), NCSN_ERR_ARGUMENT, "out");
    CHECK_ERROR(ncsn_run_step(NULL, 1, 0, &now), NCSN_ERR_ARGUMENT, "run");
    CHECK_ERROR(ncsn_run_start(NULL), NCSN_ERR_ARGUMENT, "run");
    CHECK_ERROR(ncsn_run_wait(NULL, 0), NCSN_ERR_ARGUMENT, "run");
    CHECK_ERROR(ncsn_run_poll(NULL, &now), NCSN_ERR_ARGUMENT, "run");
    CHECK_ERROR(ncsn_run_poll(run, NULL), NCSN_ERR_ARGUMENT, "now");
    CHECK_ERROR(ncsn_run_read(NULL, NCSN_READ_STATE, x, sizeof x), NCSN_ERR_ARGUMENT, "run");
    CHECK_ERROR(ncsn_run_read(run, NCSN_READ_STATE, NULL, sizeof x), NCSN_ERR_ARGUMENT, "out");
    CHECK_ERROR(ncsn_run_save(NULL, x, sizeof x, &bytes), NCSN_ERR_ARGUMENT, "run");
    CHECK_ERROR(ncsn_run_save(run, NULL, 0, NULL), NCSN_ERR_ARGUMENT, "buf");
    CHECK_ERROR(ncsn_run_load(NULL, x, sizeof x, &began), NCSN_ERR_ARGUMENT, "model");
    CHECK_ERROR(ncsn_run_load(model, NULL, 9, &began), NCSN_ERR_ARGUMENT, "buf");
    CHECK_ERROR(ncsn_run_load(model, x, sizeof x, NULL), NCSN_ERR_ARGUMENT, "out");
    CHECK_ERROR(ncsn_run_set_hooks(NULL, &params), NCSN_ERR_ARGUMENT, "run");
    CHECK_ERROR(ncsn_run_set_hooks(run, NULL), NCSN_ERR_ARGUMENT, "params");
    CHECK(out == no_model && began == no_run && bytes == 77);
    /* A NULL run is an error that ncsn_run_error can only show, not return. */
    CHECK(ncsn_run_error(NULL, text, sizeof text) > 1 && strstr(text, "run") != NULL);

    /* NULL is fine. */
    ncsn_destroy(NULL);
    ncsn_run_cancel(NULL);
    ncsn_run_free(NULL);
    CHECK_OK(ncsn_set_log(NULL, NULL, 0));
    CHECK_STATUS(ncsn_run_step(run, 1, 0, NULL), NCSN_PENDING);
    source.rank = 1;
    CHECK_OK(ncsn_create_from_callback(&source, NULL, &out));
    ncsn_destroy(out);
}

/* A call that takes a struct by a pointer; `struct_size` is its first member. */
typedef ncsn_status (*struct_call)(void *with_size, ncsn_model *model, ncsn_run *run);

static ncsn_status call_get_info(void *at, ncsn_model *model, ncsn_run *run)
{
    (void)run;
    return ncsn_get_info(model, at);
}

static ncsn_status call_output_size(void *at, ncsn_model *model, ncsn_run *run)
{
    size_t bytes;
    (void)run;
    return ncsn_output_size(model, at, &bytes);
}

static ncsn_status call_poll(void *at, ncsn_model *model, ncsn_run *run)
{
    ncsn_status status = ncsn_run_poll(run, at);
    (void)model;
    return status == NCSN_PENDING ? NCSN_OK : status;
}

static ncsn_status call_step(void *at, ncsn_model *model, ncsn_run *run)
{
    ncsn_status status = ncsn_run_step(run, 1, 0, at);
    (void)model;
    return status == NCSN_PENDING ? NCSN_OK : status;
}

static ncsn_status call_create(void *at, ncsn_model *model, ncsn_run *run)
{
    static const int64_t shape[] = {3};
    static size_t elements = 3;
    ncsn_score_source source = {sizeof source, 1, shape, &elements, gauss_score};
    ncsn_model *made = NULL;
    ncsn_status status = ncsn_create_from_callback(&source, at, &made);
    (void)model;
    (void)run;
    ncsn_destroy(made);
    return status;
}

static ncsn_status call_source(void *at, ncsn_model *model, ncsn_run *run)
{
    ncsn_model *made = NULL;
    ncsn_status status = ncsn_create_from_callback(at, NULL, &made);
    (void)model;
    (void)run;
    ncsn_destroy(made);
    return status;
}

/* `bytes` of a struct, as the call expects it. */
static void struct_sizes(const char *name, const void *value, uint32_t bytes, struct_call call,
                         ncsn_model *model, ncsn_run *run)
{
    enum { LONGER = 24 };
    const uint32_t bad[] = {0, 4, 12, bytes - 4, bytes + 4, 4096 + 8, INT32_MAX, UINT32_MAX};
    unsigned char *at = allocate(bytes + LONGER);
    uint32_t size;
    memcpy(at, value, bytes);
    for (size_t i = 0; i < COUNT(bad); i++) {
        memcpy(at, &bad[i], sizeof bad[i]);
        CHECK_ERROR(call(at, model, run), NCSN_ERR_STRUCT_SIZE, name);
        CHECK(memcmp(at + 4, (const char *)value + 4, bytes - 4) == 0);
    }
    /* A newer program, that uses nothing new. */
    size = bytes + LONGER;
    memcpy(at, &size, sizeof size);
    CHECK_OK(call(at, model, run));
    CHECK(memcmp(at, &size, sizeof size) == 0 && all_bytes(at + bytes, 0, LONGER));
    /* A newer program, that uses something. */
    at[size - 1] = 1;
    CHECK_ERROR(call(at, model, run), NCSN_ERR_STRUCT_SIZE, name);
    CHECK(at[size - 1] == 1);
    free(at);
}

static void all_struct_sizes(ncsn_model *model, ncsn_run *run)
{
    static const int64_t shape[] = {3};
    static size_t elements = 3;
    const ncsn_score_source source = {sizeof source, 1, shape, &elements, gauss_score};
    const ncsn_model_info info = {.struct_size = sizeof info};
    const ncsn_progress now = {.struct_size = sizeof now};
    const ncsn_sample_params params = small_params(model);
    ncsn_model_options options;
    CHECK_OK(ncsn_model_options_init(&options, sizeof options));
    struct_sizes("ncsn_model_info", &info, sizeof info, call_get_info, model, run);
    struct_sizes("ncsn_sample_params", &params, sizeof params, call_output_size, model, run);
    struct_sizes("ncsn_progress", &now, sizeof now, call_poll, model, run);
    struct_sizes("ncsn_progress", &now, sizeof now, call_step, model, run);
    struct_sizes("ncsn_model_options", &options, sizeof options, call_create, model, run);
    struct_sizes("ncsn_score_source", &source, sizeof source, call_source, model, run);
    CHECK_ERROR(ncsn_model_options_init(&options, 12), NCSN_ERR_STRUCT_SIZE, "ncsn_model_options");
}

/* Programs compiled against an older header: what they do not know is neither read nor written. */
static void older_structs(ncsn_model *model)
{
    enum { FILL = 0x5a, OLD = offsetof(ncsn_sample_params, preview_every) };
    ncsn_sample_params full = small_params(model), old;
    struct {
        ncsn_model_info info;
        unsigned char spare[8];
    } out;
    struct {
        ncsn_model_options options;
        unsigned char added[16];
    } newer;
    const uint32_t info_size = offsetof(ncsn_model_info, sigmas);
    void *x, *y;

    memset(&old, FILL, sizeof old);
    CHECK_OK(ncsn_sample_params_init(model, &old, OLD));
    CHECK(old.struct_size == OLD && old.sample_count == 1);
    CHECK(all_bytes((char *)&old + OLD, FILL, sizeof old - OLD));
    memcpy(&old, &full, OLD);
    old.struct_size = OLD; /* the callbacks behind it are wild pointers now */
    x = sample(model, &full);
    y = sample(model, &old);
    CHECK(memcmp(x, y, output_size(model, &full)) == 0);
    free(x);
    free(y);

    memset(&out, FILL, sizeof out);
    out.info.struct_size = info_size;
    CHECK_OK(ncsn_get_info(model, &out.info));
    CHECK(out.info.struct_size == info_size && out.info.rank == 1 && out.info.element_count == 3);
    CHECK(all_bytes((char *)&out + info_size, FILL, sizeof out - info_size));

    /* And newer ones: _init zeroes all of theirs. */
    memset(&newer, FILL, sizeof newer);
    CHECK_OK(ncsn_model_options_init(&newer.options, sizeof newer));
    CHECK(newer.options.struct_size == sizeof newer);
    CHECK(all_bytes(newer.added, 0, sizeof newer.added));
}

/* The size of the text is always told, what fits of it is always terminated. */
static void error_texts(ncsn_run *run)
{
    char all[1000], part[1000];
    size_t needed;
    CHECK_ERROR(ncsn_run_read(run, 99, all, sizeof all), NCSN_ERR_ARGUMENT, "99");
    needed = ncsn_last_error(NULL, 0);
    CHECK(needed > 1 && needed < sizeof all);
    CHECK(ncsn_last_error(all, sizeof all) == needed && strlen(all) + 1 == needed);
    for (size_t cap = 0; cap <= needed; cap++) {
        memset(part, 'z', sizeof part);
        CHECK(ncsn_last_error(part, cap) == needed);
        CHECK(cap == 0 || (strlen(part) == cap - 1 && memcmp(part, all, cap - 1) == 0));
        CHECK(part[cap] == 'z');
    }
    CHECK(ncsn_run_error(run, part, sizeof part) == needed && strcmp(part, all) == 0);
    /* A success keeps it. */
    CHECK_STATUS(ncsn_run_step(run, 1, 0, NULL), NCSN_PENDING);
    CHECK(strcmp(last_error(), all) == 0);
    for (ncsn_status status = NCSN_ERR_PANIC; status <= NCSN_CANCELLED; status++) {
        CHECK(strncmp(ncsn_status_name(status), "NCSN_", 5) == 0);
        CHECK(strcmp(ncsn_status_name(status), "NCSN_UNKNOWN_STATUS") != 0);
    }
    CHECK(strcmp(ncsn_status_name(NCSN_ERR_PROVIDER), "NCSN_ERR_PROVIDER") == 0);
    CHECK(strcmp(ncsn_status_name(12345), "NCSN_UNKNOWN_STATUS") == 0);
    CHECK_ERROR(ncsn_set_log(ignore_log, NULL, 99), NCSN_ERR_ARGUMENT, "max_level");
}

int main(void)
{
    ncsn_model *model = gauss_model();
    ncsn_sample_params params = small_params(model);
    void *before = sample(model, &params), *after;
    ncsn_run *run = NULL;
    CHECK_OK(ncsn_run_begin(model, &params, &run));
    null_pointers(model, run);
    all_struct_sizes(model, run);
    older_structs(model);
    error_texts(run);
    after = sample(model, &params);
    CHECK(memcmp(before, after, output_size(model, &params)) == 0);
    CHECK_OK(ncsn_run_step(run, 0, 0, NULL));
    CHECK_OK(ncsn_run_read(run, NCSN_READ_SAMPLE, after, output_size(model, &params)));
    CHECK(memcmp(before, after, output_size(model, &params)) == 0);
    free(before);
    free(after);
    ncsn_run_free(run);
    ncsn_destroy(model);
    puts("ok argument_errors");
    return 0;
}
