/* What the C programs of this folder share. Each is one idea, runs in the root of the source tree,
 * is silent on stderr and ends with one line, "ok <name>". The first failed check ends it. */

#ifndef NCSN_TEST_CHECK_H
#define NCSN_TEST_CHECK_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ncsn.h"

#define MODELS "tests/models/"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* _Exit: a check may fail on any thread, with handles alive and others inside the library. */
static inline void check_failed(const char *file, int line, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    fprintf(stderr, "%s:%d: ", file, line);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    va_end(values);
    _Exit(1);
}

#define CHECK(condition) \
    ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, "failed: %s", #condition))

static inline const char *last_error(void)
{
    static _Thread_local char text[4096];
    (void)ncsn_last_error(text, sizeof text);
    return text;
}

static inline void check_status(ncsn_status status, ncsn_status expected, const char *word,
                                const char *call, const char *file, int line)
{
    if (status != expected) {
        check_failed(file, line, "%s\n  is %s, not %s: %s", call, ncsn_status_name(status),
                     ncsn_status_name(expected), status < 0 ? last_error() : "");
    }
    if (word != NULL && strstr(last_error(), word) == NULL) {
        check_failed(file, line, "%s\n  the error does not say '%s': %s", call, word, last_error());
    }
}

#define CHECK_STATUS(call, expected) \
    check_status((call), (expected), NULL, #call, __FILE__, __LINE__)
#define CHECK_OK(call) CHECK_STATUS(call, NCSN_OK)
/* The call fails with that status, and the thread's error text contains `word`. */
#define CHECK_ERROR(call, expected, word) \
    check_status((call), (expected), (word), #call, __FILE__, __LINE__)

static inline void *allocate(size_t bytes)
{
    void *memory = calloc(1, bytes > 0 ? bytes : 1);
    CHECK(memory != NULL);
    return memory;
}

/* The whole saved run, to be freed. */
static inline void *save(const ncsn_run *run, size_t *size)
{
    void *saved;
    CHECK_OK(ncsn_run_save(run, NULL, 0, size));
    saved = allocate(*size);
    CHECK_OK(ncsn_run_save(run, saved, *size, NULL));
    return saved;
}

/* The numbers of tests/models/gauss_*.onnx: the score of N(0.7, 0.5^2) per dimension. */
#define GAUSS_MEAN 0.7
#define GAUSS_VARIANCE 0.25

/* `user` points to the number of elements of one sample. */
static inline int32_t gauss_score(void *user, const float *x, double sigma, const int64_t *labels,
                                  uint32_t sample_count, float *out)
{
    size_t count = sample_count * *(const size_t *)user;
    (void)labels;
    for (size_t i = 0; i < count; i++) {
        out[i] = (float)((GAUSS_MEAN - x[i]) / (GAUSS_VARIANCE + sigma * sigma));
    }
    return 0;
}

static const double LADDER[] = {1.0, 0.5, 0.25, 0.125};

/* A model of a C function of the caller's, over LADDER, in the range [0, 1]. */
static inline ncsn_model *callback_model(ncsn_score_fn score, void *user, const int64_t *shape,
                                         uint32_t rank)
{
    ncsn_score_source source = {sizeof source, rank, shape, user, score};
    ncsn_model_options options;
    ncsn_model *model = NULL;
    CHECK_OK(ncsn_model_options_init(&options, sizeof options));
    options.sigmas = LADDER;
    options.sigma_count = COUNT(LADDER);
    options.value_range = NCSN_RANGE_UNIT;
    CHECK_OK(ncsn_create_from_callback(&source, &options, &model));
    return model;
}

/* gauss_score in three dimensions: a model without ONNX Runtime. */
static inline ncsn_model *gauss_model(void)
{
    static size_t elements = 3;
    static const int64_t shape[] = {3};
    return callback_model(gauss_score, &elements, shape, 1);
}

static inline ncsn_model *open_model(const char *path)
{
    ncsn_model *model = NULL;
    CHECK_OK(ncsn_create(path, NULL, &model));
    CHECK(model != NULL);
    return model;
}

/* Few steps, five samples, two of them at a time: every batch but the last is full. */
static inline ncsn_sample_params small_params(const ncsn_model *model)
{
    ncsn_sample_params params;
    CHECK_OK(ncsn_sample_params_init(model, &params, sizeof params));
    params.seed = 7;
    params.sample_count = 5;
    params.batch_size = 2;
    params.steps_per_level = 3;
    return params;
}

/* The same for a sampler; what the model says of steps is for its own. */
static inline ncsn_sample_params sampler_params(const ncsn_model *model, int32_t sampler)
{
    ncsn_sample_params params = small_params(model);
    params.sampler = sampler;
    params.steps_per_level = 0;
    params.step_size = 0.0;
    return params;
}

static inline size_t output_size(const ncsn_model *model, const ncsn_sample_params *params)
{
    size_t bytes = 0;
    CHECK_OK(ncsn_output_size(model, params, &bytes));
    CHECK(bytes > 0);
    return bytes;
}

/* All samples, to be freed. */
static inline void *sample(ncsn_model *model, const ncsn_sample_params *params)
{
    size_t bytes = output_size(model, params);
    void *out = allocate(bytes);
    CHECK_OK(ncsn_sample(model, params, out, bytes));
    return out;
}

/* Whether all `bytes` at `memory` still are `byte`. */
static inline int all_bytes(const void *memory, int byte, size_t bytes)
{
    const unsigned char *at = memory;
    for (size_t i = 0; i < bytes; i++) {
        if (at[i] != (unsigned char)byte) {
            return 0;
        }
    }
    return 1;
}

/* A value for one field of a struct, and what the library must say to it. */
typedef struct field_case {
    const char *word; /* in the error's text */
    size_t offset;
    char type; /* i: int32_t, u: uint32_t, q: uint64_t, z: size_t, d: double */
    double value;
    ncsn_status status;
} field_case;

#define FIELD(of, type, field, value, status) {#field, offsetof(of, field), type, value, status}

static inline void set_field(void *target, const field_case *change)
{
    unsigned char *at = (unsigned char *)target + change->offset;
    switch (change->type) {
    case 'i': *(int32_t *)(void *)at = (int32_t)change->value; break;
    case 'u': *(uint32_t *)(void *)at = (uint32_t)change->value; break;
    case 'q': *(uint64_t *)(void *)at = (uint64_t)change->value; break;
    case 'z': *(size_t *)(void *)at = (size_t)change->value; break;
    case 'd': *(double *)(void *)at = change->value; break;
    default: CHECK(!"a type");
    }
}

/* What no call that takes parameters accepts: the three give the same answer and write nothing. */
static inline void refused_at(const char *file, int line, ncsn_model *model,
                              const ncsn_sample_params *params, ncsn_status status,
                              const char *word)
{
    static char nothing;
    ncsn_run *const no_run = (ncsn_run *)(void *)&nothing, *run = no_run;
    unsigned char out[4096];
    size_t bytes = 77;
    memset(out, 0x5a, sizeof out);
    check_status(ncsn_output_size(model, params, &bytes), status, word, "output_size", file, line);
    check_status(ncsn_sample(model, params, out, sizeof out), status, word, "sample", file, line);
    check_status(ncsn_run_begin(model, params, &run), status, word, "run_begin", file, line);
    CHECK(bytes == 77 && run == no_run && all_bytes(out, 0x5a, sizeof out));
}

#define REFUSED(model, params, status, word) \
    refused_at(__FILE__, __LINE__, model, params, status, word)

/* A whole file, to be freed. */
static inline void *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    long end = 0;
    void *bytes;
    CHECK(file != NULL);
    CHECK(fseek(file, 0, SEEK_END) == 0 && (end = ftell(file)) >= 0);
    rewind(file);
    *size = (size_t)end;
    bytes = allocate(*size);
    CHECK(fread(bytes, 1, *size, file) == *size);
    CHECK(fclose(file) == 0);
    return bytes;
}

#endif
