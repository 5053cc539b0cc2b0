/* Cancelling at any moment, from any thread, from callbacks and signal handlers: the run stops,
 * what it has reached is readable and can be gone on from, and the model never notices. */

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "check.h"

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % limit;
}

static void pause_us(long microseconds)
{
    const struct timespec pause = {0, microseconds * 1000};
    (void)nanosleep(&pause, NULL);
}

static int32_t slow_score(void *user, const float *x, double sigma, const int64_t *labels,
                          uint32_t sample_count, float *out)
{
    pause_us(1);
    return gauss_score(user, x, sigma, labels, sample_count, out);
}

typedef struct canceller {
    ncsn_run *run;
    long delay_us;
} canceller;

static void *cancel_later(void *user)
{
    canceller *how = user;
    if (how->delay_us > 0) {
        pause_us(how->delay_us);
    }
    ncsn_run_cancel(how->run);
    return NULL;
}

/* Whatever a cancel has left is in order, and ends at `expected` in a run loaded from it. */
static void check_remains(ncsn_model *model, const ncsn_run *run, ncsn_status status,
                          const void *expected, size_t bytes)
{
    ncsn_progress now = {.struct_size = sizeof now};
    void *x = allocate(bytes), *saved;
    size_t size = 0;
    ncsn_run *copy = NULL;
    CHECK(status == NCSN_OK || status == NCSN_CANCELLED);
    CHECK_STATUS(ncsn_run_poll(run, &now), status);
    CHECK((status == NCSN_OK) == (now.phase == NCSN_PHASE_DONE));
    CHECK_OK(ncsn_run_read(run, NCSN_READ_STATE, x, bytes));
    CHECK_STATUS(ncsn_run_read(run, NCSN_READ_DENOISED, x, bytes),
                 now.nfe_done > 0 ? NCSN_OK : NCSN_ERR_STATE);
    CHECK_STATUS(ncsn_run_read(run, NCSN_READ_SAMPLE, x, bytes),
                 status == NCSN_OK ? NCSN_OK : NCSN_ERR_STATE);
    CHECK_OK(ncsn_run_save(run, NULL, 0, &size));
    saved = allocate(size);
    CHECK_OK(ncsn_run_save(run, saved, size, NULL));
    CHECK_OK(ncsn_run_load(model, saved, size, &copy));
    CHECK_OK(ncsn_run_step(copy, 0, 0, NULL));
    CHECK_OK(ncsn_run_read(copy, NCSN_READ_SAMPLE, x, bytes));
    CHECK(memcmp(x, expected, bytes) == 0);
    ncsn_run_free(copy);
    free(saved);
    free(x);
}

static void at_random_moments(ncsn_model *model, uint32_t rounds, uint32_t latest_us)
{
    ncsn_sample_params params = small_params(model);
    size_t bytes = output_size(model, &params);
    void *expected = sample(model, &params), *after;
    for (uint32_t i = 0; i < rounds; i++) {
        canceller how = {.delay_us = (long)random_below(latest_us)};
        ncsn_status status;
        pthread_t thread;
        CHECK_OK(ncsn_run_begin(model, &params, &how.run));
        CHECK(pthread_create(&thread, NULL, cancel_later, &how) == 0);
        /* In pieces, so that a cancel also comes between calls. */
        do {
            status = ncsn_run_step(how.run, i % 3, 0, NULL);
        } while (status == NCSN_PENDING);
        CHECK(pthread_join(thread, NULL) == 0);
        if (status == NCSN_CANCELLED) {
            /* A cancelled run stays cancelled. */
            CHECK_STATUS(ncsn_run_step(how.run, 0, 0, NULL), NCSN_CANCELLED);
        }
        check_remains(model, how.run, status, expected, bytes);
        ncsn_run_free(how.run);
    }
    after = sample(model, &params);
    CHECK(memcmp(expected, after, bytes) == 0);
    free(after);
    free(expected);
}

static int32_t stop_at_once(void *user, const ncsn_progress *now)
{
    (*(int *)user)++;
    CHECK(now->calls_done == 1);
    return 1;
}

