/* MicroPython features of the onboard computer: core level, what flight software needs on top of
 * it, nothing that reaches memory or compiles code. Both profiles run the same frozen modules;
 * the development profile can also load one .mpy file from the host (see port_run.c). */
#include <stdint.h>

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_CORE_FEATURES)

#define MICROPY_ENABLE_COMPILER (0)
#define MICROPY_ENABLE_GC (1)
/* The freezing rules switch this on; source text needs the compiler. */
#undef MICROPY_MODULE_FROZEN_STR
#define MICROPY_MODULE_FROZEN_STR (0)
#define MICROPY_PERSISTENT_CODE_LOAD (MF_PROFILE_DEVELOPMENT)
#define MICROPY_QSTR_BYTES_IN_HASH (1)
#define MICROPY_ALLOC_PATH_MAX (128)

/* Speed: instruction counts in steady state fall by a third for 2 KB of flash. */
#define MICROPY_OPT_COMPUTED_GOTO (1)
#define MICROPY_OPT_LOAD_ATTR_FAST_PATH (1)
#define MICROPY_OPT_MAP_LOOKUP_CACHE (1)

/* Frames larger than 11 words live here and not on the heap: no allocation per call. */
#define MICROPY_ENABLE_PYSTACK (1)
#define MICROPY_STACK_CHECK (1)
#define MICROPY_STACK_CHECK_MARGIN (768)
#define MICROPY_ENABLE_EMERGENCY_EXCEPTION_BUF (1)
#define MICROPY_EMERGENCY_EXCEPTION_BUF_SIZE (256)
#define MICROPY_ENABLE_SOURCE_LINE (1)
#define MICROPY_MEM_STATS (1)
#define MICROPY_MALLOC_USES_ALLOCATED_SIZE (1)
#define MICROPY_ERROR_REPORTING (MICROPY_ERROR_REPORTING_TERSE)

#define MICROPY_LONGINT_IMPL (MICROPY_LONGINT_IMPL_MPZ)
#define MICROPY_FLOAT_IMPL (MICROPY_FLOAT_IMPL_FLOAT)

#define MICROPY_PY_BUILTINS_MEMORYVIEW (1)
#define MICROPY_PY_BUILTINS_COMPLEX (0)
#define MICROPY_PY_BUILTINS_NOTIMPLEMENTED (1)
#define MICROPY_PY_ARRAY_SLICE_ASSIGN (1)
/* Not used on board: 5 KB of flash. */
#define MICROPY_PY_BUILTINS_SET (0)
#define MICROPY_PY_BUILTINS_STR_OP_MODULO (0)
#define MICROPY_PY_BUILTINS_STR_COUNT (0)
#define MICROPY_PY_BUILTINS_DICT_FROMKEYS (0)
#define MICROPY_PY_BUILTINS_FILTER (0)
#define MICROPY_PY_BUILTINS_REVERSED (0)
#define MICROPY_PY_BUILTINS_RANGE_ATTRS (0)
#define MICROPY_PY_GENERATOR_PEND_THROW (0)
#define MICROPY_PY_ASYNC_AWAIT (0)
#define MICROPY_PY_MATH (0)
#define MICROPY_PY_IO (0)
#define MICROPY_PY_TIME (1)
#define MICROPY_PY_SYS_PLATFORM "obc_f405"
#define MICROPY_PY_SYS_STDFILES (0)
#define MICROPY_PY_MICROPYTHON_MEM_INFO (1)
#define MICROPY_PY_MICROPYTHON_HEAP_LOCKED (1)
#define MICROPY_PY_GC_COLLECT_RETVAL (0)

#define MICROPY_PY_MACHINE (1)
#define MICROPY_PY_MACHINE_INCLUDEFILE "boards/obc_f405/machine_module.h"
#define MICROPY_PY_MACHINE_RESET (1)
#define MICROPY_PY_MACHINE_MEMX (0)
#define MICROPY_PY_MACHINE_SIGNAL (0)

#define MICROPY_HW_BOARD_NAME MF_BOARD_NAME
#define MICROPY_HW_MCU_NAME "STM32F405"

typedef int32_t mp_int_t;
typedef uint32_t mp_uint_t;
typedef long mp_off_t;
#define MP_SSIZE_MAX (0x7fffffff)
#define UINT_FMT "%lu"
#define INT_FMT "%ld"

#include <alloca.h>

#define MP_STATE_PORT MP_STATE_VM
