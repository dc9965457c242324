/* Between the loop and Python: commands in, events and reports out. */
#include <string.h>

#include "mf_kernel_state.h"
#include "mf_port.h"

static bool valid(uint8_t command, uint8_t index, float value)
{
    switch (command) {
    case MF_CMD_SET_MODE:
        return index <= MF_MODE_POINTING;
    case MF_CMD_SET_PARAM:
        return mf_kernel_param_valid(index, value);
    case MF_CMD_RESET_STATS:
        return index == 0;
    case MF_CMD_INHIBIT:
        return index < MF_ADCS_SENSORS && (value == 0.0f || value == 1.0f);
    case MF_CMD_CALIBRATE:
        return index >= MF_ADCS_CALIBRATE_START && index <= MF_ADCS_CALIBRATE_FORGET;
    case MF_CMD_SELFTEST:
        return index <= MF_ADCS_SELFTEST_POLARITY;
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
    kernel->commands[at] = (mf_kernel_command_t){command, index, value};
    kernel->command_count++;
    mf_port_irq_unlock(lock);
    return sequence;
}

static int apply(mf_kernel_t *kernel, const mf_kernel_command_t *command)
{
    mf_adcs_params_t *params = &kernel->config.adcs;
    switch (command->code) {
    case MF_CMD_SET_MODE:
        return mf_adcs_command_mode(&kernel->adcs, command->index);
    case MF_CMD_SET_PARAM:
        mf_kernel_param_set(kernel, command->index, command->value);
        return MF_OK;
    case MF_CMD_INHIBIT:
        return mf_adcs_command_inhibit(&kernel->adcs, command->index, command->value == 1.0f);
    case MF_CMD_CALIBRATE:
        return mf_adcs_command_calibrate(&kernel->adcs, params, command->index);
    case MF_CMD_SELFTEST:
        return mf_adcs_command_selftest(&kernel->adcs, params, command->index);
    default:
        mf_kernel_stats_reset(kernel);
        return MF_OK;
    }
}

void mf_kernel_commands_apply(mf_kernel_t *kernel)
{
    /* Everything numbered so far is applied in this tick: nothing comes in between. */
    kernel->command_ack = kernel->command_sequence;
    mf_kernel_upload_apply(kernel);
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
        int status = apply(kernel, &command);
        if (status < 0) {
            kernel->commands_refused++;
            mf_kernel_put_event(kernel, MF_EVENT_COMMAND_REFUSED, (uint16_t)-status,
                                (uint32_t)command.code << 8 | command.index);
        }
    }
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
            (mf_kernel_event_t){kernel->tick * (uint32_t)MF_ADCS_PERIOD_MS, id, arg0, arg1};
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
    const mf_kernel_device_t *sensors = kernel->sensors;
    uint32_t set = 0;
    if (kernel->mag_tick != 0 && kernel->tick - kernel->mag_tick <= 2u * MF_CYCLE_TICKS) {
        set |= MF_FLAG_MAG_VALID;
    }
    set |= kernel->in.gyro.fresh ? MF_FLAG_GYRO_VALID : 0u;
    set |= mf_kernel_rods_on(kernel) ? MF_FLAG_COILS_ON : 0u;
    set |= (kernel->out.flags & MF_ADCS_DETUMBLED) != 0 ? MF_FLAG_DETUMBLED : 0u;
    set |= (kernel->out.flags & MF_ADCS_SATURATED) != 0 ? MF_FLAG_SATURATED : 0u;
    if (sensors[MF_DEVICE_MAG_1].failed &&
        mf_kernel_device_state(kernel, MF_DEVICE_MAG_2) != MF_DEVICE_WORKING) {
        set |= MF_FLAG_MAG_FAILED;
    }
    set |= sensors[MF_DEVICE_GYRO].failed ? MF_FLAG_IMU_FAILED : 0u;
    set |= mf_kernel_rods_working(kernel) == 0 ? MF_FLAG_RODS_FAILED : 0u;
    return (uint8_t)set;
}

static void copy3(float to[3], const float from[3])
{
    for (int i = 0; i < 3; i++) {
        to[i] = from[i];
    }
}

void mf_kernel_publish(mf_kernel_t *kernel)
{
    const mf_kernel_device_t *sensors = kernel->sensors;
    mf_report_t report = {
        .tick = kernel->tick,
        .time_ms = kernel->tick * (uint32_t)MF_ADCS_PERIOD_MS,
        .mode = kernel->out.mode,
        .mode_reason = kernel->out.reason,
        .flags = flags(kernel),
        .command_ack = kernel->command_ack,
        .rate_rad_s = mf_adcs_rate_rad_s(&kernel->adcs),
        .mag_errors = sensors[MF_DEVICE_MAG_1].errors,
        .imu_errors = sensors[MF_DEVICE_GYRO].errors,
        .rod_errors = (uint16_t)(kernel->rods[0].errors + kernel->rods[1].errors +
                                 kernel->rods[2].errors),
        .late_samples = kernel->late_samples,
    };
    copy3(report.mag_B_T, kernel->adcs.mag_B_T);
    copy3(report.mag_dot_B_T_s, kernel->adcs.mag_dot_B_T_s);
    copy3(report.omega_BN_B_rad_s, kernel->adcs.gyro_B_rad_s);
    mf_kernel_rods_dipole(kernel, report.dipole_B_A_m2);
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

void mf_kernel_attitude(const mf_kernel_t *kernel, mf_adcs_report_t *out)
{
    for (int attempt = 0; attempt < 3; attempt++) {
        uint32_t before = kernel->report_sequence;
        *out = kernel->out.report;
        if ((before & 1u) == 0 && before == kernel->report_sequence) {
            return;
        }
    }
}

void mf_kernel_devices(const mf_kernel_t *kernel, mf_kernel_devices_t *out)
{
    *out = (mf_kernel_devices_t){
        .tick = kernel->tick,
        .upload_status = kernel->upload_status,
        .uploads_taken = kernel->uploads_taken,
        .uploads_refused = kernel->uploads_refused,
        .commands_refused = kernel->commands_refused,
        .gnss_messages = kernel->ubx.messages,
        .gnss_broken = kernel->ubx.broken,
    };
    for (int i = 0; i < MF_DEVICES; i++) {
        out->state[i] = mf_kernel_device_state(kernel, i);
        if (i >= MF_DEVICE_ROD_0) {
            out->errors[i] = kernel->rods[i - MF_DEVICE_ROD_0].errors;
        } else if (i >= MF_DEVICE_WHEEL_0) {
            out->errors[i] = kernel->wheel_reads[i - MF_DEVICE_WHEEL_0].errors;
        } else {
            out->errors[i] = kernel->sensors[i].errors;
        }
    }
}
