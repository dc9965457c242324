/* UBX-NAV-PVT: see mf_ubx.h for sources. */
#include "mf_ubx.h"

#include "mf_math.h"

#define SYNC_1 0xB5u
#define SYNC_2 0x62u
#define CLASS_NAV 0x01u
#define ID_PVT 0x07u
#define HEADER 6u       /* sync, class, id, length */
#define LENGTH_MAX 512u /* longer ones are noise: none of what the receiver is set up to send */

/* Offsets in the payload. */
#define AT_YEAR 4
#define AT_MONTH 6
#define AT_DAY 7
#define AT_HOUR 8
#define AT_MINUTE 9
#define AT_SECOND 10
#define AT_VALID 11
#define AT_NANO 16
#define AT_FIX_TYPE 20
#define AT_FLAGS 21
#define AT_SATELLITES 23
#define AT_LONGITUDE 24
#define AT_LATITUDE 28
#define AT_HEIGHT 32
#define AT_H_ACCURACY 40
#define AT_V_ACCURACY 44
#define AT_VELOCITY 48
#define AT_S_ACCURACY 68

#define VALID_DATE_TIME 0x07u /* date, time, fully resolved */
#define FIX_3D 3u
#define FIX_3D_DEAD_RECKONING 4u
#define FLAG_FIX_OK 0x01u

#define WGS84_RADIUS_M 6378137.0f
#define WGS84_E2 6.69437999014e-3f
#define HEIGHT_MIN_MM (-100000000)
#define HEIGHT_MAX_MM 2000000000
#define SPEED_MAX_M_S 12000.0f

void mf_ubx_reset(mf_ubx_t *state)
{
    *state = (mf_ubx_t){0};
}

static void add(mf_ubx_t *state, uint8_t byte)
{
    state->sum_a = (uint8_t)(state->sum_a + byte);
    state->sum_b = (uint8_t)(state->sum_b + state->sum_a);
}

static void header(mf_ubx_t *state, uint8_t byte)
{
    switch (state->taken) {
    case 0:
        state->taken = byte == SYNC_1 ? 1 : 0;
        return;
    case 1:
        state->taken = byte == SYNC_2 ? 2 : byte == SYNC_1 ? 1 : 0;
        state->sum_a = state->sum_b = 0;
        return;
    case 2:
        state->wanted = byte == CLASS_NAV;
        break;
    case 3:
        state->wanted = state->wanted && byte == ID_PVT;
        break;
    case 4:
        state->length = byte;
        break;
    default:
        state->length = (uint16_t)(state->length | byte << 8);
        if (state->length > LENGTH_MAX || (state->wanted && state->length != MF_UBX_PVT_SIZE)) {
            state->broken++;
            state->taken = 0;
            return;
        }
        break;
    }
    add(state, byte);
    state->taken++;
}

bool mf_ubx_push(mf_ubx_t *state, uint8_t byte)
{
    if (state->taken < HEADER) {
        header(state, byte);
        return false;
    }
    uint32_t at = state->taken - HEADER;
    state->taken++;
    if (at < state->length) {
        if (state->wanted) {
            state->payload[at] = byte;
        }
        add(state, byte);
        return false;
    }
    bool last = at > state->length;
    if (byte != (last ? state->sum_b : state->sum_a)) {
        state->broken++;
        state->taken = 0;
        return false;
    }
    if (!last) {
        return false;
    }
    state->taken = 0;
    if (state->wanted) {
        state->messages++;
    }
    return state->wanted;
}

