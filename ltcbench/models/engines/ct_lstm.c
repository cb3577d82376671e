/* The continuous-time LSTM over packed sequences, forward and backward, float32, one thread; see sequence.h.

       c <- f c + i j,   c_bar <- f_bar c_bar + i_bar j,   left = exp(-softplus(d) t)
       y = tanh(c_bar + (c - c_bar) left),   h <- o y

   t: (N,), the elapsed time. mask: (N,) or NULL; where it is 0 the row keeps its state. K = F + H. */

#include "sequence.h"

/* log(1 + u), u in [0, 1], as 2 artanh(u / (2 + u)): the series' next term is 1e-8 of it at most. */
INLINE float log_1_plus(float u) {
    float s = u / (2.0f + u), q = s * s, sum = 1.0f / 13.0f;
    sum = sum * q + 1.0f / 11.0f;
    sum = sum * q + 1.0f / 9.0f;
    sum = sum * q + 1.0f / 7.0f;
    sum = sum * q + 1.0f / 5.0f;
    sum = sum * q + 1.0f / 3.0f;
    return 2.0f * (s + s * q * sum);
}

/* x: (N, F). weight: (7 H, K). h, c, c_bar: (B, H), in: before the first step, out: after the last. Kept for the backward
   pass: inputs: (N, K), what the weights are multiplied with; gates: (N, 7 H), tanh of j and sigmoid of the others; c and
   c_bar before each step, y and left, (N, H). out: (N, H). */
void ct_lstm_forward(int64_t T, int64_t F, int64_t H, const int64_t *sizes, const unsigned char *mask, const float *time,
                     const float *x, const float *weight, const float *bias, float *h, float *c, float *c_bar,
                     float *inputs, float *gates, float *c_before, float *c_bar_before, float *y, float *left,
                     float *out) {
    int64_t K = F + H;
    float *packed = room(packed_size(K, 7 * H));
    pack(K, 7 * H, weight, 1, K, packed);
    for (int64_t t = 0, first = 0; t < T; first += sizes[t++]) {
        int64_t rows = sizes[t];
        copy_inputs(rows, F, x + first * F, NULL, K, inputs + first * K);
        copy_rows(rows, H, h, K, inputs + first * K + F);
        multiply(rows, 7 * H, K, inputs + first * K, K, 1, packed, gates + first * 7 * H, 7 * H, 0);
        memcpy(c_before + first * H, c, rows * H * sizeof(float));
        memcpy(c_bar_before + first * H, c_bar, rows * H * sizeof(float));
        for (int64_t b = 0; b < rows; b++) {
            int64_t at = (first + b) * H;
            float *g = gates + 7 * at, *hb = h + b * H, *cb = c + b * H, *bar = c_bar + b * H;
            float *yb = y + at, *stays = left + at, elapsed = time[first + b];
            int keep = mask && !mask[first + b];
#pragma omp simd simdlen(16)
            for (int64_t k = 0; k < H; k++) {
                float j = hyperbolic_tangent(g[k] + bias[k]), i = sigmoid(g[H + k] + bias[H + k]);
                float f = sigmoid(g[2 * H + k] + bias[2 * H + k]), o = sigmoid(g[3 * H + k] + bias[3 * H + k]);
                float i_bar = sigmoid(g[4 * H + k] + bias[4 * H + k]), f_bar = sigmoid(g[5 * H + k] + bias[5 * H + k]);
                float d = g[6 * H + k] + bias[6 * H + k];
                float softplus = (d > 0.0f ? d : 0.0f) + log_1_plus(exponential(-fabsf(d)));
                float new = f * cb[k] + i * j, new_bar = f_bar * bar[k] + i_bar * j;
                g[k] = j;
                g[H + k] = i;
                g[2 * H + k] = f;
                g[3 * H + k] = o;
                g[4 * H + k] = i_bar;
                g[5 * H + k] = f_bar;
                g[6 * H + k] = sigmoid(d);
                stays[k] = exponential(-softplus * elapsed);
                yb[k] = hyperbolic_tangent(new_bar + (new - new_bar) * stays[k]);
                hb[k] = keep ? hb[k] : o * yb[k];
                cb[k] = keep ? cb[k] : new;
                bar[k] = keep ? bar[k] : new_bar;
            }
        }
        memcpy(out + first * H, h, rows * H * sizeof(float));
    }
    free(packed);
}

/* g_h, g_c, g_c_bar: (B, H), in: gradients of the last state, out: of the first. g_gates: (N, 7 H), of what tanh and
   sigmoid are of. Adds to g_bias: (7 H,). */
void ct_lstm_backward(int64_t T, int64_t F, int64_t H, const int64_t *sizes, const unsigned char *mask,
                      const float *time, const float *weight, const float *gates, const float *c_before,
                      const float *c_bar_before, const float *y, const float *left, const float *g_out, float *g_h,
                      float *g_c, float *g_c_bar, float *g_gates, float *g_bias) {
    float *packed = room(packed_size(7 * H, H));
    pack(7 * H, H, weight + F, F + H, 1, packed);
    for (int64_t t = T - 1, first = total(T, sizes); t >= 0; t--) {
        int64_t rows = sizes[t];
        first -= rows;
        add_to(rows * H, g_out + first * H, g_h);
        for (int64_t b = 0; b < rows; b++) {
            int64_t at = (first + b) * H;
            const float *g = gates + 7 * at, *c = c_before + at, *c_bar = c_bar_before + at, *yb = y + at;
            const float *stays = left + at;
            float *gh = g_h + b * H, *gc = g_c + b * H, *g_bar = g_c_bar + b * H, *gz = g_gates + 7 * at;
            float elapsed = time[first + b];
            int keep = mask && !mask[first + b];
#pragma omp simd simdlen(16)
            for (int64_t k = 0; k < H; k++) {
                float j = g[k], i = g[H + k], f = g[2 * H + k], o = g[3 * H + k], i_bar = g[4 * H + k];
                float f_bar = g[5 * H + k], apart = f * c[k] + i * j - (f_bar * c_bar[k] + i_bar * j);
                float of_h = keep ? 0.0f : gh[k], of_sum = of_h * o * tanh_slope(yb[k]);
                float of_c = (keep ? 0.0f : gc[k]) + of_sum * stays[k];
                float of_bar = (keep ? 0.0f : g_bar[k]) + of_sum * (1.0f - stays[k]);
                gz[k] = (of_c * i + of_bar * i_bar) * tanh_slope(j);
                gz[H + k] = of_c * j * sigmoid_slope(i);
                gz[2 * H + k] = of_c * c[k] * sigmoid_slope(f);
                gz[3 * H + k] = of_h * yb[k] * sigmoid_slope(o);
                gz[4 * H + k] = of_bar * j * sigmoid_slope(i_bar);
                gz[5 * H + k] = of_bar * c_bar[k] * sigmoid_slope(f_bar);
                gz[6 * H + k] = -of_sum * apart * stays[k] * elapsed * g[6 * H + k];
                gh[k] = keep ? gh[k] : 0.0f; /* a masked step hands all of it on */
                gc[k] = keep ? gc[k] : of_c * f;
                g_bar[k] = keep ? g_bar[k] : of_bar * f_bar;
            }
        }
        multiply(rows, H, 7 * H, g_gates + 7 * first * H, 7 * H, 1, packed, g_h, H, 1);
        add_rows(rows, 7 * H, g_gates + 7 * first * H, g_bias);
    }
    free(packed);
}
