/* The control kernel: the part of the flight software that does not need Python.
 *
 * Timeline of step k of the loop, P = MF_ADCS_PERIOD_MS, grid time T_k = k * P since start:
 *   T_k - P/4  mf_kernel_timer():  queue the sensor reads (SysTick handler; returns at once)
 *   T_k        mf_kernel_tick():   take what arrived, compute, queue actuator writes, publish the
 *                                  report, kick the watchdog (PendSV, lowest priority)
 * The loop itself is mf_adcs.h; the kernel samples the devices for it, in the phases of its
 * measuring cycle, and hands its outputs to rods and wheels. Coils are off for a whole tick before
 * the field is sampled. Nothing here blocks or allocates.
 * A control tick is a step of the loop; in a build with a shorter MF_TICK_PERIOD_MS there are more
 * ticks between two steps, which mind the heartbeat and the watchdog: the loop's gains are for P. */
#ifndef MF_KERNEL_H
#define MF_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_adcs.h"
#include "mf_bus.h"
#include "mf_drivers.h"

#ifndef MF_TICK_PERIOD_MS
#define MF_TICK_PERIOD_MS 100u
#endif
#define MF_LOOP_TICKS ((uint32_t)MF_ADCS_PERIOD_MS / MF_TICK_PERIOD_MS)

/* The same as enum mf_adcs_mode (mf_adcs.h), which says what each needs. */
enum mf_kernel_mode {
    MF_MODE_IDLE = 0,
    MF_MODE_DETUMBLE = 1,
    MF_MODE_SUNSAFE = 2,
    MF_MODE_POINTING = 3,
};

/* Report: a padding-free little-endian image, sent as it is as packet adcs_report
 * (flight/apps/attitude/definitions.py, welded by tests/native/test_report_layout.py). */
typedef struct {
    uint32_t tick;              /* control ticks since start */
    uint32_t time_ms;           /* grid time of this tick since start */
    uint8_t mode;               /* enum mf_kernel_mode */
    uint8_t mode_reason;        /* enum mf_adcs_reason */
    uint8_t flags;              /* MF_FLAG_* */
    uint8_t command_ack;        /* sequence of the last applied command */
    float mag_B_T[3];           /* last coil-off field */
    float mag_dot_B_T_s[3];     /* its derivative in the body frame */
    float omega_BN_B_rad_s[3];  /* gyro */
    float dipole_B_A_m2[3];     /* commanded at this tick */
    float rate_rad_s;           /* rate estimate used for the detumbled decision */
    uint16_t mag_errors;        /* counters, wrap at 65535 */
    uint16_t imu_errors;
    uint16_t rod_errors;
    uint16_t late_samples;      /* sensor data not there at the tick */
} mf_report_t;
_Static_assert(sizeof(mf_report_t) == 72, "report layout");

enum mf_flag {
    MF_FLAG_MAG_VALID = 1u << 0,  /* field sampled within the last two measuring cycles */
    MF_FLAG_GYRO_VALID = 1u << 1, /* gyro sampled for this tick */
    MF_FLAG_COILS_ON = 1u << 2,
    MF_FLAG_DETUMBLED = 1u << 3,  /* rate below threshold for the hold time */
    MF_FLAG_SATURATED = 1u << 4,  /* dipole was scaled to its limit */
    MF_FLAG_MAG_FAILED = 1u << 5, /* persistent failure, event raised */
    MF_FLAG_IMU_FAILED = 1u << 6,
    MF_FLAG_RODS_FAILED = 1u << 7,
};

/* Timing: measured against the ideal grid. Little-endian image, packet tick_stats. */
#define MF_HIST_BINS 16u
typedef struct {
    uint32_t ticks;
    uint32_t overruns;          /* tick still running when the next was due */
    uint32_t skipped;           /* grid points at which no tick ran */
    uint32_t jitter_min_ns;     /* start of handler - grid time */
    uint32_t jitter_mean_ns;
    uint32_t jitter_max_ns;
    uint32_t duration_min_ns;
    uint32_t duration_mean_ns;
    uint32_t duration_max_ns;
    uint32_t jitter_hist[MF_HIST_BINS];   /* bin i: [i, i+1) us, last bin open */
    uint32_t duration_hist[MF_HIST_BINS]; /* bin i: [20i, 20(i+1)) us, last bin open */
} mf_tick_stats_t;
_Static_assert(sizeof(mf_tick_stats_t) == 36 + 8 * MF_HIST_BINS, "tick stats layout");

