/* mf_asinf, mf_acosf */
#include "libm_names.h"

#include "lib/libm/asinfacosf.c"
