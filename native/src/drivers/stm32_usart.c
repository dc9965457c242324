/* STM32F4 USART, interrupt-driven: RM0090 section 30.3 (oversampling by 16, fractional divider) and
 * section 30.6 (registers).
 *
 * Reading SR and then DR clears every error flag. One look reads SR once and serves both
 * directions. TXE alone is asked of the transmitter: TC and the errors are not modelled faithfully
 * by emulators. */
#include "mf_stm32_usart.h"

#include <stddef.h>
#include <string.h>

#include "mf_mmio.h"
#include "mf_port.h"

#define SR_FE (1u << 1)
#define SR_NF (1u << 2)
#define SR_ORE (1u << 3)
#define SR_RXNE (1u << 5)
#define SR_TXE (1u << 7)

#define CR1_RE (1u << 2)
#define CR1_TE (1u << 3)
#define CR1_RXNEIE (1u << 5)
#define CR1_TXEIE (1u << 7)
#define CR1_UE (1u << 13)
#define CR1_LISTEN (CR1_UE | CR1_TE | CR1_RE | CR1_RXNEIE)

/* Longest run of one handler: on silicon two bytes each way can be ready, on Renode, where the
 * transmitter is always empty, the interrupt comes again. */
#define SERVICE_LOOKS 16u
/* Half of what the receiver tolerates (3.75 %, RM0090 section 30.3.5), the rest is the sender's. */
#define BAUD_ERROR_SHARE 50u

static uint32_t reg_read(const mf_stm32_usart_t *usart, uint32_t offset)
{
    return mf_mmio_read(usart->regs + offset);
}

static void reg_write(const mf_stm32_usart_t *usart, uint32_t offset, uint32_t value)
{
    mf_mmio_write(usart->regs + offset, value);
}

static void keep(mf_stm32_usart_t *usart, uint8_t byte)
{
    usart->received++;
    if (usart->written - usart->taken >= MF_STM32_USART_RING) {
        usart->lost++;
        return;
    }
    usart->ring[usart->written % MF_STM32_USART_RING] = byte;
    usart->written++; /* after the byte is in its place */
}

/* RXNE or an error is up. */
static void receive(mf_stm32_usart_t *usart, uint32_t sr)
{
    uint8_t byte = (uint8_t)reg_read(usart, MF_STM32_USART_DR);

    if ((sr & SR_ORE) != 0) {
        usart->overruns++; /* the byte in DR is good, those after it are gone */
    }
    if ((sr & SR_RXNE) == 0) {
        return; /* the good byte was taken before the overrun (section 30.3.3, "Overrun error") */
    }
    if ((sr & SR_FE) != 0) {
        usart->framing++;
        return;
    }
    if ((sr & SR_NF) != 0) {
        usart->noise++;
    }
    keep(usart, byte);
}

/* Without something to write the transmitter must not ask: it is empty for ever. */
static void quiet(mf_stm32_usart_t *usart)
{
    if (usart->bus == NULL) {
        reg_write(usart, MF_STM32_USART_CR1, CR1_LISTEN);
    }
}

/* TXE is up and there is something to write. */
static void transmit(mf_stm32_usart_t *usart)
{
    reg_write(usart, MF_STM32_USART_DR, usart->tx[usart->tx_index]);
    usart->tx_index++;
    usart->sent++;
    if (usart->tx_index == usart->tx_len) {
        mf_bus_t *bus = usart->bus;

        usart->bus = NULL;
        quiet(usart); /* before mf_bus_done(), which may start the next write */
        mf_bus_done(bus, usart->tx_len);
    }
}

void mf_stm32_usart_isr(mf_stm32_usart_t *usart)
{
    for (uint32_t look = 0; look < SERVICE_LOOKS; look++) {
        uint32_t sr = reg_read(usart, MF_STM32_USART_SR);
        bool come = (sr & (SR_RXNE | SR_ORE | SR_FE | SR_NF)) != 0;
        bool room = usart->bus != NULL && (sr & SR_TXE) != 0;

        if (!come && !room) {
            if (look == 0) {
                usart->spurious++;
                quiet(usart);
            }
            return;
        }
        if (come) {
            receive(usart, sr);
        }
        if (room) {
            transmit(usart);
        }
    }
}