/* Measuring cycle, in ticks: phase = tick % MF_CYCLE_TICKS. At phase 0 the dipole is computed and
 * the coils go on, at MF_PHASE_COILS_OFF they go off; the field is sampled before the last tick of
 * the cycle and before the first of the next. */
#define MF_CYCLE_TICKS 10u
#define MF_PHASE_COILS_OFF 7u
#define MF_FIRST_TICK 5u

/* Commands from Python, applied at the next tick, acknowledged in the report; a refusal by the loop
 * is an event and counted. */
enum mf_command {
    MF_CMD_SET_MODE = 1,     /* index = enum mf_kernel_mode */
    MF_CMD_SET_PARAM = 2,    /* index = enum mf_kernel_param, value */
    MF_CMD_RESET_STATS = 3,
    MF_CMD_INHIBIT = 4,      /* index = enum mf_adcs_sensor, value 1: leave it out; 0: use it */
    MF_CMD_CALIBRATE = 5,    /* index = enum mf_adcs_calibration */
    MF_CMD_SELFTEST = 6,     /* index 0: end it; 1: polarity of rods and wheels */
};

/* Parameters of the loop. The dictionary's attitude parameters carry the same index as low byte;
 * limits and defaults: mf_kernel_param_row. Where the unit of the loop is ms, a parameter is in s.
 * Index 6 belongs to the attitude app. */
