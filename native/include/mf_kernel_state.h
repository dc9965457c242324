/* State of the control kernel, complete: for whoever supplies its memory. Fields are private to
 * native/src/kernel; everybody else goes through mf_kernel.h. */
#ifndef MF_KERNEL_STATE_H
#define MF_KERNEL_STATE_H

#include "mf_adcs_state.h"
#include "mf_kernel.h"
#include "mf_sensors.h"
#include "mf_ubx.h"

#define MF_KERNEL_COMMANDS 8u
#define MF_KERNEL_EVENTS 32u
#define MF_KERNEL_GUARD 0x6D666B31u
#define MF_KERNEL_SENSORS 8 /* devices 0..7: all but wheels and rods */
#define MF_KERNEL_GNSS_READ 128u
#define MF_KERNEL_HEARTBEAT_LIMIT_S 10.0f /* at start */

/* One device: initialisation, failure and recovery. */
typedef struct {
    mf_sensor_io_t io;
    uint32_t retry_tick;   /* nothing is tried before, while not ready */
    uint16_t errors;       /* wraps */
    uint16_t backoff_ticks;
    int16_t last_status;
    uint8_t step;          /* next initialisation step */
    uint8_t fails_in_row;  /* saturates */
    bool pending;          /* a transfer was queued for the next tick */
    bool failed;           /* persistent: event raised, retried with back-off */
    bool answered;         /* since start */
} mf_kernel_device_t;

/* Repetitions of a sample, which its part does not tell by itself. */
typedef struct {
    float last_S[3];
    uint8_t repeats; /* saturates */
} mf_kernel_stuck_t;

/* Command of an actuator: written until acknowledged. */
typedef struct {
    mf_sensor_io_t io;
    bool pending;
    bool off_known;        /* wheel: the last acknowledged write was "off" */
    bool off_written;      /* wheel: the write on its way is "off" */
} mf_kernel_wheel_t;

enum mf_rod_write { MF_ROD_CONTROL, MF_ROD_FAULT_READ, MF_ROD_FAULT_CLEAR };

typedef struct {
    mf_sensor_io_t io;
    uint32_t written_tick; /* tick at which the applied byte was sent */
    uint32_t retry_tick;
    float owed_share;      /* of full drive, by the steps of the driver so far */
    uint16_t errors;
    int16_t last_status;
    uint8_t desired;       /* control byte wanted from this tick on */
    uint8_t written;       /* control byte of the transfer on its way */
    uint8_t kind;          /* enum mf_rod_write of that transfer */
    uint8_t fails_in_row;  /* saturates */
    uint8_t fault;         /* last FAULT register */
    uint8_t applied;
    bool known;            /* `applied` was acknowledged by the driver */
    bool pending;
    bool failed;
    bool clear_fault;
} mf_kernel_rod_t;

typedef struct {
    uint8_t code, index;
    float value;
} mf_kernel_command_t;

typedef struct {
    volatile uint8_t kind; /* 0: the slot is free */
    uint8_t data[MF_UPLOAD_TLE_SIZE];
} mf_kernel_upload_t;

struct mf_kernel {
    uint32_t guard_low; /* MF_KERNEL_GUARD: overwritten means that the watchdog is not fed */
    mf_kernel_config_t config; /* .adcs: as parameters have changed it */
    mf_bus_t *bus, *gnss_bus;
    const mf_xfer_t *hung; /* stopped on the bus at the last sampling time; NULL none */
    mf_kick_t kick;
    void *kick_ctx;

    /* Grid */
    uint64_t next_tick_ms; /* grid time of `next_tick` */
    uint32_t next_tick;
    volatile uint32_t due_tick;
    volatile bool due;     /* due_tick waits for its handler */
    volatile bool running; /* from mf_kernel_tick to mf_kernel_tick_done */
    uint64_t next_between_ms; /* grid time of the next tick between two steps of the loop */
    volatile bool between_due;
    bool sampled;          /* the sampling time of next_tick is over */
    uint32_t tick;         /* the last one that ran, 0 none */
    uint64_t tick_ms;      /* its grid time */

    /* Devices */
    mf_kernel_device_t sensors[MF_KERNEL_SENSORS], wheel_reads[MF_WHEELS_COUNT];
    mf_kernel_stuck_t mag_stuck, gyro_stuck;
    mf_sensor_io_t adc_starts[2];
    uint8_t adc_started[2]; /* input being converted; MF_KERNEL_NO_INPUT none */
    uint8_t adc_input[2];  /* input being read */
    uint8_t adc_good[2];   /* bit per input that was read in this measuring cycle */
    mf_kernel_wheel_t wheels[MF_WHEELS_COUNT];
    mf_kernel_rod_t rods[3];
    uint16_t late_samples;
    uint16_t absent_known; /* the event about absent devices was made */
    uint8_t gnss_bytes[MF_KERNEL_GNSS_READ];
    mf_ubx_t ubx;
    uint32_t gnss_tick;    /* of the last message */
    uint32_t mag_tick;     /* tick of the last good field sample, 0 none */

    /* The loop */
    mf_adcs_t adcs;
    mf_adcs_in_t in;
    mf_adcs_out_t out;
    /* What has been told about the loop, see watch.c. */
    uint16_t told_step_downs, attitude_losses, told_jumps, told_bad_inputs;
    uint8_t told_excluded, quiet_excluded; /* bit per sensor */
    uint8_t measured;      /* bit per sensor that has given a sample since start */
    uint8_t told_wheels, told_selftest;
    uint8_t wheels_ticks;  /* for so long the wheels in use have been others */
    uint32_t input_tick;   /* when bad input was told last, 0 never */
    bool told_attitude;

