/* Scaling by a power of two, double precision. */
#include "libm_names.h"

#include "lib/libm_dbl/scalbn.c"