enum mf_kernel_param {
    MF_PARAM_BDOT_GAIN_N_M_S = 1,     /* see mf_bdot.h */
    MF_PARAM_DIPOLE_MAX_A_M2 = 2,     /* limit of the commanded vector, in every law */
    MF_PARAM_RATE_LOW_RAD_S = 3,      /* detumbled threshold */
    MF_PARAM_DETUMBLED_HOLD_S = 4,
    MF_PARAM_HEARTBEAT_LIMIT_S = 5,   /* no beat for so long, the watchdog is not fed */
    MF_PARAM_ROD_DIPOLE_A_M2 = 7,     /* of each rod at full drive */
    MF_PARAM_DAMPING_GAIN_N_M_S = 8,  /* see mf_damping.h */
    MF_PARAM_INERTIA_XX_KG_M2 = 9,    /* of the spacecraft, in every law */
    MF_PARAM_INERTIA_YY_KG_M2 = 10,
    MF_PARAM_INERTIA_ZZ_KG_M2 = 11,
    MF_PARAM_INERTIA_XY_KG_M2 = 12,   /* elements of the matrix, not products of inertia */
    MF_PARAM_INERTIA_XZ_KG_M2 = 13,
    MF_PARAM_INERTIA_YZ_KG_M2 = 14,
    MF_PARAM_RATE_HIGH_RAD_S = 15,
    MF_PARAM_RATE_HIGH_HOLD_S = 16,
    MF_PARAM_ATTITUDE_WAIT_S = 17,
    MF_PARAM_ON_TARGET_RAD = 18,
    /* Magnetometer calibration and errors of the sensors. */
    MF_PARAM_MAG_1_BIAS_X_T = 19,
    MF_PARAM_MAG_1_BIAS_Y_T = 20,
    MF_PARAM_MAG_1_BIAS_Z_T = 21,
    MF_PARAM_MAG_2_BIAS_X_T = 22,
    MF_PARAM_MAG_2_BIAS_Y_T = 23,
    MF_PARAM_MAG_2_BIAS_Z_T = 24,
    MF_PARAM_MAGCAL_SIGMA_T = 25,
    MF_PARAM_MAGCAL_BIAS_SIGMA_T = 26,
    MF_PARAM_MAGCAL_SCALE_SIGMA = 27,
    MF_PARAM_MAGCAL_WALK = 28,
    MF_PARAM_MAGCAL_GATE_SIGMA = 29,
    MF_PARAM_MAGCAL_APPLY_SIGMA_T = 30,
    MF_PARAM_CSS_FULL_V = 31,
    MF_PARAM_CSS_DARK_V = 32,
    MF_PARAM_SIGMA_MAG_T = 33,
    MF_PARAM_SIGMA_FSS_RAD = 34,
    MF_PARAM_SIGMA_CSS_RAD = 35,
    MF_PARAM_SIGMA_TRACKER_X_RAD = 36,
    MF_PARAM_SIGMA_TRACKER_Y_RAD = 37,
    MF_PARAM_SIGMA_TRACKER_Z_RAD = 38,
    /* Judgement of sensors. */
    MF_PARAM_MAG_MODEL_T = 39,
    MF_PARAM_MAG_ANGLE_RAD = 40,
    MF_PARAM_SUN_ANGLE_RAD = 41,
    MF_PARAM_GYRO_FIELD_RAD_S = 42,
    MF_PARAM_GYRO_MAX_RAD_S = 43,
    MF_PARAM_SILENT_S = 44,
    MF_PARAM_SUSPECT_S = 45,
    MF_PARAM_READMIT_S = 46,
    /* Time and orbit. */
    MF_PARAM_TAI_UTC_S = 47,
    MF_PARAM_UT1_UTC_S = 48,
    MF_PARAM_TLE_AGE_MAX_S = 49,
    MF_PARAM_TLE_AHEAD_MAX_S = 50,
    MF_PARAM_GNSS_COAST_S = 51,
    /* Filter, see mf_mekf.h. */
    MF_PARAM_MEKF_ARW_RAD_SQRT_S = 52,
    MF_PARAM_MEKF_RRW_RAD_S_SQRT_S = 53,
    MF_PARAM_MEKF_BIAS_MAX_RAD_S = 54,
    MF_PARAM_MEKF_BIAS_SIGMA_RAD_S = 55,
    MF_PARAM_MEKF_COAST_RATE_RAD_S = 56,
    MF_PARAM_MEKF_STEP_MAX_S = 57,
    MF_PARAM_MEKF_GAP_MAX_S = 58,
    MF_PARAM_MEKF_AGE_MAX_S = 59,
    MF_PARAM_MEKF_GATE_TWO = 60,
    MF_PARAM_MEKF_GATE_THREE = 61,
    MF_PARAM_MEKF_REOPEN_S = 62,
    MF_PARAM_MEKF_REOPEN_RAD_SQRT_S = 63,
    MF_PARAM_MEKF_REOPEN_RAD_S_SQRT_S = 64,
    MF_PARAM_MEKF_SIGMA_LOST_RAD = 65,
    /* Detumbling. */
    MF_PARAM_BDOT_LONG_BELOW_RAD_S = 66,
    MF_PARAM_BDOT_GAP_MAX_S = 67,
    /* Sun-safe, see mf_sunsafe.h. */
    MF_PARAM_SUNSAFE_MOMENTUM_N_M_S = 68,
    MF_PARAM_SUNSAFE_GAIN_1_S = 69,
    MF_PARAM_SUNSAFE_AXIS_ENTER_RAD = 70,
    MF_PARAM_SUNSAFE_AXIS_LEAVE_RAD = 71,
    MF_PARAM_SUNSAFE_SUN_ENTER_RAD = 72,
    MF_PARAM_SUNSAFE_SUN_LEAVE_RAD = 73,
    /* Pointing with wheels, see mf_control.h, mf_wheels.h, mf_momentum.h. */
    MF_PARAM_CONTROL_NATURAL_RAD_S = 74,
    MF_PARAM_CONTROL_DAMPING = 75,
    MF_PARAM_CONTROL_SLEW_MAX_RAD_S = 76,
    MF_PARAM_CONTROL_TORQUE_MAX_N_M = 77,
    MF_PARAM_CONTROL_HYSTERESIS = 78,
    MF_PARAM_WHEEL_INERTIA_KG_M2 = 79,
    MF_PARAM_WHEEL_TORQUE_MAX_N_M = 80,
    MF_PARAM_WHEEL_MOMENTUM_MAX_N_M_S = 81,
    MF_PARAM_WHEEL_BIAS_N_M_S = 82,
    MF_PARAM_WHEEL_BIAS_GAIN_1_S = 83,
    MF_PARAM_WHEEL_HORIZON_S = 84,
    MF_PARAM_WHEEL_FRICTION_MAX_N_M = 85,
    MF_PARAM_MOMENTUM_GAIN_1_S = 86,
    MF_PARAM_MOMENTUM_START_N_M_S = 87,
    MF_PARAM_MOMENTUM_STOP_N_M_S = 88,
    /* Pointing with rods alone, see mf_magpoint.h. */
    MF_PARAM_MAGPOINT_NATURAL_RAD_S = 89,
    MF_PARAM_MAGPOINT_DAMPING = 90,
    MF_PARAM_MAGPOINT_SLEW_MAX_RAD_S = 91,
    MF_PARAM_MAGPOINT_TORQUE_MAX_N_M = 92,
    /* Guidance. */
    MF_PARAM_ELEVATION_MIN_RAD = 93,
    MF_PARAM_GUIDANCE_RATE_MAX_RAD_S = 94,
    /* Dipole of the spacecraft with rods off, taken off by the rods. */
    MF_PARAM_RESIDUAL_X_A_M2 = 95,
    MF_PARAM_RESIDUAL_Y_A_M2 = 96,
    MF_PARAM_RESIDUAL_Z_A_M2 = 97,
    /* Alignment of the magnetometers with the fine sun sensor. */
    MF_PARAM_MAGALIGN_SIGMA_RAD = 98,
    MF_PARAM_MAGALIGN_START_SIGMA_RAD = 99,
    MF_PARAM_MAGALIGN_WALK_RAD = 100,
    /* Estimate of the residual dipole, see mf_residual.h. */
    MF_PARAM_DIPOLE_MOMENTUM_SIGMA_N_M_S = 101,
    MF_PARAM_DIPOLE_TORQUE_SIGMA_N_M = 102,
    MF_PARAM_DIPOLE_WALK_A_M2 = 103,
    MF_PARAM_DIPOLE_WINDOW_S = 104,
    /* Self-test of the actuators. */
    MF_PARAM_SELFTEST_ROD_A_M2 = 105,
    MF_PARAM_SELFTEST_WHEEL_N_M = 106,
    MF_PARAM_SELFTEST_RATE_MAX_RAD_S = 107,
};
#define MF_PARAM_LAST 107u

