/* Sun-safe by spin and torque rods: see mf_sunsafe.h. */
#include "mf_sunsafe.h"

#include "mf_rods.h"
#include "mf_vec3.h"

#define SIZE_ENTER 0.3f
#define SIZE_LEAVE 0.1f
#define SIZE_ALONG 0.5f /* of h0: from then on the momentum may stay where it points */

void mf_sunsafe_reset(mf_sunsafe_t *state)
{
    state->stage = MF_SUNSAFE_SPIN;
    state->axis_rad = MF_PI_F;
    state->sun_rad = -1.0f;
}

static bool pair_valid(float leave_rad, float enter_rad)
{
    return leave_rad > 0.0f && enter_rad > leave_rad && enter_rad < 1.5f;
}

static bool params_valid(const mf_sunsafe_params_t *p)
{
    for (int i = 0; i < 9; i++) {
        if (!mf_finitef(p->inertia_B_kg_m2[i])) {
            return false;
        }
    }
    return mf_within(p->momentum_N_m_s, 1.0e-12f, 1.0e3f) && mf_within(p->gain_1_s, 1.0e-5f, 0.1f)
           && p->dipole_max_A_m2 >= 0.0f
           && pair_valid(p->axis_leave_rad, p->axis_enter_rad)
           && pair_valid(p->sun_leave_rad, p->sun_enter_rad);
}

/* The next stage from the two angles and the size of the momentum relative to h0, less one. */
static uint8_t choose(uint8_t stage, const mf_sunsafe_params_t *params, float axis_rad,
                      float sun_rad, float excess)
{
    float size = mf_fabsf(excess);
    bool spinning_up = stage == MF_SUNSAFE_SPIN;
    float axis_limit = spinning_up ? params->axis_leave_rad : params->axis_enter_rad;
    float size_limit = spinning_up ? SIZE_LEAVE : SIZE_ENTER;
    if (axis_rad > axis_limit || size > size_limit) {
        return MF_SUNSAFE_SPIN;
    }
    float sun_limit = stage == MF_SUNSAFE_PRECESS ? params->sun_leave_rad : params->sun_enter_rad;
    return sun_rad > sun_limit ? MF_SUNSAFE_PRECESS : MF_SUNSAFE_HOLD;
}

/* Momentum missing to turn h to the Sun without changing its size: across h, towards the Sun, as
 * long as h at most; and what its size lacks. */
static void missing_to_sun(const float momentum[3], const float sun[3], float wanted_N_m_s,
                           float out[3])
{
    float size = mf_v3_norm(momentum), along[3], across[3];
    mf_v3_scale(along, momentum, 1.0f / size); /* PRECESS is left when h is small */
    float cosine = mf_v3_dot(along, sun);
    mf_v3_add_scaled(across, sun, along, -cosine);
    float sine = mf_v3_norm(across);
    if (cosine < 0.0f) {
        if (sine < 1.0e-3f) {
            /* The Sun lies right behind: any way round will do. */
            int least = mf_fabsf(along[0]) <= mf_fabsf(along[1]) ? 0 : 1;
            float axis[3] = {0.0f, 0.0f, 0.0f};
            axis[least] = 1.0f;
            mf_v3_cross(across, along, axis);
            sine = mf_v3_norm(across);
        }
        mf_v3_scale(across, across, 1.0f / sine);
    }
    mf_v3_scale(out, across, size);
    mf_v3_add_scaled(out, out, along, wanted_N_m_s - size);
}

int mf_sunsafe_update(mf_sunsafe_t *state, const mf_sunsafe_params_t *params,
                      const float omega_BN_B_rad_s[3], const float mag_B_T[3],
                      const float sun_B[3], bool sun_known, float dipole_B_A_m2[3])
{
    mf_v3_zero(dipole_B_A_m2);
    float axis[3], sun[3] = {0.0f, 0.0f, 0.0f}, momentum[3], missing[3], torque[3], dipole[3];
    if (!params_valid(params) || !mf_v3_unit(axis, params->axis_B)
        || !(mf_v3_norm(omega_BN_B_rad_s) < 1.0e3f) || !mf_v3_finite(mag_B_T)
        || (sun_known && !mf_v3_unit(sun, sun_B))) {
        return MF_E_INVAL;
    }
    mf_m3_apply(momentum, params->inertia_B_kg_m2, omega_BN_B_rad_s);
    float size = mf_v3_norm(momentum);
    if (!mf_finitef(size)) {
        return MF_E_INVAL;
    }
    float excess = size / params->momentum_N_m_s - 1.0f;
    float axis_rad = mf_v3_angle_rad(momentum, axis);
    float sun_rad = sun_known ? mf_v3_angle_rad(momentum, sun) : -1.0f;
    uint8_t stage = choose(state->stage, params, axis_rad, sun_rad, excess);
    if (stage == MF_SUNSAFE_PRECESS) {
        missing_to_sun(momentum, sun, params->momentum_N_m_s, missing);
    } else if (size < SIZE_ALONG * params->momentum_N_m_s || axis_rad > 0.5f * MF_PI_F) {
        mf_v3_scale(missing, axis, params->momentum_N_m_s);
        mf_v3_add_scaled(missing, missing, momentum, -1.0f);
    } else {
        float about[3];
        mf_m3_apply(about, params->inertia_B_kg_m2, axis);
        mf_v3_scale(missing, momentum, params->momentum_N_m_s / size);
        mf_v3_add_scaled(missing, missing, omega_BN_B_rad_s, -mf_v3_dot(about, axis));
    }
    mf_v3_scale(torque, missing, params->gain_1_s);
    int status = mf_rods_for_torque(mag_B_T, torque, dipole);
    if (status != MF_OK) {
        return status;
    }
    state->stage = stage;
    state->axis_rad = axis_rad;
    state->sun_rad = sun_rad;
    if (stage == MF_SUNSAFE_HOLD) {
        return MF_OK;
    }
    bool scaled = mf_v3_limit(dipole, params->dipole_max_A_m2);
    mf_v3_copy(dipole_B_A_m2, dipole);
    return scaled ? 1 : MF_OK;
}
