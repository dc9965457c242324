/* Boot record in FRAM: see mf_boot_record.h. Compiled into the images and into the boot block. */
#include "mf_boot_record.h"

#include <stddef.h>

#include "mf_drivers.h"
#include "mf_link.h"

#define MAGIC 0x4D46u
#define LAYOUT 0x0010u
#define HEADER_SIZE 8u
#define CRC_AT (MF_BOOT_RECORD_SIZE - 4u)

static const uint32_t addresses[2] = {MF_BOOT_RECORD_A, MF_BOOT_RECORD_B};

static void put(uint8_t *out, uint32_t value, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        out[i] = (uint8_t)(value >> (8u * (size - 1u - i)));
    }
}

static uint32_t get(const uint8_t *data, uint32_t size)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < size; i++) {
        value = value << 8 | data[i];
    }
    return value;
}

static void count(uint8_t *counter)
{
    if (*counter < UINT8_MAX) {
        (*counter)++;
    }
}

void mf_boot_record_clear(mf_boot_record_t *record)
{
    *record = (mf_boot_record_t){.newest = MF_BOOT_UNREAD};
}

uint32_t mf_boot_record_unpack(mf_boot_record_t *record, const uint8_t image[MF_BOOT_RECORD_SIZE])
{
    const uint8_t *body = &image[HEADER_SIZE];
    if (get(image, 2) != MAGIC || get(&image[2], 2) != LAYOUT ||
        get(&image[CRC_AT], 4) != mf_crc32(0, image, CRC_AT)) {
        return 0;
    }
    record->generation = get(&image[4], 4);
    record->selected = body[0] == 1u ? 1u : 0u;
    record->started = body[1] == 1u ? 1u : 0u;
    record->attempts[0] = body[2];
    record->attempts[1] = body[3];
    record->choice = body[4];
    record->cease = body[5];
    record->cause = body[6];
    record->starts = get(&body[8], 4);
    for (uint32_t i = 0; i < MF_BOOT_CAUSES; i++) {
        record->causes[i] = body[12 + i];
    }
    record->vm_restarts = (uint16_t)get(&body[20], 2);
    record->entries = (uint16_t)get(&body[22], 2);
    record->damaged[0] = body[24];
    record->damaged[1] = body[25];
    return record->generation;
}

void mf_boot_record_pack(const mf_boot_record_t *record, uint8_t image[MF_BOOT_RECORD_SIZE])
{
    uint8_t *body = &image[HEADER_SIZE];
    put(image, MAGIC, 2);
    put(&image[2], LAYOUT, 2);
    put(&image[4], record->generation, 4);
    body[0] = record->selected;
    body[1] = record->started;
    body[2] = record->attempts[0];
    body[3] = record->attempts[1];
    body[4] = record->choice;
    body[5] = record->cease;
    body[6] = record->cause;
    body[7] = 0;
    put(&body[8], record->starts, 4);
    for (uint32_t i = 0; i < MF_BOOT_CAUSES; i++) {
        body[12 + i] = record->causes[i];
    }
    put(&body[20], record->vm_restarts, 2);
    put(&body[22], record->entries, 2);
    body[24] = record->damaged[0];
    body[25] = record->damaged[1];
    put(&body[26], 0, 2);
    put(&image[CRC_AT], mf_crc32(0, image, CRC_AT), 4);
}

int mf_boot_record_load(mf_bus_t *bus, mf_boot_record_t *record)
{
    int result = 0;
    mf_boot_record_clear(record);
    for (uint8_t copy = 0; copy < 2u; copy++) {
        uint8_t image[MF_BOOT_RECORD_SIZE];
        mf_boot_record_t found;
        const int status = mf_fram_read(bus, addresses[copy], image, sizeof(image));
        if (status < 0) {
            result = result == 0 ? status : result;
        } else if (mf_boot_record_unpack(&found, image) > record->generation) {
            found.newest = copy;
            *record = found;
            result = 1;
        }
    }
    return result;
}

