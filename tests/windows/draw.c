/* Draws samples and writes their floats to a file, and on stdout which ONNX Runtime drew them.
 *
 *     draw MODEL.onnx OUT SAMPLER EVALUATIONS SAMPLES
 *
 * OUT in ASCII, MODEL in anything. */

#include "check.h"
#include "utf8.h"

#ifdef _WIN32
/* As a host that has an ONNX Runtime of its own in the process. */
static void load_another(void)
{
    const char *name = getenv("NCSN_TEST_PRELOAD");
    CHECK(name == NULL || name[0] == '\0' || LoadLibraryA(name) != NULL);
}
#else
static void load_another(void)
{
}
#endif

int main(int argc, char **argv)
{
    ncsn_model_info info = {.struct_size = sizeof info};
    ncsn_sample_params params;
    ncsn_model *model = NULL;
    size_t bytes;
    void *x;
    FILE *file;
    CHECK(argc == 6);
    argv = utf8_arguments(argv);
    load_another();
    if (ncsn_create(argv[1], NULL, &model) != NCSN_OK) {
        printf("%s\n", last_error());
        return 2;
    }
    CHECK_OK(ncsn_get_info(model, &info));
    params = sampler_params(model, atoi(argv[3]));
    params.nfe_budget = (uint32_t)atoi(argv[4]);
    params.sample_count = (uint32_t)atoi(argv[5]);
    x = sample(model, &params);
    bytes = output_size(model, &params);
    file = fopen(argv[2], "wb");
    CHECK(file != NULL && fwrite(x, 1, bytes, file) == bytes && fclose(file) == 0);
    printf("%s\n%s\n", info.runtime_version, info.runtime_path);
    ncsn_destroy(model);
    return 0;
}
