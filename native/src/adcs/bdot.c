/* B-dot detumbling: see mf_bdot.h for the law and its sources. */
#include "mf_bdot.h"

#include "mf_vec3.h"

/* Geomagnetic field in low Earth orbit is 17..60 uT; the bounds leave room for calibration error
 * and reject dead and disturbed sensors. */
#define FIELD_MIN_T 5.0e-6f
#define FIELD_MAX_T 100.0e-6f

void mf_bdot_reset(mf_bdot_t *state)
{
    *state = (mf_bdot_t){.rate_rad_s = -1.0f};
}

static void remember(mf_bdot_t *state, const float mag_B_T[3], uint32_t time_ms)
{
    for (int i = MF_BDOT_PAST - 1; i > 0; i--) {
        mf_v3_copy(state->past_B_T[i], state->past_B_T[i - 1]);
        state->past_ms[i] = state->past_ms[i - 1];
    }
    mf_v3_copy(state->past_B_T[0], mag_B_T);
    state->past_ms[0] = time_ms;
    if (state->past_count < MF_BDOT_PAST) {
        state->past_count++;
    }
}

static void derivative(const float now_T[3], const float past_T[3], uint32_t age_ms, float out[3])
{
    mf_v3_add_scaled(out, now_T, past_T, -1.0f);
    /* Ages are at most a few seconds: exact in single precision. */
    mf_v3_scale(out, out, 1000.0f / (float)age_ms);
}

/* Derivative from the kept samples into `out`; false when none is recent enough. */
static bool estimate(mf_bdot_t *state, const mf_bdot_params_t *params, const float mag_B_T[3],
                     float field_T, uint32_t time_ms, float out[3])
{
    uint32_t short_ms = time_ms - state->past_ms[0];
    if (state->past_count == 0 || short_ms == 0 || short_ms > params->gap_max_ms) {
        state->past_count = 0; /* older ones are older still; time that stood still is no time */
        return false;
    }
    derivative(mag_B_T, state->past_B_T[0], short_ms, out);
    state->long_baseline = short_ms >= params->baseline_ms;
    state->rate_rad_s = mf_v3_norm(out) / field_T;
    for (int i = 1; i < state->past_count; i++) {
        uint32_t age_ms = time_ms - state->past_ms[i];
        if (age_ms < params->baseline_ms) {
            continue;
        }
        if (age_ms > params->gap_max_ms) {
            break;
        }
        if (state->rate_rad_s < params->rate_low_rad_s) {
            derivative(mag_B_T, state->past_B_T[i], age_ms, out);
            state->long_baseline = true;
            state->rate_rad_s = mf_v3_norm(out) / field_T;
        }
        break;
    }
    return true;
}

int mf_bdot_update(mf_bdot_t *state, const mf_bdot_params_t *params, const float mag_B_T[3],
                   uint32_t time_ms, float mag_dot_B_T_s[3], float dipole_B_A_m2[3])
{
    mf_v3_zero(mag_dot_B_T_s);
    mf_v3_zero(dipole_B_A_m2);
    state->rate_rad_s = -1.0f;
    state->long_baseline = false;
    float field_T = mf_v3_norm(mag_B_T);
    /* Written so that NaN fails. */
    if (!(field_T >= FIELD_MIN_T && field_T <= FIELD_MAX_T)) {
        return MF_E_RANGE;
    }
    bool known = estimate(state, params, mag_B_T, field_T, time_ms, mag_dot_B_T_s);
    remember(state, mag_B_T, time_ms);
    if (!known) {
        return MF_OK;
    }
    /* Two divisions by |B|: |B|^2 alone leaves the normal range of products further down. */
    mf_v3_scale(dipole_B_A_m2, mag_dot_B_T_s, 1.0f / field_T);
    mf_v3_scale(dipole_B_A_m2, dipole_B_A_m2, -(params->gain_N_m_s / field_T));
    return mf_v3_limit(dipole_B_A_m2, params->dipole_max_A_m2) ? 1 : MF_OK;
}
