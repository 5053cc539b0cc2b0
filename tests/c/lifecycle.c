/* Handles over the life of a process, to its end. The argument says which case: how a process ends
 * can be tried only once. */

#include <pthread.h>
#include <time.h>

#include "check.h"

#ifdef _WIN32
#include <windows.h>
#include <psapi.h>
#else
#include <sys/wait.h>
#include <unistd.h>
#endif

#define MODEL "tests/models/gauss_sigma.onnx"

static long resident_bytes(void)
{
#ifdef _WIN32
    PROCESS_MEMORY_COUNTERS counters;
    CHECK(GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof counters));
    return (long)counters.WorkingSetSize;
#else
    long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%ld %ld", &total, &resident) == 2);
    CHECK(fclose(file) == 0);
    return resident * sysconf(_SC_PAGESIZE);
#endif
}

/* Nothing of a model or a run stays behind. The allocator's own ups and downs are a few megabytes;
 * a leak of one session or of one run's chains (a megabyte here) a round would be many times the
 * margin. */
static void growth(void)
{
    const long margin = 8 << 20;
    long early = 0;
    for (int i = 1; i <= 100; i++) {
        ncsn_model *model = open_model(MODEL);
        ncsn_sample_params params = small_params(model);
        ncsn_run *run = NULL;
        params.sample_count = 100000;
        params.batch_size = 100000;
        params.steps_per_level = 1;
        CHECK_OK(ncsn_run_begin(model, &params, &run));
        ncsn_destroy(model);
        CHECK_STATUS(ncsn_run_step(run, 2, 0, NULL), NCSN_PENDING);
        ncsn_run_free(run);
        if (i == 10) {
            early = resident_bytes();
        }
    }
    CHECK(resident_bytes() - early < margin);
}

/* Two at once, with the same file and with others, in any order of destruction. */
static void two_models(void)
{
    ncsn_model *a = open_model(MODEL), *b = open_model("models/mixture.onnx");
    ncsn_model *c = open_model(MODEL);
    ncsn_sample_params of_a = small_params(a), of_b = small_params(b);
    void *xa = sample(a, &of_a), *xb = sample(b, &of_b), *xc;
    size_t bytes = output_size(a, &of_a);
    ncsn_destroy(a);
    xc = sample(c, &of_a);
    CHECK(memcmp(xa, xc, bytes) == 0);
    free(xc);
    xc = sample(b, &of_b);
    CHECK(memcmp(xb, xc, output_size(b, &of_b)) == 0);
    ncsn_destroy(b);
    ncsn_destroy(c);
    free(xa);
    free(xb);
    free(xc);
}

static void ignore_log(void *user, int32_t level, const char *message)
{
    (void)user;
    CHECK(level >= NCSN_LOG_ERROR && message[0] != '\0');
}

static pthread_barrier_t sampling;

static int32_t announce(void *user, const ncsn_progress *now)
{
    (void)user;
    if (now->calls_done == 1) {
        (void)pthread_barrier_wait(&sampling);
    }
    return 0;
}

static void *sample_for_ever(void *user)
{
    ncsn_model *model = user;
    ncsn_sample_params params = small_params(model);
    float x[15];
    params.steps_per_level = 1u << 24;
    params.progress = announce;
    (void)ncsn_sample(model, &params, x, sizeof x);
    return NULL;
}

/* The process ends in the midst of it all: model, run and log alive, two threads sampling. */
static void exit_without_free(void)
{
    ncsn_model *onnx = open_model(MODEL), *callback = gauss_model();
    ncsn_sample_params params = small_params(onnx);
    ncsn_run *run = NULL;
    pthread_t thread;
    CHECK_OK(ncsn_set_log(ignore_log, NULL, NCSN_LOG_DEBUG));
    CHECK_OK(ncsn_run_begin(onnx, &params, &run));
    CHECK_STATUS(ncsn_run_step(run, 1, 0, NULL), NCSN_PENDING);
    CHECK(pthread_barrier_init(&sampling, NULL, 3) == 0);
    CHECK(pthread_create(&thread, NULL, sample_for_ever, onnx) == 0);
    CHECK(pthread_create(&thread, NULL, sample_for_ever, callback) == 0);
    (void)pthread_barrier_wait(&sampling);
}

/* What a global object of a C++ host does: its destructor was registered before ONNX Runtime was
 * loaded, so it runs after that library's own. */
static ncsn_model *global_model;
static ncsn_run *global_run;

static void destroy_globals(void)
{
    ncsn_sample_params params = small_params(global_model);
    CHECK_ERROR(ncsn_sample(global_model, &params, NULL, 0), NCSN_ERR_ARGUMENT, "out");
    ncsn_run_free(global_run);
    ncsn_destroy(global_model);
}

static void destroy_at_exit(void)
{
    ncsn_sample_params params;
    CHECK(atexit(destroy_globals) == 0);
    global_model = open_model(MODEL);
    params = small_params(global_model);
    CHECK_OK(ncsn_run_begin(global_model, &params, &global_run));
    CHECK_STATUS(ncsn_run_step(global_run, 1, 0, NULL), NCSN_PENDING);
}

/* The same at the end of a thread: its error text may be gone, the calls are not. */
static void destroy_in_thread(void *model)
{
    CHECK_STATUS(ncsn_get_info(model, NULL), NCSN_ERR_ARGUMENT);
    CHECK(ncsn_last_error(NULL, 0) >= 1);
    ncsn_destroy(model);
}

