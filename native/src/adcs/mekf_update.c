/* MEKF, measurement updates: see mf_mekf_update.h and mf_mekf.h. */
#include "mf_mekf_update.h"

#include "mf_quat.h"
#include "mf_vec3.h"

#define SHORT_FORM 1.0e-3f

/* P h for a scalar that observes the attitude alone, and h^T P h. */
static float project(const mf_mekf_t *state, const float h[3], float g[6])
{
    mf_m3_apply(g, state->attitude_rad2, h);
    mf_m3_apply_transposed(&g[3], state->cross_rad2_s, h);
    return mf_v3_dot(h, g);
}

/* The covariance less g g^T / s; products are the same both ways round: it stays symmetric. */
static void subtract(mf_mekf_t *state, const float g[6], float inverse)
{
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            state->attitude_rad2[3 * i + j] -= inverse * (g[i] * g[j]);
            state->cross_rad2_s[3 * i + j] -= inverse * (g[i] * g[3 + j]);
            state->bias_rad2_s2[3 * i + j] -= inverse * (g[3 + i] * g[3 + j]);
        }
    }
}

/* Second half of Joseph's form for rank one: A - (A h) K^T + r K K^T restores what A = P - K g^T
 * has lost to rounding. `rest` is A h. */
static void restore(mf_mekf_t *state, const float gain[6], const float rest[6], float r)
{
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            const float *a = gain, *b = &gain[3], *c = rest, *d = &rest[3];
            state->attitude_rad2[3 * i + j] +=
                r * (a[i] * a[j]) - 0.5f * (c[i] * a[j] + c[j] * a[i]);
            state->cross_rad2_s[3 * i + j] +=
                r * (a[i] * b[j]) - 0.5f * (c[i] * b[j] + d[j] * a[i]);
            state->bias_rad2_s2[3 * i + j] +=
                r * (b[i] * b[j]) - 0.5f * (d[i] * b[j] + d[j] * b[i]);
        }
    }
}

/* One scalar: innovation = h d_theta + noise of variance r; g = P h, s = h^T P h + r. `error`
 * gathers the estimated error. Where r is a fair part of s the short form of the covariance's
 * update is as good as Joseph's: it loses s / r times the rounding. */
static void scalar(mf_mekf_t *state, const float h[3], const float g[6], float s,
                   float innovation, float r, float error[6])
{
    float inverse = 1.0f / s, gain[6], rest[6];
    float residual = innovation - mf_v3_dot(h, error);
    for (int i = 0; i < 6; i++) {
        gain[i] = g[i] * inverse;
        error[i] += gain[i] * residual;
    }
    subtract(state, g, inverse);
    if (r < SHORT_FORM * s) {
        (void)project(state, h, rest);
        restore(state, gain, rest, r);
    }
}

/* Is this a new, timely sample of this sensor? MF_OK also notes it as seen. */
static int admit(mf_mekf_t *state, const mf_mekf_params_t *params, int sensor, uint64_t sample_us,
                 float *age_s)
{
    uint8_t bit = (uint8_t)(1u << sensor);
    if (sample_us > state->time_us) {
        state->refused++;
        return MF_E_INVAL;
    }
    if ((state->sampled & bit) != 0 && sample_us <= state->sample_us[sensor]) {
        state->refused++;
        return MF_E_BUSY;
    }
    uint64_t age_us = state->time_us - sample_us;
    if (age_us > (uint64_t)params->age_max_ms * 1000u) {
        state->refused++;
        return MF_E_TIMEOUT;
    }
    *age_s = (float)(uint32_t)age_us * 1.0e-6f;
    state->sampled |= bit;
    state->sample_us[sensor] = sample_us;
    return MF_OK;
}

/* After a rejection: let the covariance grow once the series has lasted for reopen_ms. */
static int reject(mf_mekf_t *state, const mf_mekf_params_t *params, int sensor)
{
    uint8_t bit = (uint8_t)(1u << sensor);
    state->rejected[sensor]++;
    if ((state->rejecting & bit) == 0) {
        state->rejecting |= bit;
        state->rejected_us[sensor] = state->time_us;
    } else if (state->time_us - state->rejected_us[sensor] >= (uint64_t)params->reopen_ms * 1000u) {
        uint64_t since_us = state->time_us - state->last_rejected_us[sensor];
        uint64_t most_us = (uint64_t)params->gap_max_ms * 1000u;
        float since_s = (float)(uint32_t)(since_us < most_us ? since_us : most_us) * 1.0e-6f;
        for (int i = 0; i < 3; i++) {
            state->attitude_rad2[4 * i] +=
                params->reopen_rad_sqrt_s * params->reopen_rad_sqrt_s * since_s;
            state->bias_rad2_s2[4 * i] +=
                params->reopen_rad_s_sqrt_s * params->reopen_rad_s_sqrt_s * since_s;
        }
    }
    state->last_rejected_us[sensor] = state->time_us;
    return MF_MEKF_REJECTED;
}

