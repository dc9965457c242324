/* Time base: SysTick alone, at the processor clock, tickless.
 *
 * The counter never stops. Its period always ends at the next deadline of the kernel or of the
 * sleeping VM, at most 99 ms ahead; the period after that one is always the longest, so that a
 * handler that comes late loses nothing. Passed periods are summed in whole cycles. Moving a
 * deadline means one read of the counter and one write that restarts it: what passes in between is
 * a constant number of cycles and is added (RESTART_CYCLES), so onboard time does not drift
 * against the processor clock. */
#include "port.h"

#define SYST_ENABLE (1u << 0)
#define SYST_TICKINT (1u << 1)
#define SYST_CLKSOURCE (1u << 2)
#define SYST_COUNTFLAG (1u << 16)

#define LONGEST_PERIOD 0x01000000u
#define LONGEST_MS 99u
/* Closer than this (1.5 us), a wrap is left alone and a deadline is served at once. */
#define NEAR_CYCLES 256u
/* From the read of SYST_CVR to the write that restarts it (restart_counter): one load, one add,
 * two stores. On QEMU, at 8 ns each, 4.03 cycles. */
#define RESTART_CYCLES 4u
#define NEVER UINT64_MAX

static struct {
    uint64_t base_ms;      /* whole milliseconds at the start of the current period ... */
    uint32_t base_cycles;  /* ... and cycles beyond, below cycles_per_ms */
    uint64_t cycles;       /* the same instant in cycles */
    uint32_t period;       /* of the period that runs [cycles] */
    uint32_t cycles_per_us;
    uint32_t cycles_per_ms;
    uint64_t vm_deadline_ms;
    uint32_t idle_us;
} clock_state PORT_KERNEL_RAM;

static void advance_base(uint32_t cycles)
{
    clock_state.cycles += cycles;
    uint32_t sum = clock_state.base_cycles + cycles;
    uint32_t ms = sum / clock_state.cycles_per_ms;
    clock_state.base_ms += ms;
    clock_state.base_cycles = sum - ms * clock_state.cycles_per_ms;
}

/* Cycles since the start of the current period, after accounting for a period that ended.
 * Interrupts masked. */
static uint32_t elapsed_cycles(void)
{
    uint32_t value = SYST_CVR;
    if (SYST_CSR & SYST_COUNTFLAG) {
        const uint32_t outside = port_guard_open();
        advance_base(clock_state.period);
        clock_state.period = LONGEST_PERIOD;
        port_guard_restore(outside);
        value = SYST_CVR;
    }
    return value == 0u ? 0u : clock_state.period - value;
}

/* Restart the counter with a period of `offset` plus its present value, plus one; returns that
 * value. Aligned, so that the four instructions share one line of the flash accelerator. */
static uint32_t restart_counter(uint32_t offset)
{
    uint32_t value;
    uint32_t reload;
    __asm volatile(".balign 16\n\t"
                   "ldr %0, [%2, #8]\n\t"
                   "adds %1, %0, %3\n\t"
                   "str %1, [%2, #4]\n\t"
                   "str %4, [%2, #8]\n\t"
                   : "=&l"(value), "=&l"(reload)
                   : "l"(0xE000E010u), "l"(offset), "l"(0)
                   : "memory", "cc");
    return value;
}

/* Let the counter wrap at the earliest deadline. Interrupts masked. */
static void program_deadline(void)
{
    uint64_t deadline_ms = port_kernel_next_ms();
    if (clock_state.vm_deadline_ms < deadline_ms) {
        deadline_ms = clock_state.vm_deadline_ms;
    }
    const uint32_t elapsed = elapsed_cycles();
    const uint32_t to_wrap = clock_state.period - elapsed;
    const uint32_t now = clock_state.base_cycles + elapsed; /* cycles after base_ms */
    uint32_t at = 0u;                                       /* deadline, cycles after base_ms */
    if (deadline_ms > clock_state.base_ms) {
        const uint32_t last_ms = now / clock_state.cycles_per_ms + LONGEST_MS;
        const uint64_t ahead_ms = deadline_ms - clock_state.base_ms;
        at = (ahead_ms < last_ms ? (uint32_t)ahead_ms : last_ms) * clock_state.cycles_per_ms;
    }
    if (at <= now + NEAR_CYCLES) {
        SCB_ICSR = ICSR_PENDSTSET;
        return;
    }
    if (at - now == to_wrap || to_wrap <= NEAR_CYCLES) {
        return; /* it wraps there already, or at once, and the handler comes here again */
    }
    const uint32_t offset =
        at - clock_state.base_cycles - clock_state.period - RESTART_CYCLES - 1u;
    const uint32_t value = restart_counter(offset);
    advance_base(clock_state.period - value + RESTART_CYCLES);
    clock_state.period = offset + value + 1u;
    for (uint32_t i = 0; i < 8u && SYST_CVR == 0u; i++) {
    }
    SYST_RVR = LONGEST_PERIOD - 1u; /* the period after this one */
}

