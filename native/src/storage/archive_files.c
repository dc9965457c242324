/* Files of an archive: one is appended to, and when it is full the oldest is begun anew.
 *
 * A file begins with a head: magic u16, archive and format u16, generation u32 (1 and up, below
 * 2^30), time of its first record u32, latest time of any record in the file before it u32, CRC-16.
 * Records follow as they lay in FRAM. The file system guards its structure, not what lies in the
 * cells, therefore the CRCs. */
#include "archive_state.h"

#define MAGIC 0x4D47u
#define KIND 0x8000u
#define E_NOENT (-2)
#define CREATE_EMPTY (MF_FILES_WRITE | MF_FILES_CREATE | MF_FILES_EMPTY)

typedef char path_t[5];

/* A folder for each archive: to compact a folder the file system reads a number of bytes that
 * grows with the square of the files in it, and that is done between two releases. */
static void path_of(const mf_archive_t *archive, uint32_t place, path_t path)
{
    path[0] = '.'; /* no partner can name such a file */
    path[1] = (char)('a' + archive->number);
    path[2] = '/';
    path[3] = (char)('0' + place);
    path[4] = '\0';
}

static int open_anew(const mf_archive_t *archive, mf_files_t *files, uint32_t place)
{
    path_t path;
    int status;

    path_of(archive, place, path);
    status = mf_files_open(files, MF_ARCHIVE_SLOT, path, CREATE_EMPTY);
    if (status == E_NOENT) {
        path[2] = '\0';
        status = mf_files_folder(files, path);
        path[2] = '/';
        if (status == 0) {
            status = mf_files_open(files, MF_ARCHIVE_SLOT, path, CREATE_EMPTY);
        }
    }
    return status;
}

static uint32_t next_generation(const mf_archive_t *archive)
{
    const uint32_t next = (archive->generation + 1u) & ARCHIVE_GENERATION_MASK;

    return next > 0 ? next : 1u;
}

int32_t archive_oldest_file(const mf_archive_t *archive)
{
    int32_t back = (int32_t)archive->files - 1;

    while (back >= 0 && archive->lengths[archive_place(archive, (uint32_t)back)] == 0) {
        back--;
    }
    return back;
}

int archive_open_read(const mf_archive_t *archive, mf_files_t *files, uint32_t place)
{
    path_t path;

    path_of(archive, place, path);
    return mf_files_open(files, MF_ARCHIVE_SLOT, path, MF_FILES_READ);
}

int archive_remove(mf_archive_t *archive, mf_files_t *files, uint32_t back)
{
    const uint32_t place = archive_place(archive, back);
    path_t path;
    int status;

    path_of(archive, place, path);
    status = mf_files_remove(files, path);
    if (status < 0 && status != E_NOENT) {
        return status;
    }
    archive->lengths[place] = 0;
    return 0;
}

int archive_file_head(mf_archive_t *archive, mf_files_t *files, uint32_t place,
                      uint8_t head[ARCHIVE_FILE_HEAD], uint32_t *length)
{
    int status = archive_open_read(archive, files, place);
    int size;

    if (status < 0) {
        return status;
    }
    size = mf_files_length(files, MF_ARCHIVE_SLOT);
    status = mf_files_read(files, MF_ARCHIVE_SLOT, head, ARCHIVE_FILE_HEAD);
    (void)mf_files_close(files, MF_ARCHIVE_SLOT);
    if (size < 0 || status < 0) {
        return size < 0 ? size : status;
    }
    if ((uint32_t)size <= ARCHIVE_FILE_HEAD) {
        return E_NOENT; /* begun, and the power failed before its first content */
    }
    if (archive_u16(head) != MAGIC || archive_u16(head + 2) != (KIND | archive->number) ||
        archive_u16(head + 16) != archive->memory->crc16(head, ARCHIVE_FILE_HEAD - 2u) ||
        archive_u32(head + 4) > ARCHIVE_GENERATION_MASK) {
        archive_add(archive, MF_ARCHIVE_DAMAGED, 1);
        return MF_E_BADMSG;
    }
    *length = (uint32_t)size - ARCHIVE_FILE_HEAD;
    return 0;
}

int archive_note_first(mf_archive_t *archive, mf_files_t *files)
{
    const int32_t back = archive_oldest_file(archive);
    uint8_t head[ARCHIVE_FILE_HEAD];
    uint32_t length;
    int status = 0;

    archive->first_s = 0;
    if (back >= 0) {
        status = archive_file_head(archive, files, archive_place(archive, (uint32_t)back), head,
                                   &length);
        archive->first_s = status == 0 ? archive_u32(head + 8) & MF_ARCHIVE_TIME_MAX : 0;
    }
    return status;
}

int mf_archive_begin(mf_archive_t *archive, mf_files_t *files)
{
    uint32_t found = 0;

    archive->back = -1;
    archive->delete_s = -1;
    for (uint32_t place = 0; place < archive->files; place++) {
        uint8_t head[ARCHIVE_FILE_HEAD];
        uint32_t length = 0;
        const int status = archive_file_head(archive, files, place, head, &length);

        archive->lengths[place] = 0;
        if (status == E_NOENT || status == MF_E_BADMSG) {
            continue; /* written over when its turn comes */
        }
        if (status < 0) {
            return status;
        }
        archive->lengths[place] = length;
        if (found == 0 || ((archive_u32(head + 4) - archive->generation) &
                           ARCHIVE_GENERATION_MASK) < ARCHIVE_GENERATION_MASK / 2u) {
            archive->newest = place;
            archive->generation = archive_u32(head + 4);
        }
        found++;
    }
    if (found == 0) {
        archive->newest = archive->files - 1u; /* as if it were full: the first is begun */
        archive->generation = 0;
        archive->until_generation = 0; /* a mark of old would hide what is new */
        archive->until_offset = 0;
    }
    archive_resolve(archive);
    archive->known = true;
    return archive_note_first(archive, files);
}

