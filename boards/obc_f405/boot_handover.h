/* What boot block and image hand to each other, over resets too: in RAM that nobody clears, at a
 * fixed place behind the handler stack (link/image.ld, link/boot.ld), guarded by a CRC. */
#ifndef BOOT_HANDOVER_H
#define BOOT_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mf_boot_record.h"
#include "mf_link.h"

#define BOOT_HANDOVER_MAGIC 0x4D464832u /* "MFH2" */
#define BOOT_UNANNOUNCED 0xFFu          /* nobody said beforehand that it would reset */

typedef struct {
    uint32_t magic;
    int32_t pipe_tx, pipe_rx; /* of the emulator's device bus, which outlives a reset; -1: none */
    uint32_t announced;       /* cause of the next reset, BOOT_UNANNOUNCED while running */
    uint32_t cause;           /* of this start, by the boot block (port.h) */
    uint32_t greeted;         /* 1: the device bus was told of this start */
    uint32_t counted;         /* 1: this start is counted in `record` */
    mf_boot_record_t record;  /* as it was last, stored in FRAM or not */
    uint32_t crc;             /* of all before */
} boot_handover_t;
_Static_assert(sizeof(boot_handover_t) <= 128, "boot_handover_size of link/image.ld");

extern boot_handover_t boot_handover;

static inline uint32_t boot_handover_crc(void)
{
    return mf_crc32(0, (const uint8_t *)&boot_handover, (uint32_t)offsetof(boot_handover_t, crc));
}

static inline bool boot_handover_valid(void)
{
    return boot_handover.magic == BOOT_HANDOVER_MAGIC && boot_handover.crc == boot_handover_crc();
}

static inline void boot_handover_seal(void)
{
    boot_handover.crc = boot_handover_crc();
}

#endif
