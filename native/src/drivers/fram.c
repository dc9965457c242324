/* FRAM MB85RC1MT, 128 KiB (Fujitsu, data sheet DS501-00021). The seventeenth address bit is the
 * lowest bit of the device address, two address bytes follow (section "Device address word"). There
 * is no page and no write time: a byte is stored when it has been acknowledged. */
#include <stddef.h>
#include <string.h>

#include "mf_drivers.h"

#define BLOCK_SIZE 65536u
/* 64 bytes and the address at 100 kHz are 6.2 ms; a queue ahead of it may be as long again. */
#define TIMEOUT_US 50000u

static int check(uint32_t address, uint32_t size)
{
    return (address > MF_FRAM_SIZE || size > MF_FRAM_SIZE - address) ? MF_E_INVAL : MF_OK;
}

/* Length of the next piece: neither longer than a chunk nor across the block boundary, where the
 * device address changes. */
static uint32_t piece(uint32_t address, uint32_t size)
{
    uint32_t to_boundary = BLOCK_SIZE - address % BLOCK_SIZE;
    uint32_t length = size < MF_FRAM_CHUNK ? size : MF_FRAM_CHUNK;
    return length < to_boundary ? length : to_boundary;
}

static void address_bytes(uint8_t out[2], uint32_t address)
{
    out[0] = (uint8_t)(address >> 8);
    out[1] = (uint8_t)address;
}

static uint16_t device(uint32_t address)
{
    return (uint16_t)(MF_I2C_FRAM + address / BLOCK_SIZE);
}

int mf_fram_read(mf_bus_t *bus, uint32_t address, uint8_t *data, uint32_t size)
{
    int status = check(address, size);
    while (status >= 0 && size > 0) {
        uint8_t tx[2];
        uint32_t length = piece(address, size);
        address_bytes(tx, address);
        mf_xfer_t xfer = {.op = MF_OP_I2C,
                          .address = device(address),
                          .tx = tx,
                          .tx_len = 2,
                          .rx = data,
                          .rx_len = (uint16_t)length};
        status = mf_bus_transfer(bus, &xfer, TIMEOUT_US);
        address += length;
        data += length;
        size -= length;
    }
    return status < 0 ? status : MF_OK;
}

int mf_fram_write(mf_bus_t *bus, uint32_t address, const uint8_t *data, uint32_t size)
{
    int status = check(address, size);
    while (status >= 0 && size > 0) {
        uint8_t tx[2 + MF_FRAM_CHUNK];
        uint32_t length = piece(address, size);
        address_bytes(tx, address);
        memcpy(&tx[2], data, length);
        mf_xfer_t xfer = {.op = MF_OP_I2C,
                          .address = device(address),
                          .tx = tx,
                          .tx_len = (uint16_t)(2u + length)};
        status = mf_bus_transfer(bus, &xfer, TIMEOUT_US);
        address += length;
        data += length;
        size -= length;
    }
    return status < 0 ? status : MF_OK;
}
