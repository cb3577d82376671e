/* The functions behind the layers of a CfC's backbone, with their derivatives. */

#ifndef ACTIVATIONS_H
#define ACTIVATIONS_H

#include "simd.h"

enum activation { LECUN_TANH, TANH, RELU, GELU, SILU };

/* erf(x) as x P(x^2) / Q(x^2) on [-4, 4], beyond which it is +-1 (the rational function that Eigen uses). */
INLINE float error_function(float x) {
    x = x > 4.0f ? 4.0f : x;
    x = x < -4.0f ? -4.0f : x;
    float s = x * x, p = -2.72614225801306e-10f, q = -1.45660718464996e-05f;
    p = p * s + 2.77068142495902e-08f;
    p = p * s - 2.10102402082508e-06f;
    p = p * s - 5.69250639462346e-05f;
    p = p * s - 7.34990630326855e-04f;
    p = p * s - 2.95459980854025e-03f;
    p = p * s - 1.60960333262415e-02f;
    q = q * s - 2.13374055278905e-04f;
    q = q * s - 1.68282697438203e-03f;
    q = q * s - 7.37332916720468e-03f;
    q = q * s - 1.42647390514189e-02f;
    return x * p / q;
}

/* One row of n. slope, in: the argument without its bias, out: the derivative. value: (n,), out. */
static inline void activate(enum activation f, int64_t n, const float *bias, float *slope, float *value) {
#define EACH _Pragma("omp simd simdlen(16)") for (int64_t i = 0; i < n; i++)
    float k = f == LECUN_TANH ? 0.666f : 1.0f, p = f == LECUN_TANH ? 1.7159f : 1.0f;
    switch (f) {
    case LECUN_TANH:
    case TANH:
        EACH {
            float y = hyperbolic_tangent(k * (slope[i] + bias[i]));
            value[i] = p * y;
            slope[i] = p * k * tanh_slope(y);
        }
        break;
    case RELU:
        EACH {
            float a = slope[i] + bias[i];
            value[i] = a < 0.0f ? 0.0f : a;
            slope[i] = a > 0.0f ? 1.0f : 0.0f;
        }
        break;
    case GELU:
        EACH {
            float a = slope[i] + bias[i], below = 0.5f + 0.5f * error_function(0.70710678f * a);
            value[i] = a * below;
            slope[i] = below + a * 0.39894228f * exponential(-0.5f * a * a);
        }
        break;
    case SILU:
        EACH {
            float a = slope[i] + bias[i], s = sigmoid(a);
            value[i] = a * s;
            slope[i] = s + a * sigmoid_slope(s);
        }
        break;
    }
#undef EACH
}

#endif
