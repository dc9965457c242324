/* Counters of the security associations in FRAM or, without it, in RAM: see mf_counter_memory.h. */
#include "mf_counter_memory.h"

#include <string.h>

#include "mf_drivers.h"
#include "mf_kernel_state.h"
#include "mf_link.h"

#define LOOK_MS 5000u
#define LOOK_AGAIN_MS 2000u
#define RECORDS (2u * MF_LINK_ASSOCIATIONS)
#define NOBODY 0x5Au /* no record, and not blank either */
#define GENERATION 4u
#define IV 8u
#define CRC 20u
#define VALUE (CRC - GENERATION)

static const uint32_t words[] = {0x46524D31u, 0xA5C35A3Cu, 0x5A3CA5C3u};

static uint8_t *held(const mf_counter_memory_t *memory, uint32_t record)
{
    return &memory->copy->records[record * MF_IV_RECORD];
}

static bool within(uint32_t address, uint32_t size)
{
    return address >= MF_LINK_COUNTERS_FRAM && size <= MF_IV_STORE_SIZE &&
           address - MF_LINK_COUNTERS_FRAM <= MF_IV_STORE_SIZE - size;
}

static uint32_t get_u32(const uint8_t *in)
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

static void put_u32(uint8_t *out, uint32_t value)
{
    for (uint32_t i = 0; i < 4u; i++) {
        out[i] = (uint8_t)(value >> (24u - 8u * i));
    }
}

/* As mf_iv_store.c has it. */
static bool whole(const uint8_t *bytes, uint32_t record)
{
    return ((uint32_t)bytes[0] << 8 | bytes[1]) == mf_link_associations[record / 2u].spi &&
           get_u32(&bytes[CRC]) == mf_crc32(0, bytes, CRC);
}

enum mf_counter_state mf_counter_memory_state(const mf_counter_memory_t *memory)
{
    if (memory->copy->state == words[MF_COUNTERS_IN_RAM]) {
        return MF_COUNTERS_IN_RAM;
    }
    return memory->copy->state == words[MF_COUNTERS_EMERGENCY] ? MF_COUNTERS_EMERGENCY
                                                              : MF_COUNTERS_IN_FRAM;
}

static void change(mf_counter_memory_t *memory, enum mf_counter_state state)
{
    memory->copy->state = words[state];
    mf_kernel_put_event(memory->kernel, MF_EVENT_COUNTER_MEMORY, (uint16_t)state, memory->failed);
}

void mf_counter_memory_reset(mf_counter_memory_t *memory, mf_bus_t *bus, mf_kernel_t *kernel,
                             mf_counter_copy_t *copy, bool fresh)
{
    *memory = (mf_counter_memory_t){.bus = bus, .kernel = kernel, .copy = copy};
    for (uint32_t state = 0; state < sizeof(words) / sizeof(words[0]) && !fresh; state++) {
        memory->known = memory->known || copy->state == words[state];
    }
    if (!memory->known) {
        copy->state = words[MF_COUNTERS_IN_FRAM];
    }
}

/* The first time, and after a reset that the copy has not outlived. */
static int learn(mf_counter_memory_t *memory)
{
    if (memory->known) {
        return MF_OK;
    }
    const int status = mf_fram_read(memory->bus, MF_LINK_COUNTERS_FRAM, memory->copy->records,
                                    MF_IV_STORE_SIZE);
    memory->known = status >= 0;
    return status;
}

/* The key of an association is that of the image, by what its counter says. */
static bool of_image(const mf_counter_memory_t *memory, uint32_t address)
{
    const uint32_t index = (address - MF_LINK_KEYS_FRAM) / (2u * MF_LINK_KEY_PLACE);
    bool found = false;
    for (uint32_t record = 2u * index; record < 2u * index + 2u && record < RECORDS; record++) {
        const uint8_t *bytes = held(memory, record);
        if (whole(bytes, record)) {
            found = true;
            if (get_u32(&bytes[GENERATION]) != MF_LINK_FIRST_GENERATION) {
                return false;
            }
        }
    }
    return found;
}

int mf_counter_memory_read(void *context, uint32_t address, uint8_t *data, uint32_t size)
{
    mf_counter_memory_t *memory = context;
    if (mf_counter_memory_state(memory) == MF_COUNTERS_IN_FRAM) {
        (void)learn(memory);
        return mf_fram_read(memory->bus, address, data, size);
    }
    if (within(address, size)) {
        memcpy(data, &memory->copy->records[address - MF_LINK_COUNTERS_FRAM], size);
        return MF_OK;
    }
    const int status = mf_fram_read(memory->bus, address, data, size);
    if (status >= 0 || !of_image(memory, address)) {
        return status;
    }
    memset(data, 0, size);
    return MF_OK;
}

