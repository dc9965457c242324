/* FRAM and radio drivers on a small memory behind a bus, for the sanitizers: sizes at their limits
 * and answers no part should give. */
#include <string.h>

#include "check.h"
#include "mf_drivers.h"

static uint8_t memory[MF_FRAM_SIZE];
static uint8_t slots, rx_frame[256];
static uint16_t rx_length;
static int failing; /* status of every transfer when negative */

static void start(mf_bus_t *bus, mf_xfer_t *xfer)
{
    if (failing < 0) {
        mf_bus_done(bus, failing);
        return;
    }
    if (xfer->address == MF_I2C_FRAM || xfer->address == MF_I2C_FRAM + 1u) {
        uint32_t at = ((uint32_t)(xfer->address & 1u) << 16) | ((uint32_t)xfer->tx[0] << 8) |
                      xfer->tx[1];
        for (uint32_t i = 2; i < xfer->tx_len; i++) {
            memory[(at + i - 2u) % MF_FRAM_SIZE] = xfer->tx[i];
        }
        for (uint32_t i = 0; i < xfer->rx_len; i++) {
            xfer->rx[i] = memory[(at + i) % MF_FRAM_SIZE];
        }
    } else if (xfer->rx_len != 0 && xfer->tx[0] == 0x00) {
        xfer->rx[0] = 0x52;
    } else if (xfer->rx_len != 0 && xfer->tx[0] == 0x05) {
        xfer->rx[0] = slots;
    } else if (xfer->rx_len == 2 && xfer->tx[0] == 0x06) {
        xfer->rx[0] = (uint8_t)(rx_length >> 8);
        xfer->rx[1] = (uint8_t)rx_length;
    } else if (xfer->rx_len != 0 && xfer->tx[0] == 0x09) {
        memcpy(xfer->rx, rx_frame, xfer->rx_len);
        rx_length = 0;
    }
    mf_bus_done(bus, 0);
}

static void stop(mf_bus_t *bus)
{
    (void)bus;
}

static const mf_bus_ops_t ops = {.start = start, .abort = stop};

static void fram(mf_bus_t *bus)
{
    static uint8_t out[300], in[300];
    for (uint32_t i = 0; i < sizeof(out); i++) {
        out[i] = (uint8_t)(i * 7u);
    }
    const uint32_t places[] = {0, 65536 - 150, MF_FRAM_SIZE - sizeof(out)};
    for (int i = 0; i < 3; i++) {
        memset(in, 0, sizeof(in));
        CHECK(mf_fram_write(bus, places[i], out, sizeof(out)) == 0);
        CHECK(mf_fram_read(bus, places[i], in, sizeof(in)) == 0);
        CHECK(memcmp(in, out, sizeof(in)) == 0);
    }
    CHECK(mf_fram_read(bus, MF_FRAM_SIZE, in, 0) == 0);
    CHECK(mf_fram_read(bus, MF_FRAM_SIZE, in, 1) == MF_E_INVAL);
    CHECK(mf_fram_write(bus, 0xFFFFFFFFu, out, 2) == MF_E_INVAL);
    CHECK(mf_fram_write(bus, 2, out, 0xFFFFFFFFu) == MF_E_INVAL);
    failing = MF_E_NODEV;
    CHECK(mf_fram_read(bus, 0, in, 1) == MF_E_NODEV);
    CHECK(mf_fram_write(bus, 0, out, 1) == MF_E_NODEV);
    failing = 0;
}

static void radio(mf_bus_t *bus)
{
    static uint8_t buffer[260];
    CHECK(mf_radio_probe(bus) == 0 && mf_radio_control(bus, true, 5) == 0);
    CHECK(mf_radio_control(bus, true, 6) == MF_E_INVAL);
    slots = 0;
    CHECK(mf_radio_send(bus, buffer, 256) == MF_E_NOSPC);
    slots = 8;
    CHECK(mf_radio_send(bus, buffer, 260) == 0);
    CHECK(mf_radio_send(bus, buffer, 261) == MF_E_INVAL);
    slots = 9;
    CHECK(mf_radio_tx_free(bus) == MF_E_RANGE);
    rx_length = 0;
    CHECK(mf_radio_receive(bus, buffer, 256) == 0);
    rx_length = 256;
    CHECK(mf_radio_receive(bus, buffer, 256) == 256);
    rx_length = 257;
    CHECK(mf_radio_receive(bus, buffer, 256) == MF_E_RANGE);
    rx_length = 100;
    CHECK(mf_radio_receive(bus, buffer, 99) == 99);
    failing = MF_E_IO;
    CHECK(mf_radio_probe(bus) == MF_E_IO && mf_radio_receive(bus, buffer, 256) == MF_E_IO);
    CHECK(mf_radio_send(bus, buffer, 1) == MF_E_IO && mf_radio_control(bus, false, 0) == MF_E_IO);
    failing = 0;
}

void test_parts(void)
{
    mf_bus_t bus;
    mf_bus_reset(&bus, MF_BUS_PLATFORM, &ops, NULL);
    fram(&bus);
    radio(&bus);
}
