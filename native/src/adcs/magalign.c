/* Alignment of a magnetometer with the Sun sensor: see mf_magalign.h. */
#include "mf_magalign.h"

#include "mf_vec3.h"

#define SINE_MIN 0.3f
#define OFF_MAX_RAD 0.2f

static bool within(float x, float lowest, float highest)
{
    return x >= lowest && x <= highest; /* NaN is not */
}

static bool params_valid(const mf_magalign_params_t *p)
{
    return within(p->sigma_rad, 1.0e-4f, 1.0f) && within(p->start_sigma_rad, 1.0e-5f, 0.1f) &&
           within(p->walk_rad, 0.0f, 1.0e-3f);
}

int mf_magalign_reset(mf_magalign_t *state, const mf_magalign_params_t *params)
{
    *state = (mf_magalign_t){0};
    if (!params_valid(params)) {
        return MF_E_INVAL;
    }
    for (int i = 0; i < 3; i++) {
        state->p_rad2[4 * i] = params->start_sigma_rad * params->start_sigma_rad;
    }
    return MF_OK;
}

/* Angle between two directions, and unit(b x s); false where they do not make one. */
static bool angle(const float s[3], const float b[3], float normal[3], float *angle_rad)
{
    float first[3], second[3];
    if (!mf_v3_unit(first, b) || !mf_v3_unit(second, s)) {
        return false;
    }
    mf_v3_cross(normal, first, second);
    float sine = mf_v3_norm(normal);
    *angle_rad = mf_atan2f(sine, mf_v3_dot(first, second));
    mf_v3_scale(normal, normal, sine >= SINE_MIN ? 1.0f / sine : 0.0f);
    return true;
}

int mf_magalign_update(mf_magalign_t *state, const mf_magalign_params_t *params,
                       const float sun_B[3], const float mag_B_T[3], const float sun_N[3],
                       const float mag_N_T[3])
{
    float n[3], ignored[3], pn[3], seen_rad, wanted_rad;
    if (!params_valid(params) || !angle(sun_B, mag_B_T, n, &seen_rad) ||
        !angle(sun_N, mag_N_T, ignored, &wanted_rad)) {
        return MF_E_INVAL;
    }
    float off_rad = seen_rad - wanted_rad;
    if (mf_v3_dot(n, n) < 0.5f || !(mf_fabsf(off_rad) < OFF_MAX_RAD)) {
        return MF_MAGALIGN_SKIPPED;
    }
    for (int i = 0; i < 3; i++) {
        state->p_rad2[4 * i] += params->walk_rad * params->walk_rad;
    }
    mf_m3_apply(pn, state->p_rad2, n);
    float inverse = 1.0f / (mf_v3_dot(n, pn) + params->sigma_rad * params->sigma_rad);
    float innovation = off_rad + mf_v3_dot(n, state->turn_B_rad);
    mf_v3_add_scaled(state->turn_B_rad, state->turn_B_rad, pn, -innovation * inverse);
    for (int i = 0; i < 9; i++) {
        state->p_rad2[i] -= inverse * (pn[i / 3] * pn[i % 3]);
    }
    return MF_OK;
}

void mf_magalign_apply(const mf_magalign_t *state, const float mag_T[3], float out_T[3])
{
    float back[3];
    mf_v3_cross(back, state->turn_B_rad, mag_T);
    mf_v3_add_scaled(out_T, mag_T, back, -1.0f);
}
