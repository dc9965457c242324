/* Device-bus protocol, onboard side: one backend for every world that ends in sim devices.
 *
 * Request, little-endian, 16 bytes + tx: u8 op, u8 bus, u16 address, u16 tx_len, u16 rx_len,
 * u64 onboard time [us]; then tx_len bytes.
 * Reply, little-endian, 4 bytes + rx: i16 status (>= 0 or -errno), u16 length; then ALWAYS rx_len
 * bytes (zero-padded), so that the reader knows the size beforehand.
 * Layout and meaning: docs/icd/device-bus.md. Interrupts are locked from encoding to decoding, so
 * the control tick cannot spoil an exchange of thread context. */
#ifndef MF_DEVBUS_H
#define MF_DEVBUS_H

#include "mf_bus.h"

#define MF_DEVBUS_VERSION 1u
#define MF_DEVBUS_REQUEST_HEADER 16u
#define MF_DEVBUS_REPLY_HEADER 4u
#define MF_DEVBUS_DATA_MAX 300u

typedef struct mf_devbus {
    /* Carry one whole request out and one whole reply back; 0 or negative. Blocks; virtual time
     * stands still. The reply goes to where the request was: `request` is read no more once the
     * first octet of `reply` is written. Supplied by: semihosting pipe, UART, TCP, or the host's
     * callback. */
    int (*exchange)(void *ctx, const uint8_t *request, uint32_t request_len, uint8_t *reply,
                    uint32_t reply_len);
    void *ctx;
    uint8_t frame[MF_DEVBUS_REQUEST_HEADER + MF_DEVBUS_DATA_MAX]; /* the request, then the reply */
    uint32_t exchanges;
    uint32_t failures;
} mf_devbus_t;

/* Encode, exchange, decode one transfer. Returns its status. MF_E_RESET calls mf_port_reset(). */
int mf_devbus_exchange(mf_devbus_t *devbus, mf_xfer_t *xfer);

/* First exchange after every boot; `flags` bit 0: flight build. 0 or a negative status. */
int mf_devbus_hello(mf_devbus_t *devbus, uint8_t reset_cause, uint8_t flags);

/* Watchdog kick for mf_kernel_reset: ctx = mf_devbus_t*. A lost kick is only counted as a failure;
 * the watchdog itself judges. */
void mf_devbus_kick(void *devbus, uint32_t tick);

/* Backend for mf_bus_t: ctx = mf_devbus_t*, shared by all buses of the board. */
extern const mf_bus_ops_t mf_devbus_ops;

#endif
