/* Attitude loop: from samples in sensor frames to field, Sun and rate in B; see mf_adcs.h.
 *
 * A sample is used when its sensor is, and when it passes its own checks. References are the model
 * of the field, the attitude while it is good to SIGMA_TRUSTED_RAD, and the other sensor of the
 * same quantity. Two sensors of a kind that agree with each other against the reference are
 * believed: then it is the reference that is wrong. */
#include "mf_adcs_state.h"
#include "mf_quat.h"
#include "mf_vec3.h"

#define FIELD_MIN_T 5.0e-6f
#define FIELD_MAX_T 100.0e-6f
#define RODS_SETTLE_TICKS 2u   /* a field sample taken sooner after rods on is theirs */
#define SIGMA_TRUSTED_RAD 0.087f
#define SIGMAS 3.0f
#define MAG_LIFE_MS 2500u
#define SUN_LIFE_MS 1500u
#define CYCLE_MS (MF_ADCS_PERIOD_MS * MF_ADCS_CYCLE)
#define TURN_MAX_RAD 0.35f     /* within a cycle, for the comparison of gyro and field */
#define CSS_SUN 0.5f           /* of full Sun: above what the Earth alone gives */
#define CSS_MAX 1.6f
#define CSS_DAMPING 0.02f      /* directions that no lit sensor sees count as zero */

static float angle_rad(const float a[3], const float b[3])
{
    float across[3];
    mf_v3_cross(across, a, b);
    return mf_atan2f(mf_v3_norm(across), mf_v3_dot(a, b));
}

static float apart(const float a[3], const float b[3])
{
    float difference[3];
    mf_v3_add_scaled(difference, a, b, -1.0f);
    return mf_v3_norm(difference);
}

int mf_adcs_coarse_sun(const mf_adcs_css_params_t *params, const float css_V[MF_ADCS_CSS],
                       float sun_B[3])
{
    float normal[9] = {CSS_DAMPING, 0.0f, 0.0f, 0.0f, CSS_DAMPING, 0.0f, 0.0f, 0.0f, CSS_DAMPING};
    float inverse[9], right[3] = {0.0f, 0.0f, 0.0f}, light[3], rough[3] = {0.0f, 0.0f, 0.0f};
    for (int i = 0; i < MF_ADCS_CSS; i++) {
        float share = css_V[i] / params->arm_V;
        if (!(share < CSS_MAX && share > -CSS_MAX)) {
            return MF_E_INVAL;
        }
        mf_v3_add_scaled(rough, rough, params->axis_B[i], share);
    }
    /* A sensor on the side away from the Sun sees the Earth: no part of the Sun's direction. */
    for (int i = 0; i < MF_ADCS_CSS; i++) {
        float share = css_V[i] / params->arm_V;
        const float *axis = params->axis_B[i];
        if (css_V[i] < params->dark_V || mf_v3_dot(axis, rough) <= 0.0f) {
            continue;
        }
        for (int row = 0; row < 3; row++) {
            right[row] += share * axis[row];
            for (int column = 0; column < 3; column++) {
                normal[3 * row + column] += axis[row] * axis[column];
            }
        }
    }
    if (!mf_m3_invert(inverse, normal, 1.0e-6f)) {
        return MF_E_RANGE;
    }
    mf_m3_apply(light, inverse, right);
    if (!(mf_v3_norm(light) >= CSS_SUN) || !mf_v3_unit(sun_B, light)) {
        return MF_E_RANGE;
    }
    return MF_OK;
}

/* The attitude is known well enough to judge sensors by; its 1 sigma then. */
static bool trusted(const mf_adcs_t *adcs, float *sigma_rad)
{
    *sigma_rad = adcs->mekf.valid ? mf_mekf_sigma_rad(&adcs->mekf) : 1.0f;
    return adcs->mekf.valid && *sigma_rad < SIGMA_TRUSTED_RAD;
}

