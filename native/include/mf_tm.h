/* Composition of telemetry transfer frames (CCSDS 132.0-B-3; docs/link.md). Packets of a virtual
 * channel go into its open frame and may span frames. A channel with a security association is
 * protected as its frame is closed. */
#ifndef MF_TM_H
#define MF_TM_H

#include <stdint.h>

#include "mf_tc.h"

#define MF_TM_VC_IDLE 7u /* frames that carry a CLCW and nothing else */

typedef struct {
    uint8_t data[MF_TM_DATA_SIZE];
    uint16_t capacity;     /* octets of data in a frame: 211, or 181 of a protected one */
    uint16_t used;
    uint16_t carry;        /* octets at the start that end the previous frame's idle packet */
    uint16_t first_header; /* offset of the first packet header in data, 0x7FF none */
    uint16_t spi;          /* 0: in clear */
    uint8_t count;
} mf_tm_vc_t;

typedef struct {
    mf_tm_vc_t vc[MF_VC_COUNT];
    mf_tc_t *tc; /* for the CLCW */
    mf_sdls_t *sdls;
    uint32_t frames, packets, idle_frames; /* composed; frames with the idle ones */
    uint16_t unprotected;                  /* frames not made because protection failed */
    uint16_t idle_packets;                 /* their sequence count */
    uint8_t master_count, idle_count;
    uint8_t clcw_vc; /* the CLCW reports the channels in turn, those with news first */
} mf_tm_t;

void mf_tm_reset(mf_tm_t *tm, mf_tc_t *tc, mf_sdls_t *sdls);
/* Drop what is in the open frames: whoever was filling them is gone. Counts go on. */
void mf_tm_abandon(mf_tm_t *tm);
/* Protect the frames of a channel with an association, before anything is pushed. */
void mf_tm_secure(mf_tm_t *tm, uint8_t vc, uint16_t spi);
/* Append packet bytes [offset, size) to the channel's open frame; returns how many were taken (fewer
 * when the frame is full: compose it with _frame, then go on), or MF_E_INVAL. `offset` 0 marks the
 * start of a packet. */
int mf_tm_push(mf_tm_t *tm, uint8_t vc, const uint8_t *packet, uint32_t offset, uint32_t size);
/* Bytes waiting in the channel's open frame, or MF_E_INVAL. */
int mf_tm_pending(const mf_tm_t *tm, uint8_t vc);
/* Complete the open frame (idle packet as fill). Returns 223; 0 when the channel has nothing
 * pending; MF_E_INVAL, MF_E_STALE, MF_E_IO when it could not be protected: the data stay. */
int mf_tm_frame(mf_tm_t *tm, uint8_t vc, uint8_t out[MF_TM_FRAME_SIZE]);
/* A frame of the idle channel. */
void mf_tm_idle(mf_tm_t *tm, uint8_t out[MF_TM_FRAME_SIZE]);

#endif
