/* Reception of TC frames (docs/icd/link.md section 2; CCSDS 232.0-B-4 section 4.1). */
#include <string.h>

#include "mf_link.h"

#define HEADER_SIZE 5u
#define SEGMENT_SIZE 1u
#define FECF_SIZE 2u
#define FRAME_MIN (HEADER_SIZE + SEGMENT_SIZE + 1u + FECF_SIZE)
#define PACKET_HEADER 6u
#define PACKET_MIN 7u

void mf_link_rx_reset(mf_link_rx_t *rx, mf_link_counters_t *counters, bool authenticated_only)
{
    memset(rx, 0, sizeof(*rx));
    rx->counters = counters;
    rx->authenticated_only = authenticated_only;
}

static int refuse(uint16_t *counter)
{
    (*counter)++;
    return MF_E_BADMSG;
}

int mf_link_rx_frame(mf_link_rx_t *rx, const uint8_t *frame, uint32_t size)
{
    mf_link_counters_t *counters = rx->counters;
    counters->rx_frames++;
    /* What is left of an earlier frame belongs to nobody any more. */
    rx->length = 0;
    rx->offset = 0;
    /* The FECF comes before every field: a damaged header must count as damage. Only the length
     * goes first, as it says where the FECF is. */
    if (size < FRAME_MIN || size > MF_TC_FRAME_MAX ||
        size != ((((uint32_t)frame[2] & 0x03u) << 8) | frame[3]) + 1u) {
        return refuse(&counters->rx_bad_length);
    }
    if (mf_crc16(0xFFFFu, frame, size) != 0) {
        return refuse(&counters->rx_bad_crc);
    }
    if ((frame[0] >> 6) != 0) {
        return refuse(&counters->rx_bad_version);
    }
    if (((((uint32_t)frame[0] & 0x03u) << 8) | frame[1]) != MF_SCID) {
        return refuse(&counters->rx_bad_scid);
    }
    /* Bypass 1, control 0, reserved 00: BD, the only type until FARM-1 flies. */
    if ((frame[0] & 0x3Cu) != 0x20u) {
        return refuse(&counters->rx_bad_type);
    }
    uint8_t vc = frame[2] >> 2;
    if (vc >= MF_VC_COUNT) {
        return refuse(&counters->rx_bad_vc);
    }
    /* Unsegmented, MAP 0. */
    if (frame[HEADER_SIZE] != 0xC0u) {
        return refuse(&counters->rx_bad_segment);
    }
    if (rx->authenticated_only) {
        return refuse(&counters->rx_unauthenticated);
    }
    uint32_t length = size - HEADER_SIZE - SEGMENT_SIZE - FECF_SIZE;
    memcpy(rx->data, &frame[HEADER_SIZE + SEGMENT_SIZE], length);
    rx->length = (uint16_t)length;
    rx->vc = vc;
    rx->farm_b[vc]++;
    return (int)length;
}

int mf_link_rx_packet(mf_link_rx_t *rx, uint8_t *out, uint32_t size)
{
    uint32_t left = (uint32_t)rx->length - rx->offset;
    if (left == 0) {
        return 0;
    }
    const uint8_t *packet = &rx->data[rx->offset];
    uint32_t length = 0;
    if (left >= PACKET_MIN) {
        length = (((uint32_t)packet[4] << 8) | packet[5]) + PACKET_HEADER + 1u;
    }
    /* Version 0 and type telecommand (CCSDS 133.0-B-2 section 4.1.3), whole and deliverable. */
    if (length == 0 || length > left || length > size || length > MF_PACKET_MAX ||
        (packet[0] & 0xF0u) != 0x10u) {
        rx->length = 0;
        rx->offset = 0;
        return refuse(&rx->counters->rx_bad_packet);
    }
    memcpy(out, packet, length);
    rx->offset = (uint16_t)(rx->offset + length);
    rx->counters->rx_packets++;
    return (int)length;
}
