/* The control kernel's grid and tick: see mf_kernel.h for the timeline. */
#include <stddef.h>
#include <string.h>

#include "mf_kernel_state.h"
#include "mf_port.h"

#define SAMPLE_LEAD_MS (MF_TICK_PERIOD_MS / 4u)

/* Defaults of the parameters, the same as in flight/apps/attitude/definitions.py: binary fractions
 * of few digits, which single and double precision agree on. */
#define DEFAULT_GAIN_N_M_S 0.000244140625f
#define DEFAULT_DIPOLE_MAX_A_M2 0.5f
#define DEFAULT_RATE_LOW_RAD_S 0.0068359375f
#define DEFAULT_HOLD_S 300.0f
#define DEFAULT_HEARTBEAT_LIMIT_MS 10000u

/* One and a half measuring cycles: survives a lost short sample, not a lost cycle. */
#define GAP_MAX_MS (MF_CYCLE_TICKS * MF_TICK_PERIOD_MS * 3u / 2u)
#define BASELINE_MS (MF_CYCLE_TICKS * MF_TICK_PERIOD_MS)
/* The long baseline is used up to 29 deg/s, not only below the 2 deg/s at which it must be: 100 nT
 * of noise over 100 ms read as 3 deg/s, a cross-axis dipole that keeps a light axis spinning, while
 * the lag of the long one at 15 deg/s is 8 deg of direction. 29 deg/s are far from both its
 * aliasing (180 deg/s) and that noise. */
#define LONG_BASELINE_BELOW_RAD_S 0.5f
_Static_assert(BASELINE_MS >= 1000u, "long baseline");
_Static_assert(MF_PHASE_COILS_OFF + 3u == MF_CYCLE_TICKS, "coils off for one tick, two samples");

void mf_kernel_config_reference(mf_kernel_config_t *config)
{
    memset(config, 0, sizeof(*config));
    for (int i = 0; i < 3; i++) {
        config->dcm_BS_mag[4 * i] = 1.0f;
        config->dcm_BS_imu[4 * i] = 1.0f;
        config->dcm_BS_rods[4 * i] = 1.0f;
        config->rod_dipole_full_A_m2[i] = 0.5f;
    }
    config->mag_address = MF_I2C_AK09916;
    config->imu_address = MF_I2C_LSM6DSO;
    config->rod_address[0] = MF_I2C_DRV8830_X;
    config->rod_address[1] = MF_I2C_DRV8830_Y;
    config->rod_address[2] = MF_I2C_DRV8830_Z;
}

void mf_kernel_reset(mf_kernel_t *kernel, const mf_kernel_config_t *config, mf_bus_t *adcs_bus,
                     mf_kick_t kick, void *kick_ctx, uint64_t now_us)
{
    uint64_t now_ms = now_us / 1000u;
    memset(kernel, 0, sizeof(*kernel));
    kernel->guard_low = MF_KERNEL_GUARD;
    kernel->guard_high = MF_KERNEL_GUARD;
    kernel->config = *config;
    kernel->bus = adcs_bus;
    kernel->kick = kick;
    kernel->kick_ctx = kick_ctx;
    kernel->next_tick = (uint32_t)((now_ms + SAMPLE_LEAD_MS) / MF_TICK_PERIOD_MS) + 1u;
    if (kernel->next_tick < MF_FIRST_TICK) {
        kernel->next_tick = MF_FIRST_TICK;
    }
    kernel->next_tick_ms = (uint64_t)kernel->next_tick * MF_TICK_PERIOD_MS;
    kernel->mode = MF_MODE_IDLE;
    kernel->mode_reason = MF_REASON_BOOT;
    kernel->start_ms = (uint32_t)now_ms;
    kernel->beat_ms = (uint32_t)now_ms;
    kernel->heartbeat_limit_ms = DEFAULT_HEARTBEAT_LIMIT_MS;
    kernel->rate_low_rad_s = DEFAULT_RATE_LOW_RAD_S;
    kernel->detumbled_hold_s = DEFAULT_HOLD_S;
    kernel->bdot_params = (mf_bdot_params_t){
        .gain_N_m_s = DEFAULT_GAIN_N_M_S,
        .dipole_max_A_m2 = DEFAULT_DIPOLE_MAX_A_M2,
        .rate_low_rad_s = LONG_BASELINE_BELOW_RAD_S,
        .gap_max_ms = GAP_MAX_MS,
        .baseline_ms = BASELINE_MS,
    };
    mf_bdot_reset(&kernel->bdot);
    mf_kernel_detumbled_reset(kernel);
    mf_kernel_sensors_reset(kernel);
    mf_kernel_rods_reset(kernel);
    mf_kernel_stats_reset(kernel);
    mf_kernel_publish(kernel);
}

