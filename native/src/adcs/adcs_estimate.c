/* Attitude loop: rate, attitude and their acquisition; see mf_adcs.h.
 *
 * The filter runs whenever the gyro does. It starts from the star tracker, or from Sun and field
 * by QUEST; then the field is taken once per measuring cycle at phase 0 and the Sun at SUN_PHASE,
 * so that errors that last (calibration, albedo) are not taken for many independent samples.
 * Both magnetometers count alike. A coarse Sun, off by the Earth's light for as long as the geometry
 * lasts, only holds what is worse than itself: gyro and field know better than COARSE_ABOVE_RAD.
 * Without an attitude the gyro's bias is followed by the turning of the field: per cycle, while
 * the turn is small, the part across the field of what gyro and field say. */
#include "mf_adcs_state.h"
#include "mf_mekf_update.h"
#include "mf_quat.h"
#include "mf_quest.h"
#include "mf_triad.h"
#include "mf_vec3.h"

#define SUN_PHASE 5u
#define ACQUIRE_AGE_MS 1200u       /* of Sun and field for a start */
#define ACQUIRE_RATE_RAD_S 0.1f
#define ACQUIRE_WORST_RAD 0.35f
#define ACQUIRE_APART_RAD 0.1f     /* between Sun and field, and from opposite */
#define ACQUIRE_CHI2 9.0f          /* of one degree of freedom: the angle between Sun and field */
#define ACQUIRE_FACTOR 4.0f        /* variance: the gyro's bias is unknown, errors are not white */
#define SUNLIT_SHARE 0.99f         /* the penumbra counts as eclipse */
#define COARSE_ABOVE_RAD 0.05f     /* 1 sigma of the attitude */
#define TRACKER_NIS_MEAN 6.0f      /* three degrees of freedom: its noise is not what it should be */
#define BIAS_GAIN 0.02f
#define BIAS_GAIN_FIRST 0.1f       /* falls to BIAS_GAIN over BIAS_CYCLES_FIRST: while the body
                                    * still turns, it shows the field from all sides */
#define BIAS_CYCLES_FIRST 600u
#define BIAS_MAX_RAD_S 0.05f
#define BIAS_BELOW_RAD_S 0.0873f

static void coarse_bias(mf_adcs_t *adcs, const mf_adcs_in_t *in)
{
    if (!adcs->mag_new || in->tick % MF_ADCS_CYCLE != 0 || !adcs->bdot.long_baseline ||
        adcs->bdot.rate_rad_s < 0.0f || !adcs->omega_known ||
        mf_v3_norm(adcs->omega_BN_B_rad_s) > BIAS_BELOW_RAD_S) {
        return;
    }
    const float *B = adcs->mag_B_T;
    float square = mf_v3_dot(B, B), across[3];
    mf_v3_cross(across, adcs->mag_dot_B_T_s, B); /* times 1 / |B|^2: the rate across the field */
    float along = mf_v3_dot(adcs->omega_BN_B_rad_s, B) / square;
    float gain = BIAS_GAIN;
    if (adcs->bias_cycles < BIAS_CYCLES_FIRST) {
        gain += (BIAS_GAIN_FIRST - BIAS_GAIN) *
                (1.0f - (float)adcs->bias_cycles / (float)BIAS_CYCLES_FIRST);
        adcs->bias_cycles++;
    }
    for (int i = 0; i < 3; i++) {
        float error = adcs->omega_BN_B_rad_s[i] - along * B[i] - across[i] / square;
        float bias = adcs->coarse_bias_B_rad_s[i] + gain * error;
        bias = bias > BIAS_MAX_RAD_S ? BIAS_MAX_RAD_S : bias;
        adcs->coarse_bias_B_rad_s[i] = bias < -BIAS_MAX_RAD_S ? -BIAS_MAX_RAD_S : bias;
    }
}

/* A direction measured age_ms ago, turned to now by the rate. */
static void to_now(const mf_adcs_t *adcs, const float then_B[3], uint32_t age_ms, float now_B[3])
{
    float turn[3];
    mf_v3_cross(turn, then_B, adcs->omega_BN_B_rad_s);
    mf_v3_add_scaled(now_B, then_B, turn, (float)age_ms * 1.0e-3f);
}

