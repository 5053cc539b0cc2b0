/* Noise and guide callbacks: what they are asked, that what they answer is what happens, and that
 * their failures are errors after which everything goes on. */

#include <math.h>

#include "check.h"

enum { SAMPLES = 5, ELEMENTS = 3, STEPS = 3, LEVELS = COUNT(LADDER), FIRST = 100 };
#define EPSILON 0.01

/* One recipe for all callbacks: what they write, and where they fail. */
typedef struct hook {
    float value;         /* noise: each normal; guide: added to the score */
    uint32_t bad_level;  /* from here on ... */
    uint32_t bad_step;
    int32_t returns;     /* ... this is returned ... */
    float writes;        /* ... or, unless 0, this is written */
    int fails;           /* how often it still fails */
    uint32_t start;      /* the first level */
    int in_order;        /* every call is the next one of ncsn_sample() */
    uint64_t calls;
    int32_t last_purpose;
} hook;

static const hook GOOD = {.fails = 0};

static int fails_now(hook *how, uint32_t level, uint32_t step)
{
    if (how->fails == 0 || level < how->bad_level
        || (level == how->bad_level && step < how->bad_step)) {
        return 0;
    }
    how->fails--;
    return 1;
}

/* Calls come micro-batch by micro-batch (two, two and one of the samples), step by step, level by
 * level; the denoising belongs to the last step. */
static void check_place(hook *how, uint32_t level, uint32_t step, uint64_t first, uint32_t count,
                        size_t elements)
{
    CHECK(level < LEVELS && step < STEPS && elements == ELEMENTS);
    CHECK(first >= FIRST && count >= 1 && first + count <= FIRST + SAMPLES);
    if (how->in_order) {
        uint64_t steps = how->calls / 3, batch = how->calls % 3;
        uint64_t last = (LEVELS - how->start) * STEPS;
        uint64_t at = steps < last ? steps : last - 1;
        CHECK(level == how->start + at / STEPS && step == at % STEPS);
        CHECK(first == FIRST + 2 * batch && count == (batch < 2 ? 2 : 1));
    }
    how->calls++;
}

static int32_t noise(void *user, const ncsn_noise_request *request, float *out)
{
    hook *how = user;
    size_t count = request->sample_count * request->elements_per_sample;
    CHECK(request->struct_size == sizeof *request && request->reserved == 0);
    CHECK(request->purpose == NCSN_NOISE_LANGEVIN || request->purpose == NCSN_NOISE_INIT);
    check_place(how, request->level, request->step, request->first_sample, request->sample_count,
                request->elements_per_sample);
    how->last_purpose = request->purpose;
    for (size_t i = 0; i < count; i++) {
        out[i] = how->value;
    }
    if (fails_now(how, request->level, request->step)) {
        out[count - 1] = how->writes;
        return how->returns;
    }
    return 0;
}

static int32_t guide(void *user, const ncsn_guide_request *request, float *score)
{
    hook *how = user;
    size_t count = request->sample_count * request->elements_per_sample;
    double variance = GAUSS_VARIANCE + request->sigma * request->sigma;
    CHECK(request->struct_size == sizeof *request && request->reserved == 0);
    CHECK(request->purpose == NCSN_NOISE_LANGEVIN || request->purpose == 0);
    check_place(how, request->level, request->step, request->first_sample, request->sample_count,
                request->elements_per_sample);
    CHECK(request->sigma == LADDER[request->level]);
    how->last_purpose = request->purpose;
    for (size_t i = 0; i < count; i++) {
        CHECK(fabs(score[i] - (GAUSS_MEAN - request->x[i]) / variance) < 1e-5);
        score[i] += how->value;
    }
    if (fails_now(how, request->level, request->step)) {
        score[count - 1] = how->writes;
        return how->returns;
    }
    return 0;
}

/* The chains of a noise and a guide that are constants, in double: Song & Ermon 2019, algorithm 1,
 * and the final denoising. */
