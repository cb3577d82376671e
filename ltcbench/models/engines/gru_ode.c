/* The GRU-ODE over packed sequences with an explicit solver, forward and backward, float32, one thread; see sequence.h.

       r, z = sigmoid(drive + W y),   n = tanh(drive + W_n (r y)),   dy/dt = (1 - z) (n - y)

   The step is divided into unfolds of stages, c and b: (stages), as in solver.h. h: (N), of an unfold. mask: (N) or
   NULL; a masked step keeps the state. Of each step t, points, the y of each stage, are (unfolds, stages, sizes[t], H),
   gates, r, z and n, and g_a, gradients of their arguments, (unfolds, stages, sizes[t], 3 H), and within (unfolds,
   sizes[t], H), where the bounds +-max(1, |y before the step|) changed nothing; NULL: no bounds. */

#include "sequence.h"

/* drive: (N, 3 H). state: (B, H), before the first step, and after each row's last. points, gates: NULL where no gradient
   is wanted. out: (N, H). */
void gru_ode_forward(int64_t T, const int64_t *sizes, int64_t B, int64_t H, int64_t unfolds, int64_t stages,
                     const float *c, const float *b, int64_t bounded, const float *weight, const float *h,
                     const unsigned char *mask, const float *drive, float *state, float *points, float *gates,
                     unsigned char *within, float *out) {
    float *packed_rz = room(packed_size(H, 2 * H)), *packed_n = room(packed_size(H, H)), *unkept = room(4 * BLOCK * H);
    float *y = room(BLOCK * H), *sum = room(BLOCK * H), *reset = room(BLOCK * H), *last = room(BLOCK * H);
    pack(H, 2 * H, weight, 1, H, packed_rz);
    pack(H, H, weight + 2 * H * H, 1, H, packed_n);
    for (int64_t first = 0; first < B; first += BLOCK)
        for (int64_t t = 0, n = 0; t < T && first < sizes[t]; n += sizes[t++]) {
            int64_t rows = sizes[t] - first < BLOCK ? sizes[t] - first : BLOCK, row = n + first, size = rows * H;
            int64_t stride = points ? sizes[t] * H : 0, at = (n * unfolds * stages + first) * H;
            float *point = points ? points + at : unkept, *gate = points ? gates + 3 * at : unkept + BLOCK * H;
            const float *start = state + first * H;
            memcpy(y, start, size * sizeof(float));
            for (int64_t s = 0; s < unfolds; s++) {
                memcpy(point, y, size * sizeof(float));
                memset(sum, 0, size * sizeof(float));
                for (int64_t i = 0; i < stages; i++, point += stride, gate += 3 * stride) {
                    float *following = i + 1 == stages ? last : point + stride;
                    multiply(rows, 2 * H, H, point, H, 1, packed_rz, gate, 3 * H, 0);
                    for (int64_t r = 0; r < rows; r++) {
                        const float *a = drive + (row + r) * 3 * H, *yi = point + r * H;
                        float *g = gate + r * 3 * H, *to = reset + r * H;
#pragma omp simd simdlen(16)
                        for (int64_t j = 0; j < H; j++) {
                            g[j] = sigmoid(a[j] + g[j]);
                            g[H + j] = sigmoid(a[H + j] + g[H + j]);
                            to[j] = g[j] * yi[j];
                        }
                    }
                    multiply(rows, H, H, reset, H, 1, packed_n, gate + 2 * H, 3 * H, 0);
                    for (int64_t r = 0; r < rows; r++) {
                        const float *a = drive + (row + r) * 3 * H, *yi = point + r * H;
                        float *g = gate + r * 3 * H, weight_k = b[i], by = i + 1 == stages ? 0.0f : h[row + r] * c[i + 1];
#pragma omp simd simdlen(16)
                        for (int64_t j = 0; j < H; j++) {
                            float new = hyperbolic_tangent(a[2 * H + j] + g[2 * H + j]);
                            float k = (1.0f - g[H + j]) * (new - yi[j]);
                            g[2 * H + j] = new;
                            sum[r * H + j] += weight_k * k;
                            following[r * H + j] = y[r * H + j] + by * k;
                        }
                    }
                }
                for (int64_t r = 0; r < rows; r++)
                    for (int64_t j = r * H; j < (r + 1) * H; j++) y[j] += h[row + r] * sum[j];
                for (int64_t j = 0; bounded && j < size; j++) {
                    float most = fabsf(start[j]) > 1.0f ? fabsf(start[j]) : 1.0f, free = y[j];
                    y[j] = free > most ? most : free < -most ? -most : free;
                    if (within) within[((n * unfolds + s * sizes[t]) + first) * H + j] = y[j] == free;
                }
            }
            for (int64_t r = 0; r < rows; r++)
                if (!mask || mask[row + r]) memcpy(state + (first + r) * H, y + r * H, H * sizeof(float));
            memcpy(out + row * H, start, size * sizeof(float));
        }
    free(packed_rz), free(packed_n), free(unkept), free(y), free(sum), free(reset), free(last);
}

