/* Attitude loop: exclusion and re-admission of sensors; see mf_adcs.h.
 *
 * Failed checks add up to suspect_ms and exclude; passed ones take a quarter of their time away
 * again, so that a sensor that fails every third time is found too. An excluded sensor goes on
 * being checked and is used again after passing for readmit_ms without a failure, or for two
 * seconds when it had only been silent. */
#include "mf_adcs_state.h"

#define STUCK_REPEATS 20u
#define SAMPLE_MAX_MS 1000u /* a check stands for no more than that */
#define SILENT_READMIT_MS 2000u

void mf_adcs_health_reset(mf_adcs_t *adcs)
{
    for (int i = 0; i < MF_ADCS_SENSORS; i++) {
        adcs->health[i] = (mf_adcs_health_t){.used = true};
    }
}

bool mf_adcs_usable(const mf_adcs_t *adcs, int sensor)
{
    return adcs->health[sensor].used && ((uint32_t)adcs->inhibited >> sensor & 1u) == 0;
}

static void exclude(mf_adcs_t *adcs, mf_adcs_health_t *health, uint8_t fault)
{
    health->used = false;
    health->fault = fault;
    health->passing_ms = 0;
    adcs->exclusions++;
}

void mf_adcs_judge(mf_adcs_t *adcs, const mf_adcs_params_t *params, int sensor, bool passed,
                   uint8_t fault)
{
    mf_adcs_health_t *health = &adcs->health[sensor];
    uint32_t stands_ms = health->silent_ms < SAMPLE_MAX_MS ? health->silent_ms : SAMPLE_MAX_MS;
    health->silent_ms = 0;
    if (!passed) {
        health->passing_ms = 0;
        health->failing_ms += stands_ms;
        if (health->failing_ms >= params->suspect_ms) {
            health->failing_ms = params->suspect_ms;
            if (health->used) {
                exclude(adcs, health, fault);
            } else {
                health->fault = fault;
            }
        }
        return;
    }
    uint32_t relief_ms = stands_ms / 4u;
    health->failing_ms -= health->failing_ms < relief_ms ? health->failing_ms : relief_ms;
    if (health->used) {
        return;
    }
    health->passing_ms += stands_ms;
    uint32_t enough_ms = params->readmit_ms;
    if (health->fault == MF_ADCS_FAULT_SILENT && enough_ms > SILENT_READMIT_MS) {
        enough_ms = SILENT_READMIT_MS;
    }
    if (health->passing_ms >= enough_ms) {
        health->used = true;
        health->fault = MF_ADCS_FAULT_NONE;
        health->failing_ms = 0;
    }
}

void mf_adcs_health_silence(mf_adcs_t *adcs, const mf_adcs_params_t *params, uint32_t dt_ms)
{
    for (int i = 0; i < MF_ADCS_SENSORS; i++) {
        mf_adcs_health_t *health = &adcs->health[i];
        if (health->silent_ms <= params->silent_ms) {
            health->silent_ms += dt_ms;
            if (health->silent_ms > params->silent_ms) {
                health->passing_ms = 0;
                if (health->used) {
                    exclude(adcs, health, MF_ADCS_FAULT_SILENT);
                }
            }
        }
    }
}

bool mf_adcs_stuck(mf_adcs_health_t *health, const float value_S[3])
{
    bool same = true;
    for (int i = 0; i < 3; i++) {
        same = same && value_S[i] == health->last_S[i];
        health->last_S[i] = value_S[i];
    }
    if (!same) {
        health->repeats = 0;
    } else if (health->repeats < STUCK_REPEATS) {
        health->repeats++;
    }
    return health->repeats >= STUCK_REPEATS;
}
