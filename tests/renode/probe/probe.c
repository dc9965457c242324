/* The firmware's own drivers on the register path, without MicroPython: what they find on two I2C
 * buses goes to USART1, one line each, "END" last. On QEMU, which has no I2C, everything must time
 * out in bounded time. */
#include <stddef.h>

#include "mf_drivers.h"
#include "mf_port.h"
#include "mf_sensors.h"
#include "stm32.h"

#define SYST_CSR (*(volatile uint32_t *)0xE000E010u)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014u)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018u)
#define TIMEOUT_US 20000u
#define ABSENT 0x22u
#define FRAM_ADDRESS 0xFFE0u /* runs over into the second 64 KiB */
#define FRAM_BYTES 100u

extern uint32_t bss_start, bss_end, stack_top;

void Reset_Handler(void);

static volatile uint32_t milliseconds;
static uint32_t cycles_per_ms;
static mf_stm32_i2c_t i2c[2];
static stm32_i2c_pins_t pins[2];
static mf_bus_t bus[2];

uint64_t mf_port_now_us(void)
{
    for (;;) {
        uint32_t before = milliseconds;
        uint32_t cycles = cycles_per_ms - 1u - SYST_CVR;

        if (milliseconds == before) {
            return (uint64_t)before * 1000u + (uint64_t)cycles * 1000u / cycles_per_ms;
        }
    }
}

uint32_t mf_port_irq_lock(void)
{
    uint32_t state;

    __asm volatile("mrs %0, primask\n\tcpsid i" : "=r"(state)::"memory");
    return state;
}

void mf_port_irq_unlock(uint32_t state)
{
    __asm volatile("msr primask, %0" ::"r"(state) : "memory");
}

void mf_port_wait_for_interrupt(void)
{
    __asm volatile("wfi");
}

static void print(const char *text)
{
    while (*text != '\0') {
        (void)stm32_uart_put(1, (uint8_t)*text++);
    }
}

static void print_hex(const uint8_t *data, uint32_t size)
{
    static const char digits[] = "0123456789abcdef";

    for (uint32_t index = 0; index < size; index++) {
        (void)stm32_uart_put(1, (uint8_t)digits[data[index] >> 4]);
        (void)stm32_uart_put(1, (uint8_t)digits[data[index] & 0xFu]);
    }
}

static void print_status(int status)
{
    char text[8];
    uint32_t at = sizeof text;
    uint32_t rest = (uint32_t)(status < 0 ? -status : status);

    text[--at] = '\0';
    do {
        text[--at] = (char)('0' + rest % 10u);
        rest /= 10u;
    } while (rest != 0);
    if (status < 0) {
        text[--at] = '-';
    }
    print(&text[at]);
}

static void line(const char *name, int status, const uint8_t *data, uint32_t size)
{
    print(name);
    print(" ");
    print_status(status);
    print(" ");
    print_hex(data, size);
    print("\n");
}

static void magnetometer(void)
{
    mf_sensor_io_t io = {.xfer = {.op = MF_OP_I2C, .address = MF_I2C_AK09916}};
    int status;

    for (uint8_t step = 0; step < mf_ak09916.init_steps; step++) {
        mf_ak09916.init_fill(&io, step);
        io.xfer.op = MF_OP_I2C;
        io.xfer.address = MF_I2C_AK09916;
        status = mf_bus_transfer(&bus[0], &io.xfer, TIMEOUT_US);
        if (status >= 0) {
            status = mf_ak09916.init_check(&io, step);
        }
        line("mag_init", status, io.rx, io.xfer.rx_len);
    }
    /* Longer than the 10 ms of one measurement. */
    for (uint32_t until = milliseconds + 20u; milliseconds < until;) {
        mf_port_wait_for_interrupt();
    }
    mf_ak09916.read_fill(&io);
    io.xfer.op = MF_OP_I2C;
    io.xfer.address = MF_I2C_AK09916;
    status = mf_bus_transfer(&bus[0], &io.xfer, TIMEOUT_US);
    line("mag_read", status, io.rx, io.xfer.rx_len);
}

static void lengths(void)
{
    static const uint8_t first_register = 0;

    for (uint16_t count = 1; count <= 8u; count++) {
        uint8_t data[8] = {0};
        mf_xfer_t xfer = {.op = MF_OP_I2C,
                          .address = MF_I2C_AK09916,
                          .tx = &first_register,
                          .tx_len = 1,
                          .rx = data,
                          .rx_len = count};
        int status = mf_bus_transfer(&bus[0], &xfer, TIMEOUT_US);

        line("read", status, data, count);
        xfer.address = ABSENT;
        status = mf_bus_transfer(&bus[0], &xfer, TIMEOUT_US);
        line("absent", status, data, 0);
    }
}

