/* The library's generator in the host's hands, and strips between samples: the ends are the samples
 * that they are alone, and a failure says in the call that sampled what was wrong. */

#include "check.h"

enum { STRIP = 4, STRIPS = 2, ELEMENTS = 3 };

static ncsn_interpolation a_strip(void)
{
    ncsn_interpolation strip = {sizeof strip, STRIP, 1, 5, 2, 9};
    return strip;
}

/* The library's own noise, by way of a callback. `user` is the seed. */
static int32_t own_noise(void *user, const ncsn_noise_request *request, float *out)
{
    return ncsn_fill_noise(*(const uint64_t *)user, request, out);
}

static int32_t wrong_noise(void *user, const ncsn_noise_request *request, float *out)
{
    ncsn_noise_request other = *request;
    other.level = 1u << 20;
    return ncsn_fill_noise(*(const uint64_t *)user, &other, out);
}

/* Noise enters at every step, and in the initial state. */
static ncsn_sample_params noisy_params(const ncsn_model *model)
{
    ncsn_sample_params params = small_params(model);
    params.init_kind = NCSN_INIT_NORMAL;
    return params;
}

static void the_generator_is_the_library_s_own(ncsn_model *model)
{
    ncsn_sample_params params = noisy_params(model);
    size_t bytes = output_size(model, &params);
    void *expected = sample(model, &params), *out;
    uint64_t seed = params.seed;
    params.seed = 99;
    params.noise = own_noise;
    params.noise_user = &seed;
    out = sample(model, &params);
    CHECK(memcmp(out, expected, bytes) == 0);
    free(out);
    free(expected);
}

static void strips_end_at_samples(ncsn_model *model)
{
    ncsn_interpolation strip = a_strip();
    ncsn_sample_params params = noisy_params(model), alone = params;
    size_t sample_bytes = ELEMENTS * sizeof(float);
    float *strips, *end;
    params.sample_count = STRIP * STRIPS;
    params.batch_size = 3;
    params.noise = ncsn_interpolated_noise;
    params.noise_user = &strip;
    strips = sample(model, &params);
    alone.sample_count = 1;
    for (int j = 0; j < STRIPS; j++) {
        float *first = strips + j * STRIP * ELEMENTS, *last = first + (STRIP - 1) * ELEMENTS;
        alone.seed = strip.from_seed;
        alone.first_sample = strip.from_sample + (uint64_t)j;
        end = sample(model, &alone);
        CHECK(memcmp(first, end, sample_bytes) == 0);
        CHECK(memcmp(first + ELEMENTS, end, sample_bytes) != 0);
        free(end);
        alone.seed = strip.to_seed;
        alone.first_sample = strip.to_sample + (uint64_t)j;
        end = sample(model, &alone);
        CHECK(memcmp(last, end, sample_bytes) == 0);
        free(end);
    }
    free(strips);
}

/* What was wrong inside the callback is what the sampling call says. */
static void failures_keep_their_text(ncsn_model *model)
{
    ncsn_interpolation strip = a_strip();
    ncsn_sample_params params = noisy_params(model);
    float out[5 * ELEMENTS];
    uint64_t seed = 3;
    CHECK_ERROR(ncsn_sample(model, NULL, out, sizeof out), NCSN_ERR_ARGUMENT, "params is NULL");
    params.noise = wrong_noise;
    params.noise_user = &seed;
    CHECK_ERROR(ncsn_sample(model, &params, out, sizeof out), NCSN_ERR_CALLBACK, "level 1048576");
    params.noise = ncsn_interpolated_noise;
    params.noise_user = &strip;
    strip.sample_count = 0;
    CHECK_ERROR(ncsn_sample(model, &params, out, sizeof out), NCSN_ERR_CALLBACK, "at least 2");
    strip = a_strip();
    strip.to_sample = (uint64_t)1 << 48;
    CHECK_ERROR(ncsn_sample(model, &params, out, sizeof out), NCSN_ERR_CALLBACK, "2^48");
    strip = a_strip();
    strip.struct_size = 12;
    CHECK_ERROR(ncsn_sample(model, &params, out, sizeof out), NCSN_ERR_CALLBACK,
                "ncsn_interpolation: struct_size = 12");
    params.noise_user = NULL;
    CHECK_ERROR(ncsn_sample(model, &params, out, sizeof out), NCSN_ERR_CALLBACK, "is NULL");
    strip = a_strip();
    params.noise_user = &strip;
    CHECK_OK(ncsn_sample(model, &params, out, sizeof out));
}

static void requests_are_checked(void)
{
    static const field_case cases[] = {
        FIELD(ncsn_noise_request, 'u', struct_size, 20, NCSN_ERR_STRUCT_SIZE),
        FIELD(ncsn_noise_request, 'i', purpose, 0, NCSN_ERR_ARGUMENT),
        FIELD(ncsn_noise_request, 'i', purpose, 7, NCSN_ERR_ARGUMENT),
        {"level 1048576", offsetof(ncsn_noise_request, level), 'u', 1 << 20, NCSN_ERR_ARGUMENT},
        {"step 16777216", offsetof(ncsn_noise_request, step), 'u', 1 << 24, NCSN_ERR_ARGUMENT},
        {"2^48", offsetof(ncsn_noise_request, first_sample), 'q', 281474976710655.0,
         NCSN_ERR_ARGUMENT},
        {"at least one", offsetof(ncsn_noise_request, sample_count), 'u', 0, NCSN_ERR_ARGUMENT},
        FIELD(ncsn_noise_request, 'u', reserved, 1, NCSN_ERR_ARGUMENT),
        FIELD(ncsn_noise_request, 'z', elements_per_sample, 0, NCSN_ERR_ARGUMENT),
        {"address space", offsetof(ncsn_noise_request, elements_per_sample), 'z', 4e18,
         NCSN_ERR_ARGUMENT},
    };
    ncsn_noise_request good = {sizeof good, NCSN_NOISE_CHURN, 3, 2, 40, 2, 0, ELEMENTS};
    ncsn_interpolation strip = a_strip();
    float out[2 * ELEMENTS], first[2 * ELEMENTS];
    CHECK_OK(ncsn_fill_noise(1, &good, first));
    memset(out, 0x5a, sizeof out);
    for (size_t i = 0; i < COUNT(cases); i++) {
        ncsn_noise_request bad = good;
        set_field(&bad, &cases[i]);
        CHECK_ERROR(ncsn_fill_noise(1, &bad, out), cases[i].status, cases[i].word);
        CHECK_ERROR(ncsn_interpolated_noise(&strip, &bad, out), cases[i].status, cases[i].word);
    }
    CHECK(all_bytes(out, 0x5a, sizeof out));
    CHECK_OK(ncsn_fill_noise(1, &good, out));
    CHECK(memcmp(out, first, sizeof out) == 0);
}

int main(void)
{
    ncsn_model *model = gauss_model();
    the_generator_is_the_library_s_own(model);
    strips_end_at_samples(model);
    failures_keep_their_text(model);
    requests_are_checked();
    ncsn_destroy(model);
    puts("ok noise");
    return 0;
}
