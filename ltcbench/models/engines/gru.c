/* The GRU over packed sequences, forward and backward, float32, one thread.

       a = W_h h,   r, z = sigmoid(x_r + a_r, x_z + a_z),   u = a_n + b_n,   n = tanh(x_n + r u),   h <- n + z (h - n)

   with x the inputs' part. Packed tensors are (N, ...): sizes[t] rows at step t, never more than at the step before, N
   together. mask: (N,) or NULL; where it is 0 the row keeps its state. */

#include "simd.h"

/* drive: (N, 3 H), in: the inputs' part of r, z, n; out: r, z, n themselves. state: (B, H), in: before the first step,
   out: after the last. Kept for the backward pass: before: (N, H), the state before each step; u: (N, H). */
void gru_forward(int64_t T, int64_t H, const int64_t *sizes, const unsigned char *mask, const float *weight,
                 const float *restrict bias, float *restrict drive, float *restrict state, float *restrict before,
                 float *restrict u, float *restrict out) {
    float *packed = room(packed_size(H, 3 * H)), *product = room(sizes[0] * 3 * H);
    pack(H, 3 * H, weight, 1, H, packed);
    for (int64_t t = 0; t < T; t++) {
        int64_t rows = sizes[t];
        memcpy(before, state, rows * H * sizeof(float));
        multiply(rows, 3 * H, H, state, H, 1, packed, product, 3 * H, 0);
        for (int64_t b = 0; b < rows; b++) {
            const float *a = product + b * 3 * H;
            float *x = drive + b * 3 * H, *h = state + b * H, *ub = u + b * H;
            int keep = mask && !mask[b];
#pragma omp simd
            for (int64_t i = 0; i < H; i++) {
                float r = sigmoid(x[i] + a[i]), z = sigmoid(x[H + i] + a[H + i]);
                ub[i] = a[2 * H + i] + bias[i];
                float n = hyperbolic_tangent(x[2 * H + i] + r * ub[i]);
                x[i] = r;
                x[H + i] = z;
                x[2 * H + i] = n;
                h[i] = keep ? h[i] : n + z * (h[i] - n);
            }
        }
        memcpy(out, state, rows * H * sizeof(float));
        drive += rows * 3 * H, before += rows * H, u += rows * H, out += rows * H;
        mask = mask ? mask + rows : NULL;
    }
    free(packed);
    free(product);
}

/* gates: r, z, n. g: (B, H), in: gradient of the last state, out: of the first. g_drive: (N, 3 H) and g_u: (N, H). Adds
   to g_bias: (3 H,), of the inputs' part, and g_bias_n: (H,). */
void gru_backward(int64_t T, int64_t H, const int64_t *sizes, const unsigned char *mask, const float *weight,
                  const float *restrict gates, const float *restrict before, const float *restrict u,
                  const float *restrict g_out, float *restrict g, float *restrict g_drive, float *restrict g_u,
                  float *restrict g_bias, float *restrict g_bias_n) {
    int64_t N = 0;
    for (int64_t t = 0; t < T; t++) N += sizes[t];
    float *packed = room(packed_size(2 * H, H)), *packed_n = room(packed_size(H, H));
    pack(2 * H, H, weight, H, 1, packed);
    pack(H, H, weight + 2 * H * H, H, 1, packed_n);
    for (int64_t t = T - 1, first = N; t >= 0; t--) {
        int64_t rows = sizes[t];
        first -= rows;
        for (int64_t b = 0; b < rows; b++) {
            int64_t at = first + b;
            const float *r = gates + at * 3 * H, *z = r + H, *n = z + H, *h = before + at * H, *ub = u + at * H;
            const float *go = g_out + at * H;
            float *gb = g + b * H, *gr = g_drive + at * 3 * H, *gz = gr + H, *gn = gz + H, *gu = g_u + at * H;
            int keep = mask && !mask[at];
#pragma omp simd
            for (int64_t i = 0; i < H; i++) {
                float all = gb[i] + go[i], gh = keep ? 0.0f : all; /* a masked step hands all of it on */
                gn[i] = gh * (1.0f - z[i]) * tanh_slope(n[i]);
                gz[i] = gh * (h[i] - n[i]) * sigmoid_slope(z[i]);
                gr[i] = gn[i] * ub[i] * sigmoid_slope(r[i]);
                gu[i] = gn[i] * r[i];
                gb[i] = keep ? all : gh * z[i];
            }
        }
        multiply(rows, H, 2 * H, g_drive + first * 3 * H, 3 * H, 1, packed, g, H, 1);
        multiply(rows, H, H, g_u + first * H, H, 1, packed_n, g, H, 1);
    }
    add_rows(N, 3 * H, g_drive, g_bias);
    add_rows(N, H, g_u, g_bias_n);
    free(packed);
    free(packed_n);
}
