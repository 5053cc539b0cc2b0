/* Runs in the background: the bits of ncsn_sample, looked at, saved and cancelled at any moment, and
 * freed in any order by anybody. */

#include <pthread.h>
#include <time.h>

#include "check.h"

static void pause_us(long microseconds)
{
    const struct timespec pause = {0, microseconds * 1000};
    (void)nanosleep(&pause, NULL);
}

/* A network that others hold up. */
typedef struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int inside;  /* evaluations that have begun */
    int allowed; /* evaluations that may end */
    int fail;    /* what evaluations return */
} gate;

static void gate_open(gate *at, int allowed)
{
    CHECK(pthread_mutex_lock(&at->lock) == 0);
    at->allowed = allowed;
    CHECK(pthread_cond_broadcast(&at->changed) == 0);
    CHECK(pthread_mutex_unlock(&at->lock) == 0);
}

static void gate_await(gate *at, int inside)
{
    CHECK(pthread_mutex_lock(&at->lock) == 0);
    while (at->inside < inside) {
        CHECK(pthread_cond_wait(&at->changed, &at->lock) == 0);
    }
    CHECK(pthread_mutex_unlock(&at->lock) == 0);
}

static int32_t gated_score(void *user, const float *x, double sigma, const int64_t *labels,
                           uint32_t sample_count, float *out)
{
    static size_t elements = 3;
    gate *at = user;
    int fail;
    CHECK(pthread_mutex_lock(&at->lock) == 0);
    at->inside++;
    CHECK(pthread_cond_broadcast(&at->changed) == 0);
    while (at->allowed < at->inside) {
        CHECK(pthread_cond_wait(&at->changed, &at->lock) == 0);
    }
    fail = at->fail;
    CHECK(pthread_mutex_unlock(&at->lock) == 0);
    return fail != 0 ? fail : gauss_score(&elements, x, sigma, labels, sample_count, out);
}

enum { ALL = 1 << 30 };
#define GATE {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0}

static ncsn_model *gated_model(gate *at)
{
    static const int64_t shape[] = {3};
    return callback_model(gated_score, at, shape, 1);
}

static ncsn_run *begin(ncsn_model *model, const ncsn_sample_params *params)
{
    ncsn_run *run = NULL;
    CHECK_OK(ncsn_run_begin(model, params, &run));
    return run;
}

static ncsn_status poll(const ncsn_run *run, ncsn_progress *now)
{
    memset(now, 0, sizeof *now);
    now->struct_size = sizeof *now;
    return ncsn_run_poll(run, now);
}

static void check_samples(const ncsn_run *run, const void *expected, size_t bytes)
{
    void *x = allocate(bytes);
    CHECK_OK(ncsn_run_read(run, NCSN_READ_SAMPLE, x, bytes));
    CHECK(memcmp(x, expected, bytes) == 0);
    free(x);
}

/* By polling alone, and by waiting. */
static void to_its_end(ncsn_model *model)
{
    ncsn_sample_params params = small_params(model);
    size_t bytes = output_size(model, &params);
    void *expected = sample(model, &params);
    for (int waits = 0; waits < 2; waits++) {
        ncsn_run *run = begin(model, &params);
        ncsn_progress now;
        uint64_t done = 0;
        CHECK_STATUS(poll(run, &now), NCSN_PENDING);
        CHECK(now.calls_done == 0 && now.call_seconds == 0.0);
        CHECK_OK(ncsn_run_start(run));
        if (waits) {
            CHECK_OK(ncsn_run_wait(run, 0));
        }
        while (poll(run, &now) == NCSN_PENDING) {
            CHECK(now.calls_done >= done);
            done = now.calls_done;
            pause_us(50);
        }
        CHECK_OK(poll(run, &now));
        CHECK(now.phase == NCSN_PHASE_DONE && now.nfe_done == now.nfe_total);
        CHECK(now.call_seconds > 0.0 && now.preview == NULL);
        check_samples(run, expected, bytes);
        /* Done is done, however it is asked. */
        CHECK_OK(ncsn_run_wait(run, 1));
        CHECK_OK(ncsn_run_start(run));
        CHECK_OK(ncsn_run_step(run, 0, 0, NULL));
        CHECK_OK(ncsn_run_wait(run, 0));
        ncsn_run_free(run);
    }
    free(expected);
}

