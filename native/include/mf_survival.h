/* Survival: what keeps the spacecraft alive while Python does not.
 *
 * The kernel ticks on in interrupts whatever happens. When Python ends, faults, or gives no
 * heartbeat for the limit, it is stopped for good, and the thread it ran in becomes survival's:
 * rounds of bounded, blocking work (radio, FRAM, votes) until the ladder starts Python again on a
 * fresh heap. From the entry on the control loop detumbles; a beacon goes down at once and then
 * regularly, direct commands are obeyed, and the rounds are the heartbeat that the watchdog is fed
 * by. Survival is over after MF_SURVIVAL_BEATS heartbeats of the new Python in a row.
 *
 * Ladder: MF_SURVIVAL_RESTARTS starts of Python, with growing pauses; a reset; after
 * MF_BOOT_ATTEMPTS starts without health the other image; the more of those in a row, the longer
 * the pause before Python is started at all. Health is a Python that beats for
 * MF_SURVIVAL_HEALTHY_MS. A fault of survival itself is a reset, at once, or after the pause that
 * the starts without health call for. */
#ifndef MF_SURVIVAL_H
#define MF_SURVIVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_boot_record.h"
#include "mf_bus.h"
#include "mf_counter_memory.h"
#include "mf_kernel.h"
#include "mf_space_link.h"
#include "mf_vote.h"

#define MF_SURVIVAL_RESTARTS 4u
#define MF_SURVIVAL_BEATS 3u
#define MF_SURVIVAL_HEALTHY_MS 60000u
#define MF_SURVIVAL_ROUND_MS 100u
#define MF_SURVIVAL_HOLD_MS 45000u /* Python waits at most so long for a memory that is disturbed */
#define MF_SURVIVAL_APID 0x11Fu /* last of the host's block: an application process of its own */

/* Why Python was stopped or not started. */
enum mf_survival_reason {
    MF_SURVIVAL_NONE = 0,
    MF_SURVIVAL_SILENT = 1,    /* no heartbeat for the limit */
    MF_SURVIVAL_FAULT = 2,     /* processor fault in thread mode */
    MF_SURVIVAL_ENDED = 3,     /* uncaught error, or main returned */
    MF_SURVIVAL_LOST = 4,      /* non-local return without a catcher */
    MF_SURVIVAL_COMMANDED = 5,
    MF_SURVIVAL_BOOTS = 6,     /* too many starts in a row without health */
    MF_SURVIVAL_MEMORY = 7,    /* the FRAM answers nonsense, or its bus hangs */
};

enum mf_survival_state {
    MF_SURVIVAL_NOMINAL = 0,
    MF_SURVIVAL_ACTIVE = 1,    /* the thread is survival's */
    MF_SURVIVAL_PROBATION = 2, /* Python was started again and has to prove itself */
};

enum mf_survival_action {
    MF_SURVIVAL_WAIT = 0,  /* nothing, or call again MF_SURVIVAL_ROUND_MS later */
    MF_SURVIVAL_START = 1, /* start Python */
    MF_SURVIVAL_STOP = 2,  /* stop Python: its thread goes to survival */
    MF_SURVIVAL_RESET = 3, /* reset the processor; cause by mf_survival_cause */
    MF_SURVIVAL_END_STEP = 4, /* raise an error in the step that Python is in */
};

/* Direct commands, by the low byte of their function id 0x00xx (flight/core/definitions.py). */
enum mf_survival_direct {
    MF_DIRECT_ARM = 0x03,
    MF_DIRECT_RESTART = 0x20,
    MF_DIRECT_RESET = 0x21,
    MF_DIRECT_IMAGE = 0x22,
    MF_DIRECT_TIME = 0x23,
    MF_DIRECT_CEASE = 0x24,
    MF_DIRECT_DAMAGED = 0x40, /* no command: Python found the running image damaged */
};

/* Settings from the parameters of flight/core/definitions.py, by the low byte of their id. */
enum mf_survival_setting {
    MF_SETTING_SILENCE_MS = 0x20,
    MF_SETTING_BEACON_S = 0x21,
    MF_SETTING_BATTERY_LOW_MV = 0x22,
    MF_SETTING_BATTERY_CRITICAL_MV = 0x23,
    MF_SETTING_RATE = 0x3F, /* code of the radio's rate */
};

enum mf_survival_event_id {
    MF_EVENT_SURVIVAL_ENTERED = 0x0020, /* arg0 reason, arg1 restarts of Python in a row */
    MF_EVENT_SURVIVAL_LEFT = 0x0021,    /* arg0 beacons sent, arg1 how long it was [ms] */
    MF_EVENT_BOOT_RECORD = 0x0022,      /* arg0 status without sign */
    MF_EVENT_VOTE_REPAIRED = 0x0023,    /* arg0 words, arg1 words so far */
    MF_EVENT_IMAGE_CHOSEN = 0x0024,     /* arg0 slot, arg1 enum mf_boot_choice */
    MF_EVENT_DIRECT_COMMAND = 0x0025,   /* arg0 function, obeyed by survival */
    MF_EVENT_STEP_KILLED = 0x0026,      /* arg1 hard limit [ms] */
};

