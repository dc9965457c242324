/* The platform bus as the boot block reaches it, for the boot record in FRAM: the same drivers as in
 * the image, polled instead of interrupted, over I2C registers or the emulator's device bus. Every
 * wait is bounded; a bus that does not work is no reason not to start. */
#include "boot_bus.h"

#include "boot_handover.h"
#include "mf_devbus.h"
#include "mf_mmio.h"
#include "mf_port.h"
#include "mf_stm32_i2c.h"
#include "port.h"
#include "stm32/stm32.h"

#define BUS_HZ 100000u
#define POLL_US 4u /* one look at the registers at 16 MHz, at least */
#define CR2_ITERREN (1u << 8)
#define CR2_ITEVTEN (1u << 9)
#define CR2_ITBUFEN (1u << 10)
#define SR1_EVENTS 0x0007u  /* SB, ADDR, BTF */
#define SR1_BUFFERS 0x00C0u /* RXNE, TXE */
#define SR1_ERRORS 0x4F00u  /* BERR, ARLO, AF, OVR, TIMEOUT */
#define NVIC_ICER 0xE000E180u
#define NVIC_ICPR 0xE000E280u

enum { OPEN_READ = 0, OPEN_READ_WRITE = 2, OPEN_WRITE = 4 };

static mf_bus_t bus;
static mf_devbus_t devbus;
static mf_stm32_i2c_t i2c;
static stm32_i2c_pins_t pins;
static uint32_t waited_us;

uint64_t mf_port_now_us(void)
{
    return waited_us;
}

uint32_t mf_port_irq_lock(void)
{
    return 0;
}

void mf_port_irq_unlock(uint32_t state)
{
    (void)state;
}

/* Interrupts stay masked in the boot block: what would have raised one is looked for here. */
void mf_port_wait_for_interrupt(void)
{
    waited_us += POLL_US;
    if (i2c.regs == 0) {
        return;
    }
    const uint32_t enabled = mf_mmio_read((uint32_t)i2c.regs + MF_STM32_I2C_CR2);
    const uint32_t status = mf_mmio_read((uint32_t)i2c.regs + MF_STM32_I2C_SR1);
    if ((enabled & CR2_ITERREN) != 0 && (status & SR1_ERRORS) != 0) {
        mf_stm32_i2c_error(&i2c);
    } else if (((enabled & CR2_ITEVTEN) != 0 && (status & SR1_EVENTS) != 0) ||
               ((enabled & CR2_ITBUFEN) != 0 && (status & SR1_BUFFERS) != 0)) {
        mf_stm32_i2c_event(&i2c);
    }
}

void mf_port_reset(uint32_t cause)
{
    (void)cause; /* the reset line was pulled: announced by nobody */
    mf_mmio_write(0xE000ED0Cu, 0x05FA0004u);
    for (;;) {
    }
}

static int pipe_exchange(void *ctx, const uint8_t *request, uint32_t request_len, uint8_t *reply,
                         uint32_t reply_len)
{
    (void)ctx;
    return semihost_write(boot_handover.pipe_tx, request, request_len) == 0 &&
                   semihost_read(boot_handover.pipe_rx, reply, reply_len) == 0
               ? MF_OK
               : MF_E_IO;
}

/* As port_devbus.c, which explains the order. */
static bool open_pipes(void)
{
    if (boot_handover.pipe_tx >= 0 && boot_handover.pipe_rx >= 0) {
        return true;
    }
    const int32_t probe = semihost_open("devbus.tx", OPEN_READ_WRITE);
    if (probe < 0) {
        return false;
    }
    boot_handover.pipe_tx = semihost_open("devbus.tx", OPEN_WRITE);
    (void)semihost_close(probe);
    if (boot_handover.pipe_tx < 0) {
        return false;
    }
    boot_handover.pipe_rx = semihost_open("devbus.rx", OPEN_READ);
    return boot_handover.pipe_rx >= 0;
}

static mf_bus_t *open_emulated(void)
{
    if (!open_pipes()) {
        return NULL;
    }
    devbus.exchange = pipe_exchange;
    if (mf_devbus_hello(&devbus, (uint8_t)boot_handover.cause, MF_FLIGHT_BUILD ? 1u : 0u) < 0) {
        return NULL;
    }
    boot_handover.greeted = 1;
    mf_bus_reset(&bus, MF_BUS_PLATFORM, &mf_devbus_ops, &devbus);
    return &bus;
}

mf_bus_t *boot_bus_open(void)
{
    if (stm32_on_qemu()) {
        return open_emulated();
    }
    if (stm32_i2c_open(&i2c, &pins, 2, MF_PIN_I2C2_SCL, MF_PIN_I2C2_SDA, BUS_HZ, 1u) != MF_OK) {
        return NULL;
    }
    mf_bus_reset(&bus, MF_BUS_PLATFORM, &mf_stm32_i2c_ops, &i2c);
    return &bus;
}

/* The image finds no interrupt pending that it has not asked for. */
void boot_bus_close(void)
{
    for (uint32_t irq = STM32_IRQ_I2C2_EV; irq <= STM32_IRQ_I2C2_ER && i2c.regs != 0; irq++) {
        mf_mmio_write(NVIC_ICER + 4u * (irq / 32u), 1u << irq % 32u);
        mf_mmio_write(NVIC_ICPR + 4u * (irq / 32u), 1u << irq % 32u);
    }
}
