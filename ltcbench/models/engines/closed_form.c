/* The CfC family over packed sequences, forward and backward, float32, one thread; see sequence.h.

   With z the value of the backbone's last layer, or [x, h] itself, p tanh(k a) behind ff1 and ff2, and the time t:

       gated     g = sigmoid(t_a t + t_b),   h <- ff1 + g (ff2 - ff1)
       no gate   h <- ff1 + g ff2
       solution  e = exp(-t (|w_tau| + |f|)),   h <- A - A e f

   Of mixed memory an LSTM (lstm.h) of x and h gives m first. Flavour tf: m is the CfC's input, h its state. Flavour
   torch: x is its input, m its state. Without time, ff1, ff2 and the gate are the heads: t is the same everywhere and
   part of the weights. mask: (N,) or NULL; where it is 0 the row keeps its state. */

#include "activations.h"
#include "lstm.h"
#include "sequence.h"

enum variant { GATED, NO_GATE, SOLUTION };

/* What is computed; as a list of numbers, in this order, it comes from Python.

   F: inputs of the CfC proper and H: units; layers: of the backbone, each of U units. The weights are multiplied with
   K = F + H inputs, the memory's with M. feeds: whether the memory is the CfC's input. */
typedef struct {
    int64_t F, H, layers, U, variant, activation, timed, M, feeds;
} shape;

typedef const float *const *arrays;

static int64_t outputs(const shape *s, int64_t layer) {
    if (layer < s->layers) return s->U;
    return s->variant == SOLUTION ? s->H : s->timed ? 4 * s->H : 3 * s->H;
}

static int64_t inputs_of(const shape *s, int64_t layer) { return layer ? s->U : s->F + s->H; }

/* a: (3 H or 4 H,), in: the heads without biases, out: ff1, ff2, (unused,) g. h: in and out, as it is with keep. */
INLINE void gated_row(int64_t H, int ungated, int timed, int keep, float p, float k, float time, const float *bias,
                      float *a, float *h) {
    float *t_a = a + 2 * H, *t_b = timed ? a + 3 * H : t_a;
    const float *bias_a = bias + 2 * H, *bias_b = timed ? bias + 3 * H : bias_a;
#pragma omp simd simdlen(16)
    for (int64_t i = 0; i < H; i++) {
        float f1 = p * hyperbolic_tangent(k * (a[i] + bias[i]));
        float f2 = p * hyperbolic_tangent(k * (a[H + i] + bias[H + i]));
        float of_time = timed ? (t_a[i] + bias_a[i]) * time : 0.0f, gate = sigmoid(of_time + t_b[i] + bias_b[i]);
        float new = f1 + gate * (ungated ? f2 : f2 - f1);
        a[i] = f1;
        a[H + i] = f2;
        t_b[i] = gate;
        h[i] = keep ? h[i] : new;
    }
}

/* g: (H,), in: gradient of h after the step, out: what a masked step hands on. g_a: of the heads. */
INLINE void gated_row_backward(int64_t H, int ungated, int timed, int keep, float p, float k, float time,
                               const float *a, float *g, float *g_a) {
    const float *gate = a + (timed ? 3 : 2) * H;
    float *g_t_a = g_a + 2 * H, *g_t_b = timed ? g_a + 3 * H : g_t_a;
#pragma omp simd simdlen(16)
    for (int64_t i = 0; i < H; i++) {
        float gh = keep ? 0.0f : g[i], f1 = a[i], f2 = a[H + i], s = gate[i];
        float g_s = gh * (ungated ? f2 : f2 - f1) * sigmoid_slope(s);
        g_a[i] = (ungated ? gh : gh * (1.0f - s)) * k * (p - f1 * f1 / p);
        g_a[H + i] = gh * s * k * (p - f2 * f2 / p);
        if (timed) g_t_a[i] = g_s * time;
        g_t_b[i] = g_s;
        g[i] = keep ? g[i] : 0.0f;
    }
}

INLINE void solution_row(int64_t H, int keep, float time, const float *scale, const float *w_tau, const float *bias,
                         float *f, float *e, float *h) {
#pragma omp simd simdlen(16)
    for (int64_t i = 0; i < H; i++) {
        f[i] += bias[i];
        e[i] = exponential(-time * (fabsf(w_tau[i]) + fabsf(f[i])));
        h[i] = keep ? h[i] : scale[i] - scale[i] * e[i] * f[i];
    }
}

/* Adds to g_scale and g_w_tau, for w_tau above 0. */
INLINE void solution_row_backward(int64_t H, int keep, float time, const float *scale, const float *f, const float *e,
                                  float *g, float *g_f, float *g_scale, float *g_w_tau) {
#pragma omp simd simdlen(16)
    for (int64_t i = 0; i < H; i++) {
        float gh = keep ? 0.0f : g[i], by_e = gh * scale[i] * e[i];
        g_f[i] = -by_e * (1.0f - time * fabsf(f[i]));
        g_scale[i] += gh * (1.0f - e[i] * f[i]);
        g_w_tau[i] += by_e * f[i] * time;
        g[i] = keep ? g[i] : 0.0f;
    }
}

