/* Residual dipole: see mf_residual.h. */
#include "mf_residual.h"

#include "mf_vec3.h"

#define SIGMAS_MAX 5.0f

static bool params_valid(const mf_residual_params_t *p)
{
    return mf_within(p->momentum_sigma_N_m_s, 1.0e-12f, 1.0f) &&
           mf_within(p->torque_sigma_N_m, 0.0f, 1.0e-3f) &&
           mf_within(p->dipole_sigma_A_m2, 1.0e-4f, 10.0f) && mf_within(p->walk_A_m2, 0.0f, 0.1f) &&
           p->window_ms >= 1000u && p->window_ms <= 600000u;
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

void mf_residual_break(mf_residual_t *state)
{
    state->elapsed_ms = 0;
}

/* One scalar y = h m + noise of variance r. The noise is always a fair part of the whole, so the
 * short form of the covariance's update keeps its digits; equal products keep its symmetry. */
static void scalar(mf_residual_t *state, const float h[3], float y, float r)
{
    float g[3];
    mf_m3_apply(g, state->covariance, h);
    float s = mf_v3_dot(h, g) + r;
    float innovation = y - mf_v3_dot(h, state->dipole_B_A_m2);
    if (!(innovation * innovation <= SIGMAS_MAX * SIGMAS_MAX * s)) {
        return;
    }
    mf_v3_add_scaled(state->dipole_B_A_m2, state->dipole_B_A_m2, g, innovation / s);
    for (int i = 0; i < 9; i++) {
        state->covariance[i] -= g[i / 3] * g[i % 3] / s;
    }
}

/* The finished window: change of momentum less the known terms = m x (integral of B). */
static void conclude(mf_residual_t *state, const mf_residual_params_t *params,
                     const float momentum[3])
{
    const float *b = state->field_T_s;
    float sigma = params->momentum_sigma_N_m_s;
    float torque = params->torque_sigma_N_m * (float)state->elapsed_ms * 1.0e-3f;
    for (int i = 0; i < 3; i++) {
        state->covariance[4 * i] += params->walk_A_m2 * params->walk_A_m2;
    }
    for (int i = 0; i < 3; i++) {
        int j = (i + 1) % 3, k = (i + 2) % 3;
        float h[3];
        h[i] = 0.0f;
        h[j] = b[k];
        h[k] = -b[j];
        scalar(state, h, momentum[i] - state->start_N_m_s[i] - state->known_N_m_s[i],
               2.0f * sigma * sigma + torque * torque);
    }
    state->windows++;
}

int mf_residual_update(mf_residual_t *state, const mf_residual_params_t *params,
                       const float omega_BN_B_rad_s[3], const float momentum_B_N_m_s[3],
                       const float rods_B_A_m2[3], const float mag_B_T[3], uint32_t dt_ms)
{
    float turn[3], rods[3];
    mf_v3_cross(turn, momentum_B_N_m_s, omega_BN_B_rad_s);
    mf_v3_cross(rods, rods_B_A_m2, mag_B_T);
    mf_v3_add_scaled(turn, turn, rods, 1.0f);
    if (dt_ms == 0 || dt_ms > params->window_ms ||
        !(mf_v3_norm(momentum_B_N_m_s) < 1.0e4f) || !(mf_v3_norm(turn) < 1.0e4f) ||
        !(mf_v3_norm(mag_B_T) < 1.0f)) {
        return MF_E_INVAL;
    }
    bool finished = state->elapsed_ms >= params->window_ms;
    if (finished) {
        conclude(state, params, momentum_B_N_m_s);
        state->elapsed_ms = 0;
    }
    if (state->elapsed_ms == 0) {
        mf_v3_copy(state->start_N_m_s, momentum_B_N_m_s);
        mf_v3_zero(state->known_N_m_s);
        mf_v3_zero(state->field_T_s);
    }
    float dt_s = (float)dt_ms * 1.0e-3f;
    mf_v3_add_scaled(state->known_N_m_s, state->known_N_m_s, turn, dt_s);
    mf_v3_add_scaled(state->field_T_s, state->field_T_s, mag_B_T, dt_s);
    state->elapsed_ms += dt_ms;
    return finished ? 1 : MF_OK;
}

float mf_residual_sigma_A_m2(const mf_residual_t *state)
{
    const float *p = state->covariance;
    float worst = p[0] > p[4] ? p[0] : p[4];
    worst = worst > p[8] ? worst : p[8];
    return worst > 0.0f ? mf_sqrtf(worst) : 0.0f;
}
