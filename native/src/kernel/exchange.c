/* Between the loop and Python: commands in, events and report out. */
#include <string.h>

#include "mf_kernel_state.h"
#include "mf_port.h"

static const struct {
    float lowest, highest;
} param_range[MF_PARAM_COUNT] = {
    {0.0f, 1.0f},    /* MF_PARAM_BDOT_GAIN_N_M_S */
    {0.0f, 10.0f},   /* MF_PARAM_DIPOLE_MAX_A_M2 */
    {0.0f, 1.0f},    /* MF_PARAM_RATE_LOW_RAD_S */
    {0.0f, 3600.0f}, /* MF_PARAM_DETUMBLED_HOLD_S */
    {1.0f, 600.0f},  /* MF_PARAM_HEARTBEAT_LIMIT_S */
};

static bool valid(uint8_t command, uint8_t index, float value)
{
    switch (command) {
    case MF_CMD_SET_MODE:
        return index <= MF_MODE_DETUMBLE;
    case MF_CMD_SET_PARAM:
        /* Comparisons written so that NaN fails. */
        return index >= 1u && index <= MF_PARAM_COUNT && value >= param_range[index - 1u].lowest &&
               value <= param_range[index - 1u].highest;
    case MF_CMD_RESET_STATS:
        return index == 0;
    default:
        return false;
    }
}

int mf_kernel_command(mf_kernel_t *kernel, uint8_t command, uint8_t index, float value)
{
    if (!valid(command, index, value)) {
        return MF_E_INVAL;
    }
    uint32_t lock = mf_port_irq_lock();
    if (kernel->command_count == MF_KERNEL_COMMANDS) {
        mf_port_irq_unlock(lock);
        return MF_E_NOSPC;
    }
    uint8_t sequence = (uint8_t)(kernel->command_sequence % 255u + 1u);
    uint32_t at = (kernel->command_head + kernel->command_count) % MF_KERNEL_COMMANDS;
    kernel->command_sequence = sequence;
    kernel->commands[at] = (mf_kernel_command_t){sequence, command, index, value};
    kernel->command_count++;
    mf_port_irq_unlock(lock);
    return sequence;
}

static void set_param(mf_kernel_t *kernel, uint8_t index, float value)
{
    switch (index) {
    case MF_PARAM_BDOT_GAIN_N_M_S:
        kernel->bdot_params.gain_N_m_s = value;
        break;
    case MF_PARAM_DIPOLE_MAX_A_M2:
        kernel->bdot_params.dipole_max_A_m2 = value;
        break;
    case MF_PARAM_RATE_LOW_RAD_S:
        kernel->rate_low_rad_s = value;
        break;
    case MF_PARAM_DETUMBLED_HOLD_S:
        kernel->detumbled_hold_s = value;
        break;
    default:
        kernel->heartbeat_limit_ms = (uint32_t)(value * 1000.0f);
        break;
    }
}

void mf_kernel_commands_apply(mf_kernel_t *kernel)
{
    for (uint32_t i = 0; i < MF_KERNEL_COMMANDS; i++) {
        uint32_t lock = mf_port_irq_lock();
        if (kernel->command_count == 0) {
            mf_port_irq_unlock(lock);
            return;
        }
        mf_kernel_command_t command = kernel->commands[kernel->command_head];
        kernel->command_head = (uint8_t)((kernel->command_head + 1u) % MF_KERNEL_COMMANDS);
        kernel->command_count--;
        mf_port_irq_unlock(lock);
        kernel->command_ack = command.sequence;
        if (command.code == MF_CMD_SET_MODE) {
            kernel->mode = command.index;
            kernel->mode_reason = MF_REASON_COMMAND;
        } else if (command.code == MF_CMD_SET_PARAM) {
            set_param(kernel, command.index, command.value);
        } else {
            mf_kernel_stats_reset(kernel);
        }
    }
}

