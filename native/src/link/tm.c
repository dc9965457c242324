/* Composition of TM frames (docs/link.md; CCSDS 132.0-B-3 section 4.1). */
#include "mf_tm.h"

#include <string.h>

#define HEADER_SIZE 6u
#define OCF_SIZE 4u
#define FECF_SIZE 2u
#define NO_PACKET_STARTS 0x7FFu
#define ONLY_IDLE 0x7FEu
#define IDLE_APID 0x7FFu
#define IDLE_PACKET_MIN 7u
#define IDLE_FILL 0x55u /* alternating bits keep a receiver's bit clock alive */

static void open_frame(mf_tm_vc_t *vc)
{
    vc->used = 0;
    vc->carry = 0;
    vc->first_header = NO_PACKET_STARTS;
}

void mf_tm_reset(mf_tm_t *tm, mf_tc_t *tc, mf_sdls_t *sdls)
{
    memset(tm, 0, sizeof(*tm));
    tm->tc = tc;
    tm->sdls = sdls;
    for (uint32_t i = 0; i < MF_VC_COUNT; i++) {
        tm->vc[i].capacity = MF_TM_DATA_SIZE;
        open_frame(&tm->vc[i]);
    }
}

void mf_tm_abandon(mf_tm_t *tm)
{
    for (uint32_t i = 0; i < MF_VC_COUNT; i++) {
        open_frame(&tm->vc[i]);
    }
}

void mf_tm_secure(mf_tm_t *tm, uint8_t vc, uint16_t spi)
{
    if (vc < MF_VC_COUNT && tm->vc[vc].used == 0) {
        tm->vc[vc].spi = spi;
        tm->vc[vc].capacity = MF_SDLS_TM_DATA_SIZE;
    }
}

int mf_tm_push(mf_tm_t *tm, uint8_t vc, const uint8_t *packet, uint32_t offset, uint32_t size)
{
    if (vc >= MF_VC_COUNT || size > MF_PACKET_MAX || offset > size) {
        return MF_E_INVAL;
    }
    mf_tm_vc_t *channel = &tm->vc[vc];
    uint32_t room = (uint32_t)channel->capacity - channel->used;
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
        tm->packets++;
    }
    return (int)taken;
}

int mf_tm_pending(const mf_tm_t *tm, uint8_t vc)
{
    if (vc >= MF_VC_COUNT) {
        return MF_E_INVAL;
    }
    return tm->vc[vc].used - tm->vc[vc].carry;
}

/* Data field: what is waiting, then an idle packet (CCSDS 133.0-B-2 section 4.1.3.3.4.4) to the end.
 * Where fewer than its seven octets are left, its end is carried into the next frame: `rest`, of
 * which the number of octets is returned. Changes nothing but `out`. */
static uint32_t put_data(const mf_tm_vc_t *channel, uint32_t count, uint8_t *out,
                         uint8_t rest[IDLE_PACKET_MIN])
{
    uint32_t room = (uint32_t)channel->capacity - channel->used;
    memcpy(out, channel->data, channel->used);
    if (room == 0) {
        return 0;
    }
    uint32_t length = room < IDLE_PACKET_MIN ? IDLE_PACKET_MIN : room;
    uint32_t size_field = length - IDLE_PACKET_MIN;
    const uint8_t header[IDLE_PACKET_MIN] = {
        (uint8_t)(IDLE_APID >> 8), (uint8_t)(IDLE_APID & 0xFFu), (uint8_t)(0xC0u | (count >> 8)),
        (uint8_t)count,            (uint8_t)(size_field >> 8),   (uint8_t)size_field,
        IDLE_FILL,
    };
    uint32_t first = room < IDLE_PACKET_MIN ? room : IDLE_PACKET_MIN;
    memset(&out[channel->used], IDLE_FILL, room);
    memcpy(&out[channel->used], header, first);
    memcpy(rest, &header[first], IDLE_PACKET_MIN - first);
    return length - room;
}