typedef struct {
    float lowest, highest, value; /* `value`: of the reference spacecraft at start */
} mf_kernel_param_row_t;

/* 0; MF_E_INVAL when there is no such parameter. */
int mf_kernel_param_row(uint8_t index, mf_kernel_param_row_t *out);

#define MF_HEARTBEAT_GRACE_S 30u     /* no heartbeat is asked for so long after the start */

/* Ids of those events, range 0x0201..0x023F of the attitude subsystem. Status arguments
 * carry the last bus or driver status without its sign, a POSIX errno. */
enum mf_kernel_event_id {
    MF_EVENT_MAG_FAILED = 0x0201,      /* arg0 status, arg1 errors so far */
    MF_EVENT_MAG_RECOVERED = 0x0202,   /* arg1 errors so far */
    MF_EVENT_IMU_FAILED = 0x0203,      /* arg0 status, arg1 errors so far */
    MF_EVENT_IMU_RECOVERED = 0x0204,   /* arg1 errors so far */
    MF_EVENT_RODS_FAILED = 0x0205,     /* arg0 status, arg1 rod number 0..2 */
    MF_EVENT_RODS_RECOVERED = 0x0206,  /* arg1 errors so far */
    MF_EVENT_STEPPED_DOWN = 0x0207,    /* the loop by itself; arg0 reason, arg1 mode it is in now */
    MF_EVENT_HEARTBEAT_LOST = 0x0208,  /* arg1 age of the last beat [ms]; watchdog no longer fed */
    MF_EVENT_HEARTBEAT_BACK = 0x0209,
    MF_EVENT_TICKS_SKIPPED = 0x020A,   /* arg0 how many in a row, arg1 skipped so far */
    MF_EVENT_ROD_DRIVER_FAULT = 0x020B, /* arg0 rod number 0..2, arg1 FAULT register */
    MF_EVENT_DEVICE_FAILED = 0x020C,    /* arg0 status, arg1 enum mf_kernel_device */
    MF_EVENT_DEVICE_RECOVERED = 0x020D, /* arg0 errors so far, arg1 enum mf_kernel_device */
    MF_EVENT_DEVICES_ABSENT = 0x020E,   /* arg1 bit per enum mf_kernel_device; once after start */
    MF_EVENT_COMMAND_REFUSED = 0x020F,  /* arg0 status, arg1 code << 8 | index */
    MF_EVENT_UPLOAD_REFUSED = 0x0210,   /* arg0 status, arg1 enum mf_upload */
    MF_EVENT_SENSOR_EXCLUDED = 0x0211,  /* arg0 enum mf_adcs_fault, arg1 enum mf_adcs_sensor */
    MF_EVENT_SENSOR_READMITTED = 0x0212, /* arg1 enum mf_adcs_sensor */
    MF_EVENT_ATTITUDE_FOUND = 0x0213,
    MF_EVENT_ATTITUDE_LOST = 0x0214,    /* arg1 times so far */
    MF_EVENT_TIME_JUMPED = 0x0215,      /* mission time against the clock; arg1 times so far */
    MF_EVENT_INPUT_REFUSED = 0x0216,    /* not finite, or time that does not go on; arg1 so far */
    MF_EVENT_WHEELS_CHANGED = 0x0217,   /* arg0 wheels used while pointing, before; arg1 now */
    MF_EVENT_SELFTEST_ENDED = 0x0218,   /* arg0 0 all right, 1 some not, 2 stopped; arg1 four bits
                                         * per actuator, as in the report */
};

