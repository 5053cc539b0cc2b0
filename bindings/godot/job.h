/*
 * A model, a run that goes on in the background, and the latest picture of it: what a game engine wants of
 * libncsn, without the engine. godot3.c and godot4.c translate between this and their engine's values.
 *
 * No call waits for the network (job_load() aside). A job belongs to one thread at a time.
 */
#ifndef NCSN_JOB_H
#define NCSN_JOB_H

#include <ncsn.h>

/* What the engine finds by name; everything else stays inside. */
#ifdef _WIN32
#define JOB_EXPORT __declspec(dllexport)
#else
#define JOB_EXPORT __attribute__((visibility("default")))
#endif

typedef struct job job;

/* A value of an options dictionary. */
typedef enum { JOB_INTEGER, JOB_REAL, JOB_TEXT, JOB_OTHER } job_kind;
typedef struct {
    job_kind kind;
    int64_t integer;
    double real;
    const char *text; /* UTF-8 */
} job_value;

typedef struct {
    ncsn_sample_params params;
    int32_t format; /* NCSN_U8_RGBA, NCSN_F32_NCHW; 0: pixels if the model draws pictures */
    int64_t label;  /* of all samples; -1: none */
} job_options;

/* An entry of a dictionary that goes to the engine. */
typedef struct {
    const char *name;
    job_value value;
} job_field;
enum { JOB_FIELDS = 9 }; /* at most, of job_info() and job_poll() */

job *job_new(void);

/* Cancels what goes on and returns at once; a run whose evaluation is in flight is freed by a later call. */
void job_free(job *self);

/* Frees the runs that job_free() and job_start() left behind, and waits for them: for when the engine
 * unloads this code. */
void job_finish_all(void);

/* A text for the last call of this job that returned an error, or for a run that failed. */
const char *job_error(const job *self);

/* intra_threads: threads inside one evaluation, 0: all of the machine's. Blocks while the file is read. */
ncsn_status job_load(job *self, const char *path, int64_t intra_threads);
ncsn_status job_load_bytes(job *self, const void *bytes, size_t size, int64_t intra_threads);

/* Fills `fields`, returns how many: what the model is, and where the run is. */
size_t job_info(const job *self, job_field *fields);
size_t job_poll(job *self, job_field *fields);

/* The extents of a sample (channels, height, width for pictures), their number in `*rank`. Live as long as
 * the model; none before one is loaded. */
const int64_t *job_shape(const job *self, size_t *rank);

ncsn_status job_options_init(job *self, job_options *options);

/* `name` is a field of ncsn_sample_params, or `format` ("rgba", "float"), `label`. */
ncsn_status job_set(job *self, job_options *options, const char *name, job_value value);

/* Begins, in the background. A run that goes on already is cancelled. */
ncsn_status job_start(job *self, const job_options *options);

void job_cancel(job *self);

/* Bytes that the two calls below write: all samples, one after the other. Pixels are a strip, as wide as a
 * sample and sample_count times as high. 0 before job_start(). */
size_t job_bytes(const job *self);

/* The latest pixels: samples when they are done, else the predicted clean ones. NCSN_PENDING before there
 * are any. An error for a run that draws floats. */
ncsn_status job_image(job *self, void *out, size_t bytes);

/* The finished samples of a run that draws floats. */
ncsn_status job_result(job *self, void *out, size_t bytes);

/* NCSN_OK when `count` arguments are from `least` to `most`; `usage` goes into the text. */
ncsn_status job_takes(job *self, const char *usage, int64_t least, int64_t most, int64_t count);

/* Sets the text and returns `status`, for what a shim finds wrong itself. */
ncsn_status job_refuse(job *self, ncsn_status status, const char *format, ...);

#endif
