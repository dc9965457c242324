/* Peripheral registers: 32-bit accesses only, one function each way.
 *
 * Built with MF_MMIO_MODEL (host tests) every access goes to a model of the peripheral instead,
 * in program order, so that wrong sequences are seen. */
#ifndef MF_MMIO_H
#define MF_MMIO_H

#include <stdint.h>

#ifdef MF_MMIO_MODEL

uint32_t mf_mmio_model_read(uintptr_t address);
void mf_mmio_model_write(uintptr_t address, uint32_t value);

static inline uint32_t mf_mmio_read(uintptr_t address)
{
    return mf_mmio_model_read(address);
}

static inline void mf_mmio_write(uintptr_t address, uint32_t value)
{
    mf_mmio_model_write(address, value);
}

#else

static inline uint32_t mf_mmio_read(uintptr_t address)
{
    return *(volatile uint32_t *)address;
}

static inline void mf_mmio_write(uintptr_t address, uint32_t value)
{
    *(volatile uint32_t *)address = value;
}

#endif

/* Read-modify-write; not atomic, so never on a register that an interrupt also changes. */
static inline void mf_mmio_update(uintptr_t address, uint32_t clear, uint32_t set)
{
    mf_mmio_write(address, (mf_mmio_read(address) & ~clear) | set);
}

#endif
