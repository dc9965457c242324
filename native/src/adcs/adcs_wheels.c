/* Attitude loop: watch over the wheels, and their friction; see mf_adcs.h.
 *
 * What a motor was told and what its rotor then did differ by the bearing's friction. A slow mean
 * of it, counted against the direction of turning, is fed forward: left to the attitude loop it
 * would be a standing error of friction / (J wn^2). A mean beyond wheel_friction_max_N_m for
 * SUSPECT_TICKS is no friction but a motor that does not obey: the wheel is left out, until a mode
 * is commanded. Speeds of a tick belong to the command of the tick before. */
#include "mf_adcs_state.h"
#include "mf_vec3.h"

#define SMOOTHING 0.05f        /* per tick: 2 s */
#define TURNING_RAD_S 2.0f     /* slower, the direction of friction is uncertain */
#define SUSPECT_TICKS 30u
#define SPEED_MAX_RAD_S 2000.0f
#define USED_MIN 3

bool mf_adcs_wheels_enough(const mf_adcs_t *adcs)
{
    int count = 0;
    for (int i = 0; i < MF_WHEELS_COUNT; i++) {
        count += adcs->wheels_used >> i & 1;
    }
    return count >= USED_MIN;
}

static void watch(mf_adcs_wheel_t *wheel, const mf_adcs_params_t *params, float speed_rad_s,
                  uint32_t dt_ms)
{
    if (wheel->known && dt_ms == MF_ADCS_PERIOD_MS) {
        float dt_s = (float)dt_ms * 1.0e-3f;
        float gained_N_m = params->wheels.inertia_kg_m2 * (speed_rad_s - wheel->speed_rad_s) / dt_s;
        float lost_N_m = wheel->motor_N_m - gained_N_m;
        if (wheel->speed_rad_s < 0.0f) {
            lost_N_m = -lost_N_m;
        }
        wheel->friction_N_m += SMOOTHING * (lost_N_m - wheel->friction_N_m);
        if (mf_fabsf(wheel->friction_N_m) > params->wheel_friction_max_N_m) {
            if (wheel->suspect_ticks < SUSPECT_TICKS) {
                wheel->suspect_ticks++;
            } else {
                wheel->failed = true;
            }
        } else {
            wheel->suspect_ticks = 0;
        }
    }
    wheel->speed_rad_s = speed_rad_s;
    wheel->known = false;
}

void mf_adcs_wheels_watch(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                          uint32_t dt_ms)
{
    adcs->wheels_used = 0;
    for (int i = 0; i < MF_WHEELS_COUNT; i++) {
        mf_adcs_wheel_t *wheel = &adcs->wheels[i];
        wheel->answers = ((uint32_t)in->wheels_working >> i & 1u) != 0 &&
                         mf_fabsf(in->wheel_speed_rad_s[i]) < SPEED_MAX_RAD_S;
        if (!wheel->answers) {
            *wheel = (mf_adcs_wheel_t){.failed = wheel->failed};
            continue;
        }
        watch(wheel, params, in->wheel_speed_rad_s[i], dt_ms);
        if (!wheel->failed) {
            adcs->wheels_used = (uint8_t)(adcs->wheels_used | 1u << i);
        }
    }
}

void mf_adcs_wheels_command(mf_adcs_t *adcs, const mf_adcs_params_t *params,
                            const mf_adcs_in_t *in, const float motor_N_m[MF_WHEELS_COUNT],
                            mf_adcs_out_t *out)
{
    float most_N_m = params->wheels.torque_max_N_m;
    out->wheels_on = adcs->wheels_used;
    for (int i = 0; i < MF_WHEELS_COUNT; i++) {
        mf_adcs_wheel_t *wheel = &adcs->wheels[i];
        if (((uint32_t)adcs->wheels_used >> i & 1u) == 0) {
            wheel->known = false;
            continue;
        }
        float friction_N_m = wheel->friction_N_m > 0.0f ? wheel->friction_N_m : 0.0f;
        float speed_rad_s = in->wheel_speed_rad_s[i];
        float motor = motor_N_m[i];
        if (speed_rad_s > TURNING_RAD_S) {
            motor += friction_N_m;
        } else if (speed_rad_s < -TURNING_RAD_S) {
            motor -= friction_N_m;
        }
        motor = motor > most_N_m ? most_N_m : motor < -most_N_m ? -most_N_m : motor;
        wheel->motor_N_m = motor;
        wheel->known = true;
        out->wheel_torque_N_m[i] = motor;
    }
}

void mf_adcs_wheels_coast(mf_adcs_t *adcs)
{
    for (int i = 0; i < MF_WHEELS_COUNT; i++) {
        adcs->wheels[i].known = false;
    }
}

void mf_adcs_wheels_again(mf_adcs_t *adcs)
{
    for (int i = 0; i < MF_WHEELS_COUNT; i++) {
        mf_adcs_wheel_t *wheel = &adcs->wheels[i];
        wheel->failed = false;
        wheel->suspect_ticks = 0;
        wheel->friction_N_m = 0.0f;
        if (wheel->answers) {
            adcs->wheels_used = (uint8_t)(adcs->wheels_used | 1u << i);
        }
    }
}
