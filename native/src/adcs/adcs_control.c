/* Attitude loop: from the mode to rods and wheels; see mf_adcs.h.
 *
 * Rods are on from phase 0 to MF_ADCS_RODS_OFF - 1 of the measuring cycle. Wheels take the torque of
 * quaternion feedback less what the rods' momentum dump gives at this moment; without an attitude
 * they damp the rate. Wheels are in torque mode while pointing, else they coast. */
#include "mf_adcs_state.h"
#include "mf_quat.h"
#include "mf_vec3.h"

#define DAMP_FACTOR 2.0f
#define TWO_WHEELS_FACTOR 3.0f /* of the rods' natural frequency */
#define BRAKE_1_S 0.05f

static void sunsafe(mf_adcs_t *adcs, const mf_adcs_params_t *params, float dipole_B_A_m2[3])
{
    float mag_B_T[3], sun_B[3] = {0.0f, 0.0f, 0.0f};
    if (!adcs->omega_known || !mf_adcs_field(adcs, mag_B_T)) {
        return;
    }
    bool known = adcs->sun_known;
    if (known) {
        mf_v3_copy(sun_B, adcs->sun_B);
    } else if (adcs->mekf.valid && adcs->sun_valid) {
        mf_quat_apply(adcs->mekf.q_BN, adcs->sun_N, sun_B);
        known = true;
    }
    adcs->saturated = mf_sunsafe_update(&adcs->sunsafe, &params->sunsafe, adcs->omega_BN_B_rad_s,
                                        mag_B_T, sun_B, known, dipole_B_A_m2) == 1;
}

static void control_input(const mf_adcs_t *adcs, const float wheels_B_N_m_s[3],
                          mf_control_input_t *input)
{
    for (int i = 0; i < 4; i++) {
        input->q_BN[i] = adcs->mekf.q_BN[i];
        input->q_RN[i] = adcs->guided.q_RN[i];
    }
    mf_v3_copy(input->omega_BN_B_rad_s, adcs->omega_BN_B_rad_s);
    mf_v3_copy(input->omega_RN_R_rad_s, adcs->guided.omega_RN_R_rad_s);
    mf_v3_copy(input->alpha_RN_R_rad_s2, adcs->guided.alpha_RN_R_rad_s2);
    mf_v3_copy(input->momentum_B_N_m_s, wheels_B_N_m_s);
}

/* Exactly two wheels work: across both axes they do nothing. */
static bool two_wheels(const mf_adcs_t *adcs, const mf_adcs_params_t *params, float across_B[3])
{
    const float *first = NULL;
    int count = 0;
    for (int i = 0; i < MF_WHEELS_COUNT; i++) {
        if (((uint32_t)adcs->wheels_used >> i & 1u) != 0) {
            if (count++ != 0) {
                mf_v3_cross(across_B, first, params->wheels.axis_B[i]);
            }
            first = params->wheels.axis_B[i];
        }
    }
    return count == 2 && mf_v3_unit(across_B, across_B);
}

/* Rods alone. With two wheels these hold what they can: the rods then turn the body about the axis
 * that is left, where they may be quicker, and relieve the wheels by a dipole along it, which gives
 * no torque about it. A wheel that is lost leaves its momentum to the body: what is faster than a
 * slew is braked with all that the rods can do. */
