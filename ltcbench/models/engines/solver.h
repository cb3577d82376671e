/* An explicit solver of dy/dt = gain tanh(drive + W y) - decay y over one time step, forward and backward.

   The step is divided into unfolds of length h. Stage i of an unfold

       y_i = y + h c_i k_(i-1),   f_i = tanh(drive + W y_i),   k_i = gain f_i - decay y_i

   starts from the stage before alone, which is so in the methods of Euler, Heun and in the classical one of order 4; the
   unfold gives y + h sum_i b_i k_i, put back into +-largest. Backwards, from the gradient g of that,

       g_k_i = h (b_i g + c_(i+1) g_y_(i+1)),   g_a_i = g_k_i gain (1 - f_i^2),   g_y_i = W^T g_a_i - decay g_k_i

   and g + sum_i g_y_i is the gradient of y, sum_i g_a_i that of the drive. That of W is one product, of all g_a and y_i,
   after the sequence; so what is kept of a step are all y_i, f_i, g_a_i: [unfold][stage] rows of H, `stride` apart. */

#ifndef SOLVER_H
#define SOLVER_H

#include "sequence.h"

typedef struct {
    int64_t H, unfolds, stages, bounded; /* bounded: to +-max(|y before the step|, |gain|) */
    float decay, clip;                   /* clip: the largest |y|; INFINITY: none */
    const float *c, *b, *gain;
    float *weight; /* packed: for y W^T forward, for g W backward */
} Equation;

static inline int limited(const Equation *e) { return e->bounded || e->clip < INFINITY; }

/* y: (rows, H), before and after the step. h: (rows), of an unfold. within: where the bounds changed nothing, if there
   are any, [unfold] rows of H. room: three of (rows, H). */
static void solve(const Equation *e, int64_t rows, int64_t stride, const float *h, const float *restrict drive,
                  float *y, float *points, float *f, unsigned char *restrict within, float *room) {
    int64_t H = e->H, size = rows * H;
    float *sum = room, *largest = room + size; /* sum: of b_i k_i, added at once so that y is rounded once */
    if (limited(e))
        for (int64_t r = 0; r < rows; r++)
            for (int64_t at = r * H, j = 0; j < H; j++, at++) {
                float bound = fabsf(y[at]) > fabsf(e->gain[j]) ? fabsf(y[at]) : fabsf(e->gain[j]);
                largest[at] = e->bounded && bound < e->clip ? bound : e->clip;
            }
    for (int64_t s = 0; s < e->unfolds; s++) {
        memcpy(points, y, size * sizeof(float));
        memset(sum, 0, size * sizeof(float));
        for (int64_t i = 0; i < e->stages; i++, points += stride, f += stride) {
            multiply(rows, H, H, points, H, 1, e->weight, f, H, 0);
            int last = i + 1 == e->stages;
            float *following = last ? room + 2 * size : points + stride;
            for (int64_t r = 0; r < rows; r++) {
                float weight = e->b[i], to_following = last ? 0.0f : h[r] * e->c[i + 1];
#pragma omp simd
                for (int64_t j = 0; j < H; j++) {
                    int64_t at = r * H + j;
                    float squashed = hyperbolic_tangent(drive[at] + f[at]);
                    float k = e->gain[j] * squashed - e->decay * points[at];
                    f[at] = squashed;
                    sum[at] += weight * k;
                    following[at] = y[at] + to_following * k;
                }
            }
        }
        for (int64_t r = 0; r < rows; r++)
#pragma omp simd
            for (int64_t at = r * H; at < (r + 1) * H; at++) y[at] += h[r] * sum[at];
        if (limited(e)) {
            for (int64_t at = 0; at < size; at++) {
                float free = y[at], most = largest[at];
                y[at] = free > most ? most : free < -most ? -most : free;
                within[at] = y[at] == free;
            }
            within += stride;
        }
    }
}

/* g: (rows, H), of the state after the step and before it. f, g_a, within: at the step's end. Adds to g_drive (rows, H)
   and g_gain (H). room: two of (rows, H). */
static void solve_back(const Equation *e, int64_t rows, int64_t stride, const float *h, const float *restrict f,
                       const unsigned char *restrict within, float *restrict g, float *restrict g_a,
                       float *restrict g_drive, float *restrict g_gain, float *restrict room) {
    int64_t H = e->H, size = rows * H;
    float *restrict before = room, *restrict g_y = room + size;
    for (int64_t s = e->unfolds - 1; s >= 0; s--) {
        if (limited(e)) {
            within -= stride;
            for (int64_t at = 0; at < size; at++) g[at] = within[at] ? g[at] : 0.0f;
        }
        memcpy(before, g, size * sizeof(float));
        memset(g_y, 0, size * sizeof(float));
        for (int64_t i = e->stages - 1; i >= 0; i--) {
            f -= stride, g_a -= stride;
            for (int64_t r = 0; r < rows; r++) {
                float of_next = e->b[i], of_following = i + 1 == e->stages ? 0.0f : e->c[i + 1];
#pragma omp simd
                for (int64_t j = 0; j < H; j++) {
                    int64_t at = r * H + j;
                    float g_k = h[r] * (of_next * g[at] + of_following * g_y[at]);
                    g_gain[j] += g_k * f[at];
                    g_a[at] = g_k * e->gain[j] * (1.0f - f[at] * f[at]);
                    g_drive[at] += g_a[at];
                    g_y[at] = -e->decay * g_k;
                }
            }
            multiply(rows, H, H, g_a, H, 1, e->weight, g_y, H, 1);
            for (int64_t at = 0; at < size; at++) before[at] += g_y[at];
        }
        memcpy(g, before, size * sizeof(float));
    }
}

#endif
