/* Processor faults: leave a crash record, then restart what can be restarted.
 *
 * A fault in thread mode is a fault of the VM: the kernel goes on, the VM starts afresh. A fault
 * in a handler is a fault of the kernel: reset. */
#include "mf_survival.h"
#include "port.h"

#define RAM_START 0x20000000u
#define RAM_END 0x20020000u
#define CFSR_STACKING ((1u << 4) | (1u << 12)) /* MSTKERR, STKERR: the frame is not there */
#define CFSR_LAZY_FP ((1u << 5) | (1u << 13))
#define CFSR_MMARVALID (1u << 7)
#define CFSR_BFARVALID (1u << 15)
#define EXC_RETURN_THREAD (1u << 3)

void Fault_Handler(void);
const uint32_t *port_fault(const uint32_t *frame, uint32_t exc_return);

/* Returns through a frame made by port_fault(), in thread mode on PSP, without FP context. */
__attribute__((naked)) void Fault_Handler(void)
{
    __asm volatile("tst lr, #4\n\t"
                   "ite eq\n\t"
                   "mrseq r0, msp\n\t"
                   "mrsne r0, psp\n\t"
                   "mov r1, lr\n\t"
                   "bl port_fault\n\t"
                   "msr psp, r0\n\t"
                   "mvn lr, #2\n\t" /* 0xFFFFFFFD */
                   "cpsie i\n\t"
                   "bx lr\n\t");
}

const uint32_t *port_fault(const uint32_t *frame, uint32_t exc_return)
{
    uint32_t ipsr;
    __asm volatile("mrs %0, ipsr" : "=r"(ipsr));
    const uint32_t cfsr = SCB_CFSR;
    const bool in_thread = (exc_return & EXC_RETURN_THREAD) != 0u;
    port_crash_t crash = {
        .kind = in_thread ? PORT_CRASH_FAULT_VM : PORT_CRASH_FAULT,
        .exception = (uint8_t)ipsr,
        .cfsr = cfsr,
    };
    if (cfsr & CFSR_MMARVALID) {
        crash.address = SCB_MMFAR;
    } else if (cfsr & CFSR_BFARVALID) {
        crash.address = SCB_BFAR;
    }
    const uintptr_t at = (uintptr_t)frame;
    if (!(cfsr & CFSR_STACKING) && at >= RAM_START && at + 32u <= RAM_END) {
        crash.lr = frame[5];
        crash.pc = frame[6];
    }
    port_record_crash(&crash);
    SCB_CFSR = cfsr;
    SCB_HFSR = SCB_HFSR;
    if (!in_thread) {
        port_reset(PORT_RESET_FAULT);
    }
    (void)port_guard_open(); /* port_vm_thread() closes it */
    return port_vm_stop(MF_SURVIVAL_FAULT);
}
