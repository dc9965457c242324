/* Quaternion feedback: see mf_control.h. */
#include "mf_control.h"

#include "mf_quat.h"
#include "mf_vec3.h"

void mf_control_reset(mf_control_t *state)
{
    state->sign = 0;
}

static bool params_valid(const mf_control_params_t *p)
{
    for (int i = 0; i < 9; i++) {
        if (!mf_finitef(p->inertia_B_kg_m2[i])) {
            return false;
        }
    }
    return p->inertia_B_kg_m2[0] > 0.0f && p->inertia_B_kg_m2[4] > 0.0f
           && p->inertia_B_kg_m2[8] > 0.0f && mf_within(p->natural_rad_s, 1.0e-4f, 10.0f)
           && mf_within(p->damping, 0.3f, 3.0f) && mf_within(p->slew_max_rad_s, 1.0e-4f, 1.0f)
           && mf_within(p->torque_max_N_m, 1.0e-12f, 1.0e6f) && mf_within(p->hysteresis, 0.0f, 0.5f);
}

static bool input_valid(const mf_control_input_t *input)
{
    const float *vectors[4] = {input->omega_BN_B_rad_s, input->omega_RN_R_rad_s,
                               input->alpha_RN_R_rad_s2, input->momentum_B_N_m_s};
    for (int i = 0; i < 4; i++) {
        if (!(mf_v3_norm(vectors[i]) < 1.0e6f)) {
            return false;
        }
    }
    return true;
}

int mf_control_update(mf_control_t *state, const mf_control_params_t *params,
                      const mf_control_input_t *input, mf_control_output_t *output)
{
    *output = (mf_control_output_t){{0.0f}, 0.0f, {0.0f}, {0.0f}};
    float q_BN[4], q_RN[4], q_NR[4], q_BR[4];
    for (int i = 0; i < 4; i++) {
        q_BN[i] = input->q_BN[i];
        q_RN[i] = input->q_RN[i];
    }
    if (!params_valid(params) || !input_valid(input) || mf_quat_normalize(q_BN) != MF_OK
        || mf_quat_normalize(q_RN) != MF_OK) {
        return MF_E_INVAL;
    }
    mf_quat_invert(q_RN, q_NR);
    mf_quat_multiply(q_BN, q_NR, q_BR);
    if (state->sign == 0) {
        state->sign = q_BR[3] < 0.0f ? -1 : 1;
    } else if ((float)state->sign * q_BR[3] < -params->hysteresis) {
        state->sign = (int8_t)-state->sign;
    }
    const float *omega = input->omega_BN_B_rad_s;
    float reference[3], feed[3], turning[3], difference[3], command[3];
    mf_quat_apply(q_BR, input->omega_RN_R_rad_s, reference);
    mf_quat_apply(q_BR, input->alpha_RN_R_rad_s2, feed);
    mf_v3_add_scaled(difference, omega, reference, -1.0f);
    mf_v3_cross(turning, difference, reference);
    float stiffness = params->natural_rad_s / params->damping;
    mf_v3_scale(command, q_BR, stiffness * (float)state->sign);
    (void)mf_v3_limit(command, params->slew_max_rad_s);
    float damping = 2.0f * params->damping * params->natural_rad_s;
    float wanted[3], momentum[3], torque[3], gyroscopic[3];
    for (int i = 0; i < 3; i++) {
        wanted[i] = feed[i] - turning[i] - damping * (difference[i] + command[i]);
    }
    mf_m3_apply(momentum, params->inertia_B_kg_m2, omega);
    mf_v3_add_scaled(momentum, momentum, input->momentum_B_N_m_s, 1.0f);
    mf_v3_cross(gyroscopic, omega, momentum);
    mf_m3_apply(torque, params->inertia_B_kg_m2, wanted);
    mf_v3_add_scaled(torque, torque, gyroscopic, 1.0f);
    if (!(mf_v3_norm(torque) < 1.0e15f)) {
        return MF_E_INVAL;
    }
    bool limited = mf_v3_limit(torque, params->torque_max_N_m);
    mf_v3_copy(output->torque_B_N_m, torque);
    mf_v3_copy(output->rate_error_B_rad_s, difference);
    mf_quat_to_rotation_vector(q_BR, output->error_B_rad);
    output->error_rad = mf_v3_norm(output->error_B_rad);
    return limited ? 1 : MF_OK;
}
