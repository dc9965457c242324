/* Torque rods: dipole to control bytes, writes only where something changes, nothing counted as
 * off before its driver has acknowledged it. */
#include "mf_kernel_state.h"

#define FAILS_PERSISTENT 5u
/* A driver that does not answer may hold its coil on: tried again every second. */
#define RETRY_TICKS 10u
/* Tick of the cycle, well away from the writes, at which one driver's FAULT register is read. */
#define PHASE_FAULT_READ 4u
#define FAULT_ANY 0x01u
/* Half of the drivers' smallest step. */
#define OWED_MAX 0.0547f

void mf_kernel_rods_reset(mf_kernel_t *kernel)
{
    for (int i = 0; i < 3; i++) {
        kernel->rods[i].io.xfer.address = kernel->config.rod_address[i];
        kernel->rods[i].desired = MF_DRV8830_COAST;
        kernel->rods[i].known = false; /* a processor reset leaves the drivers as they were */
    }
}

static void failed(mf_kernel_t *kernel, uint32_t number, int status)
{
    mf_kernel_rod_t *rod = &kernel->rods[number];
    rod->errors++;
    rod->last_status = (int16_t)status;
    if (rod->fails_in_row < UINT8_MAX) {
        rod->fails_in_row++;
    }
    if (rod->kind == MF_ROD_CONTROL) {
        rod->known = false; /* it may have been written all the same */
    }
    if (rod->fails_in_row < FAILS_PERSISTENT) {
        return;
    }
    if (!rod->failed) {
        rod->failed = true;
        mf_kernel_put_event(kernel, MF_EVENT_RODS_FAILED, (uint16_t)-rod->last_status, number);
    }
    rod->known = false;
    rod->retry_tick = kernel->tick + RETRY_TICKS;
}

static void judge_fault(mf_kernel_t *kernel, uint32_t number)
{
    mf_kernel_rod_t *rod = &kernel->rods[number];
    uint8_t fault = rod->io.rx[0];
    if ((fault & FAULT_ANY) != 0) {
        rod->errors++;
        rod->clear_fault = true;
        if (fault != rod->fault) {
            mf_kernel_put_event(kernel, MF_EVENT_ROD_DRIVER_FAULT, (uint16_t)number, fault);
        }
    }
    rod->fault = fault;
}

void mf_kernel_rods_take(mf_kernel_t *kernel)
{
    for (uint32_t i = 0; i < 3; i++) {
        mf_kernel_rod_t *rod = &kernel->rods[i];
        if (!rod->pending || rod->io.xfer.status == MF_E_BUSY) {
            continue;
        }
        rod->pending = false;
        if (mf_kernel_only_waited(kernel, &rod->io.xfer)) {
            rod->known = rod->known && rod->kind != MF_ROD_CONTROL;
            continue;
        }
        if (rod->io.xfer.status < 0) {
            failed(kernel, i, rod->io.xfer.status);
            continue;
        }
        rod->fails_in_row = 0;
        if (rod->failed) {
            rod->failed = false;
            mf_kernel_put_event(kernel, MF_EVENT_RODS_RECOVERED, (uint16_t)i, rod->errors);
        }
        if (rod->kind == MF_ROD_CONTROL) {
            rod->applied = rod->written;
            rod->known = true;
        } else if (rod->kind == MF_ROD_FAULT_READ) {
            judge_fault(kernel, i);
        }
    }
}

void mf_kernel_rods_off(mf_kernel_t *kernel)
{
    for (int i = 0; i < 3; i++) {
        kernel->rods[i].desired = MF_DRV8830_COAST;
        kernel->rods[i].owed_share = 0.0f;
    }
}

/* The drivers give nothing below 11 % of full drive and steps of 1.6 % above: what a step gives too
 * much or too little is made up for by the next ones, so that small dipoles are right in the mean.
 * Nothing commanded is nothing driven, whatever is owed. */
