/* Type native.I2C, also machine.I2C: the part of MicroPython's I2C that drivers use, over a bus
 * queue. Only the platform bus: the attitude bus is the control kernel's, which seizes it from
 * interrupts. The transfer and the write buffer live outside the Python heap: a VM that dies in
 * mid-transfer leaves nothing of itself behind. */
#include <string.h>

#include "mf_devbus.h"
#include "mf_native.h"
#include "py/mperrno.h"
#include "py/objexcept.h"
#include "py/objtuple.h"
#include "py/runtime.h"

#define WRITE_MAX 257u /* register number and a page */

static const mp_obj_base_t i2c_platform = {&mf_i2c_type};
static mf_xfer_t i2c_transfer;
static uint8_t i2c_write_bytes[WRITE_MAX];

static mp_obj_t i2c_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
                             const mp_obj_t *args)
{
    mp_arg_check_num(n_args, n_kw, 1, 1, false);
    const mp_int_t bus = mp_obj_get_int(args[0]);
    if (bus != MF_BUS_PLATFORM) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such bus"));
    }
    return MP_OBJ_FROM_PTR(&i2c_platform);
}

/* The one OSError of this type, raised again and again: a part that does not answer must not fill
 * the heap. Its traceback has room for more frames than there can be between here and whoever
 * catches it. */
#define TRACEBACK_FRAMES 24u
#define TRACEBACK_FRAME_WORDS 3u

static struct {
    mp_obj_base_t base;
    size_t len;
    mp_obj_t items[1];
} i2c_error_args = {{&mp_type_tuple}, 1, {MP_OBJ_NEW_SMALL_INT(0)}};
static size_t i2c_error_traceback[TRACEBACK_FRAMES * TRACEBACK_FRAME_WORDS];
static mp_obj_exception_t i2c_error;

static NORETURN void raise_error(int error)
{
    i2c_error_args.items[0] = MP_OBJ_NEW_SMALL_INT(error);
    i2c_error.base.type = &mp_type_OSError;
    i2c_error.traceback_alloc = TRACEBACK_FRAMES * TRACEBACK_FRAME_WORDS;
    i2c_error.traceback_len = 0;
    i2c_error.traceback_data = i2c_error_traceback;
    i2c_error.args = (mp_obj_tuple_t *)(void *)&i2c_error_args;
    nlr_raise(MP_OBJ_FROM_PTR(&i2c_error));
}

/* One transaction: optional register byte, bytes to write, bytes to read. Raises OSError. */
static void transfer(mp_obj_t address, int reg, mp_obj_t write, mp_obj_t read)
{
    uint8_t *bytes = i2c_write_bytes;
    uint32_t used = 0;
    uint32_t read_size = 0;
    uint8_t *read_to = NULL;
    const mp_int_t address_value = mp_obj_get_int(address);
    if (address_value < 0 || address_value > 0x7F) {
        mp_raise_ValueError(MP_ERROR_TEXT("bad address"));
    }
    if (reg >= 0) {
        bytes[used++] = (uint8_t)reg;
    }
    if (write != MP_OBJ_NULL) {
        uint32_t size = 0;
        const uint8_t *from = mf_native_whole(write, &size, MP_BUFFER_READ);
        if (size > WRITE_MAX - used) {
            mp_raise_ValueError(MP_ERROR_TEXT("too long"));
        }
        memcpy(bytes + used, from, size);
        used += size;
    }
    if (read != MP_OBJ_NULL) {
        read_to = mf_native_whole(read, &read_size, MP_BUFFER_WRITE);
        if (read_size > MF_DEVBUS_DATA_MAX) {
            mp_raise_ValueError(MP_ERROR_TEXT("too long"));
        }
    }
    mf_xfer_t *xfer = &i2c_transfer;
    memset(xfer, 0, sizeof *xfer);
    xfer->op = MF_OP_I2C;
    xfer->address = (uint16_t)address_value;
    xfer->tx = bytes;
    xfer->tx_len = (uint16_t)used;
    xfer->rx = read_to;
    xfer->rx_len = (uint16_t)read_size;
    mf_bus_t *bus = mf_native_instances()->platform_bus;
    const int status = MF_INSIDE(mf_bus_transfer(bus, xfer, MF_NATIVE_BUS_TIMEOUT_US));
    if (status < 0) {
        raise_error(-status);
    }
}

static mp_obj_t i2c_readfrom_mem_into(size_t n_args, const mp_obj_t *args)
{
    (void)n_args;
    transfer(args[1], mp_obj_get_int(args[2]) & 0xFF, MP_OBJ_NULL, args[3]);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(i2c_readfrom_mem_into_obj, 4, 4, i2c_readfrom_mem_into);

static mp_obj_t i2c_writeto_mem(size_t n_args, const mp_obj_t *args)
{
    (void)n_args;
    transfer(args[1], mp_obj_get_int(args[2]) & 0xFF, args[3], MP_OBJ_NULL);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(i2c_writeto_mem_obj, 4, 4, i2c_writeto_mem);

static mp_obj_t i2c_readfrom_into(mp_obj_t self, mp_obj_t address, mp_obj_t buffer)
{
    (void)self;
    transfer(address, -1, MP_OBJ_NULL, buffer);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(i2c_readfrom_into_obj, i2c_readfrom_into);

static mp_obj_t i2c_writeto(mp_obj_t self, mp_obj_t address, mp_obj_t buffer)
{
    (void)self;
    transfer(address, -1, buffer, MP_OBJ_NULL);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(i2c_writeto_obj, i2c_writeto);

static const mp_rom_map_elem_t i2c_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_readfrom_mem_into), MP_ROM_PTR(&i2c_readfrom_mem_into_obj)},
    {MP_ROM_QSTR(MP_QSTR_writeto_mem), MP_ROM_PTR(&i2c_writeto_mem_obj)},
    {MP_ROM_QSTR(MP_QSTR_readfrom_into), MP_ROM_PTR(&i2c_readfrom_into_obj)},
    {MP_ROM_QSTR(MP_QSTR_writeto), MP_ROM_PTR(&i2c_writeto_obj)},
};
static MP_DEFINE_CONST_DICT(i2c_locals, i2c_locals_table);
MP_DEFINE_CONST_OBJ_TYPE(mf_i2c_type, MP_QSTR_I2C, MP_TYPE_FLAG_NONE, make_new, i2c_make_new,
                         locals_dict, &i2c_locals);
