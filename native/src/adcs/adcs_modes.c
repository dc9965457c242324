/* Attitude loop: modes, commands and targets; see mf_adcs.h.
 *
 * A command sets any mode. What a mode needs is checked at every tick, and the loop steps down as
 * far as it must:
 *
 *   pointing   attitude (at most attitude_wait_ms without), rate below rate_high, and three wheels,
 *              or rods and a field: then with rods and two wheels at most until the next command
 *   sun-safe   gyro, rods, a field, rate below rate_high
 *   detumble   rods, a field
 *   idle       nothing: rods off, wheels coasting */
#include "mf_adcs_state.h"
#include "mf_quat.h"
#include "mf_vec3.h"

#define FIELD_WAIT_MS 10000u /* without a field, measured or modelled: lost */
#define LONG_MS 100000000u
#define WGS84_RADIUS_M 6378137.0f
#define WGS84_E2 6.69437999014e-3f

bool mf_adcs_field(const mf_adcs_t *adcs, float mag_B_T[3])
{
    if (adcs->mag_known) {
        mf_v3_copy(mag_B_T, adcs->mag_B_T);
        return true;
    }
    if (adcs->mekf.valid && adcs->field_valid) {
        mf_quat_apply(adcs->mekf.q_BN, adcs->mag_N_T, mag_B_T);
        return true;
    }
    mf_v3_zero(mag_B_T);
    return false;
}

static void enter(mf_adcs_t *adcs, uint8_t mode, uint8_t reason)
{
    mf_adcs_selftest_stop(adcs, MF_ADCS_SELFTEST_STOPPED);
    adcs->mode = mode;
    adcs->reason = reason;
    adcs->rate_high_ms = 0;
    mf_sunsafe_reset(&adcs->sunsafe);
    mf_control_reset(&adcs->control);
    mf_momentum_reset(&adcs->momentum);
    adcs->gate_cycles = 0;
    adcs->gated = false;
}

static void step_down(mf_adcs_t *adcs, uint8_t mode, uint8_t reason)
{
    enter(adcs, mode, reason);
    adcs->step_downs++;
}

static uint32_t lasting(uint32_t so_far_ms, bool holds, uint32_t dt_ms)
{
    return !holds ? 0 : so_far_ms < LONG_MS ? so_far_ms + dt_ms : so_far_ms;
}

/* One step down at most; true when one was made. */
static bool demand(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in)
{
    bool rods = (in->rods_working & 7u) != 0;
    bool field = adcs->field_lost_ms <= FIELD_WAIT_MS;
    bool fast = adcs->rate_high_ms > params->rate_high_ms;
    uint8_t mode = adcs->mode;
    if (mode == MF_ADCS_IDLE) {
        return false;
    }
    if (mode == MF_ADCS_POINTING) {
        if (!adcs->rods_only && !mf_adcs_wheels_enough(adcs)) {
            adcs->rods_only = true;
            adcs->reason = MF_ADCS_REASON_WHEELS_LOST;
            adcs->step_downs++;
            mf_control_reset(&adcs->control);
        }
        if (!mf_adcs_usable(adcs, MF_ADCS_GYRO)) {
            step_down(adcs, MF_ADCS_SUNSAFE, MF_ADCS_REASON_GYRO_LOST);
        } else if (fast) {
            step_down(adcs, MF_ADCS_DETUMBLE, MF_ADCS_REASON_RATE_HIGH);
        } else if (adcs->lost_ms > params->attitude_wait_ms) {
            step_down(adcs, MF_ADCS_SUNSAFE, MF_ADCS_REASON_ATTITUDE_LOST);
        } else if (adcs->rods_only && !rods) {
            step_down(adcs, MF_ADCS_SUNSAFE, MF_ADCS_REASON_RODS_LOST);
        } else if (adcs->rods_only && !field) {
            step_down(adcs, MF_ADCS_SUNSAFE, MF_ADCS_REASON_FIELD_LOST);
        } else {
            return false;
        }
        return true;
    }
    if (!rods) {
        step_down(adcs, MF_ADCS_IDLE, MF_ADCS_REASON_RODS_LOST);
        return true;
    }
    if (!field) {
        step_down(adcs, MF_ADCS_IDLE, MF_ADCS_REASON_FIELD_LOST);
        return true;
    }
    if (mode != MF_ADCS_SUNSAFE) {
        return false;
    }
    if (!mf_adcs_usable(adcs, MF_ADCS_GYRO)) {
        step_down(adcs, MF_ADCS_DETUMBLE, MF_ADCS_REASON_GYRO_LOST);
    } else if (fast) {
        step_down(adcs, MF_ADCS_DETUMBLE, MF_ADCS_REASON_RATE_HIGH);
    } else {
        return false;
    }
    return true;
}

/* Rate by the gyro, or across the field; -1 unknown. */
static float rate_rad_s(const mf_adcs_t *adcs)
{
    return adcs->omega_known ? mf_v3_norm(adcs->omega_BN_B_rad_s) : adcs->bdot.rate_rad_s;
}

static void enter_target(mf_adcs_t *adcs, const mf_adcs_target_t *target)
{
    adcs->target = *target;
    adcs->target_ms = 0;
    adcs->holding = false;
    float sine = mf_sinf(target->latitude_rad), cosine = mf_cosf(target->latitude_rad);
    float normal_m = WGS84_RADIUS_M / mf_sqrtf(1.0f - WGS84_E2 * sine * sine);
    float outward_m = (normal_m + target->height_m) * cosine;
    adcs->target_E_m[0] = outward_m * mf_cosf(target->longitude_rad);
    adcs->target_E_m[1] = outward_m * mf_sinf(target->longitude_rad);
    adcs->target_E_m[2] = (normal_m * (1.0f - WGS84_E2) + target->height_m) * sine;
}

