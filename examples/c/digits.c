/*
 * Draws a grid of handwritten digits and writes it as an image.
 *
 *     digits MODEL.onnx OUT.pgm [SAMPLES [SEED]]
 *
 * Any model of gray images works. Ctrl-C cancels.
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "example.h"

static volatile sig_atomic_t interrupted = 0;

static void on_interrupt(int signal_number) {
    (void)signal_number;
    interrupted = 1;
}

/* One line that overwrites itself at each new per cent. Returning non-zero cancels the sampling. */
static int32_t show_progress(void *user, const ncsn_progress *now) {
    uint64_t *shown = user;
    const uint64_t percent = 100 * now->calls_done / now->calls_total;
    if (percent != *shown) {
        fprintf(stderr, "\rlevel %u/%u  step %u/%u  sigma %-7.3g  %3u %%  %.0f s left   ",
                now->level + 1, now->level_count, now->step + 1, now->steps_per_level, now->sigma,
                (unsigned)percent, now->remaining_seconds);
        *shown = percent;
    }
    return interrupted;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: %s MODEL.onnx OUT.pgm [SAMPLES [SEED]]\n", argv[0]);
        return EXIT_FAILURE;
    }
    signal(SIGINT, on_interrupt);

    ncsn_model *model = NULL;
    if (ncsn_create(argv[1], NULL, &model) != NCSN_OK) return fail("loading the model");

    ncsn_model_info info = {.struct_size = sizeof info};
    ncsn_sample_params params;
    if (ncsn_get_info(model, &info) != NCSN_OK ||
        ncsn_sample_params_init(model, &params, sizeof params) != NCSN_OK)
        return fail("describing the model");
    params.sample_count = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 64;
    params.seed = argc > 4 ? strtoull(argv[4], NULL, 10) : 7;
    params.output_format = NCSN_U8_GRAY;
    uint64_t shown_percent = UINT64_MAX;
    params.progress = show_progress;
    params.progress_user = &shown_percent;

    size_t bytes = 0;
    if (ncsn_output_size(model, &params, &bytes) != NCSN_OK) return fail("parameters");
    uint8_t *pixels = malloc(bytes);
    if (pixels == NULL) return EXIT_FAILURE;

    printf("%s\nONNX Runtime %s, %u threads\n", info.description, info.runtime_version,
           info.intra_threads);
    fflush(stdout);
    const ncsn_status status = ncsn_sample(model, &params, pixels, bytes);
    fprintf(stderr, "\n");
    int result = EXIT_SUCCESS;
    if (status == NCSN_CANCELLED) {
        fprintf(stderr, "cancelled\n");
        result = EXIT_FAILURE;
    } else if (status != NCSN_OK) {
        result = fail("sampling");
    } else if (!write_pgm(argv[2], pixels, params.sample_count,
                          (size_t)ceil(sqrt(params.sample_count)), (size_t)info.shape[1],
                          (size_t)info.shape[2])) {
        perror(argv[2]);
        result = EXIT_FAILURE;
    }
    free(pixels);
    ncsn_destroy(model);
    return result;
}
