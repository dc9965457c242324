/* Remainder of pi/2, single precision. */
#include "libm_names.h"

#include "lib/libm/ef_rem_pio2.c"
