/* Settings of littlefs, the same for its sources and for who includes its header. */
#ifndef MF_LITTLEFS_H
#define MF_LITTLEFS_H

#define LFS2_NO_MALLOC
#define LFS2_NO_DEBUG
#define LFS2_NO_WARN
#define LFS2_NO_ERROR
#define LFS2_NO_ASSERT
#define LFS2_NAME_MAX 31

/* Upstream code is taken as it is, warnings included. */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wshadow"

#include "lib/littlefs/lfs2.h"

#endif