/* Mean of the magnetometers there are, aligned with the Sun sensor. One that is calibrated in flight
 * is not mixed with one that is not. */
static void mean_field(const mf_adcs_t *adcs, float mag_B_T[3])
{
    int count = 0;
    float sum[3] = {0.0f, 0.0f, 0.0f}, one[3];
    for (int i = 0; i < MF_ADCS_MAGS; i++) {
        int other = MF_ADCS_MAGS - 1 - i;
        bool better = adcs->mag_fresh[other] && adcs->corrected[other] && !adcs->corrected[i];
        if (adcs->mag_fresh[i] && !better) {
            mf_magalign_apply(&adcs->align[i], adcs->mag_each_B_T[i], one);
            mf_v3_add_scaled(sum, sum, one, 1.0f);
            count++;
        }
    }
    mf_v3_scale(mag_B_T, sum, count != 0 ? 1.0f / (float)count : 0.0f);
}

/* What the fine Sun sensor says about the magnetometers' mounting. */
static void align(mf_adcs_t *adcs, const mf_adcs_params_t *params)
{
    if (!adcs->sun_fine || !adcs->sun_known || !adcs->sun_valid || !adcs->field_valid ||
        adcs->doubted || !(adcs->lit > SUNLIT_SHARE) || !adcs->omega_known ||
        adcs->sun_age_ms > ACQUIRE_AGE_MS ||
        mf_v3_norm(adcs->omega_BN_B_rad_s) > ACQUIRE_RATE_RAD_S) {
        return;
    }
    float sun_B[3], mag_B_T[3];
    to_now(adcs, adcs->sun_B, adcs->sun_age_ms, sun_B);
    for (int i = 0; i < MF_ADCS_MAGS; i++) {
        if (adcs->mag_fresh[i]) {
            to_now(adcs, adcs->mag_each_B_T[i], adcs->mag_age_ms, mag_B_T);
            (void)mf_magalign_update(&adcs->align[i], &params->magalign, sun_B, mag_B_T,
                                     adcs->sun_N, adcs->mag_N_T);
        }
    }
}

static float mag_sigma_rad(const mf_adcs_t *adcs, const mf_adcs_params_t *params)
{
    float sigma = params->sigma_mag_T / mf_v3_norm(adcs->mag_B_T);
    return sigma > 1.0f ? 1.0f : sigma;
}

static float sun_sigma_rad(const mf_adcs_t *adcs, const mf_adcs_params_t *params)
{
    return adcs->sun_fine ? params->sigma_fss_rad : params->sigma_css_rad;
}

static void start_from_vectors(mf_adcs_t *adcs, const mf_adcs_params_t *params,
                               const mf_adcs_in_t *in)
{
    if (!adcs->mag_known || !adcs->sun_known || !adcs->field_valid || adcs->doubted ||
        !(adcs->lit > SUNLIT_SHARE) || !adcs->omega_known ||
        adcs->mag_age_ms > ACQUIRE_AGE_MS || adcs->sun_age_ms > ACQUIRE_AGE_MS ||
        mf_v3_norm(adcs->omega_BN_B_rad_s) > ACQUIRE_RATE_RAD_S) {
        return;
    }
    const mf_quest_params_t quest = {.sigma_max_rad = ACQUIRE_WORST_RAD};
    mf_quest_direction_t seen[2];
    mf_quest_result_t found;
    to_now(adcs, adcs->mag_B_T, adcs->mag_age_ms, seen[0].direction_B);
    to_now(adcs, adcs->sun_B, adcs->sun_age_ms, seen[1].direction_B);
    mf_v3_copy(seen[0].direction_N, adcs->mag_N_T);
    mf_v3_copy(seen[1].direction_N, adcs->sun_N);
    seen[0].sigma_rad = mag_sigma_rad(adcs, params);
    seen[1].sigma_rad = sun_sigma_rad(adcs, params);
    if (mf_quest(&quest, seen, 2, &found) != MF_OK || !(found.chi2 < ACQUIRE_CHI2)) {
        return;
    }
    /* Two ways of solving it in single precision must come to one result. */
    const mf_triad_params_t triad = {.angle_min_rad = ACQUIRE_APART_RAD};
    float other_BN[4], found_NB[4], apart[4];
    mf_quat_invert(found.q_BN, found_NB);
    if (mf_triad(&triad, seen[1].direction_B, seen[0].direction_B, seen[1].direction_N,
                 seen[0].direction_N, other_BN) != MF_OK) {
        return;
    }
    mf_quat_multiply(other_BN, found_NB, apart);
    if (!(mf_quat_angle(apart) < ACQUIRE_WORST_RAD)) {
        return;
    }
    for (int i = 0; i < 9; i++) {
        found.covariance_B_rad2[i] *= ACQUIRE_FACTOR;
    }
    (void)mf_mekf_initialise(&adcs->mekf, &params->mekf, found.q_BN, found.covariance_B_rad2, true,
                             in->time_us);
}

