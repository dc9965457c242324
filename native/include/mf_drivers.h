/* Drivers C owns because survival needs them: attitude sensors and rods, radio, FRAM.
 * A driver fills in a transfer (non-blocking, for the control tick) and converts what came back;
 * the blocking calls are for thread context. Register maps: data sheets named in each .c file, and
 * docs/icd/radio.md for the modem. */
#ifndef MF_DRIVERS_H
#define MF_DRIVERS_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_bus.h"
#include "mf_devbus.h"

#define MF_I2C_AK09916 0x0Cu
#define MF_I2C_LSM6DSO 0x6Au
#define MF_I2C_DRV8830_X 0x60u
#define MF_I2C_DRV8830_Y 0x61u
#define MF_I2C_DRV8830_Z 0x63u
#define MF_I2C_WHEEL 0x20u /* wheel 0; wheels 1..3 follow */
#define MF_I2C_FSS 0x28u
#define MF_I2C_STAR_TRACKER 0x2Au
#define MF_I2C_MMC5983MA 0x30u
#define MF_I2C_ADS1115 0x48u /* the first; the second follows */
#define MF_I2C_RADIO 0x34u
#define MF_I2C_FRAM 0x50u /* MB85RC1MT: 0x50 low, 0x51 high 64 KiB */

#define MF_FRAM_SIZE 131072u
#define MF_FRAM_CHUNK 64u /* largest piece of one transfer */

/* Blocking, thread context; 0 or negative status. */
int mf_fram_read(mf_bus_t *bus, uint32_t address, uint8_t *data, uint32_t size);
int mf_fram_write(mf_bus_t *bus, uint32_t address, const uint8_t *data, uint32_t size);

int mf_radio_probe(mf_bus_t *bus);
/* At most 260 octets; MF_E_NOSPC: no slot free. */
int mf_radio_send(mf_bus_t *bus, const uint8_t *frame, uint32_t size);
int mf_radio_tx_free(mf_bus_t *bus);                                   /* frame slots, or negative */
/* Octets of the demodulator, at most `size` and 256 at once; 0 none, or negative. */
int mf_radio_receive(mf_bus_t *bus, uint8_t *out, uint32_t size);
int mf_radio_control(mf_bus_t *bus, bool carrier, uint8_t rate_code);

#endif
