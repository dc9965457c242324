/* Space link, C part: CRC, TC frame reception, TM frame composition.
 * Layouts: docs/icd/link.md (CCSDS 232.0-B-4, 132.0-B-3, 133.0-B-2). Coding, FARM and SDLS come as
 * further stages between the bytes and these functions; the Python API does not change. */
#ifndef MF_LINK_H
#define MF_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_status.h"

#define MF_SCID 0x2A5u
#define MF_TM_FRAME_SIZE 223u
#define MF_TM_DATA_SIZE 211u /* 223 - 6 header - 4 OCF - 2 FECF */
#define MF_TC_FRAME_MAX 256u
#define MF_VC_COUNT 4u /* TM and TC virtual channels = owners: host, EC, IR, BY */
#define MF_PACKET_MAX 1024u

uint16_t mf_crc16(uint16_t crc, const uint8_t *data, uint32_t size); /* CCITT-FALSE, init 0xFFFF */
uint32_t mf_crc32(uint32_t crc, const uint8_t *data, uint32_t size); /* IEEE 802.3, init 0 */

/* Little-endian image, packet link_counters. Every refusal has its own counter. */
typedef struct {
    uint32_t rx_frames, rx_packets;
    uint16_t rx_bad_length, rx_bad_crc, rx_bad_version, rx_bad_scid, rx_bad_vc, rx_bad_type,
        rx_bad_segment, rx_bad_packet, rx_unauthenticated, spare;
    uint32_t tx_frames, tx_packets;
} mf_link_counters_t;
_Static_assert(sizeof(mf_link_counters_t) == 36, "link counters layout");

typedef struct {
    uint8_t data[MF_TC_FRAME_MAX]; /* data field of the accepted frame */
    uint16_t length, offset;
    uint8_t vc;
    bool authenticated_only; /* flight build: plain frames are refused */
    mf_link_counters_t *counters;
    uint8_t farm_b[MF_VC_COUNT];       /* BD frames accepted, low two bits go into the CLCW */
    uint8_t report_value[MF_VC_COUNT]; /* V(R); 0 until FARM-1 flies */
} mf_link_rx_t;

void mf_link_rx_reset(mf_link_rx_t *rx, mf_link_counters_t *counters, bool authenticated_only);
/* One received TC frame (BD, with FECF). Number of data bytes accepted, or negative: counted. */
int mf_link_rx_frame(mf_link_rx_t *rx, const uint8_t *frame, uint32_t size);
/* Next whole space packet of the accepted frame: its length, 0 none left, negative malformed
 * (counted; rest of the frame dropped). */
int mf_link_rx_packet(mf_link_rx_t *rx, uint8_t *out, uint32_t size);

typedef struct {
    uint8_t data[MF_TM_DATA_SIZE];
    uint16_t used;
    uint16_t carry;        /* bytes at the start that end the previous frame's idle packet */
    uint16_t first_header; /* offset of the first packet header in data, 0x7FF none */
    uint8_t count;
} mf_link_tx_vc_t;

typedef struct {
    mf_link_tx_vc_t vc[MF_VC_COUNT];
    uint8_t master_count;
    uint8_t clcw_vc; /* the CLCW reports the virtual channels in turn */
    uint16_t idle_count;
    mf_link_rx_t *rx; /* for the CLCW */
    mf_link_counters_t *counters;
} mf_link_tx_t;

void mf_link_tx_reset(mf_link_tx_t *tx, mf_link_rx_t *rx, mf_link_counters_t *counters);
/* Append packet bytes [offset, size) to the virtual channel's open frame; returns how many were
 * taken (fewer when the frame is full: compose it with _frame, then go on), or negative.
 * `offset` 0 marks the start of a packet. Packets span frames. */
int mf_link_tx_push(mf_link_tx_t *tx, uint8_t vc, const uint8_t *packet, uint32_t offset,
                    uint32_t size);
/* Bytes waiting in the channel's open frame (0..211), or MF_E_INVAL. */
int mf_link_tx_pending(const mf_link_tx_t *tx, uint8_t vc);
/* Complete the open frame (idle packet as fill) into out[223]. Returns 223, or 0 when the channel
 * has nothing pending. */
int mf_link_tx_frame(mf_link_tx_t *tx, uint8_t vc, uint8_t out[MF_TM_FRAME_SIZE]);

#endif
