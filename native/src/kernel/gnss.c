/* GNSS receiver: bytes of its UART twice a measuring cycle, whole messages to fixes. */
#include <stddef.h>

#include "mf_kernel_state.h"

/* Well before phases 3 to 5, in which the loop renews its references. */
#define PHASE_FIRST 1u
#define PHASE_SECOND 6u
/* The receiver sends once a second, with a fix or without. */
#define SILENT_TICKS 50u
/* Between two readings, and the receiver's own time from fix to message: what a fix without a date
 * is taken to be old. */
#define AGE_UNKNOWN_MS 350u
#define AGE_MAX_MS 10000
#define TICKS_MASK 0x3FFFFFFFu /* Python's millisecond ticks wrap at 2^30 */

void mf_kernel_gnss_queue(mf_kernel_t *kernel, uint32_t tick)
{
    mf_kernel_device_t *device = &kernel->sensors[MF_DEVICE_GNSS];
    uint32_t phase = tick % MF_CYCLE_TICKS;
    if (kernel->gnss_bus == NULL || (phase != PHASE_FIRST && phase != PHASE_SECOND) ||
        (!device->answered && (int32_t)(tick - device->retry_tick) < 0)) {
        return;
    }
    mf_xfer_t *xfer = &device->io.xfer;
    xfer->op = MF_OP_UART_READ;
    xfer->tx_len = 0;
    xfer->rx = kernel->gnss_bytes;
    xfer->rx_len = MF_KERNEL_GNSS_READ;
    device->pending = mf_bus_submit(kernel->gnss_bus, xfer) == MF_OK;
}

/* Age at this tick by the date of the fix; mission time may be a little off either way. */
static uint16_t age_ms(const mf_kernel_t *kernel, const mf_ubx_fix_t *fix)
{
    mf_time_t at;
    if (fix->time_valid && kernel->in.mission_known &&
        mf_time_from_day(&fix->utc, &kernel->config.adcs.time, MF_TIME_UTC, &at) == MF_OK) {
        int64_t age = mf_time_between(&at, &kernel->in.mission) * 1000 / MF_TIME_TICKS_PER_S;
        if (age >= 0 && age < AGE_MAX_MS) {
            return (uint16_t)age;
        }
        if (age < 0 && age > -(int64_t)AGE_UNKNOWN_MS) {
            return 0;
        }
    }
    return AGE_UNKNOWN_MS;
}

/* For the time service of Python, which judges and sets. */
static void keep_time(mf_kernel_t *kernel, const mf_ubx_fix_t *fix)
{
    mf_time_t at;
    if (fix->time_valid &&
        mf_time_from_day(&fix->utc, &kernel->config.adcs.time, MF_TIME_UTC, &at) == MF_OK) {
        kernel->gnss_time = (mf_kernel_time_t){
            .tick_ms = (uint32_t)kernel->tick_ms & TICKS_MASK,
            .seconds = at.seconds,
            .fraction = at.fraction,
            .known = MF_TIME_TRUSTED,
            .count = (uint8_t)(kernel->gnss_time.count + 1u),
        };
    }
}

static void take_message(mf_kernel_t *kernel, uint32_t tick)
{
    mf_adcs_in_t *in = &kernel->in;
    mf_ubx_fix_t fix;
    kernel->gnss_tick = tick;
    mf_kernel_device_good(kernel, MF_DEVICE_GNSS);
    if (mf_ubx_fix(&kernel->ubx, &fix) != MF_OK) {
        return; /* searching, or no numbers of an orbit */
    }
    for (int i = 0; i < 3; i++) {
        in->gnss_r_E_m[i] = fix.r_E_m[i];
        in->gnss_v_E_m_s[i] = fix.v_E_m_s[i];
    }
    in->gnss_age_ms = age_ms(kernel, &fix);
    in->gnss_fresh = true;
    keep_time(kernel, &fix);
}

void mf_kernel_gnss_time(const mf_kernel_t *kernel, mf_kernel_time_t *out)
{
    *out = kernel->gnss_time;
}

void mf_kernel_gnss_take(mf_kernel_t *kernel, uint32_t tick)
{
    mf_kernel_device_t *device = &kernel->sensors[MF_DEVICE_GNSS];
    kernel->in.gnss_fresh = false;
    if (!device->pending) {
        return;
    }
    device->pending = false;
    int count = device->io.xfer.status;
    for (int i = 0; i < count; i++) {
        if (mf_ubx_push(&kernel->ubx, kernel->gnss_bytes[i])) {
            take_message(kernel, tick);
        }
    }
    if (count < 0 || tick - kernel->gnss_tick > SILENT_TICKS) {
        mf_kernel_device_failed(kernel, MF_DEVICE_GNSS, count < 0 ? count : MF_E_TIMEOUT);
    } else if (count > 0) {
        device->answered = true;
    }
}
