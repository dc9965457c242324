/* Attitude loop: what the actuators really do, by test on command and by watching; see mf_adcs.h.
 *
 * The test drives one actuator after another in the pattern of mf_polarity.h. A rod is seen by the
 * first magnetometer in use, sampled while the rod is on (no other part of the loop takes such a
 * sample); a wheel by the gyro, as a change of the body's momentum. Control pauses for some 45 s:
 * the attitude drifts, and the mode that was takes it up again. Nothing is corrected by the loop:
 * signs are parameters (rods.axis_B, wheels.axis_B).
 *
 * While pointing, the residual dipole is estimated (mf_residual.h) and, as long as the rods are
 * free, taken off by them in the share of the cycle that is theirs. */
#include "mf_adcs_state.h"
#include "mf_vec3.h"

#define MEASURE_MAG_MS 1800u
#define MEASURE_GYRO_MS 1000u
#define ONE_MAX_MS 20000u         /* of one actuator: beyond, its sensor is silent */
#define MAG_NOISE_T 5.0e-7f
#define MAG_MAX_T 3.0e-4f
#define GYRO_NOISE_N_M_S 2.0e-5f  /* noise of the gyro times the largest inertia */
#define GYRO_MAX_N_M_S 0.02f
#define TURNING_FACTOR 2.0f       /* faster than so many times rate_max_rad_s ends the test */
#define BIAS_SETTLED_RAD2_S2 5.0e-7f /* the bias moving is momentum that seems to come or go */
#define RODS_SHARE 0.7f           /* of the cycle, phases 0 to MF_ADCS_RODS_OFF - 1 */

void mf_adcs_selftest_stop(mf_adcs_t *adcs, uint8_t state)
{
    if (adcs->selftest == MF_ADCS_SELFTEST_RUNNING) {
        adcs->selftest = state;
    }
}

int mf_adcs_command_selftest(mf_adcs_t *adcs, const mf_adcs_params_t *params, uint8_t what)
{
    if (what == MF_ADCS_SELFTEST_STOP) {
        mf_adcs_selftest_stop(adcs, MF_ADCS_SELFTEST_STOPPED);
        return MF_OK;
    }
    if (what != MF_ADCS_SELFTEST_POLARITY) {
        return MF_E_INVAL;
    }
    if (adcs->selftest == MF_ADCS_SELFTEST_RUNNING) {
        return MF_E_BUSY;
    }
    if (!adcs->omega_known ||
        !(mf_v3_norm(adcs->omega_BN_B_rad_s) <= params->selftest.rate_max_rad_s)) {
        return MF_E_RANGE;
    }
    for (int i = 0; i < MF_ADCS_ACTUATORS; i++) {
        adcs->verdict[i] = MF_POLARITY_RUNNING;
    }
    adcs->actuator = 0;
    adcs->actuator_ms = 0;
    adcs->selftest = MF_ADCS_SELFTEST_RUNNING;
    return MF_OK;
}

/* What the sensor of this actuator says in this tick; false without a new sample. */
static bool seen(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                 float value_B[3])
{
    if (adcs->actuator < MF_RODS_COUNT) {
        const mf_adcs_sample_t *sample = &in->mag[adcs->witness];
        mf_m3_apply(value_B, params->dcm_BS_mag[adcs->witness], sample->value_S);
        return sample->fresh;
    }
    mf_m3_apply(value_B, params->control.inertia_B_kg_m2, adcs->omega_BN_B_rad_s);
    return adcs->gyro_new;
}

/* One update of the test of the present actuator; its verdict is final when true. */
static bool tested(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in)
{
    uint32_t rod = adcs->actuator, wheel = rod - MF_RODS_COUNT;
    bool is_rod = rod < MF_RODS_COUNT;
    if (adcs->actuator_ms == 0) {
        mf_polarity_reset(&adcs->polarity);
        adcs->witness = mf_adcs_usable(adcs, MF_ADCS_MAG_1) ? 0 : 1;
        adcs->drive = 0.0f;
    }
    if (is_rod ? ((uint32_t)in->rods_working >> rod & 1u) == 0 : !adcs->wheels[wheel].answers) {
        return true; /* not tested: it does not answer */
    }
    mf_polarity_params_t test = {
        .command = is_rod ? params->selftest.rod_A_m2 : params->selftest.wheel_N_m,
        .noise = is_rod ? MAG_NOISE_T : GYRO_NOISE_N_M_S,
        .value_max = is_rod ? MAG_MAX_T : GYRO_MAX_N_M_S,
        .measure_ms = is_rod ? MEASURE_MAG_MS : MEASURE_GYRO_MS,
        .ramp = !is_rod,
    };
    if (is_rod) {
        mf_m3_apply(test.expected, params->selftest.coil_B_T_A_m2[adcs->witness],
                    params->rods.axis_B[rod]);
    } else {
        mf_v3_scale(test.expected, params->wheels.axis_B[wheel], -1.0f);
    }
    float value_B[3];
    if (seen(adcs, params, in, value_B)) {
        int status = mf_polarity_update(&adcs->polarity, &test, value_B,
                                        in->tick * MF_ADCS_PERIOD_MS, &adcs->drive);
        adcs->verdict[rod] = adcs->polarity.verdict;
        if (status == MF_OK) {
            return false;
        }
    } else if (adcs->actuator_ms < ONE_MAX_MS) {
        return false;
    }
    if (adcs->verdict[rod] == MF_POLARITY_RUNNING) {
        adcs->verdict[rod] = MF_POLARITY_INCONCLUSIVE; /* parameters out of range, or no samples */
    }
    return true;
}

