/* Key slots. A key enters as 32 bytes and never leaves: only states can be read. States after
 * CCSDS 355.1-B-1 section 3: a key is used only while active. */
#ifndef MF_KEYS_H
#define MF_KEYS_H

#include <stdint.h>

#include "mf_gcm.h"

#define MF_KEY_SLOTS 10u

enum mf_key_state {
    MF_KEY_EMPTY = 0,
    MF_KEY_PREACTIVE,   /* loaded, not yet in use */
    MF_KEY_ACTIVE,
    MF_KEY_DEACTIVATED, /* retired; can only be destroyed */
    MF_KEY_DESTROYED,   /* cleared on command */
    MF_KEY_CORRUPTED,   /* found changed in memory and cleared */
};

typedef struct {
    mf_gcm_key_t gcm;
    uint32_t crc; /* over gcm */
    uint8_t state;
} mf_key_t;

typedef struct {
    mf_key_t slot[MF_KEY_SLOTS];
} mf_keys_t;

void mf_keys_reset(mf_keys_t *keys);
/* Load an empty, destroyed or corrupted slot; it becomes pre-active. MF_E_INVAL: no such slot;
 * MF_E_BUSY: holds a key; MF_E_BADMSG: the same key is in another slot, where its nonces could be
 * used a second time, or is all one octet. */
int mf_keys_load(mf_keys_t *keys, uint32_t slot, const uint8_t secret[32]);
int mf_keys_activate(mf_keys_t *keys, uint32_t slot);   /* from pre-active, else MF_E_INVAL */
int mf_keys_deactivate(mf_keys_t *keys, uint32_t slot); /* from active, else MF_E_INVAL */
int mf_keys_destroy(mf_keys_t *keys, uint32_t slot);    /* from any state; MF_E_INVAL: no such slot */
/* Compare with the checksum: MF_OK, MF_E_INVAL, or MF_E_BADMSG: cleared, now corrupted. For the
 * background scrub, not for every frame. */
int mf_keys_check(mf_keys_t *keys, uint32_t slot);
int mf_keys_state(const mf_keys_t *keys, uint32_t slot); /* enum mf_key_state, or MF_E_INVAL */
/* For the security associations: the key while it is active, else NULL. */
const mf_gcm_key_t *mf_keys_active(const mf_keys_t *keys, uint32_t slot);

#endif
