/* Attitude sensors, rods and wheels, as the control kernel drives them: fill in a transfer, convert
 * what came back. No I/O here; one .c file per part names the data sheet and its sections. */
#ifndef MF_SENSORS_H
#define MF_SENSORS_H

#include "mf_bus.h"

/* Longest write and read of any of these parts [bytes]. */
#define MF_SENSOR_TX_MAX 9u
#define MF_SENSOR_RX_MAX 26u

/* A measurement without an object: no Sun, no stars. */
#define MF_SENSOR_DARK 1

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
    /* Convert it, sensor frame, SI. 0; MF_SENSOR_DARK measured, but nothing to be seen, out zero;
     * MF_E_BUSY no new data; MF_E_RANGE overflow, or what the part cannot give. Except for 0 and
     * MF_SENSOR_DARK `out_S` is unchanged. */
    int (*convert)(const mf_sensor_io_t *io, float out_S[3]);
} mf_sensor_part_t;

extern const mf_sensor_part_t mf_ak09916; /* out: field [T] */
extern const mf_sensor_part_t mf_lsm6dso; /* out: angular rate [rad/s] */

extern const mf_sensor_part_t mf_mmc5983ma; /* out: field [T] */
extern const mf_sensor_part_t mf_fss; /* out: unit vector to the Sun, boresight +z */

/* Ready `io` for one I2C transfer; rx_len bytes are read when it is not 0. */
void mf_sensor_i2c(mf_sensor_io_t *io, uint16_t tx_len, uint16_t rx_len);

/* DRV8830: control byte for a share of full drive in -1..1 (nearest step, 0 = coast), and back. */
#define MF_DRV8830_COAST 0x00u
uint8_t mf_drv8830_control(float share);
float mf_drv8830_share(uint8_t control);
void mf_drv8830_fill_control(mf_sensor_io_t *io, uint8_t control);
void mf_drv8830_fill_fault(mf_sensor_io_t *io);       /* read the FAULT register */
void mf_drv8830_fill_fault_clear(mf_sensor_io_t *io); /* clear it */

/* ADS1115: a conversion is started, is done 10 ms later, and is read; one input at a time. */
#define MF_ADS1115_INPUTS 4u
void mf_ads1115_fill_start(mf_sensor_io_t *io, uint8_t input); /* AIN0..AIN3 against ground */
void mf_ads1115_fill_read(mf_sensor_io_t *io);
/* Volts of the last finished conversion, -4.096..4.096. 0; MF_E_RANGE at either end. */
int mf_ads1115_convert(const mf_sensor_io_t *io, float *input_V);

/* Reaction wheel. Speed and torque count about its axis as mounted; a positive torque spins the
 * rotor up about +axis and turns the body about -axis. */
#define MF_WHEEL_DRIVEN 0x01u         /* status bits */
#define MF_WHEEL_TORQUE_LIMITED 0x02u
#define MF_WHEEL_SPEED_LIMIT 0x04u
#define MF_WHEEL_TIMED_OUT 0x08u
#define MF_WHEEL_REFUSED 0x10u

typedef struct {
    float speed_rad_s;    /* rotor relative to the body */
    float torque_N_m;     /* of the motor on the rotor, mean over the last 100 ms */
    float current_A;
    float temperature_C;
    uint16_t status;      /* MF_WHEEL_... */
} mf_wheel_telemetry_t;

extern const mf_sensor_part_t mf_wheel; /* out: speed [rad/s], motor torque [N m], status */
void mf_wheel_convert(const mf_sensor_io_t *io, mf_wheel_telemetry_t *out);
/* Torque mode and motor torque in one write, whatever the wheel was doing before: it falls off
 * by itself 2 s after the last one. Limited to +-3.2767 mN m; MF_E_INVAL for NaN, nothing
 * filled in. */
int mf_wheel_fill_torque(mf_sensor_io_t *io, float torque_N_m);
void mf_wheel_fill_off(mf_sensor_io_t *io); /* it coasts */

/* Star tracker. */
typedef struct {
    float q_SN[4];    /* N to the sensor's frame, scalar last, unit */
    uint32_t age_us;  /* before the last 100 ms of the sensor's clock */
    uint16_t stars;
    uint8_t state;    /* 0 off, 1 acquiring, 2 tracking, 3 blinded, 4 too fast */
} mf_star_tracker_sample_t;

#define MF_STAR_TRACKER_INIT_STEPS 2u
void mf_star_tracker_init_fill(mf_sensor_io_t *io, uint8_t step);
int mf_star_tracker_init_check(const mf_sensor_io_t *io, uint8_t step);
void mf_star_tracker_read_fill(mf_sensor_io_t *io);
/* 0; MF_SENSOR_DARK: no attitude, only `state` is written; MF_E_BUSY: no new one; MF_E_RANGE: four
 * numbers that are no rotation. */
int mf_star_tracker_convert(const mf_sensor_io_t *io, mf_star_tracker_sample_t *out);

#endif
