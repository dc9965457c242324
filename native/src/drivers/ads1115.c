/* Analogue-to-digital converter ADS1115 (TI data sheet SBAS444): coarse sun sensors.
 *
 * Single conversions at 128 per second (section 9.4.2.1): started by a write of the configuration,
 * done after 7.8 ms, read whenever the next transfer comes. Inputs against ground, +-4.096 V. */
#include "mf_sensors.h"

#define REG_CONVERSION 0x00u
#define REG_CONFIG 0x01u

/* Configuration, section 9.6.3. */
#define CONFIG_START 0x8000u
#define CONFIG_INPUT_0 0x4000u /* AIN0 against ground; the next inputs are steps of 0x1000 */
#define CONFIG_INPUT_STEP 0x1000u
#define CONFIG_4096_MV 0x0200u
#define CONFIG_SINGLE 0x0100u
#define CONFIG_128_PER_S 0x0080u
#define CONFIG_NO_COMPARATOR 0x0003u

#define VOLTS_PER_BIT 125.0e-6f

void mf_ads1115_fill_start(mf_sensor_io_t *io, uint8_t input)
{
    uint32_t config = CONFIG_START | CONFIG_INPUT_0 | CONFIG_4096_MV | CONFIG_SINGLE |
                      CONFIG_128_PER_S | CONFIG_NO_COMPARATOR;
    config += CONFIG_INPUT_STEP * (input % MF_ADS1115_INPUTS);
    io->tx[0] = REG_CONFIG;
    io->tx[1] = (uint8_t)(config >> 8);
    io->tx[2] = (uint8_t)config;
    mf_sensor_i2c(io, 3, 0);
}

void mf_ads1115_fill_read(mf_sensor_io_t *io)
{
    io->tx[0] = REG_CONVERSION;
    mf_sensor_i2c(io, 1, 2);
}

int mf_ads1115_convert(const mf_sensor_io_t *io, float *input_V)
{
    int16_t counts = (int16_t)(uint16_t)(io->rx[0] << 8 | io->rx[1]);
    if (counts == INT16_MAX || counts == INT16_MIN) {
        return MF_E_RANGE;
    }
    *input_V = (float)counts * VOLTS_PER_BIT;
    return MF_OK;
}
