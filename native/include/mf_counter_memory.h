/* The memory behind the counters of the security associations (mf_iv_store.h): FRAM, and a copy in
 * RAM that outlives resets. A spacecraft whose FRAM is dead must still take telecommands, and must
 * still take none twice: docs/adr/0010-counters-without-fram.md.
 *
 * While the FRAM works it alone counts, and the copy follows. A look at one association's records
 * every few seconds finds a memory that is silent or answers nonsense; after MF_COUNTER_LOOKS bad
 * looks in a row the counters go on in the copy, upwards only. Where there is no copy either (power
 * was lost meanwhile), the emergency association alone begins, at a counter that nobody else uses.
 * When the FRAM answers again, what is newer is written back, and it counts again. Telemetry is
 * never protected from the copy: after a loss of power its nonces would come twice. */
#ifndef MF_COUNTER_MEMORY_H
#define MF_COUNTER_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_bus.h"
#include "mf_kernel.h"
#include "mf_space_link.h"

#define MF_COUNTER_LOOKS 3u
#define MF_EMERGENCY_SPI 9u
/* Counter that the emergency association begins at without any memory: 2^64, high word first. */
#define MF_EMERGENCY_FLOOR_HIGH 1u
#define MF_EVENT_COUNTER_MEMORY 0x0027u /* arg0 enum mf_counter_state, arg1 looks that failed */

enum mf_counter_state {
    MF_COUNTERS_IN_FRAM = 0,
    MF_COUNTERS_IN_RAM = 1,
    MF_COUNTERS_EMERGENCY = 2, /* no association but that one */
};

/* In no-init RAM. Each record has a CRC of its own. */
typedef struct {
    uint32_t state; /* a word of its own for each state, so that garbage is none of them */
    uint8_t records[MF_IV_STORE_SIZE];
} mf_counter_copy_t;

typedef struct {
    mf_bus_t *bus;
    mf_kernel_t *kernel; /* where events go */
    mf_counter_copy_t *copy;
    bool known; /* the copy is of this memory */
    uint8_t failed, turn;
    uint32_t next_ms;
} mf_counter_memory_t;

/* `fresh`: RAM has been without power, the copy is not believed. Touches no bus. */
void mf_counter_memory_reset(mf_counter_memory_t *memory, mf_bus_t *bus, mf_kernel_t *kernel,
                             mf_counter_copy_t *copy, bool fresh);
/* An mf_iv_read_t and an mf_iv_write_t, `context` being the memory; thread context. Addresses
 * beyond the counters, those of wrapped keys, are the FRAM's own; a key that is the image's anyway
 * reads as never changed when the FRAM is gone. */
int mf_counter_memory_read(void *context, uint32_t address, uint8_t *data, uint32_t size);
int mf_counter_memory_write(void *context, uint32_t address, const uint8_t *data, uint32_t size);
/* Thread, twice a second or so: look where it is due. */
void mf_counter_memory_poll(mf_counter_memory_t *memory, uint64_t now_us);
enum mf_counter_state mf_counter_memory_state(const mf_counter_memory_t *memory);

#endif
