/* Space link: sizes that its parts share, and the checksums (docs/link.md; CCSDS 232.0-B-4,
 * 132.0-B-3, 133.0-B-2). The link as a whole is mf_space_link.h. */
#ifndef MF_LINK_H
#define MF_LINK_H

#include <stdint.h>

#include "mf_status.h"

#define MF_SCID 0x2A5u
#define MF_TM_FRAME_SIZE 223u
#define MF_TM_DATA_SIZE 211u /* 223 - 6 header - 4 OCF - 2 FECF */
#define MF_TC_FRAME_MAX 256u
#define MF_VC_COUNT 4u /* TM and TC virtual channels = owners: host, EC, IR, BY */
#define MF_PACKET_MAX 1024u

uint16_t mf_crc16(uint16_t crc, const uint8_t *data, uint32_t size); /* CCITT-FALSE, init 0xFFFF */
uint32_t mf_crc32(uint32_t crc, const uint8_t *data, uint32_t size); /* IEEE 802.3, init 0 */

#endif
