/* Direction of the Sun: see mf_sun.h. */
#include "mf_sun.h"

#include "mf_math.h"

/* Mean longitude less general precession, and mean anomaly, at 2000-01-01T00:00 and per day, in
 * 2^-56 turns: 280.460 deg + 36000.771 deg per century; 357.5291092 + 35999.05034. */
#define LONGITUDE_START UINT64_C(56038229199895064)
#define LONGITUDE_RATE INT64_C(197279510639144)
#define ANOMALY_START UINT64_C(71464381708150520)
#define ANOMALY_RATE INT64_C(197277736341216)

#define CENTRE_1_RAD 3.3417233e-2f   /* 1.914666471 deg */
#define CENTRE_2_RAD 3.4897235e-4f   /* 0.019994643 deg */
#define ECLIPTIC_RAD_CTY 2.2787e-4f  /* 47.0029 arcsec: tilt of the ecliptic of date on J2000's */
#define ECLIPTIC_NODE_RAD 3.0521657f /* 174.8764 deg */
#define SIN_OBLIQUITY 0.39777716f    /* 84381.406 arcsec */
#define COS_OBLIQUITY 0.91748206f

#define DAY_2100 36525

int mf_sun_update(const mf_day_t *tt, float sun_N[3], float *distance_m)
{
    if (tt->day < 0 || tt->day >= DAY_2100) {
        return MF_E_INVAL;
    }
    float anomaly = mf_time_angle(tt, ANOMALY_START, ANOMALY_RATE);
    float sm = mf_sinf(anomaly);
    float cm = mf_cosf(anomaly);
    float sin2 = 2.0f * sm * cm;
    float cos2 = 1.0f - 2.0f * sm * sm;
    float longitude = mf_time_angle(tt, LONGITUDE_START, LONGITUDE_RATE) + CENTRE_1_RAD * sm +
                      CENTRE_2_RAD * sin2;
    float latitude = ECLIPTIC_RAD_CTY * mf_time_centuries(tt) *
                     mf_sinf(longitude - ECLIPTIC_NODE_RAD);
    float y = mf_sinf(longitude);
    sun_N[0] = mf_cosf(longitude);
    sun_N[1] = y * COS_OBLIQUITY - latitude * SIN_OBLIQUITY;
    sun_N[2] = y * SIN_OBLIQUITY + latitude * COS_OBLIQUITY;
    *distance_m = MF_SUN_AU_M * (1.000140612f - 0.016708617f * cm - 0.000139589f * cos2);
    return MF_OK;
}
