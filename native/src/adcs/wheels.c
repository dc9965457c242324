/* Reaction wheels: see mf_wheels.h. */
#include "mf_wheels.h"

#include "mf_vec3.h"

#define N MF_WHEELS_COUNT
#define UNIT_TOLERANCE 1.0e-3f

static bool usable(uint8_t available, int i)
{
    return (available >> i & 1u) != 0;
}

static bool params_valid(const mf_wheels_params_t *p)
{
    return p->inertia_kg_m2 > 0.0f && p->inertia_kg_m2 < 1.0e3f && p->torque_max_N_m > 0.0f
           && p->torque_max_N_m < 1.0e3f && p->momentum_max_N_m_s > 0.0f
           && p->momentum_max_N_m_s < 1.0e3f && p->bias_N_m_s >= 0.0f
           && p->bias_N_m_s <= p->momentum_max_N_m_s && p->bias_gain_1_s >= 0.0f
           && p->bias_gain_1_s <= 1.0f && p->horizon_s > 0.0f && p->horizon_s < 1.0e3f;
}

/* Axes of the available wheels, wheel momenta, and their sum; false for bad input. */
static bool gather(const mf_wheels_params_t *params, const float speed_rad_s[N],
                   uint8_t available, float axes[N][3], float momentum[N], float sum[3])
{
    for (int i = 0; i < N; i++) {
        momentum[i] = 0.0f;
        const float *axis = params->axis_B[i];
        if (!(mf_fabsf(mf_v3_dot(axis, axis) - 1.0f) < UNIT_TOLERANCE)) {
            return false;
        }
        mf_v3_copy(axes[i], axis);
        if (!usable(available, i)) {
            mf_v3_zero(axes[i]);
            continue;
        }
        if (!(mf_fabsf(speed_rad_s[i]) < 1.0e6f)) {
            return false;
        }
        momentum[i] = params->inertia_kg_m2 * speed_rad_s[i];
        mf_v3_add_scaled(sum, sum, axes[i], momentum[i]);
    }
    return true;
}

/* Unit vector n with G n = 0: the signed 3x3 minors of the four axes. */
static void null_vector(float axes[N][3], float n[N])
{
    float front[3], back[3];
    mf_v3_cross(front, axes[0], axes[1]);
    mf_v3_cross(back, axes[2], axes[3]);
    n[0] = mf_v3_dot(axes[1], back);
    n[1] = -mf_v3_dot(axes[0], back);
    n[2] = mf_v3_dot(axes[3], front);
    n[3] = -mf_v3_dot(axes[2], front);
    /* At least 0.01: the axes span all directions. */
    float inverse = 1.0f / mf_sqrtf(n[0] * n[0] + n[1] * n[1] + n[2] * n[2] + n[3] * n[3]);
    for (int i = 0; i < N; i++) {
        n[i] *= inverse;
    }
}

/* Largest torque of wheel i in the direction of `share`, beside `used` already given to it. */
static float room(const mf_wheels_params_t *params, float momentum, float share, float used)
{
    float direction = share < 0.0f ? -1.0f : 1.0f;
    float most = params->torque_max_N_m;
    float left = (params->momentum_max_N_m_s - direction * momentum) / params->horizon_s;
    if (left < most) {
        most = left;
    }
    most -= direction * used;
    return most > 0.0f ? most : 0.0f;
}

/* Largest common factor, at most 1, with which `share` fits beside `used`. */
static float fit(const mf_wheels_params_t *params, const float momentum[N], const float share[N],
                 const float used[N])
{
    float factor = 1.0f;
    for (int i = 0; i < N; i++) {
        float size = mf_fabsf(share[i]);
        float most = room(params, momentum[i], share[i], used[i]);
        if (size * factor > most) {
            factor = most / size;
        }
    }
    return factor;
}

int mf_wheels_allocate(const mf_wheels_params_t *params, const float torque_B_N_m[3],
                       const float speed_rad_s[N], uint8_t available, mf_wheels_output_t *output)
{
    *output = (mf_wheels_output_t){{0.0f}, {0.0f}, {0.0f}, 0.0f};
    float axes[N][3], momentum[N], sum[3] = {0.0f}, gram[9] = {0.0f}, inverse[9], solved[3];
    if (!params_valid(params) || !(mf_v3_norm(torque_B_N_m) < 1.0e6f)
        || !gather(params, speed_rad_s, available, axes, momentum, sum)) {
        return MF_E_INVAL;
    }
    for (int k = 0; k < N; k++) {
        for (int row = 0; row < 3; row++) {
            float *at = &gram[3 * row];
            mf_v3_add_scaled(at, at, axes[k], axes[k][row]);
        }
    }
    if (!mf_m3_invert(inverse, gram, 0.01f)) {
        return MF_E_RANGE;
    }
    mf_m3_apply(solved, inverse, torque_B_N_m);
    float share[N], none[N] = {0.0f}, bias[N] = {0.0f};
    for (int i = 0; i < N; i++) {
        share[i] = -mf_v3_dot(axes[i], solved);
    }
    float scale = fit(params, momentum, share, none);
    for (int i = 0; i < N; i++) {
        share[i] *= scale;
    }
    if (available == (1u << N) - 1u) {
        float n[N], along = 0.0f;
        null_vector(axes, n);
        for (int i = 0; i < N; i++) {
            along += n[i] * momentum[i];
        }
        for (int i = 0; i < N; i++) {
            bias[i] = params->bias_gain_1_s * (params->bias_N_m_s - along) * n[i];
        }
        float left = fit(params, momentum, bias, share);
        for (int i = 0; i < N; i++) {
            share[i] += left * bias[i];
        }
        output->null_N_m_s = along;
    }
    for (int i = 0; i < N; i++) {
        output->motor_N_m[i] = share[i];
        mf_v3_add_scaled(output->torque_B_N_m, output->torque_B_N_m, axes[i], -share[i]);
    }
    mf_v3_copy(output->momentum_B_N_m_s, sum);
    return scale < 1.0f ? 1 : MF_OK;
}
