/* One model for eight threads, eight threads with runs of their own: the bits of one thread. */

#include <pthread.h>

#include "check.h"

#define MODEL "tests/models/gauss_sigma.onnx"
enum { THREADS = 8 };

typedef struct job {
    ncsn_model *model;
    const void *expected;
    uint32_t number;
} job;

static void *sample_often(void *user)
{
    job *my = user;
    ncsn_sample_params params = small_params(my->model);
    size_t bytes = output_size(my->model, &params);
    for (uint32_t i = 0; i < 20; i++) {
        void *x;
        params.batch_size = 1 + (my->number + i) % 5;
        x = sample(my->model, &params);
        CHECK(memcmp(x, my->expected, bytes) == 0);
        free(x);
        /* The error text is this thread's own. */
        CHECK_ERROR(ncsn_sample(my->model, NULL, NULL, 0), NCSN_ERR_ARGUMENT, "params");
    }
    return NULL;
}

static void *step_runs(void *user)
{
    job *my = user;
    ncsn_sample_params params = small_params(my->model);
    size_t bytes = output_size(my->model, &params);
    for (uint32_t i = 0; i < 20; i++) {
        void *x = allocate(bytes);
        ncsn_run *run = NULL;
        params.batch_size = 1 + (my->number + i) % 5;
        CHECK_OK(ncsn_run_begin(my->model, &params, &run));
        while (ncsn_run_step(run, 1 + my->number, 0, NULL) == NCSN_PENDING) {
        }
        CHECK_OK(ncsn_run_read(run, NCSN_READ_SAMPLE, x, bytes));
        CHECK(memcmp(x, my->expected, bytes) == 0);
        ncsn_run_free(run);
        free(x);
    }
    return NULL;
}

static void *load_and_sample(void *user)
{
    job my = *(job *)user;
    for (uint32_t i = 0; i < 3; i++) {
        ncsn_sample_params params;
        void *x;
        my.model = open_model(MODEL);
        params = small_params(my.model);
        x = sample(my.model, &params);
        CHECK(my.expected == NULL
              || memcmp(x, my.expected, output_size(my.model, &params)) == 0);
        free(x);
        ncsn_destroy(my.model);
    }
    return NULL;
}

static void together(void *(*body)(void *), ncsn_model *model, const void *expected)
{
    pthread_t threads[THREADS];
    job jobs[THREADS];
    for (uint32_t i = 0; i < THREADS; i++) {
        jobs[i] = (job){model, expected, i};
        CHECK(pthread_create(&threads[i], NULL, body, &jobs[i]) == 0);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
}

int main(void)
{
    static const char *const paths[] = {MODEL, "tests/models/gauss_image.onnx"};
    ncsn_model *callback;
    ncsn_sample_params params;
    void *expected;
    together(load_and_sample, NULL, NULL); /* the first to load ONNX Runtime are eight at once */
    callback = gauss_model();
    params = small_params(callback);
    expected = sample(callback, &params);
    together(step_runs, callback, expected);
    free(expected);
    ncsn_destroy(callback);
    for (size_t i = 0; i < COUNT(paths); i++) {
        ncsn_model *model = open_model(paths[i]);
        params = small_params(model);
        expected = sample(model, &params);
        together(sample_often, model, expected);
        together(step_runs, model, expected);
        if (i == 0) {
            together(load_and_sample, NULL, expected);
        }
        free(expected);
        ncsn_destroy(model);
    }
    puts("ok threads");
    return 0;
}
