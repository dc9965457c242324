/* Device bus over two host pipes: the simulated spacecraft answers semihosting reads.
 *
 * QEMU opens "devbus.tx" and "devbus.rx" in its working directory; the host made them before and
 * opens the other ends in the same order. A read stops virtual time until the host has answered,
 * so an exchange costs the processor some thirty instructions whatever the host does. */
#include "boot_handover.h"
#include "mf_devbus.h"
#include "port.h"

enum { OPEN_READ = 0, OPEN_READ_WRITE = 2, OPEN_WRITE = 4 };

static struct {
    int32_t tx, rx;
} pipe_handles PORT_KERNEL_RAM;

/* One write, one read. Interrupts are masked so that no other exchange can come in between. */
static int pipe_exchange(void *ctx, const uint8_t *request, uint32_t request_len, uint8_t *reply,
                         uint32_t reply_len)
{
    (void)ctx;
    const uint32_t state = mf_port_irq_lock();
    int result = MF_OK;
    if (semihost_write(pipe_handles.tx, request, request_len) != 0 ||
        semihost_read(pipe_handles.rx, reply, reply_len) != 0) {
        result = MF_E_IO;
    }
    mf_port_irq_unlock(state);
    return result;
}

static int no_exchange(void *ctx, const uint8_t *request, uint32_t request_len, uint8_t *reply,
                       uint32_t reply_len)
{
    (void)ctx;
    (void)request;
    (void)request_len;
    (void)reply;
    (void)reply_len;
    return MF_E_NODEV;
}

/* Opening for reading and writing neither creates a missing file nor waits for the other end: it
 * tells whether the pipe exists, and keeps it alive until the proper open has succeeded. */
static bool open_pipes(void)
{
    pipe_handles.tx = boot_handover.pipe_tx;
    pipe_handles.rx = boot_handover.pipe_rx;
    if (pipe_handles.tx >= 0 && pipe_handles.rx >= 0) {
        return true; /* the handles are the emulator's and outlive a reset of the processor */
    }
    const int32_t probe = semihost_open("devbus.tx", OPEN_READ_WRITE);
    if (probe < 0) {
        return false;
    }
    pipe_handles.tx = semihost_open("devbus.tx", OPEN_WRITE);
    (void)semihost_close(probe);
    if (pipe_handles.tx < 0) {
        return false;
    }
    pipe_handles.rx = semihost_open("devbus.rx", OPEN_READ);
    if (pipe_handles.rx < 0) {
        (void)semihost_close(pipe_handles.tx);
        return false;
    }
    boot_handover.pipe_tx = pipe_handles.tx;
    boot_handover.pipe_rx = pipe_handles.rx;
    boot_handover_seal();
    return true;
}

bool port_devbus_open(mf_devbus_t *devbus)
{
    devbus->exchange = no_exchange;
    devbus->ctx = NULL;
    devbus->exchanges = 0;
    devbus->failures = 0;
    if (!open_pipes()) {
        return false;
    }
    devbus->exchange = pipe_exchange;
    if (boot_handover.greeted != 0) {
        return true;
    }
    if (mf_devbus_hello(devbus, port_processor_reset_cause(), MF_FLIGHT_BUILD ? 1u : 0u) < 0) {
        devbus->exchange = no_exchange;
        return false;
    }
    return true;
}