static void rods_pointing(mf_adcs_t *adcs, const mf_adcs_params_t *params,
                          const float wheels_B_N_m_s[3], float dipole_B_A_m2[3])
{
    float mag_B_T[3], across_B[3], relief_B_T[3], brake_B_N_m[3], brake_B_A_m2[3];
    mf_magpoint_params_t law = params->magpoint;
    if (!adcs->omega_known || !mf_adcs_field(adcs, mag_B_T)) {
        return;
    }
    if (!adcs->guided_valid) {
        (void)mf_damping_update(&params->damping, adcs->omega_BN_B_rad_s, mag_B_T, dipole_B_A_m2);
        return;
    }
    mf_control_input_t input;
    control_input(adcs, wheels_B_N_m_s, &input);
    adcs->wheels_on = two_wheels(adcs, params, across_B);
    if (adcs->wheels_on) {
        law.control.natural_rad_s *= TWO_WHEELS_FACTOR;
    }
    adcs->saturated = mf_magpoint_update(&adcs->control, &law, &input, mag_B_T, &adcs->error,
                                         dipole_B_A_m2) == 1;
    const float *off_B_rad_s = adcs->error.rate_error_B_rad_s;
    float off_rad_s = mf_v3_norm(off_B_rad_s), slew_rad_s = law.control.slew_max_rad_s;
    if (off_rad_s > slew_rad_s) {
        mf_m3_apply(brake_B_N_m, law.control.inertia_B_kg_m2, off_B_rad_s);
        mf_v3_scale(brake_B_N_m, brake_B_N_m, BRAKE_1_S * (slew_rad_s / off_rad_s - 1.0f));
        if (mf_rods_for_torque(mag_B_T, brake_B_N_m, brake_B_A_m2) == MF_OK) {
            mf_v3_add_scaled(dipole_B_A_m2, dipole_B_A_m2, brake_B_A_m2, 1.0f);
        }
    }
    if (adcs->wheels_on) {
        mf_v3_cross(relief_B_T, across_B, mag_B_T);
        float share = mf_v3_dot(wheels_B_N_m_s, relief_B_T) / mf_v3_dot(mag_B_T, mag_B_T);
        mf_v3_add_scaled(dipole_B_A_m2, dipole_B_A_m2, across_B,
                         -params->momentum.gain_1_s * share);
    }
}

static void wheels_pointing(mf_adcs_t *adcs, const mf_adcs_params_t *params,
                            const mf_adcs_in_t *in, const float wheels_B_N_m_s[3],
                            const float dipole_B_A_m2[3], mf_adcs_out_t *out)
{
    float torque_B_N_m[3] = {0.0f, 0.0f, 0.0f}, mag_B_T[3], from_rods[3], dipole[3];
    const mf_control_params_t *control = &params->control;
    if (adcs->guided_valid && adcs->omega_known) {
        mf_control_input_t input;
        control_input(adcs, wheels_B_N_m_s, &input);
        adcs->saturated =
            mf_control_update(&adcs->control, control, &input, &adcs->error) == 1;
        mf_v3_copy(torque_B_N_m, adcs->error.torque_B_N_m);
    } else if (adcs->omega_known) {
        float momentum[3];
        mf_m3_apply(momentum, control->inertia_B_kg_m2, adcs->omega_BN_B_rad_s);
        mf_v3_scale(torque_B_N_m, momentum,
                    -DAMP_FACTOR * control->damping * control->natural_rad_s);
        (void)mf_v3_limit(torque_B_N_m, control->torque_max_N_m);
    }
    if (mf_adcs_field(adcs, mag_B_T)) {
        mf_v3_add_scaled(dipole, dipole_B_A_m2, adcs->residual.dipole_B_A_m2, 1.0f);
        mf_v3_cross(from_rods, dipole, mag_B_T);
        mf_v3_add_scaled(torque_B_N_m, torque_B_N_m, from_rods, -1.0f);
    }
    mf_wheels_output_t shares;
    int status = mf_wheels_allocate(&params->wheels, torque_B_N_m, in->wheel_speed_rad_s,
                                    adcs->wheels_used, &shares);
    for (int i = 0; status == MF_E_RANGE && i < MF_WHEELS_COUNT; i++) {
        shares.motor_N_m[i] = -mf_v3_dot(params->wheels.axis_B[i], torque_B_N_m);
    }
    adcs->saturated = adcs->saturated || status == 1;
    mf_adcs_wheels_command(adcs, params, in, shares.motor_N_m, out);
}

