/* What survival may do at all: launch and battery decide. Blocking, in thread context. */
#include "mf_drivers.h"
#include "survival_state.h"

#define LEOP_RECORD_A 0x0300u /* flight/core/leop.py; its first octet: 1 launch over */
#define LEOP_RECORD_B 0x0380u
#define LEOP_BODY 12u
#define LEOP_LAYOUT 1u
#define RECORD_MAGIC 0x4D46u
#define RECORD_HEADER 8u
#define RECORD_SIZE (RECORD_HEADER + LEOP_BODY + 4u)
/* So many starts without health, with their pauses, last longer than any launch inhibit. */
#define PATIENCE_STARTS 16u

#define EPS_ADDRESS 0x18u
#define EPS_SWITCHES 0x02u
#define EPS_BATTERY 0x04u
#define EPS_DEPLOYED 0x22u
#define EPS_ALL_OUT 3u
#define EPS_TRANSMITTER_AND_RODS 0x05u
#define EPS_TRANSMITTER 0x01u
#define EPS_TIMEOUT_US 20000u
#define HYSTERESIS_MV 400u

static uint32_t big_endian(const uint8_t *data, uint32_t size)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < size; i++) {
        value = value << 8 | data[i];
    }
    return value;
}

/* 16-bit register of the EPS; negative when it does not answer. */
static int32_t eps_read(mf_survival_t *self, uint8_t number)
{
    uint8_t raw[2] = {0, 0};
    mf_xfer_t xfer = {.op = MF_OP_I2C,
                      .address = EPS_ADDRESS,
                      .tx = &number,
                      .tx_len = 1,
                      .rx = raw,
                      .rx_len = 2};
    const int status = mf_bus_transfer(self->parts.bus, &xfer, EPS_TIMEOUT_US);
    return status < 0 ? status : (int32_t)big_endian(raw, 2);
}

static void eps_switch(mf_survival_t *self, uint8_t loads)
{
    const uint8_t tx[3] = {EPS_SWITCHES, 0, loads};
    mf_xfer_t xfer = {.op = MF_OP_I2C, .address = EPS_ADDRESS, .tx = tx, .tx_len = 3};
    (void)mf_bus_transfer(self->parts.bus, &xfer, EPS_TIMEOUT_US);
}

/* First octet of the newer good copy; negative when there is none. */
static int leop_record(mf_survival_t *self)
{
    static const uint32_t addresses[2] = {LEOP_RECORD_A, LEOP_RECORD_B};
    uint32_t newest = 0;
    int over = -1;
    for (uint32_t i = 0; i < 2u; i++) {
        uint8_t image[RECORD_SIZE];
        if (mf_fram_read(self->parts.bus, addresses[i], image, sizeof(image)) < 0 ||
            big_endian(image, 2) != RECORD_MAGIC || big_endian(&image[2], 2) != LEOP_LAYOUT ||
            big_endian(&image[RECORD_SIZE - 4u], 4) != mf_crc32(0, image, RECORD_SIZE - 4u)) {
            continue;
        }
        const uint32_t generation = big_endian(&image[4], 4);
        if (generation > newest) {
            newest = generation;
            over = image[RECORD_HEADER];
        }
    }
    return over;
}

bool survival_disturbed(mf_survival_t *self)
{
    mf_boot_record_t found;
    uint8_t image[MF_BOOT_RECORD_SIZE];
    int status = mf_boot_record_load(self->parts.bus, &found);
    if (status == 0) {
        status = mf_fram_read(self->parts.bus, MF_BOOT_RECORD_A, image, sizeof(image));
    }
    if (status != MF_OK) {
        return status == MF_E_TIMEOUT;
    }
    uint32_t any = 0, all = 0xFFu;
    for (uint32_t i = 0; i < sizeof(image); i++) {
        any |= image[i];
        all &= image[i];
    }
    return any != 0 && all != 0xFFu; /* not blank either */
}

/* Mask of the deployables that are out; negative when it cannot be known. */
static int32_t deployables(mf_survival_t *self)
{
    const int32_t first = eps_read(self, EPS_DEPLOYED);
    return first == eps_read(self, EPS_DEPLOYED) && first <= (int32_t)EPS_ALL_OUT ? first : -1;
}

bool survival_launching(mf_survival_t *self)
{
    if (mf_boot_record_attempts(&self->record) >= PATIENCE_STARTS) {
        return false;
    }
    const int over = leop_record(self);
    if (over > 0) {
        return false;
    }
    /* A blank record of a spacecraft with a deployable out is lost memory, not a launch. */
    const int32_t deployed = deployables(self);
    return over == 0 ? deployed <= 0 : deployed == 0;
}

static uint8_t judge(const mf_survival_t *self)
{
    const uint32_t low_mV = survival_get(self, WORD_BATTERY_MV);
    const uint32_t critical_mV = survival_get(self, WORD_CRITICAL_MV);
    const uint32_t now_mV = self->battery_mV;
    if (now_mV < critical_mV) {
        return SURVIVAL_BATTERY_CRITICAL;
    }
    if (self->battery == SURVIVAL_BATTERY_CRITICAL && now_mV < critical_mV + HYSTERESIS_MV) {
        return SURVIVAL_BATTERY_CRITICAL;
    }
    if (now_mV < low_mV) {
        return SURVIVAL_BATTERY_LOW;
    }
    if (self->battery != SURVIVAL_BATTERY_GOOD && now_mV < low_mV + HYSTERESIS_MV) {
        return SURVIVAL_BATTERY_LOW;
    }
    return SURVIVAL_BATTERY_GOOD;
}

void survival_power(mf_survival_t *self)
{
    const int32_t raw = eps_read(self, EPS_BATTERY);
    self->battery_known = raw >= 0;
    /* What does not answer changes nothing: without a known voltage all goes on as it was. */
    if (self->battery_known) {
        const uint32_t mV = (uint32_t)raw * 5u / 4u;
        self->battery_mV = (uint16_t)(mV < UINT16_MAX ? mV : UINT16_MAX);
        self->battery = judge(self);
    }
    const bool control = !self->launching && self->battery != SURVIVAL_BATTERY_CRITICAL;
    mf_kernel_survive(self->parts.kernel, true, control);
    eps_switch(self, control ? EPS_TRANSMITTER_AND_RODS : EPS_TRANSMITTER);
}
