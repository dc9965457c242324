/* Host port: mf_port.h with virtual time that the caller sets, and the composition of one stack.
 * The seam of mf_port.h has no context argument, so the stack being worked on is noted on entry. */
#include "mf_host.h"

#include "mf_kernel_state.h"
#include "mf_port.h"

#define TRANSFER_TIMEOUT_US 100000u
#define POWER_ON 1u

struct mf_host {
    mf_kernel_t kernel;
    mf_bus_t adcs, platform, gnss;
    mf_devbus_t devbus;
    mf_space_link_t link;
    mf_counter_memory_t counters;
    mf_counter_copy_t kept; /* as no-init RAM of the target: the caller may fill it beforehand */
    mf_boot_record_t boot_kept; /* the same */
    mf_survival_t survival;
    enum mf_survival_action action;
    uint64_t now_us;
    int64_t reset_cause;
};

static mf_host_t *current;
static mf_host_interrupt_t interrupt;

static mf_host_t *enter(mf_host_t *host)
{
    mf_host_t *outer = current;
    current = host;
    return outer;
}

uint64_t mf_port_now_us(void)
{
    return current != NULL ? current->now_us : 0;
}

uint32_t mf_port_irq_lock(void)
{
    return 0;
}

void mf_port_irq_unlock(uint32_t state)
{
    (void)state;
    if (interrupt != NULL) {
        interrupt();
    }
}

void mf_host_interrupt(mf_host_interrupt_t handler)
{
    interrupt = handler;
}

void mf_port_wait_for_interrupt(void)
{
    /* Every transfer of the device bus ends before it is waited for. */
}

void mf_port_reset(uint32_t cause)
{
    if (current != NULL && current->reset_cause < 0) {
        current->reset_cause = cause;
    }
}

size_t mf_host_size(void)
{
    return sizeof(mf_host_t);
}

static void keep(const mf_boot_record_t *record)
{
    current->boot_kept = *record;
}

static void survival_reset(mf_host_t *host, uint8_t reset_cause, uint8_t slot)
{
    const mf_survival_parts_t parts = {.kernel = &host->kernel,
                                       .bus = &host->platform,
                                       .link = &host->link,
                                       .counters = &host->counters,
                                       .reset_cause = reset_cause,
                                       .slot = slot,
                                       .record = &host->boot_kept,
                                       .keep = keep};
    mf_survival_reset(&host->survival, &parts);
    host->action = MF_SURVIVAL_WAIT;
}

void mf_host_reset(mf_host_t *host, mf_host_exchange_t exchange, void *handle,
                   const mf_kernel_config_t *config, const uint8_t (*secrets)[32],
                   uint64_t now_us)
{
    static const uint8_t no_secrets[MF_LINK_SECRETS][MF_GCM_KEY_SIZE];
    mf_kernel_config_t reference;
    mf_kernel_config_reference(&reference);
    host->now_us = now_us;
    host->reset_cause = -1;
    host->devbus.exchange = exchange;
    host->devbus.ctx = handle;
    host->devbus.exchanges = 0;
    host->devbus.failures = 0;
    mf_bus_reset(&host->adcs, MF_BUS_ADCS, &mf_devbus_ops, &host->devbus);
    mf_bus_reset(&host->platform, MF_BUS_PLATFORM, &mf_devbus_ops, &host->devbus);
    mf_bus_reset(&host->gnss, MF_UART_GNSS, &mf_devbus_ops, &host->devbus);
    mf_counter_memory_reset(&host->counters, &host->platform, &host->kernel, &host->kept, false);
    const mf_link_port_t port = {.read = mf_counter_memory_read,
                                 .write = mf_counter_memory_write,
                                 .context = &host->counters,
                                 .secrets = secrets != NULL ? secrets : no_secrets};
    mf_space_link_reset(&host->link, &port);
    mf_kernel_reset(&host->kernel, config != NULL ? config : &reference, &host->adcs,
                    &host->gnss, mf_devbus_kick, &host->devbus, now_us);
    survival_reset(host, 0, 0);
}

void mf_host_set_time(mf_host_t *host, uint64_t now_us)
{
    host->now_us = now_us;
}

