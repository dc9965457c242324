/* The secured link under mutated input, for the sanitizers and for coverage: nothing is read or
 * written out of bounds, no frame that was not made with a key is accepted, and a refused frame
 * changes nothing. Deterministic: fuzz [ROUNDS] [SEED].
 *
 * The mutations know the structure: most frames carry a good FECF again, many a good tag. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mf_cltu.h"
#include "mf_iv_store.h"
#include "mf_rs.h"
#include "mf_tc.h"
#include "mf_tm_coding.h"

#define CHECK(condition)                                                              \
    do {                                                                              \
        if (!(condition)) {                                                           \
            printf("%s:%d: failed: %s (round %lu)\n", __FILE__, __LINE__, #condition, \
                   (unsigned long)round_number);                                      \
            exit(1);                                                                  \
        }                                                                             \
    } while (0)

static unsigned long round_number;
static uint64_t seed;

static uint32_t rnd(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

/* --- a board ---------------------------------------------------------------------------------- */

static uint8_t memory[MF_IV_STORE_SIZE];
static uint32_t writes_left;
static mf_keys_t keys;
static mf_sdls_t sdls;
static mf_iv_store_t store;
static mf_tc_t tc;
static mf_cltu_t cltu;
static mf_cltu_counters_t cltu_counters;
static uint8_t cltu_out[266];

static int fram_read(void *context, uint32_t address, uint8_t *data, uint32_t size)
{
    (void)context;
    CHECK(address + size <= sizeof(memory));
    memcpy(data, &memory[address], size);
    return 0;
}

static int fram_write(void *context, uint32_t address, const uint8_t *data, uint32_t size)
{
    (void)context;
    CHECK(address + size <= sizeof(memory));
    if (writes_left == 0) {
        return -5;
    }
    writes_left--;
    memcpy(&memory[address], data, size);
    return 0;
}

static void boot(uint32_t reserve)
{
    mf_keys_reset(&keys);
    mf_iv_store_reset(&store, fram_read, fram_write, NULL, 0);
    mf_sdls_reset(&sdls, &keys, mf_iv_store_save, &store);
    CHECK(mf_tc_reset(&tc, &sdls, 20) == 0);
    writes_left = UINT32_MAX;
    for (uint32_t i = 0; i < MF_VC_COUNT; i++) {
        uint8_t secret[32] = {(uint8_t)(i + 1u), 77};
        uint16_t spi = (uint16_t)(i + 1u);
        uint8_t iv[12];
        uint32_t generation;
        CHECK(mf_keys_load(&keys, i, secret) == 0 && mf_keys_activate(&keys, i) == 0);
        CHECK(mf_sdls_add(&sdls, spi, MF_SA_TC, (uint8_t)i, 3, 50, (uint16_t)reserve) == (int)i);
        CHECK(mf_sdls_set_key(&sdls, spi, i) == 0);
        mf_tc_set_apids(&tc, (uint8_t)i, (uint16_t)(0x100u * i), 0x40);
        int found = mf_iv_store_load(&store, i, spi, &generation, iv);
        CHECK(found == 0 || found == MF_E_BADMSG);
        CHECK((found == 0 ? mf_sdls_resume(&sdls, spi, generation, iv)
                          : mf_sdls_start(&sdls, spi, 1)) == 0);
    }
}

/* --- the other side --------------------------------------------------------------------------- */

static uint32_t seal(uint8_t *frame, uint32_t size)
{
    uint16_t crc = mf_crc16(0xFFFFu, frame, size - 2u);
    frame[size - 2u] = (uint8_t)(crc >> 8);
    frame[size - 1u] = (uint8_t)crc;
    return size;
}

