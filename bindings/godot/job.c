#include "job.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A run and what is asked of it again and again. A node of `retired` when nobody owns it any more. */
typedef struct background {
    ncsn_run *run;
    size_t bytes;
    int32_t format;
    struct background *next;
} background;

struct job {
    ncsn_model *model;
    background *current;
    char error[1024];
};

/* Runs that nobody wants and whose last evaluation may still be in flight. ncsn_run_free() would wait for
 * it, and a frame must not; they are freed here when they have come to rest. */
static _Atomic(background *) retired;

static void retire(background *old) {
    if (old == NULL) return;
    ncsn_run_cancel(old->run);
    background *head = atomic_load(&retired);
    do old->next = head;
    while (!atomic_compare_exchange_weak(&retired, &head, old));
}

static void release(background *old) {
    ncsn_run_free(old->run);
    free(old);
}

/* Frees the retired runs that are at rest. */
static void sweep(void) {
    background *list = atomic_exchange(&retired, NULL);
    while (list != NULL) {
        background *old = list;
        list = old->next;
        ncsn_progress now = {.struct_size = sizeof now};
        if (ncsn_run_poll(old->run, &now) == NCSN_PENDING) retire(old);
        else release(old);
    }
}

void job_finish_all(void) {
    background *list = atomic_exchange(&retired, NULL);
    while (list != NULL) {
        background *old = list;
        list = old->next;
        release(old);
    }
}

job *job_new(void) {
    sweep();
    return calloc(1, sizeof(job));
}

void job_free(job *self) {
    if (self == NULL) return;
    retire(self->current);
    ncsn_destroy(self->model);
    free(self);
    sweep();
}

const char *job_error(const job *self) { return self->error; }

ncsn_status job_refuse(job *self, ncsn_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(self->error, sizeof self->error, format, arguments);
    va_end(arguments);
    return status;
}

/* Keeps the library's text: the engine asks for it when the thread may have had another error. */
static ncsn_status keep(job *self, ncsn_status status) {
    if (status < 0) ncsn_last_error(self->error, sizeof self->error);
    return status;
}

static ncsn_status load(job *self, const char *path, const void *bytes, size_t size, int64_t threads) {
    ncsn_model_options options;
    ncsn_model *model = NULL;
    if (threads < 0 || threads > UINT32_MAX)
        return job_refuse(self, NCSN_ERR_ARGUMENT, "threads is %lld; it is 0 (all) or more", (long long)threads);
    ncsn_status status = ncsn_model_options_init(&options, sizeof options);
    if (status != NCSN_OK) return keep(self, status);
    options.intra_threads = (uint32_t)threads;
    status = path != NULL ? ncsn_create(path, &options, &model)
                          : ncsn_create_from_memory(bytes, size, &options, &model);
    if (status != NCSN_OK) return keep(self, status);
    retire(self->current);
    self->current = NULL;
    ncsn_destroy(self->model);
    self->model = model;
    sweep();
    return NCSN_OK;
}

ncsn_status job_load(job *self, const char *path, int64_t intra_threads) {
    return load(self, path, NULL, 0, intra_threads);
}

ncsn_status job_load_bytes(job *self, const void *bytes, size_t size, int64_t intra_threads) {
    return load(self, NULL, bytes, size, intra_threads);
}

static job_field integer(const char *name, uint64_t value) {
    return (job_field){name, {.kind = JOB_INTEGER, .integer = (int64_t)value}};
}

static job_field real(const char *name, double value) { return (job_field){name, {.kind = JOB_REAL, .real = value}}; }

static job_field text(const char *name, const char *value) {
    return (job_field){name, {.kind = JOB_TEXT, .text = value != NULL ? value : ""}};
}

static ncsn_model_info describe(const job *self) {
    ncsn_model_info info = {.struct_size = sizeof info};
    if (self->model != NULL) ncsn_get_info(self->model, &info);
    return info;
}

size_t job_info(const job *self, job_field *fields) {
    const ncsn_model_info info = describe(self);
    size_t count = 0;
    fields[count++] = integer("levels", info.level_count);
    fields[count++] = integer("classes", info.class_count);
    fields[count++] = integer("threads", info.intra_threads);
    fields[count++] = text("description", info.description);
    fields[count++] = text("runtime", info.runtime_version);
    return count;
}

const int64_t *job_shape(const job *self, size_t *rank) {
    const ncsn_model_info info = describe(self);
    *rank = info.rank;
    return info.shape;
}

ncsn_status job_options_init(job *self, job_options *options) {
    if (self->model == NULL) return job_refuse(self, NCSN_ERR_STATE, "no model: call load() or load_bytes() first");
    options->format = 0;
    options->label = -1;
    return keep(self, ncsn_sample_params_init(self->model, &options->params, sizeof options->params));
}

