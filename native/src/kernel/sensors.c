/* Sampling for the loop: which sensor in which phase of the measuring cycle, and what came back.
 *
 *   gyro             every tick
 *   magnetometers    for the last phase and phase 0, coils quiet; in a self-test for every tick
 *   fine sun sensor  for phases 0 and 5; star tracker: every tick
 *   coarse sensors   conversions are started and read over phases 2 to 5, inputs 0..2 of both
 *                    converters: all six stand at phase 5 */
#include <stddef.h>

#include "mf_kernel_state.h"

/* A sample is as old at its tick as the lead of sampling. */
#define AGE_MS (MF_ADCS_PERIOD_MS / 4u)
#define PHASE_CSS_FIRST 2u
#define PHASE_CSS_LAST 5u
#define PHASE_SUN 5u
#define CSS_PER_ADC 3u
#define ALL_INPUTS 0x07u
/* As many samples in a row that agree in every bit of three axes: the part repeats an old one. At
 * rest the field turns by one LSB of the AK09916 in 3 s and its noise is of that size, so three
 * axes agree by chance once in some ten samples; the gyro's noise is several LSB per axis. */
#define STUCK_SAMPLES 20u

static void queue_adc(mf_kernel_t *kernel, int which, uint32_t tick)
{
    uint32_t phase = tick % MF_CYCLE_TICKS;
    int number = MF_DEVICE_ADC_1 + which;
    mf_kernel_device_t *device = &kernel->sensors[number];
    mf_sensor_io_t *start = &kernel->adc_starts[which];
    uint8_t started = kernel->adc_started[which];
    kernel->adc_started[which] = MF_KERNEL_NO_INPUT;
    if (phase < PHASE_CSS_FIRST || phase > PHASE_CSS_LAST ||
        mf_kernel_device_initialise(kernel, number, tick)) {
        return;
    }
    if (phase == PHASE_CSS_FIRST) {
        kernel->adc_good[which] = 0;
    } else if (started != MF_KERNEL_NO_INPUT) {
        kernel->adc_input[which] = started;
        if (start->xfer.status < 0) {
            mf_kernel_device_failed(kernel, number, start->xfer.status);
        } else {
            mf_ads1115_fill_read(&device->io);
            mf_kernel_device_submit(kernel, device);
        }
    }
    if (phase < PHASE_CSS_LAST) {
        uint8_t input = (uint8_t)(phase - PHASE_CSS_FIRST);
        mf_ads1115_fill_start(start, input);
        if (mf_bus_submit(kernel->bus, &start->xfer) == MF_OK) {
            kernel->adc_started[which] = input;
        }
    }
}

static void queue(mf_kernel_t *kernel, int number, uint32_t tick, bool wanted)
{
    static const mf_sensor_part_t *const parts[] = {&mf_ak09916, &mf_mmc5983ma, &mf_lsm6dso,
                                                    &mf_fss};
    if (mf_kernel_device_initialise(kernel, number, tick) || !wanted) {
        return;
    }
    mf_kernel_device_t *device = &kernel->sensors[number];
    if (number == MF_DEVICE_TRACKER) {
        mf_star_tracker_read_fill(&device->io);
    } else {
        parts[number]->read_fill(&device->io);
    }
    mf_kernel_device_submit(kernel, device);
}

void mf_kernel_sensors_queue(mf_kernel_t *kernel, uint32_t tick)
{
    kernel->hung = kernel->bus->head;
    if (kernel->hung != NULL) {
        /* Writes of the last tick should have ended long ago: the bus hangs. */
        mf_bus_seize(kernel->bus);
    }
    mf_kernel_rods_take(kernel);
    uint32_t phase = tick % MF_CYCLE_TICKS;
    bool field = (phase == 0 || phase == MF_CYCLE_TICKS - 1u) && mf_kernel_rods_quiet(kernel, tick);
    field = field || kernel->out.report.selftest == MF_ADCS_SELFTEST_RUNNING;
    queue(kernel, MF_DEVICE_MAG_1, tick, field);
    queue(kernel, MF_DEVICE_MAG_2, tick, field);
    queue(kernel, MF_DEVICE_GYRO, tick, true);
    queue(kernel, MF_DEVICE_FSS, tick, phase == 0 || phase == PHASE_SUN);
    queue(kernel, MF_DEVICE_TRACKER, tick, true);
    queue_adc(kernel, 0, tick);
    queue_adc(kernel, 1, tick);
}

