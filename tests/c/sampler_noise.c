/* What noise samplers ask for and when, what their scores are for, where their chains start, and
 * what is kept of a known part. */

#include <math.h>

#include "check.h"

enum { LEVELS = COUNT(LADDER), ELEMENTS = 3, SAMPLES = 5, TOTAL = SAMPLES * ELEMENTS };

/* Writes down what is asked of the first micro-batch: a letter for the purpose, and level.step. */
typedef struct recorder {
    char text[1000];
    float value; /* what it answers */
} recorder;

static int32_t record(void *user, const ncsn_noise_request *request, float *out)
{
    static const char letters[] = "?ILPCKR"; /* by NCSN_NOISE_*; K for the known part */
    recorder *at = user;
    size_t used = strlen(at->text);
    CHECK(request->struct_size == sizeof *request && request->reserved == 0);
    CHECK(request->purpose >= NCSN_NOISE_INIT && request->purpose <= NCSN_NOISE_RESAMPLE);
    CHECK(request->elements_per_sample == ELEMENTS);
    if (request->first_sample == 0) {
        snprintf(at->text + used, sizeof at->text - used, "%s%c%u.%u", used > 0 ? " " : "",
                 letters[request->purpose], (unsigned)request->level, (unsigned)request->step);
    }
    for (size_t i = 0; i < request->sample_count * request->elements_per_sample; i++) {
        out[i] = at->value;
    }
    return 0;
}

/* Levels are those of the whole ladder, steps count the evaluations at a level; no two requests of
 * a run are the same. */