ncsn_status job_start(job *self, const job_options *options) {
    if (self->model == NULL) return job_refuse(self, NCSN_ERR_STATE, "no model: call load() or load_bytes() first");
    ncsn_sample_params params = options->params;
    background *next = calloc(1, sizeof *next);
    int64_t *labels = NULL;
    ncsn_status status = NCSN_ERR_OUT_OF_MEMORY;
    if (next == NULL) goto refused;
    if (options->label != -1) {
        params.label_count = params.sample_count;
        params.labels = labels = malloc(sizeof *labels * params.label_count);
        if (labels == NULL) goto refused;
        for (size_t k = 0; k < params.label_count; k++) labels[k] = options->label;
    }
    params.output_format = options->format != 0 ? options->format : NCSN_U8_RGBA;
    status = ncsn_output_size(self->model, &params, &next->bytes);
    if (status != NCSN_OK && options->format == 0) {
        params.output_format = NCSN_F32_NCHW; /* what is no picture */
        status = ncsn_output_size(self->model, &params, &next->bytes);
    }
    next->format = params.output_format;
    if (status == NCSN_OK) status = ncsn_run_begin(self->model, &params, &next->run);
    if (status == NCSN_OK) status = ncsn_run_start(next->run);
    if (status != NCSN_OK) goto failed;
    free(labels);
    retire(self->current);
    self->current = next;
    self->error[0] = 0;
    sweep();
    return NCSN_OK;

failed:
    keep(self, status);
    ncsn_run_free(next->run);
refused:
    if (status == NCSN_ERR_OUT_OF_MEMORY && self->error[0] == 0) job_refuse(self, status, "out of memory");
    free(labels);
    free(next);
    return status;
}

size_t job_poll(job *self, job_field *fields) {
    ncsn_progress now = {.struct_size = sizeof now};
    const char *state = "idle";
    double fraction = 0;
    sweep();
    if (self->current != NULL) {
        const ncsn_status status = ncsn_run_poll(self->current->run, &now);
        state = status == NCSN_PENDING     ? "running"
                : status == NCSN_OK        ? "done"
                : status == NCSN_CANCELLED ? "cancelled"
                                           : "failed";
        if (status < 0) ncsn_run_error(self->current->run, self->error, sizeof self->error);
        if (status == NCSN_OK) fraction = 1;
        else if (now.calls_total != 0) fraction = (double)now.calls_done / (double)now.calls_total;
    }
    size_t count = 0;
    fields[count++] = text("state", state);
    fields[count++] = real("progress", fraction);
    fields[count++] = integer("level", now.level);
    fields[count++] = integer("level_count", now.level_count);
    fields[count++] = real("sigma", now.sigma);
    fields[count++] = integer("calls_done", now.calls_done);
    fields[count++] = integer("calls_total", now.calls_total);
    fields[count++] = real("elapsed_seconds", now.elapsed_seconds);
    fields[count++] = real("remaining_seconds", now.remaining_seconds);
    return count;
}

void job_cancel(job *self) {
    if (self->current != NULL) ncsn_run_cancel(self->current->run);
}

size_t job_bytes(const job *self) { return self->current == NULL ? 0 : self->current->bytes; }

ncsn_status job_image(job *self, void *out, size_t bytes) {
    if (self->current == NULL) return NCSN_PENDING;
    if (self->current->format == NCSN_F32_NCHW)
        return job_refuse(self, NCSN_ERR_STATE, "this run draws floats, not pixels; start it with \"format\": \"rgba\"");
    ncsn_status status = ncsn_run_read(self->current->run, NCSN_READ_SAMPLE, out, bytes);
    if (status == NCSN_ERR_STATE) status = ncsn_run_read(self->current->run, NCSN_READ_DENOISED, out, bytes);
    return status == NCSN_ERR_STATE ? NCSN_PENDING : keep(self, status);
}

ncsn_status job_result(job *self, void *out, size_t bytes) {
    if (self->current == NULL) return job_refuse(self, NCSN_ERR_STATE, "nothing was started: call start() first");
    if (self->current->format != NCSN_F32_NCHW)
        return job_refuse(self, NCSN_ERR_STATE, "this run draws pixels, see image(); for floats start it with \"format\": \"float\"");
    return keep(self, ncsn_run_read(self->current->run, NCSN_READ_SAMPLE, out, bytes));
}

ncsn_status job_takes(job *self, const char *usage, int64_t least, int64_t most, int64_t count) {
    if (count >= least && count <= most) return NCSN_OK;
    return job_refuse(self, NCSN_ERR_ARGUMENT, "%s takes %d to %d arguments, not %d", usage, (int)least, (int)most, (int)count);
}
