/* Key slots and their states. */
#include "mf_keys.h"

#include <stddef.h>
#include <string.h>

#include "mf_link.h"
#include "mf_status.h"

static uint32_t checksum(const mf_key_t *key)
{
    return mf_crc32(0, (const uint8_t *)&key->gcm, sizeof(key->gcm));
}

static bool holds(const mf_key_t *key)
{
    return key->state == MF_KEY_PREACTIVE || key->state == MF_KEY_ACTIVE ||
           key->state == MF_KEY_DEACTIVATED;
}

static void clear(mf_key_t *key, enum mf_key_state state)
{
    mf_gcm_wipe(key, sizeof(*key));
    key->state = (uint8_t)state;
}

/* Equality without an early end: how much of a key is right must not show. */
static bool same(const mf_gcm_key_t *a, const mf_gcm_key_t *b)
{
    const uint8_t *x = (const uint8_t *)a, *y = (const uint8_t *)b;
    uint32_t different = 0;
    for (uint32_t i = 0; i < sizeof(*a); i++) {
        different |= (uint32_t)(x[i] ^ y[i]);
    }
    return different == 0;
}

void mf_keys_reset(mf_keys_t *keys)
{
    mf_gcm_wipe(keys, sizeof(*keys));
}

int mf_keys_load(mf_keys_t *keys, uint32_t slot, const uint8_t secret[32])
{
    if (slot >= MF_KEY_SLOTS) {
        return MF_E_INVAL;
    }
    mf_key_t *key = &keys->slot[slot];
    if (holds(key)) {
        return MF_E_BUSY;
    }
    uint32_t spread = 0;
    for (uint32_t i = 1; i < MF_GCM_KEY_SIZE; i++) {
        spread |= (uint32_t)(secret[i] ^ secret[0]);
    }
    if (spread == 0) {
        return MF_E_BADMSG; /* erased or unwritten memory is no key */
    }
    clear(key, MF_KEY_EMPTY);
    mf_gcm_key_set(&key->gcm, secret);
    for (uint32_t i = 0; i < MF_KEY_SLOTS; i++) {
        if (i != slot && holds(&keys->slot[i]) && same(&keys->slot[i].gcm, &key->gcm)) {
            clear(key, MF_KEY_EMPTY);
            return MF_E_BADMSG;
        }
    }
    key->crc = checksum(key);
    key->state = MF_KEY_PREACTIVE;
    return MF_OK;
}

static int turn(mf_keys_t *keys, uint32_t slot, enum mf_key_state from, enum mf_key_state to)
{
    if (slot >= MF_KEY_SLOTS || keys->slot[slot].state != from) {
        return MF_E_INVAL;
    }
    keys->slot[slot].state = (uint8_t)to;
    return MF_OK;
}

int mf_keys_activate(mf_keys_t *keys, uint32_t slot)
{
    return turn(keys, slot, MF_KEY_PREACTIVE, MF_KEY_ACTIVE);
}

int mf_keys_deactivate(mf_keys_t *keys, uint32_t slot)
{
    return turn(keys, slot, MF_KEY_ACTIVE, MF_KEY_DEACTIVATED);
}

int mf_keys_destroy(mf_keys_t *keys, uint32_t slot)
{
    if (slot >= MF_KEY_SLOTS) {
        return MF_E_INVAL;
    }
    clear(&keys->slot[slot], MF_KEY_DESTROYED);
    return MF_OK;
}

int mf_keys_check(mf_keys_t *keys, uint32_t slot)
{
    if (slot >= MF_KEY_SLOTS) {
        return MF_E_INVAL;
    }
    mf_key_t *key = &keys->slot[slot];
    if (holds(key) && checksum(key) != key->crc) {
        clear(key, MF_KEY_CORRUPTED);
        return MF_E_BADMSG;
    }
    return MF_OK;
}

int mf_keys_state(const mf_keys_t *keys, uint32_t slot)
{
    return slot < MF_KEY_SLOTS ? (int)keys->slot[slot].state : (int)MF_E_INVAL;
}

const mf_gcm_key_t *mf_keys_active(const mf_keys_t *keys, uint32_t slot)
{
    if (slot >= MF_KEY_SLOTS || keys->slot[slot].state != MF_KEY_ACTIVE) {
        return NULL;
    }
    return &keys->slot[slot].gcm;
}
