/* Attitude loop: judgement of the gyro; see mf_adcs.h.
 *
 * No other sensor gives the rate, so it is held against what a body can do and against the turning
 * of the field. A step that no torque on board makes (jump_gyro_rad_s) fails until the rate comes
 * back to where it was, give or take what the rods may do meanwhile. Noise is the mean square of
 * the second difference: of white noise six variances an axis, of real motion next to nothing. */
#include "mf_adcs_state.h"
#include "mf_vec3.h"

#include <stddef.h>

#define CYCLE_MS (MF_ADCS_PERIOD_MS * MF_ADCS_CYCLE)
#define NOISE_VARIANCES 18.0f     /* three axes */
#define FREE_RAD_S2 1.5e-3f       /* of the rods on the smallest inertia */
#define TURN_MAX_RAD 0.6f         /* within a cycle, for the comparison by chords */
#define FAST_LIMIT_RAD_S 0.25f    /* two samples of a tick are no better than that */
#define WHEELS_LEAST_N_M_S 5.0e-5f /* taken up within a tick: well above the gyro's noise */
#define WHEELS_SHARE 0.2f         /* right is -1, or -2 to -0.5 with a wrong inertia */
#define WHEELS_UNEXPLAINED 0.5f   /* of a jump of the body, by the wheels' speeds */
#define WHEELS_WEIGHT_MS 300u     /* a loop with the wrong sign runs away within seconds */
#define FAST_SHARE 0.5f           /* of the rate itself */

/* What the wheels took up since the last tick; false when a speed of then or now is not known. */
static bool taken_up(const mf_adcs_t *adcs, const mf_adcs_params_t *params,
                     const mf_adcs_in_t *in, float spun_B_N_m_s[3])
{
    mf_v3_zero(spun_B_N_m_s);
    for (int i = 0; i < MF_WHEELS_COUNT; i++) {
        if (!adcs->wheels[i].known || ((uint32_t)in->wheels_working >> i & 1u) == 0) {
            return false;
        }
        mf_v3_add_scaled(spun_B_N_m_s, spun_B_N_m_s, params->wheels.axis_B[i],
                         params->wheels.inertia_kg_m2 *
                             (in->wheel_speed_rad_s[i] - adcs->wheels[i].speed_rad_s));
    }
    return mf_v3_finite(spun_B_N_m_s);
}

/* A wheel that seizes makes the body jump, and that is no fault of the gyro. */
static bool by_wheels(const mf_adcs_params_t *params, const float step_B_rad_s[3],
                      const float spun_B_N_m_s[3])
{
    float gained[3], sum[3];
    mf_m3_apply(gained, params->control.inertia_B_kg_m2, step_B_rad_s);
    mf_v3_add_scaled(sum, gained, spun_B_N_m_s, 1.0f);
    return mf_v3_norm(sum) < WHEELS_UNEXPLAINED * mf_v3_norm(gained);
}

/* The body has to answer what the wheels took up: with the other sign, if the gyro is right. */
static bool answers_wheels(const mf_adcs_t *adcs, const mf_adcs_params_t *params,
                           const float turn_B_rad[3], const float spun_B_N_m_s[3])
{
    float gained[3], turned[3];
    mf_m3_apply(gained, params->control.inertia_B_kg_m2, adcs->gyro_step_B_rad_s);
    mf_v3_cross(turned, adcs->momentum_B_N_m_s, turn_B_rad);
    mf_v3_add_scaled(gained, gained, turned, -1.0f);
    float square = mf_v3_dot(spun_B_N_m_s, spun_B_N_m_s);
    return !(square > WHEELS_LEAST_N_M_S * WHEELS_LEAST_N_M_S &&
             mf_v3_dot(gained, spun_B_N_m_s) > WHEELS_SHARE * square);
}

static uint8_t check(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                     const float gyro_B_rad_s[3], const float *spun_B_N_m_s, uint32_t dt_ms)
{
    float step[3], second[3];
    if (!(mf_v3_norm(gyro_B_rad_s) <= params->gyro_max_rad_s)) {
        return MF_ADCS_FAULT_RANGE;
    }
    bool stuck = mf_adcs_stuck(&adcs->health[MF_ADCS_GYRO], in->gyro.value_S);
    mf_v3_add_scaled(step, gyro_B_rad_s, adcs->gyro_B_rad_s, -1.0f);
    float limit_rad_s =
        params->jump_gyro_rad_s * (float)dt_ms / (float)MF_ADCS_PERIOD_MS +
        FREE_RAD_S2 * (float)adcs->gyro_held_ms * 1.0e-3f;
    if (adcs->gyro_held && mf_v3_norm(step) > limit_rad_s &&
        !(spun_B_N_m_s != NULL && by_wheels(params, step, spun_B_N_m_s))) {
        return MF_ADCS_FAULT_JUMP;
    }
    mf_v3_add_scaled(second, step, adcs->gyro_step_B_rad_s, -1.0f);
    mf_v3_copy(adcs->gyro_step_B_rad_s, step);
    mf_v3_copy(adcs->gyro_B_rad_s, gyro_B_rad_s);
    adcs->gyro_held = true;
    adcs->gyro_held_ms = 0;
    bool noisy = mf_adcs_noisy(&adcs->noise_gyro, mf_v3_dot(second, second),
                               NOISE_VARIANCES * params->noise_gyro_rad_s *
                                   params->noise_gyro_rad_s);
    return stuck ? MF_ADCS_FAULT_STUCK : noisy ? MF_ADCS_FAULT_NOISE : MF_ADCS_FAULT_NONE;
}

