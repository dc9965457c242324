/* Buses: one queue of transfers per bus, whatever carries them.
 *
 * A backend (STM32 I2C registers, device-bus pipe, host callback) starts the transfer at the head
 * of the queue and calls mf_bus_done() when it ended; from an interrupt on silicon, before start()
 * returns on the device-bus backends. The caller owns the transfer struct and its buffers until
 * status leaves MF_E_BUSY. */
#ifndef MF_BUS_H
#define MF_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_status.h"

/* Operations; the numbers are those of the device-bus protocol (docs/icd/device-bus.md). */
enum mf_op {
    MF_OP_HELLO = 1,      /* after every boot; tx: u8 protocol version, u8 reset cause, u8 flags */
    MF_OP_I2C = 2,        /* write tx_len, then (repeated start) read rx_len; either may be 0 */
    MF_OP_SPI = 3,        /* address = chip select; write tx_len, then read rx_len, one selection */
    MF_OP_UART_WRITE = 4, /* bus = UART number */
    MF_OP_UART_READ = 5,  /* status = bytes read (0..rx_len) */
    MF_OP_GPIO_WRITE = 6, /* address = line, tx[0] = level */
    MF_OP_GPIO_READ = 7,  /* address = line; rx[0] = level */
    MF_OP_WATCHDOG = 8,   /* kick the external watchdog; tx: u32 LE control tick number */
};

/* Bus numbers, the same in every world. */
enum mf_bus_id {
    MF_BUS_ADCS = 1,     /* I2C1: attitude sensors and actuators, owned by C */
    MF_BUS_PLATFORM = 2, /* I2C2: radio, FRAM (C drivers), EPS, payload (Python drivers) */
    MF_BUS_SPI = 3,      /* SPI1: storage, later */
};

/* UARTs have numbers of their own. */
#define MF_UART_GNSS 1u

typedef struct mf_xfer {
    uint8_t op;
    uint8_t bus;
    uint16_t address; /* 7-bit I2C address, chip select, or GPIO line */
    const uint8_t *tx;
    uint16_t tx_len;
    uint8_t *rx;
    uint16_t rx_len;
    volatile int16_t status; /* MF_E_BUSY until ended, then >= 0 or a negative mf_status */
    struct mf_xfer *next;
} mf_xfer_t;

typedef struct mf_bus mf_bus_t;

typedef struct {
    /* Start the transfer at the head. Must end in exactly one mf_bus_done(). */
    void (*start)(mf_bus_t *bus, mf_xfer_t *xfer);
    /* Stop what is on the wire and re-initialise; called with interrupts off, so the bus clear (9
     * clocks) comes with the next start(). No mf_bus_done(). */
    void (*abort)(mf_bus_t *bus);
} mf_bus_ops_t;

struct mf_bus {
    const mf_bus_ops_t *ops;
    void *ctx; /* the backend's own state */
    uint8_t id;
    mf_xfer_t *volatile head;
    mf_xfer_t *tail;
    volatile bool active;  /* the head was given to the backend and has not ended */
    volatile bool pumping; /* start() is running: an end within it starts nothing itself */
    uint32_t transfers; /* ended, good or bad */
    uint32_t errors;    /* ended with a negative status */
    uint32_t aborts;
    uint32_t bytes;     /* on the wire, address bytes included */
};

void mf_bus_reset(mf_bus_t *bus, uint8_t id, const mf_bus_ops_t *ops, void *ctx);

/* Queue a transfer; returns at once. Any context. 0, MF_E_INVAL, or MF_E_BUSY if already queued. */
int mf_bus_submit(mf_bus_t *bus, mf_xfer_t *xfer);

/* Backend only: the head ended with `status`; starts the next one. */
void mf_bus_done(mf_bus_t *bus, int status);

/* Thread context: submit and sleep until it ended or `timeout_us` passed (then the bus is aborted
 * and the transfer ends with MF_E_TIMEOUT). Returns the final status. */
int mf_bus_transfer(mf_bus_t *bus, mf_xfer_t *xfer, uint32_t timeout_us);

/* Survival and late control ticks: abort what is on the wire, fail every queued transfer with
 * MF_E_TIMEOUT, leave the bus idle. Any context that may preempt the bus's own interrupts. */
void mf_bus_seize(mf_bus_t *bus);

/* Thread context, after a fault or an error there: as mf_bus_seize, and what the lost code had begun
 * on this bus is forgotten. */
void mf_bus_recover(mf_bus_t *bus);

#endif
