/* Type native.Files: files on NOR memory (mf_files.h), whose blocks are a Python object. The
 * constructor allocates, no method does. */
#include "mf_native.h"

#include <string.h>

#include "mf_files.h"
#include "py/nlr.h"
#include "py/objarray.h"
#include "py/runtime.h"

#define ENTRY_SIZE (MF_FILES_NAME_MAX + 5)

typedef struct {
    mp_obj_base_t base;
    mp_obj_t device;
    mp_obj_t pending;    /* what the device raised, until C is left */
    mp_obj_array_t view; /* the bytes of one call of the device */
    uint64_t memory[];
} files_obj_t;

static mf_files_t *files_of(files_obj_t *self)
{
    return (mf_files_t *)self->memory;
}

/* --- Device ----------------------------------------------------------------------------------- */

/* Call a method of the device with block and, unless `data` is NULL, offset and bytes. What it
 * raises must not jump over littlefs: it is kept, and the call ends with an error. */
static int call_device(files_obj_t *self, qstr method, uint32_t block, uint32_t offset,
                       const void *data, uint32_t size, bool writable)
{
    nlr_buf_t nlr;
    int status;

    if (self->pending != MP_OBJ_NULL) {
        return MF_E_IO;
    }
    if (nlr_push(&nlr) == 0) {
        mp_obj_t call[5];
        mp_load_method(self->device, method, call);
        call[2] = MP_OBJ_NEW_SMALL_INT(block);
        call[3] = MP_OBJ_NEW_SMALL_INT(offset);
        call[4] = MP_OBJ_FROM_PTR(&self->view);
        mp_obj_memoryview_init(&self->view,
                               (size_t)'B' | (writable ? MP_OBJ_ARRAY_TYPECODE_FLAG_RW : 0u), 0,
                               size, (void *)data);
        status = mp_obj_get_int(mp_call_method_n_kw(data == NULL ? 1 : 3, 0, call));
        nlr_pop();
    } else {
        self->pending = MP_OBJ_FROM_PTR(nlr.ret_val);
        status = MF_E_IO;
    }
    self->view.len = 0; /* whoever kept it reads nothing of what comes later */
    return status;
}

static int device_read(void *ctx, uint32_t block, uint32_t offset, uint8_t *data, uint32_t size)
{
    return call_device(ctx, MP_QSTR_read, block, offset, data, size, true);
}

static int device_program(void *ctx, uint32_t block, uint32_t offset, const uint8_t *data,
                          uint32_t size)
{
    return call_device(ctx, MP_QSTR_program, block, offset, data, size, false);
}

static int device_erase(void *ctx, uint32_t block)
{
    return call_device(ctx, MP_QSTR_erase, block, 0, NULL, 0, false);
}

/* --- Object ----------------------------------------------------------------------------------- */

static mp_obj_t files_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
                               const mp_obj_t *args)
{
    mp_arg_check_num(n_args, n_kw, 1, 1, false);
    const mp_int_t block_size = mp_obj_get_int(mp_load_attr(args[0], MP_QSTR_BLOCK_SIZE));
    const mp_int_t blocks = mp_obj_get_int(mp_load_attr(args[0], MP_QSTR_BLOCKS));
    files_obj_t *self =
        mp_obj_malloc_var(files_obj_t, memory, uint64_t, (mf_files_size() + 7u) / 8u, type);
    self->device = args[0];
    self->pending = MP_OBJ_NULL;
    mp_obj_memoryview_init(&self->view, 'B', 0, 0, NULL);
    const mf_files_device_t device = {
        .read = device_read,
        .program = device_program,
        .erase = device_erase,
        .ctx = self,
        .block_size = (uint32_t)block_size,
        .blocks = (uint32_t)blocks,
    };
    if (block_size < 0 || blocks < 0 || mf_files_reset(files_of(self), &device) < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("geometry"));
    }
    return MP_OBJ_FROM_PTR(self);
}

/* Raise what the device raised, else answer `status`. */
static mp_obj_t done(files_obj_t *self, int status)
{
    const mp_obj_t pending = self->pending;
    if (pending != MP_OBJ_NULL) {
        self->pending = MP_OBJ_NULL;
        nlr_raise(pending);
    }
    return MP_OBJ_NEW_SMALL_INT(status);
}

struct mf_files *mf_native_files(mp_obj_t object)
{
    if (!mp_obj_is_exact_type(object, &mf_native_files_type)) {
        mp_raise_TypeError(MP_ERROR_TEXT("files"));
    }
    return files_of(MP_OBJ_TO_PTR(object));
}

mp_obj_t mf_native_files_done(mp_obj_t object, int status)
{
    return done(MP_OBJ_TO_PTR(object), status);
}

