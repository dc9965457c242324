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
#define TICK_S (1.0e-3f * MF_ADCS_PERIOD_MS)
#define STEP_VARIANCES 6.0f    /* of the difference of two samples on three axes */
#define DIRECTION_VARIANCES 4.0f /* the same for a direction: two axes across it */
#define HELD_MS 600000u        /* so long a good direction is carried on by the gyro */
#define HELD_SHOWN 10u         /* samples that make a direction good enough to accuse the next */
#define FSS_READMIT_RAD 0.035f /* a fine one comes back when it agrees so well */
#define CELL_OFF 0.2f          /* of full Sun: error of one cell, and of the Earth's light */
#define CELL_EARTH 0.3f        /* the Earth's light on a cell that looks down, at most */
#define CSS_SUN 0.5f           /* of full Sun: above what the Earth alone gives */
#define CSS_MAX 1.6f
#define CSS_DAMPING 0.02f      /* directions that no lit sensor sees count as zero */

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
        float seen = mf_v3_angle_rad(mag_B_T, adcs->sun_B);
        float wanted = mf_v3_angle_rad(adcs->mag_N_T, adcs->sun_N);
        if (mf_fabsf(seen - wanted) > params->mag_angle_rad) {
            return MF_ADCS_FAULT_REDUNDANT;
        }
    }
    return MF_ADCS_FAULT_NONE;
}

static bool contradicts(uint8_t fault)
{
    return fault == MF_ADCS_FAULT_MODEL || fault == MF_ADCS_FAULT_REDUNDANT ||
           fault == MF_ADCS_FAULT_JUMP;
}

/* From the sensor's axes to B, calibrated; true when a good sample came. */
static bool read_mag(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                     int which)
{
    const mf_adcs_sample_t *sample = &in->mag[which];
    bool quiet = !adcs->rods_were_on || in->tick - adcs->rods_on_tick >= RODS_SETTLE_TICKS;
    if (!mf_adcs_timely(adcs, sample, CYCLE_MS) || !quiet) {
        return false;
    }
    float clean[3], straight[3], *mag_B_T = adcs->mag_each_B_T[which];
    mf_v3_add_scaled(clean, sample->value_S, params->bias_mag_S_T[which], -1.0f);
    mf_m3_apply(straight, params->matrix_mag[which], clean);
    mf_m3_apply(mag_B_T, params->dcm_BS_mag[which], straight);
    if (in->tick % MF_ADCS_CYCLE == 0) {
        mf_adcs_collect(adcs, params, which, mag_B_T);
    }
    if (adcs->corrected[which]) {
        mf_magcal_apply(&adcs->correction[which], mag_B_T, mag_B_T);
    }
    return true;
}

/* Noise by what the field changes within a tick beyond the body's turn. What both magnetometers
 * show is the gyro's fault or the field's, no noise. Returns what is common, as a rate [rad/s]. */
static float check_noise(mf_adcs_t *adcs, const mf_adcs_params_t *params, const float step_T[][3],
                         const bool known[MF_ADCS_MAGS], uint8_t found[MF_ADCS_MAGS])
{
    float least_rad_s = -1.0f, common_T = 0.0f;
    bool both = known[0] && known[1];
    if (both) {
        common_T = apart(step_T[0], step_T[1]);
    }
    for (int i = 0; i < MF_ADCS_MAGS; i++) {
        if (!adcs->mag_fresh[i]) {
            continue;
        }
        float limit_T2 = STEP_VARIANCES * params->noise_mag_T * params->noise_mag_T;
        bool noisy = adcs->noise_mag_T2[i] > limit_T2;
        if (known[i]) {
            float own_T = mf_v3_norm(step_T[i]);
            float rate = own_T / (mf_v3_norm(adcs->mag_each_B_T[i]) * TICK_S);
            float noise_T = both && common_T < own_T ? common_T : own_T;
            noisy = mf_adcs_noisy(&adcs->noise_mag_T2[i], noise_T * noise_T, limit_T2);
            if (!noisy && (least_rad_s < 0.0f || rate < least_rad_s)) {
                least_rad_s = rate;
            }
        }
        if (noisy && found[i] == MF_ADCS_FAULT_NONE) {
            found[i] = MF_ADCS_FAULT_NOISE;
        }
    }
    return least_rad_s;
}

