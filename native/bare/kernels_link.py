"""What the coded and secured link costs; rows as in kernels.py.

Saving a counter is not in the counts: it is a transfer to the FRAM, which is not the processor's.
"""

from __future__ import annotations

from native.bare.kernel import Kernel

_HEADERS = ("mf_cltu.h", "mf_iv_store.h", "mf_rs.h", "mf_tc.h", "mf_tm_coding.h")
# A packet of 64 octets in a secured frame in a randomised CLTU: what the ground would send. The
# parity of a block is found by trying, since there is no encoder on board.
_TELECOMMAND = """
static mf_keys_t keys;
static mf_sdls_t sdls;
static mf_tc_t tc;
static mf_cltu_t cltu;
static mf_cltu_counters_t counters;
static uint8_t frame[105], stream[138], out[266];
static const uint8_t *packet;
static const uint8_t secret[32] = {1, 2, 3};

static int saved(void *context, uint32_t index, uint16_t spi, uint32_t generation,
                 const uint8_t *iv)
{
    (void)context, (void)index, (void)spi, (void)generation, (void)iv;
    return 0;
}

static void prepare(void)
{
    static const uint8_t header[26] = {0x22, 0xA5, 0, 101, 0, 0xC0, 0, 1};
    static const uint8_t aad[20] = {0, 0, 0, 0, 0, 0xC0, 0, 1};
    mf_keys_reset(&keys);
    mf_keys_load(&keys, 0, secret);
    mf_keys_activate(&keys, 0);
    mf_sdls_reset(&sdls, &keys, saved, 0);
    mf_sdls_add(&sdls, 1, MF_SA_TC, 0, 1, 100, 1);
    mf_sdls_set_key(&sdls, 1, 0);
    mf_sdls_start(&sdls, 1, 1);
    mf_tc_reset(&tc, &sdls, 20);
    mf_tc_set_apids(&tc, 0, 0x40, 64);
    mf_cltu_reset(&cltu, out, sizeof(out), true, true, &counters);
    memcpy(frame, header, sizeof(header));
    frame[20] = 0x18;
    frame[21] = 0x40;
    frame[22] = 0xC0;
    frame[25] = 57;
    mf_gcm_seal(&keys.slot[0].gcm, &frame[8], aad, 20, &frame[20], 64, &frame[84]);
    uint16_t crc = mf_crc16(0xFFFF, frame, 100);
    frame[100] = (uint8_t)(crc >> 8);
    frame[101] = (uint8_t)crc;
    stream[0] = 0xEB;
    stream[1] = 0x90;
    memset(&stream[122], 0xC5, 7);
    stream[129] = 0x79;
    for (uint32_t i = 0; i < 15; i++) {
        uint8_t *block = &stream[2 + 8 * i];
        for (uint32_t j = 0; j < 7; j++) {
            block[j] = frame[7 * i + j] ^ mf_cltu_random(7 * i + j);
        }
        while (mf_bch_check(block, false) != 0) {
            block[7] = (uint8_t)(block[7] + 2);
        }
    }
}

__attribute__((noinline)) static int receive(uint32_t damage)
{
    int status = MF_E_BADMSG;
    sdls.sa[0].next.low = 0;
    stream[20] ^= (uint8_t)damage;
    for (uint32_t i = 0; i < 130; i++) {
        int size = mf_cltu_byte(&cltu, stream[i]);
        if (size > 0 && mf_tc_frame(&tc, out, (uint32_t)size, true, 0) == 64 &&
            mf_tc_packet(&tc, &packet) == 64) {
            status = mf_tc_packet(&tc, &packet);
        }
    }
    stream[20] ^= (uint8_t)damage;
    return status;
}
"""
_TELEMETRY = """
static uint8_t cadu[MF_CADU_SIZE], rf[2 * MF_CADU_SIZE];
static mf_conv_t conv;

__attribute__((noinline)) static void code(void)
{
    uint8_t *frame = &cadu[MF_ASM_SIZE];
    uint16_t crc = mf_crc16(0xFFFF, frame, 221);
    frame[221] = (uint8_t)(crc >> 8);
    frame[222] = (uint8_t)crc;
    mf_tm_cadu(cadu);
}
"""
_PROTECTED = (
    _TELECOMMAND.replace("static uint8_t frame[105]", "static uint8_t plain[223], frame[105]")
    + "static uint8_t cadu[MF_CADU_SIZE];\n"
)

# What the link takes of a C library besides what start.c has; never called by what is counted.
_COMPARE = """
int memcmp(const void *a, const void *b, size_t size);
int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *x = a, *y = b;
    size_t i = 0;
    while (i < size && x[i] == y[i]) {
        i++;
    }
    return i < size ? x[i] - y[i] : 0;
}
"""

KERNELS = (
    Kernel(
        "link_telecommand_64",
        _HEADERS,
        "#include <string.h>\n" + _TELECOMMAND,
        "prepare();",
        "status |= receive(0)",
        limit=40000,
        state="mf_tc_t",
    ),
    Kernel(
        "link_telecommand_64_corrected",
        _HEADERS,
        "#include <string.h>\n" + _TELECOMMAND,
        "prepare();",
        "status |= receive(4)",
        limit=40000,
    ),
    Kernel(
        "link_key_set",
        ("mf_gcm.h",),
        "static const uint8_t secret[32] = {1, 2, 3}; static mf_gcm_key_t key;",
        "",
        "mf_gcm_key_set(&key, secret)",
        state="mf_gcm_key_t",
    ),
    Kernel(
        "link_tm_code",  # FECF, Reed-Solomon, randomiser: 100 instructions per octet of the frame
        (*_HEADERS, "mf_link.h"),
        _TELEMETRY,
        "(void)conv; (void)rf;",
        "code()",
        limit=22300,
    ),
    Kernel(
        "link_tm_protect",
        _HEADERS,
        "#include <string.h>\n" + _PROTECTED,
        "prepare(); (void)cadu; (void)receive; sdls.sa[0].direction = MF_SA_TM;",
        "status |= mf_sdls_protect_tm(&sdls, 1, plain)",
    ),
    Kernel(
        "link_idle_frame",
        ("mf_space_link.h", "stddef.h"),
        "static mf_space_link_t space_link; static uint8_t cadu[MF_CADU_SIZE];"
        "static const mf_link_port_t port;\n" + _COMPARE,
        "mf_space_link_reset(&space_link, &port);",
        "status |= mf_space_link_cadu(&space_link, MF_TM_VC_IDLE, cadu) - (int)MF_CADU_SIZE",
        state="mf_space_link_t",
    ),
    Kernel(
        "link_convolutional",
        ("mf_tm_coding.h",),
        "static uint8_t cadu[MF_CADU_SIZE], rf[2 * MF_CADU_SIZE]; static mf_conv_t conv;",
        "mf_conv_reset(&conv);",
        "mf_conv_encode(&conv, cadu, MF_CADU_SIZE, rf)",
    ),
)
