/* The memory protection unit: kernel RAM can be read everywhere and written to only inside the
 * kernel, that is in interrupt handlers, and in the thread between port_guard_open() and
 * port_guard_restore(). Below the VM stack lies a gap that faults.
 *
 * Everything runs privileged: what is kept off is not malice but a broken pointer of Python's. So
 * the guard is one region, read-only for all (ARMv7-M B3.5), that is switched off inside. Its first
 * subregion is the handler stack, which exception entry writes to before any handler can act; when
 * the thread runs, nothing lives there. */
#include "mf_native.h"
#include "port.h"

#define REGION_STACK 0u
#define REGION_KERNEL 1u
#define ENABLE 1u
#define SIZE_256_B (7u << 1)
#define SIZE_32_KB (14u << 1)
#define NOT_SUBREGIONS_0_5_6_7 (0xE1u << 8)
#define NORMAL_SHARED ((1u << 18) | (1u << 17)) /* internal RAM: write-through, shareable */
#define READ_ONLY (6u << 24)
#define NO_EXECUTE (1u << 28)
#define GUARD (NO_EXECUTE | READ_ONLY | NORMAL_SHARED | NOT_SUBREGIONS_0_5_6_7 | SIZE_32_KB)
#define CTRL_PRIVDEFENA (1u << 2)

/* From link/image.ld. */
extern uint32_t vm_guard[], kernel_start[];

void port_guard_start(void)
{
    MPU_CTRL = 0;
    MPU_RNR = REGION_STACK;
    MPU_RBAR = (uint32_t)vm_guard;
    MPU_RASR = NO_EXECUTE | SIZE_256_B | ENABLE; /* AP 0: no access */
    MPU_RNR = REGION_KERNEL; /* and stays selected */
    MPU_RBAR = (uint32_t)kernel_start;
    MPU_RASR = GUARD; /* open until the VM starts */
    MPU_CTRL = CTRL_PRIVDEFENA | ENABLE;
    __asm volatile("dsb\n\tisb" ::: "memory");
}

uint32_t port_guard_open(void)
{
    const uint32_t before = MPU_RASR;
    if ((before & ENABLE) != 0) {
        MPU_RASR = GUARD;
        __asm volatile("dsb\n\tisb" ::: "memory");
    }
    return before;
}

void port_guard_restore(uint32_t before)
{
    if ((before & ENABLE) != 0) {
        __asm volatile("dsb" ::: "memory");
        MPU_RASR = before;
        __asm volatile("dsb\n\tisb" ::: "memory");
    }
}

void port_guard_close(void)
{
    port_guard_restore(GUARD | ENABLE);
}

uint32_t mf_native_enter(void)
{
    return port_guard_open();
}

void mf_native_leave(uint32_t outside)
{
    port_guard_restore(outside);
}