/* Put the estimated error into attitude and bias; the error is zero again afterwards. */
static int inject(mf_mekf_t *state, const mf_mekf_params_t *params, int sensor,
                  const float error[6])
{
    float turn[4], q[4];
    uint8_t reason = MF_MEKF_LOST_DIVERGED;
    bool sound = mf_quat_from_rotation_vector(error, turn) == MF_OK;
    if (sound) {
        mf_quat_multiply(turn, state->q_BN, q);
        sound = mf_quat_normalize(q) == MF_OK;
    }
    for (int i = 0; sound && i < 3; i++) {
        state->bias_B_rad_s[i] += error[3 + i];
        state->omega_BN_B_rad_s[i] -= error[3 + i];
        sound = state->attitude_rad2[4 * i] > 0.0f && state->bias_rad2_s2[4 * i] > 0.0f;
    }
    if (sound && !(mf_v3_norm(state->bias_B_rad_s) <= params->bias_max_rad_s)) {
        reason = MF_MEKF_LOST_BIAS;
        sound = false;
    }
    if (!sound) {
        state->valid = false;
        state->reason = reason;
        state->lost++;
        return MF_E_TIMEOUT;
    }
    for (int i = 0; i < 4; i++) {
        state->q_BN[i] = q[i];
    }
    state->accepted[sensor]++;
    state->rejecting &= (uint8_t)~(1u << sensor);
    return MF_OK;
}

/* Where a direction seen `age_s` ago lies now in body axes. */
static void bring_forward(const mf_mekf_t *state, float age_s, float direction_B[3])
{
    float theta_rad[3], turn[4], then[3];
    mf_v3_scale(theta_rad, state->omega_BN_B_rad_s, age_s);
    if (age_s > 0.0f && mf_quat_from_rotation_vector(theta_rad, turn) == MF_OK) {
        mf_v3_copy(then, direction_B);
        mf_quat_apply(turn, then, direction_B);
    }
}

/* Two unit vectors across b with first x second = b. */
static void across(const float b[3], float first[3], float second[3])
{
    float axis[3] = {0.0f, 0.0f, 0.0f};
    int least = mf_fabsf(b[0]) <= mf_fabsf(b[1]) ? 0 : 1;
    least = mf_fabsf(b[least]) <= mf_fabsf(b[2]) ? least : 2;
    axis[least] = 1.0f;
    mf_v3_cross(first, b, axis);
    mf_v3_scale(first, first, 1.0f / mf_v3_norm(first)); /* at least 0.8 */
    mf_v3_cross(second, b, first);
}

