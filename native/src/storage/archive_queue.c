/* Queue of an archive in FRAM: two copies of a control record, written in turn, and a ring of
 * records behind them. A record is there when the control record says so, which is written after
 * it: a power cut costs what was being written, nothing else. */
#include <string.h>

#include "archive_state.h"

#define MAGIC 0x5351u
#define CONTROL 42u
#define CONTROL_SPACE 48u
#define RING ARCHIVE_CONTROL

_Static_assert(MF_ARCHIVE_FRAM_MIN >= RING + MF_ARCHIVE_RECORD_MAX, "room for a record");

static int fram_read(const mf_archive_t *archive, uint32_t offset, uint8_t *data, uint32_t size)
{
    const mf_archive_memory_t *memory = archive->memory;

    return memory->read(memory->ctx, archive->fram_address + offset, data, size);
}

static int fram_write(const mf_archive_t *archive, uint32_t offset, const uint8_t *data,
                      uint32_t size)
{
    const mf_archive_memory_t *memory = archive->memory;

    return memory->write(memory->ctx, archive->fram_address + offset, data, size);
}

/* `ahead` of `from`, in places. */
static uint32_t distance(const mf_archive_t *archive, uint32_t ahead, uint32_t from)
{
    const uint32_t turns = 2u * archive->ring;

    return (ahead + turns - from) % turns;
}

uint32_t mf_archive_used(const mf_archive_t *archive)
{
    return distance(archive, archive->head, archive->tail);
}

uint32_t archive_behind(const mf_archive_t *archive, uint32_t at, uint32_t size)
{
    return (at + size) % (2u * archive->ring);
}

/* --- Control record --------------------------------------------------------------------------- */

static int read_control(const mf_archive_t *archive, uint32_t copy, uint8_t control[CONTROL])
{
    const int status = fram_read(archive, copy * CONTROL_SPACE, control, CONTROL);

    if (status < 0) {
        return status;
    }
    if (archive_u16(control) != MAGIC ||
        archive_u16(control + CONTROL - 2) != archive->memory->crc16(control, CONTROL - 2u)) {
        return MF_E_BADMSG;
    }
    return 0;
}

void archive_load(mf_archive_t *archive)
{
    uint8_t control[CONTROL], other[CONTROL];
    bool good = read_control(archive, 0, control) == 0;
    uint32_t head, tail, next;

    if (read_control(archive, 1, other) == 0 &&
        (!good || ((archive_u16(other + 2) - archive_u16(control + 2)) & 0xFFFFu) < 0x8000u)) {
        memcpy(control, other, CONTROL);
        good = true;
    }
    if (!good) {
        return;
    }
    archive->sequence = archive_u16(control + 2);
    head = archive_u16(control + 4);
    tail = archive_u16(control + 6);
    next = archive_u16(control + 8);
    if (head >= 2u * archive->ring || tail >= 2u * archive->ring || next >= 2u * archive->ring ||
        distance(archive, head, tail) > archive->ring) {
        return; /* of another layout */
    }
    archive->head = head;
    archive->tail = tail;
    archive->next = next;
    archive->announced_generation = archive_u32(control + 12);
    archive->announced_length = archive_u32(control + 16);
    archive->until_generation = archive_u32(control + 20);
    archive->until_offset = archive_u32(control + 24);
    archive->until_s = archive_u32(control + 28) & MF_ARCHIVE_TIME_MAX;
    archive->newest_s = archive_u32(control + 32) & MF_ARCHIVE_TIME_MAX;
    archive->max_s = archive_u32(control + 36) & MF_ARCHIVE_TIME_MAX;
}

int archive_save(mf_archive_t *archive)
{
    uint8_t control[CONTROL];
    const uint32_t sequence = (archive->sequence + 1u) & 0xFFFFu;
    int status;

    archive_put_u16(control, MAGIC);
    archive_put_u16(control + 2, sequence);
    archive_put_u16(control + 4, archive->head);
    archive_put_u16(control + 6, archive->tail);
    archive_put_u16(control + 8, archive->next);
    archive_put_u16(control + 10, 0);
    archive_put_u32(control + 12, archive->announced_generation);
    archive_put_u32(control + 16, archive->announced_length);
    archive_put_u32(control + 20, archive->until_generation);
    archive_put_u32(control + 24, archive->until_offset);
    archive_put_u32(control + 28, archive->until_s);
    archive_put_u32(control + 32, archive->newest_s);
    archive_put_u32(control + 36, archive->max_s);
    archive_put_u16(control + 40, archive->memory->crc16(control, CONTROL - 2u));
    status = fram_write(archive, (sequence & 1u) * CONTROL_SPACE, control, CONTROL);
    if (status >= 0) {
        archive->sequence = sequence;
    }
    return status;
}

/* --- Records ---------------------------------------------------------------------------------- */

/* `size` bytes from `offset` of the record at `at`, into the same place of `record`. */
static int read_ring(const mf_archive_t *archive, uint32_t at, uint32_t offset, uint8_t *record,
                     uint32_t size)
{
    const uint32_t begin = (at + offset) % archive->ring;
    const uint32_t first = size < archive->ring - begin ? size : archive->ring - begin;
    int status = fram_read(archive, RING + begin, record + offset, first);

    if (status >= 0 && first < size) {
        status = fram_read(archive, RING, record + offset + first, size - first);
    }
    return status;
}