void mf_kernel_step_down(mf_kernel_t *kernel, uint8_t reason)
{
    mf_kernel_put_event(kernel, MF_EVENT_STEPPED_DOWN, reason, kernel->mode);
    kernel->mode = MF_MODE_IDLE;
    kernel->mode_reason = reason;
    mf_kernel_rods_off(kernel);
}

void mf_kernel_put_event(mf_kernel_t *kernel, uint16_t id, uint16_t arg0, uint32_t arg1)
{
    uint32_t lock = mf_port_irq_lock();
    if (kernel->event_count == MF_KERNEL_EVENTS) {
        /* The first events of a story explain it: the newest is dropped. */
        kernel->events_lost++;
    } else {
        uint32_t at = (kernel->event_head + kernel->event_count) % MF_KERNEL_EVENTS;
        kernel->events[at] =
            (mf_kernel_event_t){kernel->tick * MF_TICK_PERIOD_MS, id, arg0, arg1};
        kernel->event_count++;
    }
    mf_port_irq_unlock(lock);
}

bool mf_kernel_event(mf_kernel_t *kernel, mf_kernel_event_t *out)
{
    uint32_t lock = mf_port_irq_lock();
    bool any = kernel->event_count != 0;
    if (any) {
        *out = kernel->events[kernel->event_head];
        kernel->event_head = (uint8_t)((kernel->event_head + 1u) % MF_KERNEL_EVENTS);
        kernel->event_count--;
    }
    mf_port_irq_unlock(lock);
    return any;
}

static uint8_t flags(const mf_kernel_t *kernel)
{
    uint32_t set = 0;
    if (kernel->mag_tick != 0 && kernel->tick - kernel->mag_tick <= 2u * MF_CYCLE_TICKS) {
        set |= MF_FLAG_MAG_VALID;
    }
    set |= kernel->imu.fresh ? MF_FLAG_GYRO_VALID : 0u;
    set |= mf_kernel_rods_on(kernel) ? MF_FLAG_COILS_ON : 0u;
    set |= kernel->detumbled ? MF_FLAG_DETUMBLED : 0u;
    set |= kernel->saturated ? MF_FLAG_SATURATED : 0u;
    set |= kernel->mag.failed ? MF_FLAG_MAG_FAILED : 0u;
    set |= kernel->imu.failed ? MF_FLAG_IMU_FAILED : 0u;
    set |= mf_kernel_rods_failed(kernel) ? MF_FLAG_RODS_FAILED : 0u;
    return (uint8_t)set;
}

void mf_kernel_publish(mf_kernel_t *kernel)
{
    mf_report_t report = {
        .tick = kernel->tick,
        .time_ms = kernel->tick * MF_TICK_PERIOD_MS,
        .mode = kernel->mode,
        .mode_reason = kernel->mode_reason,
        .flags = flags(kernel),
        .command_ack = kernel->command_ack,
        .rate_rad_s = kernel->rate_rad_s,
        .mag_errors = kernel->mag.errors,
        .imu_errors = kernel->imu.errors,
        .rod_errors = kernel->rod_errors,
        .late_samples = kernel->late_samples,
    };
    memcpy(report.mag_B_T, kernel->mag_B_T, sizeof(report.mag_B_T));
    memcpy(report.mag_dot_B_T_s, kernel->mag_dot_B_T_s, sizeof(report.mag_dot_B_T_s));
    memcpy(report.omega_BN_B_rad_s, kernel->omega_BN_B_rad_s, sizeof(report.omega_BN_B_rad_s));
    memcpy(report.dipole_B_A_m2, kernel->dipole_B_A_m2, sizeof(report.dipole_B_A_m2));
    kernel->report_sequence++;
    kernel->report = report;
    kernel->report_sequence++;
}

void mf_kernel_report(const mf_kernel_t *kernel, mf_report_t *out)
{
    /* A second try is enough: ticks are far apart. The third is for a reader that was held up. */
    for (int attempt = 0; attempt < 3; attempt++) {
        uint32_t before = kernel->report_sequence;
        *out = kernel->report;
        if ((before & 1u) == 0 && before == kernel->report_sequence) {
            return;
        }
    }
}
