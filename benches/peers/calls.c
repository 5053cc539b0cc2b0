/* Many short calls of this library: do they leave memory behind?
 *
 *     calls RUNTIME MODEL CALLS MODELS
 *
 * CALLS runs of one sample and three evaluations each, then MODELS times a model is opened, sampled from once and
 * closed. Prints resident kilobytes when a tenth of each was done and at its end. */

#include "host.h"

static long resident_kilobytes(void)
{
    long kilobytes = -1;
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status)) sscanf(line, "VmRSS: %ld", &kilobytes);
    if (status) fclose(status);
    return kilobytes;
}

static ncsn_model *opened(char **argv)
{
    ncsn_model *model;
    ncsn_model_options options;
    settings(argv[1], 1, &options);
    ok(ncsn_create(argv[2], &options, &model));
    return model;
}

static void sampled(ncsn_model *model, uint64_t seed)
{
    static const double sigmas[] = {10, 1, 0.1};
    float sample[64];
    size_t bytes;
    ncsn_sample_params params;
    ok(ncsn_sample_params_init(model, &params, sizeof params));
    params.seed = seed;
    params.sampler = NCSN_SAMPLER_SDE_DPMPP_2M;
    params.sigmas = sigmas;
    params.sigma_count = COUNT(sigmas);
    ok(ncsn_output_size(model, &params, &bytes));
    if (bytes > sizeof sample) fail("calls", "wants a model of small samples");
    ok(ncsn_sample(model, &params, sample, sizeof sample));
}

int main(int argc, char **argv)
{
    if (argc != 5) fail(argv[0], "see the head of calls.c for the arguments");
    long calls = atol(argv[3]), models = atol(argv[4]), early = 0;
    double start = now();
    ncsn_model *model = opened(argv);
    for (long i = 1; i <= calls; i++) {
        sampled(model, (uint64_t)i);
        if (i == calls / 10) early = resident_kilobytes();
    }
    ncsn_destroy(model);
    printf("calls %ld %ld %.3f\n", early, resident_kilobytes(), now() - start);
    start = now();
    for (long i = 1; i <= models; i++) {
        model = opened(argv);
        sampled(model, (uint64_t)i);
        ncsn_destroy(model);
        if (i == models / 10) early = resident_kilobytes();
    }
    printf("models %ld %ld %.3f\n", early, resident_kilobytes(), now() - start);
    return 0;
}
