/* Mission time to the scales of astronomy: integers throughout, doubles for Julian dates only.
 *
 * Mission time is TAI: whole seconds since 2020-01-01T00:00:00 TAI and 1/65536 s (CUC 4+2).
 * UTC = TAI - tai_utc, TT = TAI + 32.184 s, UT1 = UTC + ut1_utc (IERS Conventions 2010, chapter 10;
 * Vallado 2013, section 3.5). Leap seconds and UT1-UTC are parameters from the ground: a leap
 * second not yet uploaded shifts the Earth by 1 s of turn (0.004 deg), an unknown UT1-UTC by at
 * most 0.9 s. During a leap second 23:59:60 the UTC day already reads 00:00:00.
 *
 * A day and the time of day are kept as integers, so that precision is the same in any year
 * (reference trap: single precision resolves Unix time to 128 s). Angles are integer phases
 * until the last step: Earth rotation angle and sidereal time within 2e-7 rad (1e-5 deg).
 * Valid 2020-01-01 to 2156-02-07, the range of the counter. No state; never NaN. */
#ifndef MF_TIME_H
#define MF_TIME_H

#include <stdint.h>

#include "mf_status.h"

/* Ticks per second of the fraction, and seconds per day. */
#define MF_TIME_TICKS_PER_S 65536
#define MF_TIME_DAY_S 86400

/* Day number of 2020-01-01, counted from 2000-01-01 = day 0 (Julian date 2451544.5). */
#define MF_TIME_EPOCH_DAY 7305

typedef struct {
    uint32_t seconds;  /* TAI since 2020-01-01T00:00:00 TAI */
    uint16_t fraction; /* 1/65536 s */
} mf_time_t;

typedef struct {
    int16_t tai_utc_s;  /* TAI - UTC, 0..100: 37 since 2017-01-01 */
    int16_t ut1_utc_ms; /* UT1 - UTC, -1000..1000; 0 while unknown */
} mf_time_params_t;

enum mf_time_scale {
    MF_TIME_TAI = 0,
    MF_TIME_UTC = 1,
    MF_TIME_UT1 = 2,
    MF_TIME_TT = 3,
};

/* An instant in one scale. */
typedef struct {
    int32_t day;            /* days since 2000-01-01T00:00 of that scale */
    uint32_t second;        /* of the day, 0..86399 */
    uint16_t fraction;      /* 1/65536 s */
    uint32_t fraction_q32;  /* the same time of day in 2^-32 day (20 us) */
} mf_day_t;

/* Mission time in `scale` (enum mf_time_scale). 0; MF_E_INVAL: unknown scale or parameters out of
 * range, `out` unchanged. */
int mf_time_day(const mf_time_t *time, const mf_time_params_t *params, int scale, mf_day_t *out);

/* The other way round, from `scale`. 0; MF_E_INVAL as above or second > 86399; MF_E_RANGE: before
 * 2020 or after the counter's end. `out` unchanged on error. fraction_q32 is not read. */
int mf_time_from_day(const mf_day_t *day, const mf_time_params_t *params, int scale,
                     mf_time_t *out);

/* Julian date in two parts: jd[0] is midnight (whole days and a half), jd[1] 0 <= fraction < 1. */
void mf_time_julian(const mf_day_t *day, double jd[2]);

/* later - earlier [ticks of 1/65536 s]. */
int64_t mf_time_between(const mf_time_t *earlier, const mf_time_t *later);

/* Angle [rad], -pi..pi, that stands at `start_q56` on day 0, 0 h and turns by `rate_q56` per day;
 * both in 2^-56 turns, rate -2..2 turns per day. Error below 2e-7 rad. */
float mf_time_angle(const mf_day_t *day, uint64_t start_q56, int64_t rate_q56);

/* Earth rotation angle of a UT1 day [rad], -pi..pi. IERS Conventions 2010, eq. 5.15. */
float mf_time_era(const mf_day_t *ut1);

/* Greenwich mean sidereal time, IAU 1982, of a UT1 day [rad], -pi..pi: the angle that belongs to
 * TEME and SGP4. Aoki et al. 1982; Vallado 2013, eq. 3-47. */
float mf_time_gmst82(const mf_day_t *ut1);

/* Julian centuries of `day` since J2000.0 (2000-01-01T12:00), for slow polynomials only:
 * steps of 190 s. */
float mf_time_centuries(const mf_day_t *day);

#endif
