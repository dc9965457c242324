/* Security associations, TC verification, TM protection (CCSDS 355.0-B-2 sections 3 to 5). */
#include "mf_sdls.h"

#include <stddef.h>
#include <string.h>

#include "mf_status.h"

#define TC_HEADER 6u /* with the segment header */
#define TM_HEADER 6u
#define FECF 2u
#define AAD_SIZE 20u /* both kinds: header, SPI and IV, most of it masked to zero */

static const mf_iv_t last_iv = {UINT32_MAX, UINT64_MAX};

void mf_iv_put(const mf_iv_t *iv, uint8_t out[12])
{
    for (uint32_t i = 0; i < 4u; i++) {
        out[i] = (uint8_t)(iv->high >> (24u - 8u * i));
    }
    for (uint32_t i = 0; i < 8u; i++) {
        out[4u + i] = (uint8_t)(iv->low >> (56u - 8u * i));
    }
}

mf_iv_t mf_iv_get(const uint8_t in[12])
{
    mf_iv_t iv = {0, 0};
    for (uint32_t i = 0; i < 4u; i++) {
        iv.high = iv.high << 8 | in[i];
    }
    for (uint32_t i = 4u; i < 12u; i++) {
        iv.low = iv.low << 8 | in[i];
    }
    return iv;
}

static bool equal(mf_iv_t a, mf_iv_t b)
{
    return a.high == b.high && a.low == b.low;
}

static bool below(mf_iv_t a, mf_iv_t b)
{
    return a.high < b.high || (a.high == b.high && a.low < b.low);
}

/* Sum that stops at the last value: the counter never wraps. */
static mf_iv_t advanced(mf_iv_t iv, uint32_t by)
{
    mf_iv_t sum = {iv.high, iv.low + by};
    if (sum.low < iv.low) {
        if (iv.high == UINT32_MAX) {
            return last_iv;
        }
        sum.high++;
    }
    return sum;
}

void mf_sdls_reset(mf_sdls_t *sdls, mf_keys_t *keys, mf_sdls_save_t save, void *context)
{
    memset(sdls, 0, sizeof(*sdls));
    sdls->keys = keys;
    sdls->save = save;
    sdls->context = context;
}

/* Index of an SA; MF_SA_COUNT: none. */
static uint32_t find(const mf_sdls_t *sdls, uint16_t spi)
{
    uint32_t i = 0;
    while (i < MF_SA_COUNT && (sdls->sa[i].state == MF_SA_NONE || sdls->sa[i].spi != spi)) {
        i++;
    }
    return i;
}

const mf_sa_t *mf_sdls_find(const mf_sdls_t *sdls, uint16_t spi)
{
    uint32_t index = find(sdls, spi);
    return index < MF_SA_COUNT ? &sdls->sa[index] : NULL;
}

int mf_sdls_add(mf_sdls_t *sdls, uint16_t spi, enum mf_sa_direction direction, uint8_t vc,
                uint16_t map_mask, uint32_t window, uint16_t reserve)
{
    if (spi == 0 || spi == 0xFFFFu || vc > 63u || reserve == 0) {
        return MF_E_INVAL;
    }
    if (direction == MF_SA_TC ? map_mask == 0 || window <= reserve : vc > 7u) {
        return MF_E_INVAL;
    }
    if (find(sdls, spi) < MF_SA_COUNT) {
        return MF_E_BUSY;
    }
    for (uint32_t i = 0; i < MF_SA_COUNT; i++) {
        mf_sa_t *sa = &sdls->sa[i];
        if (sa->state == MF_SA_NONE) {
            memset(sa, 0, sizeof(*sa));
            sa->spi = spi;
            sa->direction = (uint8_t)direction;
            sa->vc = vc;
            sa->map_mask = map_mask;
            sa->window = window;
            sa->reserve = reserve;
            sa->state = MF_SA_UNKEYED;
            return (int)i;
        }
    }
    return MF_E_NOSPC;
}

