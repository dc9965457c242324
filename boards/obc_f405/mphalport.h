/* What MicroPython asks of this port. */
#ifndef MPHALPORT_H
#define MPHALPORT_H

#include <stdint.h>

#include "port.h"

static inline mp_uint_t mp_hal_ticks_ms(void)
{
    return (mp_uint_t)port_now_ms();
}

static inline mp_uint_t mp_hal_ticks_us(void)
{
    return (mp_uint_t)mf_port_now_us();
}

static inline mp_uint_t mp_hal_ticks_cpu(void)
{
    return port_cycles();
}

void mp_hal_delay_ms(mp_uint_t ms);
void mp_hal_delay_us(mp_uint_t us);

static inline void mp_hal_set_interrupt_char(int c)
{
    (void)c;
}

#define MICROPY_BEGIN_ATOMIC_SECTION() mf_port_irq_lock()
#define MICROPY_END_ATOMIC_SECTION(state) mf_port_irq_unlock(state)

#endif
