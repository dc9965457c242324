/* Files on NOR memory: littlefs (the copy in the pinned MicroPython tree) with fixed buffers, in
 * every world the same code. No allocation, no globals; the caller's memory, see mf_files_size().
 *
 * Everything here may wait for the memory, an erase takes 45 ms and longer, and calls device
 * functions that may run Python: thread context only. What was synced or closed outlives a power
 * cut at any time; a write that was not is lost as a whole, and the file stays as it was.
 * Paths start at the root, parts separated by '/', each part at most MF_FILES_NAME_MAX bytes.
 *
 * Returns 0 or a count, or a negative errno: MF_E_NODEV not mounted; MF_E_INVAL slot, flags or
 * arguments; MF_E_BUSY slot in use; MF_E_BADMSG the file system is corrupt; MF_E_NOSPC full; what
 * the device gave; and those of the file system: -2 no such file, -17 exists, -20 not a folder,
 * -21 a folder, -27 too large, -36 name too long, -39 folder not empty. After an error of the
 * device or MF_E_BADMSG what is in memory can no longer be trusted: unmount, and mount again. */
#ifndef MF_FILES_H
#define MF_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_status.h"

#define MF_FILES_SLOTS 3 /* files open at once: 364 bytes of the heap each */
#define MF_FILES_NAME_MAX 31
#define MF_FILES_CACHE 256 /* bytes of a page: no read and no program reaches over its end */
#define MF_FILES_GRAIN 16  /* every size and offset of a program is a multiple of this */
/* Of a read: to compact a folder the file system looks at its tags one by one, thousands of times,
 * which 16 bytes each made 0.97 s of calls; to count blocks it wants four bytes of each. */
#define MF_FILES_READ_SIZE 256
#define MF_FILES_BLOCKS_MAX 4096

/* Block memory. `data` is valid during the call only. 0 or a negative errno; -84 (EILSEQ) of
 * program or erase: this block is bad, use another. */
typedef struct {
    int (*read)(void *ctx, uint32_t block, uint32_t offset, uint8_t *data, uint32_t size);
    int (*program)(void *ctx, uint32_t block, uint32_t offset, const uint8_t *data, uint32_t size);
    int (*erase)(void *ctx, uint32_t block);
    void *ctx;
    uint32_t block_size; /* bytes that one erase clears, a multiple of 256, 512 at least */
    uint32_t blocks;     /* 2..MF_FILES_BLOCKS_MAX */
} mf_files_device_t;

typedef struct mf_files mf_files_t; /* complete in native/src/storage/files.c */

/* Bytes of memory for one file system, aligned for uint64_t. */
uint32_t mf_files_size(void);

/* Not mounted afterwards; `device` is copied. 0 or MF_E_INVAL. */
int mf_files_reset(mf_files_t *files, const mf_files_device_t *device);

/* Make an empty file system; not mounted before nor after (MF_E_BUSY while it is). */
int mf_files_format(mf_files_t *files);
/* Nothing is written. MF_E_BADMSG: there is none, or it is damaged. */
int mf_files_mount(mf_files_t *files);
/* Open files are forgotten with what was not synced. */
void mf_files_unmount(mf_files_t *files);
bool mf_files_mounted(const mf_files_t *files);

#define MF_FILES_READ 1   /* read and write: a bit each, one at least */
#define MF_FILES_WRITE 2
#define MF_FILES_CREATE 4 /* when it is not there, empty, at once; needs WRITE, as the rest */
#define MF_FILES_EMPTY 8  /* what it held is gone with the first sync */
#define MF_FILES_APPEND 16

/* `slot` 0..MF_FILES_SLOTS-1 names the open file from now on. */
int mf_files_open(mf_files_t *files, uint32_t slot, const char *path, uint32_t flags);
/* Bytes read, 0 at the end. */
int mf_files_read(mf_files_t *files, uint32_t slot, uint8_t *data, uint32_t size);
/* `size`, or an error and the file is as it was at the last sync. */
int mf_files_write(mf_files_t *files, uint32_t slot, const uint8_t *data, uint32_t size);
/* Position of the next read or write; at most the length. Returns it. */
int mf_files_seek(mf_files_t *files, uint32_t slot, uint32_t position);
int mf_files_length(mf_files_t *files, uint32_t slot);
/* Cut off, or fill up with zeros. */
int mf_files_truncate(mf_files_t *files, uint32_t slot, uint32_t length);
int mf_files_sync(mf_files_t *files, uint32_t slot);
/* Sync and free the slot; it is free also after an error. */
int mf_files_close(mf_files_t *files, uint32_t slot);

int mf_files_remove(mf_files_t *files, const char *path);
/* In one step: after a power cut there is the old or the new. A file in the way is replaced. */
int mf_files_rename(mf_files_t *files, const char *from, const char *to);
int mf_files_folder(mf_files_t *files, const char *path);
/* Length of a file, -21 for a folder. */
int mf_files_stat(mf_files_t *files, const char *path);

/* Names in a folder, one listing at a time: 0, then one call per entry. `name` gets at most
 * MF_FILES_NAME_MAX + 1 bytes, NUL-terminated; `length` that of the file, or -21 for a folder.
 * Returns the length of the name, 0 at the end. Whoever changes the folder begins anew. */
int mf_files_list(mf_files_t *files, const char *path);
int mf_files_next(mf_files_t *files, char *name, int32_t *length);

/* Blocks in use, by looking at every one of them. */
int mf_files_used(mf_files_t *files);
/* Work that a later write would have to do first: end what a power cut left half done, look for
 * free blocks. Cheap when there is nothing to do. */
int mf_files_tidy(mf_files_t *files);

#endif
