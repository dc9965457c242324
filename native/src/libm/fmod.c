/* mf_fmod */
#include "libm_names.h"

#include "lib/libm_dbl/fmod.c"