/* During an evaluation everything can be looked at, and nothing else be done. */
static void looked_at(void)
{
    gate at = GATE;
    ncsn_model *model = gated_model(&at);
    ncsn_sample_params params = small_params(model);
    size_t bytes = output_size(model, &params), size, smaller;
    ncsn_progress now;
    ncsn_run *run = begin(model, &params), *copy = NULL;
    void *x = allocate(bytes), *y = allocate(bytes), *saved;
    CHECK_OK(ncsn_run_save(run, NULL, 0, &size));
    CHECK_OK(ncsn_run_start(run));
    gate_await(&at, 1);
    CHECK_STATUS(poll(run, &now), NCSN_PENDING);
    CHECK_STATUS(ncsn_run_wait(run, 1000), NCSN_PENDING);
    CHECK_ERROR(ncsn_run_start(run), NCSN_ERR_STATE, "in use");
    CHECK_ERROR(ncsn_run_step(run, 1, 0, NULL), NCSN_ERR_STATE, "in the background");
    CHECK_ERROR(ncsn_run_set_hooks(run, &params), NCSN_ERR_STATE, "in use");
    CHECK_OK(ncsn_run_read(run, NCSN_READ_STATE, x, bytes));
    CHECK_ERROR(ncsn_run_read(run, NCSN_READ_DENOISED, x, bytes), NCSN_ERR_STATE, "first step");
    /* Four evaluations are the first step of all chains (two at a time of five: three) and one more. */
    gate_open(&at, 4);
    gate_await(&at, 5);
    CHECK_OK(ncsn_run_read(run, NCSN_READ_STATE, y, bytes));
    CHECK(memcmp(x, y, bytes) != 0);
    CHECK_OK(ncsn_run_read(run, NCSN_READ_DENOISED, y, bytes));
    CHECK_ERROR(ncsn_run_read(run, NCSN_READ_SAMPLE, y, bytes), NCSN_ERR_STATE, "not finished");
    CHECK_STATUS(poll(run, &now), NCSN_PENDING);
    CHECK(now.calls_done == 4 && now.nfe_done == 1);
    saved = save(run, &smaller);
    CHECK(smaller == size);
    gate_open(&at, ALL);
    CHECK_OK(ncsn_run_wait(run, 0));
    /* What was saved in the middle of it goes on to the same samples. */
    CHECK_OK(ncsn_run_load(model, saved, size, &copy));
    CHECK_OK(ncsn_run_start(copy));
    CHECK_OK(ncsn_run_wait(copy, 60000000));
    CHECK_OK(ncsn_run_read(run, NCSN_READ_SAMPLE, x, bytes));
    check_samples(copy, x, bytes);
    ncsn_run_free(copy);
    ncsn_run_free(run);
    ncsn_destroy(model);
    free(saved);
    free(y);
    free(x);
}

/* Cancelled in an evaluation: pending until that has ended, then at rest and readable. */
static void cancelled(void)
{
    gate at = GATE;
    ncsn_model *model = gated_model(&at);
    ncsn_sample_params params = small_params(model);
    size_t bytes = output_size(model, &params);
    void *x = allocate(bytes);
    ncsn_progress now;
    ncsn_run *run = begin(model, &params);
    CHECK_OK(ncsn_run_start(run));
    gate_await(&at, 1);
    ncsn_run_cancel(run);
    CHECK_STATUS(poll(run, &now), NCSN_PENDING);
    CHECK_STATUS(ncsn_run_wait(run, 1000), NCSN_PENDING);
    gate_open(&at, ALL);
    CHECK_STATUS(ncsn_run_wait(run, 0), NCSN_CANCELLED);
    CHECK_STATUS(poll(run, &now), NCSN_CANCELLED);
    CHECK(now.calls_done == 1);
    CHECK_OK(ncsn_run_read(run, NCSN_READ_STATE, x, bytes));
    CHECK_STATUS(ncsn_run_start(run), NCSN_CANCELLED);
    CHECK_STATUS(ncsn_run_step(run, 0, 0, NULL), NCSN_CANCELLED);
    ncsn_run_free(run);
    /* Cancelled before it is started. */
    run = begin(model, &params);
    ncsn_run_cancel(run);
    CHECK_STATUS(ncsn_run_start(run), NCSN_CANCELLED);
    CHECK_STATUS(ncsn_run_wait(run, 0), NCSN_CANCELLED);
    ncsn_run_free(run);
    ncsn_destroy(model);
    free(x);
}

