/* A plugin host: opens the library at run time, uses it, closes it, again and again; with handles
 * and a log callback left behind. Argument: the library. */

#include <dlfcn.h>

#include "check.h"

/* What this program uses, and no more: it is linked with nothing of the library. */
typedef struct api {
    void *library;
    ncsn_status (*create)(const char *, const ncsn_model_options *, ncsn_model **);
    ncsn_status (*params_init)(const ncsn_model *, ncsn_sample_params *, uint32_t);
    ncsn_status (*sample)(ncsn_model *, const ncsn_sample_params *, void *, size_t);
    ncsn_status (*set_log)(ncsn_log_fn, void *, int32_t);
    void (*destroy)(ncsn_model *);
} api;

static void find(void *library, const char *name, void *function)
{
    /* POSIX lets an object pointer hold a function's address, ISO C does not: copy the bits. */
    void *address = dlsym(library, name);
    CHECK(address != NULL);
    memcpy(function, &address, sizeof address);
}

static api open_library(const char *path)
{
    api a = {.library = dlopen(path, RTLD_NOW | RTLD_LOCAL)};
    CHECK(a.library != NULL);
    find(a.library, "ncsn_create", &a.create);
    find(a.library, "ncsn_sample_params_init", &a.params_init);
    find(a.library, "ncsn_sample", &a.sample);
    find(a.library, "ncsn_set_log", &a.set_log);
    find(a.library, "ncsn_destroy", &a.destroy);
    return a;
}

static void count_lines(void *user, int32_t level, const char *message)
{
    CHECK(level >= NCSN_LOG_ERROR && message[0] != '\0');
    (*(unsigned *)user)++;
}

int main(int argc, char **argv)
{
    enum { ROUNDS = 20, FLOATS = 15 };
    float first[FLOATS], x[FLOATS];
    static unsigned lines;
    CHECK(argc == 2);
    for (int i = 0; i < ROUNDS; i++) {
        api a = open_library(argv[1]);
        ncsn_model *model = NULL;
        ncsn_sample_params params;
        if (i == 10) {
            CHECK(a.set_log(count_lines, &lines, NCSN_LOG_WARN) == NCSN_OK);
        } else if (i == 15) {
            CHECK(lines > 0); /* set in an earlier life, and still in force */
            CHECK(a.set_log(NULL, NULL, 0) == NCSN_OK);
            lines = 0;
        }
        CHECK(a.create("tests/models/gauss_sigma.onnx", NULL, &model) == NCSN_OK);
        CHECK(a.params_init(model, &params, sizeof params) == NCSN_OK);
        params.sample_count = 5;
        params.steps_per_level = 3;
        params.step_convention = NCSN_STEP_FULL;
        params.step_size = 1.5e-4; /* kappa = 1.5: a warning each time */
        CHECK(a.sample(model, &params, x, sizeof x) == NCSN_OK);
        if (i == 0) {
            memcpy(first, x, sizeof x);
        }
        CHECK(memcmp(first, x, sizeof x) == 0);
        if (i % 5 != 4) { /* now and then a model is forgotten */
            a.destroy(model);
        }
        CHECK(dlclose(a.library) == 0);
    }
    CHECK(lines == 0);
    puts("ok dlopen");
    return 0;
}
