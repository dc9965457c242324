/* STM32F4 I2C master, interrupt-driven: RM0090 section 27.3.3 (transfer sequencing EV5..EV8_2),
 * receive sequence with EV7_1: ACK cleared and STOP set right after the second-last byte was read.
 *
 * Works with interrupt lines held while a flag is up (silicon) and with lines that only pulse when
 * an event happens (Renode): every handler looks again until nothing is left to do.
 * SR1 is read once per look, because on Renode reading it clears AF. */
#include "mf_stm32_i2c.h"

#include <stddef.h>

#include "mf_mmio.h"
#include "mf_port.h"

#define CR1_PE (1u << 0)
#define CR1_START (1u << 8)
#define CR1_STOP (1u << 9)
#define CR1_ACK (1u << 10)
#define CR1_SWRST (1u << 15)

#define CR2_ITERREN (1u << 8)
#define CR2_ITEVTEN (1u << 9)
#define CR2_ITBUFEN (1u << 10)

#define SR1_SB (1u << 0)
#define SR1_ADDR (1u << 1)
#define SR1_BTF (1u << 2)
#define SR1_RXNE (1u << 6)
#define SR1_TXE (1u << 7)
#define SR1_BERR (1u << 8)
#define SR1_ARLO (1u << 9)
#define SR1_AF (1u << 10)
#define SR1_OVR (1u << 11)
#define SR1_TIMEOUT (1u << 14)
/* Flags cleared by writing 0 (writing 1 leaves them); PECERR and SMBALERT included. */
#define SR1_RC_W0 0xDF00u
#define SR1_WIRE_ERRORS (SR1_BERR | SR1_ARLO | SR1_OVR | SR1_TIMEOUT)

#define OAR1_ONE (1u << 14) /* "should always be kept at 1 by software" */
#define CCR_FAST (1u << 15)

/* A STOP takes about 5 us at 400 kHz, a surplus byte before it 25 us more; one look at CR1 costs
 * 60 ns or more on silicon. On Renode the bit never falls after an absent address. */
#define STOP_LOOKS 2000u
/* Longest run of one handler: more looks than bytes that can be ready while nothing else runs. */
#define SERVICE_LOOKS 2048u

static uint32_t reg_read(const mf_stm32_i2c_t *i2c, uint32_t offset)
{
    return mf_mmio_read(i2c->regs + offset);
}

static void reg_write(const mf_stm32_i2c_t *i2c, uint32_t offset, uint32_t value)
{
    mf_mmio_write(i2c->regs + offset, value);
}

/* CR1 may not be written while STOP is pending (RM0090 section 27.6.1, note at STOP). */
static bool wait_stop_done(mf_stm32_i2c_t *i2c)
{
    for (uint32_t look = 0; look < STOP_LOOKS; look++) {
        if ((reg_read(i2c, MF_STM32_I2C_CR1) & CR1_STOP) == 0) {
            return true;
        }
    }
    i2c->stop_waits++;
    return false;
}

/* Registers after a reset of the peripheral (RM0090 sections 27.6.2, 27.6.8, 27.6.9). */
static void configure(mf_stm32_i2c_t *i2c)
{
    uint32_t ccr;
    uint32_t trise;

    if (i2c->bus_hz > 100000u) {
        /* Fast mode, duty 2: t_low = 2 t_high, period 3 CCR; rounded up so as not to be faster. */
        ccr = (i2c->pclk_hz + 3u * i2c->bus_hz - 1u) / (3u * i2c->bus_hz);
        ccr = CCR_FAST | (ccr < 1u ? 1u : ccr);
        trise = i2c->freq * 300u / 1000u + 1u; /* 300 ns */
    } else {
        ccr = (i2c->pclk_hz + 2u * i2c->bus_hz - 1u) / (2u * i2c->bus_hz);
        ccr = ccr < 4u ? 4u : ccr;
        trise = i2c->freq + 1u; /* 1000 ns */
    }
    reg_write(i2c, MF_STM32_I2C_CR1, 0);
    reg_write(i2c, MF_STM32_I2C_CR2, i2c->freq);
    reg_write(i2c, MF_STM32_I2C_OAR1, OAR1_ONE);
    reg_write(i2c, MF_STM32_I2C_CCR, ccr);
    reg_write(i2c, MF_STM32_I2C_TRISE, trise);
    reg_write(i2c, MF_STM32_I2C_CR1, CR1_PE);
}

