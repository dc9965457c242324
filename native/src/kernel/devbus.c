/* Device-bus protocol, onboard side: see mf_devbus.h and docs/icd/device-bus.md. */
#include "mf_devbus.h"

#include <stddef.h>

#include "mf_port.h"

static void put_le(uint8_t *out, uint64_t value, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        out[i] = (uint8_t)(value >> (8u * i));
    }
}

int mf_devbus_exchange(mf_devbus_t *devbus, mf_xfer_t *xfer)
{
    if (xfer->tx_len > MF_DEVBUS_DATA_MAX || xfer->rx_len > MF_DEVBUS_DATA_MAX) {
        return MF_E_INVAL;
    }
    uint32_t lock = mf_port_irq_lock();
    uint8_t *request = devbus->frame;
    request[0] = xfer->op;
    request[1] = xfer->bus;
    put_le(&request[2], xfer->address, 2);
    put_le(&request[4], xfer->tx_len, 2);
    put_le(&request[6], xfer->rx_len, 2);
    put_le(&request[8], mf_port_now_us(), 8);
    for (uint32_t i = 0; i < xfer->tx_len; i++) {
        request[MF_DEVBUS_REQUEST_HEADER + i] = xfer->tx[i];
    }
    int status = devbus->exchange(devbus->ctx, request, MF_DEVBUS_REQUEST_HEADER + xfer->tx_len,
                                  devbus->frame, MF_DEVBUS_REPLY_HEADER + xfer->rx_len);
    devbus->exchanges++;
    if (status >= 0) {
        const uint8_t *reply = devbus->frame;
        status = (int16_t)(uint16_t)(reply[0] | (reply[1] << 8));
        for (uint32_t i = 0; i < xfer->rx_len; i++) {
            xfer->rx[i] = reply[MF_DEVBUS_REPLY_HEADER + i];
        }
    } else {
        devbus->failures++;
    }
    mf_port_irq_unlock(lock);
    if (status == MF_E_RESET) {
        mf_port_reset((uint32_t)-MF_E_RESET);
    }
    return status;
}

int mf_devbus_hello(mf_devbus_t *devbus, uint8_t reset_cause, uint8_t flags)
{
    const uint8_t tx[3] = {MF_DEVBUS_VERSION, reset_cause, flags};
    uint8_t version = 0;
    mf_xfer_t xfer = {.op = MF_OP_HELLO, .tx = tx, .tx_len = 3, .rx = &version, .rx_len = 1};
    int status = mf_devbus_exchange(devbus, &xfer);
    if (status >= 0 && version != MF_DEVBUS_VERSION) {
        return MF_E_BADID;
    }
    return status;
}

void mf_devbus_kick(void *devbus, uint32_t tick)
{
    uint8_t tx[4];
    put_le(tx, tick, 4);
    mf_xfer_t xfer = {.op = MF_OP_WATCHDOG, .tx = tx, .tx_len = 4};
    mf_devbus_t *self = devbus;
    if (mf_devbus_exchange(self, &xfer) < 0) {
        self->failures++;
    }
}

static void start(mf_bus_t *bus, mf_xfer_t *xfer)
{
    mf_bus_done(bus, mf_devbus_exchange(bus->ctx, xfer));
}

/* Nothing to stop: an exchange has ended whenever anybody else runs. */
static void abort_transfer(mf_bus_t *bus)
{
    (void)bus;
}

const mf_bus_ops_t mf_devbus_ops = {.start = start, .abort = abort_transfer};
