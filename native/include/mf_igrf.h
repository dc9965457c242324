/* Geomagnetic field: IGRF-14 to degree 13, single precision.
 *
 * Source: IAGA, IGRF-14, doi 10.5281/zenodo.14012302 (table: native/generate_igrf.py): field of
 * 2025 with the change from 2020 before and the secular variation after. Synthesis in Cartesian
 * components after Pines (AIAA Journal 11, 1973) with Schmidt semi-normalised functions of z/r
 * from which cos^m is taken out: no division by the sine of the colatitude, the poles are points
 * like any other. Earth-fixed frame (ITRF), geocentric, reference radius 6371.2 km; tesla.
 *
 * Within 0.1 nT of the same model in double precision in low orbit. The model itself: IGRF-14 and
 * WMM2025 differ by 5..12 nT; currents outside the Earth add tens of nT, in storms hundreds.
 * Dates: 2020-01-01 to 2031-12-31; the secular variation is meant for 2025 to 2030, beyond it the
 * error grows by some 20 nT per year. The date counts in whole days (0.5 nT per day at most). */
#ifndef MF_IGRF_H
#define MF_IGRF_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_frames.h"
#include "mf_status.h"

#define MF_IGRF_COEFFICIENTS 210

typedef struct {
    bool valid;
    int32_t day;                             /* days since 2000-01-01 that the numbers are of */
    float coefficient_nT[MF_IGRF_COEFFICIENTS];
} mf_igrf_t;

void mf_igrf_reset(mf_igrf_t *state);

/* Field at r_E_m (Earth-fixed [m], radius 6.3e6..1e8) on `day` (since 2000-01-01, any scale).
 * 0; MF_E_INVAL: no field for this date; MF_E_RANGE: position not finite or out of range. Output
 * and state unchanged on error. */
int mf_igrf_update(mf_igrf_t *state, int32_t day, const float r_E_m[3], float mag_E_T[3]);

/* The same in GCRF, through the Earth's orientation in `frames`. */
int mf_igrf_update_N(mf_igrf_t *state, int32_t day, const mf_frames_t *frames,
                     const float r_N_m[3], float mag_N_T[3]);

#endif
