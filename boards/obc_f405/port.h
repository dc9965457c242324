/* The port's own interface: what its files call of one another.
 * Processor: STM32F405, Cortex-M4F. Contracts towards the kernel and drivers: mf_port.h. */
#ifndef PORT_H
#define PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mf_boot_record.h"
#include "mf_port.h"

/* Core registers (ARMv7-M Architecture Reference Manual, B3). */
#define PORT_REG(address) (*(volatile uint32_t *)(address))
#define SYST_CSR PORT_REG(0xE000E010u)
#define SYST_RVR PORT_REG(0xE000E014u)
#define SYST_CVR PORT_REG(0xE000E018u)
#define SCB_ICSR PORT_REG(0xE000ED04u)
#define SCB_VTOR PORT_REG(0xE000ED08u)
#define SCB_AIRCR PORT_REG(0xE000ED0Cu)
#define SCB_CCR PORT_REG(0xE000ED14u)
#define SCB_SHPR3 PORT_REG(0xE000ED20u)
#define SCB_SHCSR PORT_REG(0xE000ED24u)
#define SCB_CFSR PORT_REG(0xE000ED28u)
#define SCB_HFSR PORT_REG(0xE000ED2Cu)
#define SCB_MMFAR PORT_REG(0xE000ED34u)
#define SCB_BFAR PORT_REG(0xE000ED38u)
#define MPU_CTRL PORT_REG(0xE000ED94u)
#define MPU_RNR PORT_REG(0xE000ED98u)
#define MPU_RBAR PORT_REG(0xE000ED9Cu)
#define MPU_RASR PORT_REG(0xE000EDA0u)
#define FPU_FPCCR PORT_REG(0xE000EF34u)

#define ICSR_PENDSVSET (1u << 28)
#define ICSR_PENDSTSET (1u << 26)

/* Interrupt priorities: 0 highest. I2C above everything that queues transfers (mf_stm32_i2c.h). */
#define PORT_PRIORITY_I2C 1u
#define PORT_PRIORITY_SYSTICK 2u
#define PORT_PRIORITY_PENDSV 15u

/* C state that must outlive a VM restart lives in the kernel block: one aligned piece of RAM. */
#define PORT_KERNEL_RAM __attribute__((section(".bss.kernel")))
/* Never cleared: survives every reset but a power cut; guarded by a CRC. */
#define PORT_NOINIT __attribute__((section(".noinit")))

/* --- Reset causes and crash record (port_record.c) -------------------------------------------- */

/* Why this processor started: the numbers of hal/reset_cause.py, sent with the device-bus hello. */
enum port_reset_cause {
    PORT_RESET_POWER_ON = 1, /* no-init RAM held no valid record */
    PORT_RESET_PIN = 2,      /* nobody announced it: reset line, or the device bus pulled it */
    PORT_RESET_SOFTWARE = 3, /* asked for by flight software */
    PORT_RESET_WATCHDOG = 4, /* independent watchdog, by RCC_CSR (silicon only) */
    PORT_RESET_FAULT = 5,    /* a fault in a handler, or too many VM restarts in a row */
    PORT_RESET_VM = 6,       /* not a reset: the processor went on, the VM was started again */
    PORT_RESET_IMAGE = 7,    /* the running image was found damaged */
};

enum port_crash_kind {
    PORT_CRASH_NONE = 0,
    PORT_CRASH_EXCEPTION = 1, /* uncaught Python exception, or main returned */
    PORT_CRASH_NLR = 2,       /* non-local return without a catcher */
    PORT_CRASH_FAULT_VM = 3,  /* processor fault in thread mode */
    PORT_CRASH_FAULT = 4,     /* processor fault in a handler */
};

enum port_crash_register {
    PORT_CRASH_R0 = 0, /* to R3, R12, xPSR: stacked */
    PORT_CRASH_R12 = 4,
    PORT_CRASH_XPSR,
    PORT_CRASH_HFSR,
    PORT_CRASH_MMFAR,
    PORT_CRASH_BFAR,
    PORT_CRASH_SP, /* before the exception */
};

