/* Methods of native.kernel: contacts (mf_contact.h). They only read what is the kernel's. */
#include <string.h>

#include "mf_contact.h"
#include "mf_native.h"
#include "py/runtime.h"

static mp_obj_t contact_known(mp_obj_t self)
{
    return mp_obj_new_bool(mf_contact_known(mf_native_instances()->kernel));
}
MP_DEFINE_CONST_FUN_OBJ_1(mf_native_contact_known_obj, contact_known);

/* A buffer of Python's need not be aligned: a scan is copied. */
static mp_obj_t contact_begin(mp_obj_t self, mp_obj_t buffer)
{
    mf_contact_scan_t scan;
    uint8_t *out = mf_native_buffer(buffer, 0, sizeof scan, MP_BUFFER_WRITE);
    const int status = mf_contact_begin(mf_native_instances()->kernel, &scan);
    if (status == MF_OK) {
        memcpy(out, &scan, sizeof scan);
    }
    return MP_OBJ_NEW_SMALL_INT(status);
}
MP_DEFINE_CONST_FUN_OBJ_2(mf_native_contact_begin_obj, contact_begin);

static mp_obj_t contact_step(size_t n_args, const mp_obj_t *args)
{
    mf_contact_scan_t scan;
    uint8_t *image = mf_native_buffer(args[1], 0, sizeof scan, MP_BUFFER_WRITE);
    const mp_int_t count = mp_obj_get_int(args[4]);
    const mp_int_t steps = mp_obj_get_int(args[5]);
    if (count < 0 || count > MF_CONTACT_STATIONS || steps < 0 || steps > MF_CONTACT_STEPS_MAX) {
        return MP_OBJ_NEW_SMALL_INT(MF_E_INVAL);
    }
    const uint8_t *stations = mf_native_buffer(args[2], mp_obj_get_int(args[3]),
                                               count * MF_CONTACT_STATION_SIZE, MP_BUFFER_READ);
    memcpy(&scan, image, sizeof scan);
    const int seconds = mf_contact_step(&scan, stations, (uint32_t)count, (uint32_t)steps);
    memcpy(image, &scan, sizeof scan);
    return MP_OBJ_NEW_SMALL_INT(seconds);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(mf_native_contact_step_obj, 6, 6, contact_step);
