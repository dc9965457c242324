/* The algorithms in double precision, for comparison with what flies: included before everything
 * else (-include), it turns every float, and every function that takes one, into its double. */
#ifndef MF_F64_H
#define MF_F64_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define float double
#define mf_sinf sin
#define mf_cosf cos
#define mf_atan2f atan2
#define __builtin_sqrtf __builtin_sqrt
#define __builtin_fabsf __builtin_fabs
#define __builtin_copysignf __builtin_copysign
#define __builtin_fmaxf __builtin_fmax
#define __builtin_fminf __builtin_fmin

#endif
