/* Fuzzing target: the whole secured link under frames that know its structure. Nothing is read or
 * written out of bounds, no frame that was not made with a key is accepted, a refused one counts in
 * exactly one counter and changes nothing else.
 *
 * One input is a row of choices (board.h): what is done, with which frame, damaged how. Statistics go
 * as one line of JSON to the file that FUZZ_STATISTICS names, when the program ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"

#define ROUNDS_MAX 24u

static unsigned long inputs, frames, good_fecf, good_tag, accepted, refused, packets, cltus;
static uint64_t now_us;

/* --- frames ----------------------------------------------------------------------------------- */

/* Exactly `size` octets on the heap, so that a read past the end is seen. */
static int give_directly(const uint8_t *frame, uint32_t size, bool fill)
{
    uint8_t *exact = malloc(size + (size == 0));
    memcpy(exact, frame, size);
    int result = mf_tc_frame(&board.tc, exact, size, fill, now_us);
    free(exact);
    return result;
}

/* As the demodulator does it: noise, the CLTU at any bit alignment, noise. */
static int give_coded(const uint8_t *frame, uint32_t size)
{
    uint8_t cltu[CLTU_ROOM], stream[CLTU_ROOM + 8u];
    uint32_t n = frame_cltu(frame, size, cltu), before = choose(4), shift = choose(8);
    memset(stream, choose(2) != 0 ? 0x55 : 0xAA, sizeof(stream));
    for (uint32_t i = 0; i < n; i++) {
        stream[before + i] &= (uint8_t) ~(0xFFu >> shift);
        stream[before + i] |= (uint8_t)(cltu[i] >> shift);
        stream[before + i + 1u] = (uint8_t)(cltu[i] << (8u - shift));
    }
    uint32_t total = before + n + 2u, taken = 0;
    int result = MF_E_BUSY;
    cltus++;
    mf_cltu_reset(&board.cltu, board.block, MF_LINK_TC_BLOCK, true, true, &board.coding);
    while (taken < total) {
        taken += mf_space_link_receive(&board, &stream[taken], total - taken, now_us);
        CHECK(taken <= total);
        if (board.outcome != MF_LINK_NOTHING) {
            result = board.outcome == MF_LINK_PACKETS   ? 1
                     : board.outcome == MF_LINK_CONTROL ? 0
                                                        : MF_E_BADMSG;
        }
    }
    return result;
}

/* The parts that a control command may change. */
static void without_control(mf_space_link_t *state)
{
    for (uint32_t i = 0; i < MF_VC_COUNT; i++) {
        memset(&state->tc.vc[i].farm, 0, sizeof(state->tc.vc[i].farm));
        state->tc.vc[i].frames_bc = 0;
    }
    state->tc.news = 0;
}

static void take_packets(void)
{
    const uint8_t *packet;
    uint32_t total = 0;
    int size;
    while ((size = mf_space_link_packet(&board, &packet)) > 0) {
        CHECK(packet >= board.tc.data && packet + size <= board.tc.data + MF_TC_FRAME_MAX);
        CHECK(size >= 7 && size == (packet[4] << 8 | packet[5]) + 7);
        total += (uint32_t)size;
        packets++;
    }
    CHECK(total <= MF_TC_FRAME_MAX && board.tc.offset == board.tc.length);
}

