/* State of an archive and what its files share; everybody else goes through mf_archive.h. */
#ifndef MF_ARCHIVE_STATE_H
#define MF_ARCHIVE_STATE_H

#include "mf_archive.h"

#define ARCHIVE_GENERATION_MASK 0x3FFFFFFFu
#define ARCHIVE_CRC 2u
#define ARCHIVE_FILE_HEAD 18u
#define ARCHIVE_CONTROL 96u /* bytes of FRAM before the records: two control records */

/* Small, for there are several, on the heap of the flight computer. */
struct mf_archive {
    const mf_archive_memory_t *memory;
    uint32_t fram_address;
    uint32_t file_size;
    uint16_t ring; /* bytes of FRAM for records */
    uint16_t enough;
    /* The queue. Places run through two turns of the ring, so that full and empty differ. */
    uint16_t head;     /* behind the newest */
    uint16_t tail;     /* the oldest */
    uint16_t next;     /* behind the last that was announced */
    uint16_t sequence; /* of the control record */
    /* Kept with it. */
    uint32_t announced_generation; /* file that will hold what was announced ... */
    uint32_t announced_length;     /* ... when it is so long */
    uint32_t until_generation;     /* file of which the begin is deleted ... */
    uint32_t until_offset;         /* ... so far */
    uint32_t until_s;              /* time of the first record behind that, or of the first of all */
    uint32_t newest_s;
    uint32_t max_s; /* latest time in the newest file */
    /* The files. */
    uint16_t lengths[MF_ARCHIVE_FILES_MAX]; /* without their heads */
    uint32_t generation;                    /* of the newest, counted from 1; 0: no file yet */
    uint32_t first_s;                       /* time of the first record of the oldest */
    /* Reading: `back` files from the newest, -1 nothing. */
    uint32_t from_s, to_s;
    uint32_t read_generation; /* of the newest when `back` was counted */
    uint32_t read_offset;
    int32_t delete_s; /* -1: nothing is to be deleted */
    uint16_t counters[MF_ARCHIVE_COUNTERS];
    int8_t back;
    uint8_t priority;
    uint8_t number;
    uint8_t files;
    uint8_t newest; /* place of the file that is appended to */
    bool circular;
    bool enabled;
    bool known;  /* the files have been looked at since the start */
    bool wanted; /* somebody reads: what waits is to be written now */
};

static inline uint32_t archive_u16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static inline uint32_t archive_u32(const uint8_t *at)
{
    return archive_u16(at) << 16 | archive_u16(at + 2);
}

static inline void archive_put_u16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline void archive_put_u32(uint8_t *at, uint32_t value)
{
    archive_put_u16(at, value >> 16);
    archive_put_u16(at + 2, value);
}

static inline uint32_t archive_seconds(const uint8_t *record)
{
    return archive_u32(record + 4) & MF_ARCHIVE_TIME_MAX;
}

/* Place of the file that is `back` files older than the newest. */
static inline uint32_t archive_place(const mf_archive_t *archive, uint32_t back)
{
    const uint32_t files = archive->files;

    return (archive->newest + files - back % files) % files;
}

static inline void archive_add(mf_archive_t *archive, uint32_t counter, uint32_t n)
{
    archive->counters[counter] = (uint16_t)(archive->counters[counter] + n);
}

/* --- archive_queue.c -------------------------------------------------------------------------- */

void archive_load(mf_archive_t *archive);
int archive_save(mf_archive_t *archive);
bool archive_put(mf_archive_t *archive, const uint8_t *data, uint32_t size, uint32_t priority,
                 uint32_t seconds);
/* The record at place `at` into `record`: its size, 0 behind the last, MF_E_BADMSG when it is
 * damaged, so that those behind it cannot be found. */
int archive_peek(const mf_archive_t *archive, uint32_t at, uint8_t *record);
uint32_t archive_behind(const mf_archive_t *archive, uint32_t at, uint32_t size);
int archive_announce(mf_archive_t *archive, uint32_t behind, uint32_t generation, uint32_t length);
/* What was announced is in the file. */
void archive_taken(mf_archive_t *archive);
/* After a mount: did it get there? */
void archive_resolve(mf_archive_t *archive);
/* Forget what waits; how many records there were, one at least. */
uint32_t archive_drop_all(mf_archive_t *archive);

/* --- archive_files.c -------------------------------------------------------------------------- */

/* Back to the oldest file that holds something; -1: none does. */
int32_t archive_oldest_file(const mf_archive_t *archive);
int archive_open_read(const mf_archive_t *archive, mf_files_t *files, uint32_t place);
/* Remove the file `back` files older than the newest. */
int archive_remove(mf_archive_t *archive, mf_files_t *files, uint32_t back);
/* Head of the file at `place` into `head`: 0, MF_E_BADMSG, -2 none, or another error. */
int archive_file_head(mf_archive_t *archive, mf_files_t *files, uint32_t place,
                      uint8_t head[ARCHIVE_FILE_HEAD], uint32_t *length);
/* Time of the first record of all, after the oldest file has changed. */
int archive_note_first(mf_archive_t *archive, mf_files_t *files);

/* --- archive_read.c --------------------------------------------------------------------------- */

/* One piece of deleting. */
int archive_delete_some(mf_archive_t *archive, mf_files_t *files);

#endif
