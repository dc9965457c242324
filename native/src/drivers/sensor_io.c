/* Common part of the attitude sensors' and rods' transfers: see mf_sensors.h. */
#include <stddef.h>

#include "mf_sensors.h"

void mf_sensor_i2c(mf_sensor_io_t *io, uint16_t tx_len, uint16_t rx_len)
{
    io->xfer.op = MF_OP_I2C;
    io->xfer.tx = io->tx;
    io->xfer.tx_len = tx_len;
    io->xfer.rx = rx_len != 0 ? io->rx : NULL;
    io->xfer.rx_len = rx_len;
}
