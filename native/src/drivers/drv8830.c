/* Torque-rod driver DRV8830 (TI, data sheet SLVSAB2). The output voltage across the coil is
 * 4 x VREF x (VSET + 1) / 64 for VSET 0x06..0x3F (section 8.6.2, voltage regulation); current, and
 * with it the dipole, follows the voltage, so that full drive is VSET 0x3F. */
#include "mf_sensors.h"

#define REG_CONTROL 0x00u
#define REG_FAULT 0x01u
#define FAULT_CLEAR 0x80u

#define VSET_STEPS 64.0f
#define VSET_MIN 0x06u
#define VSET_MAX 0x3Fu
#define DIRECTION_MASK 0x03u
#define DIRECTION_FORWARD 0x01u /* IN1 = D1 (bit 0): OUT1 high, OUT2 low */
#define DIRECTION_REVERSE 0x02u /* IN2 = D2 (bit 1) */

uint8_t mf_drv8830_control(float share)
{
    float size = share < 0.0f ? -share : share;
    /* Below half of the smallest step zero is the nearest; NaN fails the comparison too. */
    if (!(size * VSET_STEPS >= 0.5f * (float)(VSET_MIN + 1u))) {
        return MF_DRV8830_COAST;
    }
    uint32_t vset = VSET_MAX;
    if (size < 1.0f) {
        uint32_t steps = (uint32_t)(size * VSET_STEPS + 0.5f);
        vset = steps <= VSET_MIN ? VSET_MIN : steps - 1u;
    }
    return (uint8_t)((vset << 2) | (share < 0.0f ? DIRECTION_REVERSE : DIRECTION_FORWARD));
}

float mf_drv8830_share(uint8_t control)
{
    uint8_t direction = control & DIRECTION_MASK;
    if (direction != DIRECTION_FORWARD && direction != DIRECTION_REVERSE) {
        return 0.0f;
    }
    float share = (float)((control >> 2) + 1) / VSET_STEPS;
    return direction == DIRECTION_FORWARD ? share : -share;
}

void mf_drv8830_fill_control(mf_sensor_io_t *io, uint8_t control)
{
    io->tx[0] = REG_CONTROL;
    io->tx[1] = control;
    mf_sensor_i2c(io, 2, 0);
}

void mf_drv8830_fill_fault(mf_sensor_io_t *io)
{
    io->tx[0] = REG_FAULT;
    mf_sensor_i2c(io, 1, 1);
}

void mf_drv8830_fill_fault_clear(mf_sensor_io_t *io)
{
    io->tx[0] = REG_FAULT;
    io->tx[1] = FAULT_CLEAR;
    mf_sensor_i2c(io, 2, 0);
}