/* Events made by C: drained by Python, which adds mission time and puts them in its ring.
 * Ids and texts: flight/apps/attitude/definitions.py and flight/core/definitions.py. */
typedef struct {
    uint32_t time_ms; /* grid time of the tick that made it */
    uint16_t id;
    uint16_t arg0;
    uint32_t arg1;
} mf_kernel_event_t;
_Static_assert(sizeof(mf_kernel_event_t) == 12, "kernel event layout");

/* Devices of the attitude bus and the GNSS receiver, as the kernel drives them. */
enum mf_kernel_device {
    MF_DEVICE_MAG_1 = 0,
    MF_DEVICE_MAG_2 = 1,
    MF_DEVICE_GYRO = 2,
    MF_DEVICE_FSS = 3,
    MF_DEVICE_ADC_1 = 4,
    MF_DEVICE_ADC_2 = 5,
    MF_DEVICE_TRACKER = 6,
    MF_DEVICE_GNSS = 7,
    MF_DEVICE_WHEEL_0 = 8,
    MF_DEVICE_ROD_0 = 12,
};
#define MF_DEVICES 15

enum mf_device_state {
    MF_DEVICE_ABSENT = 0,       /* never answered since start; asked again once a minute */
    MF_DEVICE_INITIALISING = 1,
    MF_DEVICE_WORKING = 2,
    MF_DEVICE_FAILED = 3,       /* answered once, now it does not */
};

/* Padding-free little-endian image, sent as it is as packet attitude_devices. Counters wrap. */
typedef struct {
    uint32_t tick;
    uint8_t state[MF_DEVICES];     /* enum mf_device_state, by enum mf_kernel_device */
    uint8_t upload_status;         /* of the last upload refused, a POSIX errno; 0 none */
    uint16_t errors[MF_DEVICES];
    uint16_t uploads_taken;
    uint16_t uploads_refused;
    uint16_t commands_refused;
    uint16_t gnss_messages;        /* NAV-PVT with a good checksum */
    uint16_t gnss_broken;          /* messages with a bad one */
} mf_kernel_devices_t;
_Static_assert(sizeof(mf_kernel_devices_t) == 60, "devices layout");

/* Uploads: larger than a command. Payload big-endian, as in the telecommand. */
enum mf_upload {
    MF_UPLOAD_TLE = 1,    /* MF_UPLOAD_TLE_SIZE: both lines, 69 characters each */
    MF_UPLOAD_TARGET = 2, /* MF_UPLOAD_TARGET_SIZE, see below */
};
#define MF_UPLOAD_TLE_SIZE 138u
/* at_seconds u32, at_fraction u16 (both 0: at once), target u8 (MF_GUIDANCE_...), reserved u8 (0),
 * latitude_rad f32, longitude_rad f32, height_m f32, q_RN f32[4], columns u8, rows u8 (0, 0: no
 * raster), step_rad f32, dwell_s f32. What a target does not use must be finite all the same; q_RN
 * is looked at for an inertial one only. */
#define MF_UPLOAD_TARGET_SIZE 46u

#define MF_TIME_TRUSTED 1u /* good enough to act on */
#define MF_TIME_DOUBTED 2u /* resumed after nobody knows how long: kept over restarts of Python only */
/* Mission time of a control tick, or of a GNSS solution; little-endian image. */
typedef struct {
    uint32_t tick_ms;      /* grid time of the last tick since start, modulo 2^30 */
    uint32_t seconds;      /* mf_time_t; 0 while unknown */
    uint16_t fraction;
    uint8_t known;         /* 0 until it is set after the processor's start, then MF_TIME_... */
    uint8_t count;         /* of GNSS solutions with resolved UTC, wraps; 0 of a tick */
} mf_kernel_time_t;
_Static_assert(sizeof(mf_kernel_time_t) == 12, "time layout");

/* The spacecraft as the board knows it: parameters of the loop at start, mounting among them, and
 * addresses on the attitude bus. */
typedef struct {
    mf_adcs_params_t adcs;
    uint8_t sensor_address[7]; /* by enum mf_kernel_device, MF_DEVICE_MAG_1..TRACKER */
    uint8_t wheel_address[4], rod_address[3];
} mf_kernel_config_t;

