/* An LSTM and a CT-RNN in one cell over packed sequences, forward and backward, float32, one thread; see sequence.h,
   lstm.h for the one and solver.h for the other.

       ODE-LSTM        m, c <- LSTM([x, h]; c),         dh/dt = gain tanh(W_x m + W_h h + b) - decay h
       Bi-RNN          m, c <- LSTM([x, h, t, m]; c),   dh/dt = gain tanh(W_x [x, m] + W_h h + b) - decay h,
                       with m before the step; output m + h

   The state m and the elapsed time t are NULL in an ODE-LSTM, which starts every step without them. K and L: numbers of
   what LSTM and W_x are multiplied with, `inputs` (N, K) and `heard` (N, L). h_t: (N), of a sub-step. mask: (N) or NULL;
   a masked step keeps the state. points, f, g_a, within: as in solver.c. */

#include "lstm.h"
#include "solver.h"

/* h, c, m: (B, H), before the first step, and after each row's last. Kept for the backward pass: inputs, heard, gates
   (N, 4 H), c_before and y (N, H); points, f: NULL where no gradient is wanted. out: (N, H). */
void ode_lstm_forward(int64_t T, const int64_t *sizes, int64_t B, int64_t H, int64_t unfolds, int64_t stages,
                      const float *c_column, const float *b_column, int64_t decays, int64_t bounded, float clip,
                      const float *gain, const float *weight_h, int64_t F, int64_t K, int64_t L,
                      const unsigned char *mask, const float *x, const float *time, const float *h_t,
                      const float *weight, const float *bias, float forget_bias, const float *weight_x,
                      const float *ode_bias, float *h, float *c, float *m, float *inputs, float *heard, float *gates,
                      float *c_before, float *y, float *points, float *f, unsigned char *within, float *out) {
    Equation e = {H, unfolds, stages, bounded, decays, clip, c_column, b_column, gain, room(packed_size(H, H))};
    float *packed = room(packed_size(K, 4 * H)), *packed_x = room(packed_size(L, H));
    float *shown = room(BLOCK * H), *drive = room(BLOCK * H), *now = room(BLOCK * H);
    float *scratch = room(3 * BLOCK * H), *unkept = room(2 * BLOCK * H);
    unsigned char *unused = calloc(BLOCK * H, 1);
    pack(H, H, weight_h, 1, H, e.weight);
    pack(K, 4 * H, weight, 1, K, packed);
    pack(L, H, weight_x, 1, L, packed_x);
    for (int64_t first = 0; first < B; first += BLOCK)
        for (int64_t t = 0, n = 0; t < T && first < sizes[t]; n += sizes[t++]) {
            int64_t rows = sizes[t] - first < BLOCK ? sizes[t] - first : BLOCK, row = n + first, many = unfolds * stages;
            int64_t at = (n * many + first) * H, stride = f ? sizes[t] * H : 0;
            copy_inputs(rows, F, x + row * F, NULL, K, inputs + row * K);
            copy_rows(rows, H, h + first * H, K, inputs + row * K + F);
            if (m) {
                copy_rows(rows, 1, time + row, K, inputs + row * K + F + H);
                copy_rows(rows, H, m + first * H, K, inputs + row * K + F + H + 1);
                copy_inputs(rows, F, x + row * F, NULL, L, heard + row * L);
                copy_rows(rows, H, m + first * H, L, heard + row * L + F);
            }
            multiply(rows, 4 * H, K, inputs + row * K, K, 1, packed, gates + row * 4 * H, 4 * H, 0);
            for (int64_t r = 0; r < rows; r++) {
                int64_t to = (row + r) * H;
                lstm_row(H, bias, forget_bias, mask && !mask[row + r], gates + 4 * to, c + (first + r) * H,
                         c_before + to, y + to, m ? shown + r * H : heard + to);
            }
            for (int64_t r = 0; r < rows; r++) memcpy(drive + r * H, ode_bias, H * sizeof(float));
            multiply(rows, H, L, heard + row * L, L, 1, packed_x, drive, H, 1);
            memcpy(now, h + first * H, rows * H * sizeof(float));
            solve(&e, rows, stride, h_t + row, drive, now, f ? points + at : unkept, f ? f + at : unkept + BLOCK * H,
                  within ? within + (n * unfolds + first) * H : unused, scratch);
            for (int64_t r = 0; r < rows; r++)
                if (!mask || mask[row + r]) {
                    memcpy(h + (first + r) * H, now + r * H, H * sizeof(float));
                    if (m) memcpy(m + (first + r) * H, shown + r * H, H * sizeof(float));
                }
            memcpy(out + row * H, h + first * H, rows * H * sizeof(float));
            if (m) add_to(rows * H, m + first * H, out + row * H);
        }
    free(e.weight), free(packed), free(packed_x), free(shown), free(drive), free(now), free(scratch), free(unkept);
    free(unused);
}

