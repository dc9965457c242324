#include "board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARITY_POLYNOMIAL 0x45u /* x^7 + x^6 + x^2 + 1 */

mf_space_link_t board;
uint8_t memory[MEMORY_SIZE];
uint32_t writes_left, reads_left;
const char *doing = "starting";

static uint8_t secrets[MF_LINK_SECRETS][MF_GCM_KEY_SIZE];
static mf_space_link_t first;
static uint8_t first_memory[MEMORY_SIZE];
static bool started;

/* --- choices ---------------------------------------------------------------------------------- */

static const uint8_t *choices;
static size_t left;
static uint64_t following;

void choices_from(const uint8_t *data, size_t size)
{
    choices = data;
    left = size;
    following = 0x9E3779B97F4A7C15u;
    for (size_t i = 0; i < size; i++) {
        following = (following ^ data[i]) * 1099511628211u;
    }
}

bool choices_left(void)
{
    return left > 0;
}

uint32_t choose(uint32_t below)
{
    uint32_t value = 0;
    for (uint32_t reach = 1; reach < below; reach = reach > UINT32_MAX >> 8 ? below : reach << 8) {
        if (left == 0) {
            following = following * 6364136223846793005u + 1442695040888963407u;
            return (uint32_t)(following >> 33) % below;
        }
        value = value << 8 | *choices++;
        left--;
    }
    return value % below;
}

void failed(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: failed while %s: %s\n", file, line, doing, condition);
    abort();
}

/* --- the board -------------------------------------------------------------------------------- */

static int fram_read(void *context, uint32_t address, uint8_t *data, uint32_t size)
{
    (void)context;
    CHECK(address + size <= sizeof(memory));
    if (reads_left == 0) {
        return -5;
    }
    reads_left--;
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

void board_fresh(void)
{
    writes_left = reads_left = UINT32_MAX;
    if (!started) {
        const mf_link_port_t port = {fram_read, fram_write, NULL, secrets};
        for (uint32_t i = 0; i < MF_LINK_SECRETS; i++) {
            memset(secrets[i], (int)i + 1, MF_GCM_KEY_SIZE);
            secrets[i][0] = 77;
        }
        mf_space_link_reset(&board, &port);
        CHECK(mf_space_link_start(&board) == 0);
        memcpy(&first, &board, sizeof(first));
        memcpy(first_memory, memory, sizeof(memory));
        started = true;
    }
    memcpy(&board, &first, sizeof(board));
    memcpy(memory, first_memory, sizeof(memory));
}

void board_state(mf_space_link_t *out)
{
    memcpy(out, &board, sizeof(*out));
    memset(out->tc.refused, 0, sizeof(out->tc.refused));
    for (uint32_t i = 0; i < MF_VC_COUNT; i++) {
        memset(out->tc.vc[i].refused, 0, sizeof(out->tc.vc[i].refused));
        out->tc.vc[i].tokens = 0;
        out->tc.vc[i].refilled_us = 0;
    }
    out->tc.frames = 0;
    out->tc.refusal = 0;
    memset(&out->cltu, 0, sizeof(out->cltu));
    memset(&out->coding, 0, sizeof(out->coding));
    memset(out->block, 0, sizeof(out->block));
    out->outcome = 0;
}

uint32_t board_refusals(void)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < MF_TC_REFUSAL_COUNT; i++) {
        sum += board.tc.refused[i];
        for (uint32_t vc = 0; vc < MF_VC_COUNT; vc++) {
            sum += board.tc.vc[vc].refused[i];
        }
    }
    return sum & 0xFFFFu;
}

/* --- the ground ------------------------------------------------------------------------------- */

uint32_t frame_seal(uint8_t *frame, uint32_t size)
{
    uint16_t crc = mf_crc16(0xFFFFu, frame, size - 2u);
    frame[size - 2u] = (uint8_t)(crc >> 8);
    frame[size - 1u] = (uint8_t)crc;
    return size;
}

bool frame_good_fecf(const uint8_t *frame, uint32_t size)
{
    uint32_t length = size < 5u ? 0 : mf_tc_frame_size(frame);
    return length >= 8u && length <= size && length <= MF_TC_FRAME_MAX &&
           mf_crc16(0xFFFFu, frame, length) == 0;
}

uint32_t frame_make(uint8_t *frame, uint32_t row, uint64_t iv, bool bypass, uint8_t ns)
{
    const mf_link_association_t *association = &mf_link_associations[row];
    uint32_t vc = association->vc, size = MF_SDLS_TC_DATA;
    for (uint32_t n = 1u + choose(3); n > 0; n--) {
        uint32_t length = 7u + choose(50);
        memset(&frame[size], (int)n, length);
        frame[size] = 0x19; /* APIDs from 0x100 on */
        frame[size + 1u] = (uint8_t)(0x40u * vc + choose(32));
        frame[size + 2u] = 0xC0;
        frame[size + 4u] = 0;
        frame[size + 5u] = (uint8_t)(length - 7u);
        if (choose(8) == 0) {
            frame[size + choose(6)] ^= (uint8_t)(1u << choose(8)); /* genuine, and malformed */
        }
        size += length;
    }
    uint32_t data = size - MF_SDLS_TC_DATA;
    size += MF_SDLS_TRAILER + 2u;
    uint32_t map = association->map_mask == 0x8000u ? 15u : choose(2);
    const uint8_t header[8] = {
        (uint8_t)((bypass ? 0x20u : 0u) | MF_SCID >> 8), (uint8_t)(MF_SCID & 0xFFu),
        (uint8_t)(vc << 2), (uint8_t)(size - 1u), ns, (uint8_t)(0xC0u | map),
        (uint8_t)(association->spi >> 8), (uint8_t)association->spi,
    };
    memcpy(frame, header, sizeof(header));
    memset(&frame[8], 0, 4);
    for (uint32_t i = 0; i < 8u; i++) {
        frame[12u + i] = (uint8_t)(iv >> (56u - 8u * i));
    }
    const uint8_t aad[20] = {0, 0, frame[2], 0, 0, frame[5], frame[6], frame[7]};
    mf_gcm_seal(&board.keys.slot[row].gcm, &frame[8], aad, sizeof(aad), &frame[MF_SDLS_TC_DATA],
                data, &frame[MF_SDLS_TC_DATA + data]);
    return frame_seal(frame, size);
}