int mf_counter_memory_write(void *context, uint32_t address, const uint8_t *data, uint32_t size)
{
    mf_counter_memory_t *memory = context;
    const uint32_t at = address - MF_LINK_COUNTERS_FRAM;
    const bool in_ram = mf_counter_memory_state(memory) != MF_COUNTERS_IN_FRAM;
    int status = in_ram ? MF_OK : learn(memory);
    if (status >= 0) {
        status = mf_fram_write(memory->bus, address, data, size);
    }
    if (!within(address, size)) {
        return status;
    }
    if (in_ram) {
        const uint32_t index = at / (2u * MF_IV_RECORD);
        const bool upward = index < MF_LINK_ASSOCIATIONS &&
                            mf_link_associations[index].direction == MF_SA_TC;
        status = upward ? MF_OK : MF_E_IO;
    }
    if (status >= 0) {
        memcpy(&memory->copy->records[at], data, size);
    }
    return status;
}

/* One record in FRAM is what the copy says, or has been made so. Nonsense is never the same twice;
 * damage is. */
static bool look(mf_counter_memory_t *memory, uint32_t record)
{
    uint8_t first[MF_IV_RECORD], second[MF_IV_RECORD];
    uint8_t *bytes = held(memory, record);
    const uint32_t address = MF_LINK_COUNTERS_FRAM + record * MF_IV_RECORD;
    if (mf_fram_read(memory->bus, address, first, sizeof(first)) < 0 ||
        mf_fram_read(memory->bus, address, second, sizeof(second)) < 0 ||
        memcmp(first, second, sizeof(first)) != 0) {
        return false;
    }
    if (memcmp(first, bytes, sizeof(first)) == 0) {
        return true;
    }
    if (!whole(bytes, record) ||
        (whole(first, record) && memcmp(&first[GENERATION], &bytes[GENERATION], VALUE) >= 0)) {
        memcpy(bytes, first, sizeof(first));
        return true;
    }
    return mf_fram_write(memory->bus, address, bytes, MF_IV_RECORD) >= 0 &&
           mf_fram_read(memory->bus, address, second, sizeof(second)) >= 0 &&
           memcmp(second, bytes, sizeof(second)) == 0;
}

/* Nobody knows any counter: only who holds the emergency key comes in, above all he ever used. */
static void begin_emergency(mf_counter_memory_t *memory)
{
    memset(memory->copy->records, NOBODY, sizeof(memory->copy->records));
    for (uint32_t index = 0; index < MF_LINK_ASSOCIATIONS; index++) {
        if (mf_link_associations[index].spi == MF_EMERGENCY_SPI) {
            uint8_t *bytes = held(memory, 2u * index);
            memset(bytes, 0, MF_IV_RECORD);
            bytes[1] = MF_EMERGENCY_SPI;
            put_u32(&bytes[GENERATION], MF_LINK_FIRST_GENERATION);
            put_u32(&bytes[IV], MF_EMERGENCY_FLOOR_HIGH);
            put_u32(&bytes[CRC], mf_crc32(0, bytes, CRC));
        }
    }
    memory->known = true;
}

static bool any_whole(const mf_counter_memory_t *memory)
{
    uint32_t record = 0;
    while (record < RECORDS && !whole(held(memory, record), record)) {
        record++;
    }
    return record < RECORDS;
}

static bool look_at_all(mf_counter_memory_t *memory)
{
    for (uint32_t record = 0; record < RECORDS; record++) {
        if (!look(memory, record)) {
            return false;
        }
    }
    return true;
}

void mf_counter_memory_poll(mf_counter_memory_t *memory, uint64_t now_us)
{
    const uint32_t now_ms = (uint32_t)(now_us / 1000u);
    if ((int32_t)(now_ms - memory->next_ms) < 0) {
        return;
    }
    const bool in_ram = mf_counter_memory_state(memory) != MF_COUNTERS_IN_FRAM;
    const uint32_t record = 2u * memory->turn;
    const bool well = in_ram ? look_at_all(memory)
                             : learn(memory) >= 0 && look(memory, record) &&
                                   look(memory, record + 1u);
    memory->next_ms = now_ms + (well || in_ram ? LOOK_MS : LOOK_AGAIN_MS);
    if (well) {
        memory->failed = 0;
        memory->turn = (uint8_t)((memory->turn + 1u) % MF_LINK_ASSOCIATIONS);
        if (in_ram) {
            change(memory, MF_COUNTERS_IN_FRAM);
        }
        return;
    }
    memory->failed = (uint8_t)(memory->failed < UINT8_MAX ? memory->failed + 1u : UINT8_MAX);
    if (!in_ram && memory->failed >= MF_COUNTER_LOOKS) {
        const bool known = memory->known && any_whole(memory);
        if (!known) {
            begin_emergency(memory);
        }
        change(memory, known ? MF_COUNTERS_IN_RAM : MF_COUNTERS_EMERGENCY);
    }
}
