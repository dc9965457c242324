/* Alignment of a magnetometer with the Sun sensor: see mf_magalign.h. */
#include "mf_magalign.h"

#include "mf_vec3.h"

#define SINE_MIN 0.3f
#define OFF_MAX_RAD 0.2f

int mf_magalign_reset(mf_magalign_t *state, const mf_magalign_params_t *params)
{
    *state = (mf_magalign_t){0};
    float variance = params->start_sigma_rad * params->start_sigma_rad;
    if (!(params->sigma_rad >= 1.0e-4f && variance <= 0.01f && params->walk_rad <= 1.0e-3f)) {
        return MF_E_INVAL;
    }
    for (int i = 0; i < 3; i++) {
        state->p_rad2[4 * i] = variance;
    }
    return MF_OK;
}

int mf_magalign_update(mf_magalign_t *state, const mf_magalign_params_t *params,
                       const float sun_B[3], const float mag_B_T[3], const float sun_N[3],
                       const float mag_N_T[3])
{
    float s[3], b[3], sun[3], mag[3], h[3], ph[3];
    if (!mf_v3_unit(s, sun_B) || !mf_v3_unit(b, mag_B_T) || !mf_v3_unit(sun, sun_N) ||
        !mf_v3_unit(mag, mag_N_T)) {
        return MF_E_INVAL;
    }
    mf_v3_cross(h, b, s);
    float off = mf_v3_dot(s, b) - mf_v3_dot(sun, mag), square = mf_v3_dot(h, h);
    if (square < SINE_MIN * SINE_MIN || mf_fabsf(off) > OFF_MAX_RAD) {
        return MF_MAGALIGN_SKIPPED;
    }
    mf_m3_apply(ph, state->p_rad2, h);
    float variance = mf_v3_dot(h, ph) + params->sigma_rad * params->sigma_rad * square;
    float walk = params->walk_rad * params->walk_rad;
    if (!(variance > 0.0f && walk < 1.0f)) {
        return MF_E_INVAL;
    }
    float innovation = off - mf_v3_dot(h, state->turn_B_rad);
    mf_v3_add_scaled(state->turn_B_rad, state->turn_B_rad, ph, innovation / variance);
    for (int i = 0; i < 9; i++) {
        state->p_rad2[i] += (i % 4 == 0 ? walk : 0.0f) - ph[i / 3] * ph[i % 3] / variance;
    }
    return MF_OK;
}

void mf_magalign_apply(const mf_magalign_t *state, const float mag_T[3], float out_T[3])
{
    float back[3];
    mf_v3_cross(back, state->turn_B_rad, mag_T);
    mf_v3_add_scaled(out_T, mag_T, back, -1.0f);
}
