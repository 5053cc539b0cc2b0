/*
 * A game loop that keeps its 60 frames a second while digits are drawn in it, and a histogram of what the
 * library's calls took of each frame.
 *
 *     digits MODEL.onnx [--step] [--samples N] [--nfe N] [--screenshot FILE.bmp] [--raw FILE]
 *
 * Without --step the run goes on in the background, and a frame polls it and reads the predicted clean
 * pictures straight into the texture. With --step no thread but this one samples: each frame gives the run
 * what is left of its time. --screenshot is taken half way, --raw gets the finished pixels (RGBA).
 */
#include <SDL.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ncsn.h>

enum { FRAME_US = 1000000 / 60, STEP_US = 8000, COLUMNS = 8, BUCKETS = 8 };

/* Upper ends of the histogram's buckets, in microseconds. */
static const uint64_t BUCKET_US[BUCKETS] = {50, 100, 200, 500, 1000, FRAME_US / 2, FRAME_US, UINT64_MAX};

typedef struct {
    const char *model, *screenshot, *raw;
    uint32_t samples, nfe;
    int step;
} arguments;

typedef struct {
    SDL_Window *window;
    SDL_Renderer *renderer;
    SDL_Texture *texture; /* a strip: all samples, one under the other */
    int width, height, samples;
} screen;

static uint64_t now_us(void) {
    return SDL_GetPerformanceCounter() / (SDL_GetPerformanceFrequency() / 1000000);
}

static int fail(const char *what) {
    char text[1024];
    ncsn_last_error(text, sizeof text);
    fprintf(stderr, "%s: %s\n", what, text);
    return EXIT_FAILURE;
}

static int parse(int argc, char **argv, arguments *out) {
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--step") == 0) out->step = 1;
        else if (argv[i][0] != '-' && out->model == NULL) out->model = argv[i];
        else if (value == NULL) return 0;
        else if (strcmp(argv[i], "--samples") == 0) out->samples = (uint32_t)atoi(argv[++i]);
        else if (strcmp(argv[i], "--nfe") == 0) out->nfe = (uint32_t)atoi(argv[++i]);
        else if (strcmp(argv[i], "--screenshot") == 0) out->screenshot = argv[++i];
        else if (strcmp(argv[i], "--raw") == 0) out->raw = argv[++i];
        else return 0;
    }
    return out->model != NULL && out->samples > 0;
}

static int open_screen(screen *s) {
    const int zoom = 2, rows = (s->samples + COLUMNS - 1) / COLUMNS;
    if (SDL_Init(SDL_INIT_VIDEO) != 0) return 0;
    s->window = SDL_CreateWindow("digits", SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED,
                                 COLUMNS * (s->width + 2) * zoom, rows * (s->height + 2) * zoom + 40, 0);
    s->renderer = s->window == NULL ? NULL : SDL_CreateRenderer(s->window, -1, 0);
    s->texture = s->renderer == NULL ? NULL
                                     : SDL_CreateTexture(s->renderer, SDL_PIXELFORMAT_RGBA32, SDL_TEXTUREACCESS_STREAMING,
                                                         s->width, s->height * s->samples);
    return s->texture != NULL;
}

/* What a game would be doing: a ball that never stops. */
static void draw(screen *s, int frame) {
    const int zoom = 2;
    int width, height;
    SDL_GetRendererOutputSize(s->renderer, &width, &height);
    SDL_SetRenderDrawColor(s->renderer, 24, 28, 40, 255);
    SDL_RenderClear(s->renderer);
    for (int k = 0; k < s->samples; k++) {
        const SDL_Rect from = {0, k * s->height, s->width, s->height};
        const SDL_Rect to = {k % COLUMNS * (s->width + 2) * zoom, k / COLUMNS * (s->height + 2) * zoom,
                             s->width * zoom, s->height * zoom};
        SDL_RenderCopy(s->renderer, s->texture, &from, &to);
    }
    const int way = width - 20, at = frame * 4 % (2 * way);
    const SDL_Rect ball = {at < way ? at : 2 * way - at, height - 30, 20, 20};
    SDL_SetRenderDrawColor(s->renderer, 240, 180, 60, 255);
    SDL_RenderFillRect(s->renderer, &ball);
}

