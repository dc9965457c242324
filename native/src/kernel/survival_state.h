/* Between the files of survival. */
#ifndef SURVIVAL_STATE_H
#define SURVIVAL_STATE_H

#include "mf_kernel_state.h"
#include "mf_survival.h"

/* Voted words. */
enum survival_word {
    WORD_STATE,
    WORD_REASON,
    WORD_RESTARTS,   /* of Python in a row */
    WORD_SINCE_MS,   /* survival was entered */
    WORD_UNTIL_MS,   /* ... and the ladder goes on */
    WORD_BEACON_MS,  /* the next is due */
    WORD_ALIVE_MS,   /* start of Python, or its last heartbeat */
    WORD_STARTED_MS, /* start of Python; 0 while silence does not count */
    WORD_BEATS,      /* in a row since */
    WORD_REQUEST,    /* enum mf_survival_action commanded, cause << 8 */
    WORD_REQUEST_MS,
    WORD_SILENCE_MS,
    WORD_BEACON_S,
    WORD_BATTERY_MV,
    WORD_RATE,
    WORD_ARMED,      /* function that may be called once, 0 none */
    WORD_CRITICAL_MV,
    WORD_ARMED_S,    /* ... until then, seconds since start */
    WORD_THREAD,     /* enum survival_thread */
};
_Static_assert(WORD_THREAD < MF_VOTE_WORDS, "words");

/* Whose the thread is: a fault in it is a fault of that. */
enum survival_thread {
    THREAD_PYTHON = 0,
    THREAD_SURVIVAL = 1,
    THREAD_LAME = 2, /* survival faulted itself: it waits for the reset and does nothing else */
};

static inline uint32_t survival_get(const mf_survival_t *self, enum survival_word word)
{
    return mf_vote_get(&self->vote, (uint32_t)word);
}

static inline void survival_set(mf_survival_t *self, enum survival_word word, uint32_t value)
{
    mf_vote_set(&self->vote, (uint32_t)word, value);
}

/* `now` has reached `then`; both wrap. */
static inline bool survival_due(uint32_t now_ms, uint32_t then_ms)
{
    return (int32_t)(now_ms - then_ms) >= 0;
}

void survival_save(mf_survival_t *self);
/* What could not be stored is tried again, every ten seconds. */
void survival_catch_up(mf_survival_t *self, uint32_t now_ms);
/* survival_requests.c: the step that runs is beyond its hard limit. */
bool survival_overdue(mf_survival_t *self, uint32_t now_ms);

/* survival_packets.c: into self->packet; the size. */
uint32_t survival_beacon(mf_survival_t *self, uint64_t now_us);
enum survival_report {
    REPORT_BEACON,
    REPORT_ACCEPTED,
    REPORT_ACCEPTANCE_FAILED,
    REPORT_STARTED,
    REPORT_START_FAILED,
    REPORT_COMPLETED,
    REPORT_COMPLETION_FAILED,
    REPORT_PING,
};
/* `request` the first four bytes of the telecommand; NULL: a report without. `code` 0: none. */
uint32_t survival_report(mf_survival_t *self, enum survival_report kind, uint16_t destination,
                         const uint8_t *request, uint16_t code, uint64_t now_us);

/* survival_commands.c: one telecommand packet of virtual channel `owner`. */
void survival_command(mf_survival_t *self, const uint8_t *packet, uint32_t size, uint8_t owner,
                      uint64_t now_us);

enum survival_battery {
    SURVIVAL_BATTERY_GOOD = 0,
    SURVIVAL_BATTERY_LOW = 1,
    SURVIVAL_BATTERY_CRITICAL = 2,
};

/* survival_power.c: the FRAM answers nonsense or its bus hangs (one that is silent is dead, and not
 * waited for); nothing may emit or turn yet; battery and loads. */
bool survival_disturbed(mf_survival_t *self);
bool survival_launching(mf_survival_t *self);
void survival_power(mf_survival_t *self);

/* survival_radio.c: radio and link of a round. */
void survival_send(mf_survival_t *self, uint32_t size);
void survival_radio(mf_survival_t *self, uint64_t now_us);
void survival_radio_reset(mf_survival_t *self);

#endif
