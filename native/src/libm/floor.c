/* mf_floor */
#include "libm_names.h"

#include "lib/libm_dbl/floor.c"
