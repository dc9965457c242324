/* Rate damping with torque rods: see mf_damping.h. */
#include "mf_damping.h"

#include "mf_rods.h"
#include "mf_vec3.h"

int mf_damping_update(const mf_damping_params_t *params, const float omega_BN_B_rad_s[3],
                      const float mag_B_T[3], float dipole_B_A_m2[3])
{
    mf_v3_zero(dipole_B_A_m2);
    if (!(params->gain_N_m_s >= 0.0f && params->dipole_max_A_m2 >= 0.0f
          && params->omega_max_rad_s > 0.0f) || !mf_v3_finite(omega_BN_B_rad_s)
        || !mf_v3_finite(params->omega_wanted_B_rad_s) || !mf_v3_finite(mag_B_T)) {
        return MF_E_INVAL;
    }
    if (!(mf_v3_norm(omega_BN_B_rad_s) <= params->omega_max_rad_s)) {
        return MF_E_RANGE;
    }
    float torque[3];
    mf_v3_add_scaled(torque, params->omega_wanted_B_rad_s, omega_BN_B_rad_s, -1.0f);
    mf_v3_scale(torque, torque, params->gain_N_m_s);
    int status = mf_rods_for_torque(mag_B_T, torque, dipole_B_A_m2);
    if (status != MF_OK) {
        return status;
    }
    return mf_v3_limit(dipole_B_A_m2, params->dipole_max_A_m2) ? 1 : MF_OK;
}
