/* The attitude loop: from the sensors of one control tick to rods and wheels.
 *
 * One call of mf_adcs_step per tick (MF_ADCS_PERIOD_MS) does, in this order: time, orbit and
 * references (SGP4 or GNSS, IGRF, Sun, shadow; one per tick of the measuring cycle), judgement of
 * the sensors, attitude filter, mode, guidance, control, actuators. Everything it knows is in
 * mf_adcs_t; nothing is read from anywhere else, so that a recorded input gives the same output in
 * every world. docs/adcs.md draws the chain with its frames.
 *
 * Frames: N inertial (GCRF), E Earth-fixed, B body, S a sensor's own axes (v_B = dcm_BS v_S), R the
 * attitude to be followed. SI. Time: microseconds since start, and mission time (mf_time.h).
 *
 * Measuring cycle of MF_ADCS_CYCLE ticks, as in mf_kernel.h: the rods are off from phase
 * MF_ADCS_RODS_OFF on, so that the field sampled before the last phase and before phase 0 is the
 * Earth's. Field samples taken while the loop had the rods on are refused.
 *
 * Modes go up by command only. The loop steps down by itself, with a reason, and always ends in
 * something stable: pointing (wheels; rods when fewer than three are left, two help them) ->
 * sun-safe -> detumble -> idle, everything off. Tick lost, time that stands still, or input that is
 * not finite: actuators off for that tick, counted. Outputs are never NaN. */
#ifndef MF_ADCS_H
#define MF_ADCS_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_bdot.h"
#include "mf_control.h"
#include "mf_damping.h"
#include "mf_frames.h"
#include "mf_guidance.h"
#include "mf_igrf.h"
#include "mf_magalign.h"
#include "mf_magcal.h"
#include "mf_magpoint.h"
#include "mf_mekf.h"
#include "mf_momentum.h"
#include "mf_polarity.h"
#include "mf_raster.h"
#include "mf_residual.h"
#include "mf_rods.h"
#include "mf_sgp4.h"
#include "mf_status.h"
#include "mf_sunsafe.h"
#include "mf_time.h"
#include "mf_wheels.h"

#define MF_ADCS_PERIOD_MS 100
#define MF_ADCS_CYCLE 10
#define MF_ADCS_RODS_OFF 7 /* first phase with the rods off */
#define MF_ADCS_MAGS 2
#define MF_ADCS_CSS 6
#define MF_ADCS_TARGETS 4 /* targets waiting for their time */

enum mf_adcs_mode {
    MF_ADCS_IDLE = 0,
    MF_ADCS_DETUMBLE = 1,
    MF_ADCS_SUNSAFE = 2,
    MF_ADCS_POINTING = 3,
};

enum mf_adcs_reason {
    MF_ADCS_REASON_BOOT = 0,
    MF_ADCS_REASON_COMMAND = 1,
    MF_ADCS_REASON_FIELD_LOST = 2,    /* no field, measured or modelled */
    MF_ADCS_REASON_RODS_LOST = 3,
    MF_ADCS_REASON_WHEELS_LOST = 4,   /* pointing goes on with rods */
    MF_ADCS_REASON_GYRO_LOST = 5,
    MF_ADCS_REASON_ATTITUDE_LOST = 6, /* unknown for longer than attitude_wait_ms */
    MF_ADCS_REASON_RATE_HIGH = 7,
    MF_ADCS_REASON_TARGET_LOST = 8,   /* not a mode change: nothing to follow, fallback target */
    MF_ADCS_REASON_HEARTBEAT_LOST = 9, /* mf_adcs_limit_mode: no heartbeat of the caller's side */
};

/* Sensors as the loop judges them; bit numbers in masks. */
enum mf_adcs_sensor {
    MF_ADCS_MAG_1 = 0,
    MF_ADCS_MAG_2 = 1,
    MF_ADCS_GYRO = 2,
    MF_ADCS_FSS = 3,
    MF_ADCS_COARSE = 4, /* the six coarse sun sensors together */
    MF_ADCS_TRACKER = 5,
    MF_ADCS_GNSS = 6,
    MF_ADCS_SENSORS = 7,
};

/* Why a sensor is not used. */
enum mf_adcs_fault {
    MF_ADCS_FAULT_NONE = 0,
    MF_ADCS_FAULT_SILENT = 1,
    MF_ADCS_FAULT_RANGE = 2,
    MF_ADCS_FAULT_STUCK = 3,
    MF_ADCS_FAULT_MODEL = 4,     /* against field model, orbit or attitude */
    MF_ADCS_FAULT_REDUNDANT = 5, /* against another sensor of the same quantity */
    MF_ADCS_FAULT_INHIBITED = 6, /* by command */
    MF_ADCS_FAULT_NOISE = 7,
    MF_ADCS_FAULT_JUMP = 8,      /* faster than the body can turn */
};

