/* Survival: states and ladder, see mf_survival.h. */
#include "mf_survival.h"

#include <stddef.h>
#include <string.h>

#include "mf_kernel_state.h"
#include "survival_state.h"

#define SILENCE_MS 4000u
#define BEACON_S 10u
#define BATTERY_LOW_MV 6400u
#define BATTERY_CRITICAL_MV 6200u
#define RATE_9600 3u
#define BOOT_PAUSE_MS 5000u
#define BOOT_DOUBLINGS 6u
#define CAUSE_FAULT 5u
#define RETRY_MS 10000u

/* Pause before each start of Python in a row. The first beacon goes out before the first. */
static const uint16_t pauses_ms[MF_SURVIVAL_RESTARTS] = {100, 2000, 10000, 30000};

void mf_survival_reset(mf_survival_t *self, const mf_survival_parts_t *parts)
{
    memset(self, 0, sizeof(*self));
    self->parts = *parts;
    mf_boot_record_clear(&self->record);
    survival_set(self, WORD_SILENCE_MS, SILENCE_MS);
    survival_set(self, WORD_BEACON_S, BEACON_S);
    survival_set(self, WORD_BATTERY_MV, BATTERY_LOW_MV);
    survival_set(self, WORD_CRITICAL_MV, BATTERY_CRITICAL_MV);
    survival_set(self, WORD_RATE, RATE_9600);
}

void survival_save(mf_survival_t *self)
{
    const int status = mf_boot_record_save(self->parts.bus, &self->record);
    self->record_dirty = status < 0;
    if (self->parts.keep != NULL) {
        self->parts.keep(&self->record);
    }
    if (status < 0 && !self->record_failed) {
        mf_kernel_put_event(self->parts.kernel, MF_EVENT_BOOT_RECORD, (uint16_t)-status, 0);
    }
    self->record_failed = status < 0;
}

void survival_catch_up(mf_survival_t *self, uint32_t now_ms)
{
    if (self->record_dirty && (!self->record_failed || survival_due(now_ms, self->retry_ms))) {
        survival_save(self);
        self->retry_ms = now_ms + RETRY_MS;
    }
}

/* Pause before Python is started at all, after so many starts in a row without health. */
static uint32_t boot_pause_ms(uint32_t attempts)
{
    if (attempts < MF_BOOT_ATTEMPTS) {
        return 0;
    }
    const uint32_t doublings = attempts - MF_BOOT_ATTEMPTS;
    return BOOT_PAUSE_MS << (doublings < BOOT_DOUBLINGS ? doublings : BOOT_DOUBLINGS);
}

/* Nothing may emit or turn before it is known that the launch is over. */
static void look_at_memory(mf_survival_t *self)
{
    self->disturbed = survival_disturbed(self);
    self->launching = self->disturbed || survival_launching(self);
    mf_kernel_survive(self->parts.kernel, false, false); /* Python may have commanded otherwise */
    mf_kernel_survive(self->parts.kernel, true, !self->launching);
}

static void activate(mf_survival_t *self, uint8_t reason, uint32_t pause_ms, uint32_t now_ms)
{
    if (survival_get(self, WORD_STATE) == MF_SURVIVAL_NOMINAL) {
        survival_set(self, WORD_SINCE_MS, now_ms);
        self->beacons = 0;
    }
    survival_set(self, WORD_STATE, MF_SURVIVAL_ACTIVE);
    survival_set(self, WORD_REASON, reason);
    survival_set(self, WORD_STARTED_MS, 0);
    survival_set(self, WORD_REQUEST, 0);
    survival_set(self, WORD_ARMED, 0);
    survival_set(self, WORD_UNTIL_MS, now_ms + pause_ms);
    survival_set(self, WORD_BEACON_MS, now_ms);
    self->record.entries++;
    self->record_dirty = true;
    survival_radio_reset(self);
    look_at_memory(self);
    mf_kernel_put_event(self->parts.kernel, MF_EVENT_SURVIVAL_ENTERED, reason,
                        survival_get(self, WORD_RESTARTS));
}

void mf_survival_begin(mf_survival_t *self, uint64_t now_us)
{
    const mf_survival_parts_t *parts = &self->parts;
    survival_set(self, WORD_THREAD, THREAD_SURVIVAL);
    if (parts->counted) {
        self->record = *parts->record;
    } else {
        const int status = mf_boot_record_recall(parts->bus, parts->record, &self->record);
        if (status < 0) {
            self->record_failed = true;
            mf_kernel_put_event(parts->kernel, MF_EVENT_BOOT_RECORD, (uint16_t)-status, 0);
        }
        mf_boot_record_start(&self->record, parts->slot, parts->reset_cause);
        self->record_dirty = true;
    }
    if (self->record.choice != MF_BOOT_BY_DEFAULT) {
        mf_kernel_put_event(parts->kernel, MF_EVENT_IMAGE_CHOSEN, parts->slot,
                            self->record.choice);
    }
    self->started = true;
    const uint32_t pause_ms = boot_pause_ms(mf_boot_record_attempts(&self->record));
    if (pause_ms != 0) {
        activate(self, MF_SURVIVAL_BOOTS, pause_ms, (uint32_t)(now_us / 1000u));
    } else if (survival_disturbed(self)) {
        activate(self, MF_SURVIVAL_MEMORY, 0, (uint32_t)(now_us / 1000u));
    }
}

