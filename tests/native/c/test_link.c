/* Link under random input, for the sanitizers: nothing may be read or written out of bounds. */
#include <string.h>

#include "check.h"
#include "mf_link.h"

static uint32_t seed = 1;

static uint32_t rnd(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

static void any_frame_is_safe(void)
{
    mf_link_counters_t counters = {0};
    mf_link_rx_t rx;
    mf_link_rx_reset(&rx, &counters, false);
    uint32_t accepted = 0;
    for (uint32_t round = 0; round < 20000; round++) {
        uint8_t frame[300], out[64];
        uint32_t size = rnd(sizeof(frame));
        for (uint32_t i = 0; i < size; i++) {
            frame[i] = (uint8_t)rnd(256);
        }
        if (size >= 9 && size <= 256 && rnd(4) != 0) {
            /* A good envelope around random content. */
            frame[0] = 0x22;
            frame[1] = 0xA5;
            frame[2] = (uint8_t)(rnd(4) << 2);
            frame[3] = (uint8_t)(size - 1);
            frame[5] = 0xC0;
            if (rnd(2) != 0) {
                frame[6] &= 0x1F;
                frame[6] |= 0x10;
            }
            uint16_t crc = mf_crc16(0xFFFF, frame, size - 2);
            frame[size - 2] = (uint8_t)(crc >> 8);
            frame[size - 1] = (uint8_t)crc;
        }
        if (mf_link_rx_frame(&rx, frame, size) > 0) {
            accepted++;
            for (int i = 0; i < 64 && mf_link_rx_packet(&rx, out, rnd(sizeof(out) + 1)) > 0; i++) {
                CHECK(rx.offset <= rx.length);
            }
        }
    }
    CHECK(accepted > 5000 && counters.rx_frames == 20000);
    CHECK(counters.rx_bad_length > 0 && counters.rx_bad_packet > 0);
}

static void any_packet_stream_is_safe(void)
{
    mf_link_counters_t counters = {0};
    mf_link_rx_t rx;
    mf_link_tx_t tx;
    mf_link_rx_reset(&rx, &counters, false);
    mf_link_tx_reset(&tx, &rx, &counters);
    static uint8_t packet[MF_PACKET_MAX], frame[MF_TM_FRAME_SIZE];
    uint32_t frames = 0;
    for (uint32_t round = 0; round < 20000; round++) {
        uint8_t vc = (uint8_t)rnd(5);
        uint32_t size = 7 + rnd(sizeof(packet) - 6), offset = 0;
        while (vc < MF_VC_COUNT && offset < size) {
            int taken = mf_link_tx_push(&tx, vc, packet, offset, size);
            CHECK(taken >= 0);
            offset += (uint32_t)taken;
            if (offset < size || rnd(3) == 0) {
                frames += mf_link_tx_frame(&tx, vc, frame) > 0;
                CHECK(mf_crc16(0xFFFF, frame, sizeof(frame)) == 0);
            }
        }
        if (vc >= MF_VC_COUNT) {
            CHECK(mf_link_tx_push(&tx, vc, packet, 0, size) == MF_E_INVAL);
            CHECK(mf_link_tx_pending(&tx, vc) == MF_E_INVAL);
            CHECK(mf_link_tx_frame(&tx, vc, frame) == MF_E_INVAL);
        }
    }
    CHECK(frames == counters.tx_frames && frames > 20000);
}

void test_link(void)
{
    any_frame_is_safe();
    any_packet_stream_is_safe();
}
