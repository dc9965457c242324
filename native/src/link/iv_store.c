/* Persisted counters of the security associations. */
#include "mf_iv_store.h"

#include <string.h>

#include "mf_link.h"
#include "mf_status.h"

_Static_assert(MF_IV_STORE_SIZE == 2u * MF_SA_COUNT * MF_IV_RECORD, "size of the store");

#define GENERATION 4u
#define IV 8u
#define CRC 20u
#define VALUE (CRC - GENERATION) /* generation and IV */

void mf_iv_store_reset(mf_iv_store_t *store, mf_iv_read_t read, mf_iv_write_t write, void *context,
                       uint32_t address)
{
    memset(store, 0, sizeof(*store));
    store->read = read;
    store->write = write;
    store->context = context;
    store->address = address;
}

static uint32_t place(const mf_iv_store_t *store, uint32_t index, uint32_t copy)
{
    return store->address + (2u * index + copy) * MF_IV_RECORD;
}

static void put_u32(uint8_t *out, uint32_t value)
{
    for (uint32_t i = 0; i < 4u; i++) {
        out[i] = (uint8_t)(value >> (24u - 8u * i));
    }
}

static bool whole(const uint8_t record[MF_IV_RECORD], uint16_t spi)
{
    uint8_t crc[4];
    put_u32(crc, mf_crc32(0, record, CRC));
    return memcmp(crc, &record[CRC], 4) == 0 && record[0] == spi >> 8 &&
           record[1] == (spi & 0xFFu);
}

int mf_iv_store_load(mf_iv_store_t *store, uint32_t index, uint16_t spi, uint32_t *generation,
                     uint8_t iv[12])
{
    if (index >= MF_SA_COUNT) {
        return MF_E_INVAL;
    }
    uint8_t best[MF_IV_RECORD];
    int found = -1;
    for (uint32_t copy = 0; copy < 2u; copy++) {
        uint8_t record[MF_IV_RECORD];
        if (store->read(store->context, place(store, index, copy), record, sizeof(record)) < 0) {
            return MF_E_IO;
        }
        /* Generation and IV stand one after the other, big-endian: as octets they compare as one
         * number that only grows. */
        if (whole(record, spi) &&
            (found < 0 || memcmp(&record[GENERATION], &best[GENERATION], VALUE) > 0)) {
            memcpy(best, record, sizeof(best));
            found = (int)copy;
        }
    }
    if (found < 0) {
        return MF_E_BADMSG;
    }
    store->known[index] = true;
    store->newest[index] = (uint8_t)found;
    memcpy(store->value[index], &best[GENERATION], VALUE);
    *generation = 0;
    for (uint32_t i = 0; i < 4u; i++) {
        *generation = *generation << 8 | best[GENERATION + i];
    }
    memcpy(iv, &best[IV], 12);
    return MF_OK;
}

static int write_copy(mf_iv_store_t *store, uint32_t index, uint32_t copy,
                      const uint8_t record[MF_IV_RECORD])
{
    uint8_t back[MF_IV_RECORD];
    uint32_t address = place(store, index, copy);
    if (store->write(store->context, address, record, MF_IV_RECORD) < 0 ||
        store->read(store->context, address, back, sizeof(back)) < 0 ||
        memcmp(record, back, sizeof(back)) != 0) {
        return MF_E_IO;
    }
    store->newest[index] = (uint8_t)copy;
    store->known[index] = true;
    memcpy(store->value[index], &record[GENERATION], VALUE);
    return MF_OK;
}

int mf_iv_store_save(void *context, uint32_t index, uint16_t spi, uint32_t generation,
                     const uint8_t iv[12])
{
    mf_iv_store_t *store = context;
    if (index >= MF_SA_COUNT) {
        return MF_E_INVAL;
    }
    uint8_t record[MF_IV_RECORD] = {(uint8_t)(spi >> 8), (uint8_t)spi, 0, 0};
    put_u32(&record[GENERATION], generation);
    memcpy(&record[IV], iv, 12);
    put_u32(&record[CRC], mf_crc32(0, record, CRC));
    if (!store->known[index]) {
        uint8_t held_iv[12];
        uint32_t held_generation;
        int status = mf_iv_store_load(store, index, spi, &held_generation, held_iv);
        if (status == MF_E_BADMSG) {
            status = write_copy(store, index, 0, record);
            return status == MF_OK ? write_copy(store, index, 1, record) : status;
        }
        if (status != MF_OK) {
            return status;
        }
    }
    if (memcmp(&record[GENERATION], store->value[index], VALUE) < 0) {
        return MF_E_INVAL;
    }
    return write_copy(store, index, store->newest[index] ^ 1u, record);
}