/* An error of the thread is told by whoever asks, and the run can go on afterwards. */
static void fails_and_goes_on(void)
{
    gate at = GATE;
    ncsn_model *model = gated_model(&at);
    ncsn_sample_params params = small_params(model);
    size_t bytes = output_size(model, &params);
    char text[500];
    void *expected;
    ncsn_progress now;
    ncsn_run *run;
    gate_open(&at, ALL);
    expected = sample(model, &params);
    run = begin(model, &params);
    at.fail = 7;
    for (int again = 0; again < 2; again++) {
        CHECK_OK(ncsn_run_start(run));
        CHECK_ERROR(ncsn_run_wait(run, 0), NCSN_ERR_CALLBACK, "returned 7");
        CHECK_ERROR(poll(run, &now), NCSN_ERR_CALLBACK, "returned 7");
        CHECK(now.struct_size == sizeof now && now.calls_total > 0 && now.calls_done == 0);
        CHECK(ncsn_run_error(run, text, sizeof text) > 1 && strstr(text, "returned 7") != NULL);
    }
    at.fail = 0;
    CHECK_STATUS(ncsn_run_step(run, 1, 0, NULL), NCSN_PENDING);
    CHECK_STATUS(poll(run, &now), NCSN_PENDING); /* the error is the past */
    CHECK_OK(ncsn_run_start(run));
    CHECK_OK(ncsn_run_wait(run, 0));
    check_samples(run, expected, bytes);
    ncsn_run_free(run);
    ncsn_destroy(model);
    free(expected);
}

/* What callbacks may do, on the thread of the library's. */
typedef struct caller {
    pthread_t host;
    ncsn_run *_Atomic run;
    ncsn_model *model;
    int calls, cancel_at, free_at;
} caller;

static int32_t report(void *user, const ncsn_progress *now)
{
    caller *my = user;
    ncsn_progress polled;
    char x[60];
    CHECK(!pthread_equal(pthread_self(), my->host));
    CHECK(now->calls_done == (uint64_t)++my->calls && now->call_seconds > 0.0);
    while (my->run == NULL) {
        pause_us(10);
    }
    CHECK_ERROR(ncsn_run_wait(my->run, 0), NCSN_ERR_STATE, "callback");
    CHECK_ERROR(ncsn_run_start(my->run), NCSN_ERR_STATE, "in use");
    CHECK_STATUS(poll(my->run, &polled), now->phase == NCSN_PHASE_DONE ? NCSN_OK : NCSN_PENDING);
    CHECK(polled.calls_done == now->calls_done);
    CHECK_OK(ncsn_run_read(my->run, NCSN_READ_STATE, x, sizeof x));
    if (my->calls == my->free_at) {
        ncsn_run *run = my->run;
        ncsn_destroy(my->model);
        ncsn_run_free(run);
        my->run = NULL; /* tells the host; nothing of this is touched afterwards */
    }
    return my->calls == my->cancel_at;
}

