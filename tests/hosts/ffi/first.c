/* What every other program of this folder must print: the bits of the first float of four samples. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ncsn.h"

int main(int argc, char **argv) {
    ncsn_model *model = NULL;
    ncsn_sample_params params;
    float samples[4][2];
    uint32_t bits;
    if (argc != 2 || ncsn_create(argv[1], NULL, &model) != NCSN_OK) return 1;
    if (ncsn_sample_params_init(model, &params, sizeof params) != NCSN_OK) return 1;
    params.sample_count = 4;
    params.seed = 7;
    if (ncsn_sample(model, &params, samples, sizeof samples) != NCSN_OK) return 1;
    memcpy(&bits, samples, sizeof bits);
    printf("%" PRIu32 "\n", bits);
    ncsn_destroy(model);
    return 0;
}
