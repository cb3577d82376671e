/* The GRU over packed sequences, forward and backward, float32, one thread; see sequence.h.

       r, z = sigmoid(W x + W h + b),   u = W_n h + b_n,   n = tanh(W x + b + r u),   h <- n + z (h - n)

   mask: (N,) or NULL; where it is 0 the row keeps its state. K = F + H, or F + 1 + H with the time. */

#include "sequence.h"

/* x: (N, F). time: (N,) or NULL, a further input. h: (B, H), in: before the first step, out: after the last. Kept for
   the backward pass: inputs: (N, K), what the weights are multiplied with; gates: (N, 3 H), r, z, n; u: (N, H).
   out: (N, H). */
void gru_forward(int64_t T, int64_t F, int64_t H, const int64_t *sizes, const unsigned char *mask, const float *x,
                 const float *time, const float *weight_x, const float *weight_h, const float *bias,
                 const float *bias_n, float *state, float *inputs, float *gates, float *u, float *out) {
    int64_t width = F + (time != NULL), K = width + H, known = 0;
    float *packed_x = room(packed_size(width, 3 * H));
    float *packed_rz = room(packed_size(H, 2 * H)), *packed_n = room(packed_size(H, H));
    pack(width, 3 * H, weight_x, 1, width, packed_x);
    pack(H, 2 * H, weight_h, 1, H, packed_rz);
    pack(H, H, weight_h + 2 * H * H, 1, H, packed_n);
    for (int64_t t = 0, first = 0; t < T; first += sizes[t++]) {
        int64_t rows = sizes[t];
        if (first == known) {
            int64_t ahead = rows_ahead(T, sizes, t);
            copy_inputs(ahead, F, x + first * F, time ? time + first : NULL, K, inputs + first * K);
            multiply(ahead, 3 * H, width, inputs + first * K, K, 1, packed_x, gates + first * 3 * H, 3 * H, 0);
            known += ahead;
        }
        copy_rows(rows, H, state, K, inputs + first * K + width);
        multiply(rows, 2 * H, H, state, H, 1, packed_rz, gates + first * 3 * H, 3 * H, 1);
        multiply(rows, H, H, state, H, 1, packed_n, u + first * H, H, 0);
        for (int64_t b = 0; b < rows; b++) {
            float *r = gates + (first + b) * 3 * H, *z = r + H, *n = z + H, *ub = u + (first + b) * H;
            float *h = state + b * H;
            int keep = mask && !mask[first + b];
#pragma omp simd simdlen(16)
            for (int64_t i = 0; i < H; i++) {
                r[i] = sigmoid(r[i] + bias[i]);
                z[i] = sigmoid(z[i] + bias[H + i]);
                ub[i] += bias_n[i];
                n[i] = hyperbolic_tangent(n[i] + bias[2 * H + i] + r[i] * ub[i]);
                h[i] = keep ? h[i] : n[i] + z[i] * (h[i] - n[i]);
            }
        }
        memcpy(out + first * H, state, rows * H * sizeof(float));
    }
    free(packed_x);
    free(packed_rz);
    free(packed_n);
}

/* g: (B, H), in: gradient of the last state, out: of the first. g_gates: (N, 3 H) and g_u: (N, H). Adds to g_bias:
   (3 H,) and g_bias_n: (H,). */
void gru_backward(int64_t T, int64_t K, int64_t H, const int64_t *sizes, const unsigned char *mask,
                  const float *weight_h, const float *inputs, const float *gates, const float *u, const float *g_out,
                  float *g, float *g_gates, float *g_u, float *g_bias, float *g_bias_n) {
    float *packed_rz = room(packed_size(2 * H, H)), *packed_n = room(packed_size(H, H));
    pack(2 * H, H, weight_h, H, 1, packed_rz);
    pack(H, H, weight_h + 2 * H * H, H, 1, packed_n);
    for (int64_t t = T - 1, first = total(T, sizes); t >= 0; t--) {
        int64_t rows = sizes[t];
        first -= rows;
        for (int64_t b = 0; b < rows; b++) {
            int64_t at = first + b;
            const float *r = gates + at * 3 * H, *z = r + H, *n = z + H, *h = inputs + at * K + K - H;
            const float *ub = u + at * H, *go = g_out + at * H;
            float *gb = g + b * H, *gr = g_gates + at * 3 * H, *gz = gr + H, *gn = gz + H, *gu = g_u + at * H;
            int keep = mask && !mask[at];
#pragma omp simd simdlen(16)
            for (int64_t i = 0; i < H; i++) {
                float all = gb[i] + go[i], gh = keep ? 0.0f : all; /* a masked step hands all of it on */
                gn[i] = gh * (1.0f - z[i]) * tanh_slope(n[i]);
                gz[i] = gh * (h[i] - n[i]) * sigmoid_slope(z[i]);
                gr[i] = gn[i] * ub[i] * sigmoid_slope(r[i]);
                gu[i] = gn[i] * r[i];
                gb[i] = keep ? all : gh * z[i];
            }
        }
        multiply(rows, H, 2 * H, g_gates + first * 3 * H, 3 * H, 1, packed_rz, g, H, 1);
        multiply(rows, H, H, g_u + first * H, H, 1, packed_n, g, H, 1);
        add_rows(rows, 3 * H, g_gates + first * 3 * H, g_bias);
        add_rows(rows, H, g_u + first * H, g_bias_n);
    }
    free(packed_rz);
    free(packed_n);
}