/* A secured frame of `count` packets as the owner of `vc` makes it. */
static uint32_t make(uint8_t *frame, uint32_t vc, uint32_t iv, uint32_t first, uint32_t ns)
{
    uint32_t size = MF_SDLS_TC_DATA;
    for (uint32_t n = 1u + rnd(3); n > 0; n--) {
        uint32_t length = 7u + rnd(50);
        memset(&frame[size], (int)n, length);
        frame[size] = (uint8_t)(0x18u | vc);
        frame[size + 1u] = (uint8_t)rnd(0x40);
        frame[size + 2u] = 0xC0;
        frame[size + 4u] = 0;
        frame[size + 5u] = (uint8_t)(length - 7u);
        if (rnd(8) == 0) {
            frame[size + rnd(6)] ^= (uint8_t)(1u << rnd(8)); /* genuine, and malformed */
        }
        size += length;
    }
    uint32_t data = size - MF_SDLS_TC_DATA;
    size += MF_SDLS_TRAILER + 2u;
    const uint8_t header[MF_SDLS_TC_DATA] = {
        (uint8_t)(first | MF_SCID >> 8), (uint8_t)(MF_SCID & 0xFFu), (uint8_t)(vc << 2),
        (uint8_t)(size - 1u), (uint8_t)ns, (uint8_t)(0xC0u | rnd(2)), 0, (uint8_t)(vc + 1u), 0, 0, 0,
        0, 0, 0, 0, 0, (uint8_t)(iv >> 24), (uint8_t)(iv >> 16), (uint8_t)(iv >> 8), (uint8_t)iv,
    };
    memcpy(frame, header, sizeof(header));
    const uint8_t aad[20] = {0, 0, frame[2], 0, 0, frame[5], 0, frame[7]};
    mf_gcm_seal(&keys.slot[vc].gcm, &frame[8], aad, sizeof(aad), &frame[MF_SDLS_TC_DATA], data,
                &frame[MF_SDLS_TC_DATA + data]);
    return seal(frame, size);
}

/* Damage a frame; most of the time its FECF is made good again. */
static uint32_t mutate(uint8_t *frame, uint32_t size)
{
    switch (rnd(8)) {
    case 0: /* cut or longer */
        size = rnd(300);
        break;
    case 1: /* the length field */
        frame[3] ^= (uint8_t)(1u << rnd(8));
        break;
    case 2: /* any octets */
        for (uint32_t n = 1u + rnd(8); n > 0; n--) {
            frame[rnd(size)] = (uint8_t)rnd(256);
        }
        break;
    case 3: /* the header that nobody authenticates: type and N(S) */
        frame[0] ^= (uint8_t)(0x20u * rnd(2));
        frame[4] = (uint8_t)rnd(256);
        break;
    case 4: /* a control command in its place */
        frame[0] = (uint8_t)(0x30u | MF_SCID >> 8);
        frame[5] = rnd(2) != 0 ? 0x82 : 0;
        frame[6] = (uint8_t)(rnd(4) == 0);
        size = frame[5] == 0 ? 8 : 10;
        frame[3] = (uint8_t)(size - 1u);
        break;
    default: { /* one bit of what is authenticated */
        uint32_t at = 5u + rnd(size - 7u);
        frame[at] ^= (uint8_t)(1u << rnd(8));
        break;
    }
    }
    if (size >= 8 && rnd(5) != 0) {
        seal(frame, size);
    }
    return size;
}

/* --- rounds ----------------------------------------------------------------------------------- */

typedef struct {
    mf_iv_t next[MF_VC_COUNT];
    mf_farm_t farm[MF_VC_COUNT];
    uint16_t length, offset;
} state_t;

static void state(state_t *now)
{
    memset(now, 0, sizeof(*now));
    for (uint32_t i = 0; i < MF_VC_COUNT; i++) {
        now->next[i].high = sdls.sa[i].next.high;
        now->next[i].low = sdls.sa[i].next.low;
        now->farm[i] = tc.vc[i].farm;
    }
    now->length = tc.length;
    now->offset = tc.offset;
}

static unsigned long good_fecf, good_tag, accepted, packets;

