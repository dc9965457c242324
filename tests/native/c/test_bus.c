/* Bus queue with backends that end transfers at once, later, or never; and the device bus. */
#include <setjmp.h>
#include <stddef.h>
#include <string.h>

#include "check.h"
#include "mf_bus.h"
#include "mf_devbus.h"

typedef struct {
    mf_xfer_t *started[16];
    int starts, aborts, depth, deepest;
    int at_once; /* status to end with inside start(), or 1 to leave it on the wire */
} backend_t;

static void start(mf_bus_t *bus, mf_xfer_t *xfer)
{
    backend_t *backend = bus->ctx;
    backend->started[backend->starts++ % 16] = xfer;
    backend->depth++;
    if (backend->depth > backend->deepest) {
        backend->deepest = backend->depth;
    }
    if (backend->at_once <= 0) {
        mf_bus_done(bus, backend->at_once);
    }
    backend->depth--;
}

static void stop(mf_bus_t *bus)
{
    backend_t *backend = bus->ctx;
    backend->aborts++;
}

static const mf_bus_ops_t ops = {.start = start, .abort = stop};

static uint8_t byte;

static mf_xfer_t transfer(void)
{
    return (mf_xfer_t){.op = MF_OP_I2C, .address = 1, .tx = &byte, .tx_len = 1};
}

static void queue_keeps_order_and_refuses_twice(void)
{
    backend_t backend = {.at_once = 1};
    mf_bus_t bus;
    mf_bus_reset(&bus, MF_BUS_ADCS, &ops, &backend);
    mf_xfer_t x[3] = {transfer(), transfer(), transfer()};
    for (int i = 0; i < 3; i++) {
        CHECK(mf_bus_submit(&bus, &x[i]) == MF_OK);
        CHECK(mf_bus_submit(&bus, &x[i]) == MF_E_BUSY);
        CHECK(x[i].bus == MF_BUS_ADCS);
    }
    CHECK(backend.starts == 1 && backend.started[0] == &x[0]);
    mf_bus_done(&bus, 0);
    CHECK(x[0].status == 0 && x[1].status == MF_E_BUSY && backend.started[1] == &x[1]);
    mf_bus_done(&bus, MF_E_NODEV);
    mf_bus_done(&bus, MF_E_BUSY); /* would leave the owner waiting */
    CHECK(x[1].status == MF_E_NODEV && x[2].status == MF_E_IO);
    CHECK(bus.head == NULL && bus.tail == NULL && bus.transfers == 3 && bus.errors == 2);
    CHECK(bus.bytes == 6);
    mf_bus_done(&bus, 0); /* spurious */
    CHECK(bus.transfers == 3);
}

static void invalid_transfers_are_refused(void)
{
    backend_t backend = {.at_once = 0};
    mf_bus_t bus;
    mf_bus_reset(&bus, MF_BUS_ADCS, &ops, &backend);
    mf_xfer_t none = transfer(), no_tx = transfer(), no_rx = transfer();
    none.op = 0;
    no_tx.tx = NULL;
    no_rx.rx_len = 1;
    CHECK(mf_bus_submit(&bus, &none) == MF_E_INVAL);
    CHECK(mf_bus_submit(&bus, &no_tx) == MF_E_INVAL);
    CHECK(mf_bus_transfer(&bus, &no_rx, 1000) == MF_E_INVAL);
    CHECK(backend.starts == 0);
}

static void ends_within_start_do_not_nest(void)
{
    backend_t backend = {.at_once = 1};
    mf_bus_t bus;
    mf_bus_reset(&bus, MF_BUS_ADCS, &ops, &backend);
    mf_xfer_t x[8];
    for (int i = 0; i < 8; i++) {
        x[i] = transfer();
        CHECK(mf_bus_submit(&bus, &x[i]) == MF_OK);
    }
    backend.at_once = 0;
    backend.deepest = 0;
    mf_bus_done(&bus, 0);
    for (int i = 0; i < 8; i++) {
        CHECK(x[i].status == 0);
    }
    CHECK(backend.deepest == 1 && backend.starts == 8);
}