typedef struct {
    mf_kernel_t *kernel;
    mf_bus_t *bus; /* platform bus: radio, FRAM, EPS */
    mf_space_link_t *link;
    mf_counter_memory_t *counters; /* behind the link; looked after here */
    uint8_t reset_cause, slot;
    bool counted; /* `record` was read, and this start counted in it, by the boot block */
    const mf_boot_record_t *record; /* that, or what RAM kept over a reset; NULL: nothing */
    /* Thread: has RAM keep the record over a reset, stored in FRAM or not; NULL: it keeps none. */
    void (*keep)(const mf_boot_record_t *record);
} mf_survival_parts_t;

#define MF_SURVIVAL_PACKET_MAX 256u

typedef struct {
    mf_survival_parts_t parts;
    mf_vote_t vote; /* everything that decides what happens next */
    mf_boot_record_t record;
    bool record_dirty, record_failed, radio_ready, carrier, started;
    bool battery_known;
    bool launching;  /* asked when survival was entered */
    bool disturbed;  /* the memory was, when it was looked at last */
    uint8_t battery; /* enum survival_battery */
    uint16_t battery_mV;
    uint16_t sequence, beacons, accepted, refused, radio_errors;
    uint16_t counters[16]; /* of message types, see survival_packets.c */
    volatile uint32_t step_limit_ms; /* 0: no step runs */
    uint32_t step_begun_ms;
    uint32_t retry_ms; /* a record that could not be stored is tried again then */
    bool step_told;
    uint8_t received[MF_SURVIVAL_PACKET_MAX], packet[MF_SURVIVAL_PACKET_MAX];
    uint8_t frame[MF_CADU_SIZE];
} mf_survival_t;

/* Before the first control tick. */
void mf_survival_reset(mf_survival_t *self, const mf_survival_parts_t *parts);

/* Thread: first call after a start of the processor; reads the boot record. */
void mf_survival_begin(mf_survival_t *self, uint64_t now_us);
/* Thread: Python is over, or never was; survival's rounds follow. What it had begun on the
 * platform bus is given up. WAIT; RESET when the fault was one
 * of survival itself, between this call or mf_survival_begin and START. */
enum mf_survival_action mf_survival_enter(mf_survival_t *self, uint8_t reason, uint64_t now_us);
/* Thread: one round; WAIT, START or RESET. */
enum mf_survival_action mf_survival_round(mf_survival_t *self, uint64_t now_us);
/* Thread: Python starts now, silence counts from here. */
void mf_survival_vm_started(mf_survival_t *self, uint64_t now_us);
/* Thread: a heartbeat of Python. */
void mf_survival_beat(mf_survival_t *self, uint64_t now_us);
/* Tick: after mf_kernel_tick; WAIT, STOP, RESET or END_STEP. */
enum mf_survival_action mf_survival_tick(mf_survival_t *self, uint64_t now_us);
/* Thread: a step of an app begins, with its hard limit [ms] (250
 * at least), or has ended. While it runs longer,
 * every tick asks for its end; what that does not end falls silent, and is stopped for it. */
void mf_survival_step_begin(mf_survival_t *self, uint32_t limit_ms, uint64_t now_us);
void mf_survival_step_end(mf_survival_t *self);
/* Cause of the reset asked for (hal/reset_cause.py), and why Python was stopped by the tick. */
uint8_t mf_survival_cause(const mf_survival_t *self);
uint8_t mf_survival_reason(const mf_survival_t *self);

/* Thread: a direct command (enum mf_survival_direct, but arm and time). What stops Python happens
 * two seconds later, so that the report goes down before. 0, MF_E_INVAL, or MF_E_IO: done, but not
 * stored yet (MF_DIRECT_DAMAGED: not done). */
int mf_survival_direct(mf_survival_t *self, uint8_t code, uint32_t value, uint64_t now_us);
/* Thread: a setting (enum mf_survival_setting). 0, or MF_E_INVAL: out of its range, left as it was. */
int mf_survival_setting(mf_survival_t *self, uint8_t code, uint32_t value);
/* Emission has been ceased by command. */
bool mf_survival_ceased(const mf_survival_t *self);
/* This start takes default parameters and stays in safe mode. */
bool mf_survival_defaults(const mf_survival_t *self);
enum mf_survival_state mf_survival_state(const mf_survival_t *self);

#endif
