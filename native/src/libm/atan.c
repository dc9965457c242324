/* mf_atan */
#include "libm_names.h"

#include "lib/libm_dbl/atan.c"
