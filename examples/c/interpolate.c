/*
 * Draws strips between pairs of digits and writes them as an image.
 *
 *     interpolate MODEL.onnx OUT.pgm [STRIPS [DIGITS [LEVELS]]]
 *
 * The noise goes from one digit's to the other's, and a sampler without noise of its own turns it
 * into digits. Any model of gray images works.
 */
#include "example.h"

static uint32_t number(int argc, char **argv, int at, uint32_t usual) {
    return argc > at ? (uint32_t)strtoul(argv[at], NULL, 10) : usual;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: %s MODEL.onnx OUT.pgm [STRIPS [DIGITS [LEVELS]]]\n", argv[0]);
        return EXIT_FAILURE;
    }
    ncsn_model *model = NULL;
    ncsn_model_info info = {.struct_size = sizeof info};
    ncsn_sample_params params;
    if (ncsn_create(argv[1], NULL, &model) != NCSN_OK) return fail("loading the model");
    if (ncsn_get_info(model, &info) != NCSN_OK ||
        ncsn_sample_params_init(model, &params, sizeof params) != NCSN_OK)
        return fail("describing the model");

    /* Strip j goes from sample 17 + j of seed 1 to sample 17 + j of seed 2. */
    ncsn_interpolation strips = {.struct_size = sizeof strips, .from_seed = 1, .to_seed = 2};
    strips.from_sample = strips.to_sample = 17;
    strips.sample_count = number(argc, argv, 4, 10);

    params.sampler = NCSN_SAMPLER_HEUN;
    params.schedule = NCSN_SCHEDULE_KARRAS;
    params.sigma_max = 10.0;
    params.sigma_min = 0.02;
    params.level_count = number(argc, argv, 5, 20);
    params.sample_count = number(argc, argv, 3, 5) * strips.sample_count;
    params.init_kind = NCSN_INIT_NORMAL;
    params.noise = ncsn_interpolated_noise;
    params.noise_user = &strips;
    params.output_format = NCSN_U8_GRAY;

    size_t bytes = 0;
    if (ncsn_output_size(model, &params, &bytes) != NCSN_OK) return fail("parameters");
    uint8_t *pixels = malloc(bytes);
    if (pixels == NULL) return EXIT_FAILURE;
    int result = EXIT_SUCCESS;
    if (ncsn_sample(model, &params, pixels, bytes) != NCSN_OK) {
        result = fail("sampling");
    } else if (!write_pgm(argv[2], pixels, params.sample_count, strips.sample_count,
                          (size_t)info.shape[1], (size_t)info.shape[2])) {
        perror(argv[2]);
        result = EXIT_FAILURE;
    }
    free(pixels);
    ncsn_destroy(model);
    return result;
}
