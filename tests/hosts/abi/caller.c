/*
 * caller MODEL.onnx - a program compiled against some header of ABI 1: everything that the first one has, with bytes behind
 * each struct that the library must not touch. It prints the sizes of its structs and its samples, in hexadecimal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ncsn.h>

#define CHECK(condition) ((condition) ? (void)0 : failed(__LINE__, #condition))

/* A struct of this program's header, and what lies behind it. */
#define GUARDED(type, name) \
    struct { type value; unsigned char behind[128]; } name; \
    memset(&name, 0xa5, sizeof name)
#define UNTOUCHED(name) CHECK(untouched(name.behind))

static void failed(int line, const char *what) {
    char text[2048];
    ncsn_last_error(text, sizeof text);
    fprintf(stderr, "caller.c:%d: %s\n%s\n", line, what, text);
    exit(1);
}

static int untouched(const unsigned char behind[128]) {
    for (int i = 0; i < 128; i++)
        if (behind[i] != 0xa5) return 0;
    return 1;
}

static void print(const float *samples, size_t count) {
    for (size_t i = 0; i < count; i++) printf("%a ", samples[i]);
    putchar('\n');
}

/* The library's struct is as long as the library's header says, this program's may be shorter. */
static int32_t watch(void *user, const ncsn_progress *now) {
    CHECK(now->struct_size >= sizeof *now);
    CHECK(now->nfe_total > 0 && now->preview != NULL && now->preview_bytes == 4 * sizeof(float));
    ++*(unsigned *)user;
    return 0;
}

static int32_t flat_noise(void *user, const ncsn_noise_request *request, float *out) {
    CHECK(request->struct_size >= sizeof *request && request->elements_per_sample == 2);
    for (size_t i = 0; i < request->sample_count * request->elements_per_sample; i++)
        out[i] = 0.25f * (float)(i % 5) - 0.5f;
    ++*(unsigned *)user;
    return 0;
}

static int32_t pull(void *user, const ncsn_guide_request *request, float *score) {
    CHECK(request->struct_size >= sizeof *request && request->sigma > 0.0 && request->x != NULL);
    for (size_t i = 0; i < request->sample_count * request->elements_per_sample; i++) score[i] -= 0.01f;
    ++*(unsigned *)user;
    return 0;
}

static int32_t linear(void *user, const float *x, double sigma, const int64_t *labels, uint32_t count, float *out) {
    (void)user, (void)labels;
    for (uint32_t i = 0; i < 2 * count; i++) out[i] = -x[i] / (float)(1.0 + sigma * sigma);
    return 0;
}

/* A run in steps, saved and loaded in the middle. */
static void stepped(ncsn_model *model, const ncsn_sample_params *params, const float *expected) {
    ncsn_run *run = NULL, *again = NULL;
    float samples[4];
    size_t needed = 0;
    void *saved;
    GUARDED(ncsn_progress, now);
    memset(&now.value, 0, sizeof now.value);
    now.value.struct_size = sizeof now.value;
    CHECK(ncsn_run_begin(model, params, &run) == NCSN_OK);
    CHECK(ncsn_run_step(run, 3, 0, &now.value) == NCSN_PENDING);
    CHECK(now.value.struct_size == sizeof now.value && now.value.nfe_done > 0);
    UNTOUCHED(now);
    CHECK(ncsn_run_save(run, NULL, 0, &needed) == NCSN_OK);
    CHECK((saved = malloc(needed)) != NULL);
    CHECK(ncsn_run_save(run, saved, needed, NULL) == NCSN_OK);
    ncsn_run_free(run);
    CHECK(ncsn_run_load(model, saved, needed, &again) == NCSN_OK);
    CHECK(ncsn_run_step(again, 0, 0, NULL) == NCSN_OK);
    CHECK(ncsn_run_read(again, NCSN_READ_SAMPLE, samples, sizeof samples) == NCSN_OK);
    CHECK(memcmp(samples, expected, sizeof samples) == 0);
    ncsn_run_free(again);
    free(saved);
}

static void own_network(void) {
    static const int64_t shape[] = {2};
    static const double ladder[] = {2.0, 0.5, 0.1};
    const ncsn_score_source source = {sizeof source, 1, shape, NULL, linear};
    ncsn_model *model = NULL;
    float samples[4];
    GUARDED(ncsn_model_options, options);
    GUARDED(ncsn_sample_params, params);
    CHECK(ncsn_model_options_init(&options.value, sizeof options.value) == NCSN_OK);
    options.value.sigmas = ladder;
    options.value.sigma_count = 3;
    CHECK(ncsn_create_from_callback(&source, &options.value, &model) == NCSN_OK);
    CHECK(ncsn_sample_params_init(model, &params.value, sizeof params.value) == NCSN_OK);
    params.value.sample_count = 2;
    CHECK(ncsn_sample(model, &params.value, samples, sizeof samples) == NCSN_OK);
    print(samples, 4);
    UNTOUCHED(options);
    UNTOUCHED(params);
    ncsn_destroy(model);
}

int main(int argc, char **argv) {
    ncsn_model *model = NULL;
    unsigned reports = 0, noises = 0, guides = 0;
    float samples[4];
    GUARDED(ncsn_model_options, options);
    GUARDED(ncsn_model_info, info);
    GUARDED(ncsn_sample_params, params);
    if (argc != 2) return 2;
    printf("%zu %zu %zu %zu\n", sizeof options.value, sizeof info.value, sizeof(ncsn_progress), sizeof params.value);
    CHECK(ncsn_abi_version() == NCSN_ABI_VERSION);

    CHECK(ncsn_model_options_init(&options.value, sizeof options.value) == NCSN_OK);
    CHECK(ncsn_create(argv[1], &options.value, &model) == NCSN_OK);
    UNTOUCHED(options);
    memset(&info.value, 0, sizeof info.value);
    info.value.struct_size = sizeof info.value;
    CHECK(ncsn_get_info(model, &info.value) == NCSN_OK);
    CHECK(info.value.struct_size == sizeof info.value && info.value.element_count == 2 && info.value.fingerprint != 0);
    UNTOUCHED(info);

    CHECK(ncsn_sample_params_init(model, &params.value, sizeof params.value) == NCSN_OK);
    UNTOUCHED(params);
    params.value.sample_count = 2;
    params.value.seed = 7;
    params.value.steps_per_level = 2;
    params.value.preview_every = 1;
    params.value.progress = watch;
    params.value.progress_user = &reports;
    CHECK(ncsn_sample(model, &params.value, samples, sizeof samples) == NCSN_OK);
    print(samples, 4);
    CHECK(reports > 0);
    params.value.progress = NULL;
    params.value.preview_every = 0;
    stepped(model, &params.value, samples);

    params.value.noise = flat_noise;
    params.value.noise_user = &noises;
    params.value.guide = pull;
    params.value.guide_user = &guides;
    params.value.sampler = NCSN_SAMPLER_PREDICTOR_CORRECTOR;
    params.value.steps_per_level = 0;
    params.value.step_size = 0.0;
    CHECK(ncsn_sample(model, &params.value, samples, sizeof samples) == NCSN_OK);
    print(samples, 4);
    CHECK(noises > 0 && guides > 0);
    UNTOUCHED(params);
    ncsn_destroy(model);

    own_network();
    return 0;
}
