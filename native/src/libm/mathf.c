/* mf_powf, mf_floorf, and what the others are made of. */
#include "libm_names.h"

#include "lib/libm/math.c"
