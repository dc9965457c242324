/* Remainder of pi/2, double precision. */
#include "libm_names.h"

#include "lib/libm_dbl/__rem_pio2.c"
