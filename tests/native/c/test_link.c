/* Link under random input, for the sanitizers: nothing may be read or written out of bounds. */
#include <string.h>

#include "check.h"
#include "mf_rs.h"
#include "mf_space_link.h"

static uint32_t seed = 1;
static uint8_t memory[4096]; /* the keys end below */
static mf_space_link_t space_link;

static uint32_t rnd(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

static int load(void *context, uint32_t address, uint8_t *data, uint32_t size)
{
    (void)context;
    CHECK(address + size <= sizeof(memory));
    memcpy(data, &memory[address], size);
    return 0;
}

static int store(void *context, uint32_t address, const uint8_t *data, uint32_t size)
{
    (void)context;
    CHECK(address + size <= sizeof(memory));
    memcpy(&memory[address], data, size);
    return 0;
}

static void open_link(void)
{
    static uint8_t secrets[MF_LINK_SECRETS][MF_GCM_KEY_SIZE];
    for (uint32_t i = 0; i < MF_LINK_SECRETS; i++) {
        for (uint32_t j = 0; j < MF_GCM_KEY_SIZE; j++) {
            secrets[i][j] = (uint8_t)(i + j * j);
        }
    }
    const mf_link_port_t port = {.read = load, .write = store, .secrets = secrets};
    memset(memory, 0, sizeof(memory));
    mf_space_link_reset(&space_link, &port);
    CHECK(mf_space_link_start(&space_link) == 0);
}

/* A code block whose parity is right. */
static void block(uint8_t *out, const uint8_t data[7], uint32_t at)
{
    for (uint32_t i = 0; i < 7u; i++) {
        out[i] = data[i] ^ mf_cltu_random(at + i);
    }
    out[7] = 0;
    while (mf_bch_check(out, false) != 0) {
        out[7] = (uint8_t)(out[7] + 2u);
    }
}

static void any_octets_are_safe(void)
{
    open_link();
    uint8_t stream[330];
    for (uint32_t round = 0; round < 3000; round++) {
        uint32_t size = 1u + rnd(38), length = 2u;
        stream[0] = 0xEB;
        stream[1] = 0x90;
        for (uint32_t i = 0; i < size; i++, length += 8u) {
            uint8_t data[7];
            for (uint32_t j = 0; j < 7u; j++) {
                data[j] = (uint8_t)rnd(256);
            }
            if (i == 0 && rnd(2) != 0) {
                const uint8_t head[6] = {0x22, 0xA5, (uint8_t)(rnd(5) << 2),
                                         (uint8_t)(7u * size - 1u), 0, 0xC0};
                memcpy(data, head, sizeof(head));
            }
            block(&stream[length], data, 7u * i);
        }
        stream[rnd(length)] ^= (uint8_t)(rnd(3) << rnd(7));
        memset(&stream[length], 0xC5, 10);
        for (uint32_t at = 0; at < length + 10u;) {
            at += mf_space_link_receive(&space_link, &stream[at], length + 10u - at, round);
            const uint8_t *packet;
            CHECK(space_link.outcome != MF_LINK_PACKETS);
            CHECK(mf_space_link_packet(&space_link, &packet) == 0);
        }
    }
    mf_link_counters_t counters;
    mf_link_channel_t channel;
    mf_space_link_counters(&space_link, &counters);
    CHECK(counters.rx_frames > 1500 && counters.bad_fecf > 100 && counters.bad_length > 100);
    CHECK(mf_space_link_channel(&space_link, 1, &channel) == MF_OK && channel.packets == 0);
    CHECK(mf_space_link_channel(&space_link, 4, &channel) == MF_E_INVAL);
    for (uint32_t i = 0; i < MF_LINK_ASSOCIATIONS; i++) {
        CHECK(mf_space_link_keep(&space_link) == 0);
    }
}

static void any_packet_stream_is_safe(void)
{
    open_link();
    static uint8_t packet[MF_PACKET_MAX], cadu[MF_CADU_SIZE];
    mf_tm_t *tm = &space_link.tm;
    uint32_t frames = 0;
    for (uint32_t round = 0; round < 5000; round++) {
        uint8_t vc = (uint8_t)rnd(5);
        uint32_t size = 7 + rnd(sizeof(packet) - 6), offset = 0;
        while (vc < MF_VC_COUNT && offset < size) {
            int taken = mf_tm_push(tm, vc, packet, offset, size);
            CHECK(taken >= 0);
            offset += (uint32_t)taken;
            if (offset < size || rnd(3) == 0) {
                frames += mf_space_link_cadu(&space_link, vc, cadu) > 0;
                mf_tm_randomise(&cadu[MF_ASM_SIZE], MF_RS_BLOCK);
                CHECK(mf_crc16(0xFFFF, &cadu[MF_ASM_SIZE], MF_TM_FRAME_SIZE) == 0);
            }
        }
        if (vc >= MF_VC_COUNT) {
            CHECK(mf_tm_push(tm, vc, packet, 0, size) == MF_E_INVAL);
            CHECK(mf_tm_pending(tm, vc) == MF_E_INVAL);
            CHECK(mf_space_link_cadu(&space_link, vc, cadu) == MF_E_INVAL);
            CHECK(mf_space_link_cadu(&space_link, MF_TM_VC_IDLE, cadu) == (int)MF_CADU_SIZE);
            frames++;
        }
    }
    CHECK(frames == tm->frames && frames > 5000);
}

void test_link(void)
{
    any_octets_are_safe();
    any_packet_stream_is_safe();
}
