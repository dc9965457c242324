/* mf_atan2 */
#include "libm_names.h"

#include "lib/libm_dbl/atan2.c"
