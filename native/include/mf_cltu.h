/* Decoder of the telecommand channel: CLTU search, BCH(63,56), derandomiser (CCSDS 231.0-B-4).
 * Bytes of the demodulator go in one by one, at any bit alignment; what the code blocks of a CLTU
 * carried comes out when it ends. State is bounded, and so is the work per byte. */
#ifndef MF_CLTU_H
#define MF_CLTU_H

#include <stdbool.h>
#include <stdint.h>

#define MF_CLTU_BLOCK 8u      /* octets of a code block: 7 of data, then parity and filler bit */
#define MF_CLTU_BLOCK_DATA 7u

typedef struct {
    uint32_t starts;    /* start sequences */
    uint32_t blocks;    /* code blocks accepted */
    uint32_t corrected; /* of these, with one bit corrected */
    uint32_t ended;     /* CLTUs handed on */
    uint16_t empty;     /* start sequences without one good code block */
    uint16_t oversize;  /* CLTUs dropped because they do not fit the buffer */
} mf_cltu_counters_t;

typedef struct {
    uint8_t *out; /* the caller's, for the data of one CLTU */
    uint16_t capacity, used;
    bool correct;    /* correct single bits (SEC), else only detect errors (TED) */
    bool randomised; /* the sender randomises, before the BCH encoder */
    bool decoding;
    uint8_t offset;    /* bits of raw[0] that belong to the code block, 0..7 */
    uint8_t raw_count; /* bytes in raw */
    uint8_t raw[MF_CLTU_BLOCK + 1u];
    uint16_t history; /* search: the last bits */
    uint8_t history_bits;
    mf_cltu_counters_t *counters;
} mf_cltu_t;

void mf_cltu_reset(mf_cltu_t *cltu, uint8_t *out, uint16_t capacity, bool correct, bool randomised,
                   mf_cltu_counters_t *counters);
/* One received byte. Octets in `out` when a CLTU has ended with it, else 0. They are whole code
 * blocks: frames with their fill; valid until the next call. */
int mf_cltu_byte(mf_cltu_t *cltu, uint8_t byte);
/* The transfer or the bit lock ended. As mf_cltu_byte; the search starts afresh. */
int mf_cltu_end(mf_cltu_t *cltu);

/* Check a code block (section 3.3), correcting one wrong bit in place when `correct`. Returns bits
 * corrected (0 or 1) or MF_E_BADMSG. The filler bit is not part of the code. */
int mf_bch_check(uint8_t block[MF_CLTU_BLOCK], bool correct);
/* Octet `index` of the randomiser's sequence (section 6), which repeats after 255 octets. */
uint8_t mf_cltu_random(uint32_t index);

#endif
