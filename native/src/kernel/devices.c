/* What every device of the attitude bus has in common: initialisation, one transfer a tick, failure
 * and recovery. Every transfer is queued a quarter period before the tick that takes it.
 *
 * Magnetometer 1 and gyro belong to every spacecraft: not answering is a failure. Any other part
 * that has never answered since start is absent: told once for all together, asked again once a
 * minute. */
#include <stddef.h>

#include "mf_kernel_state.h"

/* One lost sample is noise; two in a row and the part is set up anew; five and it has failed. */
#define FAILS_REINIT 2u
#define FAILS_PERSISTENT 5u
#define BACKOFF_FIRST_TICKS 10u
#define BACKOFF_MAX_TICKS 640u
#define ABSENT_RETRY_TICKS 600u
#define ABSENT_TOLD_TICK (MF_FIRST_TICK + 50u)

static const mf_sensor_part_t *const parts[MF_DEVICES] = {
    [MF_DEVICE_MAG_1] = &mf_ak09916,
    [MF_DEVICE_MAG_2] = &mf_mmc5983ma,
    [MF_DEVICE_GYRO] = &mf_lsm6dso,
    [MF_DEVICE_FSS] = &mf_fss,
    [MF_DEVICE_WHEEL_0] = &mf_wheel,
    [MF_DEVICE_WHEEL_0 + 1] = &mf_wheel,
    [MF_DEVICE_WHEEL_0 + 2] = &mf_wheel,
    [MF_DEVICE_WHEEL_0 + 3] = &mf_wheel,
};

mf_kernel_device_t *mf_kernel_device(mf_kernel_t *kernel, int number)
{
    return number < MF_KERNEL_SENSORS ? &kernel->sensors[number]
                                      : &kernel->wheel_reads[number - MF_DEVICE_WHEEL_0];
}

static const mf_kernel_device_t *device_of(const mf_kernel_t *kernel, int number)
{
    return number < MF_KERNEL_SENSORS ? &kernel->sensors[number]
                                      : &kernel->wheel_reads[number - MF_DEVICE_WHEEL_0];
}

static bool required(int number)
{
    return number == MF_DEVICE_MAG_1 || number == MF_DEVICE_GYRO;
}

static uint8_t steps(int number)
{
    if (number == MF_DEVICE_TRACKER) {
        return MF_STAR_TRACKER_INIT_STEPS;
    }
    return parts[number] != NULL ? parts[number]->init_steps : 0;
}

static bool ready(const mf_kernel_device_t *device, int number)
{
    return device->step >= steps(number);
}

void mf_kernel_devices_reset(mf_kernel_t *kernel)
{
    for (int i = 0; i <= MF_DEVICE_TRACKER; i++) {
        kernel->sensors[i].io.xfer.address = kernel->config.sensor_address[i];
    }
    for (int i = 0; i < MF_WHEELS_COUNT; i++) {
        kernel->wheel_reads[i].io.xfer.address = kernel->config.wheel_address[i];
        kernel->wheels[i].io.xfer.address = kernel->config.wheel_address[i];
    }
    for (int i = 0; i < 2; i++) {
        kernel->adc_starts[i].xfer.address = kernel->config.sensor_address[MF_DEVICE_ADC_1 + i];
        kernel->adc_started[i] = MF_KERNEL_NO_INPUT;
    }
}

void mf_kernel_device_submit(mf_kernel_t *kernel, mf_kernel_device_t *device)
{
    device->pending = mf_bus_submit(kernel->bus, &device->io.xfer) == MF_OK;
}

bool mf_kernel_device_initialise(mf_kernel_t *kernel, int number, uint32_t tick)
{
    mf_kernel_device_t *device = mf_kernel_device(kernel, number);
    /* A part without steps, or one set up, can still be waiting for its next try. */
    if ((device->failed || !ready(device, number) || (!device->answered && !required(number))) &&
        (int32_t)(tick - device->retry_tick) < 0) {
        return true;
    }
    if (ready(device, number)) {
        return false;
    }
    if (number == MF_DEVICE_TRACKER) {
        mf_star_tracker_init_fill(&device->io, device->step);
    } else {
        parts[number]->init_fill(&device->io, device->step);
    }
    mf_kernel_device_submit(kernel, device);
    return true;
}

static void put(mf_kernel_t *kernel, int number, bool failed)
{
    const mf_kernel_device_t *device = device_of(kernel, number);
    uint16_t status = (uint16_t)-device->last_status;
    if (number == MF_DEVICE_MAG_1) {
        mf_kernel_put_event(kernel, failed ? MF_EVENT_MAG_FAILED : MF_EVENT_MAG_RECOVERED,
                            failed ? status : 0, device->errors);
    } else if (number == MF_DEVICE_GYRO) {
        mf_kernel_put_event(kernel, failed ? MF_EVENT_IMU_FAILED : MF_EVENT_IMU_RECOVERED,
                            failed ? status : 0, device->errors);
    } else if (failed) {
        mf_kernel_put_event(kernel, MF_EVENT_DEVICE_FAILED, status, (uint32_t)number);
    } else {
        mf_kernel_put_event(kernel, MF_EVENT_DEVICE_RECOVERED, device->errors, (uint32_t)number);
    }
}

