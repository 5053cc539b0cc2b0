/* This library as a host in C uses it: one ncsn_sample() a round, with a progress callback.
 *
 *     ours RUNTIME MODEL THREADS COUNT langevin STEPS STEP_SIZE SIGMAS
 *     ours RUNTIME MODEL THREADS COUNT own LEVELS
 *
 * Annealed Langevin dynamics over SIGMAS, STEPS evaluations at each, STEP_SIZE in the full convention; or the model's
 * own sampler, on LEVELS levels between the ends of its ladder. */

#include "host.h"

static ncsn_model *model;
static ncsn_sample_params params;
static float *samples;
static size_t bytes;
static uint64_t calls_seen;

static int32_t progress(void *user, const ncsn_progress *at)
{
    *(uint64_t *)user = at->calls_done;
    return 0;
}

static void sample(uint64_t seed)
{
    params.seed = seed;
    ok(ncsn_sample(model, &params, samples, bytes));
}

static void langevin(char **words)
{
    static double sigmas[4096];
    params.sampler = NCSN_SAMPLER_ANNEALED_LANGEVIN;
    params.steps_per_level = (uint32_t)atoi(words[0]);
    params.step_size = atof(words[1]);
    params.step_convention = NCSN_STEP_FULL;
    params.sigmas = sigmas;
    params.sigma_count = numbers(words[2], sigmas, COUNT(sigmas));
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
    int is_langevin = argc == 9 && strcmp(argv[5], "langevin") == 0;
    if (!is_langevin && !(argc == 7 && strcmp(argv[5], "own") == 0))
        fail(argv[0], "see the head of ours.c for the arguments");
    model = opened(argv[1], argv[2], atoi(argv[3]));
    ok(ncsn_sample_params_init(model, &params, sizeof params));
    params.sample_count = (uint32_t)atoi(argv[4]);
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
