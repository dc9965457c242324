/* Attitude sensors and rods, as the control kernel drives them: fill in a transfer, convert what
 * came back. No I/O here; one .c file per part names the data sheet and its sections. */
#ifndef MF_SENSORS_H
#define MF_SENSORS_H

#include "mf_bus.h"

/* Longest write and read of any of these parts [bytes]. */
#define MF_SENSOR_TX_MAX 4u
#define MF_SENSOR_RX_MAX 10u

/* Transfer with its buffers; owned by the bus while xfer.status is MF_E_BUSY. */
typedef struct {
    mf_xfer_t xfer;
    uint8_t tx[MF_SENSOR_TX_MAX];
    uint8_t rx[MF_SENSOR_RX_MAX];
} mf_sensor_io_t;

/* Part of a sensor: initialisation is a chain of transfers, one per tick. */
typedef struct {
    uint8_t init_steps;
    /* Fill in step 0..init_steps-1. */
    void (*init_fill)(mf_sensor_io_t *io, uint8_t step);
    /* Judge a step that ended with status >= 0: 0, or MF_E_BADID. */
    int (*init_check)(const mf_sensor_io_t *io, uint8_t step);
    /* Fill in the read of one measurement. */
    void (*read_fill)(mf_sensor_io_t *io);
    /* Convert it, sensor frame, SI. 0; MF_E_BUSY no new data; MF_E_RANGE overflow. */
    int (*convert)(const mf_sensor_io_t *io, float out_S[3]);
} mf_sensor_part_t;

extern const mf_sensor_part_t mf_ak09916; /* out: field [T] */
extern const mf_sensor_part_t mf_lsm6dso; /* out: angular rate [rad/s] */

/* Ready `io` for one I2C transfer; rx_len bytes are read when it is not 0. */
void mf_sensor_i2c(mf_sensor_io_t *io, uint16_t tx_len, uint16_t rx_len);

/* DRV8830: control byte for a share of full drive in -1..1 (nearest step, 0 = coast), and back. */
#define MF_DRV8830_COAST 0x00u
uint8_t mf_drv8830_control(float share);
float mf_drv8830_share(uint8_t control);
void mf_drv8830_fill_control(mf_sensor_io_t *io, uint8_t control);
void mf_drv8830_fill_fault(mf_sensor_io_t *io);       /* read the FAULT register */
void mf_drv8830_fill_fault_clear(mf_sensor_io_t *io); /* clear it */

#endif
