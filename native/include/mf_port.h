/* The seam to the processor: what a port must supply to the kernel and the drivers.
 * Target: boards/obc_f405/port_*.c. Host: native/cffi/host_port.c (no interrupts, virtual time). */
#ifndef MF_PORT_H
#define MF_PORT_H

#include <stdint.h>

/* Time since this processor started [us], monotonic, 64 bit: no wrap in any mission. */
uint64_t mf_port_now_us(void);

/* Mask every interrupt that touches bus queues or kernel state; returns what unlock restores.
 * Held for at most 5 us. Nestable. Host: does nothing. */
uint32_t mf_port_irq_lock(void);
void mf_port_irq_unlock(uint32_t state);

/* Sleep until any interrupt (WFI), also with interrupts masked: then it wakes at one that is
 * pending, and whoever masked lets it run. Host: returns at once. */
void mf_port_wait_for_interrupt(void);

/* Reset the processor; does not return on target. Host: notes the request and returns. */
void mf_port_reset(uint32_t cause);

#endif