/* Survival's own code or memory is spoilt, and nothing in here can mend that: a reset does, or the
 * boot block, which knows a damaged image and counts this start against it. Only where starts fail
 * again and again is there a pause before. The loop goes on as it was told last. */
static enum mf_survival_action give_up(mf_survival_t *self, uint32_t now_ms)
{
    const bool again = survival_get(self, WORD_THREAD) == THREAD_LAME;
    const uint32_t pause_ms = boot_pause_ms(mf_boot_record_attempts(&self->record));
    survival_set(self, WORD_REQUEST, (uint32_t)MF_SURVIVAL_RESET | CAUSE_FAULT << 8);
    if (again || pause_ms == 0) {
        return MF_SURVIVAL_RESET;
    }
    survival_set(self, WORD_THREAD, THREAD_LAME);
    survival_set(self, WORD_STARTED_MS, 0);
    survival_set(self, WORD_UNTIL_MS, now_ms + pause_ms);
    return MF_SURVIVAL_WAIT;
}

enum mf_survival_action mf_survival_enter(mf_survival_t *self, uint8_t reason, uint64_t now_us)
{
    if (reason == MF_SURVIVAL_FAULT && survival_get(self, WORD_THREAD) != THREAD_PYTHON) {
        return give_up(self, (uint32_t)(now_us / 1000u));
    }
    survival_set(self, WORD_THREAD, THREAD_SURVIVAL);
    mf_bus_recover(self->parts.bus);
    const uint32_t restarts = survival_get(self, WORD_RESTARTS);
    const uint32_t at = restarts < MF_SURVIVAL_RESTARTS ? restarts : MF_SURVIVAL_RESTARTS - 1u;
    survival_set(self, WORD_RESTARTS, restarts + 1u);
    self->record.vm_restarts++;
    activate(self, reason, pauses_ms[at], (uint32_t)(now_us / 1000u));
    return MF_SURVIVAL_WAIT;
}

/* One round of survival at work. */
static enum mf_survival_action work(mf_survival_t *self, uint64_t now_us)
{
    const uint32_t now_ms = (uint32_t)(now_us / 1000u);
    if (self->disturbed && now_ms - survival_get(self, WORD_SINCE_MS) < MF_SURVIVAL_HOLD_MS) {
        /* Radio and EPS are on the same bus. Python would find neither parameters nor schedule. */
        look_at_memory(self);
        if (self->disturbed) {
            return MF_SURVIVAL_WAIT;
        }
    }
    mf_counter_memory_poll(self->parts.counters, now_us);
    survival_radio(self, now_us);
    survival_catch_up(self, now_ms);
    const uint32_t request = survival_get(self, WORD_REQUEST);
    if (request != 0) {
        return (enum mf_survival_action)(request & 0xFFu);
    }
    if (!survival_due(now_ms, survival_get(self, WORD_UNTIL_MS))) {
        return MF_SURVIVAL_WAIT;
    }
    if (survival_get(self, WORD_RESTARTS) > MF_SURVIVAL_RESTARTS) {
        survival_set(self, WORD_REQUEST, (uint32_t)MF_SURVIVAL_RESET | CAUSE_FAULT << 8);
        return MF_SURVIVAL_RESET;
    }
    return MF_SURVIVAL_START;
}

enum mf_survival_action mf_survival_round(mf_survival_t *self, uint64_t now_us)
{
    const uint32_t thread = survival_get(self, WORD_THREAD);
    enum mf_survival_action action = MF_SURVIVAL_START;
    if (thread == THREAD_LAME || survival_get(self, WORD_STATE) == MF_SURVIVAL_ACTIVE) {
        /* These rounds are what the watchdog is fed by. */
        mf_kernel_beat(self->parts.kernel, now_us);
        if (thread == THREAD_LAME) {
            return survival_due((uint32_t)(now_us / 1000u), survival_get(self, WORD_UNTIL_MS))
                       ? MF_SURVIVAL_RESET
                       : MF_SURVIVAL_WAIT;
        }
        action = work(self, now_us);
    }
    if (action == MF_SURVIVAL_START) {
        survival_set(self, WORD_THREAD, THREAD_PYTHON);
    }
    return action;
}