/* The reference spacecraft: mf_adcs_params_reference with rods of 0.5 A m^2 at full drive, which
 * the first parameters from Python may change; addresses of mf_drivers.h. */
void mf_kernel_config_reference(mf_kernel_config_t *config);

typedef struct mf_kernel mf_kernel_t; /* complete in mf_kernel_state.h; caller's memory */

/* Feed the hardware watchdog; called at the end of every healthy tick with the tick's number.
 * Silicon: independent watchdog plus GPIO pulse. Device bus: mf_devbus_kick. */
typedef void (*mf_kick_t)(void *ctx, uint32_t tick);

/* The buses outlive the kernel; `gnss_bus` may be NULL (no receiver); `config` is copied; `kick`
 * may be NULL (no watchdog). The first tick is number MF_FIRST_TICK, or the next one whose sampling
 * time is still ahead, so that worlds that boot faster or slower tick alike. */
void mf_kernel_reset(mf_kernel_t *kernel, const mf_kernel_config_t *config, mf_bus_t *adcs_bus,
                     mf_bus_t *gnss_bus, mf_kick_t kick, void *kick_ctx, uint64_t now_us);
/* Next moment at which the port must call mf_kernel_timer [ms since start]. */
uint64_t mf_kernel_next_ms(const mf_kernel_t *kernel);
/* Call when next_ms is reached: performs the sample action itself, returns true when a tick is due
 * (the port then pends PendSV, the host calls mf_kernel_tick at once). */
bool mf_kernel_timer(mf_kernel_t *kernel, uint64_t now_us);
/* `lateness_ns`: handler entry minus grid time, by the finest clock there is (host: 0).
 * The port calls mf_kernel_tick_done with the handler's duration. */
void mf_kernel_tick(mf_kernel_t *kernel, uint64_t now_us, uint32_t lateness_ns);
void mf_kernel_tick_done(mf_kernel_t *kernel, uint32_t duration_ns);

/* Any context; consistent by sequence counter; the caller masks for at most 2 us on target. */
void mf_kernel_report(const mf_kernel_t *kernel, mf_report_t *out);
/* Both parts of the loop's own report (mf_adcs.h); checks itself, needs no mask. */
void mf_kernel_attitude(const mf_kernel_t *kernel, mf_adcs_report_t *out);
/* Without a mask: a tick in between shows some devices as they are after it. */
void mf_kernel_devices(const mf_kernel_t *kernel, mf_kernel_devices_t *out);
void mf_kernel_stats(const mf_kernel_t *kernel, mf_tick_stats_t *out);
/* Returns the sequence number (1..255) the report will acknowledge, or MF_E_NOSPC / MF_E_INVAL. */
int mf_kernel_command(mf_kernel_t *kernel, uint8_t command, uint8_t index, float value);
/* Thread context. One upload at a time, copied; applied at the next tick, acknowledged like a
 * command. Sequence number; MF_E_BUSY while one waits; MF_E_INVAL for an unknown kind or a wrong
 * size. What the loop then refuses is an event, counted, with its status in the devices' image. */
int mf_kernel_upload(mf_kernel_t *kernel, uint8_t kind, const uint8_t *data, uint32_t size);
/* Mission time at `tick_ms` (milliseconds since start modulo 2^30, within six days of `now_us`).
 * The loop uses what is `trusted` and nothing else. MF_E_INVAL for a tick or a fraction (0..65535)
 * out of range. */
int mf_kernel_set_time(mf_kernel_t *kernel, uint64_t now_us, uint32_t tick_ms, uint32_t seconds,
                       uint32_t fraction, bool trusted);
/* Of the last tick: a time set since shows from the next one on. Under a mask. */
void mf_kernel_time(const mf_kernel_t *kernel, mf_kernel_time_t *out);
/* Time of the last GNSS solution with resolved UTC, and the tick at which its message was taken:
 * the solution is of a moment before that tick, by up to 600 ms. Under a mask. */
void mf_kernel_gnss_time(const mf_kernel_t *kernel, mf_kernel_time_t *out);
void mf_kernel_beat(mf_kernel_t *kernel, uint64_t now_us);
/* Thread: survival goes on: the loop detumbles when it may `control`, else it is idle, and no more
 * until survival is over (not `on`). */
void mf_kernel_survive(mf_kernel_t *kernel, bool on, bool control);
bool mf_kernel_event(mf_kernel_t *kernel, mf_kernel_event_t *out);

#endif
