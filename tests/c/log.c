/* The log: set before anything is loaded, filtered, replaced, revoked, called from many threads,
 * and still set when the process ends. */

#include <pthread.h>
#include <stdatomic.h>

#include "check.h"

typedef struct log_seen {
    uint64_t lines;
    int32_t highest;
    int runtime_named;
} log_seen;

static void take_log(void *user, int32_t level, const char *message)
{
    log_seen *seen = user;
    CHECK(level >= NCSN_LOG_ERROR && level <= NCSN_LOG_DEBUG);
    CHECK(message[0] != '\0' && strchr(message, '\n') == NULL);
    seen->lines++;
    seen->highest = level > seen->highest ? level : seen->highest;
    seen->runtime_named |= strstr(message, "onnxruntime") != NULL;
    CHECK_ERROR(ncsn_set_log(NULL, NULL, 0), NCSN_ERR_STATE, "log callback");
    CHECK(ncsn_version()[0] != '\0');
}

/* A step size of kappa = 1.5 is no error, but worth a line whenever it is checked. */
static void warn(const ncsn_model *model)
{
    ncsn_sample_params params = small_params(model);
    size_t bytes;
    params.step_convention = NCSN_STEP_FULL;
    params.step_size = 1.5 * params.sigma_min * params.sigma_min;
    CHECK_OK(ncsn_output_size(model, &params, &bytes));
}

static void one_thread(void)
{
    log_seen all = {.lines = 0}, warnings = {.lines = 0};
    ncsn_model *model;
    uint64_t lines;
    CHECK_OK(ncsn_set_log(take_log, &all, NCSN_LOG_INFO));
    model = open_model("tests/models/gauss_sigma.onnx");
    CHECK(all.lines > 0 && all.highest == NCSN_LOG_INFO && all.runtime_named);
    lines = all.lines;
    CHECK_OK(ncsn_set_log(take_log, &warnings, NCSN_LOG_WARN));
    warn(model);
    CHECK(warnings.lines > 0 && warnings.highest == NCSN_LOG_WARN);
    CHECK(all.lines == lines);
    lines = warnings.lines;
    CHECK_OK(ncsn_set_log(NULL, NULL, 0));
    warn(model);
    CHECK(warnings.lines == lines);
    ncsn_destroy(model);
}

/* A callback that has been replaced is never called again, however many threads log. */
typedef struct revocable {
    atomic_int live;
    atomic_int called;
} revocable;

static void check_live(void *user, int32_t level, const char *message)
{
    revocable *sink = user;
    (void)level;
    (void)message;
    CHECK(sink->live);
    sink->called = 1;
}

static atomic_int logging_ends;

static void *log_for_ever(void *model)
{
    while (!logging_ends) {
        warn(model);
    }
    return NULL;
}

static void revoked_under_load(void)
{
    ncsn_model *model = gauss_model();
    static revocable sinks[2];
    pthread_t threads[2];
    for (size_t i = 0; i < COUNT(threads); i++) {
        CHECK(pthread_create(&threads[i], NULL, log_for_ever, model) == 0);
    }
    for (int i = 0; i < 1000 || !sinks[0].called || !sinks[1].called; i++) {
        sinks[i % 2].live = 1;
        CHECK_OK(ncsn_set_log(i % 5 == 0 ? NULL : check_live, &sinks[i % 2], NCSN_LOG_DEBUG));
        sinks[(i + 1) % 2].live = 0;
    }
    CHECK_OK(ncsn_set_log(NULL, NULL, 0));
    sinks[0].live = sinks[1].live = 0;
    logging_ends = 1;
    for (size_t i = 0; i < COUNT(threads); i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    ncsn_destroy(model);
}

int main(void)
{
    static log_seen at_exit;
    one_thread();
    revoked_under_load();
    CHECK_OK(ncsn_set_log(take_log, &at_exit, NCSN_LOG_DEBUG));
    warn(gauss_model());
    CHECK(at_exit.lines > 0);
    puts("ok log");
    return 0;
}
