/*
 * Draws a grid of handwritten digits and writes it as an image.
 *
 *     sample_digits MODEL.onnx OUT.pgm [SAMPLES [SEED]]
 *
 * Any model of gray images works. Ctrl-C cancels.
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ncsn.h"

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

static int fail(const char *what) {
    char text[1024];
    ncsn_last_error(text, sizeof text);
    fprintf(stderr, "\n%s: %s\n", what, text);
    return EXIT_FAILURE;
}

/* A binary PGM of all samples, side by side with a gap of two pixels. */
static int write_grid(const char *path, const uint8_t *pixels, size_t count, size_t height,
                      size_t width) {
    const size_t gap = 2;
    const size_t columns = (size_t)ceil(sqrt((double)count));
    const size_t rows = (count + columns - 1) / columns;
    const size_t grid_width = columns * (width + gap) + gap;
    const size_t grid_height = rows * (height + gap) + gap;
    uint8_t *grid = calloc(grid_width, grid_height);
    FILE *file = fopen(path, "wb");
    int ok = grid != NULL && file != NULL;
    for (size_t k = 0; ok && k < count; k++) {
        uint8_t *corner = grid + (k / columns * (height + gap) + gap) * grid_width +
                          k % columns * (width + gap) + gap;
        for (size_t y = 0; y < height; y++)
            memcpy(corner + y * grid_width, pixels + (k * height + y) * width, width);
    }
    ok = ok && fprintf(file, "P5\n%zu %zu\n255\n", grid_width, grid_height) > 0 &&
         fwrite(grid, grid_width, grid_height, file) == grid_height;
    if (file != NULL) ok = fclose(file) == 0 && ok;
    free(grid);
    return ok;
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
    int result = EXIT_SUCCESS;
    if (status == NCSN_CANCELLED) {
        fprintf(stderr, "\ncancelled\n");
        result = EXIT_FAILURE;
    } else if (status != NCSN_OK) {
        result = fail("sampling");
    } else if (!write_grid(argv[2], pixels, params.sample_count, (size_t)info.shape[1],
                           (size_t)info.shape[2])) {
        perror(argv[2]);
        result = EXIT_FAILURE;
    } else {
        fprintf(stderr, "\n");
    }
    free(pixels);
    ncsn_destroy(model);
    return result;
}
