/* Elementary functions: ONE libm, compiled from the same sources (native/src/libm) in every world,
 * so that results on a desktop and on the Cortex-M4F are equal bit for bit. The C library's own must
 * not be used. Only what flies is here, and small: the code budget of the attitude loop holds it.
 *
 * Without contraction of products and sums; needs FLT_EVAL_METHOD 0. Angles in radians, atan2
 * -pi..pi. Errors of at most 2 ulp, of 3 in atan2. NaN in, NaN out. Equality holds for every bit but those of a
 * NaN's payload and sign.
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

float mf_sinf(float angle_rad);             /* any finite angle */
float mf_cosf(float angle_rad);
float mf_atan2f(float y, float x);          /* 0 for both zero, NaN for both infinite */

/* Both at once; 2 ulp of 1 up to 1e6 rad. NaN from 3e9 rad on. */
void mf_sincos(double angle_rad, double *sine, double *cosine);
/* Of 0 and 1e-30..1e30; else NaN. */
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
