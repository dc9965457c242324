/* B-dot detumbling: see mf_bdot.h for the law and its sources. */
#include "mf_bdot.h"

/* Geomagnetic field in low Earth orbit is 17..60 uT; the bounds leave room for calibration error
 * and reject dead and disturbed sensors. */
#define FIELD_MIN_T 5.0e-6f
#define FIELD_MAX_T 100.0e-6f

static float norm(const float v[3])
{
    return __builtin_sqrtf(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
}

static void zero(float v[3])
{
    v[0] = 0.0f;
    v[1] = 0.0f;
    v[2] = 0.0f;
}

void mf_bdot_reset(mf_bdot_t *state)
{
    for (int i = 0; i < MF_BDOT_PAST; i++) {
        zero(state->past_B_T[i]);
        state->past_ms[i] = 0;
    }
    state->past_count = 0;
    state->long_baseline = false;
    state->rate_rad_s = -1.0f;
}

static void remember(mf_bdot_t *state, const float mag_B_T[3], uint32_t time_ms)
{
    for (int i = MF_BDOT_PAST - 1; i > 0; i--) {
        for (int axis = 0; axis < 3; axis++) {
            state->past_B_T[i][axis] = state->past_B_T[i - 1][axis];
        }
        state->past_ms[i] = state->past_ms[i - 1];
    }
    for (int axis = 0; axis < 3; axis++) {
        state->past_B_T[0][axis] = mag_B_T[axis];
    }
    state->past_ms[0] = time_ms;
    if (state->past_count < MF_BDOT_PAST) {
        state->past_count++;
    }
}

static void derivative(const float now_T[3], const float past_T[3], uint32_t age_ms, float out[3])
{
    /* Ages are at most a few seconds: exact in single precision. */
    float inverse_s = 1000.0f / (float)age_ms;
    for (int axis = 0; axis < 3; axis++) {
        out[axis] = (now_T[axis] - past_T[axis]) * inverse_s;
    }
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
    state->rate_rad_s = norm(out) / field_T;
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
            state->rate_rad_s = norm(out) / field_T;
        }
        break;
    }
    return true;
}

int mf_bdot_update(mf_bdot_t *state, const mf_bdot_params_t *params, const float mag_B_T[3],
                   uint32_t time_ms, float mag_dot_B_T_s[3], float dipole_B_A_m2[3])
{
    zero(mag_dot_B_T_s);
    zero(dipole_B_A_m2);
    state->rate_rad_s = -1.0f;
    state->long_baseline = false;
    float field_T = norm(mag_B_T);
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
    float scale = -(params->gain_N_m_s / field_T);
    for (int axis = 0; axis < 3; axis++) {
        dipole_B_A_m2[axis] = scale * (mag_dot_B_T_s[axis] / field_T);
    }
    float size_A_m2 = norm(dipole_B_A_m2);
    if (size_A_m2 <= params->dipole_max_A_m2) {
        return MF_OK;
    }
    float limit = params->dipole_max_A_m2 / size_A_m2;
    for (int axis = 0; axis < 3; axis++) {
        dipole_B_A_m2[axis] *= limit;
    }
    return 1;
}