int mf_sdls_set_key(mf_sdls_t *sdls, uint16_t spi, uint32_t slot)
{
    uint32_t index = find(sdls, spi);
    if (index >= MF_SA_COUNT || mf_keys_active(sdls->keys, slot) == NULL) {
        return MF_E_INVAL;
    }
    if (sdls->sa[index].state == MF_SA_OPERATIONAL) {
        return MF_E_BUSY;
    }
    /* One key, one sender: two counters on one key would repeat a nonce. */
    for (uint32_t i = 0; i < MF_SA_COUNT; i++) {
        if (i != index && sdls->sa[i].state >= MF_SA_KEYED && sdls->sa[i].slot == slot) {
            return MF_E_BUSY;
        }
    }
    sdls->sa[index].slot = (uint8_t)slot;
    sdls->sa[index].state = MF_SA_KEYED;
    return MF_OK;
}

static int save(const mf_sdls_t *sdls, uint32_t index, uint32_t generation, mf_iv_t iv)
{
    uint8_t bytes[12];
    mf_iv_put(&iv, bytes);
    return sdls->save(sdls->context, index, sdls->sa[index].spi, generation, bytes);
}

int mf_sdls_start(mf_sdls_t *sdls, uint16_t spi, uint32_t generation)
{
    const mf_iv_t zero = {0, 0};
    uint32_t index = find(sdls, spi);
    if (index >= MF_SA_COUNT || sdls->sa[index].state != MF_SA_KEYED) {
        return MF_E_INVAL;
    }
    if (save(sdls, index, generation, zero) < 0) {
        return MF_E_IO;
    }
    mf_sa_t *sa = &sdls->sa[index];
    sa->generation = generation;
    sa->next = zero;
    sa->reserved = zero;
    sa->state = MF_SA_OPERATIONAL;
    return MF_OK;
}

int mf_sdls_resume(mf_sdls_t *sdls, uint16_t spi, uint32_t generation, const uint8_t iv[12])
{
    uint32_t index = find(sdls, spi);
    if (index >= MF_SA_COUNT || sdls->sa[index].state != MF_SA_KEYED) {
        return MF_E_INVAL;
    }
    mf_sa_t *sa = &sdls->sa[index];
    sa->generation = generation;
    sa->next = mf_iv_get(iv);
    sa->reserved = sa->next;
    sa->state = MF_SA_OPERATIONAL;
    return MF_OK;
}

static int fall_back(mf_sdls_t *sdls, uint16_t spi, enum mf_sa_state from, enum mf_sa_state to)
{
    uint32_t index = find(sdls, spi);
    if (index >= MF_SA_COUNT || sdls->sa[index].state < from) {
        return MF_E_INVAL;
    }
    sdls->sa[index].state = (uint8_t)to;
    return MF_OK;
}

int mf_sdls_stop(mf_sdls_t *sdls, uint16_t spi)
{
    return fall_back(sdls, spi, MF_SA_OPERATIONAL, MF_SA_KEYED);
}

int mf_sdls_expire(mf_sdls_t *sdls, uint16_t spi)
{
    return fall_back(sdls, spi, MF_SA_KEYED, MF_SA_UNKEYED);
}

/* Where the counter stands to the window [next, next + window - 1]. The last value is never used:
 * after it the counter would begin again, and with it every nonce. */
static int placed(const mf_sa_t *sa, mf_iv_t iv)
{
    if (equal(sa->next, last_iv) || equal(iv, last_iv)) {
        return MF_SDLS_EXPIRED;
    }
    if (below(iv, sa->next)) {
        return MF_SDLS_REPLAYED;
    }
    if (!below(iv, advanced(sa->next, sa->window))) {
        return MF_SDLS_BEYOND_WINDOW;
    }
    return MF_SDLS_GOOD;
}

