/* State of the attitude loop, complete: for whoever supplies its memory. Fields are private to
 * native/src/adcs/adcs*.c; everybody else goes through mf_adcs.h. */
#ifndef MF_ADCS_STATE_H
#define MF_ADCS_STATE_H

#include "mf_adcs.h"

/* Judgement of one sensor; it is used while `fault` is none. */
typedef struct {
    uint32_t passing_ms;  /* checks passed for, while excluded */
    uint16_t failing_ms;  /* checks failed for, in sum; passing ones count it down */
    uint16_t silent_ms;   /* since the last sample */
    uint8_t fault;        /* enum mf_adcs_fault */
    uint8_t repeats[3];   /* of each value */
    bool heard;           /* since the start */
    uint16_t last[3];     /* digests of the last values */
} mf_adcs_health_t;

/* The last good direction of a sensor, turned on with the body. */
typedef struct {
    float direction_B[3];
    float noise_rad2;     /* mean square of what samples are off by */
    uint32_t age_ms;
    uint8_t shown;        /* samples in a row that agreed */
} mf_adcs_held_t;

typedef struct {
    float friction_N_m;   /* estimated, against the present direction */
    float speed_rad_s;    /* of the last tick */
    float motor_N_m;      /* commanded at the last tick */
    uint16_t suspect_ticks;
    bool known;           /* speed and command are of the last tick */
    bool failed, answers;
} mf_adcs_wheel_t;

struct mf_adcs {
    /* Time and orbit. */
    uint64_t time_us;
    uint32_t tick, rods_on_tick;
    mf_time_t mission;
    bool started, mission_known, rods_were_on;
    mf_day_t tt, utc;
    mf_sgp4_t sgp4;
    mf_frames_t frames;
    mf_igrf_t igrf;
    float r_N_m[3], v_N_m_s[3];
    uint32_t orbit_age_ms, gnss_age_ms; /* since the last SGP4 or GNSS state; since a fix */
    bool orbit_valid, gnss_orbit, frames_valid;
    float mag_N_T[3], sun_N[3], sun_m, lit;
    bool field_valid, sun_valid, doubted;
    /* Sensors. */
    mf_adcs_health_t health[MF_ADCS_SENSORS];
    float mag_each_B_T[MF_ADCS_MAGS][3];
    bool mag_fresh[MF_ADCS_MAGS], mag_before[MF_ADCS_MAGS]; /* before: sampled in the last tick */
    mf_magcal_t magcal[MF_ADCS_MAGS];
    mf_magcal_result_t correction[MF_ADCS_MAGS];
    mf_magalign_t align[MF_ADCS_MAGS];
    bool collecting, corrected[MF_ADCS_MAGS];
    uint8_t inhibited;
    float mag_B_T[3], sun_B[3], gyro_B_rad_s[3];
    uint32_t mag_age_ms, sun_age_ms;
    bool mag_new, sun_new, mag_known, sun_known, sun_fine, dark, gyro_new;
    float past_mag_B_T[3], past_turn_B_rad[3]; /* at the last phase 0, and turned since */
    uint32_t past_mag_ms;
    bool past_mag_known;
    /* What the next sample is compared with: the last good one, turned on with the body. */
    mf_adcs_held_t held;          /* of the fine sun sensor */
    float fss_seen_B[3];          /* last direction, good or not */
    uint8_t contradicts[2];       /* fault of fine and coarse Sun against attitude or gyro, or 0 */
    bool believed;                /* both, and rightly */
    bool gyro_held;
    uint32_t gyro_held_ms;        /* age of gyro_B_rad_s, the last that did not jump */
    float gyro_step_B_rad_s[3];   /* between the last two of those */
    float noise_mag_T2[MF_ADCS_MAGS], noise_gyro; /* mean squares of steps */
    float noise_tracker;          /* mean of its NIS */
    /* Estimates. */
    mf_mekf_t mekf;
    float coarse_bias_B_rad_s[3]; /* from the turning of the field, until the filter runs */
    uint32_t bias_cycles;         /* that estimate has seen */
    float omega_BN_B_rad_s[3];
    uint32_t omega_age_ms;
    bool omega_known;
    uint32_t lost_ms;             /* without an attitude */
    /* Mode. */
    uint8_t mode, reason, commanded, most, most_reason;
    bool command_waits, rods_only, detumbled;
    uint32_t rate_high_ms, rate_low_ms, field_lost_ms;
    mf_adcs_target_t target, waiting[MF_ADCS_TARGETS];
    uint8_t waiting_count;
    float target_E_m[3];
    uint32_t target_ms;
    /* Control. */
    mf_bdot_t bdot;
    float mag_dot_B_T_s[3], bdot_B_A_m2[3];
    float smooth_B_T_s[3], rate_rad_s; /* of the detumbled decision; rate -1 unknown */
    bool smooth_known;
    uint8_t fast_cycles;
    mf_sunsafe_t sunsafe;
    mf_control_t control;
    mf_momentum_t momentum;
    mf_guidance_output_t guided;
    mf_control_output_t error;
    mf_adcs_wheel_t wheels[MF_WHEELS_COUNT];
    uint8_t wheels_used;
    uint16_t gate_cycles;         /* detumbling without damping, see adcs_detumble.c */
    bool gated, bdot_scaled;
    float momentum_B_N_m_s[3];
    bool guided_valid, fallback, saturated, on_target, wheels_on;
    float hold_q_RN[4];
    bool holding;
    /* What the actuators really do. */
    mf_residual_t residual;
    mf_polarity_t polarity;
    float drive;                  /* command of the present test */
    uint32_t actuator_ms;         /* under test for; 0 not begun */
    uint8_t selftest, actuator, witness; /* state; under test; magnetometer that watches */
    uint8_t verdict[MF_ADCS_ACTUATORS];
    uint16_t bad_inputs, time_jumps, exclusions, step_downs, tle_refused;
};
#ifndef MF_F64_H
_Static_assert(sizeof(struct mf_adcs) <= 4096, "attitude state budget");
#endif

