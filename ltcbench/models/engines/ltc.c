/* The synapses of the LTC cell and its fused solver, forward and backward, float32, one thread.

       s        = sigmoid(sigma (u - mu)) = 1 / (1 + 2^(slope u - offset))
       reversal = sum over pre of w_erev s        conductance = sum over pre of w s
   with w_erev = w erev, slope = -log2(e) sigma, offset = -log2(e) sigma mu.

   Arrays are row-major. Synapses lie as [block of LANES post neurons][pre], so that the loop over post neurons, the
   innermost, is one of whole vectors; lanes beyond the last neuron hold zeros. The backward pass computes s again: that
   costs less than reading it back, and memory stays small. */

#include <math.h>
#include <stdint.h>
#include <string.h>

#define EPSILON 1e-8f
#define LN2 0.693147181f
#define LANES 16
#define ROWS 64 /* at once in the backward pass: what is kept of them stays in the first cache */

typedef struct {
    float w[LANES], w_erev[LANES], slope[LANES], offset[LANES];
} Synapses; /* from one neuron onto LANES others; of a gradient: the same */

/* 1 / (1 + 2^y); 2^y = 2^n 2^r with n whole, held within the range of exponents, and r in [-1/2, 1/2], where the Taylor
   series of 2^r is right to the last bit but one. One degree less would be seen in gradients. */
static inline float sigmoid(float y) {
    float r = y - rintf(y), p = 1.5403530e-4f;
    p = p * r + 1.3333558e-3f;
    p = p * r + 9.6181291e-3f;
    p = p * r + 5.5504109e-2f;
    p = p * r + 2.4022651e-1f;
    p = p * r + 6.9314718e-1f;
    p = p * r + 1.0f;
    float whole = y + 12582912.0f; /* 1.5 2^23, bits 0x4B400000: the last bits of this sum are n */
    int32_t n;
    memcpy(&n, &whole, sizeof n);
    n = n > 0x4B400000 + 126 ? 0x4B400000 + 126 : n;
    n = n < 0x4B400000 - 126 ? 0x4B400000 - 126 : n;
    n = (n - 0x4B400000 + 127) << 23;
    float power;
    memcpy(&power, &n, sizeof power);
    return 1.0f / (1.0f + p * power);
}

/* u: (rows, pre); reversal, conductance: (rows, post). */
void synapses_forward(int64_t rows, int64_t post, int64_t pre, const float *restrict u,
                      const Synapses *restrict synapses, float *restrict reversal, float *restrict conductance) {
    for (int64_t first = 0; first < post; first += LANES, synapses += pre)
        for (int64_t r = 0; r < rows; r++) {
            float a[LANES] = {0}, b[LANES] = {0};
            for (int64_t j = 0; j < pre; j++) {
                const Synapses *from = synapses + j;
                float uj = u[r * pre + j];
#pragma omp simd
                for (int i = 0; i < LANES; i++) {
                    float s = sigmoid(from->slope[i] * uj - from->offset[i]);
                    a[i] += from->w_erev[i] * s;
                    b[i] += from->w[i] * s;
                }
            }
            size_t size = (post - first < LANES ? post - first : LANES) * sizeof(float);
            memcpy(reversal + r * post + first, a, size);
            memcpy(conductance + r * post + first, b, size);
        }
}

/* g_reversal, g_conductance: (rows, blocks x LANES), zero beyond the last neuron. Adds to every gradient. */
void synapses_backward(int64_t rows, int64_t blocks, int64_t pre, const float *restrict u,
                       const Synapses *restrict synapses, const float *restrict g_reversal,
                       const float *restrict g_conductance, float *restrict g_u, Synapses *restrict g_synapses) {
    for (int64_t start = 0; start < rows; start += ROWS)
        for (int64_t j = 0; j < pre; j++) {
            int64_t many = rows - start < ROWS ? rows - start : ROWS;
            float gu[ROWS][LANES];
            memset(gu, 0, many * sizeof *gu);
            for (int64_t block = 0; block < blocks; block++) {
                const Synapses from = synapses[block * pre + j];
                Synapses g = {0};
                for (int64_t r = 0; r < many; r++) {
                    float uj = u[(start + r) * pre + j];
                    const float *ga = g_reversal + ((start + r) * blocks + block) * LANES;
                    const float *gb = g_conductance + ((start + r) * blocks + block) * LANES;
#pragma omp simd
                    for (int i = 0; i < LANES; i++) {
                        float s = sigmoid(from.slope[i] * uj - from.offset[i]);
                        /* of slope u - offset, whose ds/dy = -ln 2 s (1 - s), without the ln 2 */
                        float gy = (ga[i] * from.w_erev[i] + gb[i] * from.w[i]) * (s * s - s);
                        g.w_erev[i] += ga[i] * s;
                        g.w[i] += gb[i] * s;
                        g.slope[i] += gy * uj;
                        g.offset[i] -= gy;
                        gu[r][i] += gy * from.slope[i];
                    }
                }
                Synapses *to = g_synapses + block * pre + j;
#pragma omp simd
                for (int i = 0; i < LANES; i++) {
                    to->w[i] += g.w[i];
                    to->w_erev[i] += g.w_erev[i];
                    to->slope[i] += LN2 * g.slope[i];
                    to->offset[i] += LN2 * g.offset[i];
                }
            }
            for (int64_t r = 0; r < many; r++) {
                float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
                for (int i = 0; i < LANES; i++) sum += gu[r][i];
                g_u[(start + r) * pre + j] += LN2 * sum;
            }
        }
}

