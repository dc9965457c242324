/* Events about what the loop does by itself: what differs from what was told last. */
#include "mf_kernel_state.h"

#define WHEELS_UNTOLD 0xFFu
#define WHEELS_TICKS 10u
#define INPUT_TICKS 600u

/* Devices behind the sensors as the loop judges them; of the coarse ones the first converter. */
static const uint8_t devices[MF_ADCS_SENSORS] = {
    [MF_ADCS_MAG_1] = MF_DEVICE_MAG_1,  [MF_ADCS_MAG_2] = MF_DEVICE_MAG_2,
    [MF_ADCS_GYRO] = MF_DEVICE_GYRO,    [MF_ADCS_FSS] = MF_DEVICE_FSS,
    [MF_ADCS_COARSE] = MF_DEVICE_ADC_1, [MF_ADCS_TRACKER] = MF_DEVICE_TRACKER,
    [MF_ADCS_GNSS] = MF_DEVICE_GNSS,
};

/* Sensors that have given a sample in this tick. */
static uint32_t sampling(const mf_adcs_in_t *in)
{
    return (uint32_t)in->mag[0].fresh << MF_ADCS_MAG_1 |
           (uint32_t)in->mag[1].fresh << MF_ADCS_MAG_2 |
           (uint32_t)in->gyro.fresh << MF_ADCS_GYRO | (uint32_t)in->fss.fresh << MF_ADCS_FSS |
           (uint32_t)in->css_fresh << MF_ADCS_COARSE |
           (uint32_t)in->tracker_fresh << MF_ADCS_TRACKER |
           (uint32_t)in->gnss_fresh << MF_ADCS_GNSS;
}

/* To the loop a part that has never measured is silent: absent, or searching still. One that fails
 * on its bus has an event of its own. Inhibiting is a command. */
static bool worth_telling(const mf_kernel_t *kernel, int sensor, uint8_t fault)
{
    if (fault == MF_ADCS_FAULT_SILENT) {
        return ((uint32_t)kernel->measured >> sensor & 1u) != 0 &&
               mf_kernel_device_state(kernel, devices[sensor]) == MF_DEVICE_WORKING;
    }
    return fault != MF_ADCS_FAULT_NONE && fault != MF_ADCS_FAULT_INHIBITED;
}

static void watch_sensors(mf_kernel_t *kernel)
{
    kernel->measured = (uint8_t)(kernel->measured | sampling(&kernel->in));
    for (int i = 0; i < MF_ADCS_SENSORS; i++) {
        uint8_t fault = kernel->out.report.fault[i];
        uint32_t bit = 1u << i;
        bool told = (kernel->told_excluded & bit) != 0;
        /* Silence that was not worth telling when it began is not worth it later. */
        bool quiet = (kernel->quiet_excluded & bit) != 0 && fault == MF_ADCS_FAULT_SILENT;
        if (fault == MF_ADCS_FAULT_NONE) {
            kernel->told_excluded = (uint8_t)(kernel->told_excluded & ~bit);
            kernel->quiet_excluded = (uint8_t)(kernel->quiet_excluded & ~bit);
            if (told) {
                mf_kernel_put_event(kernel, MF_EVENT_SENSOR_READMITTED, 0, (uint32_t)i);
            }
        } else if (!told && !quiet && worth_telling(kernel, i, fault)) {
            kernel->told_excluded = (uint8_t)(kernel->told_excluded | bit);
            mf_kernel_put_event(kernel, MF_EVENT_SENSOR_EXCLUDED, fault, (uint32_t)i);
        } else if (!told) {
            kernel->quiet_excluded = (uint8_t)(kernel->quiet_excluded | bit);
        }
    }
}

/* Wheels taken out of pointing and into it, for longer than a lost sample; the first set in pointing
 * is no change. */
static void watch_wheels(mf_kernel_t *kernel)
{
    uint8_t used = kernel->out.report.wheels_used;
    if (kernel->out.mode != MF_ADCS_POINTING) {
        kernel->told_wheels = WHEELS_UNTOLD;
    } else if (kernel->told_wheels == WHEELS_UNTOLD) {
        kernel->told_wheels = used;
        kernel->wheels_ticks = 0;
    } else if (used == kernel->told_wheels) {
        kernel->wheels_ticks = 0;
    } else if (++kernel->wheels_ticks >= WHEELS_TICKS) {
        mf_kernel_put_event(kernel, MF_EVENT_WHEELS_CHANGED, kernel->told_wheels, used);
        kernel->told_wheels = used;
        kernel->wheels_ticks = 0;
    }
}

/* Once a minute at most: bad input can come with every tick. */
static void watch_input(mf_kernel_t *kernel)
{
    const mf_adcs_report_t *report = &kernel->out.report;
    if (kernel->told_bad_inputs != report->bad_inputs &&
        (kernel->input_tick == 0 || kernel->tick - kernel->input_tick >= INPUT_TICKS)) {
        kernel->told_bad_inputs = report->bad_inputs;
        kernel->input_tick = kernel->tick;
        mf_kernel_put_event(kernel, MF_EVENT_INPUT_REFUSED, 0, report->bad_inputs);
    }
}

static void watch_selftest(mf_kernel_t *kernel)
{
    const mf_adcs_report_t *report = &kernel->out.report;
    bool ended = kernel->told_selftest == MF_ADCS_SELFTEST_RUNNING &&
                 report->selftest != MF_ADCS_SELFTEST_RUNNING;
    kernel->told_selftest = report->selftest;
    if (!ended) {
        return;
    }
    uint32_t verdicts = 0;
    uint16_t result = report->selftest == MF_ADCS_SELFTEST_ENDED ? 0 : 2;
    for (int i = 0; i < MF_ADCS_ACTUATORS; i++) {
        verdicts |= (uint32_t)report->polarity[i] << (4 * i);
        if (report->polarity[i] > MF_POLARITY_RIGHT && result == 0) {
            result = 1;
        }
    }
    mf_kernel_put_event(kernel, MF_EVENT_SELFTEST_ENDED, result, verdicts);
}

static bool changed(uint16_t *told, uint16_t count)
{
    bool differs = *told != count;
    *told = count;
    return differs;
}

void mf_kernel_watch(mf_kernel_t *kernel)
{
    const mf_adcs_report_t *report = &kernel->out.report;
    if (changed(&kernel->told_step_downs, report->step_downs)) {
        mf_kernel_put_event(kernel, MF_EVENT_STEPPED_DOWN, report->reason, report->mode);
    }
    watch_sensors(kernel);
    bool attitude = (report->flags & MF_ADCS_ATTITUDE_VALID) != 0;
    if (attitude && !kernel->told_attitude) {
        mf_kernel_put_event(kernel, MF_EVENT_ATTITUDE_FOUND, 0, 0);
    } else if (!attitude && kernel->told_attitude) {
        kernel->attitude_losses++;
        mf_kernel_put_event(kernel, MF_EVENT_ATTITUDE_LOST, 0, kernel->attitude_losses);
    }
    kernel->told_attitude = attitude;
    if (changed(&kernel->told_jumps, report->time_jumps)) {
        mf_kernel_put_event(kernel, MF_EVENT_TIME_JUMPED, 0, report->time_jumps);
    }
    watch_input(kernel);
    watch_wheels(kernel);
    watch_selftest(kernel);
}
