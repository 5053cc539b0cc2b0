/* Finding and loading ONNX Runtime: one process per case, which the environment and the place of
 * the library make up.
 *
 *   runtime MODEL option BAD STATUS WORD GOOD
 *           BAD in the option runtime_path fails with that status and a text with WORD
 *   runtime MODEL search STATUS WORD GOOD
 *           nothing in the option: the same, by what the environment or the folder says
 *   runtime MODEL works FILE
 *           nothing in the option: FILE is what is loaded
 *
 * After a failure the process loads GOOD and samples; after a success it takes no other. */

#include "check.h"
#include "utf8.h"

static ncsn_status create(const char *model_path, const char *runtime_path, ncsn_model **model)
{
    ncsn_model_options options;
    CHECK_OK(ncsn_model_options_init(&options, sizeof options));
    options.runtime_path = runtime_path;
    return ncsn_create(model_path, &options, model);
}

static ncsn_status status_named(const char *name)
{
    for (ncsn_status status = NCSN_ERR_PANIC; status < 0; status++) {
        if (strcmp(ncsn_status_name(status), name) == 0) {
            return status;
        }
    }
    CHECK(!"the name of an error");
    return 0;
}

static void loads(const char *model_path, const char *runtime_path, const char *expected)
{
    ncsn_model_info info = {.struct_size = sizeof info};
    ncsn_sample_params params;
    ncsn_model *model = NULL, *second = NULL;
    CHECK_OK(create(model_path, runtime_path, &model));
    CHECK_OK(ncsn_get_info(model, &info));
    CHECK(strcmp(info.runtime_path, expected) == 0);
    params = small_params(model);
    free(sample(model, &params));

    CHECK_ERROR(create(model_path, "/nowhere/libonnxruntime.so", &second), NCSN_ERR_STATE,
                "/nowhere/libonnxruntime.so");
    CHECK(strstr(last_error(), expected) != NULL);
    CHECK_ERROR(create(model_path, model_path, &second), NCSN_ERR_STATE, "runtime_path");
    CHECK(second == NULL);
    CHECK_OK(create(model_path, expected, &second)); /* the same one is no other */
    free(sample(second, &params));
    ncsn_destroy(second);
    CHECK_OK(create(model_path, NULL, &second));
    ncsn_destroy(second);
    ncsn_destroy(model);
}

static void refused(const char *model_path, const char *runtime_path, const char *status,
                    const char *word)
{
    ncsn_model *model = NULL;
    for (int i = 0; i < 2; i++) { /* a failure leaves nothing behind: the next is the same */
        CHECK_ERROR(create(model_path, runtime_path, &model), status_named(status), word);
        CHECK(model == NULL);
    }
}

int main(int argc, char **argv)
{
    const char *mode = argc > 2 ? argv[2] : "";
    argv = utf8_arguments(argv);
    if (argc == 7 && strcmp(mode, "option") == 0) {
        refused(argv[1], argv[3], argv[4], argv[5]);
        loads(argv[1], argv[6], argv[6]);
    } else if (argc == 6 && strcmp(mode, "search") == 0) {
        refused(argv[1], NULL, argv[3], argv[4]);
        loads(argv[1], argv[5], argv[5]);
    } else if (argc == 4 && strcmp(mode, "works") == 0) {
        loads(argv[1], NULL, argv[3]);
    } else {
        CHECK(!"the arguments are as described above");
    }
    puts("ok runtime");
    return 0;
}
