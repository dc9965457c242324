/* Seam between drivers under test and a peripheral model: register accesses and the processor are
 * callbacks of the host. Weak: what brings its own processor (boot_bus.c) is tested with that. */
#include <stdint.h>

#include "mf_bus.h"
#include "mf_mmio.h"
#include "mf_port.h"

uint32_t (*shim_read)(uintptr_t address);
void (*shim_write)(uintptr_t address, uint32_t value);
uint64_t (*shim_now_us)(void);
void (*shim_wait)(void);
uint32_t shim_locked;

uint32_t mf_mmio_model_read(uintptr_t address)
{
    return shim_read(address);
}

void mf_mmio_model_write(uintptr_t address, uint32_t value)
{
    shim_write(address, value);
}

__attribute__((weak)) uint64_t mf_port_now_us(void)
{
    return shim_now_us();
}

__attribute__((weak)) uint32_t mf_port_irq_lock(void)
{
    return shim_locked++;
}

__attribute__((weak)) void mf_port_irq_unlock(uint32_t state)
{
    shim_locked = state;
}

__attribute__((weak)) void mf_port_wait_for_interrupt(void)
{
    shim_wait();
}