enum mf_adcs_flag {
    MF_ADCS_ATTITUDE_VALID = 1 << 0,
    MF_ADCS_ORBIT_VALID = 1 << 1,
    MF_ADCS_FIELD_MODEL_VALID = 1 << 2,
    MF_ADCS_SUNLIT = 1 << 3,          /* predicted */
    MF_ADCS_SUN_SEEN = 1 << 4,
    MF_ADCS_RODS_ON = 1 << 5,
    MF_ADCS_WHEELS_ON = 1 << 6,
    MF_ADCS_RODS_ONLY = 1 << 7,       /* pointing with two wheels or none */
    MF_ADCS_DUMPING = 1 << 8,
    MF_ADCS_SATURATED = 1 << 9,
    MF_ADCS_DETUMBLED = 1 << 10,
    MF_ADCS_ON_TARGET = 1 << 11,
    MF_ADCS_TARGET_FALLBACK = 1 << 12, /* target cannot be followed: nadir, Sun or hold instead */
    MF_ADCS_GNSS_ORBIT = 1 << 13,
    MF_ADCS_FIELD_MEASURED = 1 << 14,
    MF_ADCS_REFERENCES_DOUBTED = 1 << 15, /* both magnetometers agree, the model does not */
};

/* Online calibration of the magnetometers (mf_magcal.h); it lies over that of the parameters. */
enum mf_adcs_calibration {
    MF_ADCS_CALIBRATE_START = 1,  /* collect anew, whatever the mode: a turning body sees most */
    MF_ADCS_CALIBRATE_APPLY = 2,  /* use what was found, from now on; ends collecting */
    MF_ADCS_CALIBRATE_FORGET = 3, /* back to the parameters alone */
};

/* Self-test of the actuators by command, rods first, one after another, some 45 s: what do the
 * magnetometer (rods) and the gyro (wheels) see of it? Meanwhile the magnetometers are to be sampled
 * before every tick, rods on or not. Control pauses; afterwards the mode goes on. Ends at once, with
 * everything off, by command, by any change of mode, or when the body turns too fast. */
enum mf_adcs_selftest {
    MF_ADCS_SELFTEST_STOP = 0,
    MF_ADCS_SELFTEST_POLARITY = 1,
};

enum mf_adcs_selftest_state {
    MF_ADCS_SELFTEST_NEVER = 0,
    MF_ADCS_SELFTEST_RUNNING = 1,
    MF_ADCS_SELFTEST_ENDED = 2,   /* all that answer were tested */
    MF_ADCS_SELFTEST_STOPPED = 3, /* early; what was not reached is 0 */
};
#define MF_ADCS_ACTUATORS 7 /* rods 0..2, wheels 0..3 */

/* What to follow. The raster is laid over it when raster.columns is not 0. */
typedef struct {
    mf_time_t at;              /* applies from then on; zero: at once */
    mf_guidance_params_t guidance;
    float latitude_rad;        /* TARGET: geodetic, WGS-84 */
    float longitude_rad;
    float height_m;
    mf_raster_params_t raster;
} mf_adcs_target_t;

typedef struct {
    float arm_V;               /* of a coarse sun sensor in full Sun along its axis; > 0 */
    float dark_V;              /* below: the sensor sees nothing */
    float axis_B[MF_ADCS_CSS][3];
} mf_adcs_css_params_t;

typedef struct {
    float coil_B_T_A_m2[MF_ADCS_MAGS][9]; /* field at a magnetometer = matrix * the rods' dipole */
    float rod_A_m2;            /* drive of a rod, > 0 */
    float wheel_N_m;           /* and of a wheel, > 0 */
    float rate_max_rad_s;      /* no test while the body turns faster */
} mf_adcs_selftest_params_t;

