/* Elementary functions: ONE libm, compiled from the same sources in every world, so that results
 * on a desktop and on the Cortex-M4F are equal bit for bit. The C library's own must not be used.
 *
 * Source: lib/libm (newlib and musl) and lib/libm_dbl (musl 1.1.16) of MicroPython 1.25.0, both
 * from FreeBSD msun; native/src/libm compiles them under these names. Without contraction of
 * products and sums; needs FLT_EVAL_METHOD 0. Angles in radians, principal values:
 * atan -pi/2..pi/2, atan2 -pi..pi, acos 0..pi. Errors below 2 ulp. NaN in, NaN out;
 * acos and asin outside [-1, 1] and fmod by zero are NaN: the caller checks before, not after.
 * Equality holds for every bit but those of a NaN's payload and sign.
 *
 * Write algorithms with plain `float` and the names ending in f: the build for comparison in
 * double precision (native/cffi/mf_f64.h) replaces both. The double functions are for time and
 * SGP4 alone (design: single precision elsewhere). */
#ifndef MF_MATH_H
#define MF_MATH_H

#include <stdbool.h>

#define MF_PI_F 3.14159265358979323846f
#define MF_TWO_PI_F 6.28318530717958647693f
#define MF_PI 3.14159265358979323846
#define MF_TWO_PI 6.28318530717958647693

float mf_sinf(float angle_rad);
float mf_cosf(float angle_rad);
float mf_asinf(float x);
float mf_acosf(float x);
float mf_atanf(float x);
float mf_atan2f(float y, float x);
float mf_fmodf(float x, float y);
float mf_powf(float x, float y);
float mf_floorf(float x);

double mf_sin(double angle_rad);
double mf_cos(double angle_rad);
void mf_sincos(double angle_rad, double *sine, double *cosine); /* one reduction for both */
double mf_asin(double x);
double mf_acos(double x);
double mf_atan(double x);
double mf_atan2(double y, double x);
double mf_fmod(double x, double y);
double mf_pow(double x, double y);
double mf_floor(double x);
double mf_sqrt(double x);

/* Correctly rounded everywhere: one instruction. */
static inline float mf_sqrtf(float x)
{
    return __builtin_sqrtf(x);
}

static inline float mf_fabsf(float x)
{
    return __builtin_fabsf(x);
}

static inline double mf_fabs(double x)
{
    return __builtin_fabs(x);
}

/* Neither NaN nor infinite. */
static inline bool mf_finitef(float x)
{
    return __builtin_isfinite(x);
}

static inline bool mf_finite(double x)
{
    return __builtin_isfinite(x);
}

#endif