static void one_frame(void)
{
    uint8_t frame[320] = {0}, copy[320];
    uint32_t vc = rnd(MF_VC_COUNT);
    uint32_t next = (uint32_t)sdls.sa[vc].next.low;
    uint32_t iv = next + (rnd(4) == 0 ? rnd(80) : 0) - (next > 9u && rnd(6) == 0 ? rnd(9) : 0);
    bool bypass = rnd(2) != 0;
    uint32_t ns = tc.vc[vc].farm.vr + (rnd(6) == 0 ? rnd(30) : 0);
    uint32_t size = make(frame, vc, iv, bypass ? 0x20u : 0u, ns & 0xFFu);
    uint32_t made = size;
    memcpy(copy, frame, sizeof(copy));
    if (rnd(3) != 0) {
        size = mutate(frame, size);
    }
    /* What is not authenticated may differ: the type, N(S), the FECF, and fill behind it. */
    bool genuine = size >= made && ((frame[0] ^ copy[0]) & 0xDFu) == 0 &&
                   memcmp(&frame[1], &copy[1], 3) == 0 &&
                   memcmp(&frame[5], &copy[5], made - 7u) == 0;
    memcpy(copy, frame, sizeof(copy));
    good_fecf += size >= 8u && size <= 256u && mf_crc16(0xFFFFu, frame, size) == 0;
    good_tag += genuine;
    if (rnd(200) == 0) {
        writes_left = 0; /* the memory fails */
    }
    state_t before, after;
    state(&before);
    /* Exactly `size` octets on the heap, so that a read past the end is seen. */
    uint8_t *exact = malloc(size + (size == 0));
    memcpy(exact, frame, size);
    int result = mf_tc_frame(&tc, exact, size, rnd(2) != 0, round_number * 1000u);
    free(exact);
    writes_left = UINT32_MAX;
    state(&after);
    bool control = size >= 8u && (copy[0] & 0x10u) != 0;
    if (result < 0) {
        CHECK(result == MF_E_BADMSG && tc.refusal < MF_TC_REFUSAL_COUNT);
        CHECK(memcmp(before.next, after.next, sizeof(after.next)) == 0);
        CHECK(before.length == after.length && before.offset == after.offset);
        /* Only a genuine AD frame may set a flag. */
        CHECK(genuine || memcmp(before.farm, after.farm, sizeof(after.farm)) == 0);
    } else if (control) {
        CHECK(result == 0);
        CHECK(memcmp(before.next, after.next, sizeof(after.next)) == 0);
    } else {
        CHECK(genuine);
        accepted++;
    }
    const uint8_t *packet;
    uint32_t total = 0;
    while ((result = mf_tc_packet(&tc, &packet)) > 0) {
        total += (uint32_t)result;
        packets++;
        CHECK(packet >= tc.data && packet + result <= tc.data + MF_TC_FRAME_MAX);
    }
    CHECK(total <= MF_TC_FRAME_MAX && tc.offset == tc.length);
    if (rnd(3000) == 0) {
        boot(1u + rnd(20));
    }
    for (uint32_t i = 0; i < MF_VC_COUNT; i++) {
        CHECK(sdls.sa[i].next.low <= sdls.sa[i].reserved.low); /* nothing unsaved is in use */
        const uint8_t unlock[1] = {0};
        mf_farm_verdict_t verdict;
        if (tc.vc[i].farm.lockout && rnd(4) == 0 &&
            mf_farm_decide_bc(&tc.vc[i].farm, unlock, 1, &verdict) == 0) {
            mf_farm_commit(&tc.vc[i].farm, &verdict);
        }
    }
}

