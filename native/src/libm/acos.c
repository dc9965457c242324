/* mf_acos */
#include "libm_names.h"

#include "lib/libm_dbl/acos.c"