static pthread_key_t key;

static void *leave_model_to_key(void *user)
{
    ncsn_model *model = open_model(MODEL);
    ncsn_sample_params params = small_params(model);
    (void)user;
    free(sample(model, &params));
    CHECK_ERROR(ncsn_get_info(model, NULL), NCSN_ERR_ARGUMENT, "info");
    CHECK(pthread_setspecific(key, model) == 0);
    return NULL;
}

static void destroy_at_thread_exit(void)
{
    pthread_t thread;
    CHECK(pthread_key_create(&key, destroy_in_thread) == 0);
    CHECK(pthread_create(&thread, NULL, leave_model_to_key, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

/* Callbacks are called with no lock held: they may use the model that they are called for. */
typedef struct nested {
    ncsn_model *model;
    const void *expected;
    uint64_t calls;
} nested;

static void use_model(nested *at)
{
    ncsn_sample_params params = small_params(at->model);
    void *x = sample(at->model, &params);
    CHECK(memcmp(x, at->expected, output_size(at->model, &params)) == 0);
    free(x);
    at->calls++;
}

static int32_t nested_progress(void *user, const ncsn_progress *now)
{
    (void)now;
    use_model(user);
    return 0;
}

static int32_t nested_noise(void *user, const ncsn_noise_request *request, float *out)
{
    memset(out, 0, request->sample_count * request->elements_per_sample * sizeof *out);
    use_model(user);
    return 0;
}

static int32_t nested_guide(void *user, const ncsn_guide_request *request, float *score)
{
    (void)request;
    (void)score;
    use_model(user);
    return 0;
}

static void nested_calls(void)
{
    ncsn_model *model = open_model(MODEL);
    ncsn_sample_params params = small_params(model);
    nested at = {model, sample(model, &params), 0};
    params.steps_per_level = 1;
    params.denoise = 0;
    params.progress = nested_progress;
    params.noise = nested_noise;
    params.guide = nested_guide;
    params.progress_user = params.noise_user = params.guide_user = &at;
    free(sample(model, &params));
    CHECK(at.calls == 3 * 3 * (uint64_t)params.level_count);
    free((void *)(uintptr_t)at.expected);
    ncsn_destroy(model);
}

/* The process ends while runs go on in the background, one of them in a callback that never returns. */
static int32_t never_return(void *user, const ncsn_progress *now)
{
    (void)now;
    *(_Atomic int *)user = 1;
    for (;;) {
        (void)nanosleep(&(struct timespec){3600, 0}, NULL);
    }
    return 0;
}

static void exit_while_going(void)
{
    ncsn_model *model = open_model(MODEL);
    ncsn_sample_params params = small_params(model);
    params.sampler = NCSN_SAMPLER_ANNEALED_LANGEVIN;
    params.steps_per_level = 1u << 20;
    params.sample_count = 64;
    for (uint64_t i = 0; i < 4; i++) {
        ncsn_run *run = NULL;
        params.seed = i;
        CHECK_OK(ncsn_run_begin(model, &params, &run));
        CHECK_OK(ncsn_run_start(run));
    }
}

static void exit_from_a_stuck_callback(void)
{
    static _Atomic int stuck;
    ncsn_model *model = open_model(MODEL);
    ncsn_sample_params params = small_params(model);
    ncsn_run *run = NULL;
    params.progress = never_return;
    params.progress_user = (void *)&stuck;
    CHECK_OK(ncsn_run_begin(model, &params, &run));
    CHECK_OK(ncsn_run_start(run));
    while (!stuck) {
    }
}

#ifndef _WIN32
/* A child has the model of its parent, but not the threads that help with it. */
static void forked(void)
{
    ncsn_model_options options;
    ncsn_model *model = NULL;
    ncsn_sample_params params;
    void *before, *after;
    size_t bytes;
    int status = 0;
    pid_t child;
    CHECK_OK(ncsn_model_options_init(&options, sizeof options));
    options.intra_threads = 3;
    CHECK_OK(ncsn_create("models/digits.onnx", &options, &model));
    CHECK_OK(ncsn_sample_params_init(model, &params, sizeof params));
    params.sample_count = 24;
    params.nfe_budget = 3;
    params.sampler = NCSN_SAMPLER_AUTO;
    bytes = output_size(model, &params);
    before = sample(model, &params);
    child = fork();
    CHECK(child >= 0);
    after = sample(model, &params);
    CHECK(memcmp(before, after, bytes) == 0);
    if (child == 0) {
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    free(before);
    free(after);
    ncsn_destroy(model);
}
#endif

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {
        {"growth", growth},
        {"two_models", two_models},
        {"nested_calls", nested_calls},
        {"exit_without_free", exit_without_free},
        {"exit_while_going", exit_while_going},
        {"exit_from_a_stuck_callback", exit_from_a_stuck_callback},
        {"destroy_at_exit", destroy_at_exit},
        {"destroy_at_thread_exit", destroy_at_thread_exit},
#ifndef _WIN32
        {"forked", forked},
#endif
    };
    for (size_t i = 0; argc == 2 && i < COUNT(cases); i++) {
        if (strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
            puts("ok lifecycle");
            exit(0);
        }
    }
    CHECK(!"the argument is the name of a case");
    return 1;
}
