/* Inertial unit LSM6DSO (ST, data sheet DS12140). Only the gyro is used: in free fall the
 * accelerometer has nothing to say, and stays in power-down. */
#include "mf_sensors.h"

/* Register map, data sheet section 8. */
#define REG_WHO_AM_I 0x0Fu
#define REG_CTRL1_XL 0x10u /* then CTRL2_G, CTRL3_C */
#define REG_STATUS 0x1Eu   /* STATUS_REG, reserved, OUT_TEMP (0x20), OUTX_L_G (0x22) .. 0x27 */

#define WHO_AM_I_VALUE 0x6Cu
#define CTRL1_XL_OFF 0x00u
#define CTRL2_G_52_HZ_250_DPS 0x30u /* section 9.16: ODR 0011, FS 00 */
#define CTRL3_C_BDU_IF_INC 0x44u    /* section 9.17: block data update, address increment */
#define STATUS_GDA 0x02u            /* section 9.26: new gyro data */

#define READ_SIZE 10u /* one transfer from STATUS_REG to OUTZ_H_G: the status belongs to the data */
#define GYRO_INDEX 4

/* 8.75 mdps per bit at 250 dps (table 3), in rad/s. */
#define RAD_S_PER_BIT 1.527163e-4f

enum step { STEP_ID, STEP_CONFIGURE, STEP_COUNT };

static void init_fill(mf_sensor_io_t *io, uint8_t step)
{
    if (step == STEP_ID) {
        io->tx[0] = REG_WHO_AM_I;
        mf_sensor_i2c(io, 1, 1);
        return;
    }
    io->tx[0] = REG_CTRL1_XL;
    io->tx[1] = CTRL1_XL_OFF;
    io->tx[2] = CTRL2_G_52_HZ_250_DPS;
    io->tx[3] = CTRL3_C_BDU_IF_INC;
    mf_sensor_i2c(io, 4, 0);
}

static int init_check(const mf_sensor_io_t *io, uint8_t step)
{
    if (step == STEP_ID && io->rx[0] != WHO_AM_I_VALUE) {
        return MF_E_BADID;
    }
    return MF_OK;
}

static void read_fill(mf_sensor_io_t *io)
{
    io->tx[0] = REG_STATUS;
    mf_sensor_i2c(io, 1, READ_SIZE);
}

static int convert(const mf_sensor_io_t *io, float omega_BN_S_rad_s[3])
{
    if ((io->rx[0] & STATUS_GDA) == 0) {
        return MF_E_BUSY;
    }
    for (int axis = 0; axis < 3; axis++) {
        const uint8_t *low = &io->rx[GYRO_INDEX + 2 * axis];
        omega_BN_S_rad_s[axis] =
            (float)(int16_t)(uint16_t)(low[0] | (low[1] << 8)) * RAD_S_PER_BIT;
    }
    return MF_OK;
}

const mf_sensor_part_t mf_lsm6dso = {
    .init_steps = STEP_COUNT,
    .init_fill = init_fill,
    .init_check = init_check,
    .read_fill = read_fill,
    .convert = convert,
};
