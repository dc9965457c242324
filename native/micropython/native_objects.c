/* Objects native.kernel, native.link, native.radio, native.fram: one instance each, no state of
 * their own; methods take the instance as first argument like every method. */
#include <string.h>

#include "mf_native.h"
#include "mf_port.h"
#include "py/runtime.h"

#define TICKS_MASK 0x3FFFFFFFu /* Python ticks wrap at 2^30 */

static mp_obj_t small(int value)
{
    return MP_OBJ_NEW_SMALL_INT(value);
}

/* --- kernel ---------------------------------------------------------------------------------- */

static mp_obj_t kernel_report_into(mp_obj_t self, mp_obj_t buffer)
{
    mf_report_t report;
    uint8_t *out = mf_native_buffer(buffer, 0, sizeof report, MP_BUFFER_WRITE);
    const uint32_t state = mf_port_irq_lock();
    mf_kernel_report(mf_native_instances()->kernel, &report);
    mf_port_irq_unlock(state);
    memcpy(out, &report, sizeof report);
    return small((int)(report.time_ms & TICKS_MASK));
}
static MP_DEFINE_CONST_FUN_OBJ_2(kernel_report_into_obj, kernel_report_into);

static mp_obj_t kernel_stats_into(mp_obj_t self, mp_obj_t buffer)
{
    mf_tick_stats_t stats;
    uint8_t *out = mf_native_buffer(buffer, 0, sizeof stats, MP_BUFFER_WRITE);
    /* The copy checks itself; with its divisions it is too long for a mask. */
    mf_kernel_stats(mf_native_instances()->kernel, &stats);
    memcpy(out, &stats, sizeof stats);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(kernel_stats_into_obj, kernel_stats_into);

static mp_obj_t kernel_attitude_into(mp_obj_t self, mp_obj_t which, mp_obj_t buffer)
{
    const mp_int_t part = mp_obj_get_int(which);
    if (part != 0 && part != 1) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such part"));
    }
    const uint32_t offset = part == 0 ? 0 : MF_ADCS_ESTIMATE_SIZE;
    const uint32_t size = part == 0 ? MF_ADCS_ESTIMATE_SIZE : MF_ADCS_CONTROL_SIZE;
    mf_adcs_report_t report;
    uint8_t *out = mf_native_buffer(buffer, 0, (mp_int_t)size, MP_BUFFER_WRITE);
    mf_kernel_attitude(mf_native_instances()->kernel, &report);
    memcpy(out, (const uint8_t *)&report + offset, size);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(kernel_attitude_into_obj, kernel_attitude_into);

static mp_obj_t kernel_devices_into(mp_obj_t self, mp_obj_t buffer)
{
    mf_kernel_devices_t devices;
    uint8_t *out = mf_native_buffer(buffer, 0, sizeof devices, MP_BUFFER_WRITE);
    mf_kernel_devices(mf_native_instances()->kernel, &devices);
    memcpy(out, &devices, sizeof devices);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(kernel_devices_into_obj, kernel_devices_into);

static mp_obj_t kernel_upload(size_t n_args, const mp_obj_t *args)
{
    const mp_int_t kind = mp_obj_get_int(args[1]);
    const mp_int_t n = mp_obj_get_int(args[4]);
    const uint8_t *data = mf_native_buffer(args[2], mp_obj_get_int(args[3]), n, MP_BUFFER_READ);
    if (kind < 0 || kind > 255) {
        return small(MF_E_INVAL);
    }
    return small(MF_INSIDE(mf_kernel_upload(mf_native_instances()->kernel, (uint8_t)kind, data, (uint32_t)n)));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(kernel_upload_obj, 5, 5, kernel_upload);

static mp_obj_t kernel_set_time(size_t n_args, const mp_obj_t *args)
{
    const mp_int_t tick_ms = mp_obj_get_int(args[1]);
    const mp_int_t seconds = mp_obj_get_int(args[2]);
    const mp_int_t fraction = mp_obj_get_int(args[3]);
    if (tick_ms < 0 || seconds < 0 || fraction < 0) {
        return small(MF_E_INVAL);
    }
    return small(MF_INSIDE(mf_kernel_set_time(mf_native_instances()->kernel, mf_port_now_us(),
                                    (uint32_t)tick_ms, (uint32_t)seconds, (uint32_t)fraction,
                                    n_args < 5 || mp_obj_is_true(args[4]))));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(kernel_set_time_obj, 4, 5, kernel_set_time);

static mp_obj_t kernel_time_into(mp_obj_t self, mp_obj_t buffer)
{
    mf_kernel_time_t now;
    uint8_t *out = mf_native_buffer(buffer, 0, sizeof now, MP_BUFFER_WRITE);
    const uint32_t state = mf_port_irq_lock();
    mf_kernel_time(mf_native_instances()->kernel, &now);
    mf_port_irq_unlock(state);
    memcpy(out, &now, sizeof now);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(kernel_time_into_obj, kernel_time_into);

static mp_obj_t kernel_gnss_time_into(mp_obj_t self, mp_obj_t buffer)
{
    mf_kernel_time_t fix;
    uint8_t *out = mf_native_buffer(buffer, 0, sizeof fix, MP_BUFFER_WRITE);
    const uint32_t state = mf_port_irq_lock();
    mf_kernel_gnss_time(mf_native_instances()->kernel, &fix);
    mf_port_irq_unlock(state);
    memcpy(out, &fix, sizeof fix);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(kernel_gnss_time_into_obj, kernel_gnss_time_into);

static mp_obj_t kernel_command(size_t n_args, const mp_obj_t *args)
{
    const mp_int_t code = mp_obj_get_int(args[1]);
    const mp_int_t index = mp_obj_get_int(args[2]);
    if (code < 0 || code > 255 || index < 0 || index > 255) {
        return small(MF_E_INVAL);
    }
    float value = 0.0f;
    if (args[3] != mp_const_none) {
        const uint8_t *at = mf_native_buffer(args[3], mp_obj_get_int(args[4]), 4, MP_BUFFER_READ);
        const uint32_t raw = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
                             at[3];
        memcpy(&value, &raw, sizeof value);
    }
    return small(MF_INSIDE(mf_kernel_command(mf_native_instances()->kernel, (uint8_t)code, (uint8_t)index,
                                   value)));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(kernel_command_obj, 5, 5, kernel_command);

static mp_obj_t kernel_beat(mp_obj_t self)
{
    MF_INSIDE_DO(mf_survival_beat(mf_native_instances()->survival, mf_port_now_us()));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(kernel_beat_obj, kernel_beat);

static mp_obj_t kernel_direct(mp_obj_t self, mp_obj_t code_obj, mp_obj_t value_obj)
{
    const mp_int_t code = mp_obj_get_int(code_obj);
    const mp_int_t value = mp_obj_get_int(value_obj);
    if (code < 0 || code > 255 || value < 0) {
        return small(MF_E_INVAL);
    }
    return small(MF_INSIDE(mf_survival_direct(mf_native_instances()->survival, (uint8_t)code,
                                    (uint32_t)value, mf_port_now_us())));
}
static MP_DEFINE_CONST_FUN_OBJ_3(kernel_direct_obj, kernel_direct);

static mp_obj_t kernel_setting(mp_obj_t self, mp_obj_t code_obj, mp_obj_t value_obj)
{
    const mp_int_t code = mp_obj_get_int(code_obj);
    const mp_int_t value = mp_obj_get_int(value_obj);
    if (code < 0 || code > 255 || value < 0) {
        return small(MF_E_INVAL);
    }
    return small(MF_INSIDE(mf_survival_setting(mf_native_instances()->survival, (uint8_t)code,
                                     (uint32_t)value)));
}
static MP_DEFINE_CONST_FUN_OBJ_3(kernel_setting_obj, kernel_setting);

static mp_obj_t kernel_step_begin(mp_obj_t self, mp_obj_t limit_ms)
{
    MF_INSIDE_DO(mf_survival_step_begin(mf_native_instances()->survival, (uint32_t)mp_obj_get_int(limit_ms),
                           mf_port_now_us()));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(kernel_step_begin_obj, kernel_step_begin);

/* An error that was on its way into the step comes too late. */
static mp_obj_t kernel_step_end(mp_obj_t self)
{
    const uint32_t state = mf_port_irq_lock();
    MF_INSIDE_DO(mf_survival_step_end(mf_native_instances()->survival));
    MP_STATE_MAIN_THREAD(mp_pending_exception) = MP_OBJ_NULL;
    mf_port_irq_unlock(state);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(kernel_step_end_obj, kernel_step_end);

static mp_obj_t kernel_ceased(mp_obj_t self)
{
    return mp_obj_new_bool(mf_survival_ceased(mf_native_instances()->survival));
}
static MP_DEFINE_CONST_FUN_OBJ_1(kernel_ceased_obj, kernel_ceased);

static mp_obj_t kernel_defaults(mp_obj_t self)
{
    return mp_obj_new_bool(mf_survival_defaults(mf_native_instances()->survival));
}
static MP_DEFINE_CONST_FUN_OBJ_1(kernel_defaults_obj, kernel_defaults);

static mp_obj_t kernel_event_into(mp_obj_t self, mp_obj_t buffer)
{
    mf_kernel_event_t event;
    uint8_t *out = mf_native_buffer(buffer, 0, sizeof event, MP_BUFFER_WRITE);
    if (!MF_INSIDE(mf_kernel_event(mf_native_instances()->kernel, &event))) {
        return mp_const_false;
    }
    memcpy(out, &event, sizeof event);
    return mp_const_true;
}
static MP_DEFINE_CONST_FUN_OBJ_2(kernel_event_into_obj, kernel_event_into);

static const mp_rom_map_elem_t kernel_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_report_into), MP_ROM_PTR(&kernel_report_into_obj)},
    {MP_ROM_QSTR(MP_QSTR_stats_into), MP_ROM_PTR(&kernel_stats_into_obj)},
    {MP_ROM_QSTR(MP_QSTR_attitude_into), MP_ROM_PTR(&kernel_attitude_into_obj)},
    {MP_ROM_QSTR(MP_QSTR_devices_into), MP_ROM_PTR(&kernel_devices_into_obj)},
    {MP_ROM_QSTR(MP_QSTR_upload), MP_ROM_PTR(&kernel_upload_obj)},
    {MP_ROM_QSTR(MP_QSTR_set_time), MP_ROM_PTR(&kernel_set_time_obj)},
    {MP_ROM_QSTR(MP_QSTR_time_into), MP_ROM_PTR(&kernel_time_into_obj)},
    {MP_ROM_QSTR(MP_QSTR_gnss_time_into), MP_ROM_PTR(&kernel_gnss_time_into_obj)},
    {MP_ROM_QSTR(MP_QSTR_command), MP_ROM_PTR(&kernel_command_obj)},
    {MP_ROM_QSTR(MP_QSTR_beat), MP_ROM_PTR(&kernel_beat_obj)},
    {MP_ROM_QSTR(MP_QSTR_direct), MP_ROM_PTR(&kernel_direct_obj)},
    {MP_ROM_QSTR(MP_QSTR_setting), MP_ROM_PTR(&kernel_setting_obj)},
    {MP_ROM_QSTR(MP_QSTR_step_begin), MP_ROM_PTR(&kernel_step_begin_obj)},
    {MP_ROM_QSTR(MP_QSTR_step_end), MP_ROM_PTR(&kernel_step_end_obj)},
    {MP_ROM_QSTR(MP_QSTR_ceased), MP_ROM_PTR(&kernel_ceased_obj)},
    {MP_ROM_QSTR(MP_QSTR_defaults), MP_ROM_PTR(&kernel_defaults_obj)},
    {MP_ROM_QSTR(MP_QSTR_event_into), MP_ROM_PTR(&kernel_event_into_obj)},
    {MP_ROM_QSTR(MP_QSTR_contact_known), MP_ROM_PTR(&mf_native_contact_known_obj)},
    {MP_ROM_QSTR(MP_QSTR_contact_begin), MP_ROM_PTR(&mf_native_contact_begin_obj)},
    {MP_ROM_QSTR(MP_QSTR_contact_step), MP_ROM_PTR(&mf_native_contact_step_obj)},
};
static MP_DEFINE_CONST_DICT(kernel_locals, kernel_locals_table);
static MP_DEFINE_CONST_OBJ_TYPE(kernel_type, MP_QSTR_kernel, MP_TYPE_FLAG_NONE, locals_dict,
                                &kernel_locals);
const mp_obj_base_t mf_native_kernel_obj = {&kernel_type};

/* --- radio ----------------------------------------------------------------------------------- */

static mp_obj_t radio_probe(mp_obj_t self)
{
    return small(MF_INSIDE(mf_radio_probe(mf_native_instances()->platform_bus)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(radio_probe_obj, radio_probe);

static mp_obj_t radio_send(mp_obj_t self, mp_obj_t buffer, mp_obj_t count)
{
    const mp_int_t n = mp_obj_get_int(count);
    const uint8_t *frame = mf_native_buffer(buffer, 0, n, MP_BUFFER_READ);
    return small(MF_INSIDE(mf_radio_send(mf_native_instances()->platform_bus, frame, (uint32_t)n)));
}
static MP_DEFINE_CONST_FUN_OBJ_3(radio_send_obj, radio_send);

static mp_obj_t radio_tx_free(mp_obj_t self)
{
    return small(MF_INSIDE(mf_radio_tx_free(mf_native_instances()->platform_bus)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(radio_tx_free_obj, radio_tx_free);

static mp_obj_t radio_receive(mp_obj_t self, mp_obj_t buffer)
{
    uint32_t size = 0;
    uint8_t *out = mf_native_whole(buffer, &size, MP_BUFFER_WRITE);
    return small(MF_INSIDE(mf_radio_receive(mf_native_instances()->platform_bus, out, size)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(radio_receive_obj, radio_receive);

static mp_obj_t radio_control(mp_obj_t self, mp_obj_t carrier, mp_obj_t rate)
{
    const mp_int_t code = mp_obj_get_int(rate);
    if (code < 0 || code > 255) {
        return small(MF_E_INVAL);
    }
    /* Survival speaks at the rate that was set last. */
    (void)MF_INSIDE(mf_survival_setting(mf_native_instances()->survival, MF_SETTING_RATE, (uint32_t)code));
    return small(MF_INSIDE(mf_radio_control(mf_native_instances()->platform_bus, mp_obj_is_true(carrier),
                                  (uint8_t)code)));
}
static MP_DEFINE_CONST_FUN_OBJ_3(radio_control_obj, radio_control);

static const mp_rom_map_elem_t radio_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_probe), MP_ROM_PTR(&radio_probe_obj)},
    {MP_ROM_QSTR(MP_QSTR_send), MP_ROM_PTR(&radio_send_obj)},
    {MP_ROM_QSTR(MP_QSTR_tx_free), MP_ROM_PTR(&radio_tx_free_obj)},
    {MP_ROM_QSTR(MP_QSTR_receive), MP_ROM_PTR(&radio_receive_obj)},
    {MP_ROM_QSTR(MP_QSTR_control), MP_ROM_PTR(&radio_control_obj)},
};
static MP_DEFINE_CONST_DICT(radio_locals, radio_locals_table);
static MP_DEFINE_CONST_OBJ_TYPE(radio_type, MP_QSTR_radio, MP_TYPE_FLAG_NONE, locals_dict,
                                &radio_locals);
const mp_obj_base_t mf_native_radio_obj = {&radio_type};

/* --- fram ------------------------------------------------------------------------------------ */

/* Address, buffer, and of the buffer all or `n` bytes from `off` on. */
static uint8_t *fram_part(size_t n_args, const mp_obj_t *args, uint32_t *size, mp_uint_t flags)
{
    if (n_args == 3) {
        return mf_native_whole(args[2], size, flags);
    }
    const mp_int_t n = n_args == 5 ? mp_obj_get_int(args[4]) : -1;
    *size = (uint32_t)n;
    return mf_native_buffer(args[2], mp_obj_get_int(args[3]), n, flags);
}

static mp_obj_t fram_read(size_t n_args, const mp_obj_t *args)
{
    uint32_t size = 0;
    uint8_t *data = fram_part(n_args, args, &size, MP_BUFFER_WRITE);
    const mp_int_t at = mp_obj_get_int(args[1]);
    return small(at < 0 ? (int)MF_E_INVAL
                        : MF_INSIDE(mf_fram_read(mf_native_instances()->platform_bus, (uint32_t)at, data,
                                       size)));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(fram_read_obj, 3, 5, fram_read);

static mp_obj_t fram_write(size_t n_args, const mp_obj_t *args)
{
    uint32_t size = 0;
    const uint8_t *data = fram_part(n_args, args, &size, MP_BUFFER_READ);
    const mp_int_t at = mp_obj_get_int(args[1]);
    return small(at < 0 ? (int)MF_E_INVAL
                        : MF_INSIDE(mf_fram_write(mf_native_instances()->platform_bus, (uint32_t)at, data,
                                        size)));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(fram_write_obj, 3, 5, fram_write);

static const mp_rom_map_elem_t fram_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&fram_read_obj)},
    {MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&fram_write_obj)},
};
static MP_DEFINE_CONST_DICT(fram_locals, fram_locals_table);
static MP_DEFINE_CONST_OBJ_TYPE(fram_type, MP_QSTR_fram, MP_TYPE_FLAG_NONE, locals_dict,
                                &fram_locals);
const mp_obj_base_t mf_native_fram_obj = {&fram_type};