uint64_t mf_host_time(const mf_host_t *host)
{
    return host->now_us;
}

bool mf_host_timer(mf_host_t *host, uint64_t now_us)
{
    mf_host_t *outer = enter(host);
    host->now_us = now_us;
    bool due = mf_kernel_timer(&host->kernel, now_us);
    if (due) {
        /* No handler latency and no run time in virtual time. */
        mf_kernel_tick(&host->kernel, now_us, 0);
        mf_kernel_tick_done(&host->kernel, 0);
        const enum mf_survival_action action = mf_survival_tick(&host->survival, now_us);
        host->action = action != MF_SURVIVAL_WAIT ? action : host->action;
    }
    current = outer;
    return due;
}

int64_t mf_host_reset_cause(const mf_host_t *host)
{
    return host->reset_cause;
}

int mf_host_action(mf_host_t *host)
{
    const enum mf_survival_action action = host->action;
    host->action = MF_SURVIVAL_WAIT;
    return (int)action;
}

void mf_host_begin(mf_host_t *host, uint8_t reset_cause, uint8_t slot)
{
    mf_host_t *outer = enter(host);
    if (reset_cause == POWER_ON) {
        mf_boot_record_clear(&host->boot_kept);
    }
    survival_reset(host, reset_cause, slot);
    mf_survival_begin(&host->survival, host->now_us);
    current = outer;
}

int mf_host_enter(mf_host_t *host, uint8_t reason)
{
    mf_host_t *outer = enter(host);
    const enum mf_survival_action action =
        mf_survival_enter(&host->survival, reason, host->now_us);
    current = outer;
    return (int)action;
}

int mf_host_round(mf_host_t *host)
{
    mf_host_t *outer = enter(host);
    const enum mf_survival_action action = mf_survival_round(&host->survival, host->now_us);
    current = outer;
    return (int)action;
}

void mf_host_vm_started(mf_host_t *host)
{
    mf_host_t *outer = enter(host);
    mf_survival_vm_started(&host->survival, host->now_us);
    current = outer;
}

void mf_host_beat(mf_host_t *host)
{
    mf_host_t *outer = enter(host);
    mf_survival_beat(&host->survival, host->now_us);
    current = outer;
}

int mf_host_direct(mf_host_t *host, uint8_t code, uint32_t value)
{
    mf_host_t *outer = enter(host);
    const int status = mf_survival_direct(&host->survival, code, value, host->now_us);
    current = outer;
    return status;
}

void mf_host_step_begin(mf_host_t *host, uint32_t limit_ms)
{
    mf_survival_step_begin(&host->survival, limit_ms, host->now_us);
}

void mf_host_step_end(mf_host_t *host)
{
    mf_survival_step_end(&host->survival);
    if (host->action == MF_SURVIVAL_END_STEP) {
        host->action = MF_SURVIVAL_WAIT;
    }
}

mf_survival_t *mf_host_survival(mf_host_t *host)
{
    return &host->survival;
}

mf_kernel_t *mf_host_kernel(mf_host_t *host)
{
    return &host->kernel;
}

mf_space_link_t *mf_host_link(mf_host_t *host)
{
    return &host->link;
}

mf_counter_memory_t *mf_host_counters(mf_host_t *host)
{
    return &host->counters;
}

mf_counter_copy_t *mf_host_kept(mf_host_t *host)
{
    return &host->kept;
}

mf_boot_record_t *mf_host_boot_kept(mf_host_t *host)
{
    return &host->boot_kept;
}

int mf_host_link_start(mf_host_t *host)
{
    mf_host_t *outer = enter(host);
    mf_tm_abandon(&host->link.tm);
    int stopped = mf_space_link_start(&host->link);
    current = outer;
    return stopped;
}

int mf_host_link_keep(mf_host_t *host)
{
    mf_host_t *outer = enter(host);
    int stopped = mf_space_link_keep(&host->link);
    current = outer;
    return stopped;
}

int mf_host_link_rekey(mf_host_t *host, uint8_t owner, const uint8_t request[54])
{
    mf_host_t *outer = enter(host);
    int status = mf_space_link_rekey(&host->link, owner, request);
    current = outer;
    return status;
}