static void software_reset(mf_stm32_i2c_t *i2c, bool clear_bus)
{
    reg_write(i2c, MF_STM32_I2C_CR2, i2c->freq);
    reg_write(i2c, MF_STM32_I2C_CR1, 0);
    reg_write(i2c, MF_STM32_I2C_CR1, CR1_SWRST);
    if (clear_bus && i2c->clear != NULL && !i2c->clear(i2c->clear_ctx)) {
        i2c->stuck++;
    }
    configure(i2c);
}

/* Request the START of what is in address, tx and rx. */
static void begin(mf_stm32_i2c_t *i2c)
{
    i2c->index = 0;
    i2c->state = MF_STM32_I2C_START;
    if (!wait_stop_done(i2c)) {
        software_reset(i2c, false);
    }
    reg_write(i2c, MF_STM32_I2C_CR2, i2c->freq | CR2_ITEVTEN | CR2_ITERREN);
    reg_write(i2c, MF_STM32_I2C_CR1, CR1_PE | CR1_START | (i2c->rx_len > 1u ? CR1_ACK : 0u));
}

/* The transfer left the wire. No interrupt until the next begin(): BTF stays up till STOP is out. */
static void finish(mf_stm32_i2c_t *i2c, int status)
{
    mf_bus_t *bus = i2c->bus;

    reg_write(i2c, MF_STM32_I2C_CR2, i2c->freq);
    i2c->state = MF_STM32_I2C_IDLE;
    if (i2c->polling_status) {
        i2c->polling_status = false;
        if (status >= 0 && i2c->status_byte != 0) {
            i2c->result = -(int)i2c->status_byte;
        }
        status = i2c->result;
    } else if (i2c->status_address != 0 && status >= 0) {
        i2c->polling_status = true;
        i2c->result = status;
        i2c->status_byte = 0;
        i2c->address = i2c->status_address;
        i2c->tx_len = 0;
        i2c->rx = &i2c->status_byte;
        i2c->rx_len = 1;
        begin(i2c);
        return;
    }
    i2c->bus = NULL;
    mf_bus_done(bus, status);
}

/* Address or data byte not acknowledged: AF is up, the master holds the bus. */
static void refused(mf_stm32_i2c_t *i2c)
{
    bool address =
        i2c->state == MF_STM32_I2C_WRITE_ADDRESS || i2c->state == MF_STM32_I2C_READ_ADDRESS;

    i2c->nacks++;
    reg_write(i2c, MF_STM32_I2C_SR1, SR1_RC_W0 & ~SR1_AF);
    reg_write(i2c, MF_STM32_I2C_CR1, CR1_PE | CR1_STOP);
    (void)wait_stop_done(i2c);
    /* PE off and on: on Renode STOP stays up here and would swallow the next START. */
    reg_write(i2c, MF_STM32_I2C_CR1, 0);
    reg_write(i2c, MF_STM32_I2C_CR1, CR1_PE);
    finish(i2c, address ? MF_E_NODEV : MF_E_IO);
}

static bool serve_start(mf_stm32_i2c_t *i2c, uint32_t sr1)
{
    bool read;

    if ((sr1 & SR1_SB) == 0) {
        return false;
    }
    read = i2c->state == MF_STM32_I2C_RESTART || (i2c->tx_len == 0 && i2c->rx_len > 0);
    i2c->index = 0;
    i2c->state = read ? MF_STM32_I2C_READ_ADDRESS : MF_STM32_I2C_WRITE_ADDRESS;
    reg_write(i2c, MF_STM32_I2C_DR, ((uint32_t)i2c->address << 1) | (read ? 1u : 0u));
    return true;
}

