/* This library as a host in C uses it: one ncsn_sample() a round, with a progress callback.
 *
 *     ours RUNTIME MODEL THREADS STEPS COUNT STEP_SIZE SIGMAS
 *
 * Annealed Langevin dynamics over SIGMAS, STEPS evaluations at each, STEP_SIZE in the full convention. */

#include "ncsn.h"
#include "round.h"

static ncsn_model *model;
static ncsn_sample_params params;
static float *samples;
static size_t bytes;
static uint64_t calls_seen;

static void ok(ncsn_status status)
{
    char why[1024];
    if (status >= 0) return;
    ncsn_last_error(why, sizeof why);
    fail("ncsn", why);
}

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

int main(int argc, char **argv)
{
    static double sigmas[4096];
    ncsn_model_options options;
    if (argc != 8) fail(argv[0], "see the head of ours.c for the arguments");
    ok(ncsn_model_options_init(&options, sizeof options));
    options.runtime_path = argv[1];
    options.intra_threads = (uint32_t)atoi(argv[3]);
    ok(ncsn_create(argv[2], &options, &model));
    ok(ncsn_sample_params_init(model, &params, sizeof params));
    params.sampler = NCSN_SAMPLER_ANNEALED_LANGEVIN;
    params.steps_per_level = (uint32_t)atoi(argv[4]);
    params.sample_count = (uint32_t)atoi(argv[5]);
    params.step_size = atof(argv[6]);
    params.step_convention = NCSN_STEP_FULL;
    params.sigmas = sigmas;
    params.sigma_count = numbers(argv[7], sigmas, COUNT(sigmas));
    params.denoise = 0;
    params.init_kind = NCSN_INIT_NORMAL;
    params.progress = progress;
    params.progress_user = &calls_seen;
    ok(ncsn_output_size(model, &params, &bytes));
    samples = malloc(bytes);
    if (!samples) fail(argv[0], "out of memory");
    serve(sample, samples, bytes / sizeof *samples);
    ncsn_destroy(model);
    return 0;
}