void mf_survival_vm_started(mf_survival_t *self, uint64_t now_us)
{
    const uint32_t now_ms = (uint32_t)(now_us / 1000u);
    if (survival_get(self, WORD_STATE) == MF_SURVIVAL_ACTIVE) {
        survival_set(self, WORD_STATE, MF_SURVIVAL_PROBATION);
    }
    survival_set(self, WORD_REQUEST, 0);
    survival_set(self, WORD_BEATS, 0);
    mf_survival_step_end(self);
    survival_set(self, WORD_ALIVE_MS, now_ms);
    survival_set(self, WORD_STARTED_MS, now_ms != 0 ? now_ms : 1u);
    survival_catch_up(self, now_ms);
}

static void leave(mf_survival_t *self, uint32_t now_ms)
{
    survival_set(self, WORD_STATE, MF_SURVIVAL_NOMINAL);
    mf_kernel_survive(self->parts.kernel, false, false);
    mf_kernel_put_event(self->parts.kernel, MF_EVENT_SURVIVAL_LEFT, self->beacons,
                        now_ms - survival_get(self, WORD_SINCE_MS));
}

void mf_survival_beat(mf_survival_t *self, uint64_t now_us)
{
    const uint32_t now_ms = (uint32_t)(now_us / 1000u);
    const uint32_t started_ms = survival_get(self, WORD_STARTED_MS);
    mf_kernel_beat(self->parts.kernel, now_us);
    mf_counter_memory_poll(self->parts.counters, now_us);
    survival_set(self, WORD_ALIVE_MS, now_ms);
    survival_catch_up(self, now_ms);
    if (started_ms == 0) {
        return;
    }
    const uint32_t beats = survival_get(self, WORD_BEATS);
    if (beats < MF_SURVIVAL_BEATS) {
        survival_set(self, WORD_BEATS, beats + 1u);
        if (beats + 1u == MF_SURVIVAL_BEATS &&
            survival_get(self, WORD_STATE) == MF_SURVIVAL_PROBATION) {
            leave(self, now_ms);
        }
    }
    if (now_ms - started_ms >= MF_SURVIVAL_HEALTHY_MS) {
        survival_set(self, WORD_RESTARTS, 0);
        if (mf_boot_record_healthy(&self->record)) {
            survival_save(self);
        }
    }
}

enum mf_survival_action mf_survival_tick(mf_survival_t *self, uint64_t now_us)
{
    const uint32_t now_ms = (uint32_t)(now_us / 1000u);
    const uint32_t repaired = mf_vote_scrub(&self->vote);
    if (repaired != 0) {
        mf_kernel_put_event(self->parts.kernel, MF_EVENT_VOTE_REPAIRED, (uint16_t)repaired,
                            self->vote.repaired);
    }
    if (survival_get(self, WORD_STATE) == MF_SURVIVAL_ACTIVE ||
        survival_get(self, WORD_STARTED_MS) == 0) {
        return MF_SURVIVAL_WAIT;
    }
    const uint32_t request = survival_get(self, WORD_REQUEST);
    if (request != 0 && survival_due(now_ms, survival_get(self, WORD_REQUEST_MS))) {
        survival_set(self, WORD_REASON, MF_SURVIVAL_COMMANDED);
        survival_set(self, WORD_STARTED_MS, 0);
        return (enum mf_survival_action)(request & 0xFFu);
    }
    /* A beat may be stamped after this tick's time: then its age is a little negative. */
    const int32_t age_ms = (int32_t)(now_ms - survival_get(self, WORD_ALIVE_MS));
    if (age_ms >= (int32_t)survival_get(self, WORD_SILENCE_MS)) {
        survival_set(self, WORD_REASON, MF_SURVIVAL_SILENT);
        survival_set(self, WORD_STARTED_MS, 0);
        return MF_SURVIVAL_STOP;
    }
    return survival_overdue(self, now_ms) ? MF_SURVIVAL_END_STEP : MF_SURVIVAL_WAIT;
}

uint8_t mf_survival_cause(const mf_survival_t *self)
{
    return (uint8_t)(survival_get(self, WORD_REQUEST) >> 8);
}

uint8_t mf_survival_reason(const mf_survival_t *self)
{
    return (uint8_t)survival_get(self, WORD_REASON);
}

bool mf_survival_ceased(const mf_survival_t *self)
{
    return self->record.cease != 0;
}

bool mf_survival_defaults(const mf_survival_t *self)
{
    return mf_boot_record_attempts(&self->record) >= MF_BOOT_DEFAULTS;
}

enum mf_survival_state mf_survival_state(const mf_survival_t *self)
{
    return (enum mf_survival_state)survival_get(self, WORD_STATE);
}
