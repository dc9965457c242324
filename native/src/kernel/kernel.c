/* The control kernel's grid and tick: see mf_kernel.h for the timeline. */
#include <stddef.h>
#include <string.h>

#include "mf_kernel_state.h"
#include "mf_port.h"

#define LOOP_MS ((uint32_t)MF_ADCS_PERIOD_MS)
#define SAMPLE_LEAD_MS (LOOP_MS / 4u)

#define ROD_DIPOLE_A_M2 0.5f

_Static_assert(MF_LOOP_TICKS * MF_TICK_PERIOD_MS == MF_ADCS_PERIOD_MS,
               "a whole number of ticks is one step of the loop");
_Static_assert(MF_CYCLE_TICKS == MF_ADCS_CYCLE && MF_PHASE_COILS_OFF == MF_ADCS_RODS_OFF,
               "one measuring cycle");
_Static_assert(MF_PHASE_COILS_OFF + 3u == MF_CYCLE_TICKS, "coils off for one tick, two samples");

void mf_kernel_config_reference(mf_kernel_config_t *config)
{
    static const uint8_t sensors[7] = {MF_I2C_AK09916, MF_I2C_MMC5983MA,    MF_I2C_LSM6DSO,
                                       MF_I2C_FSS,     MF_I2C_ADS1115,      MF_I2C_ADS1115 + 1u,
                                       MF_I2C_STAR_TRACKER};
    static const uint8_t rods[3] = {MF_I2C_DRV8830_X, MF_I2C_DRV8830_Y, MF_I2C_DRV8830_Z};
    mf_adcs_params_t *adcs = &config->adcs;
    mf_adcs_params_reference(adcs);
    adcs->bdot.dipole_max_A_m2 = adcs->damping.dipole_max_A_m2 = ROD_DIPOLE_A_M2;
    adcs->sunsafe.dipole_max_A_m2 = adcs->momentum.dipole_max_A_m2 = ROD_DIPOLE_A_M2;
    adcs->magpoint.dipole_max_A_m2 = ROD_DIPOLE_A_M2;
    for (int i = 0; i < 3; i++) {
        adcs->rods.dipole_max_A_m2[i] = ROD_DIPOLE_A_M2;
        config->rod_address[i] = rods[i];
    }
    memcpy(config->sensor_address, sensors, sizeof(config->sensor_address));
    for (uint32_t i = 0; i < MF_WHEELS_COUNT; i++) {
        config->wheel_address[i] = (uint8_t)(MF_I2C_WHEEL + i);
    }
}

void mf_kernel_reset(mf_kernel_t *kernel, const mf_kernel_config_t *config, mf_bus_t *adcs_bus,
                     mf_bus_t *gnss_bus, mf_kick_t kick, void *kick_ctx, uint64_t now_us)
{
    uint64_t now_ms = now_us / 1000u;
    memset(kernel, 0, sizeof(*kernel));
    kernel->guard_low = MF_KERNEL_GUARD;
    kernel->guard_high = MF_KERNEL_GUARD;
    kernel->config = *config;
    kernel->bus = adcs_bus;
    kernel->gnss_bus = gnss_bus;
    kernel->kick = kick;
    kernel->kick_ctx = kick_ctx;
    kernel->next_tick = (uint32_t)((now_ms + SAMPLE_LEAD_MS) / LOOP_MS) + 1u;
    if (kernel->next_tick < MF_FIRST_TICK) {
        kernel->next_tick = MF_FIRST_TICK;
    }
    kernel->next_tick_ms = (uint64_t)kernel->next_tick * LOOP_MS;
    kernel->next_between_ms = kernel->next_tick_ms + MF_TICK_PERIOD_MS;
    kernel->start_ms = (uint32_t)now_ms;
    kernel->beat_ms = (uint32_t)now_ms;
    kernel->heartbeat_limit_ms = (uint32_t)(MF_KERNEL_HEARTBEAT_LIMIT_S * 1000.0f);
    mf_adcs_reset(&kernel->adcs, &kernel->config.adcs);
    mf_ubx_reset(&kernel->ubx);
    mf_kernel_devices_reset(kernel);
    mf_kernel_rods_reset(kernel);
    mf_kernel_stats_reset(kernel);
    mf_kernel_publish(kernel);
}

