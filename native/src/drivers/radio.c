/* Radio modem (docs/icd/radio.md). */
#include <stddef.h>
#include <string.h>

#include "mf_drivers.h"

#define REG_ID 0x00u
#define REG_CTRL 0x02u
#define REG_RATE 0x04u
#define REG_TX_FREE 0x05u
#define REG_RX_LEN 0x06u
#define REG_TX_FIFO 0x08u
#define REG_RX_FIFO 0x09u

#define ID_VALUE 0x52u
#define CTRL_CARRIER 0x01u
#define CTRL_RECEIVER 0x02u
#define RATE_MAX 5u
#define TX_SLOTS 8
#define FRAME_MAX 260u /* into the transmitter at once */
#define OCTETS_MAX 256u /* out of the receiver at once */
/* 261 bytes at 100 kHz are 24 ms; a queue ahead of it may be as long again. */
#define TIMEOUT_US 100000u

static int transfer(mf_bus_t *bus, const uint8_t *tx, uint32_t tx_len, uint8_t *rx,
                    uint32_t rx_len)
{
    mf_xfer_t xfer = {.op = MF_OP_I2C,
                      .address = MF_I2C_RADIO,
                      .tx = tx,
                      .tx_len = (uint16_t)tx_len,
                      .rx = rx,
                      .rx_len = (uint16_t)rx_len};
    return mf_bus_transfer(bus, &xfer, TIMEOUT_US);
}

static int read_registers(mf_bus_t *bus, uint8_t reg, uint8_t *out, uint32_t size)
{
    return transfer(bus, &reg, 1, out, size);
}

int mf_radio_probe(mf_bus_t *bus)
{
    uint8_t id = 0;
    int status = read_registers(bus, REG_ID, &id, 1);
    if (status < 0) {
        return status;
    }
    return id == ID_VALUE ? MF_OK : MF_E_BADID;
}

int mf_radio_tx_free(mf_bus_t *bus)
{
    uint8_t slots = 0;
    int status = read_registers(bus, REG_TX_FREE, &slots, 1);
    if (status < 0) {
        return status;
    }
    return slots <= TX_SLOTS ? (int)slots : MF_E_RANGE;
}

int mf_radio_send(mf_bus_t *bus, const uint8_t *frame, uint32_t size)
{
    if (size == 0 || size > FRAME_MAX) {
        return MF_E_INVAL;
    }
    /* The modem drops a frame it has no room for; asking first keeps it with the caller. */
    int slots = mf_radio_tx_free(bus);
    if (slots <= 0) {
        return slots < 0 ? slots : MF_E_NOSPC;
    }
    uint8_t tx[1 + FRAME_MAX];
    tx[0] = REG_TX_FIFO;
    memcpy(&tx[1], frame, size);
    int status = transfer(bus, tx, 1 + size, NULL, 0);
    return status < 0 ? status : MF_OK;
}

int mf_radio_receive(mf_bus_t *bus, uint8_t *out, uint32_t size)
{
    uint8_t raw[2] = {0, 0};
    int status = read_registers(bus, REG_RX_LEN, raw, 2);
    if (status < 0) {
        return status;
    }
    uint32_t length = ((uint32_t)raw[0] << 8) | raw[1];
    if (length == 0) {
        return 0;
    }
    if (length > OCTETS_MAX) {
        return MF_E_RANGE;
    }
    length = length < size ? length : size;
    status = read_registers(bus, REG_RX_FIFO, out, length);
    return status < 0 ? status : (int)length;
}

int mf_radio_control(mf_bus_t *bus, bool carrier, uint8_t rate_code)
{
    if (rate_code > RATE_MAX) {
        return MF_E_INVAL;
    }
    const uint8_t rate[2] = {REG_RATE, rate_code};
    const uint8_t ctrl[2] = {REG_CTRL, carrier ? (CTRL_CARRIER | CTRL_RECEIVER) : CTRL_RECEIVER};
    int status = transfer(bus, rate, sizeof(rate), NULL, 0);
    if (status >= 0) {
        status = transfer(bus, ctrl, sizeof(ctrl), NULL, 0);
    }
    return status < 0 ? status : MF_OK;
}