static uint8_t check_mag(mf_adcs_t *adcs, const mf_adcs_params_t *params, int which,
                         const mf_adcs_sample_t *sample)
{
    const float *mag_B_T = adcs->mag_each_B_T[which];
    float size_T = mf_v3_norm(mag_B_T), sigma_rad, model_B_T[3];
    if (!(size_T >= FIELD_MIN_T && size_T <= FIELD_MAX_T)) {
        return MF_ADCS_FAULT_RANGE;
    }
    if (mf_adcs_stuck(&adcs->health[MF_ADCS_MAG_1 + which], sample->value_S)) {
        return MF_ADCS_FAULT_STUCK;
    }
    if (!adcs->field_valid) {
        return MF_ADCS_FAULT_NONE;
    }
    float model_T = mf_v3_norm(adcs->mag_N_T);
    if (mf_fabsf(size_T - model_T) > params->mag_model_T) {
        return MF_ADCS_FAULT_MODEL;
    }
    if (trusted(adcs, &sigma_rad)) {
        mf_quat_apply(adcs->mekf.q_BN, adcs->mag_N_T, model_B_T);
        float limit_T = params->mag_model_T + SIGMAS * sigma_rad * model_T;
        return apart(mag_B_T, model_B_T) > limit_T ? MF_ADCS_FAULT_REDUNDANT : MF_ADCS_FAULT_NONE;
    }
    if (adcs->sun_known && adcs->sun_valid && adcs->lit > 0.5f) {
        float seen = angle_rad(mag_B_T, adcs->sun_B);
        float wanted = angle_rad(adcs->mag_N_T, adcs->sun_N);
        if (mf_fabsf(seen - wanted) > params->mag_angle_rad) {
            return MF_ADCS_FAULT_REDUNDANT;
        }
    }
    return MF_ADCS_FAULT_NONE;
}

static void take_mags(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in)
{
    uint8_t found[MF_ADCS_MAGS];
    bool quiet = !adcs->rods_were_on || in->tick - adcs->rods_on_tick >= RODS_SETTLE_TICKS;
    for (int which = 0; which < MF_ADCS_MAGS; which++) {
        const mf_adcs_sample_t *sample = &in->mag[which];
        adcs->mag_fresh[which] = sample->fresh && quiet;
        if (!adcs->mag_fresh[which]) {
            continue;
        }
        float clean[3], straight[3];
        mf_v3_add_scaled(clean, sample->value_S, params->bias_mag_S_T[which], -1.0f);
        mf_m3_apply(straight, params->matrix_mag[which], clean);
        mf_m3_apply(adcs->mag_each_B_T[which], params->dcm_BS_mag[which], straight);
        if (in->tick % MF_ADCS_CYCLE == 0) {
            mf_adcs_collect(adcs, params, which, adcs->mag_each_B_T[which]);
        }
        if (adcs->corrected[which]) {
            mf_magcal_apply(&adcs->correction[which], adcs->mag_each_B_T[which],
                            adcs->mag_each_B_T[which]);
        }
        found[which] = check_mag(adcs, params, which, sample);
    }
    bool both = adcs->mag_fresh[0] && adcs->mag_fresh[1] && mf_adcs_usable(adcs, MF_ADCS_MAG_1) &&
                mf_adcs_usable(adcs, MF_ADCS_MAG_2);
    if (both && found[0] != MF_ADCS_FAULT_NONE && found[1] != MF_ADCS_FAULT_NONE &&
        found[0] >= MF_ADCS_FAULT_MODEL && found[1] >= MF_ADCS_FAULT_MODEL &&
        apart(adcs->mag_each_B_T[0], adcs->mag_each_B_T[1]) < params->mag_model_T) {
        adcs->doubted = found[0] == MF_ADCS_FAULT_MODEL;
        found[0] = found[1] = MF_ADCS_FAULT_NONE;
    } else if (both) {
        adcs->doubted = false;
    }
    for (int which = MF_ADCS_MAGS - 1; which >= 0; which--) {
        if (!adcs->mag_fresh[which]) {
            continue;
        }
        bool passed = found[which] == MF_ADCS_FAULT_NONE;
        mf_adcs_judge(adcs, params, MF_ADCS_MAG_1 + which, passed, found[which]);
        adcs->mag_fresh[which] = passed && mf_adcs_usable(adcs, MF_ADCS_MAG_1 + which);
        if (adcs->mag_fresh[which]) { /* the first one last: it has precedence */
            mf_v3_copy(adcs->mag_B_T, adcs->mag_each_B_T[which]);
            adcs->mag_new = true;
            adcs->mag_age_ms = in->mag[which].age_ms;
        }
    }
}

