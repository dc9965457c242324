/* Fine sun sensor (docs/icd/fss.md): two angles from the boresight +z. */
#include "mf_math.h"
#include "mf_sensors.h"

#define REG_ID 0x00u
#define REG_CTRL 0x02u
#define REG_STATUS 0x03u

#define ID_HIGH 0x46u
#define ID_LOW 0x53u
#define CTRL_MEASURE 0x01u
#define STATUS_NEW 0x01u
#define STATUS_VALID 0x02u

/* STATUS, COUNT, ALPHA, BETA, INTENSITY, TEMPERATURE. */
#define READ_SIZE 12u
#define RAD_PER_BIT 50.0e-6f
/* Field of view, 60 deg, and what noise may add. */
#define ANGLE_MAX_RAD 1.10f

enum step { STEP_ID, STEP_MEASURE, STEP_COUNT };

static void init_fill(mf_sensor_io_t *io, uint8_t step)
{
    if (step == STEP_ID) {
        io->tx[0] = REG_ID;
        mf_sensor_i2c(io, 1, 2);
        return;
    }
    io->tx[0] = REG_CTRL;
    io->tx[1] = 0;
    io->tx[2] = CTRL_MEASURE;
    mf_sensor_i2c(io, 3, 0);
}

static int init_check(const mf_sensor_io_t *io, uint8_t step)
{
    if (step == STEP_ID && (io->rx[0] != ID_HIGH || io->rx[1] != ID_LOW)) {
        return MF_E_BADID;
    }
    return MF_OK;
}

static void read_fill(mf_sensor_io_t *io)
{
    io->tx[0] = REG_STATUS;
    mf_sensor_i2c(io, 1, READ_SIZE);
}

static float angle_rad(const uint8_t *high)
{
    return (float)(int16_t)(uint16_t)(high[0] << 8 | high[1]) * RAD_PER_BIT;
}

static int convert(const mf_sensor_io_t *io, float sun_S[3])
{
    uint8_t status = io->rx[1];
    if ((status & STATUS_NEW) == 0) {
        return MF_E_BUSY;
    }
    if ((status & STATUS_VALID) == 0) {
        sun_S[0] = sun_S[1] = sun_S[2] = 0.0f;
        return MF_SENSOR_DARK;
    }
    float alpha_rad = angle_rad(&io->rx[4]);
    float beta_rad = angle_rad(&io->rx[6]);
    if (mf_fabsf(alpha_rad) > ANGLE_MAX_RAD || mf_fabsf(beta_rad) > ANGLE_MAX_RAD) {
        return MF_E_RANGE;
    }
    /* (tan alpha, tan beta, 1) times both cosines, which are positive. */
    float x = mf_sinf(alpha_rad) * mf_cosf(beta_rad);
    float y = mf_cosf(alpha_rad) * mf_sinf(beta_rad);
    float z = mf_cosf(alpha_rad) * mf_cosf(beta_rad);
    float inverse = 1.0f / mf_sqrtf(x * x + y * y + z * z);
    sun_S[0] = x * inverse;
    sun_S[1] = y * inverse;
    sun_S[2] = z * inverse;
    return MF_OK;
}

const mf_sensor_part_t mf_fss = {
    .init_steps = STEP_COUNT,
    .init_fill = init_fill,
    .init_check = init_check,
    .read_fill = read_fill,
    .convert = convert,
};
