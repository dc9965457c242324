/* The control kernel: the part of the flight software that does not need Python.
 *
 * Timeline of control tick k, period P (MF_TICK_PERIOD_MS), grid time T_k = k * P since start:
 *   T_k - P/4  mf_kernel_timer():  queue the sensor reads (SysTick handler; returns at once)
 *   T_k        mf_kernel_tick():   take what arrived, compute, queue actuator writes, publish the
 *                                  report, kick the watchdog (PendSV, lowest priority)
 * Coils are off for a whole tick before the field is sampled. Nothing here blocks or allocates. */
#ifndef MF_KERNEL_H
#define MF_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_bdot.h"
#include "mf_bus.h"
#include "mf_drivers.h"

#ifndef MF_TICK_PERIOD_MS
#define MF_TICK_PERIOD_MS 100u
#endif

enum mf_kernel_mode { MF_MODE_IDLE = 0, MF_MODE_DETUMBLE = 1 };

/* Report: a padding-free little-endian image, sent as it is as packet adcs_report
 * (flight/apps/attitude/definitions.py, welded by tests/native/test_report_layout.py). */
typedef struct {
    uint32_t tick;              /* control ticks since start */
    uint32_t time_ms;           /* grid time of this tick since start */
    uint8_t mode;               /* enum mf_kernel_mode */
    uint8_t mode_reason;        /* enum mf_mode_reason */
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

enum mf_mode_reason {
    MF_REASON_BOOT = 0,
    MF_REASON_COMMAND = 1,
    MF_REASON_MAG_LOST = 2,
    MF_REASON_RODS_LOST = 3,
    MF_REASON_HEARTBEAT_LOST = 4,
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

/* Commands from Python, applied at the next tick, acknowledged in the report. */
enum mf_command {
    MF_CMD_SET_MODE = 1,     /* index = enum mf_kernel_mode */
    MF_CMD_SET_PARAM = 2,    /* index = enum mf_kernel_param, value */
    MF_CMD_RESET_STATS = 3,
};

/* Parameters of the loop. The dictionary's attitude parameters carry the same index as low byte. */
enum mf_kernel_param {
    MF_PARAM_BDOT_GAIN_N_M_S = 1,     /* 0 .. 1, see mf_bdot.h; 0: coils stay off */
    MF_PARAM_DIPOLE_MAX_A_M2 = 2,     /* 0 .. 10, limit of the commanded vector */
    MF_PARAM_RATE_LOW_RAD_S = 3,      /* 0 .. 1: detumbled threshold */
    MF_PARAM_DETUMBLED_HOLD_S = 4,    /* 0 .. 3600 */
    MF_PARAM_HEARTBEAT_LIMIT_S = 5,   /* 1 .. 600: no beat for so long, the watchdog is not fed */
};
#define MF_PARAM_BDOT_GAIN MF_PARAM_BDOT_GAIN_N_M_S
#define MF_PARAM_COUNT 5u
#define MF_HEARTBEAT_GRACE_S 30u     /* no heartbeat is asked for so long after the start */

/* Ids of those events, range 0x0201..0x021F of the attitude subsystem. Status arguments
 * carry the last bus or driver status without its sign, a POSIX errno. */
enum mf_kernel_event_id {
    MF_EVENT_MAG_FAILED = 0x0201,      /* arg0 status, arg1 errors so far */
    MF_EVENT_MAG_RECOVERED = 0x0202,   /* arg1 errors so far */
    MF_EVENT_IMU_FAILED = 0x0203,      /* arg0 status, arg1 errors so far */
    MF_EVENT_IMU_RECOVERED = 0x0204,   /* arg1 errors so far */
    MF_EVENT_RODS_FAILED = 0x0205,     /* arg0 status, arg1 rod number 0..2 */
    MF_EVENT_RODS_RECOVERED = 0x0206,  /* arg1 errors so far */
    MF_EVENT_STEPPED_DOWN = 0x0207,    /* loop went to idle by itself; arg0 enum mf_mode_reason */
    MF_EVENT_HEARTBEAT_LOST = 0x0208,  /* arg1 age of the last beat [ms]; watchdog no longer fed */
    MF_EVENT_HEARTBEAT_BACK = 0x0209,
    MF_EVENT_TICKS_SKIPPED = 0x020A,   /* arg0 how many in a row, arg1 skipped so far */
    MF_EVENT_ROD_DRIVER_FAULT = 0x020B /* arg0 rod number 0..2, arg1 FAULT register */
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

/* Fixed facts of the spacecraft, given by the board. Matrices row-major, map sensor/actuator frame
 * S to body B: v_B = dcm_BS v_S. */
typedef struct {
    float dcm_BS_mag[9];
    float dcm_BS_imu[9];
    float dcm_BS_rods[9]; /* column i: axis of rod i in B */
    float rod_dipole_full_A_m2[3]; /* dipole at full drive of each rod */
    uint8_t mag_address, imu_address, rod_address[3];
} mf_kernel_config_t;

/* Built-in configuration of the reference spacecraft: every sensor and rod along the body axes,
 * 0.5 A m^2 at full drive, addresses of mf_drivers.h. */
void mf_kernel_config_reference(mf_kernel_config_t *config);

typedef struct mf_kernel mf_kernel_t; /* complete in mf_kernel_state.h; caller's memory */

/* Feed the hardware watchdog; called at the end of every healthy tick with the tick's number.
 * Silicon: independent watchdog plus GPIO pulse. Device bus: mf_devbus_kick. */
typedef void (*mf_kick_t)(void *ctx, uint32_t tick);

/* `adcs_bus` outlives the kernel; `config` is copied; `kick` may be NULL (no watchdog). The first
 * tick is number MF_FIRST_TICK, or the next one whose sampling time is still ahead, so that
 * worlds that boot faster or slower tick alike. */
void mf_kernel_reset(mf_kernel_t *kernel, const mf_kernel_config_t *config, mf_bus_t *adcs_bus,
                     mf_kick_t kick, void *kick_ctx, uint64_t now_us);
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
void mf_kernel_stats(const mf_kernel_t *kernel, mf_tick_stats_t *out);
/* Returns the sequence number (1..255) the report will acknowledge, or MF_E_NOSPC / MF_E_INVAL. */
int mf_kernel_command(mf_kernel_t *kernel, uint8_t command, uint8_t index, float value);
void mf_kernel_beat(mf_kernel_t *kernel, uint64_t now_us);
bool mf_kernel_event(mf_kernel_t *kernel, mf_kernel_event_t *out);

#endif
