/* MEKF, time and life cycle: see mf_mekf.h. Updates are in mekf_update.c. */
#include "mf_mekf.h"

#include "mf_quat.h"
#include "mf_vec3.h"

static bool params_valid(const mf_mekf_params_t *p)
{
    return mf_within(p->arw_rad_sqrt_s, 1.0e-8f, 0.1f) && mf_within(p->rrw_rad_s_sqrt_s, 0.0f, 0.01f)
           && mf_within(p->gyro_max_rad_s, 0.01f, 40.0f) && mf_within(p->bias_max_rad_s, 1.0e-5f, 1.0f)
           && mf_within(p->bias_sigma_rad_s, 1.0e-7f, 1.0f) && mf_within(p->coast_rate_rad_s, 0.0f, 1.0f)
           && mf_within(p->gate_two, 4.0f, 100.0f) && mf_within(p->gate_three, 4.0f, 100.0f)
           && mf_within(p->reopen_rad_sqrt_s, 0.0f, 0.1f)
           && mf_within(p->reopen_rad_s_sqrt_s, 0.0f, 0.01f)
           && mf_within(p->sigma_lost_rad, 0.1f, 1.5f) && p->step_max_ms >= 1
           && p->gap_max_ms >= p->step_max_ms && p->gap_max_ms <= 60000 && p->age_max_ms <= 5000;
}

void mf_mekf_reset(mf_mekf_t *state)
{
    *state = (mf_mekf_t){0};
    state->q_BN[3] = 1.0f;
}

static int lose(mf_mekf_t *state, uint8_t reason)
{
    state->valid = false;
    state->reason = reason;
    state->lost++;
    return MF_E_TIMEOUT;
}

/* Symmetric and positive definite by its leading minors. */
static bool covariance_valid(const float p[9])
{
    for (int i = 0; i < 3; i++) {
        int j = (i + 1) % 3;
        if (!(p[4 * i] >= 1.0e-12f && p[4 * i] <= 10.0f) || p[3 * i + j] != p[3 * j + i]) {
            return false;
        }
    }
    return p[0] * p[4] - p[1] * p[3] > 0.0f && mf_m3_determinant(p) > 0.0f;
}

int mf_mekf_initialise(mf_mekf_t *state, const mf_mekf_params_t *params, const float q_BN[4],
                       const float covariance_B_rad2[9], bool keep_bias, uint64_t time_us)
{
    float q[4] = {q_BN[0], q_BN[1], q_BN[2], q_BN[3]};
    if (!params_valid(params) || !covariance_valid(covariance_B_rad2)
        || mf_quat_normalize(q) != MF_OK) {
        state->refused++;
        return MF_E_INVAL;
    }
    bool sound = state->valid || state->reason == MF_MEKF_LOST_TIME;
    for (int i = 0; i < 9; i++) {
        state->attitude_rad2[i] = covariance_B_rad2[i];
        state->cross_rad2_s[i] = 0.0f;
    }
    if (!keep_bias || !sound) {
        mf_v3_zero(state->bias_B_rad_s);
        for (int i = 0; i < 9; i++) {
            state->bias_rad2_s2[i] = 0.0f;
        }
        for (int i = 0; i < 3; i++) {
            state->bias_rad2_s2[4 * i] = params->bias_sigma_rad_s * params->bias_sigma_rad_s;
        }
    }
    for (int i = 0; i < 4; i++) {
        state->q_BN[i] = q[i];
    }
    for (int i = 0; i < 6; i++) {
        state->pending[i] = 0.0f;
    }
    mf_v3_zero(state->omega_BN_B_rad_s);
    state->time_us = time_us;
    state->sampled = 0;
    state->rejecting = 0;
    state->valid = true;
    return MF_OK;
}

/* sin(x)/x, (1 - cos x)/x^2 and (x - sin x)/x^3: by their series where the closed forms cancel. */
static void coefficients(float x, float out[3])
{
    float s = x * x;
    if (x < 0.5f) {
        out[0] = 1.0f - s * (1.0f / 6.0f - s * (1.0f / 120.0f - s * (1.0f / 5040.0f)));
        out[1] = 0.5f - s * (1.0f / 24.0f - s * (1.0f / 720.0f - s * (1.0f / 40320.0f)));
        out[2] = 1.0f / 6.0f - s * (1.0f / 120.0f - s * (1.0f / 5040.0f - s * (1.0f / 362880.0f)));
        return;
    }
    float half = mf_sinf(0.5f * x) / x;
    out[0] = mf_sinf(x) / x;
    out[1] = 2.0f * half * half;
    out[2] = (1.0f - out[0]) / s;
}

/* out = a I + b [w x] + c [w x]^2 */
static void blend(float out[9], const float w[3], float a, float b, float c)
{
    float diagonal = a - c * mf_v3_dot(w, w);
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            out[3 * i + j] = c * w[i] * w[j] + (i == j ? diagonal : 0.0f);
        }
    }
    out[1] -= b * w[2];
    out[2] += b * w[1];
    out[3] += b * w[2];
    out[5] -= b * w[0];
    out[6] -= b * w[1];
    out[7] += b * w[0];
}

static void symmetrise(float m[9])
{
    for (int i = 0; i < 3; i++) {
        for (int j = i + 1; j < 3; j++) {
            float mean = 0.5f * (m[3 * i + j] + m[3 * j + i]);
            m[3 * i + j] = mean;
            m[3 * j + i] = mean;
        }
    }
}

/* Add to a diagonal element; what rounding drops stays in `pending` for the next time. */
static void accumulate(float *element, float *pending, float amount)
{
    float owed = *pending + amount;
    float sum = *element + owed;
    *pending = owed - (sum - *element);
    *element = sum;
}

