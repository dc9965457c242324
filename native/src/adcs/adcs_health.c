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
#define SILENT_LONGEST_MS 65535u
#define FADE (1.0f / 32.0f)
#define MOST 8.0f           /* limits that one square may count: a spike alone trips no mean */

void mf_adcs_health_reset(mf_adcs_t *adcs)
{
    for (int i = 0; i < MF_ADCS_SENSORS; i++) {
        adcs->health[i] = (mf_adcs_health_t){0};
    }
}

bool mf_adcs_usable(const mf_adcs_t *adcs, int sensor)
{
    return adcs->health[sensor].fault == MF_ADCS_FAULT_NONE &&
           ((uint32_t)adcs->inhibited >> sensor & 1u) == 0;
}

static void exclude(mf_adcs_t *adcs, mf_adcs_health_t *health, uint8_t fault)
{
    if (health->fault == MF_ADCS_FAULT_NONE) {
        adcs->exclusions++;
    }
    health->fault = fault;
    health->passing_ms = 0;
}

void mf_adcs_judge(mf_adcs_t *adcs, const mf_adcs_params_t *params, int sensor, bool passed,
                   uint8_t fault)
{
    mf_adcs_health_t *health = &adcs->health[sensor];
    uint32_t stands_ms = health->silent_ms < SAMPLE_MAX_MS ? health->silent_ms : SAMPLE_MAX_MS;
    health->silent_ms = 0;
    health->heard = true;
    if (!passed) {
        uint32_t failing_ms = health->failing_ms + stands_ms;
        health->passing_ms = 0;
        if (failing_ms >= params->suspect_ms) {
            failing_ms = params->suspect_ms;
            exclude(adcs, health, fault);
        }
        health->failing_ms = (uint16_t)failing_ms;
        return;
    }
    uint32_t relief_ms = stands_ms / 4u;
    health->failing_ms =
        (uint16_t)(health->failing_ms < relief_ms ? 0u : health->failing_ms - relief_ms);
    if (health->fault == MF_ADCS_FAULT_NONE) {
        return;
    }
    health->passing_ms += stands_ms;
    uint32_t enough_ms = params->readmit_ms;
    if (health->fault == MF_ADCS_FAULT_SILENT && enough_ms > SILENT_READMIT_MS) {
        enough_ms = SILENT_READMIT_MS;
    }
    if (health->passing_ms >= enough_ms) {
        health->fault = MF_ADCS_FAULT_NONE;
        health->failing_ms = 0;
    }
}

void mf_adcs_health_silence(mf_adcs_t *adcs, const mf_adcs_params_t *params, uint32_t dt_ms)
{
    for (int i = 0; i < MF_ADCS_SENSORS; i++) {
        mf_adcs_health_t *health = &adcs->health[i];
        if (health->silent_ms <= params->silent_ms) {
            uint32_t silent_ms = health->silent_ms + dt_ms;
            health->silent_ms =
                (uint16_t)(silent_ms < SILENT_LONGEST_MS ? silent_ms : SILENT_LONGEST_MS);
            if (silent_ms > params->silent_ms) {
                health->passing_ms = 0;
                if (!health->heard) { /* not fitted, or not ready yet: nothing is lost */
                    health->fault = MF_ADCS_FAULT_SILENT;
                } else if (health->fault == MF_ADCS_FAULT_NONE) {
                    exclude(adcs, health, MF_ADCS_FAULT_SILENT);
                }
            }
        }
    }
}

bool mf_adcs_timely(mf_adcs_t *adcs, const mf_adcs_sample_t *sample, uint32_t most_ms)
{
    if (!sample->fresh) {
        return false;
    }
    if (sample->age_ms > most_ms) {
        adcs->bad_inputs++;
        return false;
    }
    return true;
}

bool mf_adcs_stuck(mf_adcs_health_t *health, const float value_S[3])
{
    bool stuck = false;
    for (int i = 0; i < 3; i++) {
        uint32_t words[sizeof value_S[0] / sizeof(uint32_t)], bits = 0;
        memcpy(words, &value_S[i], sizeof words);
        for (unsigned k = 0; k < sizeof words / sizeof words[0]; k++) {
            bits ^= words[k];
        }
        uint16_t digest = (uint16_t)(bits ^ bits >> 16);
        if (digest != health->last[i]) {
            health->repeats[i] = 0;
        } else if (health->repeats[i] < STUCK_REPEATS) {
            health->repeats[i]++;
        }
        health->last[i] = digest;
        stuck = stuck || health->repeats[i] >= STUCK_REPEATS;
    }
    return stuck;
}

bool mf_adcs_noisy(float *mean, float square, float limit)
{
    float most = MOST * limit;
    *mean += FADE * ((square < most ? square : most) - *mean);
    return *mean > limit;
}
