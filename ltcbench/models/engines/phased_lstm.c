/* The phased LSTM over packed sequences, forward and backward, float32, one thread; see sequence.h, and lstm.h for what
   is in it:

       m, c_new = LSTM(x; h, c),   c <- c + k (c_new - c),   h <- h + k (m - h)

   k: (N,), how far the time gate is open. mask: (N,) or NULL; where it is 0 the row keeps its state. K = F + H. */

#include "lstm.h"
#include "sequence.h"

/* x: (N, F). weight: (4 H, K). h, c: (B, H), in: before the first step, out: after the last. Kept for the backward pass:
   inputs: (N, K), what the weights are multiplied with; gates: (N, 4 H); before and y, c before each step and tanh of
   c_new, (N, H). out: (N, H). */
void phased_lstm_forward(int64_t T, int64_t F, int64_t H, const int64_t *sizes, const unsigned char *mask,
                         const float *k, const float *x, const float *weight, const float *bias, float forget_bias,
                         float *h, float *c, float *inputs, float *gates, float *before, float *y, float *out) {
    int64_t K = F + H;
    float *packed = room(packed_size(K, 4 * H)), *m = room(H);
    pack(K, 4 * H, weight, 1, K, packed);
    for (int64_t t = 0, first = 0; t < T; first += sizes[t++]) {
        int64_t rows = sizes[t];
        copy_inputs(rows, F, x + first * F, NULL, K, inputs + first * K);
        copy_rows(rows, H, h, K, inputs + first * K + F);
        multiply(rows, 4 * H, K, inputs + first * K, K, 1, packed, gates + first * 4 * H, 4 * H, 0);
        for (int64_t b = 0; b < rows; b++) {
            int64_t at = (first + b) * H;
            float open = mask && !mask[first + b] ? 0.0f : k[first + b];
            float *restrict hb = h + b * H, *restrict cb = c + b * H;
            lstm_row(H, bias, forget_bias, 0, gates + 4 * at, cb, before + at, y + at, m);
            for (int64_t j = 0; j < H; j++) {
                cb[j] = before[at + j] + open * (cb[j] - before[at + j]);
                hb[j] += open * (m[j] - hb[j]);
            }
        }
        memcpy(out + first * H, h, rows * H * sizeof(float));
    }
    free(packed), free(m);
}

/* g_h, g_c: (B, H), in: gradients of the last state, out: of the first. g_k: (N,). g_gates: (N, 4 H). Adds to g_bias:
   (4 H,). */
void phased_lstm_backward(int64_t T, int64_t F, int64_t H, const int64_t *sizes, const unsigned char *mask,
                          const float *k, const float *weight, const float *inputs, const float *gates,
                          const float *before, const float *y, const float *g_out, float *g_h, float *g_c, float *g_k,
                          float *g_gates, float *g_bias) {
    int64_t K = F + H;
    float *packed = room(packed_size(4 * H, H)), *g_m = room(H), *g_new = room(H);
    pack(4 * H, H, weight + F, K, 1, packed);
    for (int64_t t = T - 1, first = total(T, sizes); t >= 0; t--) {
        int64_t rows = sizes[t];
        first -= rows;
        add_to(rows * H, g_out + first * H, g_h);
        for (int64_t b = 0; b < rows; b++) {
            int64_t at = (first + b) * H;
            const float *gate = gates + 4 * at, *h = inputs + (first + b) * K + F, *c = before + at;
            float *restrict gh = g_h + b * H, *restrict gc = g_c + b * H;
            int keep = mask && !mask[first + b];
            float open = keep ? 0.0f : k[first + b], of_open = 0.0f;
#pragma omp simd reduction(+ : of_open)
            for (int64_t j = 0; j < H; j++) {
                float m = gate[3 * H + j] * y[at + j], new = gate[2 * H + j] * c[j] + gate[j] * gate[H + j];
                of_open += gh[j] * (m - h[j]) + gc[j] * (new - c[j]);
                g_m[j] = open * gh[j];
                g_new[j] = open * gc[j];
                gh[j] *= 1.0f - open;
                gc[j] *= 1.0f - open;
            }
            g_k[first + b] = keep ? 0.0f : of_open;
            lstm_row_backward(H, 0, gate, c, y + at, g_m, g_new, g_gates + 4 * at);
            add_to(H, g_new, gc);
        }
        multiply(rows, H, 4 * H, g_gates + 4 * first * H, 4 * H, 1, packed, g_h, H, 1);
        add_rows(rows, 4 * H, g_gates + 4 * first * H, g_bias);
    }
    free(packed), free(g_m), free(g_new);
}
