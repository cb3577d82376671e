/* The synapses of the LTC cell and its fused solver, forward and backward, float32, one thread.

   Shapes are row-major. A synapse tensor is [post][pre]; offset = sigma * mu; w_erev = w * erev.
       s        = sigmoid(sigma * u - offset)
       reversal = sum over pre of w_erev * s        conductance = sum over pre of w * s
   The backward pass computes s again: that costs less than reading it back, and memory stays small. */

#include <math.h>
#include <string.h>

#define EPSILON 1e-8f

static inline float sigmoid(float x) {
    float y = -1.44269504f * x; /* exp(-x) = 2^y */
    y = y > 126.0f ? 126.0f : y;
    y = y < -126.0f ? -126.0f : y;
    float whole = rintf(y);
    float f = y - whole; /* in [-0.5, 0.5]: the Taylor series of 2^f is right to the last bit but one */
    float p = 1.5403530e-4f;
    p = p * f + 1.3333558e-3f;
    p = p * f + 9.6181291e-3f;
    p = p * f + 5.5504109e-2f;
    p = p * f + 2.4022651e-1f;
    p = p * f + 6.9314718e-1f;
    p = p * f + 1.0f;
    int bits = ((int)whole + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return 1.0f / (1.0f + p * power);
}

void synapses_forward(int rows, int post, int pre, const float *restrict u, const float *restrict w,
                      const float *restrict w_erev, const float *restrict sigma, const float *restrict offset,
                      float *restrict reversal, float *restrict conductance) {
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < post; i++) {
            const float *ur = u + (long)r * pre, *wi = w + (long)i * pre, *ei = w_erev + (long)i * pre;
            const float *si = sigma + (long)i * pre, *oi = offset + (long)i * pre;
            float a = 0.0f, b = 0.0f;
#pragma omp simd reduction(+ : a, b)
            for (int j = 0; j < pre; j++) {
                float s = sigmoid(si[j] * ur[j] - oi[j]);
                a += ei[j] * s;
                b += wi[j] * s;
            }
            reversal[(long)r * post + i] = a;
            conductance[(long)r * post + i] = b;
        }
}

/* Adds to every gradient. */
void synapses_backward(int rows, int post, int pre, const float *restrict u, const float *restrict w,
                       const float *restrict w_erev, const float *restrict sigma, const float *restrict offset,
                       const float *restrict g_reversal, const float *restrict g_conductance, float *restrict g_u,
                       float *restrict g_w, float *restrict g_w_erev, float *restrict g_sigma,
                       float *restrict g_offset) {
    for (int i = 0; i < post; i++) {
        const float *wi = w + (long)i * pre, *ei = w_erev + (long)i * pre;
        const float *si = sigma + (long)i * pre, *oi = offset + (long)i * pre;
        float *gw = g_w + (long)i * pre, *ge = g_w_erev + (long)i * pre;
        float *gs = g_sigma + (long)i * pre, *go = g_offset + (long)i * pre;
        for (int r = 0; r < rows; r++) {
            const float *ur = u + (long)r * pre;
            float *gu = g_u + (long)r * pre;
            float ga = g_reversal[(long)r * post + i], gb = g_conductance[(long)r * post + i];
#pragma omp simd
            for (int j = 0; j < pre; j++) {
                float s = sigmoid(si[j] * ur[j] - oi[j]);
                float gx = (ga * ei[j] + gb * wi[j]) * s * (1.0f - s);
                ge[j] += ga * s;
                gw[j] += gb * s;
                gs[j] += gx * ur[j];
                go[j] -= gx;
                gu[j] += gx * si[j];
            }
        }
    }
}

/* The rows are packed: step t has the first B[t], and N is the sum of B. v: in each step (K + 1, B[t], H), the
   potentials before each of the K steps and after the last; d: (K, B[t], H), the denominators; both are kept for the
   backward pass. h: (N). mask: (N) or NULL. out: (N, H). */
