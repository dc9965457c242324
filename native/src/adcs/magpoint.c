/* Pointing with torque rods alone: see mf_magpoint.h. */
#include "mf_magpoint.h"

#include "mf_rods.h"
#include "mf_vec3.h"

int mf_magpoint_update(mf_control_t *state, const mf_magpoint_params_t *params,
                       const mf_control_input_t *input, const float mag_B_T[3],
                       mf_control_output_t *output, float dipole_B_A_m2[3])
{
    mf_v3_zero(dipole_B_A_m2);
    if (!(params->dipole_max_A_m2 >= 0.0f)) {
        *output = (mf_control_output_t){{0.0f}, 0.0f, {0.0f}, {0.0f}};
        return MF_E_INVAL;
    }
    int limited = mf_control_update(state, &params->control, input, output);
    if (limited < 0) {
        return limited;
    }
    int status = mf_rods_for_torque(mag_B_T, output->torque_B_N_m, dipole_B_A_m2);
    mf_v3_zero(output->torque_B_N_m);
    if (status != MF_OK) {
        return status;
    }
    bool scaled = mf_v3_limit(dipole_B_A_m2, params->dipole_max_A_m2);
    mf_v3_cross(output->torque_B_N_m, dipole_B_A_m2, mag_B_T);
    return scaled || limited > 0 ? 1 : MF_OK;
}