int mf_boot_record_recall(mf_bus_t *bus, const mf_boot_record_t *kept, mf_boot_record_t *record)
{
    int result = MF_E_NODEV;
    mf_boot_record_clear(record);
    if (bus != NULL) {
        result = mf_boot_record_load(bus, record);
    }
    if (kept != NULL && (result <= 0 || kept->generation > record->generation)) {
        *record = *kept;
    } else if (kept != NULL && kept->newest == MF_BOOT_UNREAD) {
        record->cease |= kept->cease; /* commanded while the memory did not answer */
    }
    return result;
}

/* Copies that nobody has read so far: what they say is not to be lost. */
static int look(mf_bus_t *bus, mf_boot_record_t *record)
{
    mf_boot_record_t found;
    const int status = mf_boot_record_load(bus, &found);
    if (status < 0) {
        return status;
    }
    record->newest = status > 0 ? found.newest : 1u;
    if (status > 0) {
        if (found.generation > record->generation) {
            record->generation = found.generation;
        }
        record->cease |= found.cease;
        for (uint32_t i = 0; i < MF_BOOT_SLOTS; i++) {
            if (found.damaged[i] > record->damaged[i]) {
                record->damaged[i] = found.damaged[i];
            }
        }
        if (record->choice != MF_BOOT_BY_COMMAND) {
            record->selected = found.selected;
        }
    }
    return MF_OK;
}

int mf_boot_record_save(mf_bus_t *bus, mf_boot_record_t *record)
{
    uint8_t image[MF_BOOT_RECORD_SIZE];
    int status = record->newest == MF_BOOT_UNREAD ? look(bus, record) : MF_OK;
    record->generation++;
    if (status < 0) {
        return status;
    }
    mf_boot_record_t next = *record;
    next.newest ^= 1u;
    mf_boot_record_pack(&next, image);
    status = mf_fram_write(bus, addresses[next.newest], image, sizeof(image));
    if (status >= 0) {
        *record = next;
    }
    return status;
}

uint8_t mf_boot_record_choose(mf_boot_record_t *record, uint32_t intact)
{
    uint8_t slot = record->selected;
    const uint8_t other = slot ^ 1u;
    if ((intact & 3u) == 0) {
        return MF_BOOT_SLOT_NONE;
    }
    if (record->choice != MF_BOOT_BY_COMMAND) {
        record->choice = MF_BOOT_BY_DEFAULT;
    }
    /* Of two that both fail, they take turns. */
    if (record->attempts[slot] >= MF_BOOT_ATTEMPTS &&
        record->attempts[other] < record->attempts[slot] && (intact >> other & 1u) != 0) {
        slot = other;
        record->choice = MF_BOOT_BY_ATTEMPTS;
    }
    if ((intact >> slot & 1u) == 0) {
        slot ^= 1u;
        record->choice = MF_BOOT_BY_CRC;
    }
    return slot;
}

void mf_boot_record_start(mf_boot_record_t *record, uint8_t slot, uint8_t cause)
{
    record->started = slot == 1u ? 1u : 0u;
    record->cause = cause;
    record->starts++;
    count(&record->attempts[record->started]);
    if (cause < MF_BOOT_CAUSES) {
        count(&record->causes[cause]);
    }
}

bool mf_boot_record_damaged(mf_boot_record_t *record)
{
    if (record->damaged[record->started] >= MF_BOOT_DAMAGED_MAX) {
        return false;
    }
    record->damaged[record->started]++;
    return true;
}

uint32_t mf_boot_record_attempts(const mf_boot_record_t *record)
{
    return (uint32_t)record->attempts[0] + record->attempts[1];
}

bool mf_boot_record_healthy(mf_boot_record_t *record)
{
    const bool news = mf_boot_record_attempts(record) != 0;
    record->selected = record->started;
    record->attempts[0] = record->attempts[1] = 0;
    return news;
}