static void waiting_ends_with_the_time_limit(void)
{
    backend_t backend = {.at_once = 1};
    mf_bus_t bus;
    mf_bus_reset(&bus, MF_BUS_ADCS, &ops, &backend);
    mf_xfer_t first = transfer(), last = transfer(), waited = transfer();
    CHECK(mf_bus_submit(&bus, &first) == MF_OK);
    /* Queued behind a transfer that hangs: taken out, the head stays. */
    CHECK(mf_bus_transfer(&bus, &waited, 5000) == MF_E_TIMEOUT);
    CHECK(bus.head == &first && bus.tail == &first && backend.aborts == 0);
    CHECK(mf_bus_submit(&bus, &last) == MF_OK);
    mf_bus_done(&bus, 0);
    CHECK(first.status == 0 && backend.started[1] == &last);
    mf_bus_done(&bus, 0);
    /* At the head itself: aborted on the wire. */
    CHECK(mf_bus_transfer(&bus, &waited, 5000) == MF_E_TIMEOUT);
    CHECK(backend.aborts == 1 && bus.aborts == 1 && bus.head == NULL);
    backend.at_once = 0;
    CHECK(mf_bus_transfer(&bus, &waited, 5000) == 0);
}

static void seizing_fails_everything(void)
{
    backend_t backend = {.at_once = 1};
    mf_bus_t bus;
    mf_bus_reset(&bus, MF_BUS_ADCS, &ops, &backend);
    mf_xfer_t x[3] = {transfer(), transfer(), transfer()};
    for (int i = 0; i < 3; i++) {
        CHECK(mf_bus_submit(&bus, &x[i]) == MF_OK);
    }
    mf_bus_seize(&bus);
    CHECK(backend.aborts == 1 && bus.head == NULL && !bus.active);
    for (int i = 0; i < 3; i++) {
        CHECK(x[i].status == MF_E_TIMEOUT);
    }
    mf_bus_seize(&bus);
    CHECK(backend.aborts == 1); /* nothing on the wire any more */
    CHECK(mf_bus_submit(&bus, &x[0]) == MF_OK);
    mf_bus_done(&bus, 0);
    CHECK(x[0].status == 0);
}

static mf_bus_t *interrupted_bus;

static void end_of_transfer(void)
{
    mf_bus_done(interrupted_bus, 0);
}

static void at_the_second_look(void)
{
    port_interrupt = end_of_transfer;
}

/* An end that comes between the look at the status and the wait would be slept over, if the look
 * that counts were not taken with interrupts masked. */
static void the_end_is_not_slept_over(void)
{
    backend_t backend = {.at_once = 1};
    mf_bus_t bus;
    mf_bus_reset(&bus, MF_BUS_PLATFORM, &ops, &backend);
    mf_xfer_t x = transfer();
    interrupted_bus = &bus;
    port_waits = 0;
    port_interrupt = at_the_second_look;
    CHECK(mf_bus_transfer(&bus, &x, 5000) == 0);
    CHECK(port_waits == 0);
    CHECK(mf_bus_transfer(&bus, &x, 5000) == MF_E_TIMEOUT);
    CHECK(port_waits == 5 && port_waits_unmasked == 0);
}

static jmp_buf fault;

static void start_and_fault(mf_bus_t *bus, mf_xfer_t *xfer)
{
    start(bus, xfer);
    longjmp(fault, 1);
}

