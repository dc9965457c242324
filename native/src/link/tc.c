/* Reception of secured telecommand frames (CCSDS 232.0-B-4 section 4.1, 232.1-B-2, 355.0-B-2). */
#include "mf_tc.h"

#include <stddef.h>
#include <string.h>

#include "mf_status.h"

#define HEADER 5u
#define FECF 2u
#define FRAME_MIN (HEADER + 1u + FECF)
#define PACKET_HEADER 6u
#define PACKET_MIN 7u
#define APID_IDLE 0x7FFu

int mf_tc_reset(mf_tc_t *tc, mf_sdls_t *sdls, uint32_t window)
{
    memset(tc, 0, sizeof(*tc));
    tc->sdls = sdls;
    for (uint32_t i = 0; i < MF_VC_COUNT; i++) {
        int status = mf_farm_reset(&tc->vc[i].farm, window);
        if (status != MF_OK) {
            return status;
        }
        tc->vc[i].tokens = MF_TC_CONTROL_BURST;
    }
    return MF_OK;
}

void mf_tc_set_apids(mf_tc_t *tc, uint8_t vc, uint16_t base, uint16_t count)
{
    if (vc < MF_VC_COUNT) {
        tc->vc[vc].apid_base = base;
        tc->vc[vc].apid_count = count;
    }
}

uint32_t mf_tc_frame_size(const uint8_t header[5])
{
    return (((uint32_t)header[2] & 0x03u) << 8 | header[3]) + 1u;
}

static int refuse(mf_tc_t *tc, uint16_t *counters, uint32_t refusal)
{
    counters[refusal]++;
    tc->refusal = (uint8_t)refusal;
    return MF_E_BADMSG;
}

/* Unauthenticated by the standard: bounded per channel, so that a storm on one channel costs the
 * others nothing, and harmless, since the next secured frame of the owner needs only an N(S). */
static int control(mf_tc_t *tc, mf_tc_vc_t *vc, const uint8_t *frame, uint32_t size,
                   uint64_t now_us)
{
    mf_farm_verdict_t verdict;
    if (mf_farm_decide_bc(&vc->farm, &frame[HEADER], size - HEADER - FECF, &verdict) != MF_OK) {
        return refuse(tc, vc->refused, MF_TC_BAD_CONTROL);
    }
    while (vc->tokens < MF_TC_CONTROL_BURST &&
           now_us - vc->refilled_us >= MF_TC_CONTROL_PERIOD_US) {
        vc->tokens++;
        vc->refilled_us += MF_TC_CONTROL_PERIOD_US;
    }
    if (vc->tokens == MF_TC_CONTROL_BURST) {
        vc->refilled_us = now_us;
    }
    if (vc->tokens == 0) {
        return refuse(tc, vc->refused, MF_TC_CONTROL_RATE);
    }
    vc->tokens--;
    mf_farm_commit(&vc->farm, &verdict);
    vc->frames_bc++;
    tc->news |= (uint8_t)(1u << (frame[2] >> 2));
    return 0;
}

/* Why FARM does not accept an AD frame. */
static uint32_t dropped(const mf_farm_t *farm, const mf_farm_verdict_t *verdict)
{
    if (farm->lockout || verdict->event == MF_FARM_E5_OUTSIDE) {
        return MF_TC_FARM_LOCKOUT;
    }
    if (verdict->event == MF_FARM_E4_BEHIND) {
        return MF_TC_FARM_DUPLICATE;
    }
    if (farm->wait || verdict->event == MF_FARM_E2_NO_BUFFER) {
        return MF_TC_FARM_WAIT;
    }
    return MF_TC_FARM_AHEAD;
}

