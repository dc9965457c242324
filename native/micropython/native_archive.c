/* Type native.Archive: records kept in FRAM and flash (mf_archive.h). The constructor allocates, no
 * method does. */
#include "mf_archive.h"

#include "mf_drivers.h"
#include "mf_link.h"
#include "mf_native.h"
#include "py/runtime.h"

#define PIECE_MS 300 /* slack that a piece of work needs */

typedef struct {
    mp_obj_base_t base;
    uint64_t memory[];
} archive_obj_t;

static mf_archive_t *archive_of(mp_obj_t self_in)
{
    return (mf_archive_t *)((archive_obj_t *)MP_OBJ_TO_PTR(self_in))->memory;
}

static mp_obj_t small(uint32_t value)
{
    return MP_OBJ_NEW_SMALL_INT((mp_int_t)value);
}

/* --- Memory ----------------------------------------------------------------------------------- */

static int read_fram(void *ctx, uint32_t address, uint8_t *data, uint32_t size)
{
    return MF_INSIDE(mf_fram_read(mf_native_instances()->platform_bus, address, data, size));
}

static int write_fram(void *ctx, uint32_t address, const uint8_t *data, uint32_t size)
{
    return MF_INSIDE(mf_fram_write(mf_native_instances()->platform_bus, address, data, size));
}

static uint16_t crc16(const uint8_t *data, uint32_t size)
{
    return mf_crc16(0xFFFFu, data, size);
}

static const mf_archive_memory_t board_memory = {
    .read = read_fram,
    .write = write_fram,
    .crc16 = crc16,
};

/* --- Object ----------------------------------------------------------------------------------- */

static mp_obj_t archive_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
                                 const mp_obj_t *args)
{
    mp_arg_check_num(n_args, n_kw, 7, 7, false);
    const mf_archive_config_t config = {
        .number = (uint32_t)mp_obj_get_int(args[0]),
        .fram_address = (uint32_t)mp_obj_get_int(args[1]),
        .fram_size = (uint32_t)mp_obj_get_int(args[2]),
        .files = (uint32_t)mp_obj_get_int(args[3]),
        .file_size = (uint32_t)mp_obj_get_int(args[4]),
        .enough = (uint32_t)mp_obj_get_int(args[5]),
        .circular = mp_obj_is_true(args[6]),
    };
    archive_obj_t *self =
        mp_obj_malloc_var(archive_obj_t, memory, uint64_t, (mf_archive_size() + 7u) / 8u, type);
    if (mf_archive_reset((mf_archive_t *)self->memory, &config, &board_memory) < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("archive"));
    }
    return MP_OBJ_FROM_PTR(self);
}