static void take_tracker(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in)
{
    if (!in->tracker_fresh) {
        return;
    }
    float q_SN[4], q_BN[4];
    for (int i = 0; i < 4; i++) {
        q_SN[i] = in->q_SN_tracker[i];
    }
    if (mf_quat_normalize(q_SN) != MF_OK) {
        mf_adcs_judge(adcs, params, MF_ADCS_TRACKER, false, MF_ADCS_FAULT_RANGE);
        return;
    }
    if (mf_adcs_stuck(&adcs->health[MF_ADCS_TRACKER], in->q_SN_tracker)) {
        mf_adcs_judge(adcs, params, MF_ADCS_TRACKER, false, MF_ADCS_FAULT_STUCK);
        return;
    }
    mf_quat_multiply(params->q_BS_tracker, q_SN, q_BN);
    if (!adcs->mekf.valid) {
        mf_adcs_judge(adcs, params, MF_ADCS_TRACKER, true, MF_ADCS_FAULT_NONE);
        if (!mf_adcs_usable(adcs, MF_ADCS_TRACKER) || !adcs->omega_known) {
            return;
        }
        float covariance_rad2[9] = {0.0f}, turn[3], q_turn[4], q_now[4];
        for (int i = 0; i < 3; i++) {
            float sigma = params->sigma_tracker_B_rad[i];
            covariance_rad2[4 * i] = ACQUIRE_FACTOR * sigma * sigma;
        }
        mf_v3_scale(turn, adcs->omega_BN_B_rad_s, (float)in->tracker_age_ms * 1.0e-3f);
        if (mf_quat_from_rotation_vector(turn, q_turn) == MF_OK) {
            mf_quat_multiply(q_turn, q_BN, q_now);
            (void)mf_mekf_initialise(&adcs->mekf, &params->mekf, q_now, covariance_rad2, true,
                                     in->time_us);
        }
        return;
    }
    mf_mekf_attitude_t sample = {.sample_us =
                                     in->time_us - 1000u * (uint64_t)in->tracker_age_ms};
    for (int i = 0; i < 4; i++) {
        sample.q_BN[i] = q_BN[i];
    }
    mf_v3_copy(sample.sigma_B_rad, params->sigma_tracker_B_rad);
    if (!mf_adcs_usable(adcs, MF_ADCS_TRACKER)) {
        /* Back in when it agrees with the filter as Sun sensors have to. */
        float q_NB[4], q_off[4];
        mf_quat_invert(adcs->mekf.q_BN, q_NB);
        mf_quat_multiply(q_BN, q_NB, q_off);
        bool near = mf_quat_angle(q_off) < params->sun_angle_rad;
        mf_adcs_judge(adcs, params, MF_ADCS_TRACKER, near, MF_ADCS_FAULT_MODEL);
        return;
    }
    int status = mf_mekf_update_attitude(&adcs->mekf, &params->mekf, &sample);
    bool noisy = mf_adcs_noisy(&adcs->noise_tracker, adcs->mekf.nis[MF_MEKF_TRACKER],
                               TRACKER_NIS_MEAN);
    mf_adcs_judge(adcs, params, MF_ADCS_TRACKER, status == MF_OK && !noisy,
                  noisy ? MF_ADCS_FAULT_NOISE : MF_ADCS_FAULT_MODEL);
}