static void fram(void)
{
    static uint8_t written[FRAM_BYTES];
    static uint8_t read[FRAM_BYTES];
    uint32_t wrong = 0;

    for (uint32_t index = 0; index < FRAM_BYTES; index++) {
        written[index] = (uint8_t)(7u * index + 1u);
    }
    line("fram_write", mf_fram_write(&bus[1], FRAM_ADDRESS, written, FRAM_BYTES), NULL, 0);
    line("fram_read", mf_fram_read(&bus[1], FRAM_ADDRESS, read, FRAM_BYTES), NULL, 0);
    for (uint32_t index = 0; index < FRAM_BYTES; index++) {
        wrong += read[index] != written[index] ? 1u : 0u;
    }
    line("fram_wrong", (int)wrong, NULL, 0);
}

static void end_emulator(void)
{
    /* Semihosting SYS_EXIT, reason "application exit". */
    __asm volatile("movs r0, #0x18\n\tldr r1, =0x20026\n\tbkpt 0xAB" ::: "r0", "r1", "memory");
}

int main(void)
{
    uint32_t sysclk_hz = stm32_clock_init(12000000u);

    cycles_per_ms = sysclk_hz / 1000u;
    SYST_RVR = cycles_per_ms - 1u;
    SYST_CVR = 0;
    SYST_CSR = 7u; /* processor clock, interrupt, on */
    (void)stm32_uart_init(1, STM32_PIN('B', 6), STM32_PIN('B', 7), 115200u);
    print("where ");
    print(stm32_on_qemu() ? "qemu\n" : stm32_on_renode() ? "renode\n" : "board\n");
    (void)stm32_i2c_open(&i2c[0], &pins[0], 1, STM32_PIN('B', 8), STM32_PIN('B', 9), 400000u, 1);
    (void)stm32_i2c_open(&i2c[1], &pins[1], 2, STM32_PIN('B', 10), STM32_PIN('B', 11), 400000u, 1);
    mf_bus_reset(&bus[0], MF_BUS_ADCS, &mf_stm32_i2c_ops, &i2c[0]);
    mf_bus_reset(&bus[1], MF_BUS_PLATFORM, &mf_stm32_i2c_ops, &i2c[1]);
    lengths();
    magnetometer();
    fram();
    line("aborts", (int)(bus[0].aborts + bus[1].aborts), NULL, 0);
    print("END\n");
    if (stm32_on_qemu()) {
        end_emulator();
    }
    for (;;) {
        mf_port_wait_for_interrupt();
    }
}

static void on_systick(void)
{
    milliseconds++;
}

static void on_i2c1_event(void)
{
    mf_stm32_i2c_event(&i2c[0]);
}

static void on_i2c1_error(void)
{
    mf_stm32_i2c_error(&i2c[0]);
}

static void on_i2c2_event(void)
{
    mf_stm32_i2c_event(&i2c[1]);
}

static void on_i2c2_error(void)
{
    mf_stm32_i2c_error(&i2c[1]);
}

static void on_usart1(void)
{
    stm32_uart_isr(1);
}

void Reset_Handler(void)
{
    for (uint32_t *word = &bss_start; word < &bss_end; word++) {
        *word = 0;
    }
    (void)main();
}

static void unexpected(void)
{
    for (;;) {
        __asm volatile("nop");
    }
}

#define ENTRY(handler) ((uintptr_t)(handler))
__attribute__((section(".isr_vector"), used)) static const uintptr_t
    vectors[16 + STM32_IRQ_COUNT] = {
    [0] = (uintptr_t)&stack_top,
    [1] = ENTRY(Reset_Handler),
    [2] = ENTRY(unexpected),
    [3] = ENTRY(unexpected),
    [15] = ENTRY(on_systick),
    [16 + STM32_IRQ_I2C1_EV] = ENTRY(on_i2c1_event),
    [16 + STM32_IRQ_I2C1_ER] = ENTRY(on_i2c1_error),
    [16 + STM32_IRQ_I2C2_EV] = ENTRY(on_i2c2_event),
    [16 + STM32_IRQ_I2C2_ER] = ENTRY(on_i2c2_error),
    [16 + STM32_IRQ_USART1] = ENTRY(on_usart1),
};
