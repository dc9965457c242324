/* Square root for the two inverse functions, in software: equals the instruction's. */
#include "libm_names.h"

#include "lib/libm/ef_sqrt.c"
