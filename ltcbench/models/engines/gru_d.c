/* The GRU-D over packed sequences, forward and backward, float32, one thread; see sequence.h.

       h <- gamma h,   r, z = sigmoid(W [x, h] + b),   n = tanh(W_n [x, r h] + b),   h <- h + z (n - h)

   gamma: (N, H). mask: (N,) or NULL; where it is 0 the row keeps its state. K = F + H. */

#include "sequence.h"

/* x: (N, F). weight: (3 H, K) of r, z and n. state: (B, H), in: before the first step, out: after the last. Kept for the
   backward pass: before: (N, H), the state before each step; inputs: (N, K), [x, h] after the decay, and reset: (N, K),
   [x, r h]; gates: (N, 3 H), r, z, n. out: (N, H). */
void gru_d_forward(int64_t T, int64_t F, int64_t H, const int64_t *sizes, const unsigned char *mask, const float *gamma,
                   const float *x, const float *weight, const float *bias, float *state, float *before, float *inputs,
                   float *reset, float *gates, float *out) {
    int64_t K = F + H;
    float *packed_rz = room(packed_size(K, 2 * H)), *packed_n = room(packed_size(K, H));
    pack(K, 2 * H, weight, 1, K, packed_rz);
    pack(K, H, weight + 2 * H * K, 1, K, packed_n);
    for (int64_t t = 0, first = 0; t < T; first += sizes[t++]) {
        int64_t rows = sizes[t];
        copy_inputs(rows, F, x + first * F, NULL, K, inputs + first * K);
        copy_inputs(rows, F, x + first * F, NULL, K, reset + first * K);
        memcpy(before + first * H, state, rows * H * sizeof(float));
        for (int64_t b = 0; b < rows; b++) {
            float *h = inputs + (first + b) * K + F;
            for (int64_t j = 0; j < H; j++) h[j] = gamma[(first + b) * H + j] * state[b * H + j];
        }
        multiply(rows, 2 * H, K, inputs + first * K, K, 1, packed_rz, gates + first * 3 * H, 3 * H, 0);
        for (int64_t b = 0; b < rows; b++) {
            float *r = gates + (first + b) * 3 * H, *z = r + H, *to = reset + (first + b) * K + F;
            const float *h = inputs + (first + b) * K + F;
#pragma omp simd simdlen(16)
            for (int64_t j = 0; j < H; j++) {
                r[j] = sigmoid(r[j] + bias[j]);
                z[j] = sigmoid(z[j] + bias[H + j]);
                to[j] = r[j] * h[j];
            }
        }
        multiply(rows, H, K, reset + first * K, K, 1, packed_n, gates + first * 3 * H + 2 * H, 3 * H, 0);
        for (int64_t b = 0; b < rows; b++) {
            float *z = gates + (first + b) * 3 * H + H, *n = z + H, *now = state + b * H;
            const float *h = inputs + (first + b) * K + F;
            int keep = mask && !mask[first + b];
#pragma omp simd simdlen(16)
            for (int64_t j = 0; j < H; j++) {
                n[j] = hyperbolic_tangent(n[j] + bias[2 * H + j]);
                now[j] = keep ? now[j] : h[j] + z[j] * (n[j] - h[j]);
            }
        }
        memcpy(out + first * H, state, rows * H * sizeof(float));
    }
    free(packed_rz), free(packed_n);
}

/* g: (B, H), in: gradient of the last state, out: of the first. g_gamma: (N, H). g_gates: (N, 3 H). Adds to g_bias:
   (3 H,). */
void gru_d_backward(int64_t T, int64_t F, int64_t H, const int64_t *sizes, const unsigned char *mask,
                    const float *gamma, const float *weight, const float *before, const float *inputs,
                    const float *gates, const float *g_out, float *g, float *g_gamma, float *g_gates, float *g_bias) {
    int64_t K = F + H;
    float *packed_rz = room(packed_size(2 * H, H)), *packed_n = room(packed_size(H, H));
    float *g_h = room(sizes[0] * H), *g_reset = room(sizes[0] * H); /* g_h: of h after the decay */
    pack(2 * H, H, weight + F, K, 1, packed_rz);
    pack(H, H, weight + 2 * H * K + F, K, 1, packed_n);
    for (int64_t t = T - 1, first = total(T, sizes); t >= 0; t--) {
        int64_t rows = sizes[t];
        first -= rows;
        add_to(rows * H, g_out + first * H, g);
        for (int64_t b = 0; b < rows; b++) {
            const float *z = gates + (first + b) * 3 * H + H, *n = z + H, *h = inputs + (first + b) * K + F;
            float *gz = g_gates + (first + b) * 3 * H + H, *gn = gz + H, *gb = g + b * H, *gh = g_h + b * H;
            int keep = mask && !mask[first + b];
#pragma omp simd simdlen(16)
            for (int64_t j = 0; j < H; j++) {
                float of_new = keep ? 0.0f : gb[j];
                gz[j] = of_new * (n[j] - h[j]) * sigmoid_slope(z[j]);
                gn[j] = of_new * z[j] * tanh_slope(n[j]);
                gh[j] = of_new * (1.0f - z[j]);
            }
        }
        multiply(rows, H, H, g_gates + first * 3 * H + 2 * H, 3 * H, 1, packed_n, g_reset, H, 0);
        for (int64_t b = 0; b < rows; b++) {
            const float *r = gates + (first + b) * 3 * H, *h = inputs + (first + b) * K + F, *gs = g_reset + b * H;
            float *gr = g_gates + (first + b) * 3 * H, *gh = g_h + b * H;
#pragma omp simd simdlen(16)
            for (int64_t j = 0; j < H; j++) {
                gr[j] = gs[j] * h[j] * sigmoid_slope(r[j]);
                gh[j] += gs[j] * r[j];
            }
        }
        multiply(rows, H, 2 * H, g_gates + first * 3 * H, 3 * H, 1, packed_rz, g_h, H, 1);
        for (int64_t b = 0; b < rows; b++) {
            int keep = mask && !mask[first + b]; /* hands all of it on */
            for (int64_t j = 0; j < H; j++) {
                int64_t at = (first + b) * H + j, i = b * H + j;
                g_gamma[at] = g_h[i] * before[at];
                g[i] = keep ? g[i] : g_h[i] * gamma[at];
            }
        }
        add_rows(rows, 3 * H, g_gates + first * 3 * H, g_bias);
    }
    free(packed_rz), free(packed_n), free(g_h), free(g_reset);
}
