/* mf_fmodf */
#include "libm_names.h"

#include "lib/libm/fmodf.c"
