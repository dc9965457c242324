/* Magnetometer AK09916 (AKM, sold by TDK InvenSense; data sheet 016014242-E-02, also DS-000126).
 *
 * Continuous mode 4 (100 Hz): no sample is older than 10 ms when it is read, and nothing has to be
 * started in time for it. */
#include "mf_sensors.h"

/* Register map, data sheet section 11.2. */
#define REG_WIA1 0x00u
#define REG_ST1 0x10u /* ST1, HXL..HZH (0x11..0x16), TMPS, ST2 (0x18) */
#define REG_CNTL2 0x31u

#define WIA1_COMPANY 0x48u
#define WIA2_DEVICE 0x09u
#define ST1_DRDY 0x01u
#define ST2_HOFL 0x08u
#define CNTL2_POWER_DOWN 0x00u
#define CNTL2_CONTINUOUS_100_HZ 0x08u

#define TESLA_PER_BIT 0.15e-6f /* section 11.3: 0.15 uT per bit */
#define READ_SIZE 9u           /* through ST2: reading it ends the data protection */
#define ST2_INDEX 8u

enum step { STEP_ID, STEP_POWER_DOWN, STEP_CONTINUOUS, STEP_COUNT };

static void init_fill(mf_sensor_io_t *io, uint8_t step)
{
    if (step == STEP_ID) {
        io->tx[0] = REG_WIA1;
        mf_sensor_i2c(io, 1, 2);
        return;
    }
    /* Modes are changed by way of power-down (section 9.3); the 100 us it asks for are over at the
     * next tick. */
    io->tx[0] = REG_CNTL2;
    io->tx[1] = step == STEP_POWER_DOWN ? CNTL2_POWER_DOWN : CNTL2_CONTINUOUS_100_HZ;
    mf_sensor_i2c(io, 2, 0);
}

static int init_check(const mf_sensor_io_t *io, uint8_t step)
{
    if (step == STEP_ID && (io->rx[0] != WIA1_COMPANY || io->rx[1] != WIA2_DEVICE)) {
        return MF_E_BADID;
    }
    return MF_OK;
}

static void read_fill(mf_sensor_io_t *io)
{
    io->tx[0] = REG_ST1;
    mf_sensor_i2c(io, 1, READ_SIZE);
}

static int convert(const mf_sensor_io_t *io, float mag_S_T[3])
{
    if ((io->rx[0] & ST1_DRDY) == 0) {
        return MF_E_BUSY;
    }
    if ((io->rx[ST2_INDEX] & ST2_HOFL) != 0) {
        return MF_E_RANGE;
    }
    for (int axis = 0; axis < 3; axis++) {
        const uint8_t *low = &io->rx[1 + 2 * axis];
        mag_S_T[axis] = (float)(int16_t)(uint16_t)(low[0] | (low[1] << 8)) * TESLA_PER_BIT;
    }
    return MF_OK;
}

const mf_sensor_part_t mf_ak09916 = {
    .init_steps = STEP_COUNT,
    .init_fill = init_fill,
    .init_check = init_check,
    .read_fill = read_fill,
    .convert = convert,
};
