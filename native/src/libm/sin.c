/* mf_sin */
#include "libm_names.h"

#include "lib/libm_dbl/sin.c"
