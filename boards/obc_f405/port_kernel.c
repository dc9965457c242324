/* Kernel glue: the instances that outlive the VM, the two interrupts that run the control loop,
 * and the choice of bus backend. */
#include "port_kernel.h"

#include "boot_handover.h"
#include "image_header.h"
#include "mf_drivers.h"
#include "mf_native.h"

#include "port.h"
#include "stm32/stm32.h"

#define ADCS_BUS_HZ 400000u
#define PLATFORM_BUS_HZ 400000u
#define GNSS_BAUD 115200u
#define WATCHDOG_MS 4000u
/* One handler serves at most this many kernel deadlines; more means they no longer advance. */
#define DEADLINES_PER_WAKE 4u

port_kernel_t port_kernel PORT_KERNEL_RAM;

static uint64_t tick_grid_ms PORT_KERNEL_RAM;

void SysTick_Handler(void);
void PendSV_Handler(void);
const uint32_t *port_tick(void);
void I2C1_EV_Handler(void);
void I2C1_ER_Handler(void);
void I2C2_EV_Handler(void);
void I2C2_ER_Handler(void);
void USART6_Handler(void);

/* Silicon and Renode: independent watchdog, and a pulse to the external one. */
static void kick_hardware(void *ctx, uint32_t tick)
{
    (void)ctx;
    stm32_iwdg_feed();
    (void)tick;
    stm32_pin_write(MF_PIN_WATCHDOG, true);
    stm32_pin_write(MF_PIN_WATCHDOG, false);
}

static void open_emulated_buses(void)
{
    port_kernel.devbus_open = port_devbus_open(&port_kernel.devbus);
    mf_bus_reset(&port_kernel.adcs_bus, MF_BUS_ADCS, &mf_devbus_ops, &port_kernel.devbus);
    mf_bus_reset(&port_kernel.platform_bus, MF_BUS_PLATFORM, &mf_devbus_ops, &port_kernel.devbus);
    mf_bus_reset(&port_kernel.gnss_bus, MF_UART_GNSS, &mf_devbus_ops, &port_kernel.devbus);
}

static void open_hardware_buses(void)
{
    (void)stm32_i2c_open(&port_kernel.i2c1, &port_kernel.i2c1_pins, 1, MF_PIN_I2C1_SCL,
                         MF_PIN_I2C1_SDA, ADCS_BUS_HZ, PORT_PRIORITY_I2C);
    (void)stm32_i2c_open(&port_kernel.i2c2, &port_kernel.i2c2_pins, 2, MF_PIN_I2C2_SCL,
                         MF_PIN_I2C2_SDA, PLATFORM_BUS_HZ, PORT_PRIORITY_I2C);
    mf_bus_reset(&port_kernel.adcs_bus, MF_BUS_ADCS, &mf_stm32_i2c_ops, &port_kernel.i2c1);
    mf_bus_reset(&port_kernel.platform_bus, MF_BUS_PLATFORM, &mf_stm32_i2c_ops,
                 &port_kernel.i2c2);
    (void)stm32_usart_open(&port_kernel.gnss_usart, 6, MF_PIN_GNSS_TX, MF_PIN_GNSS_RX, GNSS_BAUD,
                           PORT_PRIORITY_I2C);
    mf_bus_reset(&port_kernel.gnss_bus, MF_UART_GNSS, &mf_stm32_usart_ops,
                 &port_kernel.gnss_usart);
    stm32_pin_config(MF_PIN_WATCHDOG, STM32_OUTPUT, 0, false, STM32_PULL_NONE);
    (void)stm32_iwdg_start(WATCHDOG_MS);
}

/* Counters of the link's security associations, as they were before a reset. */
static mf_counter_copy_t counter_copy PORT_NOINIT;

void port_kernel_start(void)
{
    mf_kernel_config_t config;
    mf_kick_t kick = kick_hardware;
    void *kick_ctx = NULL;
    if (stm32_on_qemu()) {
        open_emulated_buses();
        kick = mf_devbus_kick;
        kick_ctx = &port_kernel.devbus;
    } else {
        open_hardware_buses();
    }
    mf_counter_memory_reset(&port_kernel.counters, &port_kernel.platform_bus, &port_kernel.kernel,
                            &counter_copy,
                            port_processor_reset_cause() == PORT_RESET_POWER_ON);
    const mf_link_port_t link_port = {.read = mf_counter_memory_read,
                                      .write = mf_counter_memory_write,
                                      .context = &port_kernel.counters,
                                      .secrets = port_link_secrets};
    mf_space_link_reset(&port_kernel.link, &link_port);
    mf_kernel_config_reference(&config);
    mf_kernel_reset(&port_kernel.kernel, &config, &port_kernel.adcs_bus, &port_kernel.gnss_bus,
                    kick, kick_ctx, mf_port_now_us());
    const mf_survival_parts_t parts = {
        .kernel = &port_kernel.kernel,
        .bus = &port_kernel.platform_bus,
        .link = &port_kernel.link,
        .counters = &port_kernel.counters,
        .reset_cause = port_processor_reset_cause(),
        .slot = (uintptr_t)&image_header == IMAGE_SLOT_A ? 0u : 1u,
        .counted = boot_handover.counted != 0,
        .record = &boot_handover.record,
        .keep = port_record_keep,
    };
    mf_survival_reset(&port_kernel.survival, &parts);
    port_kernel.running = true;
    port_time_program();
}