static void sum_momentum(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                         float wheels_B_N_m_s[3])
{
    mf_v3_zero(wheels_B_N_m_s);
    for (int i = 0; i < MF_WHEELS_COUNT; i++) {
        if (adcs->wheels[i].answers) {
            mf_v3_add_scaled(wheels_B_N_m_s, wheels_B_N_m_s, params->wheels.axis_B[i],
                             params->wheels.inertia_kg_m2 * in->wheel_speed_rad_s[i]);
        }
    }
    mf_m3_apply(adcs->momentum_B_N_m_s, params->control.inertia_B_kg_m2, adcs->omega_BN_B_rad_s);
    mf_v3_add_scaled(adcs->momentum_B_N_m_s, adcs->momentum_B_N_m_s, wheels_B_N_m_s, 1.0f);
}

static void rods(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                 const float dipole_B_A_m2[3], mf_adcs_out_t *out)
{
    float mag_B_T[3];
    mf_rods_output_t shares;
    (void)mf_adcs_field(adcs, mag_B_T);
    int status = mf_rods_allocate(&params->rods, dipole_B_A_m2, mag_B_T,
                                  (uint8_t)(in->rods_working & 7u), &shares);
    if (status < 0) {
        return;
    }
    adcs->saturated = adcs->saturated || status == 1;
    mf_v3_copy(out->rod_A_m2, shares.rod_A_m2);
    mf_v3_copy(out->dipole_B_A_m2, shares.dipole_B_A_m2);
}

void mf_adcs_act(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                 mf_adcs_out_t *out)
{
    float dipole_B_A_m2[3] = {0.0f, 0.0f, 0.0f}, wheels_B_N_m_s[3], mag_B_T[3];
    bool rods_phase = in->tick % MF_ADCS_CYCLE < MF_ADCS_RODS_OFF;
    adcs->saturated = adcs->wheels_on = false;
    adcs->error = (mf_control_output_t){.error_rad = -1.0f};
    sum_momentum(adcs, params, in, wheels_B_N_m_s);
    if (adcs->mode == MF_ADCS_DETUMBLE && rods_phase) {
        mf_adcs_detumble(adcs, params, in, dipole_B_A_m2);
    } else if (adcs->mode == MF_ADCS_SUNSAFE && rods_phase) {
        sunsafe(adcs, params, dipole_B_A_m2);
    } else if (adcs->mode == MF_ADCS_POINTING && adcs->rods_only) {
        rods_pointing(adcs, params, wheels_B_N_m_s, dipole_B_A_m2);
    } else if (adcs->mode == MF_ADCS_POINTING) {
        adcs->wheels_on = true;
        if (adcs->omega_known && mf_adcs_field(adcs, mag_B_T) && rods_phase) {
            (void)mf_momentum_update(&adcs->momentum, &params->momentum, adcs->momentum_B_N_m_s,
                                     mag_B_T, dipole_B_A_m2);
        }
    }
    if (rods_phase && adcs->mode == MF_ADCS_POINTING) {
        mf_adcs_compensate(adcs, dipole_B_A_m2);
    }
    if (rods_phase && mf_v3_norm(dipole_B_A_m2) > 0.0f) {
        rods(adcs, params, in, dipole_B_A_m2, out);
    }
    if (adcs->wheels_on) {
        wheels_pointing(adcs, params, in, wheels_B_N_m_s, out->dipole_B_A_m2, out);
    } else {
        mf_adcs_wheels_coast(adcs);
    }
    adcs->on_target = adcs->guided_valid && !adcs->fallback && adcs->error.error_rad >= 0.0f &&
                      adcs->error.error_rad < params->on_target_rad;
    if (mf_v3_norm(out->rod_A_m2) > 0.0f) {
        adcs->rods_on_tick = in->tick;
        adcs->rods_were_on = true;
    }
}
