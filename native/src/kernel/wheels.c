/* Reaction wheels: speed in, torque out. While they are driven, a torque in every tick, since a
 * wheel falls off by itself 2 s after the last; else their speed once a measuring cycle, and "off"
 * until that has been acknowledged. */
#include "mf_kernel_state.h"

#define PHASE_READ 6u

static bool driven(const mf_kernel_t *kernel)
{
    return kernel->out.mode == MF_ADCS_POINTING || kernel->out.wheels_on != 0;
}

void mf_kernel_wheels_queue(mf_kernel_t *kernel, uint32_t tick)
{
    bool wanted = driven(kernel) || tick % MF_CYCLE_TICKS == PHASE_READ ||
                  kernel->out.report.selftest == MF_ADCS_SELFTEST_RUNNING;
    for (int i = 0; i < MF_WHEELS_COUNT; i++) {
        mf_kernel_device_t *device = &kernel->wheel_reads[i];
        if (!mf_kernel_device_initialise(kernel, MF_DEVICE_WHEEL_0 + i, tick) && wanted) {
            mf_wheel.read_fill(&device->io);
            mf_kernel_device_submit(kernel, device);
        }
    }
}

static void take_command(mf_kernel_t *kernel, int which)
{
    mf_kernel_wheel_t *wheel = &kernel->wheels[which];
    if (!wheel->pending || wheel->io.xfer.status == MF_E_BUSY) {
        return;
    }
    wheel->pending = false;
    if (wheel->io.xfer.status < 0) {
        wheel->off_known = false;
        if (mf_kernel_only_waited(kernel, &wheel->io.xfer)) {
            return;
        }
        mf_kernel_device_failed(kernel, MF_DEVICE_WHEEL_0 + which, wheel->io.xfer.status);
    } else {
        wheel->off_known = wheel->off_written;
    }
}

void mf_kernel_wheels_take(mf_kernel_t *kernel)
{
    for (int i = 0; i < MF_WHEELS_COUNT; i++) {
        int number = MF_DEVICE_WHEEL_0 + i;
        uint32_t bit = 1u << i;
        take_command(kernel, i);
        if (mf_kernel_device_ready(kernel, number)) {
            mf_wheel_telemetry_t telemetry;
            mf_wheel_convert(&kernel->wheel_reads[i].io, &telemetry);
            mf_kernel_device_good(kernel, number);
            kernel->in.wheel_speed_rad_s[i] = telemetry.speed_rad_s;
            kernel->in.wheels_working = (uint8_t)(kernel->in.wheels_working | bit);
        } else if (mf_kernel_device_state(kernel, number) != MF_DEVICE_WORKING ||
                   driven(kernel)) {
            /* Undriven, the speed of the last cycle stands. */
            kernel->in.wheels_working = (uint8_t)(kernel->in.wheels_working & ~bit);
        }
    }
}

void mf_kernel_wheels_command(mf_kernel_t *kernel)
{
    for (int i = 0; i < MF_WHEELS_COUNT; i++) {
        mf_kernel_wheel_t *wheel = &kernel->wheels[i];
        uint8_t state = mf_kernel_device_state(kernel, MF_DEVICE_WHEEL_0 + i);
        bool on = ((uint32_t)kernel->out.wheels_on >> i & 1u) != 0;
        if (state == MF_DEVICE_ABSENT || wheel->pending || (!on && wheel->off_known) ||
            (!on && state != MF_DEVICE_WORKING)) {
            continue;
        }
        wheel->off_written =
            !on || mf_wheel_fill_torque(&wheel->io, kernel->out.wheel_torque_N_m[i]) < 0;
        if (wheel->off_written) {
            mf_wheel_fill_off(&wheel->io);
        }
        wheel->pending = mf_bus_submit(kernel->bus, &wheel->io.xfer) == MF_OK;
    }
}
