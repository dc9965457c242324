/* What littlefs asks of the memory. Its own assertions are compiled out, so that a damaged file
 * system may point anywhere: nothing outside the device is touched. */
#include "files_state.h"

static bool inside(const mf_files_t *files, uint32_t block, uint32_t offset, uint32_t size)
{
    return block < files->device.blocks && offset <= files->device.block_size &&
           size <= files->device.block_size - offset;
}

/* Bytes up to the end of a page, `size` at most. */
static uint32_t piece_of(uint32_t offset, uint32_t size)
{
    uint32_t left = MF_FILES_CACHE - offset % MF_FILES_CACHE;

    return left < size ? left : size;
}

int mf_files_device_read(const struct lfs2_config *config, lfs2_block_t block, lfs2_off_t offset,
                         void *data, lfs2_size_t size)
{
    const mf_files_t *files = config->context;
    uint8_t *to = data;
    int status = 0;

    if (!inside(files, block, offset, size)) {
        return LFS2_ERR_CORRUPT; /* a pointer out of nowhere */
    }
    while (size > 0 && status == 0) {
        uint32_t piece = piece_of(offset, size);

        status = files->device.read(files->device.ctx, block, offset, to, piece);
        to += piece;
        offset += piece;
        size -= piece;
    }
    return status;
}

int mf_files_device_program(const struct lfs2_config *config, lfs2_block_t block,
                            lfs2_off_t offset, const void *data, lfs2_size_t size)
{
    const mf_files_t *files = config->context;
    const uint8_t *from = data;
    int status = 0;

    if (!inside(files, block, offset, size)) {
        return LFS2_ERR_IO;
    }
    while (size > 0 && status == 0) {
        uint32_t piece = piece_of(offset, size);

        status = files->device.program(files->device.ctx, block, offset, from, piece);
        from += piece;
        offset += piece;
        size -= piece;
    }
    return status;
}

int mf_files_device_erase(const struct lfs2_config *config, lfs2_block_t block)
{
    const mf_files_t *files = config->context;

    if (!inside(files, block, 0, 0)) {
        return LFS2_ERR_IO;
    }
    return files->device.erase(files->device.ctx, block);
}

int mf_files_device_sync(const struct lfs2_config *config)
{
    (void)config; /* a program has ended when it returns */
    return 0;
}
