/* The CT-GRU over packed sequences, forward and backward, float32, one thread; see sequence.h.

       r_k = softmax_k(-(R_k [x, h] - ln tau_k)^2),   h = sum_k h_k,   q = tanh(Q [x, sum_k r_k h_k])
       s_k = softmax_k(-(S_k [x, h] - ln tau_k)^2),   h_k <- (h_k + s_k (q - h_k)) decay_k

   Scale after scale: h_k is [M][H], what R and S give [2][W][H]; W is M, or 1 where all scales share it. K = F + H.
   mask: (N,) or NULL; where it is 0 the row keeps its state. Both softmaxes are computed once more backwards: cheaper
   than to keep them. A share below 1e-20 is 0: gradients through it would be denormal numbers, which take a processor
   many times as long. */

#include "sequence.h"

/* d: (M, H), z - ln tau_k of each scale, z: (W, H) with its bias. share: (M, H), softmax_k(-d_k^2). room: (2, H). */
static void shares(int64_t M, int64_t W, int64_t H, const float *ln_tau, const float *restrict z,
                   const float *restrict bias, float *restrict d, float *restrict share, float *restrict room) {
    float *restrict nearest = room, *restrict sum = room + H; /* nearest: the smallest |d_k| */
    for (int64_t j = 0; j < H; j++) nearest[j] = INFINITY, sum[j] = 0.0f;
    for (int64_t k = 0; k < M; k++) {
        int64_t of = W == 1 ? 0 : k * H;
        for (int64_t j = 0; j < H; j++) {
            float dk = z[of + j] + bias[of + j] - ln_tau[k], far = fabsf(dk);
            d[k * H + j] = dk;
            nearest[j] = far < nearest[j] ? far : nearest[j];
        }
    }
    for (int64_t k = 0; k < M; k++)
#pragma omp simd simdlen(16)
        for (int64_t j = 0; j < H; j++) {
            float far = fabsf(d[k * H + j]), less = (nearest[j] - far) * (nearest[j] + far); /* exact where d^2 is not */
            float e = less < -46.0f ? 0.0f : exponential(less);
            share[k * H + j] = e;
            sum[j] += e;
        }
    for (int64_t j = 0; j < H; j++) sum[j] = 1.0f / sum[j];
    for (int64_t k = 0; k < M; k++)
        for (int64_t j = 0; j < H; j++) share[k * H + j] *= sum[j];
}

/* g: (M, H), gradients of the shares, overwritten. g_z: (W, H). room: (H,). */
static void shares_backward(int64_t M, int64_t W, int64_t H, const float *restrict d, const float *restrict share,
                            const float *restrict g, float *restrict g_z, float *restrict room) {
    memset(room, 0, H * sizeof(float));
    for (int64_t k = 0; k < M; k++)
        for (int64_t j = 0; j < H; j++) room[j] += share[k * H + j] * g[k * H + j];
    if (W == 1) memset(g_z, 0, H * sizeof(float));
    for (int64_t k = 0; k < M; k++) {
        const float *dk = d + k * H, *sk = share + k * H, *gk = g + k * H;
        float *restrict to = W == 1 ? g_z : g_z + k * H;
        if (W == 1)
            for (int64_t j = 0; j < H; j++) to[j] -= 2.0f * dk[j] * sk[j] * (gk[j] - room[j]);
        else
            for (int64_t j = 0; j < H; j++) to[j] = -2.0f * dk[j] * sk[j] * (gk[j] - room[j]);
    }
}

/* Sum over the scales: (M, H) -> (H,). */
static void over_scales(int64_t M, int64_t H, const float *restrict h_k, float *restrict h) {
    memcpy(h, h_k, H * sizeof(float));
    for (int64_t k = 1; k < M; k++) add_to(H, h_k + k * H, h);
}

/* x: (N, F). decay: (N, M). weight: (2 W H, K) of R and S. event_weight: (H, K) of Q. h_k: (B, M H), in: before the
   first step, out: after the last. Kept for the backward pass: inputs and event_inputs: (N, K), what the weights are
   multiplied with; before: (N, M H), h_k before each step; z: (N, 2 W H), without the bias; q: (N, H). out: (N, H). */