static void save_screen(screen *s, const char *path) {
    int width, height;
    SDL_GetRendererOutputSize(s->renderer, &width, &height);
    SDL_Surface *picture = SDL_CreateRGBSurfaceWithFormat(0, width, height, 24, SDL_PIXELFORMAT_BGR24);
    if (picture == NULL || SDL_RenderReadPixels(s->renderer, NULL, picture->format->format, picture->pixels, picture->pitch) != 0 ||
        SDL_SaveBMP(picture, path) != 0)
        fprintf(stderr, "%s: %s\n", path, SDL_GetError());
    SDL_FreeSurface(picture);
}

static void count(uint64_t *histogram, uint64_t took) {
    int i = 0;
    while (took > BUCKET_US[i]) i++;
    histogram[i]++;
}

static void print_histogram(const uint64_t *calls, const uint64_t *frames) {
    printf("%14s %14s %14s\n", "up to", "our calls", "whole frame");
    for (int i = 0; i < BUCKETS; i++)
        if (BUCKET_US[i] == UINT64_MAX) printf("%14s %14llu %14llu\n", "longer", (unsigned long long)calls[i], (unsigned long long)frames[i]);
        else printf("%11llu us %14llu %14llu\n", (unsigned long long)BUCKET_US[i], (unsigned long long)calls[i], (unsigned long long)frames[i]);
}

/* Reads the latest pictures into the texture. `pitch` is what the run was begun with: SDL keeps the pitch
 * of a streaming texture. */
static ncsn_status show(screen *s, ncsn_run *run, int32_t what, int pitch) {
    void *pixels;
    int locked_pitch;
    if (SDL_LockTexture(s->texture, NULL, &pixels, &locked_pitch) != 0) return NCSN_ERR_BUFFER;
    const size_t bytes = (size_t)pitch * (size_t)(s->height * s->samples);
    const ncsn_status status = locked_pitch == pitch ? ncsn_run_read(run, what, pixels, bytes) : NCSN_ERR_BUFFER;
    SDL_UnlockTexture(s->texture);
    return status;
}

static int save_raw(screen *s, ncsn_run *run, int pitch, const char *path) {
    void *pixels;
    if (SDL_LockTexture(s->texture, NULL, &pixels, &pitch) != 0) return 0;
    FILE *file = fopen(path, "wb");
    int ok = file != NULL && ncsn_run_read(run, NCSN_READ_SAMPLE, pixels, (size_t)pitch * (size_t)(s->height * s->samples)) == NCSN_OK;
    for (int y = 0; ok && y < s->height * s->samples; y++)
        ok = fwrite((uint8_t *)pixels + (size_t)y * (size_t)pitch, 4, (size_t)s->width, file) == (size_t)s->width;
    if (file != NULL) ok = fclose(file) == 0 && ok;
    SDL_UnlockTexture(s->texture);
    return ok;
}

