/* The way back out of an archive, in the order of keeping: selections, and what is deleted. */
#include "archive_state.h"

#define LOOKS_PER_CALL 16
#define DELETES_PER_CALL 48

/* The record at `read_offset` of the open file at `place`, and go behind it: length of its content,
 * 0 when it is damaged, which costs the rest of its file. */
static int look(mf_archive_t *archive, mf_files_t *files, uint32_t place, uint32_t *offset,
                uint8_t *record)
{
    uint32_t content, size;
    int status = mf_files_seek(files, MF_ARCHIVE_SLOT, ARCHIVE_FILE_HEAD + *offset);

    if (status >= 0) {
        status = mf_files_read(files, MF_ARCHIVE_SLOT, record, MF_ARCHIVE_RECORD_MAX);
    }
    if (status < 0) {
        return status;
    }
    content = archive_u16(record);
    size = MF_ARCHIVE_HEAD + content + ARCHIVE_CRC;
    if (status < MF_ARCHIVE_HEAD || content < 1u || content > MF_ARCHIVE_CONTENT_MAX ||
        (uint32_t)status < size ||
        archive->memory->crc16(record, size - ARCHIVE_CRC) !=
            archive_u16(record + size - ARCHIVE_CRC)) {
        archive_add(archive, MF_ARCHIVE_DAMAGED, 1);
        *offset = archive->lengths[place];
        return 0;
    }
    *offset += size;
    return (int)content;
}

/* --- Selections ------------------------------------------------------------------------------- */

void mf_archive_select(mf_archive_t *archive, uint32_t from_s, uint32_t to_s, uint32_t priority)
{
    const int32_t oldest = archive_oldest_file(archive);

    archive->from_s = from_s;
    archive->to_s = to_s;
    archive->priority = (uint8_t)priority;
    archive->wanted = true;
    archive->back = oldest > 0 ? oldest : 0;
    archive->read_generation = archive->generation;
    archive->read_offset = 0;
    archive->counters[MF_ARCHIVE_FETCHED] = 0;
}

void mf_archive_abort(mf_archive_t *archive)
{
    archive->back = -1;
    archive->wanted = false;
}

bool mf_archive_reading(const mf_archive_t *archive)
{
    return archive->back >= 0;
}

/* Files begun since the last look count on; what is deleted is left out. False: all is read. */
static bool follow(mf_archive_t *archive, uint32_t *place)
{
    const uint32_t begun =
        (archive->generation - archive->read_generation) & ARCHIVE_GENERATION_MASK;

    if (archive->back < 0) {
        return false;
    }
    archive->read_generation = archive->generation;
    archive->back += (int32_t)(begun < archive->files ? begun : archive->files);
    if (archive->back >= (int32_t)archive->files) {
        archive_add(archive, MF_ARCHIVE_OVERTAKEN, 1);
        archive->back = (int32_t)archive->files - 1;
        archive->read_offset = 0;
    }
    for (; archive->back >= 0; archive->back--, archive->read_offset = 0) {
        const uint32_t generation =
            (archive->generation - (uint32_t)archive->back) & ARCHIVE_GENERATION_MASK;

        *place = archive_place(archive, (uint32_t)archive->back);
        if (generation == archive->until_generation &&
            archive->read_offset < archive->until_offset) {
            archive->read_offset = archive->until_offset;
        }
        if (archive->read_offset < archive->lengths[*place]) {
            return true;
        }
    }
    return false;
}