/* x: (N, F or what the memory gets of it). weights, biases: of the layers, the heads' last. noise: dropout's factors
   behind each layer or NULL. solution: A, w_tau. memory: W_x, W_h, b and C before the first step, or of NULL.
   h, c: (B, H), in: before the first step, out: after the last; c of the memory. Kept for the backward pass: inputs:
   (N, K), values and slopes of the backbone's layers (N, U), heads (N, 3 H or 4 H or H), e (N, H) of the solution; of
   the memory: its inputs (N, M), gates (N, 4 H), c before each step and tanh of c after it (N, H). */
void closed_form_forward(int64_t T, const int64_t *sizes, const int64_t *numbers, float p, float k, float forget_bias,
                         const unsigned char *mask, const float *x, const float *time, arrays weights, arrays biases,
                         arrays noise, arrays solution, arrays memory, float *h, float *c, float *inputs,
                         float *const *values, float *const *slopes, float *heads, float *e, float *const *remembered,
                         float *out) {
    const shape *s = (const shape *)numbers;
    int64_t F = s->F, H = s->H, L = s->layers, K = F + H, M = s->M, of_x = M ? M - H : F;
    float *packed[L + 1], *packed_memory[2] = {NULL, NULL}, *m = NULL;
    for (int64_t i = 0; i <= L; i++) {
        packed[i] = room(packed_size(inputs_of(s, i), outputs(s, i)));
        pack(inputs_of(s, i), outputs(s, i), weights[i], 1, inputs_of(s, i), packed[i]);
    }
    if (M) {
        for (int i = 0; i < 2; i++) {
            packed_memory[i] = room(packed_size(i ? H : of_x, 4 * H));
            pack(i ? H : of_x, 4 * H, memory[i], 1, i ? H : of_x, packed_memory[i]);
        }
        m = room(sizes[0] * H);
    }
    for (int64_t t = 0, first = 0; t < T; first += sizes[t++]) {
        int64_t rows = sizes[t];
        float *in = inputs + first * K;
        if (M) {
            float *of_memory = remembered[0] + first * M, *gates = remembered[1] + first * 4 * H;
            copy_rows(rows, of_x, x + first * of_x, M, of_memory);
            copy_rows(rows, H, h, M, of_memory + of_x);
            multiply(rows, 4 * H, of_x, of_memory, M, 1, packed_memory[0], gates, 4 * H, 0);
            multiply(rows, 4 * H, H, h, H, 1, packed_memory[1], gates, 4 * H, 1);
            for (int64_t b = 0; b < rows; b++)
                lstm_row(H, memory[2], forget_bias, mask && !mask[first + b], gates + b * 4 * H, c + b * H,
                         remembered[2] + (first + b) * H, remembered[3] + (first + b) * H, m + b * H);
        }
        if (s->feeds) copy_rows(rows, H, m, K, in);
        else copy_rows(rows, F, x + first * F, K, in);
        copy_rows(rows, H, M && !s->feeds ? m : h, K, in + F);

        for (int64_t i = 0; i <= L; i++) {
            int64_t n = outputs(s, i), wide = inputs_of(s, i);
            const float *from = i ? values[i - 1] + first * s->U : in;
            float *to = (i < L ? slopes[i] : heads) + first * n;
            multiply(rows, n, wide, from, wide, 1, packed[i], to, n, 0);
            if (i == L) break;
            float *value = values[i] + first * n;
            for (int64_t b = 0; b < rows; b++)
                activate(s->activation, n, biases[i], to + b * n, value + b * n);
            if (noise[i]) {
                const float *factor = noise[i] + first * n;
                for (int64_t j = 0; j < rows * n; j++) value[j] *= factor[j], to[j] *= factor[j];
            }
        }

        int64_t n = outputs(s, L);
        for (int64_t b = 0; b < rows; b++) {
            int keep = mask && !mask[first + b], ungated = s->variant == NO_GATE;
            float *a = heads + (first + b) * n, *hb = h + b * H, tb = time ? time[first + b] : 0.0f;
            if (s->variant == SOLUTION)
                solution_row(H, keep, tb, solution[0], solution[1], biases[L], a, e + (first + b) * H, hb);
            else if (s->timed) gated_row(H, ungated, 1, keep, p, k, tb, biases[L], a, hb);
            else gated_row(H, ungated, 0, keep, p, k, tb, biases[L], a, hb);
        }
        memcpy(out + first * H, h, rows * H * sizeof(float));
    }
    for (int64_t i = 0; i <= L; i++) free(packed[i]);
    free(packed_memory[0]);
    free(packed_memory[1]);
    free(m);
}

