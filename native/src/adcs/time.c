/* Time scales and Earth angles: see mf_time.h. */
#include "mf_time.h"

#include "mf_math.h"

#define DAY_TICKS ((int64_t)MF_TIME_DAY_S * MF_TIME_TICKS_PER_S)
#define TT_TAI_TICKS INT64_C(2109211) /* 32.184 s; rounded by 6 us */
#define SPLIT_DAYS 25000   /* about half the range of the counter */
#define COUNTER_DAYS 49712 /* 2^32 s, and the day it ends in */
#define TAI_UTC_MAX_S 100
#define UT1_UTC_MAX_MS 1000
#define PI_Q29 1686629713

/* Earth rotation angle: 0.7790572732640 turns at 2000-01-01T12:00 UT1, 1.00273781191135448 turns
 * per day; counted back to midnight, in 2^-56 turns. */
#define ERA_START_Q56 UINT64_C(20009555640558141)
#define ERA_RATE_Q56 INT64_C(72254874177188521)

/* Sidereal time 1982: 43200 + 24110.54841 s at the same noon, 8640184.812866 s per century beyond
 * one turn per day; 0.093104 s per squared century apart. */
#define GMST_START_Q56 UINT64_C(20009552129924297)
#define GMST_RATE_Q56 INT64_C(72254881198440196)
#define GMST_SQUARE_Q56 7.7648730e10f
#define GMST_CUBE_Q56 -5.1707996e6f

static int64_t ticks_of(const mf_time_t *time)
{
    return (int64_t)time->seconds * MF_TIME_TICKS_PER_S + time->fraction;
}

/* Ticks to add to mission time for `scale`; false when it cannot be told. */
static bool offset_ticks(const mf_time_params_t *params, int scale, int64_t *out)
{
    if (params->tai_utc_s < 0 || params->tai_utc_s > TAI_UTC_MAX_S ||
        params->ut1_utc_ms < -UT1_UTC_MAX_MS || params->ut1_utc_ms > UT1_UTC_MAX_MS) {
        return false;
    }
    int64_t utc = -(int64_t)params->tai_utc_s * MF_TIME_TICKS_PER_S;
    switch (scale) {
    case MF_TIME_TAI:
        *out = 0;
        return true;
    case MF_TIME_UTC:
        *out = utc;
        return true;
    case MF_TIME_UT1:
        *out = utc + params->ut1_utc_ms * MF_TIME_TICKS_PER_S / 1000;
        return true;
    case MF_TIME_TT:
        *out = TT_TAI_TICKS;
        return true;
    default:
        return false;
    }
}

int mf_time_day(const mf_time_t *time, const mf_time_params_t *params, int scale, mf_day_t *out)
{
    int64_t offset = 0;
    if (!offset_ticks(params, scale, &offset)) {
        return MF_E_INVAL;
    }
    /* Days are taken off or lent first, so that seconds stay within 32 bits at both ends of the
     * counter, and no division of 64 bits is needed. */
    int64_t ticks = ticks_of(time) + offset;
    int32_t days_off = ticks < 0 ? -1 : ticks >= SPLIT_DAYS * DAY_TICKS ? SPLIT_DAYS : 0;
    ticks -= days_off * DAY_TICKS;
    uint32_t seconds = (uint32_t)((uint64_t)ticks / MF_TIME_TICKS_PER_S);
    uint32_t day = seconds / MF_TIME_DAY_S;
    out->day = (int32_t)day + days_off + MF_TIME_EPOCH_DAY;
    out->second = seconds - day * MF_TIME_DAY_S;
    out->fraction = (uint16_t)((uint64_t)ticks % MF_TIME_TICKS_PER_S);
    /* 2^32 / (86400 * 65536) = 512/675, as one product: the truncations cost two units at most. */
    uint64_t of_day = (uint64_t)out->second * MF_TIME_TICKS_PER_S + out->fraction;
    out->fraction_q32 = (uint32_t)(((of_day >> 1) * UINT64_C(3257812230)) >> 31);
    return MF_OK;
}

int mf_time_from_day(const mf_day_t *day, const mf_time_params_t *params, int scale,
                     mf_time_t *out)
{
    int64_t offset = 0;
    if (!offset_ticks(params, scale, &offset) || day->second >= MF_TIME_DAY_S) {
        return MF_E_INVAL;
    }
    if (day->day < MF_TIME_EPOCH_DAY - 2 || day->day > MF_TIME_EPOCH_DAY + COUNTER_DAYS) {
        return MF_E_RANGE; /* and the product below stays within 64 bits */
    }
    int64_t ticks = ((int64_t)day->day - MF_TIME_EPOCH_DAY) * DAY_TICKS +
                    (int64_t)day->second * MF_TIME_TICKS_PER_S + day->fraction - offset;
    if (ticks < 0 || ticks / MF_TIME_TICKS_PER_S > (int64_t)UINT32_MAX) {
        return MF_E_RANGE;
    }
    out->seconds = (uint32_t)(ticks / MF_TIME_TICKS_PER_S);
    out->fraction = (uint16_t)(ticks % MF_TIME_TICKS_PER_S);
    return MF_OK;
}

void mf_time_julian(const mf_day_t *day, double jd[2])
{
    jd[0] = 2451544.5 + (double)day->day;
    jd[1] = ((double)day->second + (double)day->fraction * (1.0 / MF_TIME_TICKS_PER_S)) /
            MF_TIME_DAY_S;
}

int64_t mf_time_between(const mf_time_t *earlier, const mf_time_t *later)
{
    return ticks_of(later) - ticks_of(earlier);
}

float mf_time_angle(const mf_day_t *day, uint64_t start_q56, int64_t rate_q56)
{
    /* Whole turns wrap out of the 64 bits. */
    uint64_t phase = start_q56 + (uint64_t)day->day * (uint64_t)rate_q56;
    phase += (uint64_t)(((rate_q56 >> 27) * (int64_t)day->fraction_q32) >> 5);
    int32_t turn_q32 = (int32_t)(uint32_t)(phase >> 24);
    /* As an integer, so that it is rounded once. */
    int32_t angle_q28 = (int32_t)(((int64_t)turn_q32 * PI_Q29) >> 32);
    return (float)angle_q28 * (1.0f / 268435456.0f);
}

float mf_time_era(const mf_day_t *ut1)
{
    return mf_time_angle(ut1, ERA_START_Q56, ERA_RATE_Q56);
}

float mf_time_gmst82(const mf_day_t *ut1)
{
    float t = mf_time_centuries(ut1);
    if (!(mf_fabsf(t) < 3.0f)) {
        t = 0.0f; /* no such date in a mission; the conversion below must not overflow */
    }
    int64_t curve = (int64_t)(t * t * (GMST_SQUARE_Q56 + t * GMST_CUBE_Q56));
    return mf_time_angle(ut1, GMST_START_Q56 + (uint64_t)curve, GMST_RATE_Q56);
}

float mf_time_centuries(const mf_day_t *day)
{
    return ((float)day->day - 0.5f + (float)day->fraction_q32 * 2.3283064e-10f) * (1.0f / 36525.0f);
}
