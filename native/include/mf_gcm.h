/* AES-256-GCM (NIST SP 800-38D) with 96-bit nonces and 128-bit tags, in constant time: no branch
 * and no table index depends on a key or on data. The block cipher and the hash are BearSSL's
 * (aes_ct, ghash_ctmul), pinned and fetched by boards/obc_f405/third_party.toml. */
#ifndef MF_GCM_H
#define MF_GCM_H

#include <stdbool.h>
#include <stdint.h>

#define MF_GCM_KEY_SIZE 32u
#define MF_GCM_IV_SIZE 12u
#define MF_GCM_TAG_SIZE 16u

/* Expanded key and hash key. Secret: never telemetered, cleared with mf_gcm_wipe. */
typedef struct {
    uint64_t opaque[34];
} mf_gcm_key_t;

/* Expand a key of 32 bytes. About 9 000 instructions: done once, not per frame. */
void mf_gcm_key_set(mf_gcm_key_t *key, const uint8_t secret[32]);
/* Clear `size` bytes in a way that no compiler removes. */
void mf_gcm_wipe(void *data, uint32_t size);

/* Encrypt data[size] in place and write its tag. A nonce must never come twice with one key. */
void mf_gcm_seal(const mf_gcm_key_t *key, const uint8_t iv[12], const uint8_t *aad,
                 uint32_t aad_size, uint8_t *data, uint32_t size, uint8_t tag[16]);
/* Decrypt data[size] in place. True when the tag is right; otherwise data is zeroed. */
bool mf_gcm_open(const mf_gcm_key_t *key, const uint8_t iv[12], const uint8_t *aad,
                 uint32_t aad_size, uint8_t *data, uint32_t size, const uint8_t tag[16]);

#endif
