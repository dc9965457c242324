/* Binding of the C kernel to MicroPython: what the port supplies, what the files share.
 * The Python API is that of docs/architecture.md, "Python API of native". No call allocates. */
#ifndef MF_NATIVE_H
#define MF_NATIVE_H

#include "mf_bus.h"
#include "mf_kernel.h"
#include "mf_space_link.h"
#include "mf_survival.h"
#include "py/obj.h"

#define MF_NATIVE_BUS_TIMEOUT_US 20000u

/* The instances behind native.kernel, native.link, ...; the port owns them. */
typedef struct {
    mf_kernel_t *kernel;
    mf_space_link_t *link;
    mf_bus_t *adcs_bus;     /* bus 1 */
    mf_bus_t *platform_bus; /* bus 2: radio, FRAM, Python drivers */
    mf_survival_t *survival;
} mf_native_instances_t;

const mf_native_instances_t *mf_native_instances(void);

/* Thread: into the kernel, whose RAM can be written to until the matching leave; they nest. Nothing
 * in between may raise. Reading needs neither. */
uint32_t mf_native_enter(void);
void mf_native_leave(uint32_t outside);

/* One call inside the kernel; its value. */
#define MF_INSIDE(...)                                                                             \
    __extension__({                                                                                \
        const uint32_t outside_ = mf_native_enter();                                               \
        const __typeof__(__VA_ARGS__) value_ = (__VA_ARGS__);                                      \
        mf_native_leave(outside_);                                                                 \
        value_;                                                                                    \
    })
#define MF_INSIDE_DO(...)                                                                          \
    do {                                                                                           \
        const uint32_t outside_ = mf_native_enter();                                               \
        __VA_ARGS__;                                                                               \
        mf_native_leave(outside_);                                                                 \
    } while (0)

/* Buffer of `object`, of which `size` bytes from `offset` on are used; ValueError when it is
 * shorter. `flags`: MP_BUFFER_READ or MP_BUFFER_WRITE. */
uint8_t *mf_native_buffer(mp_obj_t object, mp_int_t offset, mp_int_t size, mp_uint_t flags);
/* Whole buffer; its size in *size. */
uint8_t *mf_native_whole(mp_obj_t object, uint32_t *size, mp_uint_t flags);

extern const mp_obj_base_t mf_native_kernel_obj;
/* Methods of the kernel in a file of their own: native_contact.c. */
extern const mp_obj_fun_builtin_fixed_t mf_native_contact_known_obj;
extern const mp_obj_fun_builtin_fixed_t mf_native_contact_begin_obj;
extern const mp_obj_fun_builtin_var_t mf_native_contact_step_obj;
extern const mp_obj_base_t mf_native_link_obj; /* native_link.c */
extern const mp_obj_base_t mf_native_radio_obj;
extern const mp_obj_base_t mf_native_fram_obj;
extern const mp_obj_type_t mf_i2c_type;

extern const mp_obj_type_t mf_native_files_type;
extern const mp_obj_type_t mf_native_archive_type;

/* What lies behind an object of native.Files (TypeError when it is another), and what its device
 * raised in the call that ended with `status`: raised again, else `status` as an object. */
struct mf_files *mf_native_files(mp_obj_t object);
mp_obj_t mf_native_files_done(mp_obj_t object, int status);

#endif
