/* Bus queues: see mf_bus.h. One pump moves the head to the backend; it runs in whichever context
 * found the bus idle, and never inside itself, so that backends which end a transfer before
 * start() returns do not nest. */
#include "mf_bus.h"

#include <stddef.h>

#include "mf_port.h"

void mf_bus_reset(mf_bus_t *bus, uint8_t id, const mf_bus_ops_t *ops, void *ctx)
{
    bus->ops = ops;
    bus->ctx = ctx;
    bus->id = id;
    bus->head = NULL;
    bus->tail = NULL;
    bus->active = false;
    bus->pumping = false;
    bus->transfers = 0;
    bus->errors = 0;
    bus->aborts = 0;
    bus->bytes = 0;
}

/* Give the head to the backend while the bus is idle; bounded by the queue's length, since only
 * a transfer that ended makes room for the next. */
static void pump(mf_bus_t *bus)
{
    for (;;) {
        uint32_t lock = mf_port_irq_lock();
        mf_xfer_t *xfer = bus->head;
        if (xfer == NULL || bus->active || bus->pumping) {
            mf_port_irq_unlock(lock);
            return;
        }
        bus->active = true;
        bus->pumping = true;
        mf_port_irq_unlock(lock);
        bus->ops->start(bus, xfer);
        bus->pumping = false;
    }
}

int mf_bus_submit(mf_bus_t *bus, mf_xfer_t *xfer)
{
    if (xfer->op == 0 || (xfer->tx_len != 0 && xfer->tx == NULL) ||
        (xfer->rx_len != 0 && xfer->rx == NULL)) {
        return MF_E_INVAL;
    }
    uint32_t lock = mf_port_irq_lock();
    for (const mf_xfer_t *queued = bus->head; queued != NULL; queued = queued->next) {
        if (queued == xfer) {
            mf_port_irq_unlock(lock);
            return MF_E_BUSY;
        }
    }
    xfer->status = MF_E_BUSY;
    xfer->next = NULL;
    xfer->bus = bus->id;
    if (bus->head == NULL) {
        bus->head = xfer;
    } else {
        bus->tail->next = xfer;
    }
    bus->tail = xfer;
    mf_port_irq_unlock(lock);
    pump(bus);
    return MF_OK;
}

/* Bytes on the wire of one transfer: data plus one address byte per START. */
static uint32_t wire_bytes(const mf_xfer_t *xfer)
{
    uint32_t starts = (xfer->tx_len != 0 && xfer->rx_len != 0) ? 2u : 1u;
    if (xfer->op != MF_OP_I2C) {
        starts = 0;
    }
    return starts + (uint32_t)xfer->tx_len + xfer->rx_len;
}

/* Take the head off and hand it back to its owner; interrupts locked by the caller. The status is
 * written last: from then on the owner may reuse the struct. */
static void end_head(mf_bus_t *bus, int status)
{
    mf_xfer_t *xfer = bus->head;
    bus->head = xfer->next;
    if (bus->head == NULL) {
        bus->tail = NULL;
    }
    bus->active = false;
    bus->transfers++;
    bus->bytes += wire_bytes(xfer);
    if (status < 0) {
        bus->errors++;
    }
    xfer->next = NULL;
    xfer->status = (int16_t)status;
}

void mf_bus_done(mf_bus_t *bus, int status)
{
    uint32_t lock = mf_port_irq_lock();
    if (bus->head != NULL && bus->active) {
        /* MF_E_BUSY would leave the owner waiting for ever. */
        end_head(bus, status == MF_E_BUSY ? MF_E_IO : status);
    }
    mf_port_irq_unlock(lock);
    pump(bus);
}

/* The transfer took too long: stop it on the wire, or take it out of the queue. */
static void give_up(mf_bus_t *bus, mf_xfer_t *xfer)
{
    uint32_t lock = mf_port_irq_lock();
    if (bus->head == xfer) {
        if (bus->active) {
            bus->ops->abort(bus);
            bus->aborts++;
        }
        end_head(bus, MF_E_TIMEOUT);
    } else {
        for (mf_xfer_t *queued = bus->head; queued != NULL; queued = queued->next) {
            if (queued->next == xfer) {
                queued->next = xfer->next;
                if (bus->tail == xfer) {
                    bus->tail = queued;
                }
                bus->errors++;
                xfer->next = NULL;
                xfer->status = MF_E_TIMEOUT;
                break;
            }
        }
    }
    mf_port_irq_unlock(lock);
    pump(bus);
}

int mf_bus_transfer(mf_bus_t *bus, mf_xfer_t *xfer, uint32_t timeout_us)
{
    uint64_t start_us = mf_port_now_us();
    int queued = mf_bus_submit(bus, xfer);
    if (queued < 0) {
        return queued;
    }
    while (xfer->status == MF_E_BUSY) {
        if (mf_port_now_us() - start_us >= timeout_us) {
            give_up(bus, xfer);
            break;
        }
        /* Masked, or an end between the look and the wait would be slept over; a masked interrupt
         * wakes all the same, and is served when the mask goes. */
        uint32_t lock = mf_port_irq_lock();
        if (xfer->status == MF_E_BUSY) {
            mf_port_wait_for_interrupt();
        }
        mf_port_irq_unlock(lock);
    }
    return xfer->status;
}

void mf_bus_seize(mf_bus_t *bus)
{
    uint32_t lock = mf_port_irq_lock();
    if (bus->active) {
        bus->ops->abort(bus);
        bus->aborts++;
    }
    while (bus->head != NULL) {
        end_head(bus, MF_E_TIMEOUT);
    }
    mf_port_irq_unlock(lock);
}

void mf_bus_recover(mf_bus_t *bus)
{
    uint32_t lock = mf_port_irq_lock();
    mf_bus_seize(bus);
    bus->pumping = false;
    mf_port_irq_unlock(lock);
}
