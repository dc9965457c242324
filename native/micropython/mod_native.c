/* Module native: functions over buffers, and the objects. */
#include <string.h>

#include "mf_file_sum.h"
#include "mf_native.h"
#include "py/objint.h"
#include "py/objstr.h"
#include "py/objexcept.h"
#include "py/objtype.h"
#include "py/runtime.h"

/* The build names its version and says whether plain telecommands are refused. */
#ifndef MF_VERSION
#define MF_VERSION "0"
#endif
#ifndef MF_FLIGHT_BUILD
#define MF_FLIGHT_BUILD 0
#endif

/* Format code of one value ("u8" ... "i32", "f32"): letter and bytes. */
typedef struct {
    char letter;
    uint8_t size;
} value_code_t;

uint8_t *mf_native_whole(mp_obj_t object, uint32_t *size, mp_uint_t flags)
{
    mp_buffer_info_t info;
    mp_get_buffer_raise(object, &info, flags);
    *size = (uint32_t)info.len;
    return info.buf;
}

uint8_t *mf_native_buffer(mp_obj_t object, mp_int_t offset, mp_int_t size, mp_uint_t flags)
{
    uint32_t length = 0;
    uint8_t *data = mf_native_whole(object, &length, flags);
    if (offset < 0 || size < 0 || (uint32_t)offset > length ||
        (uint32_t)size > length - (uint32_t)offset) {
        mp_raise_ValueError(MP_ERROR_TEXT("outside buffer"));
    }
    return data + offset;
}

static value_code_t value_code(mp_obj_t object)
{
    static const char letters[] = "uuuiiif";
    static const char digits[][3] = {"8", "16", "32", "8", "16", "32", "32"};
    static const uint8_t sizes[] = {1, 2, 4, 1, 2, 4, 4};
    const char *text = mp_obj_str_get_str(object);
    for (size_t i = 0; i < sizeof sizes; i++) {
        if (text[0] == letters[i] && strcmp(text + 1, digits[i]) == 0) {
            return (value_code_t){letters[i], sizes[i]};
        }
    }
    mp_raise_ValueError(MP_ERROR_TEXT("bad type code"));
}

static uint32_t big_endian(const uint8_t *data, uint8_t size)
{
    uint32_t value = 0;
    for (uint8_t i = 0; i < size; i++) {
        value = value << 8 | data[i];
    }
    return value;
}

static void put_big_endian(uint8_t *out, uint32_t value)
{
    for (uint32_t i = 0; i < 4u; i++) {
        out[i] = (uint8_t)(value >> (24u - 8u * i));
    }
}

/* An int of any size up to 64 bits, without an allocation. */
static int64_t wide_int(mp_obj_t object)
{
    if (mp_obj_is_small_int(object)) {
        return MP_OBJ_SMALL_INT_VALUE(object);
    }
    if (!mp_obj_is_exact_type(object, &mp_type_int)) {
        mp_raise_TypeError(MP_ERROR_TEXT("int expected"));
    }
    uint8_t bytes[8];
    if (!mp_obj_int_to_bytes_impl(object, true, sizeof bytes, bytes)) {
        mp_raise_msg(&mp_type_OverflowError, NULL);
    }
    return (int64_t)((uint64_t)big_endian(bytes, 4) << 32 | big_endian(bytes + 4, 4));
}

static mp_obj_t native_crc16(mp_obj_t buffer, mp_obj_t offset, mp_obj_t count)
{
    const mp_int_t n = mp_obj_get_int(count);
    const uint8_t *data = mf_native_buffer(buffer, mp_obj_get_int(offset), n, MP_BUFFER_READ);
    return MP_OBJ_NEW_SMALL_INT(mf_crc16(0xFFFFu, data, (uint32_t)n));
}
static MP_DEFINE_CONST_FUN_OBJ_3(native_crc16_obj, native_crc16);