    /* Mission time */
    uint64_t time_at_ms;   /* `time_at` is the mission time of this moment since start */
    mf_time_t time_at;
    uint8_t time_known, tick_time_known; /* as in mf_kernel_time_t: now, at the last tick */
    mf_kernel_time_t gnss_time; /* of the last solution with resolved UTC */

    /* Heartbeat */
    uint8_t command_ack, command_sequence;
    volatile uint32_t beat_ms;
    uint32_t start_ms;
    uint32_t heartbeat_limit_ms;
    bool heartbeat_lost;
    bool survive_control;    /* detumbling was asked for */
    volatile bool surviving; /* the loop goes no further than detumbling */

    /* Queues, all under the interrupt lock */
    mf_kernel_command_t commands[MF_KERNEL_COMMANDS];
    uint8_t command_head, command_count;
    mf_kernel_upload_t upload;
    uint8_t upload_status;
    uint16_t uploads_taken, uploads_refused, commands_refused;
    mf_kernel_event_t events[MF_KERNEL_EVENTS];
    uint8_t event_head, event_count;
    uint16_t events_lost;

    /* Snapshots */
    volatile uint32_t report_sequence; /* odd while `report` and `out` are being written */
    mf_report_t report;
    volatile uint32_t stats_sequence;
    mf_tick_stats_t stats; /* means are computed on reading */
    uint64_t jitter_sum_ns, duration_sum_ns;
    uint32_t lateness_ns; /* of the running tick */
    uint32_t guard_high;
};

#define MF_KERNEL_NO_INPUT 0xFFu

/* Between the files of native/src/kernel. `tick` is the grid index. */

/* devices.c. One transfer of a device has ended: with a sample or an answer, or badly. `number` is
 * its enum mf_kernel_device. */
mf_kernel_device_t *mf_kernel_device(mf_kernel_t *kernel, int number);
void mf_kernel_device_good(mf_kernel_t *kernel, int number);
void mf_kernel_device_failed(mf_kernel_t *kernel, int number, int status);
/* Queue the device's next initialisation step; true while it is not ready for reading. */
bool mf_kernel_device_initialise(mf_kernel_t *kernel, int number, uint32_t tick);
/* Judge the step that ended, when there was one; true when the device is read already. */
bool mf_kernel_device_ready(mf_kernel_t *kernel, int number);
void mf_kernel_device_submit(mf_kernel_t *kernel, mf_kernel_device_t *device);
uint8_t mf_kernel_device_state(const mf_kernel_t *kernel, int number);
/* It ended because another one hung before it. */
bool mf_kernel_only_waited(const mf_kernel_t *kernel, const mf_xfer_t *xfer);
/* Transfers that have not ended by the tick are late; the bus is free afterwards. */
void mf_kernel_devices_late(mf_kernel_t *kernel);
void mf_kernel_devices_absent(mf_kernel_t *kernel);
void mf_kernel_devices_reset(mf_kernel_t *kernel);

/* sensors.c, wheels.c, gnss.c, rods.c: queue for the coming tick; take at it. */
void mf_kernel_sensors_queue(mf_kernel_t *kernel, uint32_t tick);
void mf_kernel_sensors_take(mf_kernel_t *kernel, uint32_t tick);
void mf_kernel_wheels_queue(mf_kernel_t *kernel, uint32_t tick);
void mf_kernel_wheels_take(mf_kernel_t *kernel);
void mf_kernel_wheels_command(mf_kernel_t *kernel); /* after the loop's step */
void mf_kernel_gnss_queue(mf_kernel_t *kernel, uint32_t tick);
void mf_kernel_gnss_take(mf_kernel_t *kernel, uint32_t tick);
void mf_kernel_rods_reset(mf_kernel_t *kernel);
void mf_kernel_rods_take(mf_kernel_t *kernel);
void mf_kernel_rods_command(mf_kernel_t *kernel, const float rod_A_m2[3]);
void mf_kernel_rods_off(mf_kernel_t *kernel);
void mf_kernel_rods_queue(mf_kernel_t *kernel, uint32_t tick);
bool mf_kernel_rods_on(const mf_kernel_t *kernel);
uint8_t mf_kernel_rods_working(const mf_kernel_t *kernel); /* bit per rod */
/* What the rods give, after the steps of their drivers. */
void mf_kernel_rods_dipole(const mf_kernel_t *kernel, float dipole_B_A_m2[3]);
/* Coils off for at least one whole tick when the sample for `tick` is taken. */
bool mf_kernel_rods_quiet(const mf_kernel_t *kernel, uint32_t tick);

/* exchange.c, uploads.c, params.c, watch.c, stats.c */
void mf_kernel_commands_apply(mf_kernel_t *kernel);
void mf_kernel_upload_apply(mf_kernel_t *kernel);
bool mf_kernel_param_valid(uint8_t index, float value);
void mf_kernel_param_set(mf_kernel_t *kernel, uint8_t index, float value);
/* Events about what the loop has done by itself in this tick. */
void mf_kernel_watch(mf_kernel_t *kernel);
void mf_kernel_put_event(mf_kernel_t *kernel, uint16_t id, uint16_t arg0, uint32_t arg1);
void mf_kernel_publish(mf_kernel_t *kernel);
void mf_kernel_stats_reset(mf_kernel_t *kernel);
/* Mission time of the tick that runs, into the loop's input. */
void mf_kernel_time_of_tick(mf_kernel_t *kernel);

#endif
