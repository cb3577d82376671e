/* Cells with a single layer a step over packed sequences, forward and backward, float32, one thread; see sequence.h.
   With a = tanh(W s + d):

       RNN-decay        h <- W_o a + e
       Lipschitz RNN    h <- h + dt (A h + a)
       coRNN            z <- z + dt (a - gamma y - epsilon z),  y <- y + dt z

   s: (B, S), h or [y, z], of which the first H are the output. d: (N, H). e: (N, H). weight: (R, S), W, and below it A
   where there is one. mask: (N,) or NULL; where it is 0 the row keeps its state. */

#include "sequence.h"

enum kind { DECAY, LIPSCHITZ, OSCILLATOR };

/* of_s: (rows, R), W s and A s; s: (rows, S), in: before the step, out: after it. */
static void advance(enum kind kind, int64_t rows, int64_t H, int64_t R, float dt, float gamma, float epsilon,
                    const float *packed_out, const float *e, const float *a, const float *of_s, float *s) {
    if (kind == DECAY) {
        memcpy(s, e, rows * H * sizeof(float));
        multiply(rows, H, H, a, H, 1, packed_out, s, H, 1);
    } else if (kind == LIPSCHITZ)
        for (int64_t r = 0; r < rows; r++)
            for (int64_t j = 0; j < H; j++) s[r * H + j] += dt * (of_s[r * R + H + j] + a[r * H + j]);
    else
        for (int64_t r = 0; r < rows; r++) {
            float *y = s + r * 2 * H, *z = y + H;
            for (int64_t j = 0; j < H; j++) {
                z[j] += dt * (a[r * H + j] - gamma * y[j] - epsilon * z[j]);
                y[j] += dt * z[j];
            }
        }
}

/* state: in: before the first step, out: after the last. Kept for the backward pass: before: (N, S), the state before
   each step, and a: (N, H). out: (N, H). */
void single_layer_forward(int64_t T, const int64_t *sizes, int64_t B, int64_t S, int64_t kind, int64_t H, int64_t R,
                          float dt, float gamma, float epsilon, const unsigned char *mask, const float *weight,
                          const float *weight_out, const float *e, const float *d, float *state, float *before,
                          float *a, float *out) {
    float *packed = room(packed_size(S, R)), *packed_out = room(weight_out ? packed_size(H, H) : 0);
    float *of_s = room(BLOCK * R), *s = room(BLOCK * S);
    pack(S, R, weight, 1, S, packed);
    if (weight_out) pack(H, H, weight_out, 1, H, packed_out);
    for (int64_t first = 0; first < B; first += BLOCK)
        for (int64_t t = 0, n = first; t < T && first < sizes[t]; n += sizes[t++]) {
            int64_t rows = sizes[t] - first < BLOCK ? sizes[t] - first : BLOCK;
            float *now = state + first * S;
            memcpy(s, now, rows * S * sizeof(float));
            memcpy(before + n * S, now, rows * S * sizeof(float));
            multiply(rows, R, S, s, S, 1, packed, of_s, R, 0);
            for (int64_t r = 0; r < rows; r++) {
#pragma omp simd simdlen(16)
                for (int64_t j = 0; j < H; j++)
                    a[(n + r) * H + j] = hyperbolic_tangent(of_s[r * R + j] + d[(n + r) * H + j]);
            }
            advance(kind, rows, H, R, dt, gamma, epsilon, packed_out, e ? e + n * H : NULL, a + n * H, of_s, s);
            for (int64_t r = 0; r < rows; r++) {
                if (!mask || mask[n + r]) memcpy(now + r * S, s + r * S, S * sizeof(float));
                memcpy(out + (n + r) * H, now + r * S, H * sizeof(float));
            }
        }
    free(packed), free(packed_out), free(of_s), free(s);
}

/* One step back. g: (rows, S), in: of the state after it, out: of the state before it, but for what goes through weight.
   g_a: (rows, H), in: of W_o a through W_o, for the RNN-decay alone. slope: (rows, R), out: of W s + d and A s. */
static void retreat(enum kind kind, int64_t rows, int64_t H, int64_t R, float dt, float gamma, float epsilon,
                    const float *a, const float *g_a, float *g, float *slope) {
    for (int64_t r = 0; r < rows; r++) {
        float *to = slope + r * R, *gy = g + r * (kind == OSCILLATOR ? 2 * H : H), *gz = gy + H;
        const float *ar = a + r * H;
        if (kind == DECAY)
            for (int64_t j = 0; j < H; j++) {
                to[j] = g_a[r * H + j] * tanh_slope(ar[j]);
                gy[j] = 0.0f;
            }
        else if (kind == LIPSCHITZ)
            for (int64_t j = 0; j < H; j++) {
                to[j] = dt * gy[j] * tanh_slope(ar[j]);
                to[H + j] = dt * gy[j];
            }
        else
            for (int64_t j = 0; j < H; j++) {
                float velocity = gz[j] + dt * gy[j];
                to[j] = dt * velocity * tanh_slope(ar[j]);
                gy[j] -= dt * gamma * velocity;
                gz[j] = velocity - dt * epsilon * velocity;
            }
    }
}

/* g: (B, S), in: of the last state, out: of the first. slope: (N, R), see retreat. g_e: (N, H) or NULL, of e. */
void single_layer_backward(int64_t T, const int64_t *sizes, int64_t B, int64_t S, int64_t kind, int64_t H, int64_t R,
                           float dt, float gamma, float epsilon, const unsigned char *mask, const float *weight,
                           const float *weight_out, const float *a, const float *g_out, float *g, float *slope,
                           float *g_e) {
    float *packed = room(packed_size(R, S)), *packed_out = room(weight_out ? packed_size(H, H) : 0);
    float *now = room(BLOCK * S), *g_a = room(BLOCK * H);
    pack(R, S, weight, S, 1, packed);
    if (weight_out) pack(H, H, weight_out, H, 1, packed_out);
    for (int64_t first = 0; first < B; first += BLOCK)
        for (int64_t t = T - 1, n = total(T, sizes) + first; t >= 0; t--) {
            n -= sizes[t];
            if (first >= sizes[t]) continue;
            int64_t rows = sizes[t] - first < BLOCK ? sizes[t] - first : BLOCK;
            for (int64_t r = 0; r < rows; r++) {
                float *to = g + (first + r) * S;
                add_to(H, g_out + (n + r) * H, to);
                for (int64_t j = 0; j < S; j++) now[r * S + j] = mask && !mask[n + r] ? 0.0f : to[j];
            }
            if (g_e) {
                memcpy(g_e + n * H, now, rows * H * sizeof(float));
                multiply(rows, H, H, now, H, 1, packed_out, g_a, H, 0);
            }
            retreat(kind, rows, H, R, dt, gamma, epsilon, a + n * H, g_a, now, slope + n * R);
            multiply(rows, S, R, slope + n * R, R, 1, packed, now, S, 1);
            for (int64_t r = 0; r < rows; r++)
                if (!mask || mask[n + r]) memcpy(g + (first + r) * S, now + r * S, S * sizeof(float));
        }
    free(packed), free(packed_out), free(now), free(g_a);
}
