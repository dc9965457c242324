/* State of the control kernel, complete: for whoever supplies its memory. Fields are private to
 * native/src/kernel; everybody else goes through mf_kernel.h. */
#ifndef MF_KERNEL_STATE_H
#define MF_KERNEL_STATE_H

#include "mf_bdot.h"
#include "mf_kernel.h"
#include "mf_sensors.h"

#define MF_KERNEL_COMMANDS 8u
#define MF_KERNEL_EVENTS 16u
#define MF_KERNEL_GUARD 0x6D666B31u

/* One sensor: initialisation, reading, failure and recovery. */
typedef struct {
    const mf_sensor_part_t *part;
    mf_sensor_io_t io;
    uint8_t step;          /* next initialisation step; part->init_steps when ready */
    uint8_t fails_in_row;  /* saturates */
    bool pending;          /* a transfer was queued for the next tick */
    bool failed;           /* persistent: event raised, retried with back-off */
    bool fresh;            /* value_S holds a sample of this tick */
    uint16_t errors;       /* wraps */
    uint16_t backoff_ticks;
    uint32_t retry_tick;   /* nothing is tried before */
    int16_t last_status;
    uint16_t failed_event, recovered_event;
    uint8_t repeats;       /* samples in a row equal to the one before, saturates */
    float value_S[3], last_S[3];
} mf_kernel_sensor_t;

enum mf_rod_write { MF_ROD_CONTROL, MF_ROD_FAULT_READ, MF_ROD_FAULT_CLEAR };

typedef struct {
    mf_sensor_io_t io;
    uint8_t desired;      /* control byte wanted from this tick on */
    uint8_t written;      /* control byte of the transfer on its way */
    uint8_t kind;         /* enum mf_rod_write of that transfer */
    uint8_t fails_in_row; /* saturates */
    uint8_t fault;        /* last FAULT register */
    bool known;           /* `applied` was acknowledged by the driver */
    bool pending;
    bool failed;
    bool clear_fault;
    uint8_t applied;
    int16_t last_status;
    uint32_t written_tick; /* tick at which the applied byte was sent */
    uint32_t retry_tick;
} mf_kernel_rod_t;

typedef struct {
    uint8_t sequence, code, index;
    float value;
} mf_kernel_command_t;

struct mf_kernel {
    uint32_t guard_low; /* MF_KERNEL_GUARD: overwritten means that the watchdog is not fed */
    mf_kernel_config_t config;
    mf_bus_t *bus;
    mf_kick_t kick;
    void *kick_ctx;

    /* Grid */
    uint64_t next_tick_ms; /* grid time of `next_tick` */
    uint32_t next_tick;
    volatile uint32_t due_tick;
    volatile bool due;     /* due_tick waits for its handler */
    volatile bool running; /* from mf_kernel_tick to mf_kernel_tick_done */
    bool sampled;          /* the sampling time of next_tick is over */
    uint32_t tick;         /* the last one that ran, 0 none */

    /* Sensing and acting */
    mf_kernel_sensor_t mag, imu;
    mf_kernel_rod_t rods[3];
    uint16_t rod_errors, late_samples;
    mf_bdot_t bdot;
    mf_bdot_params_t bdot_params;
    float mag_B_T[3], mag_dot_B_T_s[3], omega_BN_B_rad_s[3], dipole_B_A_m2[3];
    uint32_t mag_tick; /* tick of the last good field sample, 0 none */
    float gyro_bias_B_rad_s[3]; /* estimated against the field, see control.c */
    uint32_t bias_cycles;       /* cycles that estimate has seen, saturates */
    uint16_t gate_cycles; /* measuring cycles in a row without damping, see control.c */
    bool saturated;

    /* Detumbled decision */
    float smooth_B_T_s[3]; /* smoothed derivative */
    bool smooth_valid;
    bool detumbled;
    float rate_rad_s;
    bool holding; /* the rate has been low since hold_ms */
    uint32_t hold_ms;
    float rate_low_rad_s, detumbled_hold_s;

    /* Mode, heartbeat */
    uint8_t mode, mode_reason;
    uint8_t command_ack, command_sequence;
    volatile uint32_t beat_ms;
    uint32_t start_ms;
    uint32_t heartbeat_limit_ms;
    bool heartbeat_lost;

    /* Queues, both under the interrupt lock */
    mf_kernel_command_t commands[MF_KERNEL_COMMANDS];
    uint8_t command_head, command_count;
    mf_kernel_event_t events[MF_KERNEL_EVENTS];
    uint8_t event_head, event_count;
    uint16_t events_lost;

    /* Snapshots */
    volatile uint32_t report_sequence; /* odd while `report` is being written */
    mf_report_t report;
    volatile uint32_t stats_sequence;
    mf_tick_stats_t stats; /* means are computed on reading */
    uint64_t jitter_sum_ns, duration_sum_ns;
    uint32_t lateness_ns; /* of the running tick */
    uint32_t guard_high;
};
_Static_assert(sizeof(struct mf_kernel) <= 4096, "kernel state budget");

/* Between the files of native/src/kernel. `tick` is the grid index. */
void mf_kernel_sensors_reset(mf_kernel_t *kernel);
void mf_kernel_sensors_queue(mf_kernel_t *kernel, uint32_t tick); /* for that coming tick */
void mf_kernel_sensors_take(mf_kernel_t *kernel, uint32_t tick);  /* at that tick */
void mf_kernel_rods_reset(mf_kernel_t *kernel);
void mf_kernel_rods_take(mf_kernel_t *kernel);
void mf_kernel_rods_command(mf_kernel_t *kernel, const float dipole_B_A_m2[3]);
void mf_kernel_rods_off(mf_kernel_t *kernel);
void mf_kernel_rods_queue(mf_kernel_t *kernel, uint32_t tick);
bool mf_kernel_rods_on(const mf_kernel_t *kernel);
bool mf_kernel_rods_failed(const mf_kernel_t *kernel);
/* Coils off for at least one whole tick when the sample for `tick` is taken. */
bool mf_kernel_rods_quiet(const mf_kernel_t *kernel, uint32_t tick);
void mf_kernel_control(mf_kernel_t *kernel, uint32_t tick);
void mf_kernel_detumbled_reset(mf_kernel_t *kernel);
void mf_kernel_commands_apply(mf_kernel_t *kernel);
void mf_kernel_step_down(mf_kernel_t *kernel, uint8_t reason);
void mf_kernel_put_event(mf_kernel_t *kernel, uint16_t id, uint16_t arg0, uint32_t arg1);
void mf_kernel_publish(mf_kernel_t *kernel);
void mf_kernel_stats_reset(mf_kernel_t *kernel);

#endif
