/* mf_atan2f */
#include "libm_names.h"

#include "lib/libm/atan2f.c"