void mf_kernel_device_good(mf_kernel_t *kernel, int number)
{
    mf_kernel_device_t *device = mf_kernel_device(kernel, number);
    device->answered = true;
    device->fails_in_row = 0;
    if (device->failed) {
        device->failed = false;
        put(kernel, number, false);
    }
}

void mf_kernel_device_failed(mf_kernel_t *kernel, int number, int status)
{
    mf_kernel_device_t *device = mf_kernel_device(kernel, number);
    device->errors++;
    device->last_status = (int16_t)status;
    if (device->fails_in_row < UINT8_MAX) {
        device->fails_in_row++;
    }
    if (!ready(device, number) || device->fails_in_row >= FAILS_REINIT) {
        device->step = 0;
    }
    if (device->fails_in_row < FAILS_PERSISTENT) {
        return;
    }
    if (!device->answered && !required(number)) {
        device->retry_tick = kernel->tick + ABSENT_RETRY_TICKS;
        return;
    }
    if (!device->failed) {
        device->failed = true;
        device->backoff_ticks = BACKOFF_FIRST_TICKS;
        put(kernel, number, true);
    } else if (device->backoff_ticks < BACKOFF_MAX_TICKS) {
        device->backoff_ticks = (uint16_t)(2u * device->backoff_ticks);
    }
    device->retry_tick = kernel->tick + device->backoff_ticks;
}

bool mf_kernel_device_ready(mf_kernel_t *kernel, int number)
{
    mf_kernel_device_t *device = mf_kernel_device(kernel, number);
    if (!device->pending) {
        return false;
    }
    device->pending = false;
    int status = device->io.xfer.status;
    if (status >= 0) {
        device->answered = true;
        if (ready(device, number)) {
            return true;
        }
        status = number == MF_DEVICE_TRACKER
                     ? mf_star_tracker_init_check(&device->io, device->step)
                     : parts[number]->init_check(&device->io, device->step);
    }
    if (status < 0) {
        mf_kernel_device_failed(kernel, number, status);
    } else {
        device->step++;
    }
    return false;
}

uint8_t mf_kernel_device_state(const mf_kernel_t *kernel, int number)
{
    if (number >= MF_DEVICE_ROD_0) {
        const mf_kernel_rod_t *rod = &kernel->rods[number - MF_DEVICE_ROD_0];
        return rod->failed  ? MF_DEVICE_FAILED
               : rod->known ? MF_DEVICE_WORKING
                            : MF_DEVICE_INITIALISING;
    }
    const mf_kernel_device_t *device = device_of(kernel, number);
    if (device->failed) {
        return MF_DEVICE_FAILED;
    }
    bool unconnected = number == MF_DEVICE_GNSS && kernel->gnss_bus == NULL;
    if (unconnected || (!device->answered && device->fails_in_row >= FAILS_PERSISTENT)) {
        return MF_DEVICE_ABSENT;
    }
    bool working = ready(device, number) && device->answered && device->fails_in_row == 0;
    return working ? MF_DEVICE_WORKING : MF_DEVICE_INITIALISING;
}

bool mf_kernel_only_waited(const mf_kernel_t *kernel, const mf_xfer_t *xfer)
{
    return xfer->status == MF_E_TIMEOUT && kernel->hung != NULL && xfer != kernel->hung;
}

/* Only the transfer at the head hangs; one that merely waited behind it is no failure. */
static void late(mf_kernel_t *kernel, bool *pending, const mf_xfer_t *xfer, const mf_xfer_t *head)
{
    if (*pending && xfer->status == MF_E_BUSY) {
        kernel->late_samples++;
        *pending = xfer == head;
    }
}

void mf_kernel_devices_late(mf_kernel_t *kernel)
{
    const mf_xfer_t *head = kernel->bus->head;
    if (head != NULL) {
        for (int i = 0; i < MF_DEVICE_ROD_0; i++) {
            mf_kernel_device_t *device = mf_kernel_device(kernel, i);
            if (i != MF_DEVICE_GNSS) {
                late(kernel, &device->pending, &device->io.xfer, head);
            }
        }
        mf_bus_seize(kernel->bus);
    }
    if (kernel->gnss_bus != NULL && kernel->gnss_bus->head != NULL) {
        mf_bus_seize(kernel->gnss_bus);
    }
}

void mf_kernel_devices_absent(mf_kernel_t *kernel)
{
    if (kernel->absent_known || kernel->tick < ABSENT_TOLD_TICK) {
        return;
    }
    uint32_t absent = 0;
    for (int i = 0; i < MF_DEVICE_ROD_0; i++) {
        if (!required(i) && !device_of(kernel, i)->answered) {
            absent |= 1u << i;
        }
    }
    kernel->absent_known = true;
    if (absent != 0) {
        mf_kernel_put_event(kernel, MF_EVENT_DEVICES_ABSENT, 0, absent);
    }
}
