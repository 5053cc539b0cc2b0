/* This library as a host in C uses it: one ncsn_sample() a round, with a progress callback.
 *
 *     ours RUNTIME MODEL THREADS COUNT langevin STEP_SIZE SIGMAS
 *     ours RUNTIME MODEL THREADS COUNT own LEVELS
 *
 * Annealed Langevin dynamics over SIGMAS, STEP_SIZE in the full convention; or the model's
 * own sampler, on LEVELS levels between the ends of its ladder.
 *
 * Compiled with TUNED, the model is opened as ncsn_tune() says for that many samples, 16 at most; it keeps what it finds
 * in the folder that NCSN_CACHE_DIR names. */

#include "host.h"

static ncsn_model *model;
static ncsn_sample_params params;
static float *samples;
static size_t bytes;
static uint32_t samples_wanted;
static uint64_t calls_seen;

static int32_t progress(void *user, const ncsn_progress *at)
{
    *(uint64_t *)user = at->calls_done;
    return 0;
}

static void sample(uint64_t seed, unsigned steps)
{
    if (params.sampler == NCSN_SAMPLER_ANNEALED_LANGEVIN) params.steps_per_level = steps;
    params.seed = seed;
    ok(ncsn_sample(model, &params, samples, bytes));
}

static void open_model(const char *path, ncsn_model_options *options)
{
#ifdef TUNED
    ncsn_tune_params how;
    ncsn_tuning *tuning;
    ok(ncsn_tune_params_init(&how, sizeof how));
    how.batch_size = samples_wanted < 16 ? samples_wanted : 16;
    ok(ncsn_tune(path, options, &how, &tuning));
    ok(ncsn_tuning_model_options(tuning, options));
    ok(ncsn_create(path, options, &model));
    ncsn_tuning_free(tuning);
#else
    ok(ncsn_create(path, options, &model));
#endif
}

static void langevin(char **words)
{
    static double sigmas[4096];
    params.sampler = NCSN_SAMPLER_ANNEALED_LANGEVIN;
    params.step_size = atof(words[0]);
    params.step_convention = NCSN_STEP_FULL;
    params.sigmas = sigmas;
    params.sigma_count = numbers(words[1], sigmas, COUNT(sigmas));
    params.denoise = 0;
    params.init_kind = NCSN_INIT_NORMAL;
}

static void own(char **words)
{
    params.schedule = NCSN_SCHEDULE_KARRAS;
    params.level_count = (uint32_t)atoi(words[0]);
}

int main(int argc, char **argv)
{
    ncsn_model_options options;
    int is_langevin = argc == 8 && strcmp(argv[5], "langevin") == 0;
    if (!is_langevin && !(argc == 7 && strcmp(argv[5], "own") == 0))
        fail(argv[0], "see the head of ours.c for the arguments");
    samples_wanted = (uint32_t)atoi(argv[4]);
    settings(argv[1], atoi(argv[3]), &options);
    open_model(argv[2], &options);
    ok(ncsn_sample_params_init(model, &params, sizeof params));
    params.sample_count = samples_wanted;
    params.progress = progress;
    params.progress_user = &calls_seen;
    (is_langevin ? langevin : own)(argv + 6);
    ok(ncsn_output_size(model, &params, &bytes));
    samples = malloc(bytes);
    if (!samples) fail(argv[0], "out of memory");
    serve(sample, samples, bytes / sizeof *samples);
    ncsn_destroy(model);
    return 0;
}
