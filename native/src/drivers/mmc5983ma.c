/* Magnetometer MMC5983MA (MEMSIC data sheet, Rev A).
 *
 * Continuous at 100 Hz with a SET before every measurement ("Register map", internal control 0 to
 * 2): a strong field that has turned the bridge over does no lasting harm. The bridge's own offset
 * stays in the result, as a constant bias for mf_magcal.h. The done bit stays set in continuous
 * mode: that samples repeat is for the attitude loop to see. */
#include "mf_sensors.h"

#define REG_XOUT0 0x00u /* six bytes of bits 17..2, then bits 1..0 of all axes, TOUT, STATUS */
#define REG_CONTROL_0 0x09u
#define REG_CONTROL_1 0x0Au
#define REG_PRODUCT_ID 0x2Fu

#define PRODUCT_ID 0x30u
#define CONTROL_0_AUTO_SET 0x20u
#define CONTROL_1_SOFT_RESET 0x80u
#define CONTROL_1_BANDWIDTH_100_HZ 0x00u
#define CONTROL_2_100_HZ_SET_EACH 0x8Du /* periodic set, every measurement; continuous; 100 Hz */
#define STATUS_MEAS_M_DONE 0x01u

#define READ_SIZE 9u
#define LOW_BITS_INDEX 6
#define STATUS_INDEX 8
#define ZERO_COUNTS 131072
#define TOP_COUNTS 262143
#define TESLA_PER_BIT 6.103515625e-9f /* 16384 counts per gauss */

enum step { STEP_ID, STEP_RESET, STEP_CONTINUOUS, STEP_COUNT };

static void init_fill(mf_sensor_io_t *io, uint8_t step)
{
    if (step == STEP_ID) {
        io->tx[0] = REG_PRODUCT_ID;
        mf_sensor_i2c(io, 1, 1);
        return;
    }
    if (step == STEP_RESET) {
        /* The 10 ms it takes are over at the next tick. */
        io->tx[0] = REG_CONTROL_1;
        io->tx[1] = CONTROL_1_SOFT_RESET;
        mf_sensor_i2c(io, 2, 0);
        return;
    }
    io->tx[0] = REG_CONTROL_0;
    io->tx[1] = CONTROL_0_AUTO_SET;
    io->tx[2] = CONTROL_1_BANDWIDTH_100_HZ;
    io->tx[3] = CONTROL_2_100_HZ_SET_EACH;
    mf_sensor_i2c(io, 4, 0);
}

static int init_check(const mf_sensor_io_t *io, uint8_t step)
{
    if (step == STEP_ID && io->rx[0] != PRODUCT_ID) {
        return MF_E_BADID;
    }
    return MF_OK;
}

static void read_fill(mf_sensor_io_t *io)
{
    io->tx[0] = REG_XOUT0;
    mf_sensor_i2c(io, 1, READ_SIZE);
}

static int convert(const mf_sensor_io_t *io, float mag_S_T[3])
{
    if ((io->rx[STATUS_INDEX] & STATUS_MEAS_M_DONE) == 0) {
        return MF_E_BUSY;
    }
    int32_t counts[3];
    for (int axis = 0; axis < 3; axis++) {
        uint32_t low = ((uint32_t)io->rx[LOW_BITS_INDEX] >> (6 - 2 * axis)) & 3u;
        counts[axis] = (int32_t)((uint32_t)io->rx[2 * axis] << 10 |
                                 (uint32_t)io->rx[2 * axis + 1] << 2 | low);
        if (counts[axis] == 0 || counts[axis] == TOP_COUNTS) {
            return MF_E_RANGE;
        }
    }
    for (int axis = 0; axis < 3; axis++) {
        mag_S_T[axis] = (float)(counts[axis] - ZERO_COUNTS) * TESLA_PER_BIT;
    }
    return MF_OK;
}

const mf_sensor_part_t mf_mmc5983ma = {
    .init_steps = STEP_COUNT,
    .init_fill = init_fill,
    .init_check = init_check,
    .read_fill = read_fill,
    .convert = convert,
};