/* Up to `size` bytes out of the ring. The interrupt only adds behind `written`. */
static uint16_t take(mf_stm32_usart_t *usart, uint8_t *out, uint16_t size)
{
    uint32_t waiting = usart->written - usart->taken;
    uint32_t count = waiting < size ? waiting : size;
    uint32_t from = usart->taken % MF_STM32_USART_RING;
    uint32_t first = MF_STM32_USART_RING - from;

    if (count == 0) {
        return 0;
    }
    first = first < count ? first : count;
    memcpy(out, &usart->ring[from], first);
    memcpy(&out[first], usart->ring, count - first);
    usart->taken += count;
    return (uint16_t)count;
}

static void begin(mf_stm32_usart_t *usart, mf_bus_t *bus, const mf_xfer_t *xfer)
{
    uint32_t lock;

    if (xfer->tx_len == 0) {
        mf_bus_done(bus, 0);
        return;
    }
    /* In one piece: a received byte may bring the handler, which would write and end it. */
    lock = mf_port_irq_lock();
    usart->tx = xfer->tx;
    usart->tx_len = xfer->tx_len;
    usart->tx_index = 0;
    usart->bus = bus;
    reg_write(usart, MF_STM32_USART_CR1, CR1_LISTEN | CR1_TXEIE);
    mf_port_irq_unlock(lock);
}

static void start(mf_bus_t *bus, mf_xfer_t *xfer)
{
    mf_stm32_usart_t *usart = bus->ctx;

    if (usart->divider == 0) {
        mf_bus_done(bus, MF_E_INVAL);
    } else if (xfer->op == MF_OP_UART_READ && xfer->tx_len == 0) {
        mf_bus_done(bus, take(usart, xfer->rx, xfer->rx_len));
    } else if (xfer->op == MF_OP_UART_WRITE && xfer->rx_len == 0 && xfer->tx_len <= INT16_MAX) {
        begin(usart, bus, xfer);
    } else {
        mf_bus_done(bus, MF_E_INVAL);
    }
}

/* What is in the transmitter goes out; the ring keeps what came. */
static void abort_transfer(mf_bus_t *bus)
{
    mf_stm32_usart_t *usart = bus->ctx;

    usart->bus = NULL;
    if (usart->divider != 0) {
        quiet(usart);
    }
}

const mf_bus_ops_t mf_stm32_usart_ops = {.start = start, .abort = abort_transfer};

int mf_stm32_usart_reset(mf_stm32_usart_t *usart, uintptr_t regs, uint32_t pclk_hz, uint32_t baud)
{
    uint32_t divider = baud == 0 ? 0 : (pclk_hz + baud / 2u) / baud;
    uint32_t reached;
    uint32_t off;

    *usart = (mf_stm32_usart_t){.regs = regs};
    /* A mantissa below 1 is not possible (section 30.3.4). */
    if (pclk_hz > 84000000u || divider < 16u || divider > 0xFFFFu) {
        return MF_E_INVAL;
    }
    reached = pclk_hz / divider;
    off = reached > baud ? reached - baud : baud - reached;
    if (off > baud / BAUD_ERROR_SHARE) {
        return MF_E_INVAL;
    }
    usart->divider = divider;
    reg_write(usart, MF_STM32_USART_CR1, 0);
    reg_write(usart, MF_STM32_USART_CR2, 0);
    reg_write(usart, MF_STM32_USART_CR3, 0); /* three samples a bit, no DMA, no flow control */
    reg_write(usart, MF_STM32_USART_BRR, divider);
    reg_write(usart, MF_STM32_USART_CR1, CR1_LISTEN);
    return MF_OK;
}