static bool serve_write_address(mf_stm32_i2c_t *i2c, uint32_t sr1)
{
    if ((sr1 & SR1_ADDR) == 0) {
        return false;
    }
    if (i2c->tx_len > 0) {
        reg_write(i2c, MF_STM32_I2C_CR2, i2c->freq | CR2_ITEVTEN | CR2_ITERREN | CR2_ITBUFEN);
    }
    (void)reg_read(i2c, MF_STM32_I2C_SR2); /* SR1 then SR2: clears ADDR */
    i2c->state = MF_STM32_I2C_WRITE;
    if (i2c->tx_len == 0) { /* address probe */
        reg_write(i2c, MF_STM32_I2C_CR1, CR1_PE | CR1_STOP);
        finish(i2c, MF_OK);
    }
    return true;
}

static bool serve_write(mf_stm32_i2c_t *i2c, uint32_t sr1)
{
    if (i2c->index < i2c->tx_len) {
        if ((sr1 & SR1_TXE) == 0) {
            return false;
        }
        if (i2c->index + 1u == i2c->tx_len) {
            /* Last byte: from here BTF alone says when the shift register is empty too. */
            reg_write(i2c, MF_STM32_I2C_CR2, i2c->freq | CR2_ITEVTEN | CR2_ITERREN);
        }
        reg_write(i2c, MF_STM32_I2C_DR, i2c->tx[i2c->index]);
        i2c->index++;
        return true;
    }
    if ((sr1 & SR1_BTF) == 0) {
        return false;
    }
    if (i2c->rx_len > 0) {
        i2c->state = MF_STM32_I2C_RESTART;
        reg_write(i2c, MF_STM32_I2C_CR1, CR1_PE | CR1_START | (i2c->rx_len > 1u ? CR1_ACK : 0u));
    } else {
        reg_write(i2c, MF_STM32_I2C_CR1, CR1_PE | CR1_STOP);
        finish(i2c, MF_OK);
    }
    return true;
}

static bool serve_read_address(mf_stm32_i2c_t *i2c, uint32_t sr1)
{
    if ((sr1 & SR1_ADDR) == 0) {
        return false;
    }
    reg_write(i2c, MF_STM32_I2C_CR2, i2c->freq | CR2_ITEVTEN | CR2_ITERREN | CR2_ITBUFEN);
    i2c->state = MF_STM32_I2C_READ;
    if (i2c->rx_len == 1u) {
        /* ACK is off since START; STOP must follow before the only byte is complete (EV6_3). */
        uint32_t lock = mf_port_irq_lock();
        (void)reg_read(i2c, MF_STM32_I2C_SR2);
        reg_write(i2c, MF_STM32_I2C_CR1, CR1_PE | CR1_STOP);
        mf_port_irq_unlock(lock);
    } else {
        (void)reg_read(i2c, MF_STM32_I2C_SR2);
    }
    return true;
}

static bool serve_read(mf_stm32_i2c_t *i2c, uint32_t sr1)
{
    if ((sr1 & SR1_RXNE) == 0) {
        return false;
    }
    if (i2c->index + 2u == i2c->rx_len) {
        /* Second-last byte: one byte time (22.5 us at 400 kHz) is left for ACK off and STOP. When
         * this comes late the part sends one surplus byte, which is refused and dropped. */
        uint32_t lock = mf_port_irq_lock();
        i2c->rx[i2c->index] = (uint8_t)reg_read(i2c, MF_STM32_I2C_DR);
        reg_write(i2c, MF_STM32_I2C_CR1, CR1_PE | CR1_STOP);
        mf_port_irq_unlock(lock);
    } else {
        i2c->rx[i2c->index] = (uint8_t)reg_read(i2c, MF_STM32_I2C_DR);
    }
    i2c->index++;
    if (i2c->index == i2c->rx_len) {
        finish(i2c, MF_OK);
    }
    return true;
}