/* Little-endian image, sent as it is: packet crash_record, struct "<BBHIIIIII24s10I8I". */
typedef struct {
    uint8_t kind;         /* enum port_crash_kind of the last crash */
    uint8_t exception;    /* exception number (IPSR) of a fault, else 0 */
    uint16_t line;        /* source line of an uncaught exception, 0 unknown */
    uint32_t count;       /* crashes since power-on */
    uint32_t vm_restarts; /* VM starts after the first, since power-on */
    uint32_t pc, lr;      /* stacked, of a fault */
    uint32_t cfsr;        /* fault status (ARMv7-M B3.2.15) */
    uint32_t address;     /* MMFAR or BFAR where valid, else 0 */
    char text[24];        /* exception type, or file name; NUL-padded */
    uint32_t registers[10]; /* enum port_crash_register, of a fault */
    uint32_t stack[8];      /* from SP on; 0 beyond the end of RAM */
} port_crash_t;
_Static_assert(sizeof(port_crash_t) == 124, "crash record layout");

/* Reads the record, decides the reset cause, counts the boot. Before anything else in C. */
void port_record_boot(void);
uint8_t port_reset_cause(void); /* PORT_RESET_VM from the second VM start on */
uint8_t port_processor_reset_cause(void);
uint32_t port_boot_count(void);
const port_crash_t *port_crash(void);
/* Add to the record; `crash->count` and `vm_restarts` are filled in here. Any context. */
void port_record_crash(const port_crash_t *crash);
void port_record_vm_restart(void);
/* Thread: hand this boot record to the next start, however it comes about. */
void port_record_keep(const mf_boot_record_t *record);
/* Announce the cause and reset. */
__attribute__((noreturn)) void port_reset(uint32_t cause);

/* --- Time (port_time.c) ----------------------------------------------------------------------- */

/* `start_ms`: 0 but in tests. */
void port_time_start(uint32_t sysclk_hz, uint64_t start_ms);
/* A deadline of the kernel may have changed: let SysTick wrap at the earliest one. */
void port_time_program(void);
uint64_t port_now_ms(void);
/* Processor cycles since start, low 32 bits. */
uint32_t port_cycles(void);
/* Cycles since `ms` (negative result: 0), and cycles to nanoseconds; both saturate. */
uint32_t port_cycles_since_ms(uint64_t ms);
uint32_t port_cycles_to_ns(uint32_t cycles);
/* Thread context: sleep (WFI) until `ms`; returns at once when it has passed. */
void port_sleep_until_ms(uint64_t ms);
/* Time spent in WFI since start [us], low 32 bits. */
uint32_t port_idle_us(void);

/* --- Kernel glue (port_kernel.c), device bus (port_devbus.c) ---------------------------------- */

void port_kernel_start(void);
uint64_t port_kernel_next_ms(void);
void port_kernel_timer(uint64_t now_us);
/* Opens the pipe and says hello; false: there is no device bus. */
struct mf_devbus;
bool port_devbus_open(struct mf_devbus *devbus);

/* --- Memory protection (port_guard.c) --------------------------------------------------------- */

void port_guard_start(void);
/* Kernel RAM can be written to from here on; what port_guard_restore() wants. Any context. */
uint32_t port_guard_open(void);
void port_guard_restore(uint32_t before);
void port_guard_close(void);

/* --- VM (port_vm.c, port_startup.c) ----------------------------------------------------------- */

/* Entry of thread mode on the VM stack; never returns. */
__attribute__((noreturn)) void port_vm_thread(void);
/* Leave whatever runs in thread mode and enter port_vm_thread() with a fresh stack. */
__attribute__((noreturn)) void port_vm_enter(void);
/* Handler: Python is given up for `reason` (enum mf_survival_reason). The exception frame to return
 * through, which leads to port_vm_enter() without FP context. */
const uint32_t *port_vm_stop(uint8_t reason);
/* Handler: raise a RuntimeError in what Python is executing, at its next branch. */
void port_vm_interrupt(void);
/* Bytes used at most since the start of the VM, of the processor. */
uint32_t port_vm_stack_peak(void);
uint32_t port_handler_stack_peak(void);

/* Development profile on QEMU: run the .mpy file named on the semihosting command line, then end
 * the emulator with its status. Returns when there is no such file name, or after SystemExit. */
void port_run_host_file(void);
/* The same line may say start_ms=<n>: time since start begins there, so that what happens after
 * days can be tested. 0 when it does not, and everywhere else. */
uint64_t port_run_start_ms(void);

/* --- Semihosting (port_semihost.c): only after QEMU was detected ------------------------------ */

int32_t semihost_open(const char *name, uint32_t mode);
int32_t semihost_close(int32_t handle);
int32_t semihost_write(int32_t handle, const void *data, uint32_t size); /* bytes not written */
int32_t semihost_read(int32_t handle, void *data, uint32_t size);        /* bytes not read */
int32_t semihost_length(int32_t handle);
bool semihost_command_line(char *out, uint32_t size);
__attribute__((noreturn)) void semihost_exit(uint32_t status);

#endif