int mf_sdls_verify_tc(const mf_sdls_t *sdls, uint8_t *frame, uint32_t frame_size, uint32_t *size,
                      mf_sdls_accept_t *accept)
{
    *size = 0;
    if (frame_size <= MF_SDLS_TC_DATA + MF_SDLS_TRAILER + FECF) {
        return MF_SDLS_SHORT;
    }
    const uint8_t *header = &frame[TC_HEADER];
    uint32_t index = find(sdls, (uint16_t)((uint32_t)header[0] << 8 | header[1]));
    if (index >= MF_SA_COUNT || sdls->sa[index].direction != MF_SA_TC) {
        return MF_SDLS_UNKNOWN_SPI;
    }
    const mf_sa_t *sa = &sdls->sa[index];
    const mf_gcm_key_t *key = mf_keys_active(sdls->keys, sa->slot);
    if (sa->state != MF_SA_OPERATIONAL || key == NULL) {
        return MF_SDLS_NOT_OPERATIONAL;
    }
    uint32_t map = frame[5] & 0x3Fu;
    if (frame[2] >> 2 != sa->vc || map >= MF_SDLS_MAPS || (sa->map_mask >> map & 1u) == 0) {
        return MF_SDLS_WRONG_CHANNEL;
    }
    mf_iv_t iv = mf_iv_get(&header[2]);
    int place = placed(sa, iv);
    if (place != MF_SDLS_GOOD) {
        return place;
    }
    /* Of the header the VC, the segment header and the SPI are authenticated; the IV is as nonce. */
    uint8_t aad[AAD_SIZE] = {0, 0, (uint8_t)(frame[2] & 0xFCu), 0, 0, frame[5], header[0],
                             header[1]};
    uint32_t length = frame_size - MF_SDLS_TC_DATA - MF_SDLS_TRAILER - FECF;
    if (!mf_gcm_open(key, &header[2], aad, sizeof(aad), &frame[MF_SDLS_TC_DATA], length,
                     &frame[MF_SDLS_TC_DATA + length])) {
        return MF_SDLS_BAD_TAG;
    }
    *size = length;
    accept->index = (uint8_t)index;
    accept->iv = iv;
    return MF_SDLS_GOOD;
}

/* Move the counter to `next`, persisting a new reservation first when it would pass the old one. */
static bool move(mf_sdls_t *sdls, uint32_t index, mf_iv_t next)
{
    mf_sa_t *sa = &sdls->sa[index];
    if (below(sa->reserved, next)) {
        mf_iv_t reserved = advanced(next, sa->reserve - 1u);
        if (save(sdls, index, sa->generation, reserved) < 0) {
            return false;
        }
        sa->reserved = reserved;
    }
    sa->next = next;
    sa->frames++;
    return true;
}

int mf_sdls_commit(mf_sdls_t *sdls, const mf_sdls_accept_t *accept)
{
    if (below(accept->iv, sdls->sa[accept->index].next)) {
        return MF_SDLS_REPLAYED;
    }
    bool moved = move(sdls, accept->index, advanced(accept->iv, 1));
    return moved ? MF_SDLS_GOOD : MF_SDLS_NOT_SAVED;
}

int mf_sdls_protect_tm(mf_sdls_t *sdls, uint16_t spi, uint8_t frame[223])
{
    uint32_t index = find(sdls, spi);
    if (index >= MF_SA_COUNT || sdls->sa[index].direction != MF_SA_TM ||
        sdls->sa[index].state != MF_SA_OPERATIONAL ||
        sdls->sa[index].vc != (frame[1] >> 1 & 7u)) {
        return MF_E_INVAL;
    }
    const mf_gcm_key_t *key = mf_keys_active(sdls->keys, sdls->sa[index].slot);
    if (key == NULL) {
        return MF_E_INVAL;
    }
    mf_iv_t iv = sdls->sa[index].next;
    if (equal(iv, last_iv)) {
        return MF_E_STALE;
    }
    /* The counter moves first: a nonce whose use is not certain is lost, never used twice. */
    if (!move(sdls, index, advanced(iv, 1))) {
        return MF_E_IO;
    }
    frame[TM_HEADER] = (uint8_t)(spi >> 8);
    frame[TM_HEADER + 1u] = (uint8_t)spi;
    mf_iv_put(&iv, &frame[TM_HEADER + 2u]);
    uint8_t aad[AAD_SIZE] = {0, (uint8_t)(frame[1] & 0x0Eu), 0, 0, 0, 0, frame[TM_HEADER],
                             frame[TM_HEADER + 1u]};
    mf_gcm_seal(key, &frame[TM_HEADER + 2u], aad, sizeof(aad), &frame[MF_SDLS_TM_DATA],
                MF_SDLS_TM_DATA_SIZE, &frame[MF_SDLS_TM_DATA + MF_SDLS_TM_DATA_SIZE]);
    return MF_OK;
}
