/* Open files: see mf_files.h. This file keeps littlefs away from what it does not check itself:
 * files that are not open, and work on after an error. */
#include <stddef.h>

#include "files_state.h"

#define ALL_FLAGS                                                                                 \
    ((uint32_t)(MF_FILES_READ | MF_FILES_WRITE | MF_FILES_CREATE | MF_FILES_EMPTY |               \
                MF_FILES_APPEND))

_Static_assert(LFS2_O_RDONLY == MF_FILES_READ && LFS2_O_WRONLY == MF_FILES_WRITE, "open flags");

/* The slot when it is open and may be used, else NULL and why. */
static mf_files_slot_t *opened(mf_files_t *files, uint32_t number, int *status)
{
    *status = mf_files_ready(files);
    if (*status == 0 && (number >= MF_FILES_SLOTS || !files->slots[number].open)) {
        *status = MF_E_INVAL;
    }
    return *status == 0 ? &files->slots[number] : NULL;
}

/* Sizes and positions are positive ints. */
static bool too_long(uint32_t size)
{
    return size > (uint32_t)LFS2_FILE_MAX;
}

static int open_flags(uint32_t flags)
{
    return (int)(flags & 3u) | ((flags & MF_FILES_CREATE) != 0 ? LFS2_O_CREAT : 0) |
           ((flags & MF_FILES_EMPTY) != 0 ? LFS2_O_TRUNC : 0) |
           ((flags & MF_FILES_APPEND) != 0 ? LFS2_O_APPEND : 0);
}

int mf_files_open(mf_files_t *files, uint32_t number, const char *path, uint32_t flags)
{
    int status = mf_files_ready(files);
    mf_files_slot_t *slot;

    if (status < 0) {
        return status;
    }
    if (number >= MF_FILES_SLOTS || (flags & ~ALL_FLAGS) != 0 || (flags & 3u) == 0 ||
        (flags > 3u && (flags & MF_FILES_WRITE) == 0)) {
        return MF_E_INVAL;
    }
    slot = &files->slots[number];
    if (slot->open) {
        return MF_E_BUSY;
    }
    slot->config = (struct lfs2_file_config){.buffer = slot->cache};
    slot->failed = 0;
    status = lfs2_file_opencfg(&files->lfs, &slot->file, path, open_flags(flags), &slot->config);
    status = mf_files_judge(files, status);
    slot->open = status == 0;
    return status;
}

int mf_files_read(mf_files_t *files, uint32_t number, uint8_t *data, uint32_t size)
{
    int status;
    mf_files_slot_t *slot = opened(files, number, &status);

    if (slot == NULL) {
        return status;
    }
    if (too_long(size) || (slot->file.flags & LFS2_O_RDONLY) == 0) {
        return MF_E_INVAL;
    }
    return mf_files_judge(files, (int)lfs2_file_read(&files->lfs, &slot->file, data, size));
}

int mf_files_write(mf_files_t *files, uint32_t number, const uint8_t *data, uint32_t size)
{
    int status;
    mf_files_slot_t *slot = opened(files, number, &status);

    if (slot == NULL) {
        return status;
    }
    if (too_long(size) || (slot->file.flags & LFS2_O_WRONLY) == 0) {
        return MF_E_INVAL;
    }
    if (slot->failed != 0) {
        return slot->failed;
    }
    status = mf_files_judge(files, (int)lfs2_file_write(&files->lfs, &slot->file, data, size));
    if (status < 0) {
        slot->failed = status;
    }
    return status;
}

int mf_files_length(mf_files_t *files, uint32_t number)
{
    int status;
    mf_files_slot_t *slot = opened(files, number, &status);

    return slot == NULL ? status : (int)lfs2_file_size(&files->lfs, &slot->file);
}

int mf_files_seek(mf_files_t *files, uint32_t number, uint32_t position)
{
    int status;
    mf_files_slot_t *slot = opened(files, number, &status);

    if (slot == NULL) {
        return status;
    }
    /* Beyond the end littlefs would fill with zeros at the next write. */
    if (position > (uint32_t)lfs2_file_size(&files->lfs, &slot->file)) {
        return MF_E_INVAL;
    }
    status = (int)lfs2_file_seek(&files->lfs, &slot->file, (lfs2_soff_t)position, LFS2_SEEK_SET);
    return mf_files_judge(files, status);
}

int mf_files_truncate(mf_files_t *files, uint32_t number, uint32_t length)
{
    int status;
    mf_files_slot_t *slot = opened(files, number, &status);

    if (slot == NULL) {
        return status;
    }
    if (too_long(length) || (slot->file.flags & LFS2_O_WRONLY) == 0) {
        return MF_E_INVAL;
    }
    if (slot->failed != 0) {
        return slot->failed;
    }
    status = mf_files_judge(files, lfs2_file_truncate(&files->lfs, &slot->file, length));
    if (status < 0) {
        slot->failed = status;
    }
    return status;
}

int mf_files_sync(mf_files_t *files, uint32_t number)
{
    int status;
    mf_files_slot_t *slot = opened(files, number, &status);

    if (slot == NULL) {
        return status;
    }
    if (slot->failed != 0) {
        return slot->failed;
    }
    status = mf_files_judge(files, lfs2_file_sync(&files->lfs, &slot->file));
    if (status < 0) {
        slot->failed = status;
    }
    return status;
}

int mf_files_close(mf_files_t *files, uint32_t number)
{
    int status;
    mf_files_slot_t *slot = opened(files, number, &status);

    if (slot == NULL) {
        if (number < MF_FILES_SLOTS && files->mounted) {
            /* After a fault: littlefs's list of open files is not used again before mounting. */
            files->slots[number].open = false;
        }
        return status;
    }
    /* After a failed write it only leaves littlefs's list. */
    status = mf_files_judge(files, lfs2_file_close(&files->lfs, &slot->file));
    slot->open = false;
    return slot->failed != 0 ? slot->failed : status;
}