/* Code blocks and noise, at any bit alignment. */
static void some_octets(void)
{
    uint8_t stream[200];
    uint32_t size = rnd(sizeof(stream));
    for (uint32_t i = 0; i < size; i++) {
        stream[i] = (uint8_t)rnd(256);
    }
    for (uint32_t at = rnd(20); at + 10u < size; at += 8u) {
        if (rnd(10) == 0 || at < 20u) {
            stream[at] = 0xEB;
            stream[at + 1u] = 0x90;
            at += 2u;
        }
        while (at + 8u < size && mf_bch_check(&stream[at], false) != 0) {
            stream[at + 7u] = (uint8_t)(stream[at + 7u] + 1u);
        }
    }
    for (uint32_t i = 0; i < size; i++) {
        int got = mf_cltu_byte(&cltu, stream[i]);
        CHECK(got >= 0 && (uint32_t)got <= sizeof(cltu_out) && got % 7 == 0);
        CHECK(cltu.used <= cltu.capacity && cltu.raw_count <= sizeof(cltu.raw));
    }
    if (rnd(4) == 0) {
        int got = mf_cltu_end(&cltu);
        CHECK(got >= 0 && (uint32_t)got <= sizeof(cltu_out));
    }
    if (rnd(50) == 0) {
        uint16_t capacity = (uint16_t)(rnd(2) != 0 ? sizeof(cltu_out) : 20u);
        mf_cltu_reset(&cltu, cltu_out, capacity, rnd(2) != 0, rnd(2) != 0, &cltu_counters);
    }
}

/* The counters' memory holds anything: an association starts from a whole record or not at all. */
static void any_memory(void)
{
    uint8_t saved[sizeof(memory)], iv[12];
    uint32_t generation;
    mf_iv_store_t other;
    memcpy(saved, memory, sizeof(memory));
    for (uint32_t n = rnd(60); n > 0; n--) {
        memory[rnd(sizeof(memory))] = (uint8_t)rnd(256);
    }
    mf_iv_store_reset(&other, fram_read, fram_write, NULL, 0);
    for (uint32_t i = 0; i < MF_VC_COUNT; i++) {
        int found = mf_iv_store_load(&other, i, (uint16_t)(i + 1u), &generation, iv);
        CHECK(found == 0 || found == MF_E_BADMSG);
    }
    memcpy(memory, saved, sizeof(memory));
}

static void telemetry(void)
{
    uint8_t frame[223], cadu[MF_CADU_SIZE], symbols[2 * MF_CADU_SIZE];
    mf_conv_t conv;
    for (uint32_t i = 0; i < sizeof(frame); i++) {
        frame[i] = (uint8_t)rnd(256);
    }
    mf_sdls_protect_tm(&sdls, (uint16_t)rnd(6), frame);
    memcpy(&cadu[4], frame, sizeof(frame));
    mf_tm_cadu(cadu);
    mf_tm_randomise(&cadu[4], 255);
    CHECK(memcmp(&cadu[4], frame, sizeof(frame)) == 0);
    uint8_t clcw[4];
    mf_farm_t farm = tc.vc[rnd(MF_VC_COUNT)].farm;
    mf_farm_clcw(&farm, 3, false, false, clcw);
    CHECK(clcw[0] == 1u && clcw[1] == 12u && clcw[3] == farm.vr);
    CHECK(mf_farm_reset(&farm, 2u * rnd(100) + 1u) == MF_E_INVAL);
    mf_conv_reset(&conv);
    mf_conv_encode(&conv, cadu, sizeof(cadu), symbols);
    CHECK(conv.state < 64u);
}

int main(int count, char **arguments)
{
    unsigned long rounds = count > 1 ? strtoul(arguments[1], NULL, 10) : 20000;
    seed = count > 2 ? strtoul(arguments[2], NULL, 10) : 1;
    boot(1);
    mf_cltu_reset(&cltu, cltu_out, sizeof(cltu_out), true, true, &cltu_counters);
    for (round_number = 0; round_number < rounds; round_number++) {
        one_frame();
        some_octets();
        if (round_number % 16u == 0) {
            any_memory();
            telemetry();
        }
    }
    printf("%lu rounds: %lu with good FECF, %lu genuine, %lu accepted, %lu packets, %lu CLTUs\n",
           rounds, good_fecf, good_tag, accepted, packets, (unsigned long)cltu_counters.ended);
    CHECK(2u * good_fecf >= rounds && 10u * good_tag >= rounds);
    CHECK(accepted > rounds / 20u && packets > rounds / 20u && cltu_counters.ended > rounds / 20u);
    return 0;
}
