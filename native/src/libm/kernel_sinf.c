/* Sine on [-pi/4, pi/4], single precision. */
#include "libm_names.h"

#include "lib/libm/kf_sin.c"