int archive_peek(const mf_archive_t *archive, uint32_t at, uint8_t *record)
{
    const uint32_t left = distance(archive, archive->head, at);
    uint32_t content, size;
    int status;

    if (left == 0) {
        return 0;
    }
    if (left < MF_ARCHIVE_HEAD) {
        return MF_E_BADMSG;
    }
    status = read_ring(archive, at, 0, record, MF_ARCHIVE_HEAD);
    if (status < 0) {
        return status;
    }
    content = archive_u16(record);
    size = MF_ARCHIVE_HEAD + content + ARCHIVE_CRC;
    if (content < 1u || content > MF_ARCHIVE_CONTENT_MAX || size > left) {
        return MF_E_BADMSG;
    }
    status = read_ring(archive, at, MF_ARCHIVE_HEAD, record, content + ARCHIVE_CRC);
    if (status < 0) {
        return status;
    }
    if (archive->memory->crc16(record, size - ARCHIVE_CRC) !=
        archive_u16(record + size - ARCHIVE_CRC)) {
        return MF_E_BADMSG;
    }
    return (int)size;
}

/* The oldest go until there is room for `size` bytes. False: they must not, or cannot be read. */
static bool make_room(mf_archive_t *archive, uint32_t size)
{
    uint8_t record[MF_ARCHIVE_RECORD_MAX];

    while (archive->ring - mf_archive_used(archive) < size) {
        const uint32_t ahead = distance(archive, archive->next, archive->tail);
        int oldest;

        if (!archive->circular) {
            return false;
        }
        oldest = archive_peek(archive, archive->tail, record);
        if (oldest == MF_E_BADMSG) {
            oldest = (int)mf_archive_used(archive);
        }
        if (oldest <= 0) {
            return false;
        }
        archive->tail = archive_behind(archive, archive->tail, (uint32_t)oldest);
        if (ahead < (uint32_t)oldest) {
            archive->next = archive->tail;
        }
        archive_add(archive, MF_ARCHIVE_LOST, 1);
    }
    return true;
}

static bool write_record(const mf_archive_t *archive, const uint8_t *record, uint32_t size)
{
    const uint32_t begin = archive->head % archive->ring;
    const uint32_t first = size < archive->ring - begin ? size : archive->ring - begin;
    int status = fram_write(archive, RING + begin, record, first);

    if (status >= 0 && first < size) {
        status = fram_write(archive, RING, record + first, size - first);
    }
    return status >= 0;
}

bool archive_put(mf_archive_t *archive, const uint8_t *data, uint32_t size, uint32_t priority,
                 uint32_t seconds)
{
    uint8_t record[MF_ARCHIVE_RECORD_MAX];
    const uint32_t whole = MF_ARCHIVE_HEAD + size + ARCHIVE_CRC;
    const uint32_t head = archive->head, newest_s = archive->newest_s;
    bool done = make_room(archive, whole);

    if (done) {
        archive_put_u16(record, size);
        record[2] = (uint8_t)priority;
        record[3] = 0;
        archive_put_u32(record + 4, seconds);
        memcpy(record + MF_ARCHIVE_HEAD, data, size);
        archive_put_u16(record + MF_ARCHIVE_HEAD + size,
                        archive->memory->crc16(record, MF_ARCHIVE_HEAD + size));
        done = write_record(archive, record, whole);
    }
    if (done) {
        archive->head = archive_behind(archive, head, whole);
        archive->newest_s = seconds;
        if (archive_save(archive) < 0) {
            archive->head = head;
            archive->newest_s = newest_s;
            done = false;
        }
    }
    if (!done) {
        archive_add(archive, MF_ARCHIVE_LOST, 1);
    }
    return done;
}

/* --- On their way into a file ----------------------------------------------------------------- */

int archive_announce(mf_archive_t *archive, uint32_t behind, uint32_t generation, uint32_t length)
{
    archive->next = behind;
    archive->announced_generation = generation;
    archive->announced_length = length;
    return archive_save(archive);
}

void archive_taken(mf_archive_t *archive)
{
    archive->tail = archive->next;
    (void)archive_save(archive); /* when it fails, the file's length tells after a reset */
}

void archive_resolve(mf_archive_t *archive)
{
    const uint32_t pending = distance(archive, archive->next, archive->tail);

    if (pending > 0 && pending <= mf_archive_used(archive) &&
        archive->generation == archive->announced_generation &&
        archive->lengths[archive->newest] >= archive->announced_length) {
        archive->tail = archive->next;
    }
    archive->next = archive->tail;
}

uint32_t archive_drop_all(mf_archive_t *archive)
{
    uint8_t record[MF_ARCHIVE_RECORD_MAX];
    uint32_t at = archive->tail, count = 0;
    int size = archive_peek(archive, at, record);

    while (size > 0) {
        count++;
        at = archive_behind(archive, at, (uint32_t)size);
        size = archive_peek(archive, at, record);
    }
    archive->tail = archive->head;
    archive->next = archive->head;
    (void)archive_save(archive);
    return count > 0 ? count : 1u;
}
