/* USART 1, 2, 3 and 6 (RM0090 section 30): 8N1, transmit polled, receive by interrupt; or made
 * ready for native/src/drivers/stm32_usart.c, which does both by interrupt.
 *
 * Transmission needs TXE alone: TC is not modelled faithfully by emulators. */
#include <stddef.h>

#include "mf_status.h"
#include "registers.h"
#include "stm32.h"

/* A character takes 8.4 ms at 1200 bit/s; a look costs 25 ns or more. */
#define LOOKS_TXE 400000u
#define IRQ_PRIORITY 14u /* above PendSV (15) alone */
#define RX_PER_INTERRUPT 16u

typedef struct {
    uint8_t bytes[STM32_UART_RING];
    volatile uint32_t written; /* by the interrupt only */
    volatile uint32_t taken;   /* by the reader only */
    volatile uint32_t lost;
} ring_t;

typedef struct {
    uint32_t base;
    uint32_t enable_register;
    uint32_t enable_bit;
    uint8_t number;
    uint8_t irq;
    uint8_t af;
} port_t;

static const port_t ports[] = {
    {USART1_BASE, RCC_APB2ENR, RCC_APB2ENR_USART1EN, 1, STM32_IRQ_USART1, 7},
    {USART2_BASE, RCC_APB1ENR, RCC_APB1ENR_USART2EN, 2, STM32_IRQ_USART2, 7},
    {USART3_BASE, RCC_APB1ENR, RCC_APB1ENR_USART3EN, 3, STM32_IRQ_USART3, 7},
    {USART6_BASE, RCC_APB2ENR, RCC_APB2ENR_USART6EN, 6, STM32_IRQ_USART6, 8},
};
#define PORTS (sizeof ports / sizeof ports[0])

/* One ring per peripheral that exists once on the die, filled from its interrupt. Outside the
 * kernel block: a ring that is overwritten loses characters, no more. */
static ring_t rings[PORTS];

static const port_t *find(uint8_t number)
{
    for (size_t index = 0; index < PORTS; index++) {
        if (ports[index].number == number) {
            return &ports[index];
        }
    }
    return NULL;
}

static ring_t *ring_of(const port_t *port)
{
    return &rings[port - ports];
}

static uint32_t clock_of(const port_t *port)
{
    return port->enable_register == RCC_APB2ENR ? stm32_apb2_hz() : stm32_apb1_hz();
}

/* Clock and pins: registers may be written afterwards. */
static void connect(const port_t *port, uint8_t tx, uint8_t rx)
{
    mf_mmio_update(port->enable_register, 0, port->enable_bit);
    (void)mf_mmio_read(port->enable_register);
    if (tx != STM32_PIN_NONE) {
        stm32_pin_config(tx, STM32_ALTERNATE, port->af, false, STM32_PULL_NONE);
    }
    if (rx != STM32_PIN_NONE) {
        stm32_pin_config(rx, STM32_ALTERNATE, port->af, false, STM32_PULL_UP);
    }
}

int stm32_uart_init(uint8_t number, uint8_t tx, uint8_t rx, uint32_t baud)
{
    const port_t *port = find(number);
    uint32_t divider;

    if (port == NULL || baud == 0) {
        return MF_E_INVAL;
    }
    divider = (clock_of(port) + baud / 2u) / baud; /* oversampling by 16: BRR = f / baud */
    if (divider < 16u || divider > 0xFFFFu) {
        return MF_E_INVAL;
    }
    connect(port, tx, rx);
    *ring_of(port) = (ring_t){.written = 0};
    mf_mmio_write(port->base + USART_CR1, 0);
    mf_mmio_write(port->base + USART_CR2, 0);
    mf_mmio_write(port->base + USART_CR3, 0);
    mf_mmio_write(port->base + USART_BRR, divider);
    mf_mmio_write(port->base + USART_CR1,
                  USART_CR1_UE | USART_CR1_TE | USART_CR1_RE | USART_CR1_RXNEIE);
    stm32_irq_enable(port->irq, IRQ_PRIORITY);
    return MF_OK;
}

int stm32_uart_put(uint8_t number, uint8_t byte)
{
    const port_t *port = find(number);

    if (port == NULL) {
        return MF_E_INVAL;
    }
    if (!stm32_wait(port->base + USART_SR, USART_SR_TXE, USART_SR_TXE, LOOKS_TXE)) {
        return MF_E_TIMEOUT;
    }
    mf_mmio_write(port->base + USART_DR, byte);
    return MF_OK;
}

int stm32_uart_get(uint8_t number)
{
    const port_t *port = find(number);
    ring_t *ring;
    int byte;

    if (port == NULL) {
        return -1;
    }
    ring = ring_of(port);
    if (ring->taken == ring->written) {
        return -1;
    }
    byte = ring->bytes[ring->taken % STM32_UART_RING];
    ring->taken++;
    return byte;
}

uint32_t stm32_uart_available(uint8_t number)
{
    const port_t *port = find(number);

    return port == NULL ? 0 : ring_of(port)->written - ring_of(port)->taken;
}

uint32_t stm32_uart_lost(uint8_t number)
{
    const port_t *port = find(number);

    return port == NULL ? 0 : ring_of(port)->lost;
}

void stm32_uart_isr(uint8_t number)
{
    const port_t *port = find(number);
    ring_t *ring;

    if (port == NULL) {
        return;
    }
    ring = ring_of(port);
    for (uint32_t look = 0; look < RX_PER_INTERRUPT; look++) {
        uint32_t sr = mf_mmio_read(port->base + USART_SR);
        uint32_t bad = sr & (USART_SR_ORE | USART_SR_FE | USART_SR_NF | USART_SR_PE);
        uint8_t byte;

        if ((sr & USART_SR_RXNE) == 0 && bad == 0) {
            return;
        }
        byte = (uint8_t)mf_mmio_read(port->base + USART_DR); /* SR then DR clears the errors */
        if ((bad & ~USART_SR_ORE) != 0 || ring->written - ring->taken >= STM32_UART_RING) {
            ring->lost++;
            continue;
        }
        if ((bad & USART_SR_ORE) != 0) {
            ring->lost++; /* the byte read is good, a later one is gone */
        }
        if ((sr & USART_SR_RXNE) != 0) {
            ring->bytes[ring->written % STM32_UART_RING] = byte;
            ring->written++;
        }
    }
}

int stm32_usart_open(mf_stm32_usart_t *usart, uint8_t number, uint8_t tx, uint8_t rx,
                     uint32_t baud, uint8_t priority)
{
    const port_t *port = find(number);
    int status;

    if (port == NULL) {
        return MF_E_INVAL;
    }
    connect(port, tx, rx);
    status = mf_stm32_usart_reset(usart, port->base, clock_of(port), baud);
    if (status == MF_OK) {
        stm32_irq_enable(port->irq, priority);
    }
    return status;
}