static void one_frame(void)
{
    static mf_space_link_t before, after;
    static uint8_t kept[MEMORY_SIZE];
    uint8_t frame[FRAME_ROOM] = {0}, made[FRAME_ROOM];
    doing = "taking a frame";
    uint32_t row = choose(5), vc = mf_link_associations[row].vc;
    uint64_t iv = board.sdls.sa[row].next.low;
    iv += choose(4) == 0 ? choose(70000) : 0;
    iv -= iv > 9u && choose(6) == 0 ? choose(9) : 0;
    uint8_t ns = (uint8_t)(board.tc.vc[vc].farm.vr + (choose(6) == 0 ? choose(90) : 0));
    uint32_t size = frame_make(frame, row, iv, choose(2) != 0, ns), length = size;
    memcpy(made, frame, sizeof(made));
    if (choose(3) != 0) {
        size = frame_damage(frame, size);
    }
    /* What is not authenticated may differ: the type, N(S), the FECF, and fill behind it. */
    bool genuine = size >= length && ((frame[0] ^ made[0]) & 0xDFu) == 0 &&
                   memcmp(&frame[1], &made[1], 3) == 0 &&
                   memcmp(&frame[5], &made[5], length - 7u) == 0;
    bool sound = frame_good_fecf(frame, size);
    bool control = size >= 8u && (frame[0] & 0x10u) != 0;
    bool full = choose(40) == 0 && board.tc.offset == board.tc.length;
    writes_left = choose(200) == 0 ? choose(2) : UINT32_MAX;
    if (full) {
        board.tc.length = 1; /* the last frame's packets are still there */
    }
    board_state(&before);
    memcpy(kept, memory, sizeof(kept));
    uint32_t counted = board_refusals();
    frames++;
    good_fecf += sound;
    good_tag += sound && genuine;
    int result = choose(3) == 0 ? give_coded(frame, size)
                                : give_directly(frame, size, choose(2) != 0);
    board_state(&after);
    counted = (board_refusals() - counted) & 0xFFFFu;
    if (result < 0) {
        refused++;
        CHECK(counted == (result == MF_E_BADMSG) && board.tc.refusal < MF_TC_REFUSAL_COUNT);
        if (genuine) { /* a genuine frame of type AD may set a flag of the FARM */
            without_control(&before);
            without_control(&after);
        }
        CHECK(memcmp(&before.keys, &after.keys, sizeof(after.keys)) == 0);
        CHECK(memcmp(&before.sdls, &after.sdls, sizeof(after.sdls)) == 0);
        CHECK(memcmp(&before.tm, &after.tm, sizeof(after.tm)) == 0);
        CHECK(memcmp(before.tc.vc, after.tc.vc, sizeof(after.tc.vc)) == 0);
        CHECK(writes_left < 2u || memcmp(&before.store, &after.store, sizeof(after.store)) == 0);
        CHECK(before.tc.length == after.tc.length && before.tc.offset == after.tc.offset);
        CHECK(before.tc.news == after.tc.news);
        CHECK(memcmp(before.generation, after.generation, sizeof(after.generation)) == 0);
        CHECK(writes_left < 2u || memcmp(kept, memory, sizeof(kept)) == 0);
    } else if (control) {
        CHECK(sound && counted == 0);
        without_control(&before);
        without_control(&after);
        CHECK(memcmp(&before, &after, sizeof(after)) == 0);
        CHECK(memcmp(kept, memory, sizeof(kept)) == 0);
    } else {
        CHECK(genuine && sound && counted == 0);
        accepted++;
    }
    writes_left = UINT32_MAX;
    if (full) {
        board.tc.length = board.tc.offset;
        mf_farm_buffer_released(&board.tc.vc[vc].farm);
    }
    take_packets();
    for (uint32_t i = 0; i < MF_VC_COUNT; i++) {
        if (board.tc.vc[i].farm.lockout && choose(4) == 0) {
            (void)mf_farm_reset(&board.tc.vc[i].farm, MF_LINK_FARM_WINDOW);
        }
    }
    now_us += choose(20000000);
}

void other_rounds(uint32_t which);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void say_statistics(void)
{
    const char *name = getenv("FUZZ_STATISTICS");
    FILE *file = name != NULL ? fopen(name, "w") : NULL;
    if (file != NULL) {
        fprintf(file,
                "{\"inputs\": %lu, \"frames\": %lu, \"good_fecf\": %lu, \"good_tag\": %lu, "
                "\"accepted\": %lu, \"refused\": %lu, \"packets\": %lu, \"cltus\": %lu}\n",
                inputs, frames, good_fecf, good_tag, accepted, refused, packets, cltus);
        fclose(file);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (inputs++ == 0) {
        atexit(say_statistics);
    }
    board_fresh();
    choices_from(data, size);
    now_us = 0;
    for (uint32_t round = 0; round < ROUNDS_MAX && (round < 4u || choices_left()); round++) {
        uint32_t which = choose(8);
        if (which < 6u) {
            one_frame();
        } else {
            other_rounds(choose(9));
        }
    }
    return 0;
}
