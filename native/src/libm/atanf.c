/* mf_atanf */
#include "libm_names.h"

#include "lib/libm/atanf.c"
