/* Scrubbing of code in flash: a CRC in slices, so that one never takes long. */
#ifndef MF_SCRUB_H
#define MF_SCRUB_H

#include <stdint.h>

#include "mf_status.h"

/* A pass takes as many slices as the largest image would: of a smaller one the last are empty. So
 * passes come alike in every world. */
#define MF_SCRUB_SPAN (448u * 1024u)

typedef struct {
    const uint8_t *data;
    uint32_t size, expected; /* CRC-32 (IEEE 802.3) of all of it */
    uint32_t at, crc;
} mf_scrub_t;

/* A pass over `data[0:size]`, size up to MF_SCRUB_SPAN (what lies beyond is left out), begins. */
void mf_scrub_begin(mf_scrub_t *scrub, const uint8_t *data, uint32_t size, uint32_t expected);
/* The next `size` bytes (at least 1). 0: the pass goes on. 1: it ended, the CRC is as expected.
 * MF_E_BADMSG: it ended, and is not. After either the next pass begins. */
int mf_scrub_step(mf_scrub_t *scrub, uint32_t size);

#endif
