/* Direction and distance of the Sun, low precision, in GCRF.
 *
 * Source: Vallado 2013, Algorithm 29 (Astronomical Almanac): mean longitude and anomaly, equation
 * of the centre to the second term. Its frame of date is turned to the ecliptic of J2000 by the
 * general precession (5028.796 arcsec per century) and the tilt of the moving ecliptic (47.0 arcsec
 * per century about longitude 174.88 deg; Lieske 1977), then to GCRF by the obliquity of 2000.
 * Left of date, the direction would be wrong by 0.44 deg in 2031.
 *
 * Seen from the Earth's centre, as the eye sees it (light time and aberration included, 0.006 deg).
 * Within 0.015 deg of ERFA's geometric direction over 2020..2040; distance within 0.02 %. */
#ifndef MF_SUN_H
#define MF_SUN_H

#include "mf_status.h"
#include "mf_time.h"

#define MF_SUN_AU_M 1.495978707e11f

/* Unit vector from the Earth to the Sun and its distance [m] at a TT day (with UTC instead it
 * is 70 s late, 1.4e-5 rad). 0; MF_E_INVAL: a day outside 2000..2100, outputs unchanged. */
int mf_sun_update(const mf_day_t *tt, float sun_N[3], float *distance_m);

#endif
