/* What is taken of littlefs, unchanged (boards/obc_f405/third_party.toml, tree of MicroPython). */
#include "littlefs.h"

#include "lib/littlefs/lfs2.c"
#include "lib/littlefs/lfs2_util.c"
