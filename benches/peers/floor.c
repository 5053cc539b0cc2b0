/* The floor: the network's evaluations alone, as IO-bound runs of ONNX Runtime, no noise and no update.
 *
 *     floor RUNTIME MODEL THREADS X SHAPE LEVEL TYPE OUTPUT VALUES
 *
 * RUNTIME is libonnxruntime.so; X, LEVEL and OUTPUT are names of the graph; SHAPE is x's, as 16,1,28,28; TYPE is
 * float or int64; VALUES are what the level's input gets, in order, one for each level.
 *
 * ONNX Runtime is asked for through its C interface, a table of functions that only ever grows at its end. Its header
 * is not in the package that the library comes from, so the few entries that are used are named here by their place. */

#include <dlfcn.h>

#include "round.h"

enum { ERROR_MESSAGE = 2, CREATE_ENV = 3, CREATE_SESSION = 7, CREATE_OPTIONS = 10, SET_THREADS = 24,
       CREATE_TENSOR = 49, CREATE_MEMORY_INFO = 69, RUN = 133, CREATE_BINDING = 134, BIND_INPUT = 136,
       BIND_OUTPUT = 137 };
enum { FLOAT = 1, INT64 = 7 };
enum { API_VERSION = 11 };

typedef void *Status; /* NULL: it went well */
typedef Status (*Run)(void *session, const void *options, const void *binding);
typedef void (*Function)(void);

static Function const *api;
static void *session, *binding, *memory;
static int64_t shape[8];
static size_t rank, level_count;
static double levels[4096];
static int whole_numbers;
static float *x, *output;
static void *level;

#define CALL(place, types, ...) ok(((Status(*) types)api[place])(__VA_ARGS__))

static void ok(Status status)
{
    if (status) fail("ONNX Runtime", ((const char *(*)(Status))api[ERROR_MESSAGE])(status));
}

static void bind(int place, const char *name, void *data, size_t bytes, size_t dimensions, int type)
{
    void *value;
    CALL(CREATE_TENSOR, (void *, void *, size_t, const int64_t *, size_t, int, void **), memory, data, bytes, shape,
         dimensions, type, &value);
    CALL(place, (void *, const char *, void *), binding, name, value);
}

static void open_model(const char *runtime, const char *model, int threads)
{
    struct { const void *(*get)(uint32_t); } *(*base)(void);
    void *env, *options, *library = dlopen(runtime, RTLD_NOW);
    if (!library) fail(runtime, dlerror());
    *(void **)&base = dlsym(library, "OrtGetApiBase");
    if (!base) fail(runtime, "is not ONNX Runtime");
    api = base()->get(API_VERSION);
    CALL(CREATE_ENV, (int, const char *, void **), 2, "floor", &env);
    CALL(CREATE_OPTIONS, (void **), &options);
    CALL(SET_THREADS, (void *, int), options, threads);
    CALL(CREATE_SESSION, (void *, const char *, void *, void **), env, model, options, &session);
    CALL(CREATE_MEMORY_INFO, (int, int, void **), 1, 0, &memory);
    CALL(CREATE_BINDING, (void *, void **), session, &binding);
}

static void round_of_runs(uint64_t seed, unsigned steps)
{
    Run run = (Run)api[RUN];
    (void)seed;
    for (size_t i = 0; i < level_count; i++) {
        for (int64_t row = 0; row < shape[0]; row++) {
            if (whole_numbers) ((int64_t *)level)[row] = (int64_t)levels[i];
            else ((float *)level)[row] = (float)levels[i];
        }
        for (unsigned step = 0; step < steps; step++) ok(run(session, NULL, binding));
    }
}

int main(int argc, char **argv)
{
    double sizes[COUNT(shape)];
    size_t elements = 1;
    if (argc != 10) fail(argv[0], "see the head of floor.c for the arguments");
    setenv("ORT_DISABLE_TELEMETRY", "1", 0);
    rank = numbers(argv[5], sizes, COUNT(sizes));
    for (size_t i = 0; i < rank; i++) elements *= (size_t)(shape[i] = (int64_t)sizes[i]);
    whole_numbers = strcmp(argv[7], "int64") == 0;
    level_count = numbers(argv[9], levels, COUNT(levels));
    x = malloc(elements * sizeof *x);
    output = malloc(elements * sizeof *output);
    level = calloc((size_t)shape[0], sizeof(int64_t));
    if (!x || !output || !level) fail(argv[0], "out of memory");
    for (size_t i = 0; i < elements; i++) x[i] = (float)(i % 17) / 17;

    open_model(argv[1], argv[2], atoi(argv[3]));
    bind(BIND_INPUT, argv[4], x, elements * sizeof *x, rank, FLOAT);
    bind(BIND_INPUT, argv[6], level, (size_t)shape[0] * (whole_numbers ? sizeof(int64_t) : sizeof(float)), 1,
         whole_numbers ? INT64 : FLOAT);
    bind(BIND_OUTPUT, argv[8], output, elements * sizeof *output, rank, FLOAT);
    serve(round_of_runs, NULL, 0);
    return 0;
}