uint64_t mf_kernel_next_ms(const mf_kernel_t *kernel)
{
    uint64_t loop_ms =
        kernel->sampled ? kernel->next_tick_ms : kernel->next_tick_ms - SAMPLE_LEAD_MS;
    if (MF_LOOP_TICKS > 1u && kernel->next_between_ms < loop_ms) {
        return kernel->next_between_ms;
    }
    return loop_ms;
}

/* A tick between two steps of the loop; none when every tick is a step. */
static bool between_due(mf_kernel_t *kernel, uint64_t now_ms)
{
    if (MF_LOOP_TICKS == 1u || now_ms < kernel->next_between_ms) {
        return false;
    }
    uint32_t passed = (uint32_t)((now_ms - kernel->next_between_ms) / MF_TICK_PERIOD_MS);
    kernel->between_due = true;
    kernel->stats.skipped += passed;
    if (kernel->running) {
        kernel->stats.overruns++;
    }
    kernel->next_between_ms += (uint64_t)(passed + 1u) * MF_TICK_PERIOD_MS;
    return true;
}

bool mf_kernel_timer(mf_kernel_t *kernel, uint64_t now_us)
{
    uint64_t now_ms = now_us / 1000u;
    if (!kernel->sampled && now_ms >= kernel->next_tick_ms - SAMPLE_LEAD_MS) {
        kernel->sampled = true;
        /* Too late, or the last tick still works on what the last sample brought: this tick goes
         * without, rather than with data of an unknown time. */
        if (now_ms < kernel->next_tick_ms && !kernel->running) {
            mf_kernel_sensors_queue(kernel, kernel->next_tick);
            mf_kernel_wheels_queue(kernel, kernel->next_tick);
            mf_kernel_gnss_queue(kernel, kernel->next_tick);
        } else {
            kernel->late_samples++;
        }
    }
    if (now_ms < kernel->next_tick_ms) {
        return between_due(kernel, now_ms);
    }
    if (MF_LOOP_TICKS > 1u && kernel->next_between_ms < kernel->next_tick_ms) {
        kernel->stats.skipped +=
            (uint32_t)(kernel->next_tick_ms - kernel->next_between_ms) / MF_TICK_PERIOD_MS;
    }
    /* Grid points that have passed altogether are left out; the tick counts them. */
    uint32_t passed = (uint32_t)((now_ms - kernel->next_tick_ms) / LOOP_MS);
    kernel->due_tick = kernel->next_tick + passed;
    kernel->due = true;
    if (kernel->running) {
        kernel->stats.overruns++;
    }
    kernel->next_tick += passed + 1u;
    kernel->next_tick_ms += (uint64_t)(passed + 1u) * LOOP_MS;
    kernel->next_between_ms = kernel->next_tick_ms - LOOP_MS + MF_TICK_PERIOD_MS;
    kernel->sampled = false;
    return true;
}

/* Heartbeat rule: after the grace period the last beat must be younger than the limit. */
static void check_heartbeat(mf_kernel_t *kernel, uint32_t now_ms)
{
    if (now_ms - kernel->start_ms < MF_HEARTBEAT_GRACE_S * 1000u) {
        return;
    }
    uint32_t age_ms = now_ms - kernel->beat_ms;
    /* A beat may be stamped after this tick's grid time: then its age is a little negative. */
    bool lost = (int32_t)age_ms > (int32_t)kernel->heartbeat_limit_ms;
    if (lost && !kernel->heartbeat_lost) {
        mf_kernel_put_event(kernel, MF_EVENT_HEARTBEAT_LOST, 0, age_ms);
    } else if (!lost && kernel->heartbeat_lost) {
        mf_kernel_put_event(kernel, MF_EVENT_HEARTBEAT_BACK, 0, 0);
    }
    kernel->heartbeat_lost = lost;
}

/* One step of the loop on what has arrived, and its outputs to the actuators. A grid point without
 * a tick left the coils as they were, for an unknown reason and too long: off until the next tick. */
