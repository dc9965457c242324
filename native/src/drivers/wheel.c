/* Reaction wheel (docs/icd/wheels.md). */
#include "mf_sensors.h"

#define REG_ID 0x00u
#define REG_CTRL 0x02u /* then STATUS (read-only), TORQUE_CMD, SPEED_CMD */
#define REG_STATUS 0x03u

#define ID_HIGH 0x52u
#define ID_LOW 0x57u
#define CTRL_OFF 0x00u
#define CTRL_TORQUE 0x01u

/* STATUS, TORQUE_CMD, SPEED_CMD, SPEED, TORQUE, CURRENT, TEMPERATURE. */
#define READ_SIZE 14u
#define SPEED_INDEX 6
#define TORQUE_INDEX 8
#define CURRENT_INDEX 10
#define TEMPERATURE_INDEX 12

#define BITS_PER_N_M 1.0e7f
#define N_M_PER_BIT 1.0e-7f
#define RAD_S_PER_BIT 0.025f
#define A_PER_BIT 1.0e-4f
#define C_PER_BIT 0.0625f

static void init_fill(mf_sensor_io_t *io, uint8_t step)
{
    (void)step;
    io->tx[0] = REG_ID;
    mf_sensor_i2c(io, 1, 2);
}

static int init_check(const mf_sensor_io_t *io, uint8_t step)
{
    (void)step;
    return io->rx[0] == ID_HIGH && io->rx[1] == ID_LOW ? MF_OK : MF_E_BADID;
}

static void read_fill(mf_sensor_io_t *io)
{
    io->tx[0] = REG_STATUS;
    mf_sensor_i2c(io, 1, READ_SIZE);
}

static float value(const mf_sensor_io_t *io, int index, float unit_per_bit)
{
    return (float)(int16_t)(uint16_t)(io->rx[index] << 8 | io->rx[index + 1]) * unit_per_bit;
}

void mf_wheel_convert(const mf_sensor_io_t *io, mf_wheel_telemetry_t *out)
{
    out->status = (uint16_t)(io->rx[0] << 8 | io->rx[1]);
    out->speed_rad_s = value(io, SPEED_INDEX, RAD_S_PER_BIT);
    out->torque_N_m = value(io, TORQUE_INDEX, N_M_PER_BIT);
    out->current_A = value(io, CURRENT_INDEX, A_PER_BIT);
    out->temperature_C = value(io, TEMPERATURE_INDEX, C_PER_BIT);
}

static int convert(const mf_sensor_io_t *io, float out_S[3])
{
    mf_wheel_telemetry_t telemetry;
    mf_wheel_convert(io, &telemetry);
    out_S[0] = telemetry.speed_rad_s;
    out_S[1] = telemetry.torque_N_m;
    out_S[2] = (float)telemetry.status;
    return MF_OK;
}

static void fill(mf_sensor_io_t *io, uint8_t mode, int16_t torque_bits)
{
    for (int i = 0; i < 9; i++) {
        io->tx[i] = 0;
    }
    io->tx[0] = REG_CTRL;
    io->tx[2] = mode;
    io->tx[5] = (uint8_t)((uint16_t)torque_bits >> 8);
    io->tx[6] = (uint8_t)(uint16_t)torque_bits;
    mf_sensor_i2c(io, 9, 0);
}

int mf_wheel_fill_torque(mf_sensor_io_t *io, float torque_N_m)
{
    float bits = torque_N_m * BITS_PER_N_M;
    if (!(bits >= -1.0e30f && bits <= 1.0e30f)) {
        return MF_E_INVAL;
    }
    bits = bits > 32767.0f ? 32767.0f : bits < -32767.0f ? -32767.0f : bits;
    fill(io, CTRL_TORQUE, (int16_t)(bits + (bits < 0.0f ? -0.5f : 0.5f)));
    return MF_OK;
}

void mf_wheel_fill_off(mf_sensor_io_t *io)
{
    fill(io, CTRL_OFF, 0);
}

const mf_sensor_part_t mf_wheel = {
    .init_steps = 1,
    .init_fill = init_fill,
    .init_check = init_check,
    .read_fill = read_fill,
    .convert = convert,
};
