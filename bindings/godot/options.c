/* The options of a dictionary, by name: fields of ncsn_sample_params, and two of the job's own. */
#include <stdio.h>
#include <string.h>

#include "job.h"

typedef enum { COUNT, CHOICE, INDEX, NUMBER, SAMPLER, FORMAT, LABEL } field_kind;

typedef struct {
    const char *name;
    field_kind kind;
    size_t offset;
} field;

#define FIELD(name, kind) {#name, kind, offsetof(ncsn_sample_params, name)}
static const field FIELDS[] = {
    FIELD(sample_count, COUNT),   FIELD(seed, INDEX),           FIELD(first_sample, INDEX),
    FIELD(batch_size, COUNT),     FIELD(level_count, COUNT),    FIELD(sigma_max, NUMBER),
    FIELD(sigma_min, NUMBER),     FIELD(rho, NUMBER),           FIELD(schedule, CHOICE),
    FIELD(steps_per_level, COUNT), FIELD(step_size, NUMBER),    FIELD(denoise, CHOICE),
    FIELD(guidance_scale, NUMBER), FIELD(snr, NUMBER),          FIELD(corrector_steps, COUNT),
    FIELD(churn, NUMBER),         FIELD(rtol, NUMBER),          FIELD(atol, NUMBER),
    FIELD(nfe_budget, COUNT),     {"sampler", SAMPLER, 0},      {"format", FORMAT, 0},
    {"label", LABEL, 0},
};

typedef struct {
    const char *name;
    int32_t value;
} choice;

static const choice SAMPLERS[] = {
    {"auto", NCSN_SAMPLER_AUTO},
    {"langevin", NCSN_SAMPLER_LANGEVIN},
    {"annealed_langevin", NCSN_SAMPLER_ANNEALED_LANGEVIN},
    {"consistent_annealed", NCSN_SAMPLER_CONSISTENT_ANNEALED},
    {"reverse_diffusion", NCSN_SAMPLER_REVERSE_DIFFUSION},
    {"ancestral", NCSN_SAMPLER_ANCESTRAL},
    {"euler_maruyama", NCSN_SAMPLER_EULER_MARUYAMA},
    {"predictor_corrector", NCSN_SAMPLER_PREDICTOR_CORRECTOR},
    {"probability_flow", NCSN_SAMPLER_PROBABILITY_FLOW},
    {"euler", NCSN_SAMPLER_EULER},
    {"heun", NCSN_SAMPLER_HEUN},
    {"dpmpp_2m", NCSN_SAMPLER_DPMPP_2M},
    {"sde_dpmpp_2m", NCSN_SAMPLER_SDE_DPMPP_2M},
    {"unipc", NCSN_SAMPLER_UNIPC},
    {"rk45", NCSN_SAMPLER_RK45},
    {NULL, 0},
};

static const choice FORMATS[] = {{"rgba", NCSN_U8_RGBA}, {"float", NCSN_F32_NCHW}, {NULL, 0}};

static void append(char *text, size_t capacity, const char *word) {
    const size_t length = strlen(text);
    snprintf(text + length, capacity - length, "%s%s", length == 0 ? "" : ", ", word);
}

static ncsn_status choose(job *self, const char *name, const choice *choices, job_value value, int32_t *out) {
    char known[512] = "";
    for (; choices->name != NULL; choices++) {
        if (value.kind == JOB_TEXT && strcmp(choices->name, value.text) == 0) {
            *out = choices->value;
            return NCSN_OK;
        }
        append(known, sizeof known, choices->name);
    }
    if (value.kind == JOB_TEXT)
        return job_refuse(self, NCSN_ERR_ARGUMENT, "%s is \"%s\"; it is one of %s", name, value.text, known);
    return job_refuse(self, NCSN_ERR_ARGUMENT, "%s must be text: one of %s", name, known);
}

ncsn_status job_set(job *self, job_options *options, const char *name, job_value value) {
    char known[512] = "";
    const field *wanted = NULL;
    for (size_t i = 0; i < sizeof FIELDS / sizeof *FIELDS; i++) {
        if (strcmp(FIELDS[i].name, name) == 0) wanted = &FIELDS[i];
        append(known, sizeof known, FIELDS[i].name);
    }
    if (wanted == NULL)
        return job_refuse(self, NCSN_ERR_ARGUMENT, "there is no option \"%s\"; there are %s", name, known);
    if (wanted->kind == SAMPLER) return choose(self, name, SAMPLERS, value, &options->params.sampler);
    if (wanted->kind == FORMAT) return choose(self, name, FORMATS, value, &options->format);

    if (value.kind == JOB_INTEGER) value.real = (double)value.integer;
    else if (value.kind != JOB_REAL)
        return job_refuse(self, NCSN_ERR_ARGUMENT, "%s must be a number", name);
    char *const place = (char *)&options->params + wanted->offset;
    if (wanted->kind == NUMBER) {
        *(double *)place = value.real;
        return NCSN_OK;
    }
    if (value.kind == JOB_REAL) {
        /* Numbers that come from JSON are reals, whole ones, too. */
        if (!(value.real > -9e15 && value.real < 9e15) || (double)(int64_t)value.real != value.real)
            return job_refuse(self, NCSN_ERR_ARGUMENT, "%s is %g; it must be a whole number", name, value.real);
        value.integer = (int64_t)value.real;
    }
    const int is_count = wanted->kind == COUNT;
    if (wanted->kind == INDEX) *(uint64_t *)place = (uint64_t)value.integer;
    else if (wanted->kind == LABEL) options->label = value.integer;
    else if (value.integer < (is_count ? 0 : INT32_MIN) || value.integer > (is_count ? (int64_t)UINT32_MAX : INT32_MAX))
        return job_refuse(self, NCSN_ERR_ARGUMENT, "%s is %lld, which is out of range", name, (long long)value.integer);
    else if (is_count) *(uint32_t *)place = (uint32_t)value.integer;
    else *(int32_t *)place = (int32_t)value.integer;
    return NCSN_OK;
}