/* Count repetitions of the last sample; MF_E_RANGE once there are too many. */
static int watch_stuck(mf_kernel_stuck_t *stuck, const float value_S[3])
{
    bool same = true;
    for (int i = 0; i < 3; i++) {
        same = same && value_S[i] == stuck->last_S[i];
        stuck->last_S[i] = value_S[i];
    }
    if (!same) {
        stuck->repeats = 0;
    } else if (stuck->repeats < STUCK_SAMPLES) {
        stuck->repeats++;
    }
    return stuck->repeats < STUCK_SAMPLES ? MF_OK : MF_E_RANGE;
}

static void take(mf_kernel_t *kernel, int number, const mf_sensor_part_t *part,
                 mf_kernel_stuck_t *stuck, mf_adcs_sample_t *sample)
{
    sample->fresh = false;
    if (!mf_kernel_device_ready(kernel, number)) {
        return;
    }
    mf_kernel_device_t *device = &kernel->sensors[number];
    int status = part->convert(&device->io, sample->value_S);
    if (status >= 0 && stuck != NULL) {
        int repeated = watch_stuck(stuck, sample->value_S);
        status = repeated < 0 ? repeated : status;
    }
    if (status < 0) {
        mf_kernel_device_failed(kernel, number, status);
        return;
    }
    mf_kernel_device_good(kernel, number);
    sample->fresh = true;
    sample->dark = status == MF_SENSOR_DARK;
    sample->age_ms = AGE_MS;
}

static void take_tracker(mf_kernel_t *kernel)
{
    kernel->in.tracker_fresh = false;
    if (!mf_kernel_device_ready(kernel, MF_DEVICE_TRACKER)) {
        return;
    }
    mf_star_tracker_sample_t sample;
    mf_kernel_device_t *device = &kernel->sensors[MF_DEVICE_TRACKER];
    int status = mf_star_tracker_convert(&device->io, &sample);
    if (status == MF_E_RANGE) {
        mf_kernel_device_failed(kernel, MF_DEVICE_TRACKER, status);
        return;
    }
    mf_kernel_device_good(kernel, MF_DEVICE_TRACKER);
    if (status != MF_OK) {
        return; /* nothing to be seen, or nothing new */
    }
    kernel->in.tracker_fresh = true;
    for (int i = 0; i < 4; i++) {
        kernel->in.q_SN_tracker[i] = sample.q_SN[i];
    }
    uint32_t age_ms = sample.age_us / 1000u + AGE_MS;
    kernel->in.tracker_age_ms = (uint16_t)(age_ms < UINT16_MAX ? age_ms : UINT16_MAX);
}

static void take_adc(mf_kernel_t *kernel, int which)
{
    int number = MF_DEVICE_ADC_1 + which;
    if (!mf_kernel_device_ready(kernel, number)) {
        return;
    }
    uint32_t input = kernel->adc_input[which];
    float volts;
    int status = mf_ads1115_convert(&kernel->sensors[number].io, &volts);
    if (status < 0) {
        mf_kernel_device_failed(kernel, number, status);
        return;
    }
    mf_kernel_device_good(kernel, number);
    kernel->in.css_V[CSS_PER_ADC * (uint32_t)which + input] = volts;
    kernel->adc_good[which] = (uint8_t)(kernel->adc_good[which] | 1u << input);
}

void mf_kernel_sensors_take(mf_kernel_t *kernel, uint32_t tick)
{
    mf_adcs_in_t *in = &kernel->in;
    take(kernel, MF_DEVICE_MAG_1, &mf_ak09916, &kernel->mag_stuck, &in->mag[0]);
    take(kernel, MF_DEVICE_MAG_2, &mf_mmc5983ma, NULL, &in->mag[1]);
    take(kernel, MF_DEVICE_GYRO, &mf_lsm6dso, &kernel->gyro_stuck, &in->gyro);
    take(kernel, MF_DEVICE_FSS, &mf_fss, NULL, &in->fss);
    take_tracker(kernel);
    take_adc(kernel, 0);
    take_adc(kernel, 1);
    in->css_fresh = tick % MF_CYCLE_TICKS == PHASE_CSS_LAST && kernel->adc_good[0] == ALL_INPUTS &&
                    kernel->adc_good[1] == ALL_INPUTS;
    if (in->mag[0].fresh || in->mag[1].fresh) {
        kernel->mag_tick = tick;
    }
}
