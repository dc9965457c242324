/* A store of records of one kind: a queue in FRAM, a ring of files in flash, and the way back out.
 *
 * What is kept lies in FRAM at once, so that it outlives a reset, and moves to flash in pieces of
 * about a block when there is slack. What is written is announced in FRAM before the file is
 * closed, so that after a power cut the file's length says whether it got there: of all that was
 * kept nothing is lost and nothing comes twice, but for what was being kept. A circular store lets
 * its oldest go when it is full, a bounded one refuses. Records are read in the order of keeping.
 *
 * No allocation, no globals; memory of the caller's, see mf_archive_size(). Thread context; one
 * call at a time. 0 or a count, or a negative errno: of FRAM, of files (mf_files.h), or as said. */
#ifndef MF_ARCHIVE_H
#define MF_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_files.h"

#define MF_ARCHIVE_CONTENT_MAX 216 /* bytes of a record's content */
#define MF_ARCHIVE_HEAD 8          /* length u16, priority u8, flags u8 (0), time in seconds u32 */
#define MF_ARCHIVE_RECORD_MAX 226  /* head, content, CRC-16 of both */
#define MF_ARCHIVE_FILES_MAX 8
#define MF_ARCHIVE_TIME_MAX 0x3FFFFFFF /* s */
#define MF_ARCHIVE_FRAM_MIN 352        /* bytes: two control records and room for one record */
#define MF_ARCHIVE_FRAM_MAX 32768
#define MF_ARCHIVE_FILE_MAX 65535
#define MF_ARCHIVE_SLOT 0 /* of the files, in use within a call only */
#define MF_ARCHIVE_E_AGAIN (-11)

/* What an archive stands on. read, write: 0 or a negative errno. crc16: CCITT-FALSE. */
typedef struct {
    int (*read)(void *ctx, uint32_t address, uint8_t *data, uint32_t size);
    int (*write)(void *ctx, uint32_t address, const uint8_t *data, uint32_t size);
    uint16_t (*crc16)(const uint8_t *data, uint32_t size);
    void *ctx;
} mf_archive_memory_t;

/* `number` 0..25 tells archives of one file system apart. */
typedef struct {
    uint32_t number;
    uint32_t fram_address;
    uint32_t fram_size;
    uint32_t files;     /* 2..MF_ARCHIVE_FILES_MAX */
    uint32_t file_size; /* bytes of records in a file, MF_ARCHIVE_RECORD_MAX..FILE_MAX */
    uint32_t enough;    /* bytes that wait are worth a piece of work */
    bool circular;
} mf_archive_config_t;

typedef struct mf_archive mf_archive_t; /* complete in native/src/storage/archive_state.h */

/* What `mf_archive_count` counts, modulo 2^16. */
enum mf_archive_counter {
    MF_ARCHIVE_KEPT,
    MF_ARCHIVE_REFUSED,   /* full and bounded, or not enabled */
    MF_ARCHIVE_LOST,      /* for want of FRAM, or pushed out of it before flash could take them */
    MF_ARCHIVE_DAMAGED,   /* records with a wrong CRC: what lies behind in their file is lost too */
    MF_ARCHIVE_OVERTAKEN, /* the file that was to be read next was begun anew */
    MF_ARCHIVE_FETCHED,   /* of the selection */
    MF_ARCHIVE_COUNTERS
};

uint32_t mf_archive_size(void);
/* `memory` must stay. Reads FRAM: what was kept before a reset is there again. 0 or MF_E_INVAL. */
int mf_archive_reset(mf_archive_t *archive, const mf_archive_config_t *config,
                     const mf_archive_memory_t *memory);

/* Take a record of `priority` (higher is more important) and of time `seconds`. False, counted,
 * when it cannot be taken; nothing has changed then but, in a circular store, its oldest. */
bool mf_archive_keep(mf_archive_t *archive, const uint8_t *data, uint32_t size, uint32_t priority,
                     uint32_t seconds);
void mf_archive_enable(mf_archive_t *archive, bool enabled);
bool mf_archive_enabled(const mf_archive_t *archive);

/* After every mount: find out what the files hold. Reading and deleting end. */
int mf_archive_begin(mf_archive_t *archive, mf_files_t *files);
/* There is a piece of work to do. */
bool mf_archive_waiting(const mf_archive_t *archive);
/* One piece: write what waits, as far as it goes into one file, or delete. After an error the file
 * system wants to be mounted again. */
int mf_archive_work(mf_archive_t *archive, mf_files_t *files);

/* Read what was kept with from_s <= time <= to_s and at least `priority`, oldest kept first. */
void mf_archive_select(mf_archive_t *archive, uint32_t from_s, uint32_t to_s, uint32_t priority);
void mf_archive_abort(mf_archive_t *archive);
bool mf_archive_reading(const mf_archive_t *archive);
/* The next record of the selection into `record` (MF_ARCHIVE_RECORD_MAX bytes), content behind the
 * head; the length of its content, 0 when there is none left. MF_ARCHIVE_E_AGAIN: looked at enough
 * for one call, or what waits must be written first. Other errors end the selection. */
int mf_archive_fetch(mf_archive_t *archive, mf_files_t *files, uint8_t *record);

/* Forget what was kept up to and with the last record that is older than, or of, `until_s`: in the
 * order of keeping, by `mf_archive_work`. */
void mf_archive_delete(mf_archive_t *archive, uint32_t until_s);
bool mf_archive_deleting(const mf_archive_t *archive);

uint32_t mf_archive_count(const mf_archive_t *archive, uint32_t counter);
uint32_t mf_archive_used(const mf_archive_t *archive);   /* bytes that wait in FRAM */
uint32_t mf_archive_stored(const mf_archive_t *archive); /* bytes in files */
uint32_t mf_archive_fill(const mf_archive_t *archive);   /* % of the room in files, 0..100 */
uint32_t mf_archive_left(const mf_archive_t *archive);   /* % still to be read */
/* Times in s, 0 when there is none: of the oldest record, of the newest, begin of the selection. */
uint32_t mf_archive_oldest(const mf_archive_t *archive);
uint32_t mf_archive_newest(const mf_archive_t *archive);
uint32_t mf_archive_from(const mf_archive_t *archive);

#endif
