/* Runs: however they are cut, saved, loaded and handed about, they end at the bits of ncsn_sample;
 * whatever does not fit their state is an error. */

#include <pthread.h>
#include <time.h>

#include "check.h"

/* Takes longer than the shortest budget, so that a call with that budget is one evaluation. */
static int32_t slow_score(void *user, const float *x, double sigma, const int64_t *labels,
                          uint32_t sample_count, float *out)
{
    struct timespec begin, now;
    /* Not a sleep: Windows rounds one this short to nothing. */
    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    do {
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
    } while (now.tv_sec == begin.tv_sec && now.tv_nsec - begin.tv_nsec < 2000);
    return gauss_score(user, x, sigma, labels, sample_count, out);
}

static ncsn_model *slow_model(void)
{
    static size_t elements = 3;
    static const int64_t shape[] = {3};
    return callback_model(slow_score, &elements, shape, 1);
}

static ncsn_run *begin(ncsn_model *model, const ncsn_sample_params *params)
{
    ncsn_run *run = NULL;
    CHECK_OK(ncsn_run_begin(model, params, &run));
    return run;
}

/* Goes on to the end, compares with the bits expected there, and frees. */
static void finish(ncsn_run *run, const void *expected, size_t bytes)
{
    void *out = allocate(bytes);
    CHECK_OK(ncsn_run_step(run, 0, 0, NULL));
    CHECK_OK(ncsn_run_read(run, NCSN_READ_SAMPLE, out, bytes));
    CHECK(memcmp(out, expected, bytes) == 0);
    free(out);
    ncsn_run_free(run);
}

static void any_steps_and_budgets(ncsn_model *model)
{
    ncsn_sample_params params = small_params(model);
    size_t bytes = output_size(model, &params);
    void *expected = sample(model, &params);
    uint32_t pattern = 1;
    for (uint32_t batch = 1; batch <= 5; batch++) {
        static const uint32_t steps[] = {1, 2, 5, 1000};
        params.batch_size = batch;
        for (size_t i = 0; i < COUNT(steps); i++) {
            ncsn_progress now = {.struct_size = sizeof now};
            ncsn_run *run = begin(model, &params);
            ncsn_status status;
            for (uint64_t calls = 1;; calls++) {
                status = ncsn_run_step(run, steps[i], 0, &now);
                if (status != NCSN_PENDING) {
                    break;
                }
                CHECK(now.nfe_done == calls * steps[i] && now.preview == NULL);
                CHECK(now.calls_done == now.nfe_done * ((5 + batch - 1) / batch));
            }
            CHECK_OK(status);
            CHECK(now.phase == NCSN_PHASE_DONE && now.nfe_done == now.nfe_total);
            finish(run, expected, bytes);
        }
        {
            ncsn_run *run = begin(model, &params);
            while (ncsn_run_step(run, pattern % 4, pattern % 7, NULL) == NCSN_PENDING) {
                pattern = pattern * 1664525u + 1013904223u;
            }
            finish(run, expected, bytes);
        }
    }
    free(expected);
}

/* Saved after every single evaluation, which is mostly in the middle of a step. */
static void saved_anywhere(void)
{
    ncsn_model *model = slow_model();
    ncsn_sample_params params = small_params(model);
    ncsn_progress now = {.struct_size = sizeof now}, loaded = {.struct_size = sizeof loaded};
    size_t bytes = output_size(model, &params), size = 0;
    void *expected = sample(model, &params), *a = allocate(bytes), *b = allocate(bytes);
    ncsn_run *run, *copy = NULL;
    ncsn_status status = NCSN_PENDING;
    params.batch_size = 1;
    run = begin(model, &params);
    for (uint64_t calls = 0; status != NCSN_OK; calls++) {
        void *saved = save(run, &size), *again;
        CHECK_OK(ncsn_run_load(model, saved, size, &copy));
        CHECK(ncsn_run_poll(copy, &loaded) == ncsn_run_poll(run, &now));
        CHECK(loaded.calls_done == calls && loaded.calls_done == now.calls_done);
        CHECK(loaded.nfe_done == now.nfe_done && loaded.nfe_total == now.nfe_total);
        CHECK(loaded.level == now.level && loaded.step == now.step && loaded.phase == now.phase);
        CHECK_OK(ncsn_run_read(run, NCSN_READ_STATE, a, bytes));
        CHECK_OK(ncsn_run_read(copy, NCSN_READ_STATE, b, bytes));
        CHECK(memcmp(a, b, bytes) == 0);
        again = save(copy, &size);
        CHECK(memcmp(again, saved, size) == 0);
        free(again);
        finish(copy, expected, bytes);
        free(saved);
        status = ncsn_run_step(run, 0, 1, NULL);
    }
    finish(run, expected, bytes);
    free(expected);
    free(a);
    free(b);
    ncsn_destroy(model);
}

