/* What Python asks of survival: direct commands, settings, an eye on its steps. */
#include "survival_state.h"

#define REQUEST_DELAY_MS 2000u
#define CAUSE_SOFTWARE 3u
#define CAUSE_IMAGE 7u
#define STEP_LIMIT_MIN_MS 250u

static void request(mf_survival_t *self, uint32_t what, uint64_t now_us)
{
    /* The time first: a tick in between would act at once, and the report would never go down. */
    survival_set(self, WORD_REQUEST_MS, (uint32_t)(now_us / 1000u) + REQUEST_DELAY_MS);
    survival_set(self, WORD_REQUEST, what);
}

/* MF_E_IO: in RAM alone, which outlives a reset but no loss of power; it is tried again. */
static int stored(mf_survival_t *self)
{
    survival_save(self);
    return self->record_dirty ? MF_E_IO : MF_OK;
}

/* A reset that is not on record could be one of an endless row: then there is none. */
static int leave_image(mf_survival_t *self, uint64_t now_us)
{
    if (!mf_boot_record_damaged(&self->record)) {
        return MF_E_INVAL;
    }
    if (stored(self) != MF_OK) {
        self->record.damaged[self->record.started]--; /* it did not happen */
        return MF_E_IO;
    }
    request(self, (uint32_t)MF_SURVIVAL_RESET | CAUSE_IMAGE << 8, now_us);
    return MF_OK;
}

/* The ranges of flight/core/definitions.py: whoever hands over something else is not believed. */
static const struct {
    uint8_t code, word;
    uint16_t lowest, highest;
} settings[] = {
    {MF_SETTING_SILENCE_MS, WORD_SILENCE_MS, 2500, 4500},
    {MF_SETTING_BEACON_S, WORD_BEACON_S, 5, 300},
    {MF_SETTING_BATTERY_LOW_MV, WORD_BATTERY_MV, 5000, 9000},
    {MF_SETTING_BATTERY_CRITICAL_MV, WORD_CRITICAL_MV, 5000, 9000},
    {MF_SETTING_RATE, WORD_RATE, 0, 5},
};

int mf_survival_setting(mf_survival_t *self, uint8_t code, uint32_t value)
{
    for (uint32_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (settings[i].code == code) {
            if (value < settings[i].lowest || value > settings[i].highest) {
                return MF_E_INVAL;
            }
            survival_set(self, (enum survival_word)settings[i].word, value);
            return MF_OK;
        }
    }
    return MF_E_INVAL;
}

int mf_survival_direct(mf_survival_t *self, uint8_t code, uint32_t value, uint64_t now_us)
{
    switch (code) {
    case MF_DIRECT_RESTART:
        /* In survival the wait is over; Python that runs is stopped. */
        if (survival_get(self, WORD_STATE) == MF_SURVIVAL_ACTIVE) {
            survival_set(self, WORD_RESTARTS, 0);
            survival_set(self, WORD_UNTIL_MS, (uint32_t)(now_us / 1000u));
        } else {
            request(self, MF_SURVIVAL_STOP, now_us);
        }
        return MF_OK;
    case MF_DIRECT_RESET:
        request(self, (uint32_t)MF_SURVIVAL_RESET | CAUSE_SOFTWARE << 8, now_us);
        return MF_OK;
    case MF_DIRECT_IMAGE:
        if (value >= MF_BOOT_SLOTS) {
            return MF_E_INVAL;
        }
        self->record.selected = (uint8_t)value;
        self->record.choice = MF_BOOT_BY_COMMAND;
        self->record.attempts[value] = 0;
        self->record.damaged[value] = 0;
        request(self, (uint32_t)MF_SURVIVAL_RESET | CAUSE_SOFTWARE << 8, now_us);
        return stored(self);
    case MF_DIRECT_DAMAGED:
        return leave_image(self, now_us);
    case MF_DIRECT_CEASE:
        self->record.cease = value != 0 ? 1u : 0u;
        return stored(self);
    default:
        return MF_E_INVAL;
    }
}

void mf_survival_step_begin(mf_survival_t *self, uint32_t limit_ms, uint64_t now_us)
{
    self->step_limit_ms = 0;
    self->step_begun_ms = (uint32_t)(now_us / 1000u);
    self->step_told = false;
    self->step_limit_ms = limit_ms > STEP_LIMIT_MIN_MS ? limit_ms : STEP_LIMIT_MIN_MS;
}

void mf_survival_step_end(mf_survival_t *self)
{
    self->step_limit_ms = 0;
}

bool survival_overdue(mf_survival_t *self, uint32_t now_ms)
{
    const uint32_t limit_ms = self->step_limit_ms;
    if (limit_ms == 0 || now_ms - self->step_begun_ms < limit_ms) {
        return false;
    }
    if (!self->step_told) {
        self->step_told = true;
        mf_kernel_put_event(self->parts.kernel, MF_EVENT_STEP_KILLED, 0, limit_ms);
    }
    return true;
}