uint64_t mf_kernel_next_ms(const mf_kernel_t *kernel)
{
    return kernel->sampled ? kernel->next_tick_ms : kernel->next_tick_ms - SAMPLE_LEAD_MS;
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
        } else {
            kernel->late_samples++;
        }
    }
    if (now_ms < kernel->next_tick_ms) {
        return false;
    }
    /* Grid points that have passed altogether are left out; the tick counts them. */
    uint32_t passed = (uint32_t)((now_ms - kernel->next_tick_ms) / MF_TICK_PERIOD_MS);
    kernel->due_tick = kernel->next_tick + passed;
    kernel->due = true;
    if (kernel->running) {
        kernel->stats.overruns++;
    }
    kernel->next_tick += passed + 1u;
    kernel->next_tick_ms += (uint64_t)(passed + 1u) * MF_TICK_PERIOD_MS;
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

/* The loop leaves detumble by itself when it lacks what it needs; never the other way. */
static void check_mode(mf_kernel_t *kernel)
{
    if (kernel->mode != MF_MODE_DETUMBLE) {
        return;
    }
    if (kernel->heartbeat_lost) {
        mf_kernel_step_down(kernel, MF_REASON_HEARTBEAT_LOST);
    } else if (kernel->mag.failed) {
        mf_kernel_step_down(kernel, MF_REASON_MAG_LOST);
    } else if (mf_kernel_rods_failed(kernel)) {
        mf_kernel_step_down(kernel, MF_REASON_RODS_LOST);
    }
}

static bool healthy(const mf_kernel_t *kernel)
{
    return kernel->guard_low == MF_KERNEL_GUARD && kernel->guard_high == MF_KERNEL_GUARD &&
           !kernel->heartbeat_lost;
}

void mf_kernel_tick(mf_kernel_t *kernel, uint64_t now_us, uint32_t lateness_ns)
{
    uint32_t lock = mf_port_irq_lock();
    bool due = kernel->due;
    uint32_t tick = kernel->due_tick;
    kernel->due = false;
    kernel->running = kernel->running || due;
    mf_port_irq_unlock(lock);
    if (!due) {
        return;
    }
    uint32_t skipped = kernel->tick != 0 ? tick - kernel->tick - 1u : 0u;
    kernel->tick = tick;
    kernel->lateness_ns = lateness_ns;
    mf_kernel_rods_take(kernel);
    mf_kernel_sensors_take(kernel, tick);
    mf_kernel_commands_apply(kernel);
    check_heartbeat(kernel, (uint32_t)(now_us / 1000u));
    check_mode(kernel);
    if (skipped != 0) {
        /* The coils stayed as they were for an unknown reason and too long: off, until the next
         * cycle has seen the field anew. */
        kernel->stats.skipped += skipped;
        mf_kernel_put_event(kernel, MF_EVENT_TICKS_SKIPPED,
                            (uint16_t)(skipped < UINT16_MAX ? skipped : UINT16_MAX),
                            kernel->stats.skipped);
        mf_bdot_reset(&kernel->bdot);
        mf_kernel_rods_off(kernel);
    }
    mf_kernel_control(kernel, tick);
    mf_kernel_rods_queue(kernel, tick);
    mf_kernel_publish(kernel);
    if (kernel->kick != NULL && healthy(kernel)) {
        kernel->kick(kernel->kick_ctx, tick);
    }
}

void mf_kernel_beat(mf_kernel_t *kernel, uint64_t now_us)
{
    kernel->beat_ms = (uint32_t)(now_us / 1000u);
}
