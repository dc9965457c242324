/* Boot record in FRAM: which image starts, how often starts have failed, and why (docs/icd/
 * boot-record.md). Read and written by the boot block and by survival, nobody else.
 *
 * Two copies of the layout of flight/core/records.py: magic, layout, generation, body, CRC-32,
 * big-endian; a save goes over the older copy. */
#ifndef MF_BOOT_RECORD_H
#define MF_BOOT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_bus.h"

#define MF_BOOT_RECORD_A 0x0100u
#define MF_BOOT_RECORD_B 0x0180u
#define MF_BOOT_RECORD_SIZE 40u /* of one copy, CRC included */
#define MF_BOOT_CAUSES 8u
#define MF_BOOT_SLOTS 2u
#define MF_BOOT_SLOT_NONE 0xFFu
#define MF_BOOT_UNREAD 2u

/* Starts of one image that may fail to reach health before the other image is preferred. */
#define MF_BOOT_ATTEMPTS 3u
/* Resets, for ever, because this image was found damaged while it ran. The count goes with a
 * command that selects the image. */
#define MF_BOOT_DAMAGED_MAX 3u
/* From so many starts in a row without health on: parameters at their defaults, mode safe. */
#define MF_BOOT_DEFAULTS 4u

enum mf_boot_choice {
    MF_BOOT_BY_DEFAULT = 0,
    MF_BOOT_BY_COMMAND = 1,
    MF_BOOT_BY_ATTEMPTS = 2, /* the other image did not reach health */
    MF_BOOT_BY_CRC = 3,      /* the other image is damaged */
};

typedef struct {
    uint32_t generation; /* of the newest copy, 0 none */
    uint8_t newest;      /* copy it is in, 0 or 1; MF_BOOT_UNREAD: nothing is known of the copies */
    uint8_t selected;    /* slot preferred, 0 A, 1 B */
    uint8_t started;     /* slot of the last start */
    uint8_t attempts[MF_BOOT_SLOTS]; /* starts since that image was last healthy; saturate */
    uint8_t choice;      /* enum mf_boot_choice of the last start */
    uint8_t cease;       /* 1: no emission, until commanded otherwise */
    uint8_t cause;       /* reset cause of the last start */
    uint32_t starts;     /* of this processor, wraps */
    uint8_t causes[MF_BOOT_CAUSES]; /* starts by cause, saturate */
    uint16_t vm_restarts;           /* wraps */
    uint16_t entries;               /* times that survival was entered, wraps */
    uint8_t damaged[MF_BOOT_SLOTS]; /* resets because that image was found damaged; saturate */
} mf_boot_record_t;

/* Everything zero: slot A, no attempts. */
void mf_boot_record_clear(mf_boot_record_t *record);
/* One copy as it lies in FRAM. `unpack`: its generation, 0 when it is not whole; the record then
 * stays as it was. */
uint32_t mf_boot_record_unpack(mf_boot_record_t *record, const uint8_t image[MF_BOOT_RECORD_SIZE]);
void mf_boot_record_pack(const mf_boot_record_t *record, uint8_t image[MF_BOOT_RECORD_SIZE]);

/* Blocking, thread context or boot block. `load` takes the newer good copy: 1 found, 0 none, or
 * the negative status of a read; without one the record is cleared. `recall` takes what RAM `kept`
 * (NULL: nothing) where the memory has none, or only an older one; `bus` NULL: no memory. `save`
 * writes over the older copy: 0 or negative, then the record counts as not saved, and as newer than
 * what is. A record that was made while the copies could not be read takes over first what they say
 * of ceased emission, damaged images and the preferred slot, unless that was commanded. */
int mf_boot_record_load(mf_bus_t *bus, mf_boot_record_t *record);
int mf_boot_record_recall(mf_bus_t *bus, const mf_boot_record_t *kept, mf_boot_record_t *record);
int mf_boot_record_save(mf_bus_t *bus, mf_boot_record_t *record);

/* The slot to start of those that are intact (bit per slot), MF_BOOT_SLOT_NONE when none is; the
 * choice goes into the record. */
uint8_t mf_boot_record_choose(mf_boot_record_t *record, uint32_t intact);
/* Count one start of `slot` for `cause`. */
void mf_boot_record_start(mf_boot_record_t *record, uint8_t slot, uint8_t cause);
/* The running image was found damaged: true when a reset may follow, which is counted already. */
bool mf_boot_record_damaged(mf_boot_record_t *record);
/* Starts without health up to now, the present one included. */
uint32_t mf_boot_record_attempts(const mf_boot_record_t *record);
/* The running image is healthy: it is preferred from now on, and nothing has failed in a row any
 * more. True when that is news. */
bool mf_boot_record_healthy(mf_boot_record_t *record);

#endif