/* The newest of those whose time has come; they and older ones are taken out of the queue. */
static void due_targets(mf_adcs_t *adcs)
{
    int best = -1;
    for (int i = 0; i < adcs->waiting_count; i++) {
        const mf_time_t *at = &adcs->waiting[i].at;
        bool at_once = at->seconds == 0 && at->fraction == 0;
        bool due = at_once ||
                   (adcs->mission_known && mf_time_between(at, &adcs->mission) >= 0);
        if (due && (best < 0 || mf_time_between(&adcs->waiting[best].at, at) >= 0 || at_once)) {
            best = i;
        }
    }
    if (best < 0) {
        return;
    }
    mf_adcs_target_t chosen = adcs->waiting[best];
    int kept = 0;
    for (int i = 0; i < adcs->waiting_count; i++) {
        const mf_time_t *at = &adcs->waiting[i].at;
        bool at_once = at->seconds == 0 && at->fraction == 0;
        if (!at_once && !(adcs->mission_known && mf_time_between(at, &adcs->mission) >= 0)) {
            adcs->waiting[kept++] = adcs->waiting[i];
        }
    }
    adcs->waiting_count = (uint8_t)kept;
    enter_target(adcs, &chosen);
}

void mf_adcs_mode(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                  uint32_t dt_ms)
{
    float mag_B_T[3], rate = rate_rad_s(adcs);
    adcs->field_lost_ms = lasting(adcs->field_lost_ms, !mf_adcs_field(adcs, mag_B_T), dt_ms);
    adcs->rate_high_ms = lasting(adcs->rate_high_ms, rate > params->rate_high_rad_s, dt_ms);
    mf_adcs_decide_detumbled(adcs, params, in);
    if (adcs->command_waits) {
        adcs->command_waits = false;
        adcs->rods_only = false;
        mf_adcs_wheels_again(adcs);
        enter(adcs, adcs->commanded, MF_ADCS_REASON_COMMAND);
        adcs->lost_ms = adcs->field_lost_ms = 0; /* a commanded mode has its time to begin */
    }
    if (adcs->mode > adcs->most) {
        step_down(adcs, adcs->most, adcs->most_reason);
    }
    /* From pointing to idle are three steps. */
    for (int i = 0; i < 3 && demand(adcs, params, in); i++) {
    }
    adcs->target_ms += adcs->target_ms < LONG_MS ? dt_ms : 0;
    due_targets(adcs);
}

int mf_adcs_command_mode(mf_adcs_t *adcs, uint8_t mode)
{
    if (mode > MF_ADCS_POINTING) {
        return MF_E_INVAL;
    }
    adcs->commanded = mode;
    adcs->command_waits = true;
    return MF_OK;
}

void mf_adcs_limit_mode(mf_adcs_t *adcs, uint8_t most, uint8_t reason)
{
    adcs->most = most;
    adcs->most_reason = reason;
}

float mf_adcs_rate_rad_s(const mf_adcs_t *adcs)
{
    return adcs->rate_rad_s;
}

int mf_adcs_command_target(mf_adcs_t *adcs, const mf_adcs_target_t *target)
{
    const mf_guidance_params_t *guidance = &target->guidance;
    if (guidance->target > MF_GUIDANCE_TARGET || !mf_v3_finite(guidance->first_B) ||
        !mf_v3_finite(guidance->second_B) || !mf_finitef(guidance->elevation_min_rad) ||
        !(guidance->rate_max_rad_s > 0.0f) ||
        !(mf_fabsf(target->latitude_rad) <= 0.5f * MF_PI_F) ||
        !(mf_fabsf(target->longitude_rad) <= MF_TWO_PI_F) ||
        !(mf_fabsf(target->height_m) <= 1.0e5f)) {
        return MF_E_INVAL;
    }
    if (guidance->target == MF_GUIDANCE_INERTIAL) {
        float q_RN[4];
        for (int i = 0; i < 4; i++) {
            q_RN[i] = guidance->q_RN[i];
        }
        if (mf_quat_normalize(q_RN) != MF_OK) {
            return MF_E_INVAL;
        }
    }
    if (adcs->waiting_count >= MF_ADCS_TARGETS) {
        return MF_E_NOSPC;
    }
    adcs->waiting[adcs->waiting_count++] = *target;
    return MF_OK;
}

int mf_adcs_command_tle(mf_adcs_t *adcs, const char *line1, const char *line2)
{
    mf_tle_t tle;
    int status = mf_tle_parse(line1, line2, &tle);
    if (status == MF_OK) {
        status = mf_sgp4_init(&adcs->sgp4, &tle);
    }
    if (status != MF_OK) {
        adcs->tle_refused++;
    }
    return status;
}

int mf_adcs_command_inhibit(mf_adcs_t *adcs, uint8_t sensor, bool inhibited)
{
    if (sensor >= MF_ADCS_SENSORS) {
        return MF_E_INVAL;
    }
    uint32_t bit = 1u << sensor;
    adcs->inhibited = (uint8_t)(inhibited ? adcs->inhibited | bit : adcs->inhibited & ~bit);
    return MF_OK;
}
