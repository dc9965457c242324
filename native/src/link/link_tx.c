/* Composition of TM frames (docs/icd/link.md section 3; CCSDS 132.0-B-3 section 4.1). */
#include <string.h>

#include "mf_link.h"

#define HEADER_SIZE 6u
#define NO_PACKET_STARTS 0x7FFu
#define IDLE_APID 0x7FFu
#define IDLE_PACKET_MIN 7u
#define IDLE_FILL 0x55u /* alternating bits keep a receiver's bit clock alive */

static void open_frame(mf_link_tx_vc_t *vc)
{
    vc->used = 0;
    vc->carry = 0;
    vc->first_header = NO_PACKET_STARTS;
}

void mf_link_tx_reset(mf_link_tx_t *tx, mf_link_rx_t *rx, mf_link_counters_t *counters)
{
    memset(tx, 0, sizeof(*tx));
    tx->rx = rx;
    tx->counters = counters;
    for (uint32_t i = 0; i < MF_VC_COUNT; i++) {
        open_frame(&tx->vc[i]);
    }
}

int mf_link_tx_push(mf_link_tx_t *tx, uint8_t vc, const uint8_t *packet, uint32_t offset,
                    uint32_t size)
{
    if (vc >= MF_VC_COUNT || size > MF_PACKET_MAX || offset > size) {
        return MF_E_INVAL;
    }
    mf_link_tx_vc_t *channel = &tx->vc[vc];
    uint32_t room = MF_TM_DATA_SIZE - channel->used;
    uint32_t taken = size - offset;
    if (taken > room) {
        taken = room;
    }
    if (taken == 0) {
        return 0;
    }
    if (offset == 0 && channel->first_header == NO_PACKET_STARTS) {
        channel->first_header = channel->used;
    }
    memcpy(&channel->data[channel->used], &packet[offset], taken);
    channel->used = (uint16_t)(channel->used + taken);
    if (offset + taken == size) {
        tx->counters->tx_packets++;
    }
    return (int)taken;
}

int mf_link_tx_pending(const mf_link_tx_t *tx, uint8_t vc)
{
    if (vc >= MF_VC_COUNT) {
        return MF_E_INVAL;
    }
    return tx->vc[vc].used - tx->vc[vc].carry;
}

/* Idle packet (CCSDS 133.0-B-2 section 4.1.3.3.4.4) from the end of the data to the end of the
 * frame. Where fewer than its seven bytes are left, its end is carried into the next frame.
 * Returns the number of bytes carried, which are put into `rest`. */
static uint32_t fill(mf_link_tx_t *tx, mf_link_tx_vc_t *channel, uint8_t rest[IDLE_PACKET_MIN])
{
    uint32_t room = MF_TM_DATA_SIZE - channel->used;
    if (room == 0) {
        return 0;
    }
    uint32_t length = room < IDLE_PACKET_MIN ? IDLE_PACKET_MIN : room;
    uint32_t count = tx->idle_count;
    tx->idle_count = (uint16_t)((count + 1u) & 0x3FFFu);
    uint32_t size_field = length - IDLE_PACKET_MIN;
    const uint8_t header[IDLE_PACKET_MIN] = {
        (uint8_t)(IDLE_APID >> 8), (uint8_t)(IDLE_APID & 0xFFu),   (uint8_t)(0xC0u | (count >> 8)),
        (uint8_t)count,            (uint8_t)(size_field >> 8), (uint8_t)size_field,
        IDLE_FILL,
    };
    if (channel->first_header == NO_PACKET_STARTS) {
        channel->first_header = channel->used;
    }
    uint32_t first = room < IDLE_PACKET_MIN ? room : IDLE_PACKET_MIN;
    memset(&channel->data[channel->used], IDLE_FILL, room);
    memcpy(&channel->data[channel->used], header, first);
    memcpy(rest, &header[first], IDLE_PACKET_MIN - first);
    return length - room;
}

/* CLCW (CCSDS 232.0-B-4 section 4.2.1): COP-1 in effect, no flags, FARM-B counter of the channel.
 * The channels take turns, so that every sender sees its own. */
static void put_clcw(mf_link_tx_t *tx, uint8_t out[4])
{
    uint8_t vc = tx->clcw_vc;
    tx->clcw_vc = (uint8_t)((vc + 1u) % MF_VC_COUNT);
    out[0] = 0x01u;
    out[1] = (uint8_t)(vc << 2);
    out[2] = (uint8_t)((tx->rx->farm_b[vc] & 0x03u) << 1);
    out[3] = tx->rx->report_value[vc];
}

int mf_link_tx_frame(mf_link_tx_t *tx, uint8_t vc, uint8_t out[MF_TM_FRAME_SIZE])
{
    if (vc >= MF_VC_COUNT) {
        return MF_E_INVAL;
    }
    mf_link_tx_vc_t *channel = &tx->vc[vc];
    if (channel->used == channel->carry) {
        return 0;
    }
    uint8_t rest[IDLE_PACKET_MIN];
    uint32_t carried = fill(tx, channel, rest);
    /* Version 0, SCID, VC, OCF present. */
    uint32_t id = (MF_SCID << 4) | ((uint32_t)vc << 1) | 1u;
    out[0] = (uint8_t)(id >> 8);
    out[1] = (uint8_t)id;
    out[2] = tx->master_count++;
    out[3] = channel->count++;
    /* No secondary header, packets in order, segment length identifier 11, first header pointer. */
    out[4] = (uint8_t)(0x18u | (channel->first_header >> 8));
    out[5] = (uint8_t)channel->first_header;
    memcpy(&out[HEADER_SIZE], channel->data, MF_TM_DATA_SIZE);
    put_clcw(tx, &out[HEADER_SIZE + MF_TM_DATA_SIZE]);
    uint16_t crc = mf_crc16(0xFFFFu, out, MF_TM_FRAME_SIZE - 2u);
    out[MF_TM_FRAME_SIZE - 2u] = (uint8_t)(crc >> 8);
    out[MF_TM_FRAME_SIZE - 1u] = (uint8_t)crc;
    tx->counters->tx_frames++;
    open_frame(channel);
    memcpy(channel->data, rest, carried);
    channel->used = (uint16_t)carried;
    channel->carry = (uint16_t)carried;
    return (int)MF_TM_FRAME_SIZE;
}