static void save_and_load(void)
{
    ncsn_model *model = open_model("tests/models/gauss_sigma.onnx");
    ncsn_model *again = open_model("tests/models/gauss_sigma.onnx");
    ncsn_model *other = open_model("tests/models/gauss_scaled.onnx");
    ncsn_sample_params params = small_params(model);
    size_t bytes = output_size(model, &params), size = 0, needed = 0;
    unsigned char *expected = sample(model, &params), *saved, *damaged;
    ncsn_run *run = begin(model, &params), *const none = run, *copy = none;
    CHECK_STATUS(ncsn_run_step(run, 4, 0, NULL), NCSN_PENDING);
    saved = save(run, &size);

    damaged = allocate(size + 1);
    memset(damaged, 0x5a, size);
    CHECK_ERROR(ncsn_run_save(run, damaged, size - 1, &needed), NCSN_ERR_BUFFER, "needed");
    CHECK(needed == size && all_bytes(damaged, 0x5a, size));

    for (size_t at = 0; at < size; at += at < 64 ? 1 : 7) {
        static const unsigned char flips[] = {0x01, 0x80, 0xff};
        for (size_t i = 0; i < COUNT(flips); i++) {
            memcpy(damaged, saved, size);
            damaged[at] ^= flips[i];
            CHECK_STATUS(ncsn_run_load(model, damaged, size, &copy), NCSN_ERR_ARGUMENT);
        }
    }
    for (size_t length = 0; length < size; length += length < 200 ? 1 : 5) {
        /* In a block of its own, so that a read beyond it is seen. */
        void *cut = allocate(length);
        memcpy(cut, saved, length);
        CHECK_STATUS(ncsn_run_load(model, cut, length, &copy), NCSN_ERR_ARGUMENT);
        free(cut);
    }
    memcpy(damaged, saved, size);
    CHECK_STATUS(ncsn_run_load(model, damaged, size + 1, &copy), NCSN_ERR_ARGUMENT);
    CHECK_ERROR(ncsn_run_load(other, saved, size, &copy), NCSN_ERR_ARGUMENT, "another model");
    CHECK(copy == none);

    CHECK_OK(ncsn_run_load(again, saved, size, &copy)); /* the same file, opened once more */
    finish(copy, expected, bytes);
    CHECK_OK(ncsn_run_step(run, 0, 0, NULL));
    free(saved);
    saved = save(run, &size); /* a finished one is a run, too */
    CHECK_OK(ncsn_run_load(model, saved, size, &copy));
    finish(copy, expected, bytes);
    finish(run, expected, bytes);
    free(saved);
    free(damaged);
    free(expected);
    ncsn_destroy(model);
    ncsn_destroy(again);
    ncsn_destroy(other);
}

static void reading(ncsn_model *model)
{
    ncsn_sample_params params = small_params(model);
    size_t bytes = output_size(model, &params);
    unsigned char *out = allocate(bytes);
    ncsn_run *run = begin(model, &params);
    memset(out, 0x5a, bytes);
    CHECK_ERROR(ncsn_run_read(run, NCSN_READ_SAMPLE, out, bytes), NCSN_ERR_STATE, "not finished");
    CHECK_ERROR(ncsn_run_read(run, NCSN_READ_DENOISED, out, bytes), NCSN_ERR_STATE, "denoised");
    CHECK_ERROR(ncsn_run_read(run, NCSN_READ_STATE, out, bytes - 1), NCSN_ERR_BUFFER, "60");
    CHECK(all_bytes(out, 0x5a, bytes));
    CHECK_OK(ncsn_run_read(run, NCSN_READ_STATE, out, bytes));
    {
        size_t told = 0;
        CHECK_OK(ncsn_run_output_size(run, &told));
        CHECK(told == bytes);
        CHECK_ERROR(ncsn_run_output_size(run, NULL), NCSN_ERR_ARGUMENT, "bytes");
        CHECK_ERROR(ncsn_run_output_size(NULL, &told), NCSN_ERR_ARGUMENT, "run");
        CHECK(told == bytes);
    }
    CHECK_STATUS(ncsn_run_step(run, 1, 0, NULL), NCSN_PENDING);
    CHECK_OK(ncsn_run_read(run, NCSN_READ_DENOISED, out, bytes));
    CHECK_ERROR(ncsn_run_read(run, NCSN_READ_SAMPLE, out, bytes), NCSN_ERR_STATE, "not finished");
    CHECK_ERROR(ncsn_run_wait(run, 1), NCSN_ERR_STATE, "ncsn_run_start");
    CHECK_ERROR(ncsn_run_read(run, NCSN_READ_STATE, out, SIZE_MAX), NCSN_ERR_ARGUMENT, "out");
    CHECK_OK(ncsn_run_step(run, UINT32_MAX, UINT64_MAX, NULL));
    CHECK_OK(ncsn_run_step(run, 0, 0, NULL)); /* "also if they were before" */
    ncsn_run_free(run);
    free(out);
}