static void drive(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                  mf_adcs_out_t *out)
{
    uint32_t rod = adcs->actuator, wheel = rod - MF_RODS_COUNT;
    if (rod < MF_RODS_COUNT) {
        out->rod_A_m2[rod] = adcs->drive;
        mf_v3_scale(out->dipole_B_A_m2, params->rods.axis_B[rod], adcs->drive);
        adcs->rods_on_tick = in->tick;
        adcs->rods_were_on = true;
    } else {
        out->wheels_on = (uint8_t)(1u << wheel);
        out->wheel_torque_N_m[wheel] = adcs->drive;
        adcs->wheels[wheel].motor_N_m = adcs->drive;
        adcs->wheels[wheel].known = true;
    }
}

bool mf_adcs_selftest(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                      uint32_t dt_ms, mf_adcs_out_t *out)
{
    if (adcs->selftest != MF_ADCS_SELFTEST_RUNNING) {
        return false;
    }
    uint8_t mode = adcs->mode;
    adcs->mode = MF_ADCS_IDLE; /* everything off, sums and report kept up */
    mf_adcs_act(adcs, params, in, out);
    adcs->mode = mode;
    if (!adcs->omega_known || !(mf_v3_norm(adcs->omega_BN_B_rad_s) <=
                                TURNING_FACTOR * params->selftest.rate_max_rad_s)) {
        adcs->selftest = MF_ADCS_SELFTEST_STOPPED;
        return true;
    }
    /* The field is not silent, it is only not the Earth's. */
    for (int i = 0; i < MF_ADCS_MAGS; i++) {
        if (in->mag[i].fresh) {
            adcs->health[MF_ADCS_MAG_1 + i].silent_ms = 0;
        }
    }
    adcs->field_lost_ms = 0;
    if (!tested(adcs, params, in)) {
        adcs->actuator_ms += dt_ms;
        drive(adcs, params, in, out);
    } else {
        adcs->actuator_ms = 0;
        adcs->actuator++;
        if (adcs->actuator == MF_ADCS_ACTUATORS) {
            adcs->selftest = MF_ADCS_SELFTEST_ENDED;
        }
    }
    return true;
}

void mf_adcs_watch_residual(mf_adcs_t *adcs, const mf_adcs_params_t *params, uint32_t dt_ms,
                            const mf_adcs_out_t *out)
{
    float mag_B_T[3];
    const float *bias_rad2_s2 = adcs->mekf.bias_rad2_s2;
    if (adcs->mode != MF_ADCS_POINTING ||
        !(bias_rad2_s2[0] + bias_rad2_s2[4] + bias_rad2_s2[8] < BIAS_SETTLED_RAD2_S2) || dt_ms != MF_ADCS_PERIOD_MS || !adcs->mekf.valid ||
        !adcs->gyro_new || adcs->selftest == MF_ADCS_SELFTEST_RUNNING ||
        !mf_adcs_field(adcs, mag_B_T)) {
        mf_residual_break(&adcs->residual);
        return;
    }
    (void)mf_residual_update(&adcs->residual, &params->residual, adcs->omega_BN_B_rad_s,
                             adcs->momentum_B_N_m_s, out->dipole_B_A_m2, mag_B_T, dt_ms);
}

void mf_adcs_compensate(const mf_adcs_t *adcs, float dipole_B_A_m2[3])
{
    mf_v3_add_scaled(dipole_B_A_m2, dipole_B_A_m2, adcs->residual.dipole_B_A_m2,
                     -1.0f / RODS_SHARE);
}