static void requests(ncsn_model *model)
{
    static const float known[ELEMENTS], mask[ELEMENTS] = {1.0f, 0.5f, 0.0f};
    static const struct {
        int32_t sampler;
        uint32_t steps; /* T, or M */
        uint32_t start;
        double churn, churn_min;
        uint32_t resample; /* with a known part unless 0 */
        const char *asked;
    } cases[] = {
        {NCSN_SAMPLER_LANGEVIN, 3, 0, 0, 0, 0, "I0.0 L0.0 L0.1 L0.2"},
        {NCSN_SAMPLER_ANNEALED_LANGEVIN, 2, 2, 0, 0, 0, "I2.0 L2.0 L2.1 L3.0 L3.1"},
        {NCSN_SAMPLER_ANNEALED_LANGEVIN, 1, 2, 0, 0, 1, "I2.0 L2.0 K2.0 L3.0 K3.0"},
        {NCSN_SAMPLER_CONSISTENT_ANNEALED, 0, 0, 0, 0, 0, "I0.0 L0.0 L1.0 L2.0"},
        {NCSN_SAMPLER_CONSISTENT_ANNEALED, 2, 2, 0, 0, 0, "I4.0 L4.0 L5.0"},
        {NCSN_SAMPLER_REVERSE_DIFFUSION, 0, 0, 0, 0, 0, "I0.0 P0.0 P1.0 P2.0"},
        {NCSN_SAMPLER_ANCESTRAL, 0, 1, 0, 0, 0, "I1.0 P1.0 P2.0"},
        {NCSN_SAMPLER_EULER_MARUYAMA, 0, 0, 0, 0, 0, "I0.0 P0.0 P1.0 P2.0"},
        {NCSN_SAMPLER_PROBABILITY_FLOW, 0, 0, 0, 0, 0, "I0.0"},
        {NCSN_SAMPLER_PREDICTOR_CORRECTOR, 2, 1, 0, 0, 0,
         "I1.0 L1.0 L1.1 P1.2 L2.0 L2.1 P2.2 L3.0 L3.1"},
        {NCSN_SAMPLER_EULER, 0, 0, 0, 0, 0, "I0.0"},
        {NCSN_SAMPLER_EULER, 0, 0, 1, 0, 0, "I0.0 C0.0 C1.0 C2.0 C3.0"},
        {NCSN_SAMPLER_HEUN, 0, 0, 1, 0.2, 0, "I0.0 C0.0 C1.0 C2.0"},
        {NCSN_SAMPLER_DPMPP_2M, 0, 0, 0, 0, 0, "I0.0"},
        {NCSN_SAMPLER_SDE_DPMPP_2M, 0, 0, 0, 0, 0, "I0.0 P0.0 P1.0 P2.0"},
        {NCSN_SAMPLER_UNIPC, 0, 0, 0, 0, 0, "I0.0"},
        {NCSN_SAMPLER_UNIPC, 0, 2, 0, 0, 1, "I2.0 K2.0"},
        {NCSN_SAMPLER_RK45, 0, 0, 0, 0, 0, "I0.0"},
        {NCSN_SAMPLER_HEUN, 0, 1, 0, 0, 1, "I1.0 K1.1 K2.1"},
        {NCSN_SAMPLER_HEUN, 0, 2, 0, 0, 2, "I2.0 K2.1 R2.1 K2.3"},
        {NCSN_SAMPLER_PREDICTOR_CORRECTOR, 1, 2, 0, 0, 2,
         "I2.0 L2.0 K2.0 P2.1 K2.1 R2.1 L2.2 K2.2 P2.3 K2.3 L3.0 K3.0"},
        {NCSN_SAMPLER_ANCESTRAL, 0, 2, 0, 0, 3,
         "I2.0 P2.0 K2.0 R2.0 P2.1 K2.1 R2.1 P2.2 K2.2"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        ncsn_sample_params params = sampler_params(model, cases[i].sampler);
        recorder at = {.text = ""};
        params.noise = record;
        params.noise_user = &at;
        params.init_kind = NCSN_INIT_NORMAL;
        params.start_level = cases[i].start;
        params.churn = cases[i].churn;
        params.churn_min = cases[i].churn_min;
        if (cases[i].sampler == NCSN_SAMPLER_PREDICTOR_CORRECTOR) {
            params.corrector_steps = cases[i].steps;
        } else {
            params.steps_per_level = cases[i].steps;
        }
        params.step_size = cases[i].sampler == NCSN_SAMPLER_LANGEVIN ? 0.01 : 0.0;
        if (cases[i].resample > 0) {
            params.known = known;
            params.mask = mask;
            params.known_count = ELEMENTS;
            params.resample_steps = cases[i].resample;
        }
        free(sample(model, &params));
        if (strcmp(at.text, cases[i].asked) != 0) {
            check_failed(__FILE__, __LINE__, "sampler %d asked for\n%s, not\n%s",
                         (int)cases[i].sampler, at.text, cases[i].asked);
        }
    }
}

/* Writes down what the scores of the first micro-batch are for, and at which noise level. */
static int32_t watch(void *user, const ncsn_guide_request *request, float *score)
{
    static const char letters[] = "D?LP"; /* by NCSN_NOISE_*; D for the denoising */
    recorder *at = user;
    size_t used = strlen(at->text);
    (void)score;
    CHECK(request->purpose >= 0 && request->purpose <= NCSN_NOISE_PREDICTOR);
    if (request->first_sample == 0) {
        snprintf(at->text + used, sizeof at->text - used, "%s%c%u.%u@%g", used > 0 ? " " : "",
                 letters[request->purpose], (unsigned)request->level, (unsigned)request->step,
                 request->sigma);
    }
    return 0;
}

/* From level 2 on. The step to sigma = 0 is the denoising; Heun's second score and churn are at
 * sigmas of their own. */
static void scores(ncsn_model *model)
{
    static const struct {
        int32_t sampler;
        double churn;
        const char *seen;
    } cases[] = {
        {NCSN_SAMPLER_ANNEALED_LANGEVIN, 0, "L2.0@0.25 L3.0@0.125 D3.0@0.125"},
        {NCSN_SAMPLER_CONSISTENT_ANNEALED, 0, "L2.0@0.25 L3.0@0.125 D3.0@0.125"},
        {NCSN_SAMPLER_REVERSE_DIFFUSION, 0, "P2.0@0.25 D3.0@0.125"},
        {NCSN_SAMPLER_ANCESTRAL, 0, "P2.0@0.25 D3.0@0.125"},
        {NCSN_SAMPLER_EULER_MARUYAMA, 0, "P2.0@0.25 D3.0@0.125"},
        {NCSN_SAMPLER_PROBABILITY_FLOW, 0, "P2.0@0.25 D3.0@0.125"},
        {NCSN_SAMPLER_PREDICTOR_CORRECTOR, 0, "L2.0@0.25 P2.1@0.25 L3.0@0.125 D3.1@0.125"},
        {NCSN_SAMPLER_EULER, 0, "P2.0@0.25 D3.0@0.125"},
        {NCSN_SAMPLER_EULER, 0.4, "P2.0@0.3 D3.0@0.15"}, /* gamma = 0.4 / 2 levels */
        {NCSN_SAMPLER_HEUN, 0, "P2.0@0.25 P2.1@0.125 D3.0@0.125"},
        {NCSN_SAMPLER_HEUN, 0.4, "P2.0@0.3 P2.1@0.125 D3.0@0.15"},
        {NCSN_SAMPLER_DPMPP_2M, 0, "P2.0@0.25 D3.0@0.125"},
        {NCSN_SAMPLER_SDE_DPMPP_2M, 0, "P2.0@0.25 D3.0@0.125"},
        {NCSN_SAMPLER_UNIPC, 0, "P2.0@0.25 D3.0@0.125"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        ncsn_sample_params params = sampler_params(model, cases[i].sampler);
        recorder at = {.text = ""};
        params.guide = watch;
        params.guide_user = &at;
        params.start_level = 2;
        params.churn = cases[i].churn;
        params.steps_per_level = cases[i].sampler == NCSN_SAMPLER_ANNEALED_LANGEVIN ? 1 : 0;
        free(sample(model, &params));
        if (strcmp(at.text, cases[i].seen) != 0) {
            check_failed(__FILE__, __LINE__, "sampler %d: scores for\n%s, not\n%s",
                         (int)cases[i].sampler, at.text, cases[i].seen);
        }
    }
}

/* The chains before the first evaluation. */
static void initial(ncsn_model *model, const ncsn_sample_params *params, float x[TOTAL])
{
    ncsn_run *run = NULL;
    CHECK_OK(ncsn_run_begin(model, params, &run));
    CHECK_OK(ncsn_run_read(run, NCSN_READ_STATE, x, TOTAL * sizeof x[0]));
    ncsn_run_free(run);
}

/* The model's own start, uniform here, is for its own sampler and for Langevin dynamics; others
 * start with N(0, sigma^2), and the automatic choice with the data's mean besides, also where the field holds what ncsn_sample_params_init() wrote. */
static void models_own_start(void)
{
    ncsn_model *model = open_model(MODELS "gauss_sigma.onnx");
    for (int32_t sampler = NCSN_SAMPLER_LANGEVIN; sampler <= NCSN_SAMPLER_SDE_DPMPP_2M; sampler++) {
        ncsn_sample_params params = sampler_params(model, sampler);
        float uniform[TOTAL], normal[TOTAL], x[TOTAL];
        int stays = sampler <= NCSN_SAMPLER_ANNEALED_LANGEVIN;
        params.step_size = sampler == NCSN_SAMPLER_LANGEVIN ? 0.01 : 0.0;
        CHECK(params.init_kind == NCSN_INIT_UNIFORM);
        initial(model, &params, x);
        params.init_kind = 0;
        initial(model, &params, uniform);
        CHECK(memcmp(x, uniform, sizeof x) == 0);
        params.init_kind =
            sampler == NCSN_SAMPLER_AUTO ? NCSN_INIT_MEAN_PLUS_NOISE : NCSN_INIT_NORMAL;
        initial(model, &params, normal);
        CHECK((memcmp(x, normal, sizeof x) == 0) == !stays);
        for (size_t i = 0; i < TOTAL; i++) {
            CHECK(!stays || (x[i] >= 0.0f && x[i] < 1.0f));
        }
    }
    ncsn_destroy(model);
}

/* From level 2 on: given samples with that level's noise, and nothing of the levels before. */
static void image_to_image(ncsn_model *model)
{
    static const int32_t samplers[] = {NCSN_SAMPLER_EULER, NCSN_SAMPLER_HEUN, NCSN_SAMPLER_DPMPP_2M,
                                       NCSN_SAMPLER_UNIPC, NCSN_SAMPLER_PROBABILITY_FLOW,
                                       NCSN_SAMPLER_RK45};
    float init[TOTAL], x[TOTAL];
    for (size_t i = 0; i < TOTAL; i++) {
        init[i] = 0.1f * (float)i;
    }
    for (size_t i = 0; i < COUNT(samplers); i++) {
        ncsn_sample_params params = sampler_params(model, samplers[i]);
        recorder at = {.value = 2.0f};
        void *from_two, *of_two;
        params.noise = record;
        params.noise_user = &at;
        params.init_kind = NCSN_INIT_GIVEN_PLUS_NOISE;
        params.init = init;
        params.init_count = TOTAL;
        params.start_level = 2;
        initial(model, &params, x);
        for (size_t j = 0; j < TOTAL; j++) {
            CHECK(x[j] == init[j] + (float)LADDER[2] * 2.0f);
        }
        from_two = sample(model, &params);
        /* The same as the two levels for themselves: no step looks back beyond the first. */
        params.start_level = 0;
        params.sigmas = LADDER + 2;
        params.sigma_count = LEVELS - 2;
        of_two = sample(model, &params);
        CHECK(memcmp(from_two, of_two, sizeof x) == 0);
        free(from_two);
        free(of_two);
    }
}

/* Where the mask is 1 the sample is the known one, to the bit; one known sample serves for all. */
static void known_part(ncsn_model *model)
{
    static const float one[ELEMENTS] = {-0.0f, 1e-41f, 0.3f}, whole[ELEMENTS] = {1.0f, 1.0f, 1.0f};
    static const float part[ELEMENTS] = {1.0f, 0.0f, 1.0f};
    float all[TOTAL], masks[TOTAL];
    for (size_t i = 0; i < TOTAL; i++) {
        all[i] = one[i % ELEMENTS];
        masks[i] = part[i % ELEMENTS];
    }
    for (int32_t sampler = NCSN_SAMPLER_LANGEVIN; sampler <= NCSN_SAMPLER_SDE_DPMPP_2M; sampler++) {
        for (int32_t denoise = -1; denoise <= 1; denoise++) {
            ncsn_sample_params params = sampler_params(model, sampler);
            float *x, *same;
            if (sampler == NCSN_SAMPLER_RK45) {
                continue; /* refused */
            }
            params.step_size = sampler == NCSN_SAMPLER_LANGEVIN ? 0.01 : 0.0;
            params.steps_per_level = sampler <= NCSN_SAMPLER_ANNEALED_LANGEVIN ? 2 : 0;
            params.denoise = denoise;
            params.known = one;
            params.mask = whole;
            params.known_count = ELEMENTS;
            x = sample(model, &params);
            CHECK(memcmp(x, all, sizeof all) == 0);
            free(x);
            params.mask = part;
            x = sample(model, &params);
            params.known = all;
            params.mask = masks;
            params.known_count = TOTAL;
            same = sample(model, &params);
            CHECK(memcmp(x, same, sizeof all) == 0);
            for (size_t i = 0; i < TOTAL; i++) {
                int is_known = memcmp(&x[i], &all[i], sizeof x[i]) == 0;
                CHECK(is_known == (masks[i] == 1.0f));
            }
            free(x);
            free(same);
        }
    }
}

/* A soft mask, against the recurrence in double: after each of Euler's steps to sigma' the chain is
 * m (y + sigma' z) + (1 - m) x. */
static void soft_mask(ncsn_model *model)
{
    static const float mask[ELEMENTS] = {0.25f, 0.5f, 0.875f};
    static const float known[ELEMENTS] = {-1.0f, 0.0f, 2.0f};
    ncsn_sample_params params = sampler_params(model, NCSN_SAMPLER_EULER);
    recorder at = {.value = -1.5f};
    double x[ELEMENTS];
    float got[TOTAL];
    ncsn_run *run = NULL;
    params.noise = record;
    params.noise_user = &at;
    params.known = known;
    params.mask = mask;
    params.known_count = ELEMENTS;
    CHECK_OK(ncsn_run_begin(model, &params, &run));
    for (size_t e = 0; e < ELEMENTS; e++) {
        x[e] = LADDER[0] * at.value;
    }
    for (size_t level = 0; level < LEVELS; level++) {
        double sigma = LADDER[level], next = level + 1 < LEVELS ? LADDER[level + 1] : 0.0;
        CHECK(ncsn_run_step(run, 1, 0, NULL) == (level + 1 < LEVELS ? NCSN_PENDING : NCSN_OK));
        CHECK_OK(ncsn_run_read(run, NCSN_READ_STATE, got, sizeof got));
        for (size_t e = 0; e < ELEMENTS; e++) {
            x[e] += (sigma - next) * sigma * (GAUSS_MEAN - x[e]) / (GAUSS_VARIANCE + sigma * sigma);
            x[e] = mask[e] * (known[e] + next * at.value) + (1.0 - mask[e]) * x[e];
            for (size_t i = 0; i < SAMPLES; i++) {
                CHECK(fabs(got[i * ELEMENTS + e] - x[e]) < 1e-6);
            }
        }
    }
    ncsn_run_free(run);
}

int main(void)
{
    ncsn_model *model = gauss_model();
    requests(model);
    scores(model);
    models_own_start();
    image_to_image(model);
    known_part(model);
    soft_mask(model);
    ncsn_destroy(model);
    puts("ok sampler_noise");
    return 0;
}