uint32_t frame_damage(uint8_t *frame, uint32_t size)
{
    switch (choose(10)) {
    case 0: /* cut or longer */
        size = choose(300);
        break;
    case 1: /* the length field */
        frame[3] ^= (uint8_t)(1u << choose(8));
        break;
    case 2: /* any octets */
        for (uint32_t n = 1u + choose(8); n > 0; n--) {
            frame[choose(size)] = (uint8_t)choose(256);
        }
        break;
    case 3: /* what nobody authenticates: type and N(S) */
        frame[0] ^= (uint8_t)(0x20u * choose(2));
        frame[4] = (uint8_t)choose(256);
        break;
    case 4: /* a control command in its place */
        frame[0] = (uint8_t)(0x30u | MF_SCID >> 8);
        frame[5] = choose(2) != 0 ? 0x82 : 0;
        frame[6] = (uint8_t)(choose(4) == 0);
        frame[7] = (uint8_t)choose(256);
        size = frame[5] == 0 ? 8 : 10;
        frame[3] = (uint8_t)(size - 1u);
        break;
    case 5: /* the association, the segment header */
        frame[5u + choose(3)] = (uint8_t)choose(256);
        break;
    case 6: /* no room for what belongs in it */
        size = 8u + choose(36);
        frame[3] = (uint8_t)(size - 1u);
        break;
    default: /* one bit of what is authenticated */
        frame[5u + choose(size - 7u)] ^= (uint8_t)(1u << choose(8));
        break;
    }
    uint32_t length = size < 5u ? 0 : mf_tc_frame_size(frame);
    if (choose(5) != 0) {
        if (length >= 8u && length <= size) {
            frame_seal(frame, length);
        } else if (size >= 8u) {
            frame_seal(frame, size);
        }
    }
    return size;
}

static uint8_t parity(const uint8_t block[7])
{
    uint32_t rest = 0;
    for (uint32_t bit = 0; bit < 56u; bit++) {
        uint32_t in = (uint32_t)block[bit / 8u] >> (7u - bit % 8u) & 1u;
        rest = rest << 1 ^ (((rest >> 6 ^ in) & 1u) != 0 ? PARITY_POLYNOMIAL : 0u);
        rest &= 0x7Fu;
    }
    return (uint8_t)((rest ^ 0x7Fu) << 1);
}

uint32_t frame_cltu(const uint8_t *frame, uint32_t size, uint8_t *out)
{
    static const uint8_t start[2] = {0xEB, 0x90};
    static const uint8_t tail[8] = {0xC5, 0xC5, 0xC5, 0xC5, 0xC5, 0xC5, 0xC5, 0x79};
    uint32_t used = sizeof(start);
    memcpy(out, start, sizeof(start));
    for (uint32_t at = 0; at < size; at += 7u) {
        for (uint32_t i = 0; i < 7u; i++) {
            uint8_t octet = at + i < size ? frame[at + i] : 0x55;
            out[used + i] = octet ^ mf_cltu_random(at + i);
        }
        out[used + 7u] = parity(&out[used]);
        if (choose(6) == 0) {
            uint32_t bit = choose(63);
            out[used + bit / 8u] ^= (uint8_t)(0x80u >> bit % 8u);
        }
        used += MF_CLTU_BLOCK;
    }
    memcpy(&out[used], tail, sizeof(tail));
    return used + sizeof(tail);
}

void rekey_make(uint8_t request[MF_LINK_REKEY_REQUEST], uint32_t row, uint32_t generation)
{
    const mf_link_association_t *association = &mf_link_associations[row];
    uint8_t nonce[MF_GCM_IV_SIZE] = {(uint8_t)(association->spi >> 8), (uint8_t)association->spi};
    for (uint32_t i = 0; i < 4u; i++) {
        nonce[2u + i] = (uint8_t)(generation >> (24u - 8u * i));
    }
    memcpy(request, nonce, 6);
    /* A key of its own, or one that is known already. */
    memcpy(&request[6], secrets[choose(MF_LINK_SECRETS)], MF_GCM_KEY_SIZE);
    if (choose(4) != 0) {
        memset(&request[6], (int)choose(256), MF_GCM_KEY_SIZE);
        request[6] = (uint8_t)choose(256);
    }
    mf_gcm_key_t key;
    mf_gcm_key_set(&key, secrets[MF_LINK_ASSOCIATIONS + association->vc]);
    mf_gcm_seal(&key, nonce, nonce, 6, &request[6], MF_GCM_KEY_SIZE,
                &request[6u + MF_GCM_KEY_SIZE]);
}