int mf_mekf_update_direction(mf_mekf_t *state, const mf_mekf_params_t *params,
                             const mf_mekf_direction_t *direction)
{
    float measured[3], reference[3], expected[3], first[3], second[3], age_s;
    if (!state->valid || direction->sensor >= MF_MEKF_SENSORS
        || !(direction->sigma_rad >= 1.0e-5f && direction->sigma_rad <= 1.0f)
        || !mf_v3_unit(measured, direction->direction_B)
        || !mf_v3_unit(reference, direction->direction_N)) {
        state->refused++;
        return MF_E_INVAL;
    }
    int sensor = direction->sensor;
    int status = admit(state, params, sensor, direction->sample_us, &age_s);
    if (status != MF_OK) {
        return status;
    }
    bring_forward(state, age_s, measured);
    mf_quat_apply(state->q_BN, reference, expected);
    across(expected, first, second);
    /* The components across, as an angle: an opposite direction must not look like a match. */
    float nu[2] = {mf_v3_dot(first, measured), mf_v3_dot(second, measured)};
    float sine = mf_sqrtf(nu[0] * nu[0] + nu[1] * nu[1]);
    float cosine = mf_v3_dot(expected, measured);
    float stretch = 1.0f + sine * sine * (1.0f / 6.0f);
    if (sine > 0.02f || cosine < 0.0f) {
        stretch = sine > 1.0e-4f ? mf_atan2f(sine, cosine) / sine : 1.0f;
    }
    /* nu = b x d_theta: rows -second and first. */
    float h[2][3], g[2][6], r = direction->sigma_rad * direction->sigma_rad;
    mf_v3_scale(h[0], second, -1.0f);
    mf_v3_copy(h[1], first);
    nu[0] *= stretch;
    nu[1] *= stretch;
    float s00 = project(state, h[0], g[0]) + r;
    float s01 = mf_v3_dot(h[1], g[0]);
    float s11 = project(state, h[1], g[1]) + r;
    float determinant = s00 * s11 - s01 * s01;
    float nis = (s11 * nu[0] * nu[0] - 2.0f * s01 * nu[0] * nu[1] + s00 * nu[1] * nu[1])
                / determinant;
    bool opposite = cosine < 0.0f && sine < 1.0e-4f;
    if (!(determinant > 0.0f) || !mf_finitef(nis)) {
        nis = 1.0e9f;
    }
    state->nis[sensor] = opposite ? 1.0e9f : nis;
    if (opposite || nis > params->gate_two) {
        return reject(state, params, sensor);
    }
    float error[6] = {0.0f};
    scalar(state, h[0], g[0], s00, nu[0], r, error);
    s11 = project(state, h[1], g[1]) + r;
    scalar(state, h[1], g[1], s11, nu[1], r, error);
    return inject(state, params, sensor, error);
}

int mf_mekf_update_sun(mf_mekf_t *state, const mf_mekf_params_t *params,
                       const mf_mekf_direction_t *direction, bool sunlit_predicted,
                       bool sunlit_sensed)
{
    if (sunlit_predicted != sunlit_sensed) {
        state->sun_disagreements++;
    }
    if (!sunlit_predicted || !sunlit_sensed) {
        return MF_MEKF_SKIPPED;
    }
    return mf_mekf_update_direction(state, params, direction);
}

int mf_mekf_update_attitude(mf_mekf_t *state, const mf_mekf_params_t *params,
                            const mf_mekf_attitude_t *attitude)
{
    float measured[4], inverse[4], difference[4], turn[4], now[4], nu[3], s[9], whitened[3], age_s;
    bool sound = state->valid;
    for (int i = 0; i < 4; i++) {
        measured[i] = attitude->q_BN[i];
    }
    for (int i = 0; i < 3; i++) {
        sound = sound && attitude->sigma_B_rad[i] >= 1.0e-6f && attitude->sigma_B_rad[i] <= 1.0f;
    }
    if (!sound || mf_quat_normalize(measured) != MF_OK) {
        state->refused++;
        return MF_E_INVAL;
    }
    int status = admit(state, params, MF_MEKF_TRACKER, attitude->sample_us, &age_s);
    if (status != MF_OK) {
        return status;
    }
    mf_v3_scale(nu, state->omega_BN_B_rad_s, age_s);
    (void)mf_quat_from_rotation_vector(nu, turn);
    mf_quat_multiply(turn, measured, now);
    mf_quat_invert(state->q_BN, inverse);
    mf_quat_multiply(now, inverse, difference);
    mf_quat_to_rotation_vector(difference, nu);
    for (int i = 0; i < 9; i++) {
        s[i] = state->attitude_rad2[i];
    }
    for (int i = 0; i < 3; i++) {
        s[4 * i] += attitude->sigma_B_rad[i] * attitude->sigma_B_rad[i];
    }
    float nis = 1.0e9f, inverted[9];
    if (mf_m3_invert(inverted, s, 1.0e-7f)) {
        mf_m3_apply(whitened, inverted, nu);
        nis = mf_v3_dot(nu, whitened);
    }
    state->nis[MF_MEKF_TRACKER] = nis;
    if (!(nis >= 0.0f && nis <= params->gate_three)) {
        return reject(state, params, MF_MEKF_TRACKER);
    }
    float error[6] = {0.0f};
    for (int i = 0; i < 3; i++) {
        float h[3] = {0.0f, 0.0f, 0.0f}, g[6];
        float r = attitude->sigma_B_rad[i] * attitude->sigma_B_rad[i];
        h[i] = 1.0f;
        float variance = project(state, h, g) + r;
        scalar(state, h, g, variance, nu[i], r, error);
    }
    return inject(state, params, MF_MEKF_TRACKER, error);
}