void mf_adcs_accuse_gyro(mf_adcs_t *adcs, const mf_adcs_params_t *params, uint16_t ms)
{
    adcs->health[MF_ADCS_GYRO].silent_ms = ms;
    mf_adcs_judge(adcs, params, MF_ADCS_GYRO, false, MF_ADCS_FAULT_REDUNDANT);
}

bool mf_adcs_take_gyro(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                       uint32_t dt_ms, float turn_B_rad[3])
{
    float spun_B_N_m_s[3];
    bool spun_known = false;
    adcs->past_mag_ms += dt_ms;
    adcs->gyro_held_ms += dt_ms;
    if (mf_adcs_timely(adcs, &in->gyro, params->mekf.step_max_ms)) {
        float gyro_B_rad_s[3];
        spun_known = dt_ms == MF_ADCS_PERIOD_MS && taken_up(adcs, params, in, spun_B_N_m_s);
        mf_m3_apply(gyro_B_rad_s, params->dcm_BS_gyro, in->gyro.value_S);
        uint8_t fault = check(adcs, params, in, gyro_B_rad_s,
                              spun_known ? spun_B_N_m_s : NULL, dt_ms);
        mf_adcs_judge(adcs, params, MF_ADCS_GYRO, fault == MF_ADCS_FAULT_NONE, fault);
        adcs->gyro_new = fault == MF_ADCS_FAULT_NONE;
    } else if (adcs->health[MF_ADCS_GYRO].silent_ms > params->silent_ms) {
        adcs->gyro_held = false; /* what comes after a silence is new */
    }
    if (!adcs->gyro_new) {
        adcs->past_mag_known = false; /* the turn is not known */
        return false;
    }
    const float *bias = adcs->mekf.valid ? adcs->mekf.bias_B_rad_s : adcs->coarse_bias_B_rad_s;
    mf_v3_add_scaled(turn_B_rad, adcs->gyro_B_rad_s, bias, -1.0f);
    mf_v3_scale(turn_B_rad, turn_B_rad, (float)dt_ms * 1.0e-3f);
    mf_v3_add_scaled(adcs->past_turn_B_rad, adcs->past_turn_B_rad, turn_B_rad, 1.0f);
    if (spun_known && !answers_wheels(adcs, params, turn_B_rad, spun_B_N_m_s)) {
        mf_adcs_accuse_gyro(adcs, params, WHEELS_WEIGHT_MS);
    }
    return mf_adcs_usable(adcs, MF_ADCS_GYRO);
}

void mf_adcs_compare_gyro(mf_adcs_t *adcs, const mf_adcs_params_t *params, uint32_t phase,
                          float step_rad_s)
{
    if (phase != 0 || !adcs->mag_new) {
        return;
    }
    float turn_rad = mf_v3_norm(adcs->past_turn_B_rad);
    bool clear = adcs->health[adcs->mag_fresh[0] ? MF_ADCS_MAG_1 : MF_ADCS_MAG_2].failing_ms == 0;
    bool cycle = adcs->past_mag_ms >= CYCLE_MS / 2u && adcs->past_mag_ms <= 2u * CYCLE_MS;
    if (adcs->past_mag_known && cycle && adcs->gyro_new && clear) {
        float span_s = (float)adcs->past_mag_ms * 1.0e-3f;
        if (turn_rad < TURN_MAX_RAD) {
            /* The middle of the turn makes it good to third order: B1 - B0 = -turn x middle. */
            float middle[3], moved[3], expected[3];
            mf_v3_add_scaled(middle, adcs->past_mag_B_T, adcs->mag_B_T, 1.0f);
            mf_v3_scale(middle, middle, 0.5f);
            mf_v3_cross(expected, middle, adcs->past_turn_B_rad);
            mf_v3_add_scaled(moved, adcs->mag_B_T, adcs->past_mag_B_T, -1.0f);
            mf_v3_add_scaled(moved, moved, expected, -1.0f);
            float off_rad_s = mf_v3_norm(moved) / (mf_v3_norm(adcs->mag_B_T) * span_s);
            if (off_rad_s > params->gyro_field_rad_s) {
                mf_adcs_accuse_gyro(adcs, params, CYCLE_MS);
            }
        } else if (step_rad_s > FAST_LIMIT_RAD_S + FAST_SHARE * turn_rad / span_s) {
            mf_adcs_accuse_gyro(adcs, params, CYCLE_MS);
        }
    }
    mf_v3_copy(adcs->past_mag_B_T, adcs->mag_B_T);
    mf_v3_zero(adcs->past_turn_B_rad);
    adcs->past_mag_ms = 0;
    adcs->past_mag_known = true;
}