static int data_frame(mf_tc_t *tc, mf_tc_vc_t *vc, uint8_t *frame, uint32_t size, bool bypass)
{
    /* Sequence flags 11: a frame carries whole packets, nothing is ever reassembled. */
    if (frame[HEADER] >> 6 != 3u) {
        return refuse(tc, vc->refused, MF_TC_BAD_SEGMENT);
    }
    bool buffer_free = tc->offset == tc->length;
    mf_farm_verdict_t verdict;
    if (bypass) {
        if (!buffer_free) {
            return refuse(tc, vc->refused, MF_TC_BUSY);
        }
        mf_farm_decide_bd(&vc->farm, &verdict);
    } else {
        mf_farm_decide_ad(&vc->farm, frame[4], buffer_free, &verdict);
    }
    if (!verdict.accept && !verdict.changes) {
        return refuse(tc, vc->refused, dropped(&vc->farm, &verdict));
    }
    /* Also a frame that only sets a flag has to be genuine: nobody else can lock a channel. */
    uint32_t length;
    mf_sdls_accept_t accept;
    int result = mf_sdls_verify_tc(tc->sdls, frame, size, &length, &accept);
    if (result != MF_SDLS_GOOD) {
        return refuse(tc, vc->refused, MF_TC_SDLS_SHORT + (uint32_t)result - MF_SDLS_SHORT);
    }
    if (!verdict.accept) {
        uint32_t refusal = dropped(&vc->farm, &verdict);
        mf_gcm_wipe(&frame[MF_SDLS_TC_DATA], length);
        mf_farm_commit(&vc->farm, &verdict); /* flags only: the IV can still be used */
        tc->news |= (uint8_t)(1u << (frame[2] >> 2));
        return refuse(tc, vc->refused, refusal);
    }
    result = mf_sdls_commit(tc->sdls, &accept);
    if (result != MF_SDLS_GOOD) {
        mf_gcm_wipe(&frame[MF_SDLS_TC_DATA], length);
        return refuse(tc, vc->refused, MF_TC_SDLS_SHORT + (uint32_t)result - MF_SDLS_SHORT);
    }
    mf_farm_commit(&vc->farm, &verdict);
    vc->frames_ad += !bypass;
    vc->frames_bd += bypass;
    memcpy(tc->data, &frame[MF_SDLS_TC_DATA], length);
    tc->length = (uint16_t)length;
    tc->offset = 0;
    tc->frame_vc = frame[2] >> 2;
    tc->news |= (uint8_t)(1u << tc->frame_vc);
    tc->frame_map = frame[HEADER] & 0x3Fu;
    return (int)length;
}

int mf_tc_frame(mf_tc_t *tc, uint8_t *frame, uint32_t size, bool fill, uint64_t now_us)
{
    tc->frames++;
    if (size < FRAME_MIN) {
        return refuse(tc, tc->refused, MF_TC_BAD_LENGTH);
    }
    uint32_t claimed = mf_tc_frame_size(frame);
    if (claimed < FRAME_MIN || claimed > MF_TC_FRAME_MAX || claimed > size ||
        (claimed < size && !fill)) {
        return refuse(tc, tc->refused, MF_TC_BAD_LENGTH);
    }
    size = claimed;
    if (mf_crc16(0xFFFFu, frame, size) != 0) {
        return refuse(tc, tc->refused, MF_TC_BAD_FECF);
    }
    if (frame[0] >> 6 != 0) {
        return refuse(tc, tc->refused, MF_TC_BAD_VERSION);
    }
    if ((((uint32_t)frame[0] & 0x03u) << 8 | frame[1]) != MF_SCID) {
        return refuse(tc, tc->refused, MF_TC_BAD_SCID);
    }
    if ((frame[0] & 0x0Cu) != 0) {
        return refuse(tc, tc->refused, MF_TC_BAD_RESERVED);
    }
    bool bypass = (frame[0] & 0x20u) != 0;
    bool is_control = (frame[0] & 0x10u) != 0;
    if (is_control && !bypass) {
        return refuse(tc, tc->refused, MF_TC_BAD_TYPE);
    }
    uint32_t channel = frame[2] >> 2;
    if (channel >= MF_VC_COUNT) {
        return refuse(tc, tc->refused, MF_TC_BAD_VC);
    }
    mf_tc_vc_t *vc = &tc->vc[channel];
    return is_control ? control(tc, vc, frame, size, now_us)
                      : data_frame(tc, vc, frame, size, bypass);
}

/* The buffer is free: channels that waited for it may go on. */
static void release(mf_tc_t *tc)
{
    tc->length = 0;
    tc->offset = 0;
    for (uint32_t i = 0; i < MF_VC_COUNT; i++) {
        mf_farm_buffer_released(&tc->vc[i].farm);
    }
}

int mf_tc_packet(mf_tc_t *tc, const uint8_t **packet)
{
    uint32_t left = (uint32_t)tc->length - tc->offset;
    *packet = NULL;
    if (left == 0) {
        release(tc);
        return 0;
    }
    mf_tc_vc_t *vc = &tc->vc[tc->frame_vc];
    const uint8_t *next = &tc->data[tc->offset];
    uint32_t length = 0;
    if (left >= PACKET_MIN) {
        length = ((uint32_t)next[4] << 8 | next[5]) + PACKET_HEADER + 1u;
    }
    /* Version 0, type telecommand, not segmented, and all of it here (CCSDS 133.0-B-2). */
    if (length == 0 || length > left || (next[0] & 0xF0u) != 0x10u || next[2] >> 6 != 3u) {
        release(tc);
        return refuse(tc, vc->refused, MF_TC_BAD_PACKET);
    }
    uint32_t apid = ((uint32_t)next[0] & 0x07u) << 8 | next[1];
    if (apid < vc->apid_base || apid - vc->apid_base >= vc->apid_count || apid == APID_IDLE) {
        release(tc);
        return refuse(tc, vc->refused, MF_TC_PACKET_APID);
    }
    *packet = next;
    tc->offset = (uint16_t)(tc->offset + length);
    vc->packets++;
    return (int)length;
}