/* A sequence is packed: step t has the first sizes[t] rows of the batch, fewer from step to step, and lies behind step
   t - 1. N = sum of sizes. v: (K + 1, sizes[t], H) for each t, the potentials before each of the K unfolds and after the
   last; d: (K, sizes[t], H) for each t, the denominators; both are kept for the backward pass. h: (N). mask: (N) or
   NULL. state: (B, H), in: before the first step, out: after each row's last. scratch: (B, H). out: (N, H). */
void ltc_forward(int64_t T, const int64_t *sizes, int64_t H, int64_t K, const float *restrict reversal,
                 const float *restrict conductance, const float *restrict h, const unsigned char *mask,
                 const float *restrict cm, const Synapses *restrict synapses, float *restrict v, float *restrict d,
                 float *restrict scratch, float *restrict state, float *restrict out) {
    for (int64_t t = 0; t < T; t++) {
        int64_t B = sizes[t], size = B * H;
        memcpy(v, state, size * sizeof(float));
        for (int64_t k = 0; k < K; k++, v += size, d += size) {
            synapses_forward(B, H, H, v, synapses, scratch, d);
            for (int64_t b = 0; b < B; b++)
                for (int64_t at = b * H, i = 0; i < H; i++, at++) {
                    d[at] = cm[i] + h[b] * (conductance[at] + d[at] + EPSILON);
                    v[size + at] = (cm[i] * v[at] + h[b] * (reversal[at] + scratch[at])) / d[at];
                }
        }
        for (int64_t b = 0; b < B; b++) /* a masked step keeps the state */
            if (!mask || mask[b]) memcpy(state + b * H, v + b * H, H * sizeof(float));
        memcpy(out, state, size * sizeof(float));
        v += size, reversal += size, conductance += size, out += size, h += B;
        if (mask) mask += B;
    }
}

/* From the last step to the first. g: (B, H), in: gradient of the state
   after the last step, out: of that before the first. gr, gc: (B, blocks x LANES), zero. kept: (B, H). Adds to the
   gradients of parameters. With v' = N / D, a gradient g of v' gives g / D for N and -g v' / D for D. */
void ltc_backward(int64_t T, const int64_t *sizes, int64_t H, int64_t K, const float *restrict g_out,
                  const float *restrict h, const unsigned char *mask, const float *restrict cm,
                  const Synapses *restrict synapses, const float *restrict v, const float *restrict d,
                  float *restrict gr, float *restrict gc, float *restrict kept, float *restrict g,
                  float *restrict g_reversal, float *restrict g_conductance, float *restrict g_cm,
                  Synapses *restrict g_synapses) {
    int64_t blocks = (H + LANES - 1) / LANES, width = blocks * LANES;
    int64_t N = 0;
    for (int64_t t = 0; t < T; t++) N += sizes[t];
    v += N * (K + 1) * H, d += N * K * H, g_out += N * H, g_reversal += N * H, g_conductance += N * H, h += N;
    if (mask) mask += N;
    for (int64_t t = T - 1; t >= 0; t--) {
        int64_t B = sizes[t], size = B * H;
        v -= size, g_out -= size, g_reversal -= size, g_conductance -= size, h -= B;
        if (mask) mask -= B;
        for (int64_t b = 0; b < B; b++) /* a masked step hands its gradient on to the step before */
            for (int64_t at = b * H, i = 0; i < H; i++, at++) {
                float sum = g[at] + g_out[at];
                int off = mask && !mask[b];
                kept[at] = off ? sum : 0.0f;
                g[at] = off ? 0.0f : sum;
            }
        for (int64_t k = K - 1; k >= 0; k--) {
            v -= size, d -= size;
            for (int64_t b = 0; b < B; b++)
                for (int64_t at = b * H, to = b * width, i = 0; i < H; i++, at++, to++) {
                    float gn = g[at] / d[at], gd = -gn * v[size + at];
                    gr[to] = gn * h[b];
                    gc[to] = gd * h[b];
                    g_reversal[at] += gr[to];
                    g_conductance[at] += gc[to];
                    g_cm[i] += gn * v[at] + gd;
                    g[at] = gn * cm[i];
                }
            synapses_backward(B, blocks, H, v, synapses, gr, gc, g, g_synapses);
        }
        for (int64_t at = 0; at < size; at++) g[at] += kept[at];
    }
}
