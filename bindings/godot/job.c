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

ncsn_model_info job_info(const job *self) {
    ncsn_model_info info = {.struct_size = sizeof info};
    if (self->model != NULL) ncsn_get_info(self->model, &info);
    return info;
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

job_now job_poll(job *self) {
    job_now now = {.state = "idle", .progress = {.struct_size = sizeof now.progress}};
    sweep();
    if (self->current == NULL) return now;
    const ncsn_status status = ncsn_run_poll(self->current->run, &now.progress);
    now.state = status == NCSN_PENDING     ? "running"
                : status == NCSN_OK        ? "done"
                : status == NCSN_CANCELLED ? "cancelled"
                                           : "failed";
    if (status < 0) ncsn_run_error(self->current->run, self->error, sizeof self->error);
    if (status == NCSN_OK) now.fraction = 1;
    else if (now.progress.calls_total != 0)
        now.fraction = (double)now.progress.calls_done / (double)now.progress.calls_total;
    return now;
}

void job_cancel(job *self) {
    if (self->current != NULL) ncsn_run_cancel(self->current->run);
}

size_t job_bytes(const job *self) { return self->current == NULL ? 0 : self->current->bytes; }

int32_t job_format(const job *self) { return self->current == NULL ? 0 : self->current->format; }

ncsn_status job_read(job *self, int32_t what, void *out, size_t bytes) {
    if (self->current == NULL) return job_refuse(self, NCSN_ERR_STATE, "nothing was started: call start() first");
    return keep(self, ncsn_run_read(self->current->run, what, out, bytes));
}

ncsn_status job_preview(job *self, void *out, size_t bytes) {
    if (self->current == NULL) return job_refuse(self, NCSN_ERR_STATE, "nothing was started: call start() first");
    ncsn_status status = ncsn_run_read(self->current->run, NCSN_READ_SAMPLE, out, bytes);
    if (status == NCSN_ERR_STATE) status = ncsn_run_read(self->current->run, NCSN_READ_DENOISED, out, bytes);
    return status == NCSN_ERR_STATE ? NCSN_PENDING : keep(self, status);
}