static void update(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in)
{
    uint32_t phase = in->tick % MF_ADCS_CYCLE;
    mf_mekf_direction_t direction;
    if (adcs->mag_new && phase == 0 && adcs->field_valid && !adcs->doubted) {
        mean_field(adcs, direction.direction_B);
        mf_v3_copy(direction.direction_N, adcs->mag_N_T);
        direction.sigma_rad = mag_sigma_rad(adcs, params);
        direction.sample_us = in->time_us - 1000u * (uint64_t)adcs->mag_age_ms;
        direction.sensor = MF_MEKF_MAG;
        (void)mf_mekf_update_direction(&adcs->mekf, &params->mekf, &direction);
    }
    bool wanted = adcs->sun_fine || mf_mekf_sigma_rad(&adcs->mekf) > COARSE_ABOVE_RAD;
    if (phase == SUN_PHASE && adcs->sun_valid && adcs->sun_known && adcs->orbit_valid && wanted) {
        mf_v3_copy(direction.direction_B, adcs->sun_B);
        mf_v3_copy(direction.direction_N, adcs->sun_N);
        direction.sigma_rad = sun_sigma_rad(adcs, params);
        direction.sample_us = in->time_us - 1000u * (uint64_t)adcs->sun_age_ms;
        direction.sensor = MF_MEKF_SUN;
        (void)mf_mekf_update_sun(&adcs->mekf, &params->mekf, &direction,
                                 adcs->lit > SUNLIT_SHARE, adcs->sun_known);
    }
}

void mf_adcs_estimate(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                      uint32_t dt_ms)
{
    if (adcs->gyro_new) {
        const float *bias = adcs->mekf.valid ? adcs->mekf.bias_B_rad_s : adcs->coarse_bias_B_rad_s;
        mf_v3_add_scaled(adcs->omega_BN_B_rad_s, adcs->gyro_B_rad_s, bias, -1.0f);
        adcs->omega_age_ms = 0;
    } else if (adcs->omega_age_ms < params->mekf.step_max_ms + MF_ADCS_PERIOD_MS) {
        adcs->omega_age_ms += dt_ms;
    }
    adcs->omega_known = mf_adcs_usable(adcs, MF_ADCS_GYRO) &&
                        (adcs->gyro_new || (adcs->omega_known &&
                                            adcs->omega_age_ms <= params->mekf.step_max_ms));
    if (adcs->mag_new) {
        float dipole[3];
        adcs->bdot_scaled =
            mf_bdot_update(&adcs->bdot, &params->bdot, adcs->mag_B_T,
                           in->tick * (uint32_t)MF_ADCS_PERIOD_MS, adcs->mag_dot_B_T_s,
                           dipole) == 1;
        if (in->tick % MF_ADCS_CYCLE == 0) {
            mf_v3_copy(adcs->bdot_B_A_m2, dipole);
        }
    } else if (in->tick % MF_ADCS_CYCLE == 0) {
        mf_v3_zero(adcs->bdot_B_A_m2); /* the last one is too old to be acted on */
    }
    if (adcs->mekf.valid) {
        if (adcs->gyro_new) {
            (void)mf_mekf_propagate(&adcs->mekf, &params->mekf, adcs->gyro_B_rad_s, in->time_us);
        } else if (in->time_us - adcs->mekf.time_us >
                   1000u * (uint64_t)params->mekf.gap_max_ms) {
            mf_mekf_reset(&adcs->mekf); /* no gyro: nothing carries the attitude on */
        }
    }
    if (adcs->mag_new && in->tick % MF_ADCS_CYCLE == 0) {
        align(adcs, params);
    }
    if (adcs->mekf.valid && adcs->gyro_new) {
        update(adcs, params, in);
        mf_v3_copy(adcs->omega_BN_B_rad_s, adcs->mekf.omega_BN_B_rad_s);
        mf_v3_copy(adcs->coarse_bias_B_rad_s, adcs->mekf.bias_B_rad_s);
    }
    if (!adcs->mekf.valid) {
        coarse_bias(adcs, in);
        start_from_vectors(adcs, params, in);
    }
    take_tracker(adcs, params, in);
    adcs->lost_ms = adcs->mekf.valid ? 0 : adcs->lost_ms + (adcs->lost_ms < 100000000u ? dt_ms : 0);
}
