/* mf_sqrt */
#include "libm_names.h"

#include "lib/libm_dbl/sqrt.c"
