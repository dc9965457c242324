/* Remainder of pi/2 for large arguments, double precision. */
#include "libm_names.h"

#include "lib/libm_dbl/__rem_pio2_large.c"
