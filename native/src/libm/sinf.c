/* mf_sinf */
#include "libm_names.h"

#include "lib/libm/sf_sin.c"
