/* Reed-Solomon encoder (CCSDS 131.0-B-4 section 4 and annex F).
 *
 * The code is linear over bits, also between bases: what an octet fed back adds to the 32 parity
 * symbols is the sum of what its bits add. The tables have a row per half of an octet, in the dual
 * basis, so that nothing is converted; the compiler makes their 1 KB from the rows of the eight
 * single bits. (One row per whole octet would be 8 KB, and 8 loads per octet quicker.) */
#include "mf_rs.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "rows are words, lowest octet first");

/* PJ_K: word J of the row of bit K. Products of the generator polynomial with the symbol whose dual
 * representation is 1 << K, in dual representation; the tests compute them from the definition. */
#define P0_0 0xF2270866u
#define P0_1 0x176818ABu
#define P0_2 0x2ED13156u
#define P0_3 0x5CA262ACu
#define P0_4 0xB845C559u
#define P0_5 0x82AD83D5u
#define P0_6 0x055A06AAu
#define P0_7 0xF9930433u
#define P1_0 0x8B1B4183u
#define P1_1 0x9D2DC385u
#define P1_2 0x3B5B870Au
#define P1_3 0x76B70E14u
#define P1_4 0xEC6F1C29u
#define P1_5 0x53C578D0u
#define P1_6 0xA78BF0A1u
#define P1_7 0xC50DA0C1u
#define P2_0 0xAD1FE628u
#define P2_1 0xF7212A78u
#define P2_2 0xEE4354F0u
#define P2_3 0xDC86A8E1u
#define P2_4 0xB90D51C3u
#define P2_5 0xDE0445AFu
#define P2_6 0xBD088A5Eu
#define P2_7 0xD60FF394u
#define P3_0 0x79C85927u
#define P3_1 0x8A58EA68u
#define P3_2 0x15B0D4D1u
#define P3_3 0x2A60A9A2u
#define P3_4 0x54C15245u
#define P3_5 0xD14BFDADu
#define P3_6 0xA296FA5Au
#define P3_7 0x3CE4AC93u
#define P4_0 0xAD2759C8u
#define P4_1 0xF768EA58u
#define P4_2 0xEED1D4B0u
#define P4_3 0xDCA2A960u
#define P4_4 0xB94552C1u
#define P4_5 0xDEADFD4Bu
#define P4_6 0xBD5AFA96u
#define P4_7 0xD693ACE4u
#define P5_0 0x8B28E61Fu
#define P5_1 0x9D782A21u
#define P5_2 0x3BF05443u
#define P5_3 0x76E1A886u
#define P5_4 0xECC3510Du
#define P5_5 0x53AF4504u
#define P5_6 0xA75E8A08u
#define P5_7 0xC594F30Fu
#define P6_0 0xF283411Bu
#define P6_1 0x1785C32Du
#define P6_2 0x2E0A875Bu
#define P6_3 0x5C140EB7u
#define P6_4 0xB8291C6Fu
#define P6_5 0x82D078C5u
#define P6_6 0x05A1F08Bu
#define P6_7 0xF9C1A00Du
#define P7_0 0x01660827u
#define P7_1 0x02AB1868u
#define P7_2 0x045631D1u
#define P7_3 0x08AC62A2u
#define P7_4 0x1059C545u
#define P7_5 0x20D583ADu
#define P7_6 0x40AA065Au
#define P7_7 0x80330493u

#define BIT(n, j, k) (((n) >> (k) & 1u) != 0 ? P##j##_##k : 0u)
#define WORD(n, j)                                                                             \
    (BIT(n, j, 0) ^ BIT(n, j, 1) ^ BIT(n, j, 2) ^ BIT(n, j, 3) ^ BIT(n, j, 4) ^ BIT(n, j, 5) ^ \
     BIT(n, j, 6) ^ BIT(n, j, 7))
#define ROW(n)                                                                       \
    {WORD(n, 0), WORD(n, 1), WORD(n, 2), WORD(n, 3), WORD(n, 4), WORD(n, 5), WORD(n, 6), \
     WORD(n, 7)}
#define ROWS4(n, at) ROW((n) << (at)), ROW(((n) + 1u) << (at)), ROW(((n) + 2u) << (at)), \
                     ROW(((n) + 3u) << (at))
#define ROWS16(at) ROWS4(0u, at), ROWS4(4u, at), ROWS4(8u, at), ROWS4(12u, at)

static const uint32_t low_rows[16][8] = {ROWS16(0)};
static const uint32_t high_rows[16][8] = {ROWS16(4)};

void mf_rs_encode(const uint8_t data[MF_RS_DATA], uint8_t parity[MF_RS_PARITY])
{
    uint32_t a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
    for (uint32_t i = 0; i < MF_RS_DATA; i++) {
        const uint32_t octet = data[i] ^ (a & 0xFFu);
        const uint32_t *low = low_rows[octet & 0xFu];
        const uint32_t *high = high_rows[octet >> 4];
        a = (a >> 8 | b << 24) ^ low[0] ^ high[0];
        b = (b >> 8 | c << 24) ^ low[1] ^ high[1];
        c = (c >> 8 | d << 24) ^ low[2] ^ high[2];
        d = (d >> 8 | e << 24) ^ low[3] ^ high[3];
        e = (e >> 8 | f << 24) ^ low[4] ^ high[4];
        f = (f >> 8 | g << 24) ^ low[5] ^ high[5];
        g = (g >> 8 | h << 24) ^ low[6] ^ high[6];
        h = (h >> 8) ^ low[7] ^ high[7];
    }
    const uint32_t words[8] = {a, b, c, d, e, f, g, h};
    memcpy(parity, words, MF_RS_PARITY);
}
