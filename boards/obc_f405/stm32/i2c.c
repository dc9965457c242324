/* One I2C peripheral made ready: clock, pins, interrupts, bus clear; the transfers themselves are
 * in native/src/drivers/stm32_i2c.c. */
#include <stddef.h>

#include "mf_status.h"
#include "registers.h"
#include "stm32.h"

#define I2C_AF 4u
#define CLOCKS 9u /* a slave in the middle of a byte lets SDA go within nine (UM10204, 3.1.16) */
/* Half a clock: looks at a pin of 25 ns or more each, 3 us at 168 MHz. */
#define LOOKS_HALF_CLOCK 128u

typedef struct {
    uint32_t base;
    uint32_t enable_bit;
    uint8_t event_irq;
    uint8_t error_irq;
} port_t;

static const port_t ports[] = {
    {I2C1_BASE, RCC_APB1ENR_I2C1EN, STM32_IRQ_I2C1_EV, STM32_IRQ_I2C1_ER},
    {I2C2_BASE, RCC_APB1ENR_I2C2EN, STM32_IRQ_I2C2_EV, STM32_IRQ_I2C2_ER},
    {I2C3_BASE, RCC_APB1ENR_I2C3EN, STM32_IRQ_I2C3_EV, STM32_IRQ_I2C3_ER},
};

static void half_clock(uint8_t pin)
{
    for (uint32_t look = 0; look < LOOKS_HALF_CLOCK; look++) {
        (void)stm32_pin_read(pin);
    }
}

/* Boards have pull-ups of their own; the weak internal ones help where one is left out.
 * The pins as open-drain outputs: clocks until SDA is free, then START and STOP (SDA falls and
 * rises while SCL is high), so that every slave's state machine is reset. */
static bool bus_clear(void *clear_ctx)
{
    const stm32_i2c_pins_t *pins = clear_ctx;
    bool free;

    stm32_pin_write(pins->scl, true);
    stm32_pin_write(pins->sda, true);
    stm32_pin_config(pins->scl, STM32_OUTPUT, 0, true, STM32_PULL_UP);
    stm32_pin_config(pins->sda, STM32_OUTPUT, 0, true, STM32_PULL_UP);
    half_clock(pins->scl);
    for (uint32_t clock = 0; clock < CLOCKS && !stm32_pin_read(pins->sda); clock++) {
        stm32_pin_write(pins->scl, false);
        half_clock(pins->scl);
        stm32_pin_write(pins->scl, true);
        half_clock(pins->scl);
    }
    stm32_pin_write(pins->sda, false);
    half_clock(pins->scl);
    stm32_pin_write(pins->sda, true);
    half_clock(pins->scl);
    free = stm32_pin_read(pins->scl) && stm32_pin_read(pins->sda);
    stm32_pin_config(pins->scl, STM32_ALTERNATE, I2C_AF, true, STM32_PULL_UP);
    stm32_pin_config(pins->sda, STM32_ALTERNATE, I2C_AF, true, STM32_PULL_UP);
    return free;
}

int stm32_i2c_open(mf_stm32_i2c_t *i2c, stm32_i2c_pins_t *pins, uint8_t number, uint8_t scl,
                   uint8_t sda, uint32_t bus_hz, uint8_t priority)
{
    const port_t *port;
    int status;

    if (number < 1u || number > 3u) {
        return MF_E_INVAL;
    }
    port = &ports[number - 1u];
    pins->scl = scl;
    pins->sda = sda;
    mf_mmio_update(RCC_APB1ENR, 0, port->enable_bit);
    (void)mf_mmio_read(RCC_APB1ENR);
    /* Both lines free, the peripheral sees an idle bus when its pins are given to it. */
    stm32_pin_config(scl, STM32_ALTERNATE, I2C_AF, true, STM32_PULL_UP);
    stm32_pin_config(sda, STM32_ALTERNATE, I2C_AF, true, STM32_PULL_UP);
    status = mf_stm32_i2c_reset(i2c, port->base, stm32_apb1_hz(), bus_hz, bus_clear, pins);
    if (status != MF_OK) {
        return status;
    }
    if (stm32_on_renode()) {
        i2c->status_address = MF_STM32_I2C_RENODE_STATUS;
    }
    stm32_irq_enable(port->event_irq, priority);
    stm32_irq_enable(port->error_irq, priority);
    return MF_OK;
}
