/* Small kernels that the recurrent cells in C consist of: float32, row-major, one thread.

   Nothing here is for one kind of processor: vec is a vector of the width that it has, in the sense of GCC and Clang, and
   loops over elements are left to them: omp simd, with simdlen(16) where GCC would take half of the widest registers. */

#ifndef SIMD_H
#define SIMD_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/* A tile of a product is ROWS by WIDTH: as many sums at once as the registers hold. */
#if defined(__AVX512F__)
#define LANES 16
#define ROWS 8
#elif defined(__AVX__)
#define LANES 8
#define ROWS 6
#else
#define LANES 4
#define ROWS 6
#endif
#define WIDTH (2 * LANES)
typedef float vec __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));

/* Room for so many floats, to be given back by free. */
static inline float *room(long floats) {
    float *found = malloc((floats > 0 ? floats : 1) * sizeof(float));
    if (!found) abort();
    return found;
}

/* ---- products ---------------------------------------------------------------------------------------------------

   multiply gives C (m, n) = A (m, k) B (k, n), or adds that to C. B is packed once and used at every time step: a panel
   of WIDTH columns after the other, each [k][WIDTH], the last one filled up with zeros. A is read where it is, with any
   strides, so that it may be transposed. */

static inline long packed_size(long k, long n) { return (n + WIDTH - 1) / WIDTH * WIDTH * k; }

/* B[p][j] lies at b[p * by_row + j * by_column]: a weight W (n, k) row-major, for x W^T, has by_row 1, by_column k. */
static inline void pack(long k, long n, const float *restrict b, long by_row, long by_column, float *restrict packed) {
    for (long first = 0; first < n; first += WIDTH) {
        long columns = n - first < WIDTH ? n - first : WIDTH;
        for (long p = 0; p < k; p++, packed += WIDTH) {
            for (long j = 0; j < columns; j++) packed[j] = b[p * by_row + (first + j) * by_column];
            for (long j = columns; j < WIDTH; j++) packed[j] = 0.0f;
        }
    }
}

/* A tile of C of which the first columns are written; rows is known where this is inlined. */
INLINE void tile(int rows, long k, const float *a, long by_row, long by_k, const float *panel, float *c, long c_row,
                 long columns, int add) {
    vec left[ROWS], right[ROWS];
    for (int r = 0; r < rows; r++) left[r] = right[r] = (vec){0};
    for (long p = 0; p < k; p++, a += by_k, panel += WIDTH) {
        vec b0 = *(const vec *)panel, b1 = *(const vec *)(panel + LANES);
        for (int r = 0; r < rows; r++) {
            left[r] += a[r * by_row] * b0;
            right[r] += a[r * by_row] * b1;
        }
    }
    for (int r = 0; r < rows; r++) {
        float *to = c + r * c_row, edge[WIDTH];
        float *sum = columns < WIDTH ? edge : to;
        if (columns < WIDTH && add) memcpy(edge, to, columns * sizeof(float));
        if (add) left[r] += *(vec *)sum, right[r] += *(vec *)(sum + LANES);
        *(vec *)sum = left[r];
        *(vec *)(sum + LANES) = right[r];
        if (columns < WIDTH) memcpy(to, edge, columns * sizeof(float));
    }
}

/* A[i][p] lies at a[i * by_row + p * by_k], C[i][j] at c[i * c_row + j]. */
static __attribute__((noinline, unused)) void multiply(long m, long n, long k, const float *a, long by_row, long by_k,
                                                       const float *packed, float *c, long c_row, int add) {
    for (long j = 0; j < n; j += WIDTH) {
        const float *panel = packed + j * k;
        long columns = n - j < WIDTH ? n - j : WIDTH, i = 0;
#define TILES(rows) \
    for (; i + rows <= m; i += rows) \
        tile(rows, k, a + i * by_row, by_row, by_k, panel, c + i * c_row + j, c_row, columns, add)
        TILES(ROWS);
        TILES(4);
        TILES(2);
        TILES(1);
#undef TILES
    }
}

/* Add the sum of the rows of a (rows, n) to total (n,), block after block so that little is rounded away. */
static __attribute__((noinline, unused)) void add_rows(long rows, long n, const float *restrict a,
                                                       float *restrict total) {
    for (long block = 0; block < rows; block += 64) {
        long end = block + 64 < rows ? block + 64 : rows, j = 0;
        for (; j + LANES <= n; j += LANES) {
            vec sum = {0};
            for (long r = block; r < end; r++) sum += *(const vec *)(a + r * n + j);
            *(vec *)(total + j) += sum;
        }
        for (; j < n; j++) {
            float sum = 0.0f;
            for (long r = block; r < end; r++) sum += a[r * n + j];
            total[j] += sum;
        }
    }
}

/* ---- functions of one number ------------------------------------------------------------------------------------ */

/* 2^n (1 + q) = exp(x), with n whole, y = x log2(e), |y - n| <= 1/2 and q = 2^(y - n) - 1 from a polynomial of degree 6
   (minimax, 1e-8 of q). log2(e) is in two parts: its error would be the same in every step, and states that do not
   decay add it up. n is held within the range of exponents. NaN and infinite x give NaN. */
INLINE float split_exp(float x, float *power) {
    float y = x * 1.44269502f + x * 1.92596299e-8f, r = y - rintf(y);
    float q = 1.54035125e-4f;
    q = q * r + 1.33907357e-3f;
    q = q * r + 9.61823750e-3f;
    q = q * r + 5.55035743e-2f;
    q = q * r + 2.40226498e-1f;
    q = q * r + 6.93147188e-1f;
    float whole = y + 12582912.0f; /* 1.5 2^23, bits 0x4B400000: the last bits of this sum are n */
    int32_t n;
    memcpy(&n, &whole, sizeof n);
    n = n > 0x4B400000 + 126 ? 0x4B400000 + 126 : n;
    n = n < 0x4B400000 - 126 ? 0x4B400000 - 126 : n;
    n = (n - 0x4B400000 + 127) << 23;
    memcpy(power, &n, sizeof n);
    return q * r;
}

INLINE float exponential(float x) {
    float power, q = split_exp(x, &power);
    return power + power * q;
}

INLINE float sigmoid(float x) { return 1.0f / (1.0f + exponential(-x)); }

/* Derivatives of sigmoid and tanh, from their values. */
INLINE float sigmoid_slope(float s) { return s * (1.0f - s); }
INLINE float tanh_slope(float y) { return 1.0f - y * y; }

/* tanh |x| = e / (2 + e), e = exp(2 |x|) - 1 without cancellation: small x keep their digits. With exp(-2 |x|) an error
   of e would count six times as much. */
INLINE float hyperbolic_tangent(float x) {
    float power, q = split_exp(2.0f * fabsf(x), &power);
    float e = power * q + (power - 1.0f);
    return copysignf(e / (2.0f + e), x);
}

#endif
