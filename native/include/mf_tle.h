/* Two-line element sets: the 69-column format of NORAD (CelesTrak "TLE format"; Vallado 2013,
 * section 2.4.2), as uplinked. The elements are SGP4 mean elements (Kozai mean motion, TEME) and
 * mean nothing outside mf_sgp4.h.
 *
 * Refused: wrong length, line number, checksum or character in a field that is used, different
 * catalogue numbers, elements out of range. There is no default to fall back on. Derivatives of
 * the mean motion are not used by SGP4 and only covered by the checksum. */
#ifndef MF_TLE_H
#define MF_TLE_H

#include <stdint.h>

#include "mf_status.h"

#define MF_TLE_LINE 69

typedef struct {
    int32_t epoch_day;            /* UTC, days since 2000-01-01T00:00 (mf_day_t), 1957..2056 */
    uint32_t epoch_fraction_e8;   /* 1e-8 day, 0..99999999 */
    double inclination_rad;       /* 0..pi */
    double raan_rad;              /* right ascension of the ascending node, 0..2 pi */
    double eccentricity;          /* 0 <= e < 1 */
    double arg_perigee_rad;       /* 0..2 pi */
    double mean_anomaly_rad;      /* 0..2 pi */
    double mean_motion_rad_min;   /* Kozai, > 0 */
    double bstar_per_radius;      /* drag term [1/Earth radii] */
} mf_tle_t;

/* Read both lines, MF_TLE_LINE characters each (no line end needed, none read). 0; MF_E_BADMSG for
 * text that is no TLE or damaged; MF_E_INVAL for elements out of range. `out` unchanged on error. */
int mf_tle_parse(const char *line1, const char *line2, mf_tle_t *out);

#endif