void port_time_start(uint32_t sysclk_hz, uint64_t start_ms)
{
    clock_state.base_ms = start_ms;
    clock_state.base_cycles = 0;
    clock_state.cycles = start_ms * (sysclk_hz / 1000u);
    clock_state.period = LONGEST_PERIOD;
    clock_state.cycles_per_us = sysclk_hz / 1000000u;
    clock_state.cycles_per_ms = sysclk_hz / 1000u;
    clock_state.vm_deadline_ms = NEVER;
    clock_state.idle_us = 0;
    SCB_SHPR3 = (PORT_PRIORITY_SYSTICK << 28) | (PORT_PRIORITY_PENDSV << 20);
    SYST_CSR = 0;
    SYST_RVR = LONGEST_PERIOD - 1u;
    SYST_CVR = 0;
    SYST_CSR = SYST_ENABLE | SYST_TICKINT | SYST_CLKSOURCE;
}

void port_time_program(void)
{
    const uint32_t outside = port_guard_open();
    const uint32_t state = mf_port_irq_lock();
    program_deadline();
    mf_port_irq_unlock(state);
    port_guard_restore(outside);
}

uint64_t mf_port_now_us(void)
{
    const uint32_t state = mf_port_irq_lock();
    const uint32_t beyond = elapsed_cycles() + clock_state.base_cycles;
    const uint64_t base_ms = clock_state.base_ms;
    mf_port_irq_unlock(state);
    return base_ms * 1000u + beyond / clock_state.cycles_per_us;
}

uint64_t port_now_ms(void)
{
    const uint32_t state = mf_port_irq_lock();
    const uint32_t beyond = elapsed_cycles() + clock_state.base_cycles;
    const uint64_t base_ms = clock_state.base_ms;
    mf_port_irq_unlock(state);
    return base_ms + beyond / clock_state.cycles_per_ms;
}

uint32_t port_cycles(void)
{
    const uint32_t state = mf_port_irq_lock();
    const uint32_t cycles = elapsed_cycles() + (uint32_t)clock_state.cycles;
    mf_port_irq_unlock(state);
    return cycles;
}

uint32_t port_cycles_since_ms(uint64_t ms)
{
    const uint32_t state = mf_port_irq_lock();
    const uint64_t cycles = clock_state.cycles + elapsed_cycles();
    mf_port_irq_unlock(state);
    const uint64_t then = ms * clock_state.cycles_per_ms;
    if (cycles <= then) {
        return 0;
    }
    return cycles - then > UINT32_MAX ? UINT32_MAX : (uint32_t)(cycles - then);
}

uint32_t port_cycles_to_ns(uint32_t cycles)
{
    const uint64_t ns = (uint64_t)cycles * 1000u / clock_state.cycles_per_us;
    return ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

uint32_t port_idle_us(void)
{
    return clock_state.idle_us;
}

/* Interrupts masked: WFI wakes at a pending interrupt, which runs once they are unmasked. */
static void idle_masked(void)
{
    const uint64_t before_us = mf_port_now_us();
    __asm volatile("dsb\n\twfi\n\tisb" ::: "memory");
    clock_state.idle_us += (uint32_t)(mf_port_now_us() - before_us);
}

void port_sleep_until_ms(uint64_t ms)
{
    const uint32_t outside = port_guard_open();
    for (;;) {
        const uint32_t state = mf_port_irq_lock();
        if (port_now_ms() >= ms) {
            clock_state.vm_deadline_ms = NEVER;
            mf_port_irq_unlock(state);
            break;
        }
        clock_state.vm_deadline_ms = ms;
        program_deadline();
        idle_masked();
        mf_port_irq_unlock(state);
        __asm volatile("isb");
    }
    port_guard_restore(outside);
}

/* Bounded: a bus transfer that never ends must still reach its timeout. */
void mf_port_wait_for_interrupt(void)
{
    const uint32_t outside = port_guard_open();
    const uint32_t state = mf_port_irq_lock();
    clock_state.vm_deadline_ms = port_now_ms() + 1u;
    program_deadline();
    idle_masked();
    clock_state.vm_deadline_ms = NEVER;
    mf_port_irq_unlock(state);
    __asm volatile("isb");
    port_guard_restore(outside);
}

uint32_t mf_port_irq_lock(void)
{
    uint32_t state;
    __asm volatile("mrs %0, primask\n\tcpsid i" : "=r"(state) : : "memory");
    return state;
}

void mf_port_irq_unlock(uint32_t state)
{
    __asm volatile("msr primask, %0" : : "r"(state) : "memory");
}

void SysTick_Handler(void)
{
    const uint32_t outside = port_guard_open();
    const uint32_t state = mf_port_irq_lock();
    if (clock_state.vm_deadline_ms <= port_now_ms()) {
        clock_state.vm_deadline_ms = NEVER;
    }
    mf_port_irq_unlock(state);
    port_kernel_timer(mf_port_now_us());
    port_time_program();
    port_guard_restore(outside);
}
