/* The algorithms in double precision, for comparison with what flies: included before everything
 * else (-include), it turns every float, and every function that takes one, into its double. */
#ifndef MF_F64_H
#define MF_F64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define float double
#define mf_sinf mf_sin
#define mf_cosf mf_cos
#define mf_asinf mf_asin
#define mf_acosf mf_acos
#define mf_atanf mf_atan
#define mf_atan2f mf_atan2
#define mf_fmodf mf_fmod
#define mf_powf mf_pow
#define mf_floorf mf_floor
#define __builtin_sqrtf __builtin_sqrt
#define __builtin_fabsf __builtin_fabs
#define __builtin_copysignf __builtin_copysign
#define __builtin_fmaxf __builtin_fmax
#define __builtin_fminf __builtin_fmin

#endif
