/* What the programs of this folder share: how they fail, and the pictures that they write. */
#ifndef NCSN_EXAMPLE_H
#define NCSN_EXAMPLE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ncsn.h"

/* Says what the library's last error was; for main to return. */
static int fail(const char *what) {
    char text[1024];
    ncsn_last_error(text, sizeof text);
    fprintf(stderr, "%s: %s\n", what, text);
    return EXIT_FAILURE;
}

/* Writes a binary PGM of `count` gray pictures in rows of `columns`, with a gap of two pixels. 1 on
 * success; else errno says why not. */
static int write_pgm(const char *path, const uint8_t *pixels, size_t count, size_t columns,
                     size_t height, size_t width) {
    const size_t gap = 2;
    const size_t rows = (count + columns - 1) / columns;
    const size_t grid_width = columns * (width + gap) + gap;
    const size_t grid_height = rows * (height + gap) + gap;
    uint8_t *grid = calloc(grid_width, grid_height);
    FILE *file = fopen(path, "wb");
    int ok = grid != NULL && file != NULL;
    for (size_t k = 0; ok && k < count; k++) {
        uint8_t *corner = grid + (k / columns * (height + gap) + gap) * grid_width +
                          k % columns * (width + gap) + gap;
        for (size_t y = 0; y < height; y++)
            memcpy(corner + y * grid_width, pixels + (k * height + y) * width, width);
    }
    ok = ok && fprintf(file, "P5\n%zu %zu\n255\n", grid_width, grid_height) > 0 &&
         fwrite(grid, grid_width, grid_height, file) == grid_height;
    if (file != NULL) ok = fclose(file) == 0 && ok;
    free(grid);
    return ok;
}

#endif
