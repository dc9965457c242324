/* Frames of the Earth: GCRF (N, inertial), ITRF (E, Earth-fixed) and TEME (T, of SGP4).
 *
 * Source: IERS Conventions 2010, chapter 5: pole of date from the polynomials of IAU 2006 and the
 * five largest nutation terms (eq. 5.16), Earth rotation angle (eq. 5.15); TEME through the
 * Earth-fixed frame, where both sidereal times are known: r_N = dcm_CN^T R3(GMST82 - ERA) r_TEME,
 * C the intermediate frame of date (Vallado 2013, section 3.7.3). A vector v in frame X becomes
 * v_Y = dcm_YX v_X; matrices are row-major, [3 * row + column].
 *
 * Accuracy: dcm_NT within 2e-6 rad, dcm_EN within 3e-6 rad (0.5 arcsec) over 2020..2040. Left
 * out: smaller nutation terms (0.1 arcsec), polar motion (0.3 arcsec, 10 m on the ground),
 * diurnal terms. UT1-UTC comes with the parameters: unknown, it turns dcm_EN by up to 6.6e-5 rad.
 *
 * Precession and nutation are evaluated for the middle of a slot of 512 s of mission time (error
 * 5e-9 rad), so that results depend on the time alone and not on when updates were made. */
#ifndef MF_FRAMES_H
#define MF_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_status.h"
#include "mf_time.h"
#include "mf_vec3.h"

/* Rate of the Earth's rotation [rad/s], IERS. */
#define MF_FRAMES_EARTH_RATE_RAD_S 7.292115e-5f

typedef struct {
    bool slot_known;
    uint32_t slot;      /* of 512 s, that dcm_CN and dcm_NT belong to */
    float dcm_CN[9];    /* GCRF to the intermediate frame of date */
    float dcm_NT[9];    /* TEME to GCRF */
    float dcm_EN[9];    /* GCRF to ITRF; identity after reset */
    float era_rad;      /* Earth rotation angle, -pi..pi */
} mf_frames_t;

void mf_frames_reset(mf_frames_t *state);

/* All matrices for one instant. 0; MF_E_INVAL: parameters out of range, state unchanged. */
int mf_frames_update(mf_frames_t *state, const mf_time_t *time, const mf_time_params_t *params);

/* SGP4's position or velocity to GCRF, single precision [m or m/s]. 0; MF_E_RANGE: not finite or
 * beyond 1e9, out unchanged. */
int mf_frames_teme_to_gcrf(const mf_frames_t *state, const double v_T[3], float v_N[3]);

/* Geodetic latitude [rad, -pi/2..pi/2], longitude [rad, -pi..pi] and height [m] over WGS-84 of an
 * Earth-fixed position; from 100 km below the ground to 1e8 m the latitude is good to 1e-6 rad,
 * the height to 2 m below 2000 km. Bowring 1976, one step. On the axis the longitude is 0.
 * 0; MF_E_RANGE: not finite, or a radius outside 6.2e6..1e8 m, outputs unchanged. */
int mf_frames_geodetic(const float r_E_m[3], float *latitude_rad, float *longitude_rad,
                       float *height_m);

#endif
