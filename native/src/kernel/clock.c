/* Mission time: set by Python's time service, kept where a restart of Python does not reach. */
#include "mf_kernel_state.h"
#include "mf_port.h"

#define TICKS_WRAP 0x40000000u /* of Python's millisecond ticks */
#define FRACTION_MAX 65535u

/* Mission time of the moment `at_ms`, not before time_at_ms. */
static mf_time_t time_of(const mf_kernel_t *kernel, uint64_t at_ms)
{
    uint64_t passed_ms = at_ms - kernel->time_at_ms;
    uint64_t fraction = kernel->time_at.fraction + passed_ms % 1000u * 65536u / 1000u;
    return (mf_time_t){
        .seconds = kernel->time_at.seconds + (uint32_t)(passed_ms / 1000u + fraction / 65536u),
        .fraction = (uint16_t)(fraction % 65536u),
    };
}

int mf_kernel_set_time(mf_kernel_t *kernel, uint64_t now_us, uint32_t tick_ms, uint32_t seconds,
                       uint32_t fraction, bool trusted)
{
    if (tick_ms >= TICKS_WRAP || fraction > FRACTION_MAX) {
        return MF_E_INVAL;
    }
    uint64_t now_ms = now_us / 1000u;
    uint32_t ago_ms = ((uint32_t)now_ms - tick_ms) % TICKS_WRAP;
    /* A tick ahead of now, or before the start, is none of this run. */
    if (ago_ms >= TICKS_WRAP / 2u || ago_ms > now_ms) {
        return MF_E_INVAL;
    }
    uint32_t lock = mf_port_irq_lock();
    kernel->time_at_ms = now_ms - ago_ms;
    kernel->time_at = (mf_time_t){.seconds = seconds, .fraction = (uint16_t)fraction};
    kernel->time_known = trusted ? MF_TIME_TRUSTED : MF_TIME_DOUBTED;
    mf_port_irq_unlock(lock);
    return MF_OK;
}

void mf_kernel_time_of_tick(mf_kernel_t *kernel)
{
    kernel->tick_time_known = kernel->tick_ms >= kernel->time_at_ms ? kernel->time_known : 0;
    /* The loop shall not take an orbit or a field of another day for this one's. */
    kernel->in.mission_known = kernel->tick_time_known == MF_TIME_TRUSTED;
    kernel->in.mission = (mf_time_t){0, 0};
    if (kernel->tick_time_known != 0) {
        kernel->in.mission = time_of(kernel, kernel->tick_ms);
    }
}

void mf_kernel_time(const mf_kernel_t *kernel, mf_kernel_time_t *out)
{
    /* As the tick has it: 64-bit divisions take too long under a mask. */
    *out = (mf_kernel_time_t){
        .tick_ms = (uint32_t)kernel->tick_ms % TICKS_WRAP,
        .seconds = kernel->in.mission.seconds,
        .fraction = kernel->in.mission.fraction,
        .known = kernel->tick_time_known,
    };
}
