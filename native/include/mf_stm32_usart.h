/* STM32F4 USART, interrupt-driven, as a backend of mf_bus_t (RM0090 section 30): 8 data bits, no
 * parity, one stop bit, no flow control.
 *
 * What is received goes into a ring at once, whether anybody asks or not; MF_OP_UART_READ takes what
 * is there, at most rx_len bytes, and ends before start() returns with their number.
 * MF_OP_UART_WRITE ends with the number of bytes when the last one was handed to the transmitter;
 * meanwhile a read waits in the queue of the bus. Another operation ends with MF_E_INVAL.
 *
 * The owner of the vector table calls mf_stm32_usart_isr() from the interrupt of the peripheral, at
 * a priority above any code that queues or aborts transfers. The receiver holds one byte beside the
 * one on the line: the handler must run within one byte time (86.8 us at 115200 baud). */
#ifndef MF_STM32_USART_H
#define MF_STM32_USART_H

#include <stdint.h>

#include "mf_bus.h"

/* Registers, offsets from the base of one USART (RM0090 section 30.6). */
#define MF_STM32_USART_SR 0x00u
#define MF_STM32_USART_DR 0x04u
#define MF_STM32_USART_BRR 0x08u
#define MF_STM32_USART_CR1 0x0Cu
#define MF_STM32_USART_CR2 0x10u
#define MF_STM32_USART_CR3 0x14u

/* Bytes kept until they are read, a power of two: two messages UBX-NAV-PVT and a half. */
#define MF_STM32_USART_RING 256u

typedef struct mf_stm32_usart {
    uintptr_t regs;        /* base address of the peripheral; 0 is legal */
    uint32_t divider;      /* BRR; 0 until reset with possible clocks */
    mf_bus_t *bus;         /* whose head is being written; NULL when the transmitter is idle */
    const uint8_t *tx;
    uint16_t tx_len, tx_index;
    volatile uint32_t written; /* into the ring, by the interrupt only; wraps */
    volatile uint32_t taken;   /* out of it, by the bus only; wraps */
    uint32_t received;     /* bytes that came whole, since reset */
    uint32_t sent;         /* bytes handed to the transmitter, since reset */
    uint32_t overruns;     /* at least one byte lost each: the handler came late */
    uint32_t framing;      /* bytes without a stop bit, dropped */
    uint32_t noise;        /* bytes with differing samples, kept: a majority decided them */
    uint32_t lost;         /* bytes dropped because the ring was full */
    uint32_t spurious;     /* interrupts with nothing to do */
    uint8_t ring[MF_STM32_USART_RING];
} mf_stm32_usart_t;

extern const mf_bus_ops_t mf_stm32_usart_ops;

/* Initialise the peripheral, receiver and transmitter on: clock enabled and pins configured by the
 * caller. Resets the counters and empties the ring. 0, or MF_E_INVAL when no divider of `pclk_hz`
 * comes within 2 % of `baud` (the peripheral is then left alone and every transfer refused). */
int mf_stm32_usart_reset(mf_stm32_usart_t *usart, uintptr_t regs, uint32_t pclk_hz, uint32_t baud);

/* Interrupt handler of the peripheral. */
void mf_stm32_usart_isr(mf_stm32_usart_t *usart);

#endif
