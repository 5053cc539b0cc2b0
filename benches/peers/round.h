/* What the contenders in C share: the clock, the failing, and the loop that does a round for each line on stdin. */

#ifndef ROUND_H
#define ROUND_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static inline void fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static inline double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + 1e-9 * (double)at.tv_nsec;
}

/* Parses "1,0.5,0.25" into at most `room` numbers; returns how many. */
static inline size_t numbers(const char *text, double *out, size_t room)
{
    size_t count = 0;
    for (char *end; *text; text = *end == ',' ? end + 1 : end) {
        if (count == room) fail(text, "too many numbers");
        out[count++] = strtod(text, &end);
        if (end == text) fail(text, "no number");
    }
    return count;
}

/* `round` draws with a seed; `samples` is where it leaves `count` values, NULL if there are none. Each line on stdin
 * is a seed and the steps at each level, each answer the seconds it took and the samples' root mean square. The first
 * round, of one step, is not asked for: "ready" says that everything is loaded and has been used. */
static inline void serve(void (*round)(uint64_t seed, unsigned steps), const float *samples, size_t count)
{
    char line[64];
    round(0, 1);
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        char *rest;
        uint64_t seed = strtoull(line, &rest, 10);
        unsigned steps = (unsigned)strtoul(rest, NULL, 10);
        double start = now(), sum = 0;
        round(seed, steps);
        double seconds = now() - start;
        for (size_t i = 0; samples && i < count; i++) sum += (double)samples[i] * samples[i];
        printf("%.9f %.6g\n", seconds, samples ? sqrt(sum / (double)count) : 0.0);
        fflush(stdout);
    }
}

#endif