void mf_kernel_rods_command(mf_kernel_t *kernel, const float rod_A_m2[3])
{
    const mf_rods_params_t *params = &kernel->config.adcs.rods;
    for (int i = 0; i < 3; i++) {
        mf_kernel_rod_t *rod = &kernel->rods[i];
        if (rod_A_m2[i] == 0.0f) {
            rod->desired = MF_DRV8830_COAST;
            continue;
        }
        float share = rod_A_m2[i] / params->dipole_max_A_m2[i] + rod->owed_share;
        rod->desired = mf_drv8830_control(share);
        float owed = share - mf_drv8830_share(rod->desired);
        rod->owed_share = owed > OWED_MAX ? OWED_MAX : owed < -OWED_MAX ? -OWED_MAX : owed;
    }
}

void mf_kernel_rods_dipole(const mf_kernel_t *kernel, float dipole_B_A_m2[3])
{
    const mf_rods_params_t *params = &kernel->config.adcs.rods;
    for (int row = 0; row < 3; row++) {
        dipole_B_A_m2[row] = 0.0f;
        for (int i = 0; i < 3; i++) {
            float driven_A_m2 =
                mf_drv8830_share(kernel->rods[i].desired) * params->dipole_max_A_m2[i];
            dipole_B_A_m2[row] += params->axis_B[i][row] * driven_A_m2;
        }
    }
}

/* Fill in what this driver needs most; false when nothing. */
static bool fill(const mf_kernel_t *kernel, mf_kernel_rod_t *rod, uint32_t number, uint32_t tick)
{
    if (!rod->known || rod->applied != rod->desired) {
        if (rod->failed && (int32_t)(tick - rod->retry_tick) < 0) {
            return false;
        }
        rod->kind = MF_ROD_CONTROL;
        rod->written = rod->desired;
        rod->written_tick = tick;
        mf_drv8830_fill_control(&rod->io, rod->desired);
        return true;
    }
    if (rod->clear_fault) {
        rod->clear_fault = false;
        rod->kind = MF_ROD_FAULT_CLEAR;
        mf_drv8830_fill_fault_clear(&rod->io);
        return true;
    }
    if (kernel->out.mode != MF_MODE_IDLE && tick % MF_CYCLE_TICKS == PHASE_FAULT_READ &&
        (tick / MF_CYCLE_TICKS) % 3u == number) {
        rod->kind = MF_ROD_FAULT_READ;
        mf_drv8830_fill_fault(&rod->io);
        return true;
    }
    return false;
}

void mf_kernel_rods_queue(mf_kernel_t *kernel, uint32_t tick)
{
    for (uint32_t i = 0; i < 3; i++) {
        mf_kernel_rod_t *rod = &kernel->rods[i];
        if (!rod->pending && fill(kernel, rod, i, tick)) {
            rod->pending = mf_bus_submit(kernel->bus, &rod->io.xfer) == MF_OK;
        }
    }
}

bool mf_kernel_rods_on(const mf_kernel_t *kernel)
{
    return kernel->rods[0].desired != MF_DRV8830_COAST ||
           kernel->rods[1].desired != MF_DRV8830_COAST ||
           kernel->rods[2].desired != MF_DRV8830_COAST;
}

uint8_t mf_kernel_rods_working(const mf_kernel_t *kernel)
{
    uint32_t working = 0;
    for (int i = 0; i < 3; i++) {
        working |= kernel->rods[i].failed ? 0u : 1u << i;
    }
    return (uint8_t)working;
}

bool mf_kernel_rods_quiet(const mf_kernel_t *kernel, uint32_t tick)
{
    for (int i = 0; i < 3; i++) {
        const mf_kernel_rod_t *rod = &kernel->rods[i];
        /* A failed rod may be on for good: better a doubtful field than none, and the loop has its
         * own checks of it. */
        if (rod->failed) {
            continue;
        }
        if (!rod->known || rod->applied != MF_DRV8830_COAST ||
            (int32_t)(tick - rod->written_tick) < 2) {
            return false;
        }
    }
    return true;
}