/* The code in thread mode may fault at any instruction, and is never come back to. */
static void a_bus_outlives_the_code_that_used_it(void)
{
    static const mf_bus_ops_t faulting = {.start = start_and_fault, .abort = stop};
    static backend_t backend = {.at_once = 1};
    static mf_bus_t bus;
    static mf_xfer_t lost, next;
    mf_bus_reset(&bus, MF_BUS_PLATFORM, &faulting, &backend);
    lost = transfer();
    next = transfer();
    if (setjmp(fault) == 0) {
        (void)mf_bus_submit(&bus, &lost);
    }
    bus.ops = &ops;
    mf_bus_recover(&bus);
    CHECK(backend.aborts == 1 && bus.head == NULL);
    backend.at_once = 0;
    CHECK(mf_bus_transfer(&bus, &next, 5000) == 0);
    CHECK(backend.starts == 2);
}

void test_bus(void)
{
    the_end_is_not_slept_over();
    a_bus_outlives_the_code_that_used_it();
    queue_keeps_order_and_refuses_twice();
    invalid_transfers_are_refused();
    ends_within_start_do_not_nest();
    waiting_ends_with_the_time_limit();
    seizing_fails_everything();
}

static uint8_t last_request[16 + 300];
static uint32_t last_length;
static int carried = 0;
static uint8_t answer[4 + 300];

static int carry(void *ctx, const uint8_t *request, uint32_t request_len, uint8_t *reply,
                 uint32_t reply_len)
{
    (void)ctx;
    memcpy(last_request, request, request_len);
    last_length = request_len;
    memcpy(reply, answer, reply_len);
    return carried;
}

void test_devbus(void)
{
    static mf_devbus_t devbus;
    devbus.exchange = carry;
    port_now_us = 0x0102030405060708u;
    uint8_t tx[2] = {0xAA, 0xBB}, rx[3] = {0};
    mf_xfer_t xfer = {.op = MF_OP_I2C, .bus = 2, .address = 0x134, .tx = tx, .tx_len = 2,
                      .rx = rx, .rx_len = 3};
    const uint8_t reply[] = {0x05, 0x00, 0x03, 0x00, 1, 2, 3};
    memcpy(answer, reply, sizeof(reply));
    CHECK(mf_devbus_exchange(&devbus, &xfer) == 5);
    const uint8_t wanted[] = {2,    2,    0x34, 0x01, 2,    0,    3,    0,    0x08,
                              0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, 0xAA, 0xBB};
    CHECK(last_length == sizeof(wanted) && memcmp(last_request, wanted, sizeof(wanted)) == 0);
    CHECK(memcmp(rx, &reply[4], 3) == 0);

    carried = -5;
    CHECK(mf_devbus_exchange(&devbus, &xfer) == -5 && devbus.failures == 1);
    mf_devbus_kick(&devbus, 7);
    CHECK(devbus.failures == 3 && last_request[0] == MF_OP_WATCHDOG && last_request[16] == 7);
    carried = 0;

    xfer.tx_len = 301;
    CHECK(mf_devbus_exchange(&devbus, &xfer) == MF_E_INVAL);
    xfer.tx_len = 2;
    const uint8_t pulled[] = {0x98, 0xFF, 0, 0, 0, 0, 0};
    memcpy(answer, pulled, sizeof(pulled));
    CHECK(mf_devbus_exchange(&devbus, &xfer) == MF_E_RESET && port_reset_cause == 104);

    const uint8_t other_version[] = {0, 0, 1, 0, 2};
    memcpy(answer, other_version, sizeof(other_version));
    CHECK(mf_devbus_hello(&devbus, 1, 0) == MF_E_BADID);
    answer[4] = MF_DEVBUS_VERSION;
    CHECK(mf_devbus_hello(&devbus, 1, 0) == MF_OK);

    mf_bus_t bus;
    mf_bus_reset(&bus, MF_BUS_PLATFORM, &mf_devbus_ops, &devbus);
    CHECK(mf_bus_transfer(&bus, &xfer, 1000) == 0 && last_request[1] == MF_BUS_PLATFORM);
    mf_bus_seize(&bus);
    port_now_us = 0;
}