/* Both magnetometers; what they agree on to have changed within the tick, as a rate; -1 unknown. */
static float take_mags(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                       const float *turn_B_rad)
{
    uint8_t found[MF_ADCS_MAGS] = {0};
    float step_T[MF_ADCS_MAGS][3];
    bool known[MF_ADCS_MAGS];
    for (int which = 0; which < MF_ADCS_MAGS; which++) {
        float before_T[3], turned_T[3];
        mf_v3_copy(before_T, adcs->mag_each_B_T[which]);
        bool taken = adcs->mag_fresh[which] = read_mag(adcs, params, in, which);
        known[which] = taken && adcs->mag_before[which] && turn_B_rad != NULL;
        adcs->mag_before[which] = taken;
        if (known[which]) {
            mf_v3_cross(turned_T, before_T, turn_B_rad);
            mf_v3_add_scaled(turned_T, turned_T, before_T, 1.0f);
            mf_v3_add_scaled(step_T[which], adcs->mag_each_B_T[which], turned_T, -1.0f);
            known[which] = mf_v3_finite(step_T[which]);
        }
        if (taken) {
            found[which] = check_mag(adcs, params, which, &in->mag[which]);
        }
    }
    float step_rad_s = check_noise(adcs, params, step_T, known, found);
    bool both = adcs->mag_fresh[0] && adcs->mag_fresh[1] && mf_adcs_usable(adcs, MF_ADCS_MAG_1) &&
                mf_adcs_usable(adcs, MF_ADCS_MAG_2);
    if (both && contradicts(found[0]) && contradicts(found[1]) &&
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
    return step_rad_s;
}

/* A direction against the one before, turned on with the body. One that jumps off what many before
 * it have shown is compared with the last good one until it comes back, for as long as the gyro
 * carries that on well enough. */
static uint8_t check_steady(mf_adcs_held_t *held, const float seen_B[3], float noise_rad,
                            float jump_rad, float drift_rad_s)
{
    bool noisy = false;
    if (held->age_ms < HELD_MS && mf_v3_unit(held->direction_B, held->direction_B)) {
        float off_rad = apart(seen_B, held->direction_B);
        noisy = mf_adcs_noisy(&held->noise_rad2, off_rad * off_rad,
                              DIRECTION_VARIANCES * noise_rad * noise_rad);
        if (off_rad > jump_rad + drift_rad_s * (float)held->age_ms * 1.0e-3f) {
            if (held->shown >= HELD_SHOWN) {
                return MF_ADCS_FAULT_JUMP;
            }
            held->shown = 0;
        } else if (held->shown < HELD_SHOWN) {
            held->shown++;
        }
    } else {
        held->shown = 0;
    }
    mf_v3_copy(held->direction_B, seen_B);
    held->age_ms = 0;
    return noisy ? MF_ADCS_FAULT_NOISE : MF_ADCS_FAULT_NONE;
}

static void carry_held(mf_adcs_held_t *held, const float *turn_B_rad, uint32_t dt_ms)
{
    float turned[3];
    if (turn_B_rad == NULL) {
        held->age_ms = HELD_MS;
    } else if (held->age_ms < HELD_MS) {
        mf_v3_cross(turned, held->direction_B, turn_B_rad);
        mf_v3_add_scaled(held->direction_B, held->direction_B, turned, 1.0f);
        held->age_ms += dt_ms;
    }
}

/* Each cell against the Sun where the attitude has it, and some light of the Earth. */
static bool cells_wrong(const mf_adcs_t *adcs, const mf_adcs_params_t *params,
                        const mf_adcs_in_t *in, const float sun_B[3], float sigma_rad)
{
    float down_N[3], down_B[3];
    if (!mf_v3_unit(down_N, adcs->r_N_m)) {
        return false;
    }
    mf_quat_apply(adcs->mekf.q_BN, down_N, down_B);
    for (int i = 0; i < MF_ADCS_CSS; i++) {
        const float *axis = params->css.axis_B[i];
        float sun = mf_v3_dot(axis, sun_B), earth = -mf_v3_dot(axis, down_B);
        float off = in->css_V[i] / params->css.arm_V - (sun > 0.0f ? sun * adcs->lit : 0.0f);
        float limit = CELL_OFF + SIGMAS * sigma_rad;
        if (!(off > -limit && off < limit + (earth > 0.0f ? CELL_EARTH * earth : 0.0f))) {
            return true;
        }
    }
    return false;
}

static void take_suns(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                      const float *turn_B_rad, uint32_t dt_ms)
{
    float seen_B[2][3], expected_B[3], sigma_rad;
    bool sees[2] = {false, false};
    uint8_t found[2] = {MF_ADCS_FAULT_NONE, MF_ADCS_FAULT_NONE};
    const bool asked[2] = {mf_adcs_timely(adcs, &in->fss, CYCLE_MS), in->css_fresh};
    carry_held(&adcs->held, turn_B_rad, dt_ms);
    if (asked[0] && !in->fss.dark) {
        mf_m3_apply(seen_B[0], params->dcm_BS_fss, in->fss.value_S);
        sees[0] = mf_v3_unit(seen_B[0], seen_B[0]);
        if (!sees[0]) {
            found[0] = MF_ADCS_FAULT_RANGE;
        } else if (mf_adcs_stuck(&adcs->health[MF_ADCS_FSS], in->fss.value_S)) {
            found[0] = MF_ADCS_FAULT_STUCK;
        } else if (adcs->mekf.valid) {
            float drift_rad_s = SIGMAS * mf_sqrtf(adcs->mekf.bias_rad2_s2[0] +
                                                  adcs->mekf.bias_rad2_s2[4] +
                                                  adcs->mekf.bias_rad2_s2[8]);
            found[0] = check_steady(&adcs->held, seen_B[0], params->noise_fss_rad,
                                    params->jump_fss_rad, drift_rad_s);
        }
    } else if (asked[0] && adcs->health[MF_ADCS_FSS].failing_ms == 0) {
        adcs->held.age_ms = HELD_MS; /* out of view: what comes next is new */
    }
    if (asked[1]) {
        int status = mf_adcs_coarse_sun(&params->css, in->css_V, seen_B[1]);
        sees[1] = status == MF_OK;
        found[1] = status == MF_E_INVAL ? MF_ADCS_FAULT_RANGE : MF_ADCS_FAULT_NONE;
    }
    if (trusted(adcs, &sigma_rad) && adcs->sun_valid) {
        mf_quat_apply(adcs->mekf.q_BN, adcs->sun_N, expected_B);
        for (int i = 0; i < 2; i++) {
            float limit_rad = i == 1 || adcs->health[MF_ADCS_FSS].fault == MF_ADCS_FAULT_NONE
                                  ? params->sun_angle_rad
                                  : FSS_READMIT_RAD;
            if (sees[i] && found[i] == MF_ADCS_FAULT_NONE &&
                (adcs->lit == 0.0f ||
                 mf_v3_angle_rad(seen_B[i], expected_B) > limit_rad + SIGMAS * sigma_rad)) {
                found[i] = MF_ADCS_FAULT_MODEL;
            }
        }
        if (asked[1] && found[1] == MF_ADCS_FAULT_NONE && adcs->orbit_valid &&
            cells_wrong(adcs, params, in, expected_B, sigma_rad)) {
            found[1] = MF_ADCS_FAULT_MODEL;
        }
    }
    for (int i = 0; i < 2; i++) {
        if (asked[i]) {
            adcs->contradicts[i] =
                sees[i] && contradicts(found[i]) ? found[i] : (uint8_t)MF_ADCS_FAULT_NONE;
        }
    }
    if (sees[0]) {
        mf_v3_copy(adcs->fss_seen_B, seen_B[0]);
    }
    /* Both against the attitude, but not against each other: it is the attitude that is wrong, and
     * the gyro's turn when it does not explain what the fine one saw meanwhile. */
    bool both = adcs->contradicts[0] != MF_ADCS_FAULT_NONE &&
                adcs->contradicts[1] != MF_ADCS_FAULT_NONE;
    if (asked[1] && sees[1] && both) {
        adcs->believed = mf_v3_angle_rad(adcs->fss_seen_B, seen_B[1]) < params->sun_angle_rad;
        if (adcs->believed && turn_B_rad != NULL && adcs->contradicts[0] == MF_ADCS_FAULT_JUMP) {
            mf_adcs_accuse_gyro(adcs, params, CYCLE_MS);
        }
    }
    adcs->believed = adcs->believed && both;
    for (int i = 0; i < 2; i++) {
        if (adcs->believed && contradicts(found[i])) {
            found[i] = MF_ADCS_FAULT_NONE;
        }
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
    float turn_B_rad[3];
    bool turn_known = mf_adcs_take_gyro(adcs, params, in, dt_ms, turn_B_rad);
    float step_rad_s =
        take_mags(adcs, params, in, turn_known && dt_ms == MF_ADCS_PERIOD_MS ? turn_B_rad : NULL);
    mf_adcs_compare_gyro(adcs, params, in->tick % MF_ADCS_CYCLE, step_rad_s);
    take_suns(adcs, params, in, turn_known ? turn_B_rad : NULL, dt_ms);
    adcs->mag_known = adcs->mag_new || (adcs->mag_known && adcs->mag_age_ms < MAG_LIFE_MS);
    adcs->sun_known = adcs->sun_new || (adcs->sun_known && adcs->sun_age_ms < SUN_LIFE_MS);
    adcs->gyro_new = adcs->gyro_new && mf_adcs_usable(adcs, MF_ADCS_GYRO);
}
