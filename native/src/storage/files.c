/* Files on NOR memory: see mf_files.h. The file system as a whole, and its folders. */
#include <stddef.h>
#include <string.h>

#include "files_state.h"

/* Erases of a block of folders before it moves elsewhere: 1/200 of what the cells stand. */
#define BLOCK_CYCLES 500

_Static_assert(MF_FILES_NAME_MAX == LFS2_NAME_MAX, "name length");

uint32_t mf_files_size(void)
{
    return (uint32_t)sizeof(mf_files_t);
}

/* Answers of the file system itself, after which it goes on as before. */
static bool harmless(int status)
{
    switch (status) {
    case LFS2_ERR_NOENT:
    case LFS2_ERR_EXIST:
    case LFS2_ERR_NOTDIR:
    case LFS2_ERR_ISDIR:
    case LFS2_ERR_NOTEMPTY:
    case LFS2_ERR_FBIG:
    case LFS2_ERR_INVAL:
    case LFS2_ERR_NOSPC:
    case LFS2_ERR_NAMETOOLONG:
        return true;
    default:
        return status >= 0;
    }
}

int mf_files_judge(mf_files_t *files, int status)
{
    if (status == LFS2_ERR_CORRUPT) {
        status = MF_E_BADMSG;
    }
    if (!harmless(status) && files->fault == 0) {
        files->fault = status;
    }
    return status;
}

int mf_files_ready(const mf_files_t *files)
{
    return !files->mounted ? MF_E_NODEV : files->fault;
}

/* --- Whole file system ------------------------------------------------------------------------ */

int mf_files_reset(mf_files_t *files, const mf_files_device_t *device)
{
    bool bad = device->read == NULL || device->program == NULL || device->erase == NULL ||
               device->block_size < 512u || device->block_size % MF_FILES_CACHE != 0 ||
               device->blocks < 2u || device->blocks > MF_FILES_BLOCKS_MAX;

    memset(files, 0, sizeof *files);
    if (bad) {
        return MF_E_INVAL;
    }
    files->device = *device;
    files->config = (struct lfs2_config){
        .context = files,
        .read = mf_files_device_read,
        .prog = mf_files_device_program,
        .erase = mf_files_device_erase,
        .sync = mf_files_device_sync,
        .read_size = MF_FILES_READ_SIZE,
        .prog_size = MF_FILES_GRAIN,
        .block_size = device->block_size,
        .block_count = device->blocks,
        .block_cycles = BLOCK_CYCLES,
        .cache_size = MF_FILES_CACHE,
        .lookahead_size = MF_FILES_LOOKAHEAD,
        .read_buffer = files->read_cache,
        .prog_buffer = files->program_cache,
        .lookahead_buffer = files->lookahead,
    };
    return MF_OK;
}

static int translated(int status)
{
    return status == LFS2_ERR_CORRUPT ? MF_E_BADMSG : status;
}

int mf_files_format(mf_files_t *files)
{
    if (files->config.context == NULL) {
        return MF_E_INVAL;
    }
    return files->mounted ? MF_E_BUSY : translated(lfs2_format(&files->lfs, &files->config));
}

int mf_files_mount(mf_files_t *files)
{
    int status;

    if (files->config.context == NULL) {
        return MF_E_INVAL;
    }
    if (files->mounted) {
        return MF_E_BUSY;
    }
    status = translated(lfs2_mount(&files->lfs, &files->config));
    if (status == LFS2_ERR_INVAL) {
        status = MF_E_BADMSG; /* of another version, or of another geometry */
    }
    files->mounted = status == 0;
    files->fault = 0;
    return status;
}

void mf_files_unmount(mf_files_t *files)
{
    if (!files->mounted) {
        return;
    }
    for (uint32_t number = 0; number < MF_FILES_SLOTS; number++) {
        files->slots[number].open = false;
    }
    files->listing_open = false;
    files->mounted = false;
    (void)lfs2_unmount(&files->lfs); /* frees what it allocated: nothing here */
}

bool mf_files_mounted(const mf_files_t *files)
{
    return files->mounted;
}

int mf_files_used(mf_files_t *files)
{
    int status = mf_files_ready(files);

    return status < 0 ? status : mf_files_judge(files, (int)lfs2_fs_size(&files->lfs));
}

int mf_files_tidy(mf_files_t *files)
{
    int status = mf_files_ready(files);

    return status < 0 ? status : mf_files_judge(files, lfs2_fs_gc(&files->lfs));
}

/* --- Folders ---------------------------------------------------------------------------------- */

int mf_files_remove(mf_files_t *files, const char *path)
{
    int status = mf_files_ready(files);

    return status < 0 ? status : mf_files_judge(files, lfs2_remove(&files->lfs, path));
}

int mf_files_rename(mf_files_t *files, const char *from, const char *to)
{
    int status = mf_files_ready(files);

    return status < 0 ? status : mf_files_judge(files, lfs2_rename(&files->lfs, from, to));
}

int mf_files_folder(mf_files_t *files, const char *path)
{
    int status = mf_files_ready(files);

    return status < 0 ? status : mf_files_judge(files, lfs2_mkdir(&files->lfs, path));
}

static int length_of(const struct lfs2_info *info)
{
    return info->type == LFS2_TYPE_REG ? (int)info->size : LFS2_ERR_ISDIR;
}

int mf_files_stat(mf_files_t *files, const char *path)
{
    struct lfs2_info info;
    int status = mf_files_ready(files);

    if (status == 0) {
        status = mf_files_judge(files, lfs2_stat(&files->lfs, path, &info));
    }
    return status < 0 ? status : length_of(&info);
}

int mf_files_list(mf_files_t *files, const char *path)
{
    int status = mf_files_ready(files);

    if (status < 0) {
        return status;
    }
    if (files->listing_open) {
        files->listing_open = false;
        (void)lfs2_dir_close(&files->lfs, &files->listing); /* leaves a list, nothing else */
    }
    status = mf_files_judge(files, lfs2_dir_open(&files->lfs, &files->listing, path));
    files->listing_open = status == 0;
    return status;
}

int mf_files_next(mf_files_t *files, char *name, int32_t *length)
{
    struct lfs2_info info;
    int status = mf_files_ready(files);

    if (status < 0) {
        return status;
    }
    if (!files->listing_open) {
        return MF_E_INVAL;
    }
    do {
        status = mf_files_judge(files, lfs2_dir_read(&files->lfs, &files->listing, &info));
    } while (status > 0 && (strcmp(info.name, ".") == 0 || strcmp(info.name, "..") == 0));
    if (status <= 0) {
        files->listing_open = false;
        (void)lfs2_dir_close(&files->lfs, &files->listing);
        return status;
    }
    memcpy(name, info.name, sizeof info.name);
    *length = length_of(&info);
    return (int)strlen(name);
}