static void propagate_covariance(mf_mekf_t *state, const mf_mekf_params_t *params,
                                 const float omega_B_rad_s[3], const float factors[3], float dt_s)
{
    float phi[9], psi[9], upper[9], cross[9], *attitude = state->attitude_rad2;
    float square = dt_s * dt_s;
    blend(phi, omega_B_rad_s, 1.0f, -dt_s * factors[0], square * factors[1]);
    blend(psi, omega_B_rad_s, -dt_s, square * factors[1], -square * dt_s * factors[2]);
    /* upper = phi Pa + psi Pc^T; Pc = phi Pc + psi Pb; Pa = upper phi^T + Pc psi^T; Pa and Pb are
     * their own transposes. */
    mf_m3_two_products(upper, phi, attitude, psi, state->cross_rad2_s);
    for (int i = 0; i < 9; i++) {
        cross[i] = state->cross_rad2_s[3 * (i % 3) + i / 3];
    }
    mf_m3_two_products(state->cross_rad2_s, phi, cross, psi, state->bias_rad2_s2);
    mf_m3_two_products(attitude, upper, phi, state->cross_rad2_s, psi);
    float white = params->arw_rad_sqrt_s * params->arw_rad_sqrt_s * dt_s;
    float walk = params->rrw_rad_s_sqrt_s * params->rrw_rad_s_sqrt_s * dt_s;
    float coast = 0.0f;
    if (dt_s > (float)params->step_max_ms * 1.0e-3f) {
        coast = params->coast_rate_rad_s * dt_s;
    }
    float attitude_noise = white + walk * square * (1.0f / 3.0f) + coast * coast;
    symmetrise(attitude);
    for (int i = 0; i < 3; i++) {
        state->cross_rad2_s[4 * i] -= 0.5f * walk * dt_s;
        accumulate(&attitude[4 * i], &state->pending[i], attitude_noise);
        accumulate(&state->bias_rad2_s2[4 * i], &state->pending[3 + i], walk);
    }
}

/* Time from the filter's to `time_us`; MF_OK, or what propagate returns. */
static int interval(mf_mekf_t *state, const mf_mekf_params_t *params, uint64_t time_us,
                    float *dt_s)
{
    uint64_t gap_us = (uint64_t)params->gap_max_ms * 1000u;
    if (time_us <= state->time_us) {
        if (state->time_us - time_us > gap_us) {
            return lose(state, MF_MEKF_LOST_TIME);
        }
        state->refused++;
        return MF_E_INVAL;
    }
    if (time_us - state->time_us > gap_us) {
        return lose(state, MF_MEKF_LOST_TIME);
    }
    *dt_s = (float)(uint32_t)(time_us - state->time_us) * 1.0e-6f;
    return MF_OK;
}

int mf_mekf_propagate(mf_mekf_t *state, const mf_mekf_params_t *params,
                      const float gyro_B_rad_s[3], uint64_t time_us)
{
    if (!state->valid || !mf_v3_finite(gyro_B_rad_s)) {
        state->refused++;
        return MF_E_INVAL;
    }
    for (int i = 0; i < 3; i++) {
        if (mf_fabsf(gyro_B_rad_s[i]) > params->gyro_max_rad_s) {
            state->refused++;
            return MF_E_RANGE;
        }
    }
    float dt_s;
    int status = interval(state, params, time_us, &dt_s);
    if (status != MF_OK) {
        return status;
    }
    float omega_B_rad_s[3], factors[3], turn[4], q[4];
    mf_v3_add_scaled(omega_B_rad_s, gyro_B_rad_s, state->bias_B_rad_s, -1.0f);
    float angle_rad = mf_v3_norm(omega_B_rad_s) * dt_s;
    coefficients(angle_rad, factors);
    if (angle_rad < 0.5f) {
        /* Half the angle by the same series: sin(x/2)/x and cos(x/2). */
        float s = 0.25f * angle_rad * angle_rad;
        float sine = 0.5f - s * (1.0f / 12.0f - s * (1.0f / 240.0f - s * (1.0f / 10080.0f)));
        mf_v3_scale(turn, omega_B_rad_s, sine * dt_s);
        turn[3] = 1.0f - s * (0.5f - s * (1.0f / 24.0f - s * (1.0f / 720.0f)));
    } else {
        mf_v3_scale(turn, omega_B_rad_s, mf_sinf(0.5f * angle_rad) / angle_rad * dt_s);
        turn[3] = mf_cosf(0.5f * angle_rad);
    }
    mf_quat_multiply(turn, state->q_BN, q);
    if (mf_quat_normalize(q) != MF_OK) {
        return lose(state, MF_MEKF_LOST_DIVERGED);
    }
    propagate_covariance(state, params, omega_B_rad_s, factors, dt_s);
    for (int i = 0; i < 4; i++) {
        state->q_BN[i] = q[i];
    }
    mf_v3_copy(state->omega_BN_B_rad_s, omega_B_rad_s);
    state->time_us = time_us;
    float sigma_rad = mf_mekf_sigma_rad(state);
    if (!(sigma_rad >= 0.0f && sigma_rad <= params->sigma_lost_rad)) {
        return lose(state, MF_MEKF_LOST_DIVERGED);
    }
    return MF_OK;
}

float mf_mekf_sigma_rad(const mf_mekf_t *state)
{
    float worst = 0.0f;
    for (int i = 0; i < 3; i++) {
        float variance = state->attitude_rad2[4 * i];
        if (!(variance >= 0.0f)) {
            return -1.0f;
        }
        worst = variance > worst ? variance : worst;
    }
    return state->valid ? mf_sqrtf(worst) : -1.0f;
}