int mf_archive_fetch(mf_archive_t *archive, mf_files_t *files, uint8_t *record)
{
    int answer = MF_ARCHIVE_E_AGAIN;
    int32_t open = -1;

    if (archive->wanted && mf_archive_used(archive) > 0) {
        return MF_ARCHIVE_E_AGAIN;
    }
    for (int looks = 0; looks < LOOKS_PER_CALL; looks++) {
        uint32_t place = 0;
        int content;

        if (!follow(archive, &place)) {
            answer = 0;
            break;
        }
        if ((int32_t)place != open) {
            if (open >= 0) {
                (void)mf_files_close(files, MF_ARCHIVE_SLOT);
            }
            open = -1;
            answer = archive_open_read(archive, files, place);
            if (answer < 0) {
                break;
            }
            open = (int32_t)place;
            answer = MF_ARCHIVE_E_AGAIN;
        }
        content = look(archive, files, place, &archive->read_offset, record);
        if (content < 0) {
            answer = content;
            break;
        }
        if (content > 0 && record[2] >= archive->priority &&
            archive_seconds(record) >= archive->from_s &&
            archive_seconds(record) <= archive->to_s) {
            archive_add(archive, MF_ARCHIVE_FETCHED, 1);
            answer = content;
            break;
        }
    }
    if (open >= 0) {
        (void)mf_files_close(files, MF_ARCHIVE_SLOT);
    }
    if (answer < 0 && answer != MF_ARCHIVE_E_AGAIN) {
        archive->back = -1;
    }
    return answer;
}

/* --- Deleting --------------------------------------------------------------------------------- */

void mf_archive_delete(mf_archive_t *archive, uint32_t until_s)
{
    archive->delete_s = (int32_t)(until_s & MF_ARCHIVE_TIME_MAX);
    archive->wanted = true;
}

bool mf_archive_deleting(const mf_archive_t *archive)
{
    return archive->delete_s >= 0;
}

/* Move the mark behind the records of the file at `place` that go, as far as one call goes. */
static int delete_into(mf_archive_t *archive, mf_files_t *files, uint32_t place)
{
    uint8_t record[MF_ARCHIVE_RECORD_MAX];
    uint32_t offset = archive->until_offset;
    bool done = false;
    int status = archive_open_read(archive, files, place);

    for (int looks = 0; looks < DELETES_PER_CALL && status >= 0 && !done; looks++) {
        uint32_t next = offset;

        if (offset >= archive->lengths[place]) {
            done = true;
            break;
        }
        status = look(archive, files, place, &next, record);
        if (status > 0 && archive_seconds(record) > (uint32_t)archive->delete_s) {
            archive->until_s = archive_seconds(record);
            done = true;
        } else if (status >= 0) {
            offset = next;
        }
    }
    (void)mf_files_close(files, MF_ARCHIVE_SLOT);
    if (status < 0) {
        return status;
    }
    archive->until_offset = offset;
    if (done) {
        archive->delete_s = -1;
    }
    status = archive_save(archive);
    if (status == 0 && done && place == archive->newest && offset >= archive->lengths[place]) {
        /* Nothing is left; the next file goes on counting until the next start. */
        status = archive_remove(archive, files, 0);
        archive->until_generation = 0;
        archive->until_offset = 0;
        archive->back = -1;
    }
    return status;
}

int archive_delete_some(mf_archive_t *archive, mf_files_t *files)
{
    const int32_t back = archive_oldest_file(archive);
    uint8_t head[ARCHIVE_FILE_HEAD];
    uint32_t length, generation;
    int status;

    if (back < 0) {
        archive->delete_s = -1;
        return 0;
    }
    if (back > 0) {
        status = archive_file_head(archive, files, archive_place(archive, (uint32_t)back - 1u),
                                   head, &length);
        if (status < 0 && status != MF_E_BADMSG) {
            return status;
        }
        if (status == 0 && archive_u32(head + 12) <= (uint32_t)archive->delete_s) {
            status = archive_remove(archive, files, (uint32_t)back);
            return status < 0 ? status : archive_note_first(archive, files);
        }
    }
    generation = (archive->generation - (uint32_t)back) & ARCHIVE_GENERATION_MASK;
    if (archive->until_generation != generation) {
        archive->until_generation = generation;
        archive->until_offset = 0;
    }
    return delete_into(archive, files, archive_place(archive, (uint32_t)back));
}