/* g_h, g_c: (B, H), in: gradients of the last state, out: of the first. g: what each layer gives (N, outputs), the
   heads' last; g_gates: (N, 4 H), of the memory. Adds to g_biases, g_solution (A, w_tau) and g_bias of the memory. */
void closed_form_backward(int64_t T, const int64_t *sizes, const int64_t *numbers, float p, float k,
                          const unsigned char *mask, const float *time, arrays weights, arrays solution,
                          const float *weight_memory, arrays slopes, const float *heads, const float *e,
                          arrays remembered, const float *g_out, float *g_h, float *g_c, float *const *g,
                          float *g_gates, float *const *g_biases, float *const *g_solution, float *g_bias) {
    const shape *s = (const shape *)numbers;
    int64_t F = s->F, H = s->H, L = s->layers, K = F + H, M = s->M;
    float *packed[L + 1], *packed_m = NULL, *packed_memory = NULL, *g_m = NULL, *sums = room(2 * H);
    for (int64_t i = 1; i <= L; i++) {
        packed[i] = room(packed_size(outputs(s, i), s->U));
        pack(outputs(s, i), s->U, weights[i], s->U, 1, packed[i]);
    }
    packed[0] = room(packed_size(outputs(s, 0), H)); /* of the last H inputs: h or, not fed by it, m */
    pack(outputs(s, 0), H, weights[0] + F, K, 1, packed[0]);
    if (M) {
        packed_m = room(packed_size(outputs(s, 0), H));
        pack(outputs(s, 0), H, weights[0] + (s->feeds ? 0 : F), K, 1, packed_m);
        packed_memory = room(packed_size(4 * H, H));
        pack(4 * H, H, weight_memory, H, 1, packed_memory);
        g_m = room(sizes[0] * H);
    }
    for (int64_t t = T - 1, first = total(T, sizes); t >= 0; t--) {
        int64_t rows = sizes[t], n = outputs(s, L);
        first -= rows;
        add_to(rows * H, g_out + first * H, g_h);
        memset(sums, 0, 2 * H * sizeof(float));
        for (int64_t b = 0; b < rows; b++) {
            int keep = mask && !mask[first + b], ungated = s->variant == NO_GATE;
            const float *a = heads + (first + b) * n;
            float *ga = g[L] + (first + b) * n, *gb = g_h + b * H, tb = time ? time[first + b] : 0.0f;
            if (s->variant == SOLUTION)
                solution_row_backward(H, keep, tb, solution[0], a, e + (first + b) * H, gb, ga, sums, sums + H);
            else if (s->timed) gated_row_backward(H, ungated, 1, keep, p, k, tb, a, gb, ga);
            else gated_row_backward(H, ungated, 0, keep, p, k, tb, a, gb, ga);
        }
        if (s->variant == SOLUTION)
            for (int64_t i = 0; i < H; i++) {
                float w = solution[1][i];
                g_solution[0][i] += sums[i];
                g_solution[1][i] += w > 0.0f ? sums[H + i] : w < 0.0f ? -sums[H + i] : 0.0f;
            }
        for (int64_t i = L; i > 0; i--) {
            int64_t wide = outputs(s, i);
            float *to = g[i - 1] + first * s->U;
            const float *slope = slopes[i - 1] + first * s->U;
            multiply(rows, s->U, wide, g[i] + first * wide, wide, 1, packed[i], to, s->U, 0);
            for (int64_t j = 0; j < rows * s->U; j++) to[j] *= slope[j];
        }
        for (int64_t i = 0; i <= L; i++)
            add_rows(rows, outputs(s, i), g[i] + first * outputs(s, i), g_biases[i]);

        int64_t n0 = outputs(s, 0);
        const float *g0 = g[0] + first * n0;
        if (!M || s->feeds) multiply(rows, H, n0, g0, n0, 1, packed[0], g_h, H, 1);
        if (M) {
            float *gz = g_gates + first * 4 * H;
            multiply(rows, H, n0, g0, n0, 1, packed_m, g_m, H, 0);
            for (int64_t b = 0; b < rows; b++) {
                int64_t at = first + b;
                lstm_row_backward(H, mask && !mask[at], remembered[1] + at * 4 * H, remembered[2] + at * H,
                                  remembered[3] + at * H, g_m + b * H, g_c + b * H, gz + b * 4 * H);
            }
            multiply(rows, H, 4 * H, gz, 4 * H, 1, packed_memory, g_h, H, 1);
            add_rows(rows, 4 * H, gz, g_bias);
        }
    }
    for (int64_t i = 0; i <= L; i++) free(packed[i]);
    free(packed_m);
    free(packed_memory);
    free(g_m);
    free(sums);
}
