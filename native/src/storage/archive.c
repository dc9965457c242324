/* An archive as a whole: see mf_archive.h. */
#include <string.h>

#include "archive_state.h"

#define NUMBERS 26u /* letters of file names */

uint32_t mf_archive_size(void)
{
    return (uint32_t)sizeof(mf_archive_t);
}

int mf_archive_reset(mf_archive_t *archive, const mf_archive_config_t *config,
                     const mf_archive_memory_t *memory)
{
    memset(archive, 0, sizeof *archive);
    if (config->number >= NUMBERS || config->fram_size < MF_ARCHIVE_FRAM_MIN ||
        config->fram_size > MF_ARCHIVE_FRAM_MAX || config->files < 2u ||
        config->files > MF_ARCHIVE_FILES_MAX || config->file_size < MF_ARCHIVE_RECORD_MAX ||
        config->file_size > MF_ARCHIVE_FILE_MAX || config->enough < 1u ||
        config->enough > config->fram_size) {
        return MF_E_INVAL;
    }
    archive->memory = memory;
    archive->number = (uint8_t)config->number;
    archive->fram_address = config->fram_address;
    archive->files = (uint8_t)config->files;
    archive->file_size = config->file_size;
    archive->enough = (uint16_t)config->enough;
    archive->circular = config->circular;
    archive->ring = (uint16_t)(config->fram_size - ARCHIVE_CONTROL);
    archive->newest = (uint8_t)(config->files - 1u);
    archive->back = -1;
    archive->delete_s = -1;
    archive->enabled = true;
    archive_load(archive);
    return 0;
}

/* A bounded store has a last file, behind which no other is begun. */
static bool full(const mf_archive_t *archive)
{
    const uint32_t held = archive->lengths[archive->newest] + mf_archive_used(archive);

    return !archive->circular && archive->known &&
           archive->lengths[(archive->newest + 1u) % archive->files] != 0 &&
           held + 2u * MF_ARCHIVE_RECORD_MAX > archive->file_size;
}

bool mf_archive_keep(mf_archive_t *archive, const uint8_t *data, uint32_t size, uint32_t priority,
                     uint32_t seconds)
{
    if (!archive->enabled || full(archive) || size < 1u || size > MF_ARCHIVE_CONTENT_MAX ||
        priority > 255u || seconds > MF_ARCHIVE_TIME_MAX) {
        archive_add(archive, MF_ARCHIVE_REFUSED, 1);
        return false;
    }
    if (mf_archive_used(archive) == 0 && mf_archive_stored(archive) == 0) {
        archive->until_s = seconds;
    }
    if (!archive_put(archive, data, size, priority, seconds)) {
        return false;
    }
    archive_add(archive, MF_ARCHIVE_KEPT, 1);
    return true;
}

void mf_archive_enable(mf_archive_t *archive, bool enabled)
{
    archive->enabled = enabled;
}

bool mf_archive_enabled(const mf_archive_t *archive)
{
    return archive->enabled;
}

uint32_t mf_archive_count(const mf_archive_t *archive, uint32_t counter)
{
    return counter < MF_ARCHIVE_COUNTERS ? archive->counters[counter] : 0;
}

uint32_t mf_archive_stored(const mf_archive_t *archive)
{
    uint32_t total = 0;

    for (uint32_t place = 0; place < archive->files; place++) {
        total += archive->lengths[place];
    }
    return total;
}

static uint32_t percent(const mf_archive_t *archive, uint32_t bytes)
{
    const uint32_t room = archive->files * archive->file_size;
    const uint32_t share = (uint32_t)((uint64_t)bytes * 100u / room);

    return share < 100u ? share : 100u;
}

uint32_t mf_archive_fill(const mf_archive_t *archive)
{
    return percent(archive, mf_archive_stored(archive) + mf_archive_used(archive));
}

uint32_t mf_archive_left(const mf_archive_t *archive)
{
    uint32_t total = 0;

    for (int32_t back = archive->back; back >= 0; back--) {
        total += archive->lengths[archive_place(archive, (uint32_t)back)];
    }
    return total > archive->read_offset ? percent(archive, total - archive->read_offset) : 0;
}

uint32_t mf_archive_oldest(const mf_archive_t *archive)
{
    const int32_t back = archive_oldest_file(archive);

    if (back < 0) {
        return mf_archive_used(archive) > 0 ? archive->until_s : 0;
    }
    if (((archive->generation - (uint32_t)back) & ARCHIVE_GENERATION_MASK) ==
        archive->until_generation) {
        return archive->until_s;
    }
    return archive->first_s;
}

uint32_t mf_archive_newest(const mf_archive_t *archive)
{
    return mf_archive_used(archive) > 0 || mf_archive_stored(archive) > 0 ? archive->newest_s : 0;
}

uint32_t mf_archive_from(const mf_archive_t *archive)
{
    return archive->back >= 0 ? archive->from_s : 0;
}
