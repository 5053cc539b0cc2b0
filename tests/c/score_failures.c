/* Networks that fail or go bad: the error names the place, and the run goes on if they recover. */

#include <math.h>

#include "check.h"

enum { ELEMENTS = 3 };

/* How often the callback still fails, and how. */
typedef struct failure {
    float writes;
    int32_t returns; /* unless 0 */
    int fails;
    uint64_t at_level; /* evaluations at the present level */
} failure;

static ncsn_sample_params numbered(const ncsn_model *model)
{
    ncsn_sample_params params = small_params(model);
    params.first_sample = 100;
    return params;
}

/* The second evaluation at level 2 (sigma = 0.25) is of samples 102 and 103. */
static int32_t bad_score(void *user, const float *x, double sigma, const int64_t *labels,
                         uint32_t sample_count, float *out)
{
    static size_t elements = ELEMENTS;
    failure *how = user;
    CHECK(labels == NULL);
    how->at_level = sigma == LADDER[2] ? how->at_level + 1 : 0;
    (void)gauss_score(&elements, x, sigma, labels, sample_count, out);
    if (how->at_level == 2 && how->fails > 0) {
        how->fails--;
        out[ELEMENTS] = how->writes; /* sample 103, element 0 */
        return how->returns;
    }
    return 0;
}

static void score_failures(void)
{
    static const int64_t shape[] = {ELEMENTS};
    static const failure ways[] = {{.writes = NAN}, {.writes = INFINITY}, {.returns = 42}};
    for (size_t i = 0; i < COUNT(ways); i++) {
        failure how = ways[i];
        ncsn_model *model = callback_model(bad_score, &how, shape, 1);
        ncsn_sample_params params = numbered(model);
        size_t bytes = output_size(model, &params);
        void *expected = sample(model, &params), *out = allocate(bytes);
        ncsn_run *run = NULL;
        how.fails = 1;
        CHECK_OK(ncsn_run_begin(model, &params, &run));
        CHECK_ERROR(ncsn_run_step(run, 0, 0, NULL),
                    how.returns != 0 ? NCSN_ERR_CALLBACK : NCSN_ERR_NON_FINITE, "score");
        if (how.returns != 0) {
            CHECK(strstr(last_error(), "returned 42") && strstr(last_error(), "sigma = 0.25"));
        } else {
            CHECK(strstr(last_error(), "level 2, step 0") != NULL);
            CHECK(strstr(last_error(), "sample 103, element 0") != NULL);
        }
        CHECK_OK(ncsn_run_step(run, 0, 0, NULL));
        CHECK_OK(ncsn_run_read(run, NCSN_READ_SAMPLE, out, bytes));
        CHECK(memcmp(out, expected, bytes) == 0);
        ncsn_run_free(run);
        ncsn_destroy(model);
        free(expected);
        free(out);
    }
}

/* A network that is sound at levels 0 to 2 and all NaN from level 3 on. */
static void a_network_gone_bad(void)
{
    ncsn_model *model = open_model("tests/models/nan_at_level3.onnx");
    ncsn_sample_params params = numbered(model);
    ncsn_progress now = {.struct_size = sizeof now}, untouched = now;
    ncsn_run *run = NULL;
    float x[5 * ELEMENTS];
    memset(x, 0x5a, sizeof x);
    CHECK_ERROR(ncsn_sample(model, &params, x, sizeof x), NCSN_ERR_NON_FINITE, "level 3, step 0");
    CHECK(strstr(last_error(), "sample 100, element 0") && all_bytes(x, 0x5a, sizeof x));
    CHECK_OK(ncsn_run_begin(model, &params, &run));
    for (int i = 0; i < 2; i++) { /* again and again, but it stays where it is */
        now = untouched;
        CHECK_ERROR(ncsn_run_step(run, 0, 0, &now), NCSN_ERR_NON_FINITE, "level 3");
        CHECK(memcmp(&now, &untouched, sizeof now) == 0);
        CHECK_STATUS(ncsn_run_poll(run, &now), NCSN_PENDING);
        CHECK(now.nfe_done == 3 * 3);
    }
    CHECK_OK(ncsn_run_read(run, NCSN_READ_STATE, x, sizeof x));
    for (size_t i = 0; i < COUNT(x); i++) {
        CHECK(isfinite(x[i]));
    }
    ncsn_run_free(run);
    ncsn_destroy(model);
}

int main(void)
{
    score_failures();
    a_network_gone_bad();
    puts("ok score_failures");
    return 0;
}
