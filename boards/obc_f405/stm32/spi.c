/* SPI 1, 2 and 3 (RM0090 section 28): master, 8 bits, polled, chip select by the caller.
 *
 * One byte at a time, always drained: no overrun, and the same in emulators. */
#include <stddef.h>

#include "mf_status.h"
#include "registers.h"
#include "stm32.h"

/* A byte takes 49 us at the slowest divider of 42 MHz; a look costs 25 ns or more. */
#define LOOKS_BYTE 10000u
#define DIVIDERS 8u /* 2, 4 .. 256 */

typedef struct {
    uint32_t base;
    uint32_t enable_register;
    uint32_t enable_bit;
} port_t;

static const port_t ports[] = {
    {SPI1_BASE, RCC_APB2ENR, RCC_APB2ENR_SPI1EN},
    {SPI2_BASE, RCC_APB1ENR, RCC_APB1ENR_SPI2EN},
    {SPI3_BASE, RCC_APB1ENR, RCC_APB1ENR_SPI3EN},
};

static const port_t *find(uint8_t number)
{
    return number >= 1u && number <= 3u ? &ports[number - 1u] : NULL;
}

int stm32_spi_init(uint8_t number, uint8_t sck, uint8_t miso, uint8_t mosi, uint8_t af,
                   uint32_t baud_hz, uint8_t mode)
{
    const port_t *port = find(number);
    uint32_t pclk_hz = number == 1u ? stm32_apb2_hz() : stm32_apb1_hz();
    uint32_t divider = 0;

    if (port == NULL || mode > 3u) {
        return MF_E_INVAL;
    }
    while (divider < DIVIDERS && pclk_hz >> (divider + 1u) > baud_hz) {
        divider++;
    }
    if (divider == DIVIDERS) {
        return MF_E_INVAL;
    }
    mf_mmio_update(port->enable_register, 0, port->enable_bit);
    (void)mf_mmio_read(port->enable_register);
    mf_mmio_write(port->base + SPI_CR1, 0);
    mf_mmio_write(port->base + SPI_CR2, 0);
    /* SSM with SSI high, or the peripheral takes NSS low for another master and leaves MSTR. */
    mf_mmio_write(port->base + SPI_CR1,
                  SPI_CR1_SSM | SPI_CR1_SSI | SPI_CR1_MSTR | divider << SPI_CR1_BR_Pos |
                      ((mode & 2u) != 0 ? SPI_CR1_CPOL : 0u) |
                      ((mode & 1u) != 0 ? SPI_CR1_CPHA : 0u));
    stm32_pin_config(sck, STM32_ALTERNATE, af, false, STM32_PULL_NONE);
    stm32_pin_config(miso, STM32_ALTERNATE, af, false, STM32_PULL_UP);
    stm32_pin_config(mosi, STM32_ALTERNATE, af, false, STM32_PULL_NONE);
    mf_mmio_update(port->base + SPI_CR1, 0, SPI_CR1_SPE);
    return MF_OK;
}

int stm32_spi_transfer(uint8_t number, const uint8_t *tx, uint8_t *rx, uint32_t size)
{
    const port_t *port = find(number);

    if (port == NULL) {
        return MF_E_INVAL;
    }
    for (uint32_t index = 0; index < size; index++) {
        uint8_t byte;

        if (!stm32_wait(port->base + SPI_SR, SPI_SR_TXE, SPI_SR_TXE, LOOKS_BYTE)) {
            return MF_E_TIMEOUT;
        }
        mf_mmio_write(port->base + SPI_DR, tx == NULL ? 0u : tx[index]);
        if (!stm32_wait(port->base + SPI_SR, SPI_SR_RXNE, SPI_SR_RXNE, LOOKS_BYTE)) {
            return MF_E_TIMEOUT;
        }
        byte = (uint8_t)mf_mmio_read(port->base + SPI_DR);
        if (rx != NULL) {
            rx[index] = byte;
        }
    }
    /* The chip select may rise only when the last clock edge is out. */
    return stm32_wait(port->base + SPI_SR, SPI_SR_BSY, 0, LOOKS_BYTE) ? MF_OK : MF_E_TIMEOUT;
}
