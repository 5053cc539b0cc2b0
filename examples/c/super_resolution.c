/*
 * Draws digits, keeps the means of squares of 4 x 4 pixels, and draws digits with these means.
 *
 *     super_resolution MODEL.onnx OUT.pgm [DIGITS [LEVELS]]
 *
 * The image has a row of digits, one of what was kept of them, and one of what was made of that.
 * Other linear measurements y = A x are other functions measure (A) and lift (its pseudo-inverse).
 */
#include <math.h>

#include "example.h"

enum { SIDE = 28, PIXELS = SIDE * SIDE, FACTOR = 4, SMALL = SIDE / FACTOR };

/* The small pixel that a pixel belongs to. */
static int square(int pixel) {
    return pixel / SIDE / FACTOR * SMALL + pixel % SIDE / FACTOR;
}

/* y = A x: the means over squares. */
static void measure(const float *x, float *y) {
    for (int i = 0; i < SMALL * SMALL; i++) y[i] = 0.0f;
    for (int i = 0; i < PIXELS; i++) y[square(i)] += x[i] / (FACTOR * FACTOR);
}

/* x = A^+ y: each mean on its whole square. */
static void lift(const float *y, float *x) {
    for (int i = 0; i < PIXELS; i++) x[i] = y[square(i)];
}

/* s + A^+ (y - A D) / sigma^2 with D = x + sigma^2 s: the denoised estimate has the means y.
 * `user` is y of all samples, one after another. */
static int32_t steer(void *user, const ncsn_guide_request *request, float *score) {
    const float variance = (float)(request->sigma * request->sigma);
    const float *y = (const float *)user + request->first_sample * SMALL * SMALL;
    const float *x = request->x;
    float denoised[PIXELS], missing[SMALL * SMALL], correction[PIXELS];
    for (uint32_t k = 0; k < request->sample_count; k++) {
        for (int i = 0; i < PIXELS; i++) denoised[i] = x[i] + variance * score[i];
        measure(denoised, missing);
        for (int i = 0; i < SMALL * SMALL; i++) missing[i] = y[i] - missing[i];
        lift(missing, correction);
        for (int i = 0; i < PIXELS; i++) score[i] += correction[i] / variance;
        x += PIXELS, score += PIXELS, y += SMALL * SMALL;
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: %s MODEL.onnx OUT.pgm [DIGITS [LEVELS]]\n", argv[0]);
        return EXIT_FAILURE;
    }
    const size_t count = argc > 3 ? strtoul(argv[3], NULL, 10) : 10;
    ncsn_model *model = NULL;
    ncsn_model_info info = {.struct_size = sizeof info};
    ncsn_sample_params params;
    if (ncsn_create(argv[1], NULL, &model) != NCSN_OK) return fail("loading the model");
    if (ncsn_get_info(model, &info) != NCSN_OK ||
        ncsn_sample_params_init(model, &params, sizeof params) != NCSN_OK)
        return fail("describing the model");
    if (info.element_count != PIXELS || count == 0) {
        fprintf(stderr, "%s: the model must draw %d x %d pixels\n", argv[1], SIDE, SIDE);
        return EXIT_FAILURE;
    }
    params.sampler = NCSN_SAMPLER_ANCESTRAL;
    params.schedule = NCSN_SCHEDULE_KARRAS;
    params.sigma_max = 10.0;
    params.sigma_min = 0.02;
    params.level_count = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 20;
    params.sample_count = (uint32_t)count;
    params.init_kind = NCSN_INIT_NORMAL;

    /* Digits, what is kept of them, and the digits with these means. */
    const size_t floats = count * PIXELS;
    float *rows = calloc(3 * floats, sizeof *rows);
    float *kept = calloc(count * SMALL * SMALL, sizeof *kept);
    uint8_t *pixels = malloc(3 * floats);
    if (rows == NULL || kept == NULL || pixels == NULL) return EXIT_FAILURE;
    float *small = rows + floats, *samples = small + floats;

    params.seed = 3;
    if (ncsn_sample(model, &params, rows, floats * sizeof *rows) != NCSN_OK)
        return fail("drawing the digits");
    for (size_t k = 0; k < count; k++) {
        measure(rows + k * PIXELS, kept + k * SMALL * SMALL);
        lift(kept + k * SMALL * SMALL, small + k * PIXELS);
    }
    /* Each level is run ten times, so that what was kept and what was not come to agree. That
     * belongs to inpainting; here no pixel is known, and the mask is 0. */
    static const float nothing[PIXELS];
    params.known = params.mask = nothing;
    params.known_count = PIXELS;
    params.resample_steps = 10;
    params.seed = 1;
    params.guide = steer;
    params.guide_user = kept;
    if (ncsn_sample(model, &params, samples, floats * sizeof *samples) != NCSN_OK)
        return fail("sharpening");

    float deviation = 0.0f, seen[SMALL * SMALL];
    for (size_t k = 0; k < count; k++) {
        measure(samples + k * PIXELS, seen);
        for (size_t i = 0; i < SMALL * SMALL; i++)
            deviation = fmaxf(deviation, fabsf(seen[i] - kept[k * SMALL * SMALL + i]));
    }
    printf("largest |y - A x|: %.2e\n", deviation);

    for (size_t i = 0; i < 3 * floats; i++)
        pixels[i] = (uint8_t)lroundf(255.0f * fminf(fmaxf(rows[i], 0.0f), 1.0f));
    int result = EXIT_SUCCESS;
    if (!write_pgm(argv[2], pixels, 3 * count, count, SIDE, SIDE)) {
        perror(argv[2]);
        result = EXIT_FAILURE;
    }
    free(pixels);
    free(kept);
    free(rows);
    ncsn_destroy(model);
    return result;
}