static double recurrence(double x, double c, double noise_value, double guide_value, uint32_t level)
{
    double last = LADDER[LEVELS - 1], score = 0.0;
    for (; level < LEVELS; level++) {
        double sigma = LADDER[level], a = EPSILON * (sigma / last) * (sigma / last);
        for (int t = 0; t < STEPS; t++) {
            score = (GAUSS_MEAN - x) / (GAUSS_VARIANCE + sigma * sigma) + guide_value;
            x += c * a * score + sqrt(2.0 * c * a) * noise_value;
        }
    }
    score = (GAUSS_MEAN - x) / (GAUSS_VARIANCE + last * last) + guide_value;
    return x + last * last * score;
}

static ncsn_sample_params params_with(const ncsn_model *model, hook *noise_hook, hook *guide_hook)
{
    ncsn_sample_params params = small_params(model);
    params.step_size = EPSILON;
    params.first_sample = FIRST;
    params.denoise = 1;
    if (noise_hook != NULL) {
        params.noise = noise;
        params.noise_user = noise_hook;
    }
    if (guide_hook != NULL) {
        params.guide = guide;
        params.guide_user = guide_hook;
    }
    return params;
}

static void chains_follow_the_recurrence(ncsn_model *model)
{
    static const float values[][2] = {{0.0f, 0.0f}, {0.5f, 0.0f}, {0.0f, 2.0f}, {-0.25f, -1.0f}};
    float init[SAMPLES * ELEMENTS];
    for (size_t i = 0; i < COUNT(init); i++) {
        init[i] = 0.1f * (float)i - 0.3f;
    }
    for (int32_t convention = NCSN_STEP_HALF; convention <= NCSN_STEP_FULL; convention++) {
        for (size_t v = 0; v < COUNT(values); v++) {
            for (uint32_t start = 0; start < LEVELS; start++) {
                hook z = {.value = values[v][0], .start = start, .in_order = 1};
                hook g = {.value = values[v][1], .start = start, .in_order = 1};
                ncsn_sample_params params = params_with(model, &z, &g);
                uint64_t calls = 3 * (LEVELS - start) * STEPS;
                float *x;
                params.step_convention = convention;
                params.init_kind = NCSN_INIT_GIVEN;
                params.init = init;
                params.init_count = COUNT(init);
                params.start_level = start;
                x = sample(model, &params);
                for (size_t i = 0; i < COUNT(init); i++) {
                    double c = convention == NCSN_STEP_HALF ? 0.5 : 1.0;
                    double expected = recurrence(init[i], c, z.value, g.value, start);
                    CHECK(fabs(x[i] - expected) < 1e-5);
                }
                /* The denoising draws nothing, and is guided like every other evaluation. */
                CHECK(z.calls == calls && z.last_purpose == NCSN_NOISE_LANGEVIN);
                CHECK(g.calls == calls + 3 && g.last_purpose == 0);
                free(x);
            }
        }
    }
}

/* Initial states that are noise come from the hook, too; the uniform one does not. */
static void initial_noise(ncsn_model *model)
{
    float init[SAMPLES * ELEMENTS] = {0}, x[SAMPLES * ELEMENTS];
    for (int32_t kind = NCSN_INIT_UNIFORM; kind <= NCSN_INIT_MEAN_PLUS_NOISE; kind++) {
        static const float expected[] = {0.0f, 0.0f, 1.0f, 0.0f, 3.0f, 1.35f};
        hook z = {.value = 2.0f};
        ncsn_sample_params params = params_with(model, &z, NULL);
        ncsn_run *run = NULL;
        int given = kind == NCSN_INIT_GIVEN || kind == NCSN_INIT_GIVEN_PLUS_NOISE;
        params.init_kind = kind;
        params.start_level = 1; /* sigma = 0.5 */
        for (size_t i = 0; i < COUNT(init); i++) {
            init[i] = kind == NCSN_INIT_GIVEN_PLUS_NOISE ? 2.0f : 0.0f;
        }
        params.init = given ? init : NULL;
        params.init_count = given ? COUNT(init) : 0;
        CHECK_OK(ncsn_run_begin(model, &params, &run));
        CHECK_OK(ncsn_run_read(run, NCSN_READ_STATE, x, sizeof x));
        for (size_t i = 0; i < COUNT(x); i++) {
            CHECK(kind == NCSN_INIT_UNIFORM ? x[i] >= 0.0f && x[i] < 1.0f
                                            : fabsf(x[i] - expected[kind]) < 1e-6f);
        }
        if (kind == NCSN_INIT_NORMAL || kind >= NCSN_INIT_GIVEN_PLUS_NOISE) {
            CHECK(z.calls == 3 && z.last_purpose == NCSN_NOISE_INIT);
        } else {
            CHECK(z.calls == 0);
        }
        ncsn_run_free(run);
    }
}

