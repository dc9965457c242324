/* General-purpose I/O (RM0090 section 8) and interrupt lines of the NVIC. */
#include "registers.h"
#include "stm32.h"

#define SPEED_FAST 2u /* 50 MHz class: enough for SPI at 42 MHz, gentler than "high" */

static uint32_t base_of(uint8_t pin)
{
    return GPIO_BASE((uint32_t)pin >> 4);
}

static void field(uint32_t address, uint32_t shift, uint32_t width, uint32_t value)
{
    uint32_t mask = (1u << width) - 1u;

    mf_mmio_update(address, mask << shift, (value & mask) << shift);
}

void stm32_pin_config(uint8_t pin, uint8_t mode, uint8_t af, bool open_drain, uint8_t pull)
{
    uint32_t port = (uint32_t)pin >> 4;
    uint32_t n = pin & 0xFu;
    uint32_t base = base_of(pin);

    if (port >= GPIO_PORTS) {
        return;
    }
    mf_mmio_update(RCC_AHB1ENR, 0, 1u << port);
    (void)mf_mmio_read(RCC_AHB1ENR); /* the clock needs two cycles (RM0090 7.2.14) */
    field(base + GPIO_OTYPER, n, 1u, open_drain ? 1u : 0u);
    field(base + GPIO_OSPEEDR, 2u * n, 2u, SPEED_FAST);
    field(base + GPIO_PUPDR, 2u * n, 2u, pull);
    if (mode == STM32_ALTERNATE) {
        field(base + (n < 8u ? GPIO_AFRL : GPIO_AFRH), 4u * (n & 7u), 4u, af);
    }
    /* Last, so that the pin never drives with another pin type. */
    field(base + GPIO_MODER, 2u * n, 2u, mode);
}

void stm32_pin_write(uint8_t pin, bool level)
{
    uint32_t n = pin & 0xFu;

    if ((uint32_t)pin >> 4 < GPIO_PORTS) {
        mf_mmio_write(base_of(pin) + GPIO_BSRR, 1u << (level ? n : n + 16u));
    }
}

bool stm32_pin_read(uint8_t pin)
{
    if ((uint32_t)pin >> 4 >= GPIO_PORTS) {
        return false;
    }
    return (mf_mmio_read(base_of(pin) + GPIO_IDR) >> (pin & 0xFu) & 1u) != 0;
}

void stm32_irq_enable(uint8_t irq, uint8_t priority)
{
    uint32_t number = irq;

    if (number >= STM32_IRQ_COUNT) {
        return;
    }
    /* Four priority bits, the upper half of each byte. */
    field(NVIC_IPR + (number & ~3u), 8u * (number & 3u), 8u, ((uint32_t)priority & 0xFu) << 4);
    mf_mmio_write(NVIC_ISER + 4u * (number / 32u), 1u << (number % 32u));
}
