/* Checksums of the space link and of records in FRAM. */
#include "mf_link.h"

/* CRC-16/CCITT-FALSE (CCSDS 232.0-B-4 section 4.1.4.2): polynomial 0x1021, a byte at a time without
 * a table: x^16 + x^12 + x^5 + 1 folds into three shifts. */
uint16_t mf_crc16(uint16_t crc, const uint8_t *data, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        uint16_t x = (uint16_t)((crc >> 8) ^ data[i]);
        x = (uint16_t)(x ^ (x >> 4));
        crc = (uint16_t)((uint16_t)(crc << 8) ^ (uint16_t)(x << 12) ^ (uint16_t)(x << 5) ^ x);
    }
    return crc;
}

/* CRC-32 of IEEE 802.3, reflected, nibble table. Chains: pass the previous result. */
uint32_t mf_crc32(uint32_t crc, const uint8_t *data, uint32_t size)
{
    static const uint32_t table[16] = {
        0x00000000u, 0x1DB71064u, 0x3B6E20C8u, 0x26D930ACu, 0x76DC4190u, 0x6B6B51F4u,
        0x4DB26158u, 0x5005713Cu, 0xEDB88320u, 0xF00F9344u, 0xD6D6A3E8u, 0xCB61B38Cu,
        0x9B64C2B0u, 0x86D3D2D4u, 0xA00AE278u, 0xBDBDF21Cu,
    };
    crc = ~crc;
    for (uint32_t i = 0; i < size; i++) {
        crc = (crc >> 4) ^ table[(crc ^ data[i]) & 0x0Fu];
        crc = (crc >> 4) ^ table[(crc ^ ((uint32_t)data[i] >> 4)) & 0x0Fu];
    }
    return ~crc;
}
