/* The LSTM over packed sequences, forward and backward, float32, one thread; a row of a step is in lstm.h.

   Packed tensors are (N, ...): sizes[t] rows at step t, never more than at the step before, N together. mask: (N,) or
   NULL; where it is 0 the row keeps its state. */

#include "lstm.h"

/* drive: (N, 4 H), in: the inputs' part of the gates, out: the gates. h, c: (B, H), in: before the first step, out:
   after the last. Kept for the backward pass, each (N, H): h and c before each step, and tanh of c after it. */
void lstm_forward(int64_t T, int64_t H, const int64_t *sizes, const unsigned char *mask, const float *weight,
                  float forget_bias, float *drive, float *h, float *c, float *h_before, float *c_before, float *y,
                  float *out) {
    float *packed = room(packed_size(H, 4 * H)), *product = room(sizes[0] * 4 * H);
    pack(H, 4 * H, weight, 1, H, packed);
    for (int64_t t = 0; t < T; t++) {
        int64_t rows = sizes[t];
        memcpy(h_before, h, rows * H * sizeof(float));
        multiply(rows, 4 * H, H, h, H, 1, packed, product, 4 * H, 0);
        for (int64_t b = 0; b < rows; b++) {
            int64_t at = b * H;
            int keep = mask && !mask[b];
            lstm_row(H, forget_bias, keep, product + 4 * at, drive + 4 * at, c + at, c_before + at, y + at, out + at);
            memcpy((keep ? out : h) + at, (keep ? h : out) + at, H * sizeof(float));
        }
        int64_t size = rows * H;
        drive += 4 * size, h_before += size, c_before += size, y += size, out += size;
        mask = mask ? mask + rows : NULL;
    }
    free(packed);
    free(product);
}

/* g_h, g_c: (B, H), in: gradients of the last state, out: of the first. g_drive: (N, 4 H). Adds to g_bias: (4 H,). */
void lstm_backward(int64_t T, int64_t H, const int64_t *sizes, const unsigned char *mask, const float *weight,
                   const float *gates, const float *c_before, const float *y, const float *g_out, float *g_h,
                   float *g_c, float *g_drive, float *g_bias) {
    int64_t N = 0;
    for (int64_t t = 0; t < T; t++) N += sizes[t];
    float *packed = room(packed_size(4 * H, H));
    pack(4 * H, H, weight, H, 1, packed);
    for (int64_t t = T - 1, first = N; t >= 0; t--) {
        int64_t rows = sizes[t];
        first -= rows;
        for (int64_t b = 0; b < rows; b++) {
            int64_t at = (first + b) * H;
            int keep = mask && !mask[first + b];
            float *g = g_h + b * H;
            for (int64_t k = 0; k < H; k++) g[k] += g_out[at + k];
            lstm_row_backward(H, keep, gates + 4 * at, c_before + at, y + at, g, g_c + b * H, g_drive + 4 * at);
            if (!keep) memset(g, 0, H * sizeof(float)); /* a masked step hands all of it on */
        }
        multiply(rows, H, 4 * H, g_drive + 4 * first * H, 4 * H, 1, packed, g_h, H, 1);
    }
    add_rows(N, 4 * H, g_drive, g_bias);
    free(packed);
}