/* A run keeps its model alive, and its own copy of its parameters. */
static void outlives_its_model(void)
{
    ncsn_model *model = gauss_model();
    ncsn_sample_params params = small_params(model);
    size_t bytes = output_size(model, &params);
    double sigmas[] = {0.5, 0.25};
    void *expected;
    ncsn_run *run;
    params.sigmas = sigmas;
    params.sigma_count = COUNT(sigmas);
    expected = sample(model, &params);
    run = begin(model, &params);
    ncsn_destroy(model);
    sigmas[0] = sigmas[1] = -1.0;
    memset(&params, 0x5a, sizeof params);
    finish(run, expected, bytes);
    free(expected);
}

/* A run that somebody is inside of, held there by its progress callback. */
typedef struct held {
    ncsn_run *run;
    pthread_barrier_t inside, leave;
    int calls;
    int free_it;
} held;

static void in_use(ncsn_run *run)
{
    char x[60];
    size_t size;
    ncsn_sample_params params = {.struct_size = sizeof params};
    ncsn_progress now = {.struct_size = sizeof now};
    CHECK_ERROR(ncsn_run_step(run, 1, 0, NULL), NCSN_ERR_STATE, "in use");
    CHECK_ERROR(ncsn_run_start(run), NCSN_ERR_STATE, "in use");
    CHECK_OK(ncsn_run_read(run, NCSN_READ_STATE, x, sizeof x));
    CHECK_OK(ncsn_run_save(run, NULL, 0, &size));
    CHECK_ERROR(ncsn_run_set_hooks(run, &params), NCSN_ERR_STATE, "in use");
    CHECK_STATUS(ncsn_run_poll(run, &now), NCSN_PENDING);
    CHECK(now.calls_done == 1 && now.phase == NCSN_PHASE_SAMPLING);
}

static int32_t hold(void *user, const ncsn_progress *now)
{
    held *at = user;
    if (now->calls_done == 1) {
        in_use(at->run); /* its own callback is no exception */
        if (at->free_it) {
            ncsn_run_free(at->run);
        } else {
            (void)pthread_barrier_wait(&at->inside);
            (void)pthread_barrier_wait(&at->leave);
        }
    }
    at->calls++;
    return 0;
}

static void *step_to_the_end(void *user)
{
    held *at = user;
    CHECK_OK(ncsn_run_step(at->run, 0, 0, NULL));
    return NULL;
}

static void used_by_two(ncsn_model *model)
{
    ncsn_sample_params params = small_params(model);
    size_t bytes = output_size(model, &params);
    void *expected = sample(model, &params);
    held at = {.calls = 0};
    pthread_t thread;
    char text[1000];
    CHECK(pthread_barrier_init(&at.inside, NULL, 2) == 0);
    CHECK(pthread_barrier_init(&at.leave, NULL, 2) == 0);
    params.progress = hold;
    params.progress_user = &at;
    at.run = begin(model, &params);
    CHECK(pthread_create(&thread, NULL, step_to_the_end, &at) == 0);
    (void)pthread_barrier_wait(&at.inside);
    in_use(at.run);
    CHECK(ncsn_run_error(at.run, text, sizeof text) > 1 && strstr(text, "in use") != NULL);
    (void)pthread_barrier_wait(&at.leave);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(at.calls == 13 * 3);
    finish(at.run, expected, bytes);

    /* Freed in its own callback: cancelled, and gone when the call returns. */
    at.calls = 0;
    at.free_it = 1;
    at.run = begin(model, &params);
    CHECK_STATUS(ncsn_run_step(at.run, 0, 0, NULL), NCSN_CANCELLED);
    CHECK(at.calls == 1);
    CHECK(pthread_barrier_destroy(&at.inside) == 0 && pthread_barrier_destroy(&at.leave) == 0);
    free(expected);
}

int main(void)
{
    ncsn_model *model = gauss_model();
    any_steps_and_budgets(model);
    saved_anywhere();
    save_and_load();
    reading(model);
    outlives_its_model();
    used_by_two(model);
    ncsn_destroy(model);
    puts("ok runs");
    return 0;
}
