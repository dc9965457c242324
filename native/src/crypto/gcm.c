/* AES-256-GCM (NIST SP 800-38D section 7) from BearSSL's counter mode and GHASH, for nonces of 96
 * bits, with the expanded key and the hash key kept by the caller. */
#include "mf_gcm.h"

#include <string.h>

#include "bearssl.h"

#define BLOCK 16u

typedef struct {
    br_aes_ct_ctr_keys cipher;
    uint8_t hash_key[BLOCK];
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
    /* The hash key is the cipher of the zero block. */
    br_aes_ct_ctr_run(&expanded->cipher, zero, 0, expanded->hash_key, BLOCK);
}

/* Turn data in place, and give the mask of the tag, which is the key stream of counter 1; the data
 * begin at counter 2. The cipher makes two blocks at a time: the mask shares with the first. */
static void counter_mode(const expanded_t *key, const uint8_t *iv, uint8_t *data, uint32_t size,
                         uint8_t mask[BLOCK])
{
    uint8_t both[2u * BLOCK] = {0};
    uint32_t first = size < BLOCK ? size : BLOCK;
    memcpy(&both[BLOCK], data, first);
    br_aes_ct_ctr_run(&key->cipher, iv, 1, both, sizeof(both));
    memcpy(mask, both, BLOCK);
    memcpy(data, &both[BLOCK], first);
    if (size > first) {
        br_aes_ct_ctr_run(&key->cipher, iv, 3, &data[BLOCK], size - BLOCK);
    }
    mf_gcm_wipe(both, sizeof(both));
}

/* GHASH over the additional data, the cipher text, and the length of each; every part is padded with
 * zeros to whole blocks. */
static void hash(const expanded_t *key, const uint8_t *aad, uint32_t aad_size,
                 const uint8_t *cipher, uint32_t size, uint8_t out[BLOCK])
{
    const uint8_t lengths[BLOCK] = {
        0, 0, 0, (uint8_t)(aad_size >> 29), (uint8_t)(aad_size >> 21), (uint8_t)(aad_size >> 13),
        (uint8_t)(aad_size >> 5), (uint8_t)(aad_size << 3),
        0, 0, 0, (uint8_t)(size >> 29), (uint8_t)(size >> 21), (uint8_t)(size >> 13),
        (uint8_t)(size >> 5), (uint8_t)(size << 3),
    };
    memset(out, 0, BLOCK);
    br_ghash_ctmul(out, key->hash_key, aad, aad_size);
    br_ghash_ctmul(out, key->hash_key, cipher, size);
    br_ghash_ctmul(out, key->hash_key, lengths, BLOCK);
}

void mf_gcm_seal(const mf_gcm_key_t *key, const uint8_t iv[12], const uint8_t *aad,
                 uint32_t aad_size, uint8_t *data, uint32_t size, uint8_t tag[16])
{
    const expanded_t *expanded = (const expanded_t *)key->opaque;
    uint8_t mask[BLOCK], sum[BLOCK];
    counter_mode(expanded, iv, data, size, mask);
    hash(expanded, aad, aad_size, data, size, sum);
    for (uint32_t i = 0; i < BLOCK; i++) {
        tag[i] = sum[i] ^ mask[i];
    }
    mf_gcm_wipe(mask, sizeof(mask));
}

bool mf_gcm_open(const mf_gcm_key_t *key, const uint8_t iv[12], const uint8_t *aad,
                 uint32_t aad_size, uint8_t *data, uint32_t size, const uint8_t tag[16])
{
    const expanded_t *expanded = (const expanded_t *)key->opaque;
    uint8_t mask[BLOCK], sum[BLOCK];
    hash(expanded, aad, aad_size, data, size, sum);
    counter_mode(expanded, iv, data, size, mask);
    /* All octets are looked at, whatever the first ones say. */
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < BLOCK; i++) {
        wrong |= (uint32_t)(sum[i] ^ mask[i] ^ tag[i]);
    }
    mf_gcm_wipe(mask, sizeof(mask));
    if (wrong != 0) {
        mf_gcm_wipe(data, size);
        return false;
    }
    return true;
}