/* Gyro against the turning of the field from one phase 0 to the next. */
static void compare_gyro(mf_adcs_t *adcs, const mf_adcs_params_t *params, uint32_t phase)
{
    if (phase != 0 || !adcs->mag_new) {
        return;
    }
    float turn_rad = mf_v3_norm(adcs->past_turn_B_rad);
    if (adcs->past_mag_known && adcs->past_mag_ms >= CYCLE_MS / 2u &&
        adcs->past_mag_ms <= 2u * CYCLE_MS && turn_rad < TURN_MAX_RAD && adcs->gyro_new) {
        /* The middle of the turn makes it good to third order: B1 - B0 = -turn x (B0 + B1) / 2. */
        float middle[3], moved[3], expected[3];
        mf_v3_add_scaled(middle, adcs->past_mag_B_T, adcs->mag_B_T, 1.0f);
        mf_v3_scale(middle, middle, 0.5f);
        mf_v3_cross(expected, middle, adcs->past_turn_B_rad);
        mf_v3_add_scaled(moved, adcs->mag_B_T, adcs->past_mag_B_T, -1.0f);
        float span_s = (float)adcs->past_mag_ms * 1.0e-3f;
        float off_rad_s = apart(moved, expected) / (mf_v3_norm(adcs->mag_B_T) * span_s);
        if (off_rad_s > params->gyro_field_rad_s) {
            adcs->health[MF_ADCS_GYRO].silent_ms = CYCLE_MS; /* it stands for the cycle */
            mf_adcs_judge(adcs, params, MF_ADCS_GYRO, false, MF_ADCS_FAULT_REDUNDANT);
        }
    }
    mf_v3_copy(adcs->past_mag_B_T, adcs->mag_B_T);
    mf_v3_zero(adcs->past_turn_B_rad);
    adcs->past_mag_ms = 0;
    adcs->past_mag_known = true;
}

static void take_gyro(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                      uint32_t dt_ms)
{
    adcs->past_mag_ms += dt_ms;
    if (in->gyro.fresh) {
        float gyro_B_rad_s[3];
        mf_m3_apply(gyro_B_rad_s, params->dcm_BS_gyro, in->gyro.value_S);
        uint8_t fault = MF_ADCS_FAULT_NONE;
        if (!(mf_v3_norm(gyro_B_rad_s) <= params->gyro_max_rad_s)) {
            fault = MF_ADCS_FAULT_RANGE;
        } else if (mf_adcs_stuck(&adcs->health[MF_ADCS_GYRO], in->gyro.value_S)) {
            fault = MF_ADCS_FAULT_STUCK;
        }
        bool passed = fault == MF_ADCS_FAULT_NONE;
        mf_adcs_judge(adcs, params, MF_ADCS_GYRO, passed, fault);
        adcs->gyro_new = passed;
        if (passed) {
            mf_v3_copy(adcs->gyro_B_rad_s, gyro_B_rad_s);
        }
    }
    if (!adcs->gyro_new) {
        adcs->past_mag_known = false; /* the turn is not known */
        return;
    }
    float dt_s = (float)dt_ms * 1.0e-3f;
    const float *bias = adcs->mekf.valid ? adcs->mekf.bias_B_rad_s : adcs->coarse_bias_B_rad_s;
    mf_v3_add_scaled(adcs->past_turn_B_rad, adcs->past_turn_B_rad, adcs->gyro_B_rad_s, dt_s);
    mf_v3_add_scaled(adcs->past_turn_B_rad, adcs->past_turn_B_rad, bias, -dt_s);
}