uint32_t mf_host_link_receive(mf_host_t *host, const uint8_t *data, uint32_t size)
{
    mf_host_t *outer = enter(host);
    uint32_t taken = mf_space_link_receive(&host->link, data, size, host->now_us);
    current = outer;
    return taken;
}

int mf_host_link_cadu(mf_host_t *host, uint8_t vc, uint8_t cadu[259])
{
    mf_host_t *outer = enter(host);
    int size = mf_space_link_cadu(&host->link, vc, cadu);
    current = outer;
    return size;
}

mf_bus_t *mf_host_bus(mf_host_t *host, uint8_t bus)
{
    if (bus == MF_BUS_ADCS) {
        return &host->adcs;
    }
    return bus == MF_BUS_PLATFORM ? &host->platform : NULL;
}

int mf_host_hello(mf_host_t *host, uint8_t reset_cause, uint8_t flags)
{
    mf_host_t *outer = enter(host);
    int status = mf_devbus_hello(&host->devbus, reset_cause, flags);
    current = outer;
    return status;
}

int mf_host_i2c(mf_host_t *host, uint8_t bus, uint16_t address, const uint8_t *tx,
                uint16_t tx_len, uint8_t *rx, uint16_t rx_len)
{
    mf_bus_t *queue = mf_host_bus(host, bus);
    if (queue == NULL) {
        return MF_E_INVAL;
    }
    mf_xfer_t xfer = {.op = MF_OP_I2C,
                      .address = address,
                      .tx = tx,
                      .tx_len = tx_len,
                      .rx = rx,
                      .rx_len = rx_len};
    mf_host_t *outer = enter(host);
    int status = mf_bus_transfer(queue, &xfer, TRANSFER_TIMEOUT_US);
    current = outer;
    return status;
}

int mf_host_spi(mf_host_t *host, uint16_t select, const uint8_t *tx, uint16_t tx_len, uint8_t *rx,
                uint16_t rx_len)
{
    mf_xfer_t xfer = {.op = MF_OP_SPI,
                      .bus = MF_BUS_SPI,
                      .address = select,
                      .tx = tx,
                      .tx_len = tx_len,
                      .rx = rx,
                      .rx_len = rx_len};
    mf_host_t *outer = enter(host);
    int status = mf_devbus_exchange(&host->devbus, &xfer);
    current = outer;
    return status;
}

int mf_host_fram_read(mf_host_t *host, uint32_t address, uint8_t *data, uint32_t size)
{
    mf_host_t *outer = enter(host);
    int status = mf_fram_read(&host->platform, address, data, size);
    current = outer;
    return status;
}

int mf_host_fram_write(mf_host_t *host, uint32_t address, const uint8_t *data, uint32_t size)
{
    mf_host_t *outer = enter(host);
    int status = mf_fram_write(&host->platform, address, data, size);
    current = outer;
    return status;
}

int mf_host_radio_probe(mf_host_t *host)
{
    mf_host_t *outer = enter(host);
    int status = mf_radio_probe(&host->platform);
    current = outer;
    return status;
}

int mf_host_radio_send(mf_host_t *host, const uint8_t *frame, uint32_t size)
{
    mf_host_t *outer = enter(host);
    int status = mf_radio_send(&host->platform, frame, size);
    current = outer;
    return status;
}

int mf_host_radio_tx_free(mf_host_t *host)
{
    mf_host_t *outer = enter(host);
    int status = mf_radio_tx_free(&host->platform);
    current = outer;
    return status;
}

int mf_host_radio_receive(mf_host_t *host, uint8_t *out, uint32_t size)
{
    mf_host_t *outer = enter(host);
    int status = mf_radio_receive(&host->platform, out, size);
    current = outer;
    return status;
}

int mf_host_radio_control(mf_host_t *host, bool carrier, uint8_t rate_code)
{
    mf_host_t *outer = enter(host);
    (void)mf_survival_setting(&host->survival, MF_SETTING_RATE, rate_code);
    int status = mf_radio_control(&host->platform, carrier, rate_code);
    current = outer;
    return status;
}
