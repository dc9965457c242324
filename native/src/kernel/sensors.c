/* Sampling of magnetometer and gyro: initialisation, reads, failure and recovery. Every transfer
 * is queued a quarter period before the tick that takes it. */
#include <stddef.h>

#include "mf_kernel_state.h"

/* One lost sample is noise; two in a row and the part is set up anew; five and it has failed. */
#define FAILS_REINIT 2u
#define FAILS_PERSISTENT 5u
#define BACKOFF_FIRST_TICKS 10u
#define BACKOFF_MAX_TICKS 640u
/* As many samples in a row that agree in every bit of three axes: the part repeats an old one. At
 * rest the field turns by one LSB of the AK09916 in 3 s and its noise is of that size, so three
 * axes agree by chance once in some ten samples; the gyro's noise is several LSB per axis. */
#define STUCK_SAMPLES 20u

static void reset(mf_kernel_sensor_t *sensor, const mf_sensor_part_t *part, uint8_t address,
                  uint16_t failed_event, uint16_t recovered_event)
{
    sensor->part = part;
    sensor->io.xfer.address = address;
    sensor->failed_event = failed_event;
    sensor->recovered_event = recovered_event;
}

void mf_kernel_sensors_reset(mf_kernel_t *kernel)
{
    reset(&kernel->mag, &mf_ak09916, kernel->config.mag_address, MF_EVENT_MAG_FAILED,
          MF_EVENT_MAG_RECOVERED);
    reset(&kernel->imu, &mf_lsm6dso, kernel->config.imu_address, MF_EVENT_IMU_FAILED,
          MF_EVENT_IMU_RECOVERED);
}

static bool ready(const mf_kernel_sensor_t *sensor)
{
    return sensor->step >= sensor->part->init_steps;
}

static void queue(mf_kernel_t *kernel, mf_kernel_sensor_t *sensor, uint32_t tick, bool wanted)
{
    if (!ready(sensor)) {
        if ((int32_t)(tick - sensor->retry_tick) < 0) {
            return;
        }
        sensor->part->init_fill(&sensor->io, sensor->step);
    } else if (wanted) {
        sensor->part->read_fill(&sensor->io);
    } else {
        return;
    }
    sensor->pending = mf_bus_submit(kernel->bus, &sensor->io.xfer) == MF_OK;
}

void mf_kernel_sensors_queue(mf_kernel_t *kernel, uint32_t tick)
{
    if (kernel->bus->head != NULL) {
        /* Rod writes of the last tick should have ended long ago: the bus hangs. */
        mf_bus_seize(kernel->bus);
    }
    mf_kernel_rods_take(kernel);
    uint32_t phase = tick % MF_CYCLE_TICKS;
    bool field = (phase == 0 || phase == MF_CYCLE_TICKS - 1u) && mf_kernel_rods_quiet(kernel, tick);
    queue(kernel, &kernel->mag, tick, field);
    queue(kernel, &kernel->imu, tick, true);
}

static void failed(mf_kernel_t *kernel, mf_kernel_sensor_t *sensor, uint32_t tick, int status)
{
    sensor->errors++;
    sensor->last_status = (int16_t)status;
    if (sensor->fails_in_row < UINT8_MAX) {
        sensor->fails_in_row++;
    }
    bool initialising = !ready(sensor);
    if (initialising || sensor->fails_in_row >= FAILS_REINIT) {
        sensor->step = 0;
    }
    if (sensor->fails_in_row < FAILS_PERSISTENT) {
        return;
    }
    if (!sensor->failed) {
        sensor->failed = true;
        sensor->backoff_ticks = BACKOFF_FIRST_TICKS;
        mf_kernel_put_event(kernel, sensor->failed_event, (uint16_t)-sensor->last_status,
                            sensor->errors);
    } else if (sensor->backoff_ticks < BACKOFF_MAX_TICKS) {
        sensor->backoff_ticks = (uint16_t)(2u * sensor->backoff_ticks);
    }
    sensor->retry_tick = tick + sensor->backoff_ticks;
}

static void good(mf_kernel_t *kernel, mf_kernel_sensor_t *sensor)
{
    sensor->fresh = true;
    sensor->fails_in_row = 0;
    if (sensor->failed) {
        sensor->failed = false;
        mf_kernel_put_event(kernel, sensor->recovered_event, 0, sensor->errors);
    }
}

/* Count repetitions of the last sample; MF_E_RANGE once there are too many. */
static int watch_stuck(mf_kernel_sensor_t *sensor)
{
    bool same = true;
    for (int i = 0; i < 3; i++) {
        same = same && sensor->value_S[i] == sensor->last_S[i];
        sensor->last_S[i] = sensor->value_S[i];
    }
    if (!same) {
        sensor->repeats = 0;
    } else if (sensor->repeats < STUCK_SAMPLES) {
        sensor->repeats++;
    }
    return sensor->repeats < STUCK_SAMPLES ? MF_OK : MF_E_RANGE;
}

static void take(mf_kernel_t *kernel, mf_kernel_sensor_t *sensor, uint32_t tick)
{
    sensor->fresh = false;
    if (!sensor->pending) {
        return;
    }
    sensor->pending = false;
    int status = sensor->io.xfer.status;
    if (status >= 0) {
        if (!ready(sensor)) {
            status = sensor->part->init_check(&sensor->io, sensor->step);
            if (status >= 0) {
                sensor->step++;
                return;
            }
        } else {
            status = sensor->part->convert(&sensor->io, sensor->value_S);
            if (status >= 0) {
                status = watch_stuck(sensor);
            }
            if (status >= 0) {
                good(kernel, sensor);
                return;
            }
        }
    }
    failed(kernel, sensor, tick, status);
}

static void rotate(const float dcm_BS[9], const float v_S[3], float v_B[3])
{
    for (int row = 0; row < 3; row++) {
        v_B[row] = dcm_BS[3 * row] * v_S[0] + dcm_BS[3 * row + 1] * v_S[1] +
                   dcm_BS[3 * row + 2] * v_S[2];
    }
}

/* What had not arrived by the tick is late. Only the transfer at the head hangs; one that merely
 * waited behind it is no failure of its part. */
static void give_up_late(mf_kernel_t *kernel)
{
    const mf_xfer_t *head = kernel->bus->head;
    if (head == NULL) {
        return;
    }
    mf_kernel_sensor_t *const sensors[2] = {&kernel->mag, &kernel->imu};
    for (int i = 0; i < 2; i++) {
        if (sensors[i]->pending && sensors[i]->io.xfer.status == MF_E_BUSY) {
            kernel->late_samples++;
            sensors[i]->pending = &sensors[i]->io.xfer == head;
        }
    }
    mf_bus_seize(kernel->bus);
}

void mf_kernel_sensors_take(mf_kernel_t *kernel, uint32_t tick)
{
    give_up_late(kernel);
    take(kernel, &kernel->mag, tick);
    take(kernel, &kernel->imu, tick);
    if (kernel->mag.fresh) {
        rotate(kernel->config.dcm_BS_mag, kernel->mag.value_S, kernel->mag_B_T);
        kernel->mag_tick = tick;
    }
    if (kernel->imu.fresh) {
        rotate(kernel->config.dcm_BS_imu, kernel->imu.value_S, kernel->omega_BN_B_rad_s);
    }
}