static void take_suns(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in)
{
    float seen_B[2][3], expected_B[3], sigma_rad;
    bool sees[2] = {false, false}, asked[2] = {false, false};
    uint8_t found[2] = {MF_ADCS_FAULT_NONE, MF_ADCS_FAULT_NONE};
    if (in->fss.fresh) {
        asked[0] = true;
        if (!in->fss.dark) {
            mf_m3_apply(seen_B[0], params->dcm_BS_fss, in->fss.value_S);
            sees[0] = mf_v3_unit(seen_B[0], seen_B[0]);
            found[0] = sees[0] ? MF_ADCS_FAULT_NONE : MF_ADCS_FAULT_RANGE;
        }
    }
    if (in->css_fresh) {
        asked[1] = true;
        int status = mf_adcs_coarse_sun(&params->css, in->css_V, seen_B[1]);
        sees[1] = status == MF_OK;
        found[1] = status == MF_E_INVAL ? MF_ADCS_FAULT_RANGE : MF_ADCS_FAULT_NONE;
    }
    if (trusted(adcs, &sigma_rad) && adcs->sun_valid) {
        mf_quat_apply(adcs->mekf.q_BN, adcs->sun_N, expected_B);
        for (int i = 0; i < 2; i++) {
            if (sees[i] && (adcs->lit == 0.0f || angle_rad(seen_B[i], expected_B) >
                                                     params->sun_angle_rad + SIGMAS * sigma_rad)) {
                found[i] = MF_ADCS_FAULT_MODEL;
            }
        }
    }
    if (sees[0] && sees[1] && found[0] == MF_ADCS_FAULT_MODEL && found[1] == MF_ADCS_FAULT_MODEL &&
        angle_rad(seen_B[0], seen_B[1]) < params->sun_angle_rad) {
        found[0] = found[1] = MF_ADCS_FAULT_NONE;
    }
    adcs->dark = adcs->dark && !asked[0] && !asked[1];
    for (int i = 1; i >= 0; i--) {
        int sensor = MF_ADCS_FSS + i;
        if (!asked[i]) {
            continue;
        }
        mf_adcs_judge(adcs, params, sensor, found[i] == MF_ADCS_FAULT_NONE, found[i]);
        if (!sees[i] || found[i] != MF_ADCS_FAULT_NONE || !mf_adcs_usable(adcs, sensor)) {
            adcs->dark = adcs->dark || (!sees[i] && !adcs->sun_new);
            continue;
        }
        /* A coarse direction does not replace a fine one that is still young. */
        if (i == 1 && adcs->sun_fine && adcs->sun_known && adcs->sun_age_ms < CYCLE_MS / 2u) {
            continue;
        }
        mf_v3_copy(adcs->sun_B, seen_B[i]);
        adcs->sun_fine = i == 0;
        adcs->sun_new = true;
        adcs->sun_age_ms = i == 0 ? in->fss.age_ms : 0;
    }
}

void mf_adcs_sensors(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                     uint32_t dt_ms)
{
    mf_adcs_health_silence(adcs, params, dt_ms);
    adcs->mag_new = adcs->sun_new = adcs->gyro_new = false;
    adcs->mag_age_ms += adcs->mag_age_ms < MAG_LIFE_MS ? dt_ms : 0;
    adcs->sun_age_ms += adcs->sun_age_ms < SUN_LIFE_MS ? dt_ms : 0;
    take_mags(adcs, params, in);
    take_gyro(adcs, params, in, dt_ms);
    compare_gyro(adcs, params, in->tick % MF_ADCS_CYCLE);
    take_suns(adcs, params, in);
    adcs->mag_known = adcs->mag_new || (adcs->mag_known && adcs->mag_age_ms < MAG_LIFE_MS);
    adcs->sun_known = adcs->sun_new || (adcs->sun_known && adcs->sun_age_ms < SUN_LIFE_MS);
    adcs->gyro_new = adcs->gyro_new && mf_adcs_usable(adcs, MF_ADCS_GYRO);
}