/* Open the newest file behind what it holds, or the next one, empty but for its head. */
static int open_write(mf_archive_t *archive, mf_files_t *files, bool anew, uint32_t first_s)
{
    uint8_t head[ARCHIVE_FILE_HEAD];
    path_t path;
    int status;

    if (!anew) {
        path_of(archive, archive->newest, path);
        return mf_files_open(files, MF_ARCHIVE_SLOT, path, MF_FILES_WRITE | MF_FILES_APPEND);
    }
    archive_put_u16(head, MAGIC);
    archive_put_u16(head + 2, KIND | archive->number);
    archive_put_u32(head + 4, next_generation(archive));
    archive_put_u32(head + 8, first_s);
    archive_put_u32(head + 12, archive->max_s);
    archive_put_u16(head + 16, archive->memory->crc16(head, ARCHIVE_FILE_HEAD - 2u));
    status = open_anew(archive, files, (archive->newest + 1u) % archive->files);
    if (status == 0) {
        status = mf_files_write(files, MF_ARCHIVE_SLOT, head, ARCHIVE_FILE_HEAD);
        if (status < 0) {
            (void)mf_files_close(files, MF_ARCHIVE_SLOT);
        }
    }
    return status < 0 ? status : 0;
}

/* Whole records that wait into the open file, `left` bytes at most. Bytes written, or an error. */
static int write_records(mf_archive_t *archive, mf_files_t *files, uint8_t *record, int size,
                         uint32_t left, uint32_t *behind, uint32_t *max_s)
{
    uint32_t total = 0;

    while (size > 0 && (uint32_t)size <= left && total < archive->enough) {
        const int status = mf_files_write(files, MF_ARCHIVE_SLOT, record, (uint32_t)size);

        if (status < 0) {
            (void)mf_files_close(files, MF_ARCHIVE_SLOT);
            return status;
        }
        *max_s = archive_seconds(record) > *max_s ? archive_seconds(record) : *max_s;
        total += (uint32_t)size;
        left -= (uint32_t)size;
        *behind = archive_behind(archive, *behind, (uint32_t)size);
        size = archive_peek(archive, *behind, record);
    }
    return (int)total;
}

/* One piece: announced, closed, and then known to be taken. */
static int write_piece(mf_archive_t *archive, mf_files_t *files, bool anew)
{
    uint8_t record[MF_ARCHIVE_RECORD_MAX];
    const uint32_t held = anew ? 0 : archive->lengths[archive->newest];
    const uint32_t generation = anew ? next_generation(archive) : archive->generation;
    const int size = archive_peek(archive, archive->tail, record);
    const uint32_t before_s = archive->max_s;
    uint32_t behind = archive->tail, max_s = anew ? 0 : archive->max_s;
    int status, total;

    if (size == MF_E_BADMSG || size == 0) {
        archive_add(archive, MF_ARCHIVE_DAMAGED, 1);
        archive_add(archive, MF_ARCHIVE_LOST, archive_drop_all(archive));
        return 0;
    }
    if (size < 0) {
        return size;
    }
    status = open_write(archive, files, anew, archive_seconds(record));
    if (status < 0) {
        return status;
    }
    total = write_records(archive, files, record, size, archive->file_size - held, &behind,
                          &max_s);
    if (total < 0) {
        return total;
    }
    archive->max_s = max_s;
    status = archive_announce(archive, behind, generation, held + (uint32_t)total);
    if (status == 0) {
        status = mf_files_close(files, MF_ARCHIVE_SLOT);
    }
    if (status < 0) {
        /* Not closed, and mounting anew forgets what was written; or perhaps it is there after all,
         * which the file's length tells then. */
        archive->max_s = before_s > max_s ? before_s : max_s;
        return status;
    }
    if (anew) {
        archive->newest = (archive->newest + 1u) % archive->files;
        archive->generation = generation;
        archive->lengths[archive->newest] = 0;
    }
    archive->lengths[archive->newest] += (uint32_t)total;
    archive_taken(archive);
    archive->wanted = archive->wanted && mf_archive_used(archive) > 0;
    return anew ? archive_note_first(archive, files) : 0;
}

static bool worth_writing(const mf_archive_t *archive)
{
    const uint32_t used = mf_archive_used(archive);

    return used >= archive->enough || (archive->wanted && used > 0);
}

bool mf_archive_waiting(const mf_archive_t *archive)
{
    return worth_writing(archive) || archive->delete_s >= 0;
}

int mf_archive_work(mf_archive_t *archive, mf_files_t *files)
{
    const uint32_t held = archive->lengths[archive->newest];
    bool anew;

    if (!worth_writing(archive)) {
        return archive->delete_s >= 0 ? archive_delete_some(archive, files) : 0;
    }
    anew = held == 0 || archive->file_size - held < MF_ARCHIVE_RECORD_MAX;
    if (anew && !archive->circular &&
        archive->lengths[(archive->newest + 1u) % archive->files] != 0) {
        archive_add(archive, MF_ARCHIVE_REFUSED, archive_drop_all(archive));
        return 0;
    }
    return write_piece(archive, files, anew);
}