uint64_t port_kernel_next_ms(void)
{
    return port_kernel.running ? mf_kernel_next_ms(&port_kernel.kernel) : UINT64_MAX;
}

/* From SysTick: the kernel's sample action, and the tick pended below every other interrupt. */
void port_kernel_timer(uint64_t now_us)
{
    if (!port_kernel.running) {
        return;
    }
    for (uint32_t i = 0; i < DEADLINES_PER_WAKE; i++) {
        const uint64_t due_ms = mf_kernel_next_ms(&port_kernel.kernel);
        if (due_ms * 1000u > now_us) {
            return;
        }
        if (mf_kernel_timer(&port_kernel.kernel, now_us)) {
            tick_grid_ms = due_ms;
            SCB_ICSR = ICSR_PENDSVSET;
        }
    }
}

/* Below every other interrupt, so that it returns to the thread and to nobody else: where Python is
 * to be stopped, to a fresh frame that starts port_vm_enter(). */
__attribute__((naked)) void PendSV_Handler(void)
{
    __asm volatile("push {r4, lr}\n\t"
                   "bl port_tick\n\t"
                   "pop {r4, lr}\n\t"
                   "cbz r0, 1f\n\t"
                   "msr psp, r0\n\t"
                   "mvn lr, #2\n\t" /* 0xFFFFFFFD: thread, PSP, no FP context */
                   "1: bx lr\n\t");
}

/* The frame to return through instead of the thread's own; NULL: go on with that. */
const uint32_t *port_tick(void)
{
    const uint32_t outside = port_guard_open();
    const uint32_t late = port_cycles_since_ms(tick_grid_ms);
    mf_kernel_tick(&port_kernel.kernel, mf_port_now_us(), port_cycles_to_ns(late));
    const uint32_t spent = port_cycles_since_ms(tick_grid_ms) - late;
    mf_kernel_tick_done(&port_kernel.kernel, port_cycles_to_ns(spent));
    const enum mf_survival_action action =
        mf_survival_tick(&port_kernel.survival, mf_port_now_us());
    if (action == MF_SURVIVAL_RESET) {
        port_reset(mf_survival_cause(&port_kernel.survival));
    }
    if (action == MF_SURVIVAL_END_STEP) {
        port_vm_interrupt();
    }
    port_time_program();
    const uint32_t *frame = NULL;
    if (action == MF_SURVIVAL_STOP) {
        frame = port_vm_stop(mf_survival_reason(&port_kernel.survival));
    }
    port_guard_restore(outside);
    return frame;
}

void I2C1_EV_Handler(void)
{
    const uint32_t outside = port_guard_open();
    mf_stm32_i2c_event(&port_kernel.i2c1);
    port_guard_restore(outside);
}

void I2C1_ER_Handler(void)
{
    const uint32_t outside = port_guard_open();
    mf_stm32_i2c_error(&port_kernel.i2c1);
    port_guard_restore(outside);
}

void I2C2_EV_Handler(void)
{
    const uint32_t outside = port_guard_open();
    mf_stm32_i2c_event(&port_kernel.i2c2);
    port_guard_restore(outside);
}

void I2C2_ER_Handler(void)
{
    const uint32_t outside = port_guard_open();
    mf_stm32_i2c_error(&port_kernel.i2c2);
    port_guard_restore(outside);
}

/* Where the vector table has the serial port of the GNSS receiver. */
void USART6_Handler(void)
{
    const uint32_t outside = port_guard_open();
    mf_stm32_usart_isr(&port_kernel.gnss_usart);
    port_guard_restore(outside);
}

static const mf_native_instances_t instances = {
    .kernel = &port_kernel.kernel,
    .link = &port_kernel.link,
    .adcs_bus = &port_kernel.adcs_bus,
    .platform_bus = &port_kernel.platform_bus,
    .survival = &port_kernel.survival,
};

const mf_native_instances_t *mf_native_instances(void)
{
    return &instances;
}
