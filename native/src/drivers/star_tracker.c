/* Star tracker (docs/icd/star-tracker.md). */
#include "mf_math.h"
#include "mf_sensors.h"

#define REG_ID 0x00u
#define REG_CTRL 0x02u
#define REG_STATUS 0x03u

#define ID_HIGH 0x53u
#define ID_LOW 0x54u
#define CTRL_TRACK 0x01u
#define STATUS_STATE 0x07u
#define STATUS_VALID 0x01u /* in the high byte */
#define STATUS_NEW 0x02u

/* STATUS, COUNT, AGE, Q1..Q4 of two registers each, STARS, TEMPERATURE. */
#define READ_SIZE 26u
#define AGE_INDEX 4
#define QUATERNION_INDEX 6
#define STARS_INDEX 22
#define AGE_NONE 0xFFFFu
#define US_PER_AGE_BIT 100u
#define PER_BIT 4.656612873077393e-10f /* 2^-31 */
#define STATE_TRACKING 2u

enum step { STEP_ID, STEP_TRACK };

void mf_star_tracker_init_fill(mf_sensor_io_t *io, uint8_t step)
{
    if (step == STEP_ID) {
        io->tx[0] = REG_ID;
        mf_sensor_i2c(io, 1, 2);
        return;
    }
    io->tx[0] = REG_CTRL;
    io->tx[1] = 0;
    io->tx[2] = CTRL_TRACK;
    mf_sensor_i2c(io, 3, 0);
}

int mf_star_tracker_init_check(const mf_sensor_io_t *io, uint8_t step)
{
    if (step == STEP_ID && (io->rx[0] != ID_HIGH || io->rx[1] != ID_LOW)) {
        return MF_E_BADID;
    }
    return MF_OK;
}

void mf_star_tracker_read_fill(mf_sensor_io_t *io)
{
    io->tx[0] = REG_STATUS;
    mf_sensor_i2c(io, 1, READ_SIZE);
}

static uint16_t word(const mf_sensor_io_t *io, int index)
{
    return (uint16_t)(io->rx[index] << 8 | io->rx[index + 1]);
}

int mf_star_tracker_convert(const mf_sensor_io_t *io, mf_star_tracker_sample_t *out)
{
    uint8_t state = io->rx[1] & STATUS_STATE;
    uint16_t age = word(io, AGE_INDEX);
    if ((io->rx[0] & STATUS_VALID) == 0 || state != STATE_TRACKING || age == AGE_NONE) {
        out->state = state;
        return MF_SENSOR_DARK;
    }
    if ((io->rx[0] & STATUS_NEW) == 0) {
        return MF_E_BUSY;
    }
    float q_SN[4];
    float square = 0.0f;
    for (int i = 0; i < 4; i++) {
        int index = QUATERNION_INDEX + 4 * i;
        uint32_t bits = (uint32_t)word(io, index) << 16 | word(io, index + 2);
        q_SN[i] = (float)(int32_t)bits * PER_BIT;
        square += q_SN[i] * q_SN[i];
    }
    if (!(square > 0.99f && square < 1.01f)) {
        return MF_E_RANGE;
    }
    float inverse = 1.0f / mf_sqrtf(square);
    for (int i = 0; i < 4; i++) {
        out->q_SN[i] = q_SN[i] * inverse;
    }
    out->age_us = US_PER_AGE_BIT * (uint32_t)age;
    out->stars = word(io, STARS_INDEX);
    out->state = state;
    return MF_OK;
}