static int play(screen *s, ncsn_run *run, int pitch, const arguments *args) {
    uint64_t calls[BUCKETS] = {0}, frames[BUCKETS] = {0}, previews = 0, shown = 0;
    ncsn_progress now = {.struct_size = sizeof now};
    ncsn_status status = NCSN_PENDING;
    int frame = 0, pictured = 0, quit = 0;
    while (status == NCSN_PENDING && !quit) {
        const uint64_t began = now_us();
        for (SDL_Event event; SDL_PollEvent(&event);) quit |= event.type == SDL_QUIT;

        const uint64_t calling = now_us();
        status = args->step ? ncsn_run_step(run, 0, STEP_US, &now) : ncsn_run_poll(run, &now);
        /* Nothing new: nothing to copy. */
        if (now.nfe_done != shown && show(s, run, status == NCSN_OK ? NCSN_READ_SAMPLE : NCSN_READ_DENOISED, pitch) == NCSN_OK) {
            shown = now.nfe_done;
            previews++;
        }
        count(calls, now_us() - calling);

        draw(s, frame++);
        if (args->screenshot != NULL && !pictured && 2 * now.calls_done >= now.calls_total) {
            save_screen(s, args->screenshot);
            pictured = 1;
        }
        SDL_RenderPresent(s->renderer);
        const uint64_t took = now_us() - began;
        count(frames, took);
        if (took < FRAME_US) SDL_Delay((uint32_t)((FRAME_US - took) / 1000));
    }
    printf("%s: %d frames, %llu previews, %.1f ms an evaluation\n", args->step ? "stepped" : "background", frame,
           (unsigned long long)previews, 1e3 * now.call_seconds);
    print_histogram(calls, frames);
    if (quit) return EXIT_SUCCESS;
    if (status != NCSN_OK) {
        char text[1024];
        ncsn_run_error(run, text, sizeof text);
        fprintf(stderr, "sampling: %s\n", text);
        return EXIT_FAILURE;
    }
    if (args->raw != NULL && !save_raw(s, run, pitch, args->raw)) {
        perror(args->raw);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    arguments args = {.samples = 64};
    if (!parse(argc, argv, &args)) {
        fprintf(stderr, "usage: %s MODEL.onnx [--step] [--samples N] [--nfe N] [--screenshot FILE.bmp] [--raw FILE]\n", argv[0]);
        return EXIT_FAILURE;
    }
    /* A core is left to the game; when the game steps the run itself there is none to leave. */
    ncsn_model_options options;
    ncsn_model_options_init(&options, sizeof options);
    if (!args.step && SDL_GetCPUCount() > 1) options.intra_threads = (uint32_t)SDL_GetCPUCount() - 1;
    ncsn_model *model = NULL;
    ncsn_model_info info = {.struct_size = sizeof info};
    ncsn_sample_params params;
    if (ncsn_create(args.model, &options, &model) != NCSN_OK || ncsn_get_info(model, &info) != NCSN_OK ||
        ncsn_sample_params_init(model, &params, sizeof params) != NCSN_OK)
        return fail("loading the model");
    if (info.rank != 3) {
        fprintf(stderr, "%s draws no pictures\n", args.model);
        return EXIT_FAILURE;
    }

    screen s = {.width = (int)info.shape[2], .height = (int)info.shape[1], .samples = (int)args.samples};
    void *pixels;
    int pitch;
    if (!open_screen(&s) || SDL_LockTexture(s.texture, NULL, &pixels, &pitch) != 0) {
        fprintf(stderr, "SDL: %s\n", SDL_GetError());
        return EXIT_FAILURE;
    }
    memset(pixels, 0, (size_t)pitch * (size_t)(s.height * s.samples));
    SDL_UnlockTexture(s.texture);

    params.sample_count = args.samples;
    params.seed = 7;
    params.output_format = NCSN_U8_RGBA;
    params.row_pitch = (size_t)pitch;
    /* One sample at a time is the finest step; in the background a few at once are faster. */
    params.batch_size = args.step ? 1 : 8;
    if (args.nfe != 0) {
        params.sampler = NCSN_SAMPLER_ANCESTRAL;
        params.level_count = args.nfe;
    }
    ncsn_run *run = NULL;
    if (ncsn_run_begin(model, &params, &run) != NCSN_OK || (!args.step && ncsn_run_start(run) != NCSN_OK)) return fail("starting");
    const int result = play(&s, run, pitch, &args);
    ncsn_run_free(run);
    ncsn_destroy(model);
    SDL_Quit();
    return result;
}
