/* Names of the one libm (see mf_math.h): every symbol of the upstream files gets a prefix of ours,
 * so that neither the C library of a desktop nor the interpreter's own copy is meant by mistake.
 * Each .c file of this folder is one upstream file under these names. */
#ifndef MF_LIBM_NAMES_H
#define MF_LIBM_NAMES_H

#include <math.h>
#include <stdint.h>

/* Upstream code is taken as it is, warnings included. */
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wparentheses"
#pragma GCC diagnostic ignored "-Wdouble-promotion"
#pragma GCC diagnostic ignored "-Wfloat-conversion"
#pragma GCC diagnostic ignored "-Wfloat-equal"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wunknown-pragmas"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#include "mf_math.h"

/* The C library's declarations stand above: from here on the names mean ours. */
float mf_libm_sqrtf(float x);
float mf_libm_scalbnf(float x, int n);
float mf_libm_copysignf(float x, float y);
float mf_libm_expm1f(float x);
float mf_libm_expo2f(float x);
double mf_libm_scalbn(double x, int n);
float mf_libm_expf(float x);
float mf_libm_logf(float x);
float mf_libm_ceilf(float x);
float mf_libm_truncf(float x);

/* lib/libm: single precision */
#define sinf mf_sinf
#define cosf mf_cosf
#define asinf mf_asinf
#define acosf mf_acosf
#define atanf mf_atanf
#define atan2f mf_atan2f
#define fmodf mf_fmodf
#define expf mf_libm_expf
#define logf mf_libm_logf
#define powf mf_powf
#define floorf mf_floorf
#define ceilf mf_libm_ceilf
#define truncf mf_libm_truncf
#define sqrtf mf_libm_sqrtf
#define scalbnf mf_libm_scalbnf
#define copysignf mf_libm_copysignf
#define expm1f mf_libm_expm1f
#define log10f mf_libm_log10f
#define sinhf mf_libm_sinhf
#define coshf mf_libm_coshf
#define tanhf mf_libm_tanhf
#define __expo2f mf_libm_expo2f
#define __signbitf mf_libm_signbitf
#define __fpclassifyf mf_libm_fpclassifyf
#define __kernel_sinf mf_libm_kernel_sinf
#define __kernel_cosf mf_libm_kernel_cosf
#define __kernel_rem_pio2f mf_libm_kernel_rem_pio2f
#define __ieee754_rem_pio2f mf_libm_rem_pio2f

/* lib/libm_dbl: double precision */
#define sin mf_sin
#define cos mf_cos
#define asin mf_asin
#define acos mf_acos
#define atan mf_atan
#define atan2 mf_atan2
#define fmod mf_fmod
#define pow mf_pow
#define floor mf_floor
#define sqrt mf_sqrt
#define scalbn mf_libm_scalbn
#define __sin mf_libm_sin
#define __cos mf_libm_cos
#define __tan mf_libm_tan
#define __expo2 mf_libm_expo2
#define __rem_pio2 mf_libm_rem_pio2
#define __rem_pio2_large mf_libm_rem_pio2_large

#endif
