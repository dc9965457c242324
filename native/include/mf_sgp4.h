/* SGP4, near-Earth part, in double precision: position and velocity from a two-line element set.
 *
 * Source: Hoots & Roehrich, Spacetrack Report No. 3 (1980), in the form of Vallado, Crawford,
 * Hujsak & Kelso, "Revisiting Spacetrack Report #3", AIAA 2006-6753; WGS-72 constants, as the
 * elements are made with. Frame: TEME of date (mf_frames.h turns it to GCRF: up to 0.4 deg).
 * Deep space (period of 225 min and more) needs lunar and solar terms that are not here: refused.
 *
 * Accuracy: 1 mm against the published verification vectors; the orbit itself is good to about 1 km
 * at the epoch of the elements and 1..3 km more per day. Hence the age gate: the caller says how
 * old is too old, and nothing is given beyond it. Leap seconds between epoch and now are not
 * counted (1 s = 7.5 km until the next elements).
 *
 * The closing angles are rotated by series in the small corrections (below 0.05 rad, error below
 * 1e-16) instead of an arc tangent followed by sine and cosine. Never NaN. */
#ifndef MF_SGP4_H
#define MF_SGP4_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_status.h"
#include "mf_time.h"
#include "mf_tle.h"

typedef struct {
    uint32_t age_max_s;   /* elements older than this are refused */
    uint32_t ahead_max_s; /* elements whose epoch lies further in the future are refused */
} mf_sgp4_params_t;

#define MF_SGP4_STATE 33

/* Constants of one element set, private to sgp4.c: values of its programs (native/sgp4_formulas.py
 * names them); angles rad, times min, lengths Earth radii. */
typedef struct {
    bool valid;
    bool simple; /* perigee below 220 km: the higher drag terms are left out */
    int32_t epoch_day;
    uint32_t epoch_fraction_e8;
    double value[MF_SGP4_STATE];
} mf_sgp4_t;

/* No elements: everything is refused until mf_sgp4_init. */
void mf_sgp4_reset(mf_sgp4_t *state);

/* Take over elements. 0; MF_E_RANGE: deep space; MF_E_INVAL: no orbit (not finite, perigee 2 % of a
 * radius inside the Earth, eccentricity outside [0, 1)). `state` unchanged on error: the old elements stay. */
int mf_sgp4_init(mf_sgp4_t *state, const mf_tle_t *tle);

/* State at `minutes` from the epoch. 0; MF_E_INVAL: no elements, or minutes not finite or beyond
 * +-1e6; MF_E_RANGE: decayed, or the theory has left its range. Outputs unchanged on error. */
int mf_sgp4_propagate(const mf_sgp4_t *state, double minutes, double r_TEME_m[3],
                      double v_TEME_m_s[3]);

/* The same at a UTC day, with the age gate: MF_E_STALE when `params` says too old. */
int mf_sgp4_update(const mf_sgp4_t *state, const mf_sgp4_params_t *params, const mf_day_t *utc,
                   double r_TEME_m[3], double v_TEME_m_s[3]);

#endif