/* Numbers that C has no place for become one that it refuses. */
static uint32_t number(mp_obj_t object)
{
    const mp_int_t value = mp_obj_get_int(object);
    return value < 0 ? UINT32_MAX : (uint32_t)value;
}

/* A path as C text: a str, or the bytes of a buffer up to its first NUL, which must be there. */
static const char *path_of(mp_obj_t object)
{
    mp_buffer_info_t info;

    if (mp_obj_is_str(object)) {
        return mp_obj_str_get_str(object);
    }
    mp_get_buffer_raise(object, &info, MP_BUFFER_READ);
    if (memchr(info.buf, 0, info.len) == NULL) {
        mp_raise_ValueError(MP_ERROR_TEXT("path"));
    }
    return info.buf;
}

static mp_obj_t files_format(mp_obj_t self_in)
{
    files_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return done(self, mf_files_format(files_of(self)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(files_format_obj, files_format);

static mp_obj_t files_mount(mp_obj_t self_in)
{
    files_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return done(self, mf_files_mount(files_of(self)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(files_mount_obj, files_mount);

static mp_obj_t files_unmount(mp_obj_t self_in)
{
    mf_files_unmount(files_of(MP_OBJ_TO_PTR(self_in)));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(files_unmount_obj, files_unmount);

static mp_obj_t files_mounted(mp_obj_t self_in)
{
    return mp_obj_new_bool(mf_files_mounted(files_of(MP_OBJ_TO_PTR(self_in))));
}
static MP_DEFINE_CONST_FUN_OBJ_1(files_mounted_obj, files_mounted);

static mp_obj_t files_open(size_t n_args, const mp_obj_t *args)
{
    files_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    const char *path = path_of(args[2]);
    return done(self, mf_files_open(files_of(self), number(args[1]), path, number(args[3])));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(files_open_obj, 4, 4, files_open);

static mp_obj_t files_read(size_t n_args, const mp_obj_t *args)
{
    files_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    const mp_int_t n = mp_obj_get_int(args[4]);
    uint8_t *data = mf_native_buffer(args[2], mp_obj_get_int(args[3]), n, MP_BUFFER_WRITE);
    return done(self, mf_files_read(files_of(self), number(args[1]), data, (uint32_t)n));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(files_read_obj, 5, 5, files_read);

static mp_obj_t files_write(size_t n_args, const mp_obj_t *args)
{
    files_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    const mp_int_t n = mp_obj_get_int(args[4]);
    const uint8_t *data = mf_native_buffer(args[2], mp_obj_get_int(args[3]), n, MP_BUFFER_READ);
    return done(self, mf_files_write(files_of(self), number(args[1]), data, (uint32_t)n));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(files_write_obj, 5, 5, files_write);

static mp_obj_t files_seek(mp_obj_t self_in, mp_obj_t slot, mp_obj_t position)
{
    files_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return done(self, mf_files_seek(files_of(self), number(slot), number(position)));
}
static MP_DEFINE_CONST_FUN_OBJ_3(files_seek_obj, files_seek);

static mp_obj_t files_truncate(mp_obj_t self_in, mp_obj_t slot, mp_obj_t length)
{
    files_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return done(self, mf_files_truncate(files_of(self), number(slot), number(length)));
}
static MP_DEFINE_CONST_FUN_OBJ_3(files_truncate_obj, files_truncate);

static mp_obj_t files_length(mp_obj_t self_in, mp_obj_t slot)
{
    files_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return done(self, mf_files_length(files_of(self), number(slot)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(files_length_obj, files_length);

static mp_obj_t files_sync(mp_obj_t self_in, mp_obj_t slot)
{
    files_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return done(self, mf_files_sync(files_of(self), number(slot)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(files_sync_obj, files_sync);

static mp_obj_t files_close(mp_obj_t self_in, mp_obj_t slot)
{
    files_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return done(self, mf_files_close(files_of(self), number(slot)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(files_close_obj, files_close);

static mp_obj_t files_remove(mp_obj_t self_in, mp_obj_t path)
{
    files_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return done(self, mf_files_remove(files_of(self), path_of(path)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(files_remove_obj, files_remove);

static mp_obj_t files_rename(mp_obj_t self_in, mp_obj_t from, mp_obj_t to)
{
    files_obj_t *self = MP_OBJ_TO_PTR(self_in);
    const char *old = path_of(from);
    return done(self, mf_files_rename(files_of(self), old, path_of(to)));
}
static MP_DEFINE_CONST_FUN_OBJ_3(files_rename_obj, files_rename);

static mp_obj_t files_folder(mp_obj_t self_in, mp_obj_t path)
{
    files_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return done(self, mf_files_folder(files_of(self), path_of(path)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(files_folder_obj, files_folder);

static mp_obj_t files_stat(mp_obj_t self_in, mp_obj_t path)
{
    files_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return done(self, mf_files_stat(files_of(self), path_of(path)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(files_stat_obj, files_stat);

static mp_obj_t files_list(mp_obj_t self_in, mp_obj_t path)
{
    files_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return done(self, mf_files_list(files_of(self), path_of(path)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(files_list_obj, files_list);

/* Name, padded with NUL, and length, little-endian. */
static mp_obj_t files_next(mp_obj_t self_in, mp_obj_t buffer)
{
    files_obj_t *self = MP_OBJ_TO_PTR(self_in);
    uint8_t *out = mf_native_buffer(buffer, 0, ENTRY_SIZE, MP_BUFFER_WRITE);
    char name[MF_FILES_NAME_MAX + 1];
    int32_t length = 0;
    const int status = mf_files_next(files_of(self), name, &length);
    if (status > 0) {
        memset(out, 0, MF_FILES_NAME_MAX + 1u);
        memcpy(out, name, (size_t)status);
        memcpy(out + MF_FILES_NAME_MAX + 1u, &length, sizeof length);
    }
    return done(self, status);
}
static MP_DEFINE_CONST_FUN_OBJ_2(files_next_obj, files_next);

static mp_obj_t files_used(mp_obj_t self_in)
{
    files_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return done(self, mf_files_used(files_of(self)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(files_used_obj, files_used);

static mp_obj_t files_tidy(mp_obj_t self_in)
{
    files_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return done(self, mf_files_tidy(files_of(self)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(files_tidy_obj, files_tidy);

static const mp_rom_map_elem_t files_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_format), MP_ROM_PTR(&files_format_obj)},
    {MP_ROM_QSTR(MP_QSTR_mount), MP_ROM_PTR(&files_mount_obj)},
    {MP_ROM_QSTR(MP_QSTR_unmount), MP_ROM_PTR(&files_unmount_obj)},
    {MP_ROM_QSTR(MP_QSTR_mounted), MP_ROM_PTR(&files_mounted_obj)},
    {MP_ROM_QSTR(MP_QSTR_open), MP_ROM_PTR(&files_open_obj)},
    {MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&files_read_obj)},
    {MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&files_write_obj)},
    {MP_ROM_QSTR(MP_QSTR_seek), MP_ROM_PTR(&files_seek_obj)},
    {MP_ROM_QSTR(MP_QSTR_length), MP_ROM_PTR(&files_length_obj)},
    {MP_ROM_QSTR(MP_QSTR_truncate), MP_ROM_PTR(&files_truncate_obj)},
    {MP_ROM_QSTR(MP_QSTR_sync), MP_ROM_PTR(&files_sync_obj)},
    {MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&files_close_obj)},
    {MP_ROM_QSTR(MP_QSTR_remove), MP_ROM_PTR(&files_remove_obj)},
    {MP_ROM_QSTR(MP_QSTR_rename), MP_ROM_PTR(&files_rename_obj)},
    {MP_ROM_QSTR(MP_QSTR_folder), MP_ROM_PTR(&files_folder_obj)},
    {MP_ROM_QSTR(MP_QSTR_stat), MP_ROM_PTR(&files_stat_obj)},
    {MP_ROM_QSTR(MP_QSTR_list), MP_ROM_PTR(&files_list_obj)},
    {MP_ROM_QSTR(MP_QSTR_next), MP_ROM_PTR(&files_next_obj)},
    {MP_ROM_QSTR(MP_QSTR_used), MP_ROM_PTR(&files_used_obj)},
    {MP_ROM_QSTR(MP_QSTR_tidy), MP_ROM_PTR(&files_tidy_obj)},
    {MP_ROM_QSTR(MP_QSTR_READ), MP_ROM_INT(MF_FILES_READ)},
    {MP_ROM_QSTR(MP_QSTR_WRITE), MP_ROM_INT(MF_FILES_WRITE)},
    {MP_ROM_QSTR(MP_QSTR_CREATE), MP_ROM_INT(MF_FILES_CREATE)},
    {MP_ROM_QSTR(MP_QSTR_EMPTY), MP_ROM_INT(MF_FILES_EMPTY)},
    {MP_ROM_QSTR(MP_QSTR_APPEND), MP_ROM_INT(MF_FILES_APPEND)},
    {MP_ROM_QSTR(MP_QSTR_SLOTS), MP_ROM_INT(MF_FILES_SLOTS)},
    {MP_ROM_QSTR(MP_QSTR_ENTRY_SIZE), MP_ROM_INT(ENTRY_SIZE)},
};
static MP_DEFINE_CONST_DICT(files_locals, files_locals_table);
MP_DEFINE_CONST_OBJ_TYPE(mf_native_files_type, MP_QSTR_Files, MP_TYPE_FLAG_NONE, make_new,
                         files_make_new, locals_dict, &files_locals);
