/* Space data link security (CCSDS 355.0-B-2) with AES-256-GCM; docs/link.md.
 * A security association (SA) is bound to one virtual channel, one direction and one key. The IV
 * is a 96-bit counter and at once the anti-replay sequence number. */
#ifndef MF_SDLS_H
#define MF_SDLS_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_keys.h"

#define MF_SA_COUNT 10u
#define MF_SDLS_HEADER 14u  /* SPI 2, IV 12 */
#define MF_SDLS_TRAILER 16u /* tag */
#define MF_SDLS_TC_DATA 20u /* offset of the data in a TC frame: 5 + segment header + SPI + IV */
#define MF_SDLS_TM_DATA 20u /* offset of the data in a TM frame: 6 + SPI + IV */
#define MF_SDLS_TM_DATA_SIZE 181u
#define MF_SDLS_MAPS 16u

enum mf_sa_state {
    MF_SA_NONE = 0,
    MF_SA_UNKEYED,
    MF_SA_KEYED,
    MF_SA_OPERATIONAL,
};
enum mf_sa_direction { MF_SA_TC = 0, MF_SA_TM = 1 };

/* Why a frame is refused, in the order of the checks. */
enum mf_sdls_result {
    MF_SDLS_GOOD = 0,
    MF_SDLS_SHORT,           /* no room for header, trailer and one octet */
    MF_SDLS_UNKNOWN_SPI,     /* none of ours, or one of the other direction */
    MF_SDLS_NOT_OPERATIONAL, /* the SA is stopped or its key is not active */
    MF_SDLS_WRONG_CHANNEL,   /* the SA is bound to another VC or MAP */
    MF_SDLS_EXPIRED,         /* the counter has come to its end: a new key is needed */
    MF_SDLS_REPLAYED,        /* at or below the last accepted IV */
    MF_SDLS_BEYOND_WINDOW,   /* too far ahead of it */
    MF_SDLS_BAD_TAG,
    MF_SDLS_NOT_SAVED,       /* verified, but the counter could not be persisted */
};

typedef struct {
    uint32_t high;
    uint64_t low;
} mf_iv_t;

/* Persist that no IV below `iv` of `generation` may be accepted or sent again. 0, or negative when
 * it is not certain that it will be read back after a loss of power. */
typedef int (*mf_sdls_save_t)(void *context, uint32_t index, uint16_t spi, uint32_t generation,
                              const uint8_t iv[12]);

typedef struct {
    uint16_t spi;
    uint16_t map_mask; /* TC: bit per MAP */
    uint16_t reserve;  /* counters reserved by one save; 1: every frame is saved */
    uint8_t state, direction, vc, slot;
    uint32_t window;
    uint32_t generation; /* counts keys of this SA */
    mf_iv_t next;        /* lowest IV to be accepted, or next to be sent */
    mf_iv_t reserved;    /* persisted; next never passes it */
    uint32_t frames;     /* accepted or sent since the reset */
} mf_sa_t;

typedef struct {
    mf_sa_t sa[MF_SA_COUNT];
    mf_keys_t *keys;
    mf_sdls_save_t save;
    void *context;
} mf_sdls_t;

/* A verified frame, to be committed. */
typedef struct {
    uint8_t index; /* of the SA */
    mf_iv_t iv;
} mf_sdls_accept_t;

void mf_sdls_reset(mf_sdls_t *sdls, mf_keys_t *keys, mf_sdls_save_t save, void *context);
/* Add an SA, unkeyed; its index. SPI 0 and 0xFFFF are reserved. A TC window must be larger than
 * `reserve`, or a reset could lock the sender out. MF_E_INVAL, MF_E_BUSY (SPI known), MF_E_NOSPC. */
int mf_sdls_add(mf_sdls_t *sdls, uint16_t spi, enum mf_sa_direction direction, uint8_t vc,
                uint16_t map_mask, uint32_t window, uint16_t reserve);
/* Give it an active key that no other SA has; unkeyed or keyed becomes keyed. MF_E_INVAL; MF_E_BUSY:
 * operational (stop it first) or the key has an owner. */
int mf_sdls_set_key(mf_sdls_t *sdls, uint16_t spi, uint32_t slot);
/* Keyed becomes operational. `start`: a new key, the counter begins at 0, which is saved first.
 * `resume`: the same key after a reset, from the persisted counter. `generation` has to grow with
 * every new key. MF_E_INVAL; MF_E_IO when not saved. */
int mf_sdls_start(mf_sdls_t *sdls, uint16_t spi, uint32_t generation);
int mf_sdls_resume(mf_sdls_t *sdls, uint16_t spi, uint32_t generation, const uint8_t iv[12]);
int mf_sdls_stop(mf_sdls_t *sdls, uint16_t spi); /* operational becomes keyed */
/* Forget the key; it becomes unkeyed. */
int mf_sdls_expire(mf_sdls_t *sdls, uint16_t spi);
const mf_sa_t *mf_sdls_find(const mf_sdls_t *sdls, uint16_t spi); /* NULL: none */

/* Verify a TC frame (whole, FECF included and checked) and decrypt it in place at MF_SDLS_TC_DATA.
 * Changes no state: commit, or forget it. Returns enum mf_sdls_result; *size is the length of the
 * data. A frame with a wrong tag has its data zeroed. */
int mf_sdls_verify_tc(const mf_sdls_t *sdls, uint8_t *frame, uint32_t frame_size, uint32_t *size,
                      mf_sdls_accept_t *accept);
/* Persist where needed, then advance the counter. MF_SDLS_GOOD; MF_SDLS_NOT_SAVED, or
 * MF_SDLS_REPLAYED when another frame has passed it meanwhile: nothing has changed, and the frame
 * must not be used. */
int mf_sdls_commit(mf_sdls_t *sdls, const mf_sdls_accept_t *accept);
/* Protect a TM frame of 223 octets in place: header and data (181 octets at MF_SDLS_TM_DATA) are
 * there; SPI, IV and tag are put in. OCF and FECF come after. MF_OK; MF_E_INVAL: no operational SA;
 * MF_E_STALE: expired; MF_E_IO: not saved, nothing sent. */
int mf_sdls_protect_tm(mf_sdls_t *sdls, uint16_t spi, uint8_t frame[223]);

void mf_iv_put(const mf_iv_t *iv, uint8_t out[12]); /* big-endian */
mf_iv_t mf_iv_get(const uint8_t in[12]);

#endif