static uint32_t unsigned_at(const mf_ubx_t *state, int at)
{
    const uint8_t *p = &state->payload[at];
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int32_t signed_at(const mf_ubx_t *state, int at)
{
    return (int32_t)unsigned_at(state, at);
}

/* Days since 2000-01-01 of a date in 2000..2099, where every fourth year is a leap year. */
static int32_t day_number(int32_t year, int32_t month, int32_t day)
{
    static const uint16_t before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int32_t y = year - 2000;
    int32_t leap_days = (y + 3) / 4 + (y % 4 == 0 && month > 2 ? 1 : 0);
    return 365 * y + leap_days + before[month - 1] + day - 1;
}

static bool read_utc(const mf_ubx_t *state, mf_day_t *utc)
{
    const uint8_t *p = state->payload;
    int32_t year = p[AT_YEAR] | p[AT_YEAR + 1] << 8;
    int32_t nano = signed_at(state, AT_NANO);
    if ((p[AT_VALID] & VALID_DATE_TIME) != VALID_DATE_TIME || year < 2000 || year > 2099 ||
        p[AT_MONTH] < 1 || p[AT_MONTH] > 12 || p[AT_DAY] < 1 || p[AT_DAY] > 31 ||
        p[AT_HOUR] > 23 || p[AT_MINUTE] > 59 || p[AT_SECOND] > 60 || nano < -1000000000 ||
        nano > 1000000000) {
        return false;
    }
    /* In 1/65536 s of the day; a leap second counts into the next day, as in mf_time.h. */
    int64_t second = 3600 * p[AT_HOUR] + 60 * p[AT_MINUTE] + p[AT_SECOND];
    int64_t of_day_ns = second * 1000000000 + nano;
    int32_t day = day_number(year, p[AT_MONTH], p[AT_DAY]);
    const int64_t day_ns = 86400 * (int64_t)1000000000;
    if (of_day_ns < 0) {
        of_day_ns += day_ns;
        day--;
    } else if (of_day_ns >= day_ns) {
        of_day_ns -= day_ns;
        day++;
    }
    utc->day = day;
    utc->second = (uint32_t)(of_day_ns / 1000000000);
    utc->fraction = (uint16_t)((of_day_ns % 1000000000) * 65536 / 1000000000);
    uint64_t ticks = ((uint64_t)utc->second << 16) | utc->fraction;
    utc->fraction_q32 = (uint32_t)((ticks << 16) / 86400u);
    return true;
}

int mf_ubx_fix(const mf_ubx_t *state, mf_ubx_fix_t *out)
{
    uint8_t type = state->payload[AT_FIX_TYPE];
    if ((type != FIX_3D && type != FIX_3D_DEAD_RECKONING) ||
        (state->payload[AT_FLAGS] & FLAG_FIX_OK) == 0) {
        return MF_E_STALE;
    }
    int32_t latitude = signed_at(state, AT_LATITUDE);
    int32_t longitude = signed_at(state, AT_LONGITUDE);
    int32_t height_mm = signed_at(state, AT_HEIGHT);
    if (latitude < -900000000 || latitude > 900000000 || longitude < -1800000000 ||
        longitude > 1800000000 || height_mm < HEIGHT_MIN_MM || height_mm > HEIGHT_MAX_MM) {
        return MF_E_RANGE;
    }
    float ned_m_s[3];
    float square = 0.0f;
    for (int i = 0; i < 3; i++) {
        ned_m_s[i] = (float)signed_at(state, AT_VELOCITY + 4 * i) * 1.0e-3f;
        square += ned_m_s[i] * ned_m_s[i];
    }
    if (square > SPEED_MAX_M_S * SPEED_MAX_M_S) {
        return MF_E_RANGE;
    }
    /* 1e-7 deg; in double, since an int32 does not fit into single precision. */
    const double rad_per_bit = 1.0e-7 * MF_PI / 180.0;
    float lat_rad = (float)((double)latitude * rad_per_bit);
    float lon_rad = (float)((double)longitude * rad_per_bit);
    float height_m = (float)height_mm * 1.0e-3f;
    float sin_lat = mf_sinf(lat_rad), cos_lat = mf_cosf(lat_rad);
    float sin_lon = mf_sinf(lon_rad), cos_lon = mf_cosf(lon_rad);
    float normal_m = WGS84_RADIUS_M / mf_sqrtf(1.0f - WGS84_E2 * sin_lat * sin_lat);
    out->r_E_m[0] = (normal_m + height_m) * cos_lat * cos_lon;
    out->r_E_m[1] = (normal_m + height_m) * cos_lat * sin_lon;
    out->r_E_m[2] = (normal_m * (1.0f - WGS84_E2) + height_m) * sin_lat;
    /* Along the meridian's plane, away from the axis, then north. */
    float outward_m_s = -sin_lat * ned_m_s[0] - cos_lat * ned_m_s[2];
    out->v_E_m_s[0] = cos_lon * outward_m_s - sin_lon * ned_m_s[1];
    out->v_E_m_s[1] = sin_lon * outward_m_s + cos_lon * ned_m_s[1];
    out->v_E_m_s[2] = cos_lat * ned_m_s[0] - sin_lat * ned_m_s[2];
    float h_m = (float)unsigned_at(state, AT_H_ACCURACY) * 1.0e-3f;
    float v_m = (float)unsigned_at(state, AT_V_ACCURACY) * 1.0e-3f;
    out->position_sigma_m = mf_sqrtf(h_m * h_m + v_m * v_m);
    out->velocity_sigma_m_s = (float)unsigned_at(state, AT_S_ACCURACY) * 1.0e-3f;
    out->satellites = state->payload[AT_SATELLITES];
    mf_day_t utc = {0, 0, 0, 0};
    out->time_valid = read_utc(state, &utc);
    out->utc = utc;
    return MF_OK;
}
