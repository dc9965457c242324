/* Fuzzing target: what else happens to a link, between its frames. */
#include <string.h>

#include "board.h"
#include "mf_rs.h"

void other_rounds(uint32_t which);

/* Code blocks and noise, at any bit alignment. */
static void octets(void)
{
    uint8_t stream[200], out[60];
    mf_cltu_t cltu;
    mf_cltu_counters_t counters = {0};
    uint32_t size = choose(sizeof(stream));
    uint16_t capacity = (uint16_t)(choose(2) != 0 ? sizeof(out) : 20u);
    mf_cltu_reset(&cltu, out, capacity, choose(2) != 0, choose(2) != 0, &counters);
    for (uint32_t i = 0; i < size; i++) {
        stream[i] = (uint8_t)choose(256);
    }
    for (uint32_t at = choose(20); at + 10u < size; at += 8u) {
        if (choose(10) == 0 || at < 20u) {
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
        CHECK(got >= 0 && got <= capacity && got % 7 == 0);
        CHECK(cltu.used <= cltu.capacity && cltu.raw_count <= sizeof(cltu.raw));
    }
    int got = mf_cltu_end(&cltu);
    CHECK(got >= 0 && got <= capacity);
}

static void telemetry(void)
{
    uint8_t packet[300], cadu[MF_CADU_SIZE], symbols[2u * MF_CADU_SIZE], parity[MF_RS_PARITY];
    uint32_t vc = choose(6), size = 7u + choose(290), offset = 0;
    for (uint32_t i = 0; i < size; i++) {
        packet[i] = (uint8_t)(i + vc);
    }
    writes_left = choose(20) == 0 ? 0 : UINT32_MAX;
    for (uint32_t n = 0; n < 4u && offset < size; n++) {
        int taken = mf_tm_push(&board.tm, (uint8_t)vc, packet, offset, size);
        CHECK(vc < MF_VC_COUNT ? taken >= 0 && offset + (uint32_t)taken <= size : taken < 0);
        offset += taken > 0 ? (uint32_t)taken : 0u;
        uint8_t channel = (uint8_t)(choose(3) == 0 ? MF_TM_VC_IDLE : vc);
        int made = mf_space_link_cadu(&board, channel, cadu);
        CHECK(made <= 0 || made == (int)MF_CADU_SIZE);
        if (made > 0) {
            mf_tm_randomise(&cadu[MF_ASM_SIZE], 255);
            mf_rs_encode(&cadu[MF_ASM_SIZE], parity);
            CHECK(memcmp(parity, &cadu[MF_ASM_SIZE + MF_RS_DATA], MF_RS_PARITY) == 0);
            CHECK(mf_crc16(0xFFFFu, &cadu[MF_ASM_SIZE], MF_TM_FRAME_SIZE) == 0);
        }
    }
    CHECK(vc < MF_VC_COUNT ? mf_tm_pending(&board.tm, (uint8_t)vc) >= 0
                           : mf_tm_pending(&board.tm, (uint8_t)vc) < 0);
    if (choose(10) == 0) {
        mf_tm_abandon(&board.tm);
    }
    writes_left = UINT32_MAX;
    mf_conv_t conv;
    mf_conv_reset(&conv);
    mf_conv_encode(&conv, packet, MF_RS_PARITY, symbols);
    CHECK(conv.state < 64u);
}

/* A refused request changes nothing; one that was accepted leaves the association operational. */
static void rekey(void)
{
    static mf_space_link_t before, after;
    static uint8_t kept[MEMORY_SIZE];
    uint8_t request[MF_LINK_REKEY_REQUEST];
    uint32_t row = choose(MF_LINK_ASSOCIATIONS);
    uint8_t owner = (uint8_t)(choose(6) == 0 ? choose(MF_VC_COUNT) : mf_link_associations[row].vc);
    rekey_make(request, row, board.generation[row] + choose(3));
    if (choose(3) == 0) {
        request[choose(sizeof(request))] ^= (uint8_t)(1u << choose(8));
    }
    writes_left = choose(10) == 0 ? choose(3) : UINT32_MAX;
    reads_left = choose(10) == 0 ? choose(3) : UINT32_MAX;
    board_state(&before);
    memcpy(kept, memory, sizeof(kept));
    int status = mf_space_link_rekey(&board, owner, request);
    writes_left = reads_left = UINT32_MAX;
    board_state(&after);
    if (status == MF_OK) {
        CHECK(board.sdls.sa[row].state == MF_SA_OPERATIONAL);
        CHECK(board.sdls.sa[row].next.high == 0 && board.generation[row] > before.generation[row]);
    } else if (status != MF_E_IO) {
        CHECK(memcmp(before.sdls.sa, after.sdls.sa, sizeof(after.sdls.sa)) == 0);
        CHECK(memcmp(before.generation, after.generation, sizeof(after.generation)) == 0);
        CHECK(memcmp(before.keys.slot, after.keys.slot,
                     MF_LINK_ASSOCIATIONS * sizeof(after.keys.slot[0])) == 0);
        CHECK(memcmp(kept, memory, sizeof(kept)) == 0);
    }
    CHECK(mf_space_link_start(&board) <= (int)MF_LINK_ASSOCIATIONS);
}

/* The memory of counters and keys holds anything: what starts, starts from whole records. */
static void any_memory(void)
{
    uint32_t worst = choose(3) == 0 ? 60u : 6u;
    for (uint32_t n = choose(worst); n > 0; n--) {
        uint32_t at = choose(2) != 0 ? MF_LINK_COUNTERS_FRAM + choose(MF_IV_STORE_SIZE)
                                     : MF_LINK_KEYS_FRAM + choose(1024);
        memory[at] = (uint8_t)choose(256);
    }
    if (choose(8) == 0) {
        memset(memory, choose(2) != 0 ? 0xFF : 0, sizeof(memory));
    }
    const mf_link_port_t port = board.port;
    reads_left = choose(6) == 0 ? choose(30) : UINT32_MAX;
    writes_left = choose(6) == 0 ? choose(9) : UINT32_MAX;
    mf_space_link_reset(&board, &port);
    int stopped = mf_space_link_start(&board);
    CHECK(stopped >= 0 && stopped <= (int)MF_LINK_ASSOCIATIONS);
    writes_left = reads_left = UINT32_MAX;
    board_fresh();
}

/* Bits of keys turn in the memory of the computer: found, loaded anew. */
static void keep(void)
{
    uint32_t row = choose(MF_LINK_ASSOCIATIONS);
    ((uint8_t *)&board.keys.slot[row].gcm)[choose(sizeof(mf_gcm_key_t))] ^= 1u;
    reads_left = choose(5) == 0 ? 0 : UINT32_MAX;
    (void)mf_space_link_keep(&board);
    reads_left = UINT32_MAX;
    for (uint32_t i = 0; i < MF_LINK_ASSOCIATIONS; i++) {
        (void)mf_space_link_keep(&board);
    }
    CHECK(mf_keys_check(&board.keys, row) == MF_OK);
}

static void reports(void)
{
    mf_link_counters_t counters;
    mf_link_channel_t channel;
    mf_space_link_counters(&board, &counters);
    uint32_t vc = choose(6);
    CHECK(mf_space_link_channel(&board, (uint8_t)vc, &channel) ==
          (vc < MF_VC_COUNT ? MF_OK : MF_E_INVAL));
}

/* A counter at its end: nothing is accepted or sent any more. */
static void at_the_end(void)
{
    uint32_t row = choose(MF_LINK_ASSOCIATIONS);
    mf_sa_t *sa = &board.sdls.sa[row];
    const mf_sa_t kept = *sa;
    uint8_t frame[FRAME_ROOM] = {0};
    sa->next = sa->reserved = (mf_iv_t){UINT32_MAX, UINT64_MAX};
    if (sa->direction == MF_SA_TC) {
        uint32_t size = frame_make(frame, row, choose(100), true, 0);
        CHECK(mf_tc_frame(&board.tc, frame, size, false, 0) == MF_E_BADMSG);
    } else {
        frame[1] = (uint8_t)(sa->vc << 1);
        CHECK(mf_sdls_protect_tm(&board.sdls, sa->spi, frame) ==
              (sa->state == MF_SA_OPERATIONAL ? MF_E_STALE : MF_E_INVAL));
    }
    *sa = kept;
}

/* The calls that set associations and keys up, with anything. */
static void management(void)
{
    uint8_t secret[MF_GCM_KEY_SIZE], iv[12] = {0};
    mf_keys_t keys;
    mf_sdls_t sdls;
    mf_keys_reset(&keys);
    mf_sdls_reset(&sdls, &keys, mf_iv_store_save, &board.store);
    for (uint32_t n = 4u + choose(40); n > 0; n--) {
        uint16_t spi = (uint16_t)(choose(9) == 0 ? choose(0x10000) : choose(6));
        uint32_t slot = choose(MF_KEY_SLOTS + 1u);
        memset(secret, (int)choose(6), sizeof(secret));
        secret[0] = (uint8_t)choose(4);
        iv[choose(12)] = (uint8_t)choose(256);
        switch (choose(13)) {
        case 0:
        case 1:
            (void)mf_sdls_add(&sdls, spi, choose(2) != 0 ? MF_SA_TC : MF_SA_TM,
                              (uint8_t)choose(9), (uint16_t)choose(3), choose(60),
                              (uint16_t)choose(30));
            break;
        case 2:
        case 3:
            (void)mf_keys_load(&keys, slot, secret);
            break;
        case 4:
            (void)mf_keys_activate(&keys, slot);
            break;
        case 5:
            (void)mf_keys_deactivate(&keys, slot);
            break;
        case 6:
            (void)mf_keys_destroy(&keys, slot);
            break;
        case 7:
            CHECK(mf_keys_check(&keys, slot) == (slot < MF_KEY_SLOTS ? MF_OK : MF_E_INVAL));
            break;
        case 8:
            (void)mf_sdls_set_key(&sdls, spi, slot);
            break;
        case 9:
            (void)mf_sdls_start(&sdls, spi, choose(3));
            break;
        case 10:
            (void)mf_sdls_resume(&sdls, spi, choose(3), iv);
            break;
        case 11:
            (void)mf_sdls_stop(&sdls, spi);
            break;
        default:
            (void)mf_sdls_expire(&sdls, spi);
            break;
        }
        for (uint32_t i = 0; i < MF_SA_COUNT; i++) {
            const mf_sa_t *sa = &sdls.sa[i];
            CHECK(sa->state != MF_SA_OPERATIONAL || mf_keys_state(&keys, sa->slot) != MF_E_INVAL);
        }
    }
    board_fresh();
}

void other_rounds(uint32_t which)
{
    static void (*const rounds[])(void) = {octets,     telemetry, telemetry, rekey, any_memory,
                                           keep,       reports,   at_the_end, management};
    static const char *const names[] = {
        "taking octets",    "sending telemetry", "sending telemetry", "changing a key",
        "starting anew",    "checking keys",     "reporting",         "at the counter's end",
        "managing keys",
    };
    doing = names[which];
    rounds[which]();
}
