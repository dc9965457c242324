/* Residual dipole: see mf_residual.h. */
#include "mf_residual.h"

#include "mf_vec3.h"

static bool within(float x, float lowest, float highest)
{
    return x >= lowest && x <= highest; /* NaN is not */
}

static bool params_valid(const mf_residual_params_t *p)
{
    for (int i = 0; i < 9; i++) {
        if (!(mf_fabsf(p->inertia_B_kg_m2[i]) < 1.0e3f)
            || (i % 4 == 0 && !(p->inertia_B_kg_m2[i] > 1.0e-6f))) {
            return false;
        }
    }
    return within(p->gyro_sigma_rad_s, 1.0e-8f, 0.1f) && within(p->torque_sigma_N_m, 0.0f, 1.0e-3f)
           && within(p->dipole_sigma_A_m2, 1.0e-4f, 10.0f) && within(p->walk_A_m2, 0.0f, 0.1f)
           && p->window_ms >= 1000 && p->window_ms <= 600000 && p->gap_max_ms >= 1
           && p->gap_max_ms <= p->window_ms;
}

int mf_residual_reset(mf_residual_t *state, const mf_residual_params_t *params)
{
    *state = (mf_residual_t){0};
    if (!params_valid(params)) {
        return MF_E_INVAL;
    }
    for (int i = 0; i < 3; i++) {
        state->covariance[4 * i] = params->dipole_sigma_A_m2 * params->dipole_sigma_A_m2;
    }
    return MF_OK;
}

static void begin(mf_residual_t *state, const float momentum[3], const float rate[3],
                  const float mag_B_T[3], uint64_t time_us)
{
    mf_v3_copy(state->start_N_m_s, momentum);
    mf_v3_zero(state->known_N_m_s);
    mf_v3_zero(state->field_T_s);
    mf_v3_copy(state->rate_N_m, rate);
    mf_v3_copy(state->field_T, mag_B_T);
    state->start_us = time_us;
    state->time_us = time_us;
    state->running = true;
}

/* One scalar y = h m + noise of variance r; Joseph's form of rank one. */
static void scalar(mf_residual_t *state, const float h[3], float y, float r)
{
    float g[3], gain[3], rest[3], *p = state->covariance;
    mf_m3_apply(g, p, h);
    float s = mf_v3_dot(h, g) + r;
    float innovation = y - mf_v3_dot(h, state->dipole_B_A_m2);
    mf_v3_scale(gain, g, 1.0f / s);
    mf_v3_add_scaled(state->dipole_B_A_m2, state->dipole_B_A_m2, gain, innovation);
    for (int i = 0; i < 3; i++) {
        for (int j = i; j < 3; j++) {
            p[3 * i + j] -= gain[i] * g[j];
            p[3 * j + i] = p[3 * i + j];
        }
    }
    mf_m3_apply(rest, p, h);
    for (int i = 0; i < 3; i++) {
        for (int j = i; j < 3; j++) {
            p[3 * i + j] += r * gain[i] * gain[j] - 0.5f * (rest[i] * gain[j] + rest[j] * gain[i]);
            p[3 * j + i] = p[3 * i + j];
        }
    }
}

/* The finished window: change of momentum less the known terms = m x (integral of B). */
static void conclude(mf_residual_t *state, const mf_residual_params_t *params,
                     const float momentum[3], float window_s)
{
    float unexplained[3], b[3];
    mf_v3_copy(b, state->field_T_s);
    for (int i = 0; i < 3; i++) {
        unexplained[i] = momentum[i] - state->start_N_m_s[i] - state->known_N_m_s[i];
        state->covariance[4 * i] += params->walk_A_m2 * params->walk_A_m2;
    }
    const float h[3][3] = {{0.0f, b[2], -b[1]}, {-b[2], 0.0f, b[0]}, {b[1], -b[0], 0.0f}};
    for (int i = 0; i < 3; i++) {
        const float *row = &params->inertia_B_kg_m2[3 * i];
        float gyro = mf_v3_norm(row) * params->gyro_sigma_rad_s;
        float torque = params->torque_sigma_N_m * window_s;
        scalar(state, h[i], unexplained[i], 2.0f * gyro * gyro + torque * torque);
    }
    state->windows++;
}

int mf_residual_update(mf_residual_t *state, const mf_residual_params_t *params,
                       const float omega_BN_B_rad_s[3], const float wheels_B_N_m_s[3],
                       const float rods_B_A_m2[3], const float mag_B_T[3], uint64_t time_us)
{
    const float *inputs[4] = {omega_BN_B_rad_s, wheels_B_N_m_s, rods_B_A_m2, mag_B_T};
    bool sound = params_valid(params);
    for (int i = 0; i < 4; i++) {
        sound = sound && mf_v3_norm(inputs[i]) < 1.0e4f;
    }
    if (!sound) {
        return MF_E_INVAL;
    }
    float momentum[3], turn[3], rate[3];
    mf_m3_apply(momentum, params->inertia_B_kg_m2, omega_BN_B_rad_s);
    mf_v3_add_scaled(momentum, momentum, wheels_B_N_m_s, 1.0f);
    mf_v3_cross(turn, momentum, omega_BN_B_rad_s);
    mf_v3_cross(rate, rods_B_A_m2, mag_B_T);
    mf_v3_add_scaled(rate, rate, turn, 1.0f);
    if (!state->running) {
        begin(state, momentum, rate, mag_B_T, time_us);
        return MF_OK;
    }
    if (time_us <= state->time_us
        || time_us - state->time_us > (uint64_t)params->gap_max_ms * 1000u) {
        begin(state, momentum, rate, mag_B_T, time_us);
        return MF_E_TIMEOUT;
    }
    float half_s = 0.5e-6f * (float)(uint32_t)(time_us - state->time_us);
    for (int i = 0; i < 3; i++) {
        state->known_N_m_s[i] += half_s * (rate[i] + state->rate_N_m[i]);
        state->field_T_s[i] += half_s * (mag_B_T[i] + state->field_T[i]);
    }
    mf_v3_copy(state->rate_N_m, rate);
    mf_v3_copy(state->field_T, mag_B_T);
    state->time_us = time_us;
    uint64_t window_us = time_us - state->start_us;
    if (window_us < (uint64_t)params->window_ms * 1000u) {
        return MF_OK;
    }
    conclude(state, params, momentum, (float)(uint32_t)(window_us / 1000u) * 1.0e-3f);
    begin(state, momentum, rate, mag_B_T, time_us);
    return 1;
}
