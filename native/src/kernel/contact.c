/* Contacts: see mf_contact.h. */
#include "mf_contact.h"

#include <string.h>

#include "mf_kernel_state.h"
#include "mf_port.h"
#include "mf_vec3.h"

#define GM_M3_S2 3.986004418e14f
#define J2 1.08262668e-3f
#define EARTH_RADIUS_M 6378137.0f
#define FLATTENING (1.0f / 298.257223563f) /* WGS-84 */
#define RADIUS_MIN_M 6.3e6f
#define RADIUS_MAX_M 1.0e8f
#define STEP_S ((float)MF_CONTACT_STEP_S)
#define CDEG_PER_RAD 5729.5779513f
#define TICKS_PER_S 65536.0f
#define KNOWN_AT 17
#define UNSEEN -2.0f /* below every horizon */

typedef struct {
    float position_E_m[3], up_E[3], lowest; /* sine of the lowest elevation */
    bool usable;
} station_t;

bool mf_contact_known(const mf_kernel_t *kernel)
{
    return kernel->adcs.orbit_valid && kernel->adcs.mission_known;
}

int mf_contact_begin(const mf_kernel_t *kernel, mf_contact_scan_t *scan)
{
    const mf_adcs_t *adcs = &kernel->adcs;
    mf_contact_scan_t fresh;
    memset(&fresh, 0, sizeof fresh);
    /* Of one tick: some forty words under the mask. */
    const uint32_t lock = mf_port_irq_lock();
    const bool known = mf_contact_known(kernel);
    fresh.start_s = adcs->mission.seconds;
    fresh.start_part_s = (float)adcs->mission.fraction / TICKS_PER_S;
    memcpy(fresh.r_N_m, adcs->r_N_m, sizeof fresh.r_N_m);
    memcpy(fresh.v_N_m_s, adcs->v_N_m_s, sizeof fresh.v_N_m_s);
    memcpy(fresh.dcm_EN, adcs->frames.dcm_EN, sizeof fresh.dcm_EN);
    mf_port_irq_unlock(lock);
    if (!known) {
        return MF_E_STALE;
    }
    *scan = fresh;
    return MF_OK;
}

