/* mf_cosf */
#include "libm_names.h"

#include "lib/libm/sf_cos.c"