/* g_state: (B, H), of the state after each row's last step, and of that before the first. Adds to g_drive (N, 3 H). */
void gru_ode_backward(int64_t T, const int64_t *sizes, int64_t B, int64_t H, int64_t unfolds, int64_t stages,
                      const float *c, const float *b, int64_t bounded, const float *weight, const float *h,
                      const unsigned char *mask, const float *points, const float *gates, const unsigned char *within,
                      const float *g_out, float *g_state, float *g_a, float *g_drive) {
    float *packed_rz = room(packed_size(2 * H, H)), *packed_n = room(packed_size(H, H)), *g = room(BLOCK * H);
    float *before = room(BLOCK * H), *g_y = room(BLOCK * H), *g_reset = room(BLOCK * H);
    pack(2 * H, H, weight, H, 1, packed_rz);
    pack(H, H, weight + 2 * H * H, H, 1, packed_n);
    for (int64_t first = 0; first < B; first += BLOCK)
        for (int64_t t = T - 1, n = total(T, sizes); t >= 0; t--) {
            n -= sizes[t];
            if (first >= sizes[t]) continue;
            int64_t rows = sizes[t] - first < BLOCK ? sizes[t] - first : BLOCK, row = n + first, size = rows * H;
            add_to(size, g_out + row * H, g_state + first * H);
            for (int64_t r = 0; r < rows; r++) {
                int keep = mask && !mask[row + r];
                for (int64_t j = 0; j < H; j++) g[r * H + j] = keep ? 0.0f : g_state[(first + r) * H + j];
            }
            for (int64_t s = unfolds - 1; s >= 0; s--) {
                for (int64_t j = 0; bounded && j < size; j++)
                    if (!within[((n * unfolds + s * sizes[t]) + first) * H + j]) g[j] = 0.0f;
                memcpy(before, g, size * sizeof(float));
                memset(g_y, 0, size * sizeof(float));
                for (int64_t i = stages - 1; i >= 0; i--) {
                    int64_t at = n * unfolds * stages + (s * stages + i) * sizes[t] + first;
                    for (int64_t r = 0; r < rows; r++) {
                        const float *gate = gates + (at + r) * 3 * H, *y = points + (at + r) * H, *gr = g + r * H;
                        float *ga = g_a + (at + r) * 3 * H, *gy = g_y + r * H, of_k = h[row + r] * b[i];
                        float of_following = i + 1 == stages ? 0.0f : h[row + r] * c[i + 1];
#pragma omp simd simdlen(16)
                        for (int64_t j = 0; j < H; j++) {
                            float z = gate[H + j], new = gate[2 * H + j], g_k = of_k * gr[j] + of_following * gy[j];
                            ga[H + j] = g_k * (y[j] - new) * sigmoid_slope(z);
                            ga[2 * H + j] = g_k * (1.0f - z) * tanh_slope(new);
                            gy[j] = -g_k * (1.0f - z);
                        }
                    }
                    multiply(rows, H, H, g_a + at * 3 * H + 2 * H, 3 * H, 1, packed_n, g_reset, H, 0);
                    for (int64_t r = 0; r < rows; r++) {
                        const float *gate = gates + (at + r) * 3 * H, *y = points + (at + r) * H;
                        float *ga = g_a + (at + r) * 3 * H, *gy = g_y + r * H, *of_reset = g_reset + r * H;
#pragma omp simd simdlen(16)
                        for (int64_t j = 0; j < H; j++) {
                            ga[j] = of_reset[j] * y[j] * sigmoid_slope(gate[j]);
                            gy[j] += of_reset[j] * gate[j];
                        }
                    }
                    multiply(rows, H, 2 * H, g_a + at * 3 * H, 3 * H, 1, packed_rz, g_y, H, 1);
                    add_to(rows * 3 * H, g_a + at * 3 * H, g_drive + row * 3 * H);
                    add_to(size, g_y, before);
                }
                memcpy(g, before, size * sizeof(float));
            }
            for (int64_t r = 0; r < rows; r++)
                if (!mask || mask[row + r]) memcpy(g_state + (first + r) * H, g + r * H, H * sizeof(float));
        }
    free(packed_rz), free(packed_n), free(g), free(before), free(g_y), free(g_reset);
}
