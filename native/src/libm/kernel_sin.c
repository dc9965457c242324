/* Sine on [-pi/4, pi/4], double precision. */
#include "libm_names.h"

#include "lib/libm_dbl/__sin.c"