void ctgru_forward(int64_t T, int64_t F, int64_t H, int64_t M, int64_t W, const int64_t *sizes,
                   const unsigned char *mask, const float *x, const float *decay, const float *ln_tau,
                   const float *weight, const float *bias, const float *event_weight, const float *event_bias,
                   float *h_k, float *inputs, float *event_inputs, float *before, float *z, float *q, float *out) {
    int64_t K = F + H, MH = M * H, WH = W * H;
    float *packed = room(packed_size(K, 2 * WH)), *packed_event = room(packed_size(K, H));
    float *d = room(MH), *share = room(MH), *scratch = room(2 * H);
    pack(K, 2 * WH, weight, 1, K, packed);
    pack(K, H, event_weight, 1, K, packed_event);
    for (int64_t t = 0, first = 0; t < T; first += sizes[t++]) {
        int64_t rows = sizes[t];
        copy_inputs(rows, F, x + first * F, NULL, K, inputs + first * K);
        copy_inputs(rows, F, x + first * F, NULL, K, event_inputs + first * K);
        memcpy(before + first * MH, h_k, rows * MH * sizeof(float));
        for (int64_t b = 0; b < rows; b++) over_scales(M, H, h_k + b * MH, inputs + (first + b) * K + F);
        multiply(rows, 2 * WH, K, inputs + first * K, K, 1, packed, z + first * 2 * WH, 2 * WH, 0);
        for (int64_t b = 0; b < rows; b++) {
            float *restrict read = event_inputs + (first + b) * K + F;
            const float *restrict hb = h_k + b * MH;
            shares(M, W, H, ln_tau, z + (first + b) * 2 * WH, bias, d, share, scratch);
            memset(read, 0, H * sizeof(float));
            for (int64_t k = 0; k < M; k++)
                for (int64_t j = 0; j < H; j++) read[j] += share[k * H + j] * hb[k * H + j];
        }
        multiply(rows, H, K, event_inputs + first * K, K, 1, packed_event, q + first * H, H, 0);
        for (int64_t b = 0; b < rows; b++) {
            int64_t at = first + b;
            float *restrict qb = q + at * H, *restrict hb = h_k + b * MH;
#pragma omp simd simdlen(16)
            for (int64_t j = 0; j < H; j++) qb[j] = hyperbolic_tangent(qb[j] + event_bias[j]);
            if (!mask || mask[at]) {
                shares(M, W, H, ln_tau, z + at * 2 * WH + WH, bias + WH, d, share, scratch);
                for (int64_t k = 0; k < M; k++) {
                    float left = decay[at * M + k];
                    for (int64_t i = k * H, j = 0; j < H; i++, j++) hb[i] = (hb[i] + share[i] * (qb[j] - hb[i])) * left;
                }
            }
            over_scales(M, H, hb, out + at * H);
        }
    }
    free(packed), free(packed_event), free(d), free(share), free(scratch);
}

/* g_k: (B, M H), in: gradient of the last state, out: of the first. g_z: (N, 2 W H) and g_q: (N, H), of tanh's
   argument. Adds to g_bias: (2 W H,) and g_event_bias: (H,). */
void ctgru_backward(int64_t T, int64_t F, int64_t H, int64_t M, int64_t W, const int64_t *sizes,
                    const unsigned char *mask, const float *decay, const float *ln_tau, const float *weight,
                    const float *bias, const float *event_weight, const float *before, const float *z, const float *q,
                    const float *g_out, float *g_k, float *g_z, float *g_q, float *g_bias, float *g_event_bias) {
    int64_t K = F + H, MH = M * H, WH = W * H;
    float *packed = room(packed_size(2 * WH, H)), *packed_event = room(packed_size(H, H));
    float *d = room(MH), *share = room(MH), *g = room(MH), *scratch = room(2 * H), *g_h = room(sizes[0] * H);
    pack(2 * WH, H, weight + F, K, 1, packed);
    pack(H, H, event_weight + F, K, 1, packed_event);
    for (int64_t t = T - 1, first = total(T, sizes); t >= 0; t--) {
        int64_t rows = sizes[t];
        first -= rows;
        for (int64_t b = 0; b < rows; b++) {
            int64_t at = first + b;
            const float *restrict hb = before + at * MH, *restrict qb = q + at * H;
            float *restrict gb = g_k + b * MH, *restrict gq = g_q + at * H;
            for (int64_t k = 0; k < M; k++) add_to(H, g_out + at * H, gb + k * H);
            memset(gq, 0, H * sizeof(float));
            if (mask && !mask[at]) { /* hands all of it on */
                memset(g_z + at * 2 * WH, 0, 2 * WH * sizeof(float));
                continue;
            }
            shares(M, W, H, ln_tau, z + at * 2 * WH + WH, bias + WH, d, share, scratch);
            for (int64_t k = 0; k < M; k++) {
                float left = decay[at * M + k];
                for (int64_t i = k * H, j = 0; j < H; i++, j++) {
                    float of_sum = gb[i] * left;
                    g[i] = of_sum * (qb[j] - hb[i]);
                    gq[j] += of_sum * share[i];
                    gb[i] = of_sum * (1.0f - share[i]);
                }
            }
            for (int64_t j = 0; j < H; j++) gq[j] *= tanh_slope(qb[j]);
            shares_backward(M, W, H, d, share, g, g_z + at * 2 * WH + WH, scratch);
        }
        multiply(rows, H, H, g_q + first * H, H, 1, packed_event, g_h, H, 0); /* of sum_k r_k h_k */
        for (int64_t b = 0; b < rows; b++) {
            int64_t at = first + b;
            if (mask && !mask[at]) continue;
            const float *restrict hb = before + at * MH, *restrict of_read = g_h + b * H;
            float *restrict gb = g_k + b * MH;
            shares(M, W, H, ln_tau, z + at * 2 * WH, bias, d, share, scratch);
            for (int64_t k = 0; k < M; k++)
                for (int64_t i = k * H, j = 0; j < H; i++, j++) {
                    g[i] = of_read[j] * hb[i];
                    gb[i] += of_read[j] * share[i];
                }
            shares_backward(M, W, H, d, share, g, g_z + at * 2 * WH, scratch);
        }
        multiply(rows, H, 2 * WH, g_z + first * 2 * WH, 2 * WH, 1, packed, g_h, H, 0);
        for (int64_t b = 0; b < rows; b++)
            for (int64_t k = 0; k < M; k++) add_to(H, g_h + b * H, g_k + b * MH + k * H);
        add_rows(rows, 2 * WH, g_z + first * 2 * WH, g_bias);
        add_rows(rows, H, g_q + first * H, g_event_bias);
    }
    free(packed), free(packed_event), free(d), free(share), free(g), free(scratch), free(g_h);
}
