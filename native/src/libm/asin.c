/* mf_asin */
#include "libm_names.h"

#include "lib/libm_dbl/asin.c"
