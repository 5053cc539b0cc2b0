/* What ncsn_sample() draws, raw: reference MODEL OUT rgba|float SAMPLES LEVELS (0: the model's own way) */
#include <ncsn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
    ncsn_model *model = NULL;
    ncsn_sample_params params;
    size_t bytes = 0;
    if (argc != 6 || ncsn_create(argv[1], NULL, &model) != NCSN_OK ||
        ncsn_sample_params_init(model, &params, sizeof params) != NCSN_OK)
        return 1;
    params.seed = 7;
    params.output_format = strcmp(argv[3], "rgba") == 0 ? NCSN_U8_RGBA : NCSN_F32_NCHW;
    params.sample_count = (uint32_t)atoi(argv[4]);
    params.level_count = (uint32_t)atoi(argv[5]);
    if (params.level_count != 0) params.sampler = NCSN_SAMPLER_ANCESTRAL;
    if (ncsn_output_size(model, &params, &bytes) != NCSN_OK) return 2;
    void *samples = malloc(bytes);
    FILE *file = fopen(argv[2], "wb");
    if (samples == NULL || file == NULL || ncsn_sample(model, &params, samples, bytes) != NCSN_OK) return 3;
    return fwrite(samples, 1, bytes, file) == bytes && fclose(file) == 0 ? 0 : 4;
}
