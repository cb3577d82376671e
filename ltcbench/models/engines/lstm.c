/* The LSTM over packed sequences, forward and backward, float32, one thread; see sequence.h, and lstm.h for a row.

   mask: (N,) or NULL; where it is 0 the row keeps its state. K = F + H, or F + 1 + H with the time. */

#include "lstm.h"
#include "sequence.h"

/* x: (N, F). time: (N,) or NULL, a further input. h, c: (B, H), in: before the first step, out: after the last. Kept for
   the backward pass: inputs: (N, K), what the weights are multiplied with; gates: (N, 4 H); c before each step and tanh
   of c after it, (N, H). out: (N, H). */
void lstm_forward(int64_t T, int64_t F, int64_t H, const int64_t *sizes, const unsigned char *mask, const float *x,
                  const float *time, const float *weight_x, const float *weight_h, const float *bias,
                  float forget_bias, float *h, float *c, float *inputs, float *gates, float *c_before, float *y,
                  float *out) {
    int64_t width = F + (time != NULL), K = width + H, known = 0;
    float *packed_x = room(packed_size(width, 4 * H)), *packed_h = room(packed_size(H, 4 * H));
    pack(width, 4 * H, weight_x, 1, width, packed_x);
    pack(H, 4 * H, weight_h, 1, H, packed_h);
    for (int64_t t = 0, first = 0; t < T; first += sizes[t++]) {
        int64_t rows = sizes[t];
        if (first == known) {
            int64_t ahead = rows_ahead(T, sizes, t);
            copy_inputs(ahead, F, x + first * F, time ? time + first : NULL, K, inputs + first * K);
            multiply(ahead, 4 * H, width, inputs + first * K, K, 1, packed_x, gates + first * 4 * H, 4 * H, 0);
            known += ahead;
        }
        copy_rows(rows, H, h, K, inputs + first * K + width);
        multiply(rows, 4 * H, H, h, H, 1, packed_h, gates + first * 4 * H, 4 * H, 1);
        for (int64_t b = 0; b < rows; b++) {
            int64_t at = (first + b) * H;
            int keep = mask && !mask[first + b];
            lstm_row(H, bias, forget_bias, keep, gates + 4 * at, c + b * H, c_before + at, y + at, out + at);
            float *hb = h + b * H, *shown = out + at;
            memcpy(keep ? shown : hb, keep ? hb : shown, H * sizeof(float));
        }
    }
    free(packed_x);
    free(packed_h);
}

/* g_h, g_c: (B, H), in: gradients of the last state, out: of the first. g_gates: (N, 4 H). Adds to g_bias: (4 H,). */
void lstm_backward(int64_t T, int64_t H, const int64_t *sizes, const unsigned char *mask, const float *weight_h,
                   const float *gates, const float *c_before, const float *y, const float *g_out, float *g_h,
                   float *g_c, float *g_gates, float *g_bias) {
    float *packed = room(packed_size(4 * H, H));
    pack(4 * H, H, weight_h, H, 1, packed);
    for (int64_t t = T - 1, first = total(T, sizes); t >= 0; t--) {
        int64_t rows = sizes[t];
        first -= rows;
        add_to(rows * H, g_out + first * H, g_h);
        for (int64_t b = 0; b < rows; b++) {
            int64_t at = (first + b) * H;
            int keep = mask && !mask[first + b];
            float *g = g_h + b * H;
            lstm_row_backward(H, keep, gates + 4 * at, c_before + at, y + at, g, g_c + b * H, g_gates + 4 * at);
            if (!keep) memset(g, 0, H * sizeof(float)); /* a masked step hands all of it on */
        }
        multiply(rows, H, 4 * H, g_gates + 4 * first * H, 4 * H, 1, packed, g_h, H, 1);
        add_rows(rows, 4 * H, g_gates + 4 * first * H, g_bias);
    }
    free(packed);
}