void ltc_forward(int T, const int *restrict B, int H, int K, const float *restrict reversal,
                 const float *restrict conductance, const float *restrict h, const unsigned char *mask,
                 const float *restrict start, const float *restrict cm, const float *restrict w,
                 const float *restrict w_erev, const float *restrict sigma, const float *restrict offset,
                 float *restrict v, float *restrict d, float *restrict scratch, float *restrict out) {
    const float *now = start;
    long first = 0; /* row of this step, of N */
    for (int t = 0; t < T; first += B[t++]) {
        long size = (long)B[t] * H;
        float *vt = v + first * (K + 1) * H;
        memcpy(vt, now, size * sizeof(float));
        for (int k = 0; k < K; k++, vt += size) {
            float *dk = d + first * K * H + k * size;
            synapses_forward(B[t], H, H, vt, w, w_erev, sigma, offset, scratch, dk);
            for (int b = 0; b < B[t]; b++) {
                float hb = h[first + b];
                for (int i = 0; i < H; i++) {
                    long at = (long)b * H + i, from = first * H + at;
                    dk[at] = cm[i] + hb * (conductance[from] + dk[at] + EPSILON);
                    vt[size + at] = (cm[i] * vt[at] + hb * (reversal[from] + scratch[at])) / dk[at];
                }
            }
        }
        float *last = out + first * H;
        for (int b = 0; b < B[t]; b++)
            memcpy(last + (long)b * H, (mask && !mask[first + b] ? now : vt) + (long)b * H, H * sizeof(float));
        now = last;
    }
}

/* g: (B[0], H), in: zeros, out: gradient of the state before the first step. Adds to the gradients of parameters. */
void ltc_backward(int T, const int *restrict B, int H, int K, const float *restrict g_out, const float *restrict h,
                  const unsigned char *mask, const float *restrict cm, const float *restrict w,
                  const float *restrict w_erev, const float *restrict sigma, const float *restrict offset,
                  const float *restrict v, const float *restrict d, float *restrict scratch, float *restrict g,
                  float *restrict g_reversal, float *restrict g_conductance, float *restrict g_cm, float *restrict g_w,
                  float *restrict g_w_erev, float *restrict g_sigma, float *restrict g_offset) {
    float *gr = scratch, *gc = scratch + (long)B[0] * H, *kept = scratch + 2L * B[0] * H;
    long first = 0;
    for (int t = 0; t < T; t++) first += B[t];
    for (int t = T - 1; t >= 0; t--) {
        long size = (long)B[t] * H;
        first -= B[t];
        for (long at = 0; at < size; at++) g[at] += g_out[first * H + at];
        for (int b = 0; b < B[t]; b++) /* a masked step hands its gradient on to the step before */
            for (int i = 0; i < H; i++) {
                long at = (long)b * H + i;
                int off = mask && !mask[first + b];
                kept[at] = off ? g[at] : 0.0f;
                if (off) g[at] = 0.0f;
            }
        for (int k = K - 1; k >= 0; k--) {
            const float *vk = v + first * (K + 1) * H + k * size, *dk = d + first * K * H + k * size;
            for (int b = 0; b < B[t]; b++) {
                float hb = h[first + b];
                for (int i = 0; i < H; i++) {
                    long at = (long)b * H + i, to = first * H + at;
                    float gn = g[at] / dk[at], gd = -gn * vk[size + at];
                    gr[at] = gn * hb;
                    gc[at] = gd * hb;
                    g_reversal[to] += gr[at];
                    g_conductance[to] += gc[at];
                    g_cm[i] += gn * vk[at] + gd;
                    g[at] = gn * cm[i];
                }
            }
            synapses_backward(B[t], H, H, vk, w, w_erev, sigma, offset, gr, gc, g, g_w, g_w_erev, g_sigma, g_offset);
        }
        for (long at = 0; at < size; at++) g[at] += kept[at];
    }
}