/* One look at SR1; false when there was nothing to do. */
static bool serve(mf_stm32_i2c_t *i2c, uint32_t sr1)
{
    if ((sr1 & SR1_WIRE_ERRORS) != 0) {
        /* Lost the bus or saw a misplaced START or STOP: what is on the wire is undefined. A slave
         * that keeps a line low afterwards runs the next transfer into its deadline, and the
         * abort clears the bus. */
        i2c->bus_errors++;
        software_reset(i2c, false);
        finish(i2c, MF_E_IO);
        return true;
    }
    if ((sr1 & SR1_AF) != 0) {
        refused(i2c);
        return true;
    }
    switch (i2c->state) {
    case MF_STM32_I2C_START:
    case MF_STM32_I2C_RESTART:
        return serve_start(i2c, sr1);
    case MF_STM32_I2C_WRITE_ADDRESS:
        return serve_write_address(i2c, sr1);
    case MF_STM32_I2C_WRITE:
        return serve_write(i2c, sr1);
    case MF_STM32_I2C_READ_ADDRESS:
        return serve_read_address(i2c, sr1);
    case MF_STM32_I2C_READ:
        return serve_read(i2c, sr1);
    default:
        return false;
    }
}

void mf_stm32_i2c_event(mf_stm32_i2c_t *i2c)
{
    for (uint32_t look = 0; look < SERVICE_LOOKS; look++) {
        uint32_t sr1;

        if (i2c->state == MF_STM32_I2C_IDLE) {
            if (look == 0) {
                /* Left pending by a transfer that ended or was aborted; keep the line quiet. */
                i2c->spurious++;
                reg_write(i2c, MF_STM32_I2C_CR2, i2c->freq);
            }
            return;
        }
        sr1 = reg_read(i2c, MF_STM32_I2C_SR1);
        if (!serve(i2c, sr1)) {
            return;
        }
    }
}

void mf_stm32_i2c_error(mf_stm32_i2c_t *i2c)
{
    mf_stm32_i2c_event(i2c);
}

static void start(mf_bus_t *bus, mf_xfer_t *xfer)
{
    mf_stm32_i2c_t *i2c = bus->ctx;
    bool bad = xfer->op != MF_OP_I2C || xfer->address > 0x7Fu || i2c->freq == 0 ||
               (xfer->tx_len > 0 && xfer->tx == NULL) || (xfer->rx_len > 0 && xfer->rx == NULL);

    if (bad) {
        mf_bus_done(bus, MF_E_INVAL);
        return;
    }
    i2c->bus = bus;
    i2c->address = (uint8_t)xfer->address;
    i2c->tx = xfer->tx;
    i2c->tx_len = xfer->tx_len;
    i2c->rx = xfer->rx;
    i2c->rx_len = xfer->rx_len;
    i2c->polling_status = false;
    if (i2c->clear_due) {
        i2c->clear_due = false;
        software_reset(i2c, true);
    }
    begin(i2c);
}

static void abort_transfer(mf_bus_t *bus)
{
    mf_stm32_i2c_t *i2c = bus->ctx;

    if (i2c->freq == 0) {
        return;
    }
    i2c->state = MF_STM32_I2C_IDLE;
    i2c->polling_status = false;
    i2c->bus = NULL;
    software_reset(i2c, false);
    i2c->clear_due = true;
    /* SR1 then SR2: on Renode, where a reset by SWRST does nothing, this drops ADDR. */
    (void)reg_read(i2c, MF_STM32_I2C_SR1);
    (void)reg_read(i2c, MF_STM32_I2C_SR2);
}

const mf_bus_ops_t mf_stm32_i2c_ops = {.start = start, .abort = abort_transfer};

int mf_stm32_i2c_reset(mf_stm32_i2c_t *i2c, uintptr_t regs, uint32_t pclk_hz, uint32_t bus_hz,
                       bool (*clear)(void *clear_ctx), void *clear_ctx)
{
    bool too_slow = bus_hz > 100000u ? pclk_hz < 4000000u : pclk_hz < 2000000u;
    bool bad = too_slow || pclk_hz > 42000000u || bus_hz < 10000u || bus_hz > 400000u;

    *i2c = (mf_stm32_i2c_t){
        .regs = regs, .pclk_hz = pclk_hz, .bus_hz = bus_hz, .clear = clear, .clear_ctx = clear_ctx};
    if (bad) {
        return MF_E_INVAL;
    }
    i2c->freq = pclk_hz / 1000000u;
    software_reset(i2c, true);
    return MF_OK;
}
