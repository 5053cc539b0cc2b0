/* Pixels straight into a texture's buffer: rows of any pitch, of samples, states and estimates, and what
 * lies between rows is nobody's business. */

#include "check.h"

enum { WIDTH = 3, HEIGHT = 2, SAMPLES = 5, FILL = 0x5a };

static int32_t image_score(void *user, const float *x, double sigma, const int64_t *labels,
                           uint32_t sample_count, float *out)
{
    static size_t elements = WIDTH * HEIGHT;
    (void)user;
    return gauss_score(&elements, x, sigma, labels, sample_count, out);
}

static ncsn_model *image_model(void)
{
    static const int64_t shape[] = {1, HEIGHT, WIDTH};
    return callback_model(image_score, NULL, shape, 3);
}

/* The tight rows of `tight` at the pitch, and everything between them as it was. */
static void check_rows(const unsigned char *pitched, const unsigned char *tight, size_t row,
                       size_t pitch)
{
    for (size_t i = 0; i < (size_t)SAMPLES * HEIGHT; i++) {
        CHECK(memcmp(pitched + i * pitch, tight + i * row, row) == 0);
        CHECK(all_bytes(pitched + i * pitch + row, FILL, pitch - row));
    }
}

typedef struct seen {
    const unsigned char *tight;
    size_t row, pitch;
    int previews;
} seen;

static int32_t watch(void *user, const ncsn_progress *now)
{
    seen *at = user;
    if (now->phase == NCSN_PHASE_DONE) {
        const unsigned char *preview = now->preview;
        CHECK(now->preview_bytes == at->pitch * HEIGHT * SAMPLES);
        for (size_t i = 0; i < (size_t)SAMPLES * HEIGHT; i++) {
            CHECK(memcmp(preview + i * at->pitch, at->tight + i * at->row, at->row) == 0);
        }
        at->previews++;
    }
    return 0;
}

static void at_pitch(ncsn_model *model, int32_t format, size_t channels, size_t more)
{
    ncsn_sample_params params = small_params(model);
    size_t row = WIDTH * channels, pitch = row + more, bytes;
    unsigned char *tight, *pitched;
    seen at;
    ncsn_run *run = NULL;
    CHECK(params.sample_count == SAMPLES);
    params.output_format = format;
    tight = sample(model, &params);
    at = (seen){tight, row, pitch, 0};
    params.row_pitch = pitch;
    params.progress = watch;
    params.progress_user = &at;
    params.preview_every = 1;
    bytes = output_size(model, &params);
    CHECK(bytes == pitch * HEIGHT * SAMPLES);
    pitched = allocate(bytes);
    memset(pitched, FILL, bytes);
    CHECK_ERROR(ncsn_sample(model, &params, pitched, bytes - 1), NCSN_ERR_BUFFER, "ncsn_output_size");
    CHECK(all_bytes(pitched, FILL, bytes));
    CHECK_OK(ncsn_sample(model, &params, pitched, bytes));
    CHECK(at.previews == 1);
    check_rows(pitched, tight, row, pitch);

    /* The same from a run that was saved in the middle, and its estimates on the way. */
    params.progress = NULL;
    CHECK_OK(ncsn_run_begin(model, &params, &run));
    CHECK_STATUS(ncsn_run_step(run, 2, 0, NULL), NCSN_PENDING);
    for (int32_t what = NCSN_READ_STATE; what <= NCSN_READ_DENOISED; what++) {
        memset(pitched, FILL, bytes);
        CHECK_OK(ncsn_run_read(run, what, pitched, bytes));
        CHECK(all_bytes(pitched + row, FILL, more) && !all_bytes(pitched, FILL, row));
    }
    {
        size_t size;
        void *saved = save(run, &size);
        ncsn_run_free(run);
        CHECK_OK(ncsn_run_load(model, saved, size, &run));
        free(saved);
    }
    CHECK_OK(ncsn_run_start(run));
    CHECK_OK(ncsn_run_wait(run, 0));
    memset(pitched, FILL, bytes);
    CHECK_OK(ncsn_run_read(run, NCSN_READ_SAMPLE, pitched, bytes));
    check_rows(pitched, tight, row, pitch);
    ncsn_run_free(run);
    free(pitched);
    free(tight);
}

static void refusals(ncsn_model *model)
{
    ncsn_sample_params params = small_params(model);
    params.row_pitch = 12;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "NCSN_F32_NCHW");
    params.output_format = NCSN_U8_RGBA;
    params.row_pitch = 4 * WIDTH - 1;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "row_pitch = 11");
    params.row_pitch = SIZE_MAX;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "address space");
    params.row_pitch = SIZE_MAX / 4;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "address space");
    /* One sample fits the address space, five do not. */
    params.row_pitch = SIZE_MAX / 16;
    REFUSED(model, &params, NCSN_ERR_ARGUMENT, "sample_count");
}

int main(void)
{
    ncsn_model *model = image_model();
    at_pitch(model, NCSN_U8_GRAY, 1, 0);
    at_pitch(model, NCSN_U8_GRAY, 1, 5);
    at_pitch(model, NCSN_U8_RGB, 3, 1);
    at_pitch(model, NCSN_U8_RGBA, 4, 244);
    refusals(model);
    ncsn_destroy(model);
    puts("ok pixels");
    return 0;
}