/* keep(buf, off, n, priority, seconds) */
static mp_obj_t archive_keep(size_t n_args, const mp_obj_t *args)
{
    const mp_int_t n = mp_obj_get_int(args[3]);
    const uint8_t *data = mf_native_buffer(args[1], mp_obj_get_int(args[2]), n, MP_BUFFER_READ);
    return mp_obj_new_bool(mf_archive_keep(archive_of(args[0]), data, (uint32_t)n,
                                           (uint32_t)mp_obj_get_int(args[4]),
                                           (uint32_t)mp_obj_get_int(args[5])));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(archive_keep_obj, 6, 6, archive_keep);

/* enabled([on]) */
static mp_obj_t archive_enabled(size_t n_args, const mp_obj_t *args)
{
    if (n_args > 1) {
        mf_archive_enable(archive_of(args[0]), mp_obj_is_true(args[1]));
    }
    return mp_obj_new_bool(mf_archive_enabled(archive_of(args[0])));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(archive_enabled_obj, 1, 2, archive_enabled);

static mp_obj_t archive_begin(mp_obj_t self, mp_obj_t files)
{
    return mf_native_files_done(files, mf_archive_begin(archive_of(self), mf_native_files(files)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(archive_begin_obj, archive_begin);

static mp_obj_t archive_waiting(mp_obj_t self)
{
    return mp_obj_new_bool(mf_archive_waiting(archive_of(self)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(archive_waiting_obj, archive_waiting);

static mp_obj_t archive_work(mp_obj_t self, mp_obj_t files)
{
    return mf_native_files_done(files, mf_archive_work(archive_of(self), mf_native_files(files)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(archive_work_obj, archive_work);

/* select(from_s, to_s, priority) */
static mp_obj_t archive_select(size_t n_args, const mp_obj_t *args)
{
    mf_archive_select(archive_of(args[0]), (uint32_t)mp_obj_get_int(args[1]),
                      (uint32_t)mp_obj_get_int(args[2]), (uint32_t)mp_obj_get_int(args[3]));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(archive_select_obj, 4, 4, archive_select);

static mp_obj_t archive_abort(mp_obj_t self)
{
    mf_archive_abort(archive_of(self));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(archive_abort_obj, archive_abort);

static mp_obj_t archive_reading(mp_obj_t self)
{
    return mp_obj_new_bool(mf_archive_reading(archive_of(self)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(archive_reading_obj, archive_reading);

static mp_obj_t archive_fetch(mp_obj_t self, mp_obj_t files, mp_obj_t record)
{
    uint8_t *out = mf_native_buffer(record, 0, MF_ARCHIVE_RECORD_MAX, MP_BUFFER_WRITE);
    return mf_native_files_done(
        files, mf_archive_fetch(archive_of(self), mf_native_files(files), out));
}
static MP_DEFINE_CONST_FUN_OBJ_3(archive_fetch_obj, archive_fetch);

static mp_obj_t archive_delete(mp_obj_t self, mp_obj_t until_s)
{
    mf_archive_delete(archive_of(self), (uint32_t)mp_obj_get_int(until_s));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(archive_delete_obj, archive_delete);

static mp_obj_t archive_deleting(mp_obj_t self)
{
    return mp_obj_new_bool(mf_archive_deleting(archive_of(self)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(archive_deleting_obj, archive_deleting);

static mp_obj_t archive_count(mp_obj_t self, mp_obj_t counter)
{
    return small(mf_archive_count(archive_of(self), (uint32_t)mp_obj_get_int(counter)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(archive_count_obj, archive_count);

/* Numbers about what there is, by name. */
#define NUMBER(name)                                                                              \
    static mp_obj_t archive_##name(mp_obj_t self)                                                 \
    {                                                                                             \
        return small(mf_archive_##name(archive_of(self)));                                        \
    }                                                                                             \
    static MP_DEFINE_CONST_FUN_OBJ_1(archive_##name##_obj, archive_##name)

NUMBER(used);
NUMBER(stored);
NUMBER(fill);
NUMBER(left);
NUMBER(oldest);
NUMBER(newest);
NUMBER(from);

static const mp_rom_map_elem_t archive_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_keep), MP_ROM_PTR(&archive_keep_obj)},
    {MP_ROM_QSTR(MP_QSTR_enabled), MP_ROM_PTR(&archive_enabled_obj)},
    {MP_ROM_QSTR(MP_QSTR_begin), MP_ROM_PTR(&archive_begin_obj)},
    {MP_ROM_QSTR(MP_QSTR_waiting), MP_ROM_PTR(&archive_waiting_obj)},
    {MP_ROM_QSTR(MP_QSTR_work), MP_ROM_PTR(&archive_work_obj)},
    {MP_ROM_QSTR(MP_QSTR_select), MP_ROM_PTR(&archive_select_obj)},
    {MP_ROM_QSTR(MP_QSTR_abort), MP_ROM_PTR(&archive_abort_obj)},
    {MP_ROM_QSTR(MP_QSTR_reading), MP_ROM_PTR(&archive_reading_obj)},
    {MP_ROM_QSTR(MP_QSTR_fetch), MP_ROM_PTR(&archive_fetch_obj)},
    {MP_ROM_QSTR(MP_QSTR_delete), MP_ROM_PTR(&archive_delete_obj)},
    {MP_ROM_QSTR(MP_QSTR_deleting), MP_ROM_PTR(&archive_deleting_obj)},
    {MP_ROM_QSTR(MP_QSTR_count), MP_ROM_PTR(&archive_count_obj)},
    {MP_ROM_QSTR(MP_QSTR_used), MP_ROM_PTR(&archive_used_obj)},
    {MP_ROM_QSTR(MP_QSTR_stored), MP_ROM_PTR(&archive_stored_obj)},
    {MP_ROM_QSTR(MP_QSTR_fill), MP_ROM_PTR(&archive_fill_obj)},
    {MP_ROM_QSTR(MP_QSTR_left), MP_ROM_PTR(&archive_left_obj)},
    {MP_ROM_QSTR(MP_QSTR_oldest), MP_ROM_PTR(&archive_oldest_obj)},
    {MP_ROM_QSTR(MP_QSTR_newest), MP_ROM_PTR(&archive_newest_obj)},
    {MP_ROM_QSTR(MP_QSTR_begins), MP_ROM_PTR(&archive_from_obj)},
    {MP_ROM_QSTR(MP_QSTR_HEAD), MP_ROM_INT(MF_ARCHIVE_HEAD)},
    {MP_ROM_QSTR(MP_QSTR_RECORD_MAX), MP_ROM_INT(MF_ARCHIVE_RECORD_MAX)},
    {MP_ROM_QSTR(MP_QSTR_cost_ms), MP_ROM_INT(PIECE_MS)},
};
static MP_DEFINE_CONST_DICT(archive_locals, archive_locals_table);
MP_DEFINE_CONST_OBJ_TYPE(mf_native_archive_type, MP_QSTR_Archive, MP_TYPE_FLAG_NONE, make_new,
                         archive_make_new, locals_dict, &archive_locals);
