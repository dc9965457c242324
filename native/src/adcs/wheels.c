/* Reaction wheels: see mf_wheels.h. */
#include "mf_wheels.h"

#include "mf_vec3.h"

#define N MF_WHEELS_COUNT
#define UNIT_TOLERANCE 1.0e-3f
#define SMALLEST 1.0e-12f /* of parameters that are divided by, or that nothing works without */
#define LARGEST 1.0e3f
#define SPAN_MIN 0.1f /* volume that three unit axes must span */

static bool params_valid(const mf_wheels_params_t *p)
{
    return mf_within(p->inertia_kg_m2, SMALLEST, LARGEST) &&
           mf_within(p->torque_max_N_m, SMALLEST, LARGEST) &&
           mf_within(p->momentum_max_N_m_s, SMALLEST, LARGEST) &&
           mf_within(p->bias_N_m_s, 0.0f, p->momentum_max_N_m_s) &&
           mf_within(p->bias_gain_1_s, 0.0f, 1.0f) && mf_within(p->horizon_s, SMALLEST, LARGEST);
}

/* Momenta of the available wheels and their sum; the wheel that is lost, N when none is. Negative
 * for bad input and for more than one lost. */
static int gather(const mf_wheels_params_t *params, const float speed_rad_s[N], uint8_t available,
                  float momentum[N], float sum[3])
{
    int lost = N;
    for (int i = 0; i < N; i++) {
        const float *axis = params->axis_B[i];
        momentum[i] = 0.0f;
        if (!(mf_fabsf(mf_v3_dot(axis, axis) - 1.0f) < UNIT_TOLERANCE)) {
            return MF_E_INVAL;
        }
        if ((available >> i & 1u) == 0) {
            lost = lost == N ? i : MF_E_RANGE;
            continue;
        }
        if (!(mf_fabsf(speed_rad_s[i]) < 1.0e6f)) {
            return MF_E_INVAL;
        }
        momentum[i] = params->inertia_kg_m2 * speed_rad_s[i];
        mf_v3_add_scaled(sum, sum, axis, momentum[i]);
    }
    return lost;
}

/* Shares u with G u = -t, by Cramer's rule: without wheel `lost`, or without the one that the others
 * replace best. `null`: G null = 0, from the 3x3 minors of the axes. False when they do not span. */
static bool share_out(const float axis_B[N][3], const float torque_B_N_m[3], int lost, float share[N],
                      float null[N])
{
    float front[3], back[3];
    mf_v3_cross(front, axis_B[0], axis_B[1]);
    mf_v3_cross(back, axis_B[2], axis_B[3]);
    null[0] = mf_v3_dot(axis_B[1], back);
    null[1] = -mf_v3_dot(axis_B[0], back);
    null[2] = mf_v3_dot(axis_B[3], front);
    null[3] = -mf_v3_dot(axis_B[2], front);
    int out = lost < N ? lost : 0;
    for (int i = 1; lost == N && i < N; i++) {
        out = mf_fabsf(null[i]) > mf_fabsf(null[out]) ? i : out;
    }
    if (!(mf_fabsf(null[out]) > SPAN_MIN)) {
        return false;
    }
    /* The volume of the others, in the order out + 1, out + 2, out + 3. */
    float volume = (out & 1) != 0 ? -null[out] : null[out];
    share[out] = 0.0f;
    for (int k = 0; k < 3; k++) {
        int next = (out + 1 + (k + 1) % 3) % N, after = (out + 1 + (k + 2) % 3) % N;
        mf_v3_cross(front, axis_B[next], axis_B[after]);
        share[(out + 1 + k) % N] = -mf_v3_dot(torque_B_N_m, front) / volume;
    }
    return true;
}

static float sum_of_products(const float a[N], const float b[N])
{
    return mf_v3_dot(a, b) + a[3] * b[3];
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

/* Add `share` to `sum`, scaled down by a common factor until it fits; the factor. */
static float give(const mf_wheels_params_t *params, const float momentum[N], const float share[N],
                  float sum[N])
{
    float factor = 1.0f;
    for (int i = 0; i < N; i++) {
        float size = mf_fabsf(share[i]);
        float most = room(params, momentum[i], share[i], sum[i]);
        if (size * factor > most) {
            factor = most / size;
        }
    }
    for (int i = 0; i < N; i++) {
        sum[i] += factor * share[i];
    }
    return factor;
}

int mf_wheels_allocate(const mf_wheels_params_t *params, const float torque_B_N_m[3],
                       const float speed_rad_s[N], uint8_t available, mf_wheels_output_t *output)
{
    *output = (mf_wheels_output_t){{0.0f}, {0.0f}, {0.0f}, 0.0f};
    float momentum[N], sum[3] = {0.0f}, share[N], null[N];
    if (!params_valid(params) || !(mf_v3_norm(torque_B_N_m) < 1.0e6f)) {
        return MF_E_INVAL;
    }
    int lost = gather(params, speed_rad_s, available, momentum, sum);
    if (lost < 0) {
        return lost;
    }
    if (!share_out(params->axis_B, torque_B_N_m, lost, share, null)) {
        return MF_E_RANGE;
    }
    bool all = lost == N;
    if (all) {
        /* Without the part along the null space the shares are least. */
        float size = 1.0f / mf_sqrtf(sum_of_products(null, null));
        for (int i = 0; i < N; i++) {
            null[i] *= size;
        }
        float along = sum_of_products(null, share);
        for (int i = 0; i < N; i++) {
            share[i] -= along * null[i];
        }
    }
    float scale = give(params, momentum, share, output->motor_N_m);
    if (all) {
        output->null_N_m_s = sum_of_products(null, momentum);
        float bias_N_m = params->bias_gain_1_s * (params->bias_N_m_s - output->null_N_m_s);
        for (int i = 0; i < N; i++) {
            share[i] = bias_N_m * null[i];
        }
        (void)give(params, momentum, share, output->motor_N_m);
    }
    for (int i = 0; i < N; i++) {
        mf_v3_add_scaled(output->torque_B_N_m, output->torque_B_N_m, params->axis_B[i],
                         -output->motor_N_m[i]);
    }
    mf_v3_copy(output->momentum_B_N_m_s, sum);
    return scale < 1.0f ? 1 : MF_OK;
}
