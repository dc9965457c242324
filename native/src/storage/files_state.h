/* State of the file system and what its files share; everybody else goes through mf_files.h. */
#ifndef MF_FILES_STATE_H
#define MF_FILES_STATE_H

#include "littlefs.h"
#include "mf_files.h"

/* Free blocks are looked for in so many blocks at a time, a bit each. */
#define MF_FILES_LOOKAHEAD 64

typedef struct {
    lfs2_file_t file;
    struct lfs2_file_config config;
    uint32_t cache[MF_FILES_CACHE / 4];
    int failed; /* the error of a write: what was written since the last sync is lost */
    bool open;
} mf_files_slot_t;

struct mf_files {
    lfs2_t lfs;
    struct lfs2_config config;
    mf_files_device_t device;
    uint32_t read_cache[MF_FILES_CACHE / 4];
    uint32_t program_cache[MF_FILES_CACHE / 4];
    uint32_t lookahead[MF_FILES_LOOKAHEAD / 4];
    mf_files_slot_t slots[MF_FILES_SLOTS];
    lfs2_dir_t listing;
    bool listing_open;
    bool mounted;
    int fault; /* the error after which nothing but mounting again helps */
};

/* The callbacks of littlefs: they hand on what lies inside the device, page by page. */
int mf_files_device_read(const struct lfs2_config *config, lfs2_block_t block, lfs2_off_t offset,
                         void *data, lfs2_size_t size);
int mf_files_device_program(const struct lfs2_config *config, lfs2_block_t block,
                            lfs2_off_t offset, const void *data, lfs2_size_t size);
int mf_files_device_erase(const struct lfs2_config *config, lfs2_block_t block);
int mf_files_device_sync(const struct lfs2_config *config);

/* 0 when the file system may be used, else why not. */
int mf_files_ready(const mf_files_t *files);
/* The caller's status; an error that is not harmless stays as `fault`. */
int mf_files_judge(mf_files_t *files, int status);

#endif
