/* New keys over the link: wrapped under the owner's wrapping key, which never leaves the image, and
 * kept wrapped in the memory of the counters, so that nobody who reads that memory learns them. */
#include <string.h>

#include "mf_space_link.h"

#define GENERATION 4u
#define WRAPPED 8u
#define CRC (WRAPPED + MF_LINK_WRAPPED_KEY)
#define RECORD (CRC + 4u)
#define AAD_SIZE 6u
_Static_assert(RECORD <= MF_LINK_KEY_PLACE, "record fits its place");

static uint32_t place(uint32_t index, uint32_t copy)
{
    return MF_LINK_KEYS_FRAM + (2u * index + copy) * MF_LINK_KEY_PLACE;
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

/* Nonce and additional data are SPI and generation. That they never come twice for one wrapping key is
 * the sender's business: here only generations that were taken are known, and one that was sent and
 * refused, or lost, was spent all the same. He counts every one he has tried (ground/keyring.py), so
 * that those which arrive grow, with gaps. */
static bool unwrap(const mf_space_link_t *link, uint32_t index, uint32_t generation,
                   const uint8_t wrapped[MF_LINK_WRAPPED_KEY], uint8_t secret[MF_GCM_KEY_SIZE])
{
    const mf_link_association_t *row = &mf_link_associations[index];
    uint8_t nonce[MF_GCM_IV_SIZE] = {(uint8_t)(row->spi >> 8), (uint8_t)row->spi};
    put_u32(&nonce[2], generation);
    mf_gcm_key_t key;
    mf_gcm_key_set(&key, link->port.secrets[MF_LINK_ASSOCIATIONS + row->vc]);
    memcpy(secret, wrapped, MF_GCM_KEY_SIZE);
    bool good = mf_gcm_open(&key, nonce, nonce, AAD_SIZE, secret, MF_GCM_KEY_SIZE,
                            &wrapped[MF_GCM_KEY_SIZE]);
    mf_gcm_wipe(&key, sizeof(key));
    return good;
}

/* The newest whole record of an association: which copy, or MF_E_BADMSG, MF_E_IO. */
static int newest(const mf_space_link_t *link, uint32_t index, uint8_t best[RECORD])
{
    int found = MF_E_BADMSG;
    for (uint32_t copy = 0; copy < 2u; copy++) {
        uint8_t record[RECORD], crc[4];
        if (link->port.read(link->port.context, place(index, copy), record, sizeof(record)) < 0) {
            return MF_E_IO;
        }
        put_u32(crc, mf_crc32(0, record, CRC));
        uint16_t spi = mf_link_associations[index].spi;
        bool whole = memcmp(crc, &record[CRC], 4) == 0 && record[0] == spi >> 8 &&
                     record[1] == (spi & 0xFFu);
        if (whole && (found < 0 || get_u32(&record[GENERATION]) > get_u32(&best[GENERATION]))) {
            memcpy(best, record, RECORD);
            found = (int)copy;
        }
    }
    return found;
}

int mf_link_stored_key(const mf_space_link_t *link, uint32_t index, uint32_t *generation,
                       uint8_t secret[MF_GCM_KEY_SIZE])
{
    uint8_t record[RECORD];
    int copy = newest(link, index, record);
    if (copy == MF_E_IO) {
        return MF_E_IO;
    }
    if (copy >= 0 && unwrap(link, index, get_u32(&record[GENERATION]), &record[WRAPPED], secret)) {
        *generation = get_u32(&record[GENERATION]);
        return MF_OK;
    }
    *generation = MF_LINK_FIRST_GENERATION;
    memcpy(secret, link->port.secrets[index], MF_GCM_KEY_SIZE);
    return MF_OK;
}

static int save(const mf_space_link_t *link, uint32_t index, uint32_t generation,
                const uint8_t wrapped[MF_LINK_WRAPPED_KEY])
{
    uint8_t record[RECORD], back[RECORD];
    int copy = newest(link, index, back);
    if (copy == MF_E_IO) {
        return MF_E_IO;
    }
    uint32_t address = place(index, copy == 0 ? 1u : 0u);
    uint16_t spi = mf_link_associations[index].spi;
    memset(record, 0, sizeof(record));
    record[0] = (uint8_t)(spi >> 8);
    record[1] = (uint8_t)spi;
    put_u32(&record[GENERATION], generation);
    memcpy(&record[WRAPPED], wrapped, MF_LINK_WRAPPED_KEY);
    put_u32(&record[CRC], mf_crc32(0, record, CRC));
    if (link->port.write(link->port.context, address, record, sizeof(record)) < 0 ||
        link->port.read(link->port.context, address, back, sizeof(back)) < 0 ||
        memcmp(record, back, sizeof(back)) != 0) {
        return MF_E_IO;
    }
    return MF_OK;
}

int mf_space_link_rekey(mf_space_link_t *link, uint8_t owner,
                        const uint8_t request[MF_LINK_REKEY_REQUEST])
{
    uint32_t index = 0;
    uint16_t spi = (uint16_t)((uint32_t)request[0] << 8 | request[1]);
    while (index < MF_LINK_ASSOCIATIONS && mf_link_associations[index].spi != spi) {
        index++;
    }
    if (index == MF_LINK_ASSOCIATIONS || mf_link_associations[index].vc != owner) {
        return MF_E_INVAL;
    }
    uint32_t generation = get_u32(&request[2]);
    const uint8_t *wrapped = &request[6];
    if (generation <= link->generation[index]) {
        return MF_E_STALE;
    }
    uint8_t secret[MF_GCM_KEY_SIZE];
    int status = unwrap(link, index, generation, wrapped, secret) ? MF_OK : MF_E_BADMSG;
    if (status == MF_OK) {
        /* In the spare slot first: a key that is none, or is known, must not cost the present one. */
        status = mf_keys_load(&link->keys, MF_LINK_SPARE_SLOT, secret);
        (void)mf_keys_destroy(&link->keys, MF_LINK_SPARE_SLOT);
    }
    mf_gcm_wipe(secret, sizeof(secret));
    if (status == MF_OK) {
        status = save(link, index, generation, wrapped);
    }
    if (status != MF_OK) {
        return status;
    }
    (void)mf_sdls_stop(&link->sdls, spi);
    (void)mf_sdls_expire(&link->sdls, spi);
    (void)mf_keys_destroy(&link->keys, index);
    link->generation[index] = 0; /* to be loaded from the memory */
    return mf_link_association_start(link, index, true) ? MF_OK : MF_E_IO;
}