typedef struct {
    /* Mounting and calibration: field B = dcm_BS * matrix * (S - bias). */
    float dcm_BS_mag[MF_ADCS_MAGS][9];
    float matrix_mag[MF_ADCS_MAGS][9];
    float bias_mag_S_T[MF_ADCS_MAGS][3];
    mf_magcal_params_t magcal;
    mf_magalign_params_t magalign;
    float magcal_sigma_T;      /* worst 1 sigma of the bias with which a calibration is applied */
    float dcm_BS_gyro[9];
    float dcm_BS_fss[9];
    float q_BS_tracker[4];
    mf_adcs_css_params_t css;
    /* Errors for the filter, 1 sigma, misalignment and albedo included. */
    float sigma_mag_T;         /* divided by |B| */
    float sigma_fss_rad;
    float sigma_css_rad;
    float sigma_tracker_B_rad[3];
    /* Judgement of sensors. */
    float mag_model_T;         /* largest |B - model|, calibrated; also between the two */
    float mag_angle_rad;       /* largest error of the angle between Sun and field */
    float sun_angle_rad;       /* largest angle between fine and coarse Sun, and from the estimate */
    float gyro_field_rad_s;    /* largest difference between gyro and turning of the field */
    float gyro_max_rad_s;
    float noise_mag_T;         /* largest noise of one axis, 1 sigma */
    float noise_gyro_rad_s;
    float noise_fss_rad;
    float jump_gyro_rad_s;     /* largest step within a tick */
    float jump_fss_rad;        /* largest step beyond the body's turn */
    uint16_t silent_ms;        /* without a sample for longer: silent */
    uint16_t suspect_ms;       /* failing checks for so long: excluded */
    uint32_t readmit_ms;       /* passing them for so long: used again */
    /* Orbit. */
    mf_time_params_t time;
    mf_sgp4_params_t sgp4;
    uint32_t gnss_coast_ms;    /* a fix carried on for so long at most */
    /* Algorithms. */
    mf_mekf_params_t mekf;
    mf_bdot_params_t bdot;
    mf_damping_params_t damping;
    mf_sunsafe_params_t sunsafe;
    mf_control_params_t control;
    mf_wheels_params_t wheels;
    float wheel_friction_max_N_m; /* larger estimates count as a fault of the wheel */
    mf_momentum_params_t momentum;
    mf_magpoint_params_t magpoint;
    mf_rods_params_t rods;
    mf_residual_params_t residual;
    mf_adcs_selftest_params_t selftest;
    mf_adcs_target_t target;   /* after a reset */
    /* Mode logic. */
    float rate_low_rad_s;      /* detumbled below it for detumbled_ms */
    uint32_t detumbled_ms;
    float rate_high_rad_s;     /* pointing and sun-safe end above it */
    uint32_t rate_high_ms;     /* when it lasts for so long */
    uint32_t attitude_wait_ms; /* pointing ends without an attitude for so long */
    float on_target_rad;
} mf_adcs_params_t;

/* One sample: `fresh` when it arrived since the last tick, `dark` when there was nothing to see. */
typedef struct {
    float value_S[3];
    uint16_t age_ms;           /* at this tick */
    bool fresh;
    bool dark;
} mf_adcs_sample_t;

typedef struct {
    uint64_t time_us;          /* grid time of this tick since start */
    uint32_t tick;
    mf_time_t mission;         /* of this tick */
    bool mission_known;
    mf_adcs_sample_t mag[MF_ADCS_MAGS]; /* [T] */
    mf_adcs_sample_t gyro;     /* omega_BN_S [rad/s] */
    mf_adcs_sample_t fss;      /* direction of the Sun */
    float css_V[MF_ADCS_CSS];
    bool css_fresh;            /* all six are of this measuring cycle */
    float q_SN_tracker[4];
    uint16_t tracker_age_ms;
    bool tracker_fresh;
    float gnss_r_E_m[3];
    float gnss_v_E_m_s[3];
    uint16_t gnss_age_ms;
    bool gnss_fresh;
    float wheel_speed_rad_s[MF_WHEELS_COUNT];
    uint8_t wheels_working;    /* bit per wheel: answers, and its speed is of this tick */
    uint8_t rods_working;      /* bit per rod */
} mf_adcs_in_t;

/* Sent as it is, padding-free and little-endian, in two packets: what is known, up to and including
 * `tle_refused`, and what is done about it, from `control_tick` on. */