/* Fails once in the middle: the error names callback and place, the run is where it was, and goes
 * on to the bits of a run that never failed. */
static void fails_and_goes_on(ncsn_model *model, hook how, int is_guide, ncsn_status status,
                              const char *const words[4])
{
    hook good = GOOD;
    ncsn_sample_params params =
        is_guide ? params_with(model, NULL, &good) : params_with(model, &good, NULL);
    size_t bytes = output_size(model, &params);
    unsigned char *expected = sample(model, &params), *out = allocate(bytes);
    ncsn_progress now = {.struct_size = sizeof now};
    ncsn_run *run = NULL;
    char text[1000];
    if (is_guide) {
        params.guide_user = &how;
    } else {
        params.noise_user = &how;
    }
    how.bad_level = 2;
    how.bad_step = 1;
    how.fails = 2;
    memset(out, 0x5a, bytes);
    CHECK_STATUS(ncsn_sample(model, &params, out, bytes), status);
    for (size_t i = 0; i < 4; i++) {
        CHECK(strstr(last_error(), words[i]) != NULL);
    }
    CHECK(all_bytes(out, 0x5a, bytes) && how.fails == 1);
    CHECK_OK(ncsn_run_begin(model, &params, &run));
    CHECK_STATUS(ncsn_run_step(run, 0, 0, &now), status);
    CHECK(ncsn_run_error(run, text, sizeof text) > 1 && strcmp(text, last_error()) == 0);
    CHECK_STATUS(ncsn_run_poll(run, &now), NCSN_PENDING);
    CHECK(now.nfe_done == 2 * STEPS + 1 && now.calls_done == 3 * now.nfe_done);
    CHECK_OK(ncsn_run_step(run, 0, 0, &now));
    CHECK_OK(ncsn_run_read(run, NCSN_READ_SAMPLE, out, bytes));
    CHECK(memcmp(out, expected, bytes) == 0);
    ncsn_run_free(run);
    free(expected);
    free(out);
}

static void failures(ncsn_model *model)
{
    for (int is_guide = 0; is_guide <= 1; is_guide++) {
        const char *name = is_guide ? "guide callback" : "noise callback";
        const char *const returned[] = {name, "returned 42", "level 2", "step 1"};
        const char *const written[] = {name, "level 2", "step 1", "sample 101, element 2"};
        fails_and_goes_on(model, (hook){.returns = 42}, is_guide, NCSN_ERR_CALLBACK, returned);
        fails_and_goes_on(model, (hook){.returns = -1}, is_guide, NCSN_ERR_CALLBACK,
                          (const char *const[]){name, "returned -1", "level 2", "step 1"});
        fails_and_goes_on(model, (hook){.writes = NAN}, is_guide, NCSN_ERR_NON_FINITE, written);
        fails_and_goes_on(model, (hook){.writes = -INFINITY}, is_guide, NCSN_ERR_NON_FINITE,
                          written);
    }
}

/* A failure while the initial state is made: no run. */
static void initial_failure(ncsn_model *model)
{
    hook z = {.returns = 5, .fails = 1};
    ncsn_sample_params params = params_with(model, &z, NULL);
    ncsn_run *run = NULL;
    params.init_kind = NCSN_INIT_NORMAL;
    CHECK_ERROR(ncsn_run_begin(model, &params, &run), NCSN_ERR_CALLBACK, "noise callback");
    z.returns = 0;
    z.writes = INFINITY;
    z.fails = 1;
    CHECK_ERROR(ncsn_run_begin(model, &params, &run), NCSN_ERR_NON_FINITE, "noise callback");
    CHECK(run == NULL);
    free(sample(model, &params));
}