static float single(const uint8_t *at)
{
    const uint32_t bits = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static station_t station(const uint8_t *row)
{
    const float latitude = single(row), longitude = single(row + 4), height_m = single(row + 8);
    const float lowest = single(row + 12);
    station_t out;
    memset(&out, 0, sizeof out);
    out.usable = row[KNOWN_AT] != 0 && mf_finitef(latitude) && mf_finitef(longitude) && mf_finitef(height_m) &&
                 mf_finitef(lowest);
    if (!out.usable) {
        return out;
    }
    const float sine = mf_sinf(latitude), cosine = mf_cosf(latitude);
    const float squeeze = (1.0f - FLATTENING) * (1.0f - FLATTENING);
    const float normal_m =
        EARTH_RADIUS_M / mf_sqrtf(cosine * cosine + squeeze * sine * sine); /* prime vertical */
    mf_v3_set(out.up_E, cosine * mf_cosf(longitude), cosine * mf_sinf(longitude), sine);
    out.position_E_m[0] = (normal_m + height_m) * out.up_E[0];
    out.position_E_m[1] = (normal_m + height_m) * out.up_E[1];
    out.position_E_m[2] = (squeeze * normal_m + height_m) * sine;
    out.lowest = mf_sinf(lowest);
    return out;
}

static void gravity(const float r_m[3], float out_m_s2[3])
{
    const float inverse = 1.0f / mf_v3_norm(r_m);
    const float scale = EARTH_RADIUS_M * inverse, z = r_m[2] * inverse;
    const float oblate = 1.5f * J2 * scale * scale;
    const float central = GM_M3_S2 * inverse * inverse * inverse;
    const float across = -central * (1.0f + oblate * (1.0f - 5.0f * z * z));
    out_m_s2[0] = across * r_m[0];
    out_m_s2[1] = across * r_m[1];
    out_m_s2[2] = -central * (1.0f + oblate * (3.0f - 5.0f * z * z)) * r_m[2];
}

static void carry_on(mf_contact_scan_t *scan)
{
    float before[3], after[3];
    gravity(scan->r_N_m, before);
    for (int i = 0; i < 3; i++) {
        scan->r_N_m[i] += STEP_S * (scan->v_N_m_s[i] + 0.5f * STEP_S * before[i]);
    }
    gravity(scan->r_N_m, after);
    for (int i = 0; i < 3; i++) {
        scan->v_N_m_s[i] += 0.5f * STEP_S * (before[i] + after[i]);
    }
    scan->elapsed_s += MF_CONTACT_STEP_S;
}

/* Where the spacecraft is over the turning Earth; false when nobody can see it. */
static bool place(const mf_contact_scan_t *scan, float r_E_m[3])
{
    const float radius_m = mf_v3_norm(scan->r_N_m);
    if (!(radius_m > RADIUS_MIN_M && radius_m < RADIUS_MAX_M)) {
        return false; /* NaN is none either */
    }
    const float turned = MF_FRAMES_EARTH_RATE_RAD_S * (float)scan->elapsed_s;
    const float sine = mf_sinf(turned), cosine = mf_cosf(turned);
    float begun[3];
    mf_m3_apply(begun, scan->dcm_EN, scan->r_N_m);
    mf_v3_set(r_E_m, cosine * begun[0] + sine * begun[1], cosine * begun[1] - sine * begun[0],
              begun[2]);
    return true;
}

/* Sine of the elevation. */
static float elevation(const station_t *from, const float r_E_m[3])
{
    float line[3];
    mf_v3_add_scaled(line, r_E_m, from->position_E_m, -1.0f);
    if (!from->usable || !mf_v3_unit(line, line)) {
        return UNSEEN;
    }
    return mf_v3_dot(line, from->up_E);
}

static int16_t centidegrees(float sine)
{
    const float rest = 1.0f - sine * sine;
    return (int16_t)(CDEG_PER_RAD * mf_atan2f(sine, rest > 0.0f ? mf_sqrtf(rest) : 0.0f));
}

/* One station at the present step; `first`: there is none before. */
static void look(mf_contact_scan_t *scan, const station_t *from, uint32_t i, const float *r_E_m,
                 bool first)
{
    mf_contact_windows_t *windows = &scan->windows;
    const float sine = r_E_m != NULL ? elevation(from, r_E_m) : UNSEEN;
    const float margin = sine - from->lowest, before = scan->margin[i];
    scan->margin[i] = margin;
    if ((windows->state[i] & MF_CONTACT_WHOLE) != 0) {
        return;
    }
    const bool above = margin >= 0.0f;
    float at_s = (float)scan->elapsed_s + scan->start_part_s;
    if (!first && above != (before >= 0.0f)) {
        at_s -= STEP_S * (margin / (margin - before));
    }
    if (above && windows->state[i] == MF_CONTACT_NONE) {
        windows->state[i] = first ? MF_CONTACT_BEGUN | MF_CONTACT_EARLIER : MF_CONTACT_BEGUN;
        windows->rise_s[i] = scan->start_s + (uint32_t)at_s;
        windows->highest_cdeg[i] = centidegrees(sine);
    }
    if (windows->state[i] == MF_CONTACT_NONE) {
        return;
    }
    windows->set_s[i] = scan->start_s + (uint32_t)at_s + 1u;
    if (!above) {
        windows->state[i] ^= MF_CONTACT_BEGUN | MF_CONTACT_WHOLE;
        return;
    }
    const int16_t height = centidegrees(sine);
    if (height > windows->highest_cdeg[i]) {
        windows->highest_cdeg[i] = height;
    }
}

static void look_all(mf_contact_scan_t *scan, const station_t *from, uint32_t count, bool first)
{
    float r_E_m[3];
    const bool seen = place(scan, r_E_m);
    for (uint32_t i = 0; i < count; i++) {
        look(scan, &from[i], i, seen ? r_E_m : NULL, first);
    }
}

int mf_contact_step(mf_contact_scan_t *scan, const uint8_t *stations, uint32_t count,
                    uint32_t steps)
{
    station_t from[MF_CONTACT_STATIONS];
    if (count > MF_CONTACT_STATIONS || steps > MF_CONTACT_STEPS_MAX) {
        return MF_E_INVAL;
    }
    for (uint32_t i = 0; i < count; i++) {
        from[i] = station(stations + i * MF_CONTACT_STATION_SIZE);
    }
    if (scan->elapsed_s == 0) {
        look_all(scan, from, count, true);
    }
    for (uint32_t k = 0; k < steps; k++) {
        carry_on(scan);
        look_all(scan, from, count, false);
    }
    return (int)scan->elapsed_s;
}
