/* Remainder of pi/2 for large arguments, single precision. */
#include "libm_names.h"

#include "lib/libm/kf_rem_pio2.c"