static void step(mf_kernel_t *kernel, bool skipped)
{
    mf_adcs_in_t *in = &kernel->in;
    in->tick = kernel->tick;
    in->time_us = kernel->tick_ms * 1000u;
    in->rods_working = mf_kernel_rods_working(kernel);
    mf_adcs_limit_mode(&kernel->adcs,
                       kernel->heartbeat_lost || kernel->surviving ? MF_ADCS_DETUMBLE : MF_ADCS_POINTING,
                       MF_ADCS_REASON_HEARTBEAT_LOST);
    kernel->report_sequence++;
    (void)mf_adcs_step(&kernel->adcs, &kernel->config.adcs, in, &kernel->out);
    kernel->report_sequence++;
    if (skipped) {
        mf_bdot_reset(&kernel->adcs.bdot);
        mf_kernel_rods_off(kernel);
    } else {
        mf_kernel_rods_command(kernel, kernel->out.rod_A_m2);
    }
    mf_kernel_rods_queue(kernel, kernel->tick);
    mf_kernel_wheels_command(kernel);
}

static bool healthy(const mf_kernel_t *kernel)
{
    return kernel->guard_low == MF_KERNEL_GUARD && kernel->guard_high == MF_KERNEL_GUARD &&
           !kernel->heartbeat_lost;
}

/* `number` of the tick, all of them counted. */
static void feed(mf_kernel_t *kernel, uint32_t number)
{
    if (kernel->kick != NULL && healthy(kernel)) {
        kernel->kick(kernel->kick_ctx, number);
    }
}

void mf_kernel_tick(mf_kernel_t *kernel, uint64_t now_us, uint32_t lateness_ns)
{
    uint32_t lock = mf_port_irq_lock();
    bool due = kernel->due;
    uint32_t tick = kernel->due_tick;
    bool between = kernel->between_due;
    kernel->due = false;
    kernel->between_due = false;
    kernel->running = kernel->running || due || between;
    mf_port_irq_unlock(lock);
    if (!due) {
        if (between) {
            kernel->lateness_ns = lateness_ns;
            check_heartbeat(kernel, (uint32_t)(now_us / 1000u));
            feed(kernel, (uint32_t)(now_us / 1000u / MF_TICK_PERIOD_MS));
        }
        return;
    }
    uint32_t skipped = kernel->tick != 0 ? tick - kernel->tick - 1u : 0u;
    kernel->tick = tick;
    kernel->tick_ms = (uint64_t)tick * LOOP_MS;
    kernel->lateness_ns = lateness_ns;
    mf_kernel_time_of_tick(kernel);
    mf_kernel_devices_late(kernel);
    mf_kernel_rods_take(kernel);
    mf_kernel_sensors_take(kernel, tick);
    mf_kernel_wheels_take(kernel);
    mf_kernel_gnss_take(kernel, tick);
    mf_kernel_commands_apply(kernel);
    check_heartbeat(kernel, (uint32_t)(now_us / 1000u));
    if (skipped != 0) {
        kernel->stats.skipped += skipped;
        mf_kernel_put_event(kernel, MF_EVENT_TICKS_SKIPPED,
                            (uint16_t)(skipped < UINT16_MAX ? skipped : UINT16_MAX),
                            kernel->stats.skipped);
    }
    step(kernel, skipped != 0);
    mf_kernel_watch(kernel);
    mf_kernel_devices_absent(kernel);
    mf_kernel_publish(kernel);
    feed(kernel, tick * MF_LOOP_TICKS);
}

void mf_kernel_beat(mf_kernel_t *kernel, uint64_t now_us)
{
    kernel->beat_ms = (uint32_t)(now_us / 1000u);
}

void mf_kernel_survive(mf_kernel_t *kernel, bool on, bool control)
{
    if (on && (!kernel->surviving || kernel->survive_control != control)) {
        (void)mf_kernel_command(kernel, MF_CMD_SET_MODE,
                                control ? MF_MODE_DETUMBLE : MF_MODE_IDLE, 0.0f);
    }
    kernel->survive_control = control;
    kernel->surviving = on;
}