/* Version 0, SCID, VC, OCF present; no secondary header, packets in order, segment length identifier
 * 11, first header pointer. */
static void put_header(const mf_tm_t *tm, uint8_t vc, uint8_t count, uint32_t first_header,
                       uint8_t *out)
{
    uint32_t id = (MF_SCID << 4) | ((uint32_t)vc << 1) | 1u;
    out[0] = (uint8_t)(id >> 8);
    out[1] = (uint8_t)id;
    out[2] = tm->master_count;
    out[3] = count;
    out[4] = (uint8_t)(0x18u | (first_header >> 8));
    out[5] = (uint8_t)first_header;
}

/* CLCW, then the FECF over everything before it. */
static void close_frame(mf_tm_t *tm, uint8_t *out)
{
    uint8_t vc = tm->clcw_vc;
    for (uint32_t i = 0; i < MF_VC_COUNT; i++) {
        uint8_t next = (uint8_t)((tm->clcw_vc + i) % MF_VC_COUNT);
        if ((tm->tc->news >> next & 1u) != 0) {
            vc = next;
            break;
        }
    }
    tm->tc->news = (uint8_t)(tm->tc->news & ~(1u << vc));
    tm->clcw_vc = (uint8_t)((vc + 1u) % MF_VC_COUNT);
    uint8_t *ocf = &out[MF_TM_FRAME_SIZE - FECF_SIZE - OCF_SIZE];
    mf_farm_clcw(&tm->tc->vc[vc].farm, vc, false, false, ocf);
    uint16_t crc = mf_crc16(0xFFFFu, out, MF_TM_FRAME_SIZE - FECF_SIZE);
    out[MF_TM_FRAME_SIZE - 2u] = (uint8_t)(crc >> 8);
    out[MF_TM_FRAME_SIZE - 1u] = (uint8_t)crc;
    tm->master_count++;
    tm->frames++;
}

int mf_tm_frame(mf_tm_t *tm, uint8_t vc, uint8_t out[MF_TM_FRAME_SIZE])
{
    if (vc >= MF_VC_COUNT) {
        return MF_E_INVAL;
    }
    mf_tm_vc_t *channel = &tm->vc[vc];
    if (channel->used == channel->carry) {
        return 0;
    }
    uint8_t rest[IDLE_PACKET_MIN];
    bool idle = channel->used < channel->capacity;
    uint32_t first_header = channel->first_header;
    if (idle && first_header == NO_PACKET_STARTS) {
        first_header = channel->used;
    }
    put_header(tm, vc, channel->count, first_header, out);
    uint8_t *data = &out[channel->spi != 0 ? MF_SDLS_TM_DATA : HEADER_SIZE];
    uint32_t carried = put_data(channel, tm->idle_packets, data, rest);
    if (channel->spi != 0) {
        int status = mf_sdls_protect_tm(tm->sdls, channel->spi, out);
        if (status < 0) {
            tm->unprotected++;
            mf_gcm_wipe(out, MF_TM_FRAME_SIZE);
            return status;
        }
    }
    if (idle) {
        tm->idle_packets = (uint16_t)((tm->idle_packets + 1u) & 0x3FFFu);
    }
    channel->count++;
    close_frame(tm, out);
    open_frame(channel);
    memcpy(channel->data, rest, carried);
    channel->used = (uint16_t)carried;
    channel->carry = (uint16_t)carried;
    return (int)MF_TM_FRAME_SIZE;
}

void mf_tm_idle(mf_tm_t *tm, uint8_t out[MF_TM_FRAME_SIZE])
{
    put_header(tm, MF_TM_VC_IDLE, tm->idle_count++, ONLY_IDLE, out);
    memset(&out[HEADER_SIZE], IDLE_FILL, MF_TM_DATA_SIZE);
    tm->idle_frames++;
    close_frame(tm, out);
}
