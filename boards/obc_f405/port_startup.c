/* Reset entry, vector table, memory protection, start of the C world. */
#include "image_header.h"
#include "port.h"
#include "stm32/stm32.h"

/* From link/image.ld. */
extern uint32_t msp_top[], data_start[], data_end[], data_load[], kernel_bss_start[];
extern uint32_t kernel_bss_end[], bss_start[], bss_end[];
extern uint32_t vm_stack_bottom[], vm_stack_top[], kernel_start[];

void Reset_Handler(void);
void NMI_Handler(void);
void Fault_Handler(void);
void SysTick_Handler(void);
void PendSV_Handler(void);
void I2C1_EV_Handler(void);
void I2C1_ER_Handler(void);
void I2C2_EV_Handler(void);
void I2C2_ER_Handler(void);
void USART6_Handler(void);
void startup(void);

#define STACK_PAINT 0xA5C35A3Cu

__attribute__((section(".image_header"), used)) const image_header_t image_header = {
    .magic = IMAGE_MAGIC,
};

/* Naked: the first C prologue may push floating-point registers, so the FPU is enabled before it.
 * Leaves nothing to chance about how we got here: boot block, debugger or VTOR of an emulator. */
__attribute__((naked)) void Reset_Handler(void)
{
    __asm volatile("cpsid i\n\t"
                   "ldr r0, =0xE000ED08\n\t" /* VTOR: this slot's table */
                   "ldr r1, =image_vectors\n\t"
                   "str r1, [r0]\n\t"
                   "ldr r0, =0xE000ED88\n\t" /* CPACR: CP10 and CP11 */
                   "ldr r1, [r0]\n\t"
                   "orr r1, r1, #0xF00000\n\t"
                   "str r1, [r0]\n\t"
                   "dsb\n\t"
                   "isb\n\t"
                   "movs r0, #0\n\t"
                   "msr control, r0\n\t"
                   "isb\n\t"
                   "ldr r0, =msp_top\n\t"
                   "mov sp, r0\n\t"
                   "b startup\n\t");
}

static void clear(uint32_t *from, const uint32_t *to)
{
    while (from < to) {
        *from++ = 0;
    }
}

/* All of the handler stack that is not in use, for port_handler_stack_peak(). */
static void paint_handler_stack(void)
{
    const uint32_t *end;
    __asm volatile("mov %0, sp" : "=r"(end));
    for (uint32_t *word = kernel_start; word < end; word++) {
        *word = STACK_PAINT;
    }
}

void startup(void)
{
    const uint32_t *source = data_load;
    for (uint32_t *target = data_start; target < data_end;) {
        *target++ = *source++;
    }
    paint_handler_stack();
    clear(kernel_bss_start, kernel_bss_end);
    clear(bss_start, bss_end);
    for (uint32_t *word = vm_stack_bottom; word < vm_stack_top; word++) {
        *word = STACK_PAINT;
    }
    SCB_SHCSR |= (1u << 18) | (1u << 17) | (1u << 16); /* usage, bus, memory faults of their own */
    SCB_CCR |= 1u << 4;                                /* division by zero is a fault */
    port_guard_start();
    (void)stm32_on_qemu(); /* reads RCC before the clocks are touched */
    port_record_boot();
    port_time_start(stm32_clock_init(MF_CRYSTAL_HZ), port_run_start_ms());
    (void)stm32_uart_init(1, MF_PIN_USART1_TX, MF_PIN_USART1_RX, 115200);
    stm32_pin_config(MF_PIN_LED, STM32_OUTPUT, 0, false, STM32_PULL_NONE);
    __asm volatile("cpsie i");
    port_kernel_start();
    port_vm_enter();
}

/* Bytes from the first word that has lost its paint to the top. */
static uint32_t peak(const uint32_t *bottom, const uint32_t *top)
{
    const uint32_t *word = bottom;
    while (word < top && *word == STACK_PAINT) {
        word++;
    }
    return (uint32_t)((uintptr_t)top - (uintptr_t)word);
}

uint32_t port_vm_stack_peak(void)
{
    return peak(vm_stack_bottom, vm_stack_top);
}

uint32_t port_handler_stack_peak(void)
{
    return peak(kernel_start, msp_top);
}

__attribute__((naked)) void port_vm_enter(void)
{
    __asm volatile("cpsid i\n\t"
                   "ldr r0, =vm_stack_top\n\t"
                   "msr psp, r0\n\t"
                   "movs r1, #2\n\t"
                   "msr control, r1\n\t" /* thread mode on PSP, no FP context */
                   "isb\n\t"
                   "ldr r2, =msp_top\n\t"
                   "msr msp, r2\n\t"
                   "cpsie i\n\t"
                   "b port_vm_thread\n\t");
}

static void Unexpected_Handler(void)
{
    uint32_t exception;
    __asm volatile("mrs %0, ipsr" : "=r"(exception));
    const port_crash_t crash = {.kind = PORT_CRASH_FAULT, .exception = (uint8_t)exception};
    port_record_crash(&crash);
    port_reset(PORT_RESET_FAULT);
}

static void USART1_Handler(void)
{
    const uint32_t outside = port_guard_open();
    stm32_uart_isr(1);
    port_guard_restore(outside);
}

static void USART2_Handler(void)
{
    const uint32_t outside = port_guard_open();
    stm32_uart_isr(2);
    port_guard_restore(outside);
}

static void USART3_Handler(void)
{
    const uint32_t outside = port_guard_open();
    stm32_uart_isr(3);
    port_guard_restore(outside);
}

#define HANDLER(function) (uintptr_t)(function)
#define IRQ(number) (16u + (number))

__attribute__((section(".isr_vector"), used)) const uintptr_t
    image_vector_table[16u + STM32_IRQ_COUNT] = {
        [0] = (uintptr_t)msp_top,
        [1] = HANDLER(Reset_Handler),
        [2] = HANDLER(Unexpected_Handler),
        [3] = HANDLER(Fault_Handler),
        [4] = HANDLER(Fault_Handler),
        [5] = HANDLER(Fault_Handler),
        [6] = HANDLER(Fault_Handler),
        [11] = HANDLER(Unexpected_Handler),
        [12] = HANDLER(Unexpected_Handler),
        [14] = HANDLER(PendSV_Handler),
        [15] = HANDLER(SysTick_Handler),
        [IRQ(0) ... IRQ(30)] = HANDLER(Unexpected_Handler),
        [IRQ(STM32_IRQ_I2C1_EV)] = HANDLER(I2C1_EV_Handler),
        [IRQ(STM32_IRQ_I2C1_ER)] = HANDLER(I2C1_ER_Handler),
        [IRQ(STM32_IRQ_I2C2_EV)] = HANDLER(I2C2_EV_Handler),
        [IRQ(STM32_IRQ_I2C2_ER)] = HANDLER(I2C2_ER_Handler),
        [IRQ(35) ... IRQ(36)] = HANDLER(Unexpected_Handler),
        [IRQ(STM32_IRQ_USART1)] = HANDLER(USART1_Handler),
        [IRQ(STM32_IRQ_USART2)] = HANDLER(USART2_Handler),
        [IRQ(STM32_IRQ_USART3)] = HANDLER(USART3_Handler),
        [IRQ(40) ... IRQ(70)] = HANDLER(Unexpected_Handler),
        [IRQ(STM32_IRQ_USART6)] = HANDLER(USART6_Handler),
        [IRQ(72) ... IRQ(STM32_IRQ_COUNT - 1)] = HANDLER(Unexpected_Handler),
};