/* Between the files of the loop; `dt_ms` since the last step. */
void mf_adcs_references(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                        uint32_t dt_ms);
void mf_adcs_sensors(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                     uint32_t dt_ms);
void mf_adcs_health_reset(mf_adcs_t *adcs);
/* Not excluded and not inhibited. */
bool mf_adcs_usable(const mf_adcs_t *adcs, int sensor);
/* One check of one sensor, passed or failed with `fault`; stands for the time since its last. */
void mf_adcs_judge(mf_adcs_t *adcs, const mf_adcs_params_t *params, int sensor, bool passed,
                   uint8_t fault);
/* Sensors that have fallen silent. */
void mf_adcs_health_silence(mf_adcs_t *adcs, const mf_adcs_params_t *params, uint32_t dt_ms);
/* One of three values repeats those of many samples before. */
bool mf_adcs_stuck(mf_adcs_health_t *health, const float value_S[3]);
/* Running mean of squares; true when it is beyond `limit`. */
bool mf_adcs_noisy(float *mean, float square, float limit);
/* A sample came and is not older than `most_ms`; older ones count as bad input. */
bool mf_adcs_timely(mf_adcs_t *adcs, const mf_adcs_sample_t *sample, uint32_t most_ms);
/* The gyro's own checks; true when it can be believed, with the body's turn since the last step. */
bool mf_adcs_take_gyro(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                       uint32_t dt_ms, float turn_B_rad[3]);
/* Something stands against the gyro; counts as checks failed for `ms`. */
void mf_adcs_accuse_gyro(mf_adcs_t *adcs, const mf_adcs_params_t *params, uint16_t ms);
/* The gyro against the turning of the field since the last phase 0 or, for fast turns, since the
 * last tick: `step_rad_s` is what the magnetometers agree on that it is off by; -1: unknown. */
void mf_adcs_compare_gyro(mf_adcs_t *adcs, const mf_adcs_params_t *params, uint32_t phase,
                          float step_rad_s);
/* A Sun vector from the coarse sensors' voltages. MF_OK, or MF_E_RANGE when none sees it. */
int mf_adcs_coarse_sun(const mf_adcs_css_params_t *params, const float css_V[MF_ADCS_CSS],
                       float sun_B[3]);
/* Field of one magnetometer before online calibration, quiet, at phase 0: collect it. */
void mf_adcs_collect(mf_adcs_t *adcs, const mf_adcs_params_t *params, int which,
                     const float mag_B_T[3]);
void mf_adcs_estimate(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                      uint32_t dt_ms);
void mf_adcs_mode(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                  uint32_t dt_ms);
void mf_adcs_guide(mf_adcs_t *adcs, const mf_adcs_params_t *params);
void mf_adcs_act(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                 mf_adcs_out_t *out);
/* A test that runs does this tick's acting: true. */
bool mf_adcs_selftest(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                      uint32_t dt_ms, mf_adcs_out_t *out);
/* End it, if it runs, in the given state. */
void mf_adcs_selftest_stop(mf_adcs_t *adcs, uint8_t state);
/* Estimate the residual dipole, with what was commanded in this tick. */
void mf_adcs_watch_residual(mf_adcs_t *adcs, const mf_adcs_params_t *params, uint32_t dt_ms,
                            const mf_adcs_out_t *out);
/* Take the residual dipole off what the rods are to give. */
void mf_adcs_compensate(const mf_adcs_t *adcs, float dipole_B_A_m2[3]);
void mf_adcs_detumble(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                      float dipole_B_A_m2[3]);
void mf_adcs_decide_detumbled(mf_adcs_t *adcs, const mf_adcs_params_t *params,
                              const mf_adcs_in_t *in);
/* Field in the body for control: measured, or modelled through the attitude. */
bool mf_adcs_field(const mf_adcs_t *adcs, float mag_B_T[3]);
/* The wheels that work and are not found faulty are enough to point with. */
bool mf_adcs_wheels_enough(const mf_adcs_t *adcs);
void mf_adcs_wheels_watch(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                          uint32_t dt_ms);
/* Motor torques with friction made up for; the others coast. */
void mf_adcs_wheels_command(mf_adcs_t *adcs, const mf_adcs_params_t *params,
                            const mf_adcs_in_t *in, const float motor_N_m[MF_WHEELS_COUNT],
                            mf_adcs_out_t *out);
void mf_adcs_wheels_coast(mf_adcs_t *adcs); /* none is driven in this tick */
void mf_adcs_wheels_again(mf_adcs_t *adcs); /* forget faults: a mode was commanded */

#endif
