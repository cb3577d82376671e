/* What the cells in C do alike with packed sequences, (N, ...): sizes[t] rows at step t, never more than at the step
   before, N together. */

#ifndef SEQUENCE_H
#define SEQUENCE_H

#include "simd.h"

#define BLOCK 48 /* rows that go through a sequence together: what they need stays in the first cache */

static inline int64_t total(int64_t T, const int64_t *sizes) {
    int64_t rows = 0;
    for (int64_t t = 0; t < T; t++) rows += sizes[t];
    return rows;
}

/* Rows of the next steps together: so many that a product is as fast as it can be, so few that its result is still in
   the cache when the steps take it. */
static inline int64_t rows_ahead(int64_t T, const int64_t *sizes, int64_t t) {
    int64_t rows = 0;
    while (t < T && rows < 128) rows += sizes[t++];
    return rows;
}

/* Rows of x (rows, F), and of time (rows,) where there is one, into the first columns of inputs (rows, width). */
static inline void copy_inputs(int64_t rows, int64_t F, const float *x, const float *time, int64_t width,
                               float *inputs) {
    for (int64_t r = 0; r < rows; r++) {
        memcpy(inputs + r * width, x + r * F, F * sizeof(float));
        if (time) inputs[r * width + F] = time[r];
    }
}

/* Rows of a (rows, n) into columns of b, whose rows are width apart. */
static inline void copy_rows(int64_t rows, int64_t n, const float *a, int64_t width, float *b) {
    for (int64_t r = 0; r < rows; r++) memcpy(b + r * width, a + r * n, n * sizeof(float));
}

static inline void add_to(int64_t n, const float *restrict a, float *restrict b) {
    for (int64_t i = 0; i < n; i++) b[i] += a[i];
}

#endif