static mp_obj_t native_crc32_into(size_t n_args, const mp_obj_t *args)
{
    const mp_int_t n = mp_obj_get_int(args[2]);
    const uint8_t *data = mf_native_buffer(args[0], mp_obj_get_int(args[1]), n, MP_BUFFER_READ);
    uint8_t *out = mf_native_buffer(args[3], mp_obj_get_int(args[4]), 4, MP_BUFFER_WRITE);
    /* Chained to what `out` holds already. */
    const uint32_t before = n_args == 6 && mp_obj_is_true(args[5]) ? big_endian(out, 4) : 0u;
    put_big_endian(out, mf_crc32(before, data, (uint32_t)n));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(native_crc32_into_obj, 5, 6, native_crc32_into);

static mp_obj_t native_sum32_into(size_t n_args, const mp_obj_t *args)
{
    const mp_int_t n = mp_obj_get_int(args[2]);
    const uint8_t *data = mf_native_buffer(args[0], mp_obj_get_int(args[1]), n, MP_BUFFER_READ);
    uint8_t *out = mf_native_buffer(args[3], mp_obj_get_int(args[4]), 4, MP_BUFFER_WRITE);
    const uint32_t position = (uint32_t)mp_obj_get_int(args[5]);
    put_big_endian(out, mf_file_sum(big_endian(out, 4), position, data, (uint32_t)n));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(native_sum32_into_obj, 6, 6, native_sum32_into);

static mp_obj_t native_copy(size_t n_args, const mp_obj_t *args)
{
    const mp_int_t n = mp_obj_get_int(args[4]);
    uint8_t *to = mf_native_buffer(args[0], mp_obj_get_int(args[1]), n, MP_BUFFER_WRITE);
    const uint8_t *from = mf_native_buffer(args[2], mp_obj_get_int(args[3]), n, MP_BUFFER_READ);
    memmove(to, from, (size_t)n);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(native_copy_obj, 5, 5, native_copy);

static mp_obj_t native_in_range(size_t n_args, const mp_obj_t *args)
{
    const value_code_t code = value_code(args[2]);
    const uint8_t *data =
        mf_native_buffer(args[0], mp_obj_get_int(args[1]), code.size, MP_BUFFER_READ);
    const uint32_t raw = big_endian(data, code.size);
    bool inside;
    if (code.letter == 'f') {
        float value;
        memcpy(&value, &raw, sizeof value);
        /* Both comparisons are false for NaN. */
        inside = value >= mp_obj_get_float(args[3]) && value <= mp_obj_get_float(args[4]);
    } else {
        int64_t value = raw;
        if (code.letter == 'i') {
            const uint32_t unused_bits = 32u - 8u * code.size;
            value = (int32_t)(raw << unused_bits) >> unused_bits;
        }
        inside = value >= wide_int(args[3]) && value <= wide_int(args[4]);
    }
    return mp_obj_new_bool(inside);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(native_in_range_obj, 5, 5, native_in_range);

static mp_obj_t native_swap_copy(size_t n_args, const mp_obj_t *args)
{
    const value_code_t code = value_code(args[4]);
    const mp_int_t count = mp_obj_get_int(args[5]);
    if (count < 0 || count > 0xFFFF) {
        mp_raise_ValueError(MP_ERROR_TEXT("outside buffer"));
    }
    const mp_int_t size = count * code.size;
    uint8_t *to = mf_native_buffer(args[0], mp_obj_get_int(args[1]), size, MP_BUFFER_WRITE);
    const uint8_t *from = mf_native_buffer(args[2], mp_obj_get_int(args[3]), size, MP_BUFFER_READ);
    for (mp_int_t i = 0; i < count; i++) {
        uint8_t value[4]; /* source and target may be the same bytes */
        for (uint8_t k = 0; k < code.size; k++) {
            value[k] = from[i * code.size + k];
        }
        for (uint8_t k = 0; k < code.size; k++) {
            to[i * code.size + k] = value[code.size - 1u - k];
        }
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(native_swap_copy_obj, 6, 6, native_swap_copy);

/* Assigning None to __traceback__ does this for exceptions of the runtime's own types only; that of
 * a class written in Python would grow with every raise. */
static mp_obj_t native_forget_traceback(mp_obj_t error)
{
    if (!mp_obj_is_exception_instance(error)) {
        mp_raise_TypeError(MP_ERROR_TEXT("no exception"));
    }
    mp_obj_t plain = error;
    if (!mp_obj_is_native_exception_instance(error)) {
        plain = ((mp_obj_instance_t *)MP_OBJ_TO_PTR(error))->subobj[0];
    }
    ((mp_obj_exception_t *)MP_OBJ_TO_PTR(plain))->traceback_len = 0;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(native_forget_traceback_obj, native_forget_traceback);

static const MP_DEFINE_STR_OBJ(native_version_obj, MF_VERSION);

static const mp_rom_map_elem_t native_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_native)},
    {MP_ROM_QSTR(MP_QSTR_VERSION), MP_ROM_PTR(&native_version_obj)},
    {MP_ROM_QSTR(MP_QSTR_FLIGHT_BUILD), MF_FLIGHT_BUILD ? MP_ROM_TRUE : MP_ROM_FALSE},
    {MP_ROM_QSTR(MP_QSTR_TICK_PERIOD_MS), MP_ROM_INT(MF_TICK_PERIOD_MS)},
    {MP_ROM_QSTR(MP_QSTR_crc16), MP_ROM_PTR(&native_crc16_obj)},
    {MP_ROM_QSTR(MP_QSTR_crc32_into), MP_ROM_PTR(&native_crc32_into_obj)},
    {MP_ROM_QSTR(MP_QSTR_sum32_into), MP_ROM_PTR(&native_sum32_into_obj)},
    {MP_ROM_QSTR(MP_QSTR_copy), MP_ROM_PTR(&native_copy_obj)},
    {MP_ROM_QSTR(MP_QSTR_in_range), MP_ROM_PTR(&native_in_range_obj)},
    {MP_ROM_QSTR(MP_QSTR_swap_copy), MP_ROM_PTR(&native_swap_copy_obj)},
    {MP_ROM_QSTR(MP_QSTR_forget_traceback), MP_ROM_PTR(&native_forget_traceback_obj)},
    {MP_ROM_QSTR(MP_QSTR_kernel), MP_ROM_PTR(&mf_native_kernel_obj)},
    {MP_ROM_QSTR(MP_QSTR_link), MP_ROM_PTR(&mf_native_link_obj)},
    {MP_ROM_QSTR(MP_QSTR_radio), MP_ROM_PTR(&mf_native_radio_obj)},
    {MP_ROM_QSTR(MP_QSTR_fram), MP_ROM_PTR(&mf_native_fram_obj)},
    {MP_ROM_QSTR(MP_QSTR_I2C), MP_ROM_PTR(&mf_i2c_type)},
    {MP_ROM_QSTR(MP_QSTR_Files), MP_ROM_PTR(&mf_native_files_type)},
    {MP_ROM_QSTR(MP_QSTR_Archive), MP_ROM_PTR(&mf_native_archive_type)},
};
static MP_DEFINE_CONST_DICT(native_globals, native_globals_table);

const mp_obj_module_t mp_module_native = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&native_globals,
};

MP_REGISTER_MODULE(MP_QSTR_native, mp_module_native);
