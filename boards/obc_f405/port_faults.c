/* Processor faults: leave a crash record, then restart what can be restarted.
 *
 * A fault in thread mode is a fault of the VM: the kernel goes on, the VM starts afresh; unless the
 * thread is survival's, which then asks for a reset (mf_survival_enter). A fault in a handler is a
 * fault of the kernel: reset. */
#include "mf_survival.h"
#include "port.h"

#define RAM_START 0x20000000u
#define RAM_END 0x20020000u
#define CFSR_STACKING ((1u << 4) | (1u << 12)) /* MSTKERR, STKERR: the frame is not there */
#define CFSR_LAZY_FP ((1u << 5) | (1u << 13))
#define CFSR_MMARVALID (1u << 7)
#define CFSR_BFARVALID (1u << 15)
#define EXC_RETURN_THREAD (1u << 3)
#define EXC_RETURN_BASIC (1u << 4) /* no floating-point registers in the frame */
#define FRAME_WORDS 8u
#define FRAME_FP_WORDS 26u
#define XPSR_ALIGNED (1u << 9) /* a word of padding above the frame */

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

/* Registers of the code that failed, and what lies on its stack. */
static void take_frame(port_crash_t *crash, const uint32_t *frame, uint32_t exc_return)
{
    const uint32_t xpsr = frame[7];
    for (uint32_t i = 0; i <= PORT_CRASH_R12; i++) {
        crash->registers[i] = frame[i];
    }
    crash->registers[PORT_CRASH_XPSR] = xpsr;
    crash->lr = frame[5];
    crash->pc = frame[6];
    const uint32_t *sp =
        frame + ((exc_return & EXC_RETURN_BASIC) != 0u ? FRAME_WORDS : FRAME_FP_WORDS) +
        ((xpsr & XPSR_ALIGNED) != 0u ? 1u : 0u);
    crash->registers[PORT_CRASH_SP] = (uint32_t)(uintptr_t)sp;
    for (uint32_t i = 0; i < sizeof(crash->stack) / sizeof(crash->stack[0]) && (uintptr_t)&sp[i + 1u] <= RAM_END; i++) {
        crash->stack[i] = sp[i];
    }
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
        .registers[PORT_CRASH_HFSR] = SCB_HFSR,
        .registers[PORT_CRASH_MMFAR] = SCB_MMFAR,
        .registers[PORT_CRASH_BFAR] = SCB_BFAR,
    };
    if (cfsr & CFSR_MMARVALID) {
        crash.address = SCB_MMFAR;
    } else if (cfsr & CFSR_BFARVALID) {
        crash.address = SCB_BFAR;
    }
    const uintptr_t at = (uintptr_t)frame;
    if (!(cfsr & CFSR_STACKING) && at >= RAM_START && at + 4u * FRAME_WORDS <= RAM_END) {
        take_frame(&crash, frame, exc_return);
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