static void callbacks(void)
{
    gate at = GATE;
    gate_open(&at, ALL);
    for (int i = 0; i < 3; i++) {
        ncsn_model *model = gated_model(&at);
        ncsn_sample_params params = small_params(model);
        caller my = {pthread_self(), NULL, model, 0, i == 1 ? 3 : 0, i == 2 ? 3 : 0};
        ncsn_run *run;
        params.progress = report;
        params.progress_user = &my;
        run = begin(model, &params);
        CHECK_OK(ncsn_run_start(run));
        my.run = run;
        if (i == 2) {
            while (my.run != NULL) {
                pause_us(10);
            }
            pause_us(20000); /* the thread ends alone; its hooks are not called again */
            CHECK(my.calls == 3);
            continue;
        }
        CHECK_STATUS(ncsn_run_wait(run, 0), i == 1 ? NCSN_CANCELLED : NCSN_OK);
        CHECK(i != 1 || my.calls == 3);
        ncsn_run_free(run);
        ncsn_destroy(model);
    }
}

/* Free waits for the evaluation in flight, and nothing is called afterwards. */
static void *open_later(void *user)
{
    pause_us(20000);
    gate_open(user, ALL);
    return NULL;
}

static void free_waits(void)
{
    gate at = GATE;
    ncsn_model *model = gated_model(&at);
    ncsn_sample_params params = small_params(model);
    ncsn_run *run = begin(model, &params);
    pthread_t opener;
    CHECK_OK(ncsn_run_start(run));
    ncsn_destroy(model); /* the run keeps it */
    gate_await(&at, 1);
    CHECK(pthread_create(&opener, NULL, open_later, &at) == 0);
    ncsn_run_free(run);
    CHECK(at.allowed == ALL && at.inside == 1);
    CHECK(pthread_join(opener, NULL) == 0);
    /* Its user pointer may go, too. */
    memset(&at, 0x5a, sizeof at);
}

/* Cancel, wait and free, from several threads, at any moment. */
static void *wait_for_it(void *user)
{
    ncsn_status status = ncsn_run_wait(user, 0);
    CHECK(status == NCSN_OK || status == NCSN_CANCELLED);
    return NULL;
}

static void *cancel_it(void *user)
{
    ncsn_run_cancel(user);
    return NULL;
}

static void in_any_order(ncsn_model *model)
{
    for (long i = 0; i < 200; i++) {
        ncsn_sample_params params = small_params(model);
        ncsn_run *run = begin(model, &params);
        pthread_t threads[3];
        CHECK_OK(ncsn_run_start(run));
        for (size_t k = 0; k < 3; k++) {
            CHECK(pthread_create(&threads[k], NULL, k < 2 ? wait_for_it : cancel_it, run) == 0);
        }
        pause_us(i % 7 * 30);
        for (size_t k = 0; k < 3; k++) {
            CHECK(pthread_join(threads[k], NULL) == 0);
        }
        ncsn_run_free(run);
        /* Freed at once, with nobody looking. */
        run = begin(model, &params);
        CHECK_OK(ncsn_run_start(run));
        pause_us(i % 5 * 30);
        ncsn_run_free(run);
    }
}

/* Many at once, of one model, each with the bits it has alone. */
static void many(ncsn_model *model)
{
    enum { RUNS = 8 };
    ncsn_run *runs[RUNS];
    void *expected[RUNS];
    ncsn_sample_params params = small_params(model);
    size_t bytes = output_size(model, &params);
    for (uint32_t i = 0; i < RUNS; i++) {
        params.seed = i;
        params.sampler = i % 2 ? NCSN_SAMPLER_ANCESTRAL : NCSN_SAMPLER_ANNEALED_LANGEVIN;
        params.steps_per_level = i % 2 ? 0 : 3;
        expected[i] = sample(model, &params);
        runs[i] = begin(model, &params);
        CHECK_OK(ncsn_run_start(runs[i]));
    }
    for (uint32_t i = 0; i < RUNS; i++) {
        CHECK_OK(ncsn_run_wait(runs[i], 0));
        check_samples(runs[i], expected[i], bytes);
        ncsn_run_free(runs[i]);
        free(expected[i]);
    }
}

int main(void)
{
    ncsn_model *model = open_model(MODELS "gauss_sigma.onnx");
    to_its_end(model);
    looked_at();
    cancelled();
    fails_and_goes_on();
    callbacks();
    free_waits();
    in_any_order(model);
    many(model);
    ncsn_destroy(model);
    puts("ok background");
    return 0;
}
