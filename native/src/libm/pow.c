/* mf_pow */
#include "libm_names.h"

#include "lib/libm_dbl/pow.c"