/* g_h, g_c, g_m: (B, H), of the state after each row's last step, and of that before the first. g_gates: (N, 4 H), g_a.
   Adds to g_drive (N, H) and g_gain (H). */
void ode_lstm_backward(int64_t T, const int64_t *sizes, int64_t B, int64_t H, int64_t unfolds, int64_t stages,
                       const float *c_column, const float *b_column, int64_t decays, int64_t bounded, float clip,
                       const float *gain, const float *weight_h, int64_t F, int64_t K, int64_t L,
                       const unsigned char *mask, const float *h_t, const float *weight, const float *weight_x,
                       const float *gates, const float *c_before, const float *y, const float *f,
                       const unsigned char *within, const float *g_out, float *g_h, float *g_c, float *g_m,
                       float *g_gates, float *g_drive, float *g_a, float *g_gain) {
    Equation e = {H, unfolds, stages, bounded, decays, clip, c_column, b_column, gain, room(packed_size(H, H))};
    float *by_h = room(packed_size(4 * H, H)), *by_m = room(packed_size(4 * H, H)), *heard_m = room(packed_size(H, H));
    float *now = room(BLOCK * H), *shown = room(BLOCK * H), *scratch = room(2 * BLOCK * H), *of_gain = room(H);
    pack(H, H, weight_h, H, 1, e.weight);
    pack(4 * H, H, weight + F, K, 1, by_h);
    if (g_m) pack(4 * H, H, weight + F + H + 1, K, 1, by_m);
    pack(H, H, weight_x + L - H, L, 1, heard_m);
    int64_t N = total(T, sizes), many = unfolds * stages;
    for (int64_t first = 0; first < B; first += BLOCK)
        for (int64_t t = T - 1, n = N; t >= 0; t--) {
            n -= sizes[t];
            if (first >= sizes[t]) continue;
            int64_t rows = sizes[t] - first < BLOCK ? sizes[t] - first : BLOCK, row = n + first, stride = sizes[t] * H;
            int64_t end = (n * many + first + many * sizes[t]) * H;
            float *gh = g_h + first * H, *gm = g_m ? g_m + first * H : shown, *gz = g_gates + row * 4 * H;
            add_to(rows * H, g_out + row * H, gh);
            if (g_m) add_to(rows * H, g_out + row * H, gm);
            memcpy(now, gh, rows * H * sizeof(float));
            for (int64_t r = 0; r < rows; r++)
                if (mask && !mask[row + r]) memset(now + r * H, 0, H * sizeof(float));
            memset(of_gain, 0, H * sizeof(float)); /* summed step by step, so that little is rounded away */
            solve_back(&e, rows, stride, h_t + row, f + end,
                       within ? within + (n + sizes[t]) * unfolds * H + first * H : NULL, now, g_a + end,
                       g_drive + row * H, of_gain, scratch);
            add_to(H, of_gain, g_gain);
            if (!g_m) multiply(rows, H, H, g_drive + row * H, H, 1, heard_m, shown, H, 0);
            for (int64_t r = 0; r < rows; r++) {
                int64_t from = (row + r) * H;
                int keep = mask && !mask[row + r];
                lstm_row_backward(H, keep, gates + 4 * from, c_before + from, y + from, gm + r * H,
                                  g_c + (first + r) * H, gz + r * 4 * H);
                if (keep) continue; /* hands all of it on */
                memcpy(gh + r * H, now + r * H, H * sizeof(float));
                if (g_m) memset(gm + r * H, 0, H * sizeof(float));
            }
            multiply(rows, H, 4 * H, gz, 4 * H, 1, by_h, gh, H, 1);
            if (g_m) {
                multiply(rows, H, 4 * H, gz, 4 * H, 1, by_m, gm, H, 1);
                multiply(rows, H, H, g_drive + row * H, H, 1, heard_m, gm, H, 1);
            }
        }
    free(e.weight), free(by_h), free(by_m), free(heard_m), free(now), free(shown), free(scratch), free(of_gain);
}
