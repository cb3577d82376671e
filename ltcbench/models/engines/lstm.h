/* One row of an LSTM, for one time step:

       i, f, o = sigmoid(z_i, z_f + forget_bias, z_o),   j = tanh(z_j),   c <- f c + i j,   y = tanh(c),   m = o y  */

#ifndef LSTM_H
#define LSTM_H

#include "simd.h"

/* gates: (4 H,), in: z without its bias; out: i, j, f, o. c: in and out, as it is with keep. before: c before the
   step. */
INLINE void lstm_row(int64_t H, const float *bias, float forget_bias, int keep, float *gates, float *c, float *before,
                     float *y, float *m) {
#pragma omp simd simdlen(16)
    for (int64_t k = 0; k < H; k++) {
        float i = sigmoid(gates[k] + bias[k]), j = hyperbolic_tangent(gates[H + k] + bias[H + k]);
        float f = sigmoid(gates[2 * H + k] + bias[2 * H + k] + forget_bias);
        float o = sigmoid(gates[3 * H + k] + bias[3 * H + k]);
        float new = f * c[k] + i * j;
        before[k] = c[k];
        gates[k] = i;
        gates[H + k] = j;
        gates[2 * H + k] = f;
        gates[3 * H + k] = o;
        y[k] = hyperbolic_tangent(new);
        m[k] = o * y[k];
        c[k] = keep ? c[k] : new;
    }
}

/* g_m: gradient of m. g_c: (H,), in: of c after the step, out: of c before it. g_z: (4 H,), of z; zero with keep. */
INLINE void lstm_row_backward(int64_t H, int keep, const float *gates, const float *before, const float *y,
                              const float *g_m, float *g_c, float *g_z) {
#pragma omp simd simdlen(16)
    for (int64_t k = 0; k < H; k++) {
        float i = gates[k], j = gates[H + k], f = gates[2 * H + k], o = gates[3 * H + k];
        float gm = keep ? 0.0f : g_m[k], gc = (keep ? 0.0f : g_c[k]) + gm * o * tanh_slope(y[k]);
        g_z[k] = gc * j * sigmoid_slope(i);
        g_z[H + k] = gc * i * tanh_slope(j);
        g_z[2 * H + k] = gc * before[k] * sigmoid_slope(f);
        g_z[3 * H + k] = gm * y[k] * sigmoid_slope(o);
        g_c[k] = keep ? g_c[k] : gc * f;
    }
}

#endif