typedef struct {
    uint32_t tick;
    uint8_t mode, reason, target, guidance_reason;
    uint16_t flags;            /* MF_ADCS_... */
    uint8_t sensors_used;      /* bit per enum mf_adcs_sensor */
    uint8_t wheels_used;       /* bit per wheel */
    uint8_t fault[7];          /* enum mf_adcs_fault per sensor */
    uint8_t calibration;       /* bit 0 collecting, bits 1 and 2 magnetometer 1 and 2 corrected */
    float q_BN[4];
    float omega_BN_B_rad_s[3]; /* bias taken off */
    float bias_B_rad_s[3];
    float sigma_B_rad[3];      /* 1 sigma per body axis, 0 while unknown */
    float sigma_bias_B_rad_s[3];
    float r_N_m[3];
    float v_N_m_s[3];
    float sun_N[3];
    float sun_B[3];            /* measured, zero while not seen */
    float mag_N_T[3];          /* model */
    float mag_B_T[3];          /* measured, calibrated */
    float nis_sun, nis_mag, nis_tracker;
    uint16_t bad_inputs, time_jumps, attitude_losses, rejected_sun, rejected_mag, exclusions;
    uint16_t step_downs, tle_refused;

    uint32_t control_tick;     /* the same as `tick` */
    float q_RN[4];
    float error_B_rad[3];      /* rotation vector from R to B */
    float error_rate_B_rad_s[3];
    float dipole_B_A_m2[3];
    float wheel_torque_N_m[4];
    float wheel_speed_rad_s[4];
    float momentum_B_N_m_s[3]; /* body and wheels */
    float residual_B_A_m2[3];  /* estimated dipole of the spacecraft with its rods off */
    float residual_sigma_A_m2; /* 1 sigma of its worst axis */
    uint8_t polarity[MF_ADCS_ACTUATORS]; /* MF_POLARITY_..., 0 not tested */
    uint8_t selftest;          /* enum mf_adcs_selftest_state */
} mf_adcs_report_t;
#define MF_ADCS_ESTIMATE_SIZE 184u /* bytes of the two parts */
#define MF_ADCS_CONTROL_SIZE 124u
#ifndef MF_F64_H
_Static_assert(sizeof(mf_adcs_report_t) == MF_ADCS_ESTIMATE_SIZE + MF_ADCS_CONTROL_SIZE,
               "attitude report layout");
#endif

typedef struct {
    float dipole_B_A_m2[3];
    float rod_A_m2[MF_RODS_COUNT];
    float wheel_torque_N_m[MF_WHEELS_COUNT]; /* motor torques */
    uint8_t wheels_on;         /* bit per wheel: torque mode; else it coasts */
    uint8_t mode, reason;
    uint16_t flags;
    mf_adcs_report_t report;
} mf_adcs_out_t;

typedef struct mf_adcs mf_adcs_t; /* complete in mf_adcs_state.h; caller's memory, at most 4 KB */

/* Parameters of the reference 3U (adcs_reference.c): what flies, and what is verified. */
void mf_adcs_params_reference(mf_adcs_params_t *params);

void mf_adcs_reset(mf_adcs_t *adcs, const mf_adcs_params_t *params);

/* One tick. MF_OK; MF_E_INVAL for input that is not finite or time that does not go on by one tick
 * to ten seconds: actuators off, references and filter as they were. */
int mf_adcs_step(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                 mf_adcs_out_t *out);

/* Rate of the detumbled decision; -1 while unknown. */
float mf_adcs_rate_rad_s(const mf_adcs_t *adcs);

/* Commands, between steps. 0 or MF_E_INVAL for arguments out of range. */
int mf_adcs_command_mode(mf_adcs_t *adcs, uint8_t mode);
/* No mode above `most` from the next step on: it steps down to it with `reason`. */
void mf_adcs_limit_mode(mf_adcs_t *adcs, uint8_t most, uint8_t reason);
/* MF_E_NOSPC when MF_ADCS_TARGETS wait already. */
int mf_adcs_command_target(mf_adcs_t *adcs, const mf_adcs_target_t *target);
/* Both lines of 69 characters; statuses of mf_tle_parse and mf_sgp4_init, old elements kept. */
int mf_adcs_command_tle(mf_adcs_t *adcs, const char *line1, const char *line2);
int mf_adcs_command_inhibit(mf_adcs_t *adcs, uint8_t sensor, bool inhibited);
/* enum mf_adcs_calibration. Applying: MF_E_RANGE when neither magnetometer's calibration is good
 * enough yet; nothing changes then. */
int mf_adcs_command_calibrate(mf_adcs_t *adcs, const mf_adcs_params_t *params, uint8_t what);
/* enum mf_adcs_selftest. Starting: MF_E_BUSY while one runs; MF_E_RANGE while the rate is unknown or
 * beyond rate_max_rad_s. */
int mf_adcs_command_selftest(mf_adcs_t *adcs, const mf_adcs_params_t *params, uint8_t what);

#endif
