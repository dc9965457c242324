/* Uploads: what is too large for a command. One slot, filled by thread context, emptied by the
 * tick. */
#include <string.h>

#include "mf_kernel_state.h"
#include "mf_port.h"

#define LINE_SIZE 69u
/* Places in the payload of a target, see mf_kernel.h. */
#define AT_FRACTION 4
#define AT_TARGET 6
#define AT_RESERVED 7
#define AT_LATITUDE 8
#define AT_LONGITUDE 12
#define AT_HEIGHT 16
#define AT_Q_RN 20
#define AT_COLUMNS 36
#define AT_ROWS 37
#define AT_STEP 38
#define AT_DWELL 42

#define STEP_MIN_RAD 1.0e-6f
#define STEP_MAX_RAD 0.5f
#define DWELL_MIN_S 0.001f
#define DWELL_MAX_S 3600.0f

static uint32_t size_of(uint8_t kind)
{
    return kind == MF_UPLOAD_TLE ? MF_UPLOAD_TLE_SIZE
           : kind == MF_UPLOAD_TARGET ? MF_UPLOAD_TARGET_SIZE
                                      : 0;
}

int mf_kernel_upload(mf_kernel_t *kernel, uint8_t kind, const uint8_t *data, uint32_t size)
{
    if (size == 0 || size != size_of(kind)) {
        return MF_E_INVAL;
    }
    mf_kernel_upload_t *slot = &kernel->upload;
    if (slot->kind != 0) {
        return MF_E_BUSY;
    }
    /* The tick does not look at it before it has a kind. */
    memcpy(slot->data, data, size);
    uint32_t lock = mf_port_irq_lock();
    uint8_t sequence = (uint8_t)(kernel->command_sequence % 255u + 1u);
    kernel->command_sequence = sequence;
    slot->kind = kind;
    mf_port_irq_unlock(lock);
    return sequence;
}

static uint32_t word(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static float number(const uint8_t *at)
{
    uint32_t bits = word(at);
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static int read_target(const uint8_t *data, mf_adcs_target_t *target)
{
    target->at.seconds = word(data);
    target->at.fraction = (uint16_t)(data[AT_FRACTION] << 8 | data[AT_FRACTION + 1]);
    target->guidance.target = data[AT_TARGET];
    target->latitude_rad = number(&data[AT_LATITUDE]);
    target->longitude_rad = number(&data[AT_LONGITUDE]);
    target->height_m = number(&data[AT_HEIGHT]);
    for (int i = 0; i < 4; i++) {
        target->guidance.q_RN[i] = number(&data[AT_Q_RN + 4 * i]);
    }
    uint8_t columns = data[AT_COLUMNS], rows = data[AT_ROWS];
    float step_rad = number(&data[AT_STEP]), dwell_s = number(&data[AT_DWELL]);
    bool raster = columns != 0 || rows != 0;
    if (data[AT_RESERVED] != 0 ||
        (raster && !(columns != 0 && rows != 0 && step_rad >= STEP_MIN_RAD &&
                     step_rad <= STEP_MAX_RAD && dwell_s >= DWELL_MIN_S &&
                     dwell_s <= DWELL_MAX_S))) {
        return MF_E_INVAL;
    }
    target->raster = (mf_raster_params_t){0};
    if (raster) {
        target->raster.columns = columns;
        target->raster.rows = rows;
        target->raster.step_rad = step_rad;
        target->raster.dwell_ms = (uint32_t)(dwell_s * 1000.0f + 0.5f);
    }
    return MF_OK;
}

/* Elements that the age gate would refuse at their first use are refused at once: the old ones may
 * be better. Without mission time nobody can tell. */
static int check_age(const mf_kernel_t *kernel, const char *line1, const char *line2)
{
    mf_tle_t tle;
    const mf_sgp4_params_t *params = &kernel->config.adcs.sgp4;
    const mf_day_t *now = &kernel->adcs.utc;
    int status = mf_tle_parse(line1, line2, &tle);
    if (status < 0 || !kernel->adcs.mission_known) {
        return MF_OK; /* what is wrong with the text the loop says */
    }
    int64_t epoch_s = tle.epoch_fraction_e8 * (uint64_t)MF_TIME_DAY_S / 100000000u;
    int64_t age_s =
        ((int64_t)now->day - tle.epoch_day) * MF_TIME_DAY_S + now->second - epoch_s;
    return age_s > (int64_t)params->age_max_s || -age_s > (int64_t)params->ahead_max_s ? MF_E_STALE
                                                                                      : MF_OK;
}

static int apply(mf_kernel_t *kernel)
{
    const uint8_t *data = kernel->upload.data;
    if (kernel->upload.kind == MF_UPLOAD_TLE) {
        const char *line1 = (const char *)data, *line2 = line1 + LINE_SIZE;
        int status = check_age(kernel, line1, line2);
        return status < 0 ? status : mf_adcs_command_tle(&kernel->adcs, line1, line2);
    }
    /* Axes and limits of guidance are those of the parameters. */
    mf_adcs_target_t target = kernel->config.adcs.target;
    int status = read_target(data, &target);
    return status < 0 ? status : mf_adcs_command_target(&kernel->adcs, &target);
}

void mf_kernel_upload_apply(mf_kernel_t *kernel)
{
    /* Only this context empties the slot. */
    uint8_t kind = kernel->upload.kind;
    if (kind == 0) {
        return;
    }
    int status = apply(kernel);
    kernel->upload.kind = 0;
    if (status < 0) {
        kernel->uploads_refused++;
        kernel->upload_status = (uint8_t)-status;
        mf_kernel_put_event(kernel, MF_EVENT_UPLOAD_REFUSED, (uint16_t)-status, kind);
    } else {
        kernel->uploads_taken++;
    }
}
