/* Header at the base of a slot: what the boot block checks before it jumps.
 * Filled in after linking by image.py, which knows the same layout. */
#ifndef IMAGE_HEADER_H
#define IMAGE_HEADER_H

#include <stdint.h>

#define IMAGE_MAGIC 0x3146464Du /* "MFF1" */
#define IMAGE_SLOT_A 0x08010000u
#define IMAGE_SLOT_B 0x08080000u
#define IMAGE_SLOT_SIZE (448u * 1024u)
#define IMAGE_VECTORS_OFFSET 512u

#define IMAGE_FLAG_FLIGHT (1u << 0) /* flight profile: refuses unauthenticated telecommands */

typedef struct {
    uint32_t magic;
    uint32_t length;          /* bytes from the slot base, header included */
    uint32_t crc;             /* CRC-32 (IEEE 802.3) of bytes 12 .. length - 1 */
    uint32_t slot_base;       /* where the image was linked to */
    uint32_t flags;           /* IMAGE_FLAG_* */
    uint32_t dictionary_hash; /* of the telemetry and command definitions it was built with */
    char version[24];         /* software version, NUL-padded */
    char board[16];           /* board variant, NUL-padded */
} image_header_t;
_Static_assert(sizeof(image_header_t) == 64, "image header layout");

#define IMAGE_CRC_START 12u

/* The header of the running image (start of its slot). */
extern const image_header_t image_header;

#endif
