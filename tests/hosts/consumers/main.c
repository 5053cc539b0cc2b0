/*
 * A program as a user of the installed library writes it: two samples of the model in argv[1], as hexadecimal floats, and
 * the ONNX Runtime that computed them.
 */
#include <stdio.h>

#include <ncsn.h>

static int fail(const char *what) {
    char text[2048];
    ncsn_last_error(text, sizeof text);
    fprintf(stderr, "%s: %s\n", what, text);
    return 1;
}

int main(int argc, char **argv) {
    ncsn_model *model = NULL;
    ncsn_model_info info = {.struct_size = sizeof info};
    ncsn_sample_params params;
    float samples[2][2];
    if (argc != 2) return 2;
    /* The number in the library's file name: what the linker found is what the header describes. */
    if (ncsn_abi_version() != NCSN_ABI_VERSION) {
        fprintf(stderr, "libncsn %s has ABI %u, this program was compiled for %d\n", ncsn_version(),
                ncsn_abi_version(), NCSN_ABI_VERSION);
        return 1;
    }
    if (ncsn_create(argv[1], NULL, &model) != NCSN_OK) return fail("loading the model");
    if (ncsn_get_info(model, &info) != NCSN_OK) return fail("describing the model");
    if (ncsn_sample_params_init(model, &params, sizeof params) != NCSN_OK) return fail("parameters");
    params.sample_count = 2;
    params.seed = 7;
    if (ncsn_sample(model, &params, samples, sizeof samples) != NCSN_OK) return fail("sampling");
    printf("%a %a %a %a\n%s\n", samples[0][0], samples[0][1], samples[1][0], samples[1][1],
           info.runtime_path);
    ncsn_destroy(model);
    return 0;
}
