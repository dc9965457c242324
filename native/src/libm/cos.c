/* mf_cos */
#include "libm_names.h"

#include "lib/libm_dbl/cos.c"
