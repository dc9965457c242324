/* AES-256-GCM on BearSSL's primitives, with the expanded key and the hash key kept by the caller. */
#include <string.h>

#include "bearssl.h"
#include "mf_gcm.h"

typedef struct {
    br_aes_ct_ctr_keys cipher;
    uint8_t hash_key[16];
} expanded_t;
_Static_assert(sizeof(expanded_t) <= sizeof(mf_gcm_key_t), "expanded key fits");

void mf_gcm_wipe(void *data, uint32_t size)
{
    volatile uint8_t *bytes = data;
    for (uint32_t i = 0; i < size; i++) {
        bytes[i] = 0;
    }
}

void mf_gcm_key_set(mf_gcm_key_t *key, const uint8_t secret[32])
{
    static const uint8_t zero[MF_GCM_IV_SIZE];
    expanded_t *expanded = (expanded_t *)key->opaque;
    memset(key, 0, sizeof(*key));
    br_aes_ct_ctr_init(&expanded->cipher, secret, MF_GCM_KEY_SIZE);
    /* The hash key is the cipher of the zero block (SP 800-38D section 7.1 step 1). */
    br_aes_ct_ctr_run(&expanded->cipher, zero, 0, expanded->hash_key, 16);
}

/* What br_gcm_init does, without computing the hash key anew for every frame. */
static void begin(br_gcm_context *gcm, const mf_gcm_key_t *key, const uint8_t *iv,
                  const uint8_t *aad, uint32_t aad_size)
{
    const expanded_t *expanded = (const expanded_t *)key->opaque;
    gcm->vtable = &br_gcm_vtable;
    gcm->bctx = (const br_block_ctr_class **)(uintptr_t)&expanded->cipher.vtable;
    gcm->gh = br_ghash_ctmul;
    memcpy(gcm->h, expanded->hash_key, sizeof(gcm->h));
    br_gcm_reset(gcm, iv, MF_GCM_IV_SIZE);
    br_gcm_aad_inject(gcm, aad, aad_size);
    br_gcm_flip(gcm);
}

void mf_gcm_seal(const mf_gcm_key_t *key, const uint8_t iv[12], const uint8_t *aad,
                 uint32_t aad_size, uint8_t *data, uint32_t size, uint8_t tag[16])
{
    br_gcm_context gcm;
    begin(&gcm, key, iv, aad, aad_size);
    br_gcm_run(&gcm, 1, data, size);
    br_gcm_get_tag(&gcm, tag);
    mf_gcm_wipe(&gcm, sizeof(gcm));
}

bool mf_gcm_open(const mf_gcm_key_t *key, const uint8_t iv[12], const uint8_t *aad,
                 uint32_t aad_size, uint8_t *data, uint32_t size, const uint8_t tag[16])
{
    br_gcm_context gcm;
    begin(&gcm, key, iv, aad, aad_size);
    br_gcm_run(&gcm, 0, data, size);
    bool right = br_gcm_check_tag(&gcm, tag) != 0;
    mf_gcm_wipe(&gcm, sizeof(gcm));
    if (!right) {
        mf_gcm_wipe(data, size);
    }
    return right;
}
