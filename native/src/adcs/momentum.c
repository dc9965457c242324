/* Magnetic momentum dump: see mf_momentum.h. */
#include "mf_momentum.h"

#include "mf_rods.h"
#include "mf_vec3.h"

void mf_momentum_reset(mf_momentum_t *state)
{
    state->dumping = false;
}

int mf_momentum_update(mf_momentum_t *state, const mf_momentum_params_t *params,
                       const float momentum_B_N_m_s[3], const float mag_B_T[3],
                       float dipole_B_A_m2[3])
{
    mf_v3_zero(dipole_B_A_m2);
    float excess[3], torque[3];
    mf_v3_add_scaled(excess, momentum_B_N_m_s, params->wanted_B_N_m_s, -1.0f);
    float size = mf_v3_norm(excess);
    if (!(size < 1.0e6f) || !mf_v3_finite(mag_B_T)
        || !(params->gain_1_s >= 0.0f && params->gain_1_s <= 0.1f)
        || !(params->dipole_max_A_m2 >= 0.0f) || !(params->stop_N_m_s >= 0.0f)
        || !(params->start_N_m_s > params->stop_N_m_s)) {
        return MF_E_INVAL;
    }
    mf_v3_scale(torque, excess, -params->gain_1_s);
    int status = mf_rods_for_torque(mag_B_T, torque, dipole_B_A_m2);
    if (status != MF_OK) {
        return status;
    }
    if (size >= params->start_N_m_s) {
        state->dumping = true;
    } else if (size <= params->stop_N_m_s) {
        state->dumping = false;
    }
    if (!state->dumping) {
        mf_v3_zero(dipole_B_A_m2);
        return MF_OK;
    }
    return mf_v3_limit(dipole_B_A_m2, params->dipole_max_A_m2) ? 1 : MF_OK;
}