static void from_progress(ncsn_model *model)
{
    ncsn_sample_params params = small_params(model);
    size_t bytes = output_size(model, &params);
    void *expected = sample(model, &params), *out = allocate(bytes);
    int calls = 0;
    ncsn_run *run = NULL;
    params.progress = stop_at_once;
    params.progress_user = &calls;
    memset(out, 0x5a, bytes);
    CHECK_STATUS(ncsn_sample(model, &params, out, bytes), NCSN_CANCELLED);
    CHECK(calls == 1 && all_bytes(out, 0x5a, bytes));
    CHECK_OK(ncsn_run_begin(model, &params, &run));
    CHECK_STATUS(ncsn_run_step(run, 0, 0, NULL), NCSN_CANCELLED);
    CHECK(calls == 2);
    check_remains(model, run, NCSN_CANCELLED, expected, bytes);
    ncsn_run_free(run);
    free(expected);
    free(out);
}

static ncsn_run *volatile interrupted;

static void on_signal(int number)
{
    (void)number;
    ncsn_run_cancel(interrupted);
}

static int32_t interrupt(void *user, const ncsn_progress *now)
{
    (void)user;
    return now->calls_done == 10 && raise(SIGTERM) != 0;
}

static void from_a_signal_handler(ncsn_model *model)
{
    ncsn_sample_params params = small_params(model);
    size_t bytes = output_size(model, &params);
    void *expected = sample(model, &params);
    ncsn_progress now = {.struct_size = sizeof now};
    ncsn_run *run = NULL;
    CHECK(signal(SIGTERM, on_signal) != SIG_ERR);
    params.progress = interrupt;
    CHECK_OK(ncsn_run_begin(model, &params, &run));
    interrupted = run;
    CHECK_STATUS(ncsn_run_step(run, 0, 0, &now), NCSN_CANCELLED);
    CHECK(now.calls_done == 10); /* seen before the next evaluation */
    check_remains(model, run, NCSN_CANCELLED, expected, bytes);
    ncsn_run_free(run);
    free(expected);
}

typedef struct inside {
    pthread_barrier_t entered;
    int announced;
} inside;

static int32_t announce(void *user, const ncsn_progress *now)
{
    inside *at = user;
    (void)now;
    if (!at->announced) {
        at->announced = 1;
        (void)pthread_barrier_wait(&at->entered);
    }
    return 0;
}

static void *step_until_freed(void *run)
{
    CHECK_STATUS(ncsn_run_step(run, 0, 0, NULL), NCSN_CANCELLED);
    return NULL;
}

/* ncsn_run_free in the place of a cancel, while another thread is inside the run. */
static void freed_from_another_thread(ncsn_model *model)
{
    ncsn_sample_params params = small_params(model);
    params.steps_per_level = 1u << 24; /* it would run for hours */
    params.progress = announce;
    for (int i = 0; i < 20; i++) {
        inside at = {.announced = 0};
        ncsn_run *run = NULL;
        pthread_t thread;
        CHECK(pthread_barrier_init(&at.entered, NULL, 2) == 0);
        params.progress_user = &at;
        CHECK_OK(ncsn_run_begin(model, &params, &run));
        CHECK(pthread_create(&thread, NULL, step_until_freed, run) == 0);
        (void)pthread_barrier_wait(&at.entered);
        ncsn_run_free(run);
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK(pthread_barrier_destroy(&at.entered) == 0);
    }
}

int main(void)
{
    static size_t elements = 3;
    static const int64_t shape[] = {3};
    ncsn_model *slow = callback_model(slow_score, &elements, shape, 1);
    ncsn_model *onnx = open_model("tests/models/gauss_sigma.onnx");
    at_random_moments(slow, 1000, 4000);
    at_random_moments(onnx, 1000, 2000);
    from_progress(slow);
    from_progress(onnx);
    from_a_signal_handler(onnx);
    freed_from_another_thread(slow);
    ncsn_destroy(slow);
    ncsn_destroy(onnx);
    puts("ok cancel");
    return 0;
}
