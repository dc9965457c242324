/* STM32F4 I2C master, interrupt-driven, as a backend of mf_bus_t (RM0090 section 27).
 *
 * The owner of the vector table calls mf_stm32_i2c_event() and mf_stm32_i2c_error() from the two
 * interrupts of the peripheral; both at one priority, above any code that queues transfers, so
 * that reading the second-last byte and setting STOP stay within one byte time.
 * Deadlines belong to the bus layer: mf_bus_transfer() and the control tick abort a transfer that
 * does not end. Every wait in here is bounded. */
#ifndef MF_STM32_I2C_H
#define MF_STM32_I2C_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_bus.h"

/* Registers, offsets from the base of one I2C peripheral (RM0090 section 27.6). */
#define MF_STM32_I2C_CR1 0x00u
#define MF_STM32_I2C_CR2 0x04u
#define MF_STM32_I2C_OAR1 0x08u
#define MF_STM32_I2C_OAR2 0x0Cu
#define MF_STM32_I2C_DR 0x10u
#define MF_STM32_I2C_SR1 0x14u
#define MF_STM32_I2C_SR2 0x18u
#define MF_STM32_I2C_CCR 0x1Cu
#define MF_STM32_I2C_TRISE 0x20u

/* Address at which the Renode bridge answers one byte: 0, or the errno of the last failed
 * transfer of this bus; reading clears it (docs/icd/device-bus.md, "Renode"). Reserved in the I2C
 * address map (1111 1xx), so that no real part can be there. */
#define MF_STM32_I2C_RENODE_STATUS 0x7Eu

enum mf_stm32_i2c_state {
    MF_STM32_I2C_IDLE = 0,
    MF_STM32_I2C_START,         /* START requested, waiting for SB */
    MF_STM32_I2C_WRITE_ADDRESS, /* address + W sent, waiting for ADDR or AF */
    MF_STM32_I2C_WRITE,         /* bytes of tx on the wire */
    MF_STM32_I2C_RESTART,       /* repeated START requested, waiting for SB */
    MF_STM32_I2C_READ_ADDRESS,  /* address + R sent, waiting for ADDR or AF */
    MF_STM32_I2C_READ,          /* bytes of rx on the wire */
};

typedef struct mf_stm32_i2c {
    uintptr_t regs;   /* base address of the peripheral */
    uint32_t pclk_hz; /* its APB clock, 2..42 MHz*/
    uint32_t bus_hz;  /* SCL, 10000..400000 */
    /* Put the pins into GPIO open-drain, clock SCL nine times or until SDA is high, make a STOP,
     * give the pins back to the peripheral. True when both lines are high in the end. NULL: no
     * bus clear. Called with the peripheral disabled, by mf_stm32_i2c_reset() and before the first
     * transfer after an abort: it takes up to 100 us, and an abort may run with interrupts off. */
    bool (*clear)(void *clear_ctx);
    void *clear_ctx;
    uint8_t status_address; /* 0, or MF_STM32_I2C_RENODE_STATUS when running on Renode */

    mf_bus_t *bus; /* whose head is on the wire; NULL when idle */
    const uint8_t *tx;
    uint8_t *rx;
    uint16_t tx_len, rx_len;
    uint16_t index; /* next byte of tx or rx */
    uint8_t address;
    volatile uint8_t state;
    bool clear_due;      /* aborted: clear the bus before the next transfer */
    bool polling_status; /* the status byte of the Renode bridge is being read */
    uint8_t status_byte;
    int result;          /* of the transfer, while the status byte is being read */
    uint32_t freq;       /* CR2 without interrupt enables: PCLK in MHz */
    uint32_t bus_errors; /* BERR, ARLO, OVR, TIMEOUT, since reset */
    uint32_t nacks;      /* AF, since reset */
    uint32_t stop_waits; /* STOP not done within its bound, since reset */
    uint32_t spurious;   /* event without a transfer, since reset */
    uint32_t stuck;      /* bus clear found a line still low, since reset */
} mf_stm32_i2c_t;

extern const mf_bus_ops_t mf_stm32_i2c_ops;

/* Initialise the peripheral: clock enabled and pins configured by the caller. Resets the
 * counters. 0, or MF_E_INVAL for clocks out of range (the peripheral then stays disabled). */
int mf_stm32_i2c_reset(mf_stm32_i2c_t *i2c, uintptr_t regs, uint32_t pclk_hz, uint32_t bus_hz,
                       bool (*clear)(void *clear_ctx), void *clear_ctx);

/* Interrupt handlers: event and error line of the peripheral. */
void mf_stm32_i2c_event(mf_stm32_i2c_t *i2c);
void mf_stm32_i2c_error(mf_stm32_i2c_t *i2c);

#endif
