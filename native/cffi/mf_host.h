/* The C part of one onboard computer, put together for the host: kernel, link, two buses over one
 * device bus. Several live at once; nothing is shared between them but the code. */
#ifndef MF_HOST_H
#define MF_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mf_devbus.h"
#include "mf_drivers.h"
#include "mf_kernel.h"
#include "mf_space_link.h"
#include "mf_survival.h"

typedef struct mf_host mf_host_t;

/* Bytes of memory one stack needs; the caller owns them, aligned for uint64_t. */
size_t mf_host_size(void);

/* One exchange of the device bus, see mf_devbus.h: 0 or a negative status. */
typedef int (*mf_host_exchange_t)(void *handle, const uint8_t *request, uint32_t request_len,
                                  uint8_t *reply, uint32_t reply_len);

/* `handle` goes to `exchange`. `config` NULL: mf_kernel_config_reference. `secrets` NULL: no keys; they
 * stay the caller's and are read again when a key in memory is damaged. */
void mf_host_reset(mf_host_t *host, mf_host_exchange_t exchange, void *handle,
                   const mf_kernel_config_t *config, const uint8_t (*secrets)[32],
                   uint64_t now_us);

/* Onboard time [us] seen by everything below. */
void mf_host_set_time(mf_host_t *host, uint64_t now_us);
uint64_t mf_host_time(const mf_host_t *host);

/* Run what is due at `now_us`: true when a control tick ran. */
bool mf_host_timer(mf_host_t *host, uint64_t now_us);
/* mf_port_reset was called: its cause, or -1. */
int64_t mf_host_reset_cause(const mf_host_t *host);

/* What survival asked for since it was asked last (mf_survival_action), and its thread's calls. */
int mf_host_action(mf_host_t *host);
void mf_host_begin(mf_host_t *host, uint8_t reset_cause, uint8_t slot);
int mf_host_enter(mf_host_t *host, uint8_t reason);
int mf_host_round(mf_host_t *host);
void mf_host_vm_started(mf_host_t *host);
void mf_host_beat(mf_host_t *host);
int mf_host_direct(mf_host_t *host, uint8_t code, uint32_t value);
void mf_host_step_begin(mf_host_t *host, uint32_t limit_ms);
void mf_host_step_end(mf_host_t *host);
mf_survival_t *mf_host_survival(mf_host_t *host);

mf_kernel_t *mf_host_kernel(mf_host_t *host);
mf_space_link_t *mf_host_link(mf_host_t *host);
mf_counter_memory_t *mf_host_counters(mf_host_t *host);
/* What outlives resets; to be filled in before mf_host_reset. */
mf_counter_copy_t *mf_host_kept(mf_host_t *host);
mf_boot_record_t *mf_host_boot_kept(mf_host_t *host); /* power on (mf_host_begin) clears it */
/* For tests of races: called whenever interrupts are let through again, in every stack; NULL: none. */
typedef void (*mf_host_interrupt_t)(void);
void mf_host_interrupt(mf_host_interrupt_t handler);
/* mf_space_link_*, which use FRAM, in thread context. */
int mf_host_link_start(mf_host_t *host); /* after mf_tm_abandon */
int mf_host_link_keep(mf_host_t *host);
int mf_host_link_rekey(mf_host_t *host, uint8_t owner, const uint8_t request[54]);
uint32_t mf_host_link_receive(mf_host_t *host, const uint8_t *data, uint32_t size);
int mf_host_link_cadu(mf_host_t *host, uint8_t vc, uint8_t cadu[259]);
/* MF_BUS_ADCS or MF_BUS_PLATFORM; NULL for any other. */
mf_bus_t *mf_host_bus(mf_host_t *host, uint8_t bus);

/* Blocking calls of thread context. */
int mf_host_hello(mf_host_t *host, uint8_t reset_cause, uint8_t flags);
int mf_host_i2c(mf_host_t *host, uint8_t bus, uint16_t address, const uint8_t *tx,
                uint16_t tx_len, uint8_t *rx, uint16_t rx_len);
/* One selection of `select`, outside the queues as on the target. */
int mf_host_spi(mf_host_t *host, uint16_t select, const uint8_t *tx, uint16_t tx_len, uint8_t *rx,
                uint16_t rx_len);
int mf_host_fram_read(mf_host_t *host, uint32_t address, uint8_t *data, uint32_t size);
int mf_host_fram_write(mf_host_t *host, uint32_t address, const uint8_t *data, uint32_t size);
int mf_host_radio_probe(mf_host_t *host);
int mf_host_radio_send(mf_host_t *host, const uint8_t *frame, uint32_t size);
int mf_host_radio_tx_free(mf_host_t *host);
int mf_host_radio_receive(mf_host_t *host, uint8_t *out, uint32_t size);
int mf_host_radio_control(mf_host_t *host, bool carrier, uint8_t rate_code);

#endif