/* All that can be seen of a run, after a failure, is what was there before. */
static void failures_leave_no_trace(ncsn_model *model)
{
    for (int is_guide = 0; is_guide <= 1; is_guide++) {
        hook how = GOOD;
        ncsn_sample_params params =
            is_guide ? params_with(model, NULL, &how) : params_with(model, &how, NULL);
        ncsn_run *run = NULL;
        size_t before_size = 0, after_size = 0;
        void *before, *after;
        CHECK_OK(ncsn_run_begin(model, &params, &run));
        CHECK_STATUS(ncsn_run_step(run, 2, 0, NULL), NCSN_PENDING);
        before = save(run, &before_size);
        how = (hook){.returns = 1, .fails = 1};
        CHECK_STATUS(ncsn_run_step(run, 1, 0, NULL), NCSN_ERR_CALLBACK);
        after = save(run, &after_size);
        CHECK(after_size == before_size && memcmp(before, after, before_size) == 0);
        ncsn_run_free(run);
        free(before);
        free(after);
    }
}

/* Callbacks that a run was given later count like those it was begun with. */
static void hooks_set_later(ncsn_model *model)
{
    hook how = {.value = 0.5f};
    ncsn_sample_params none = params_with(model, NULL, NULL);
    ncsn_sample_params params = params_with(model, &how, NULL);
    ncsn_run *run = NULL, *copy = NULL;
    size_t size = 0;
    void *saved;
    CHECK_OK(ncsn_run_begin(model, &none, &run));
    CHECK_OK(ncsn_run_set_hooks(run, &params));
    CHECK_STATUS(ncsn_run_step(run, 1, 0, NULL), NCSN_PENDING);
    CHECK(how.calls == 3);
    saved = save(run, &size);
    CHECK_OK(ncsn_run_load(model, saved, size, &copy));
    CHECK_ERROR(ncsn_run_step(copy, 1, 0, NULL), NCSN_ERR_STATE, "noise callback");
    ncsn_run_free(copy);
    ncsn_run_free(run);
    free(saved);
}

/* Callbacks are not saved; a run that had some waits for them. */
static void loaded_runs_wait_for_their_hooks(ncsn_model *model)
{
    for (int is_guide = 0; is_guide <= 1; is_guide++) {
        hook how = {.value = 0.5f};
        ncsn_sample_params params =
            is_guide ? params_with(model, NULL, &how) : params_with(model, &how, NULL);
        ncsn_sample_params none = params_with(model, NULL, NULL);
        size_t bytes = output_size(model, &params), size = 0;
        void *expected = sample(model, &params), *out = allocate(bytes), *saved;
        ncsn_run *run = NULL;
        CHECK_OK(ncsn_run_begin(model, &params, &run));
        CHECK_STATUS(ncsn_run_step(run, 4, 0, NULL), NCSN_PENDING);
        saved = save(run, &size);
        ncsn_run_free(run);
        CHECK_OK(ncsn_run_load(model, saved, size, &run));
        CHECK_ERROR(ncsn_run_step(run, 0, 0, NULL), NCSN_ERR_STATE,
                    is_guide ? "guide callback" : "noise callback");
        CHECK(strstr(last_error(), "ncsn_run_set_hooks") != NULL);
        CHECK_OK(ncsn_run_set_hooks(run, &none));
        CHECK_STATUS(ncsn_run_step(run, 0, 0, NULL), NCSN_ERR_STATE);
        CHECK_OK(ncsn_run_read(run, NCSN_READ_STATE, out, bytes));
        CHECK_OK(ncsn_run_set_hooks(run, &params));
        CHECK_OK(ncsn_run_step(run, 0, 0, NULL));
        CHECK_OK(ncsn_run_read(run, NCSN_READ_SAMPLE, out, bytes));
        CHECK(memcmp(out, expected, bytes) == 0);
        ncsn_run_free(run);
        free(expected);
        free(out);
        free(saved);
    }
}

int main(void)
{
    ncsn_model *model = gauss_model();
    chains_follow_the_recurrence(model);
    initial_noise(model);
    failures(model);
    initial_failure(model);
    loaded_runs_wait_for_their_hooks(model);
    hooks_set_later(model);
    failures_leave_no_trace(model);
    ncsn_destroy(model);
    puts("ok hooks");
    return 0;
}
