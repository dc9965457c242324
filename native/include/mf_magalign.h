/* Alignment of a magnetometer with the Sun sensor, in flight and without attitude.
 *
 * Source: Pittelkau 2001 (JGCD 24, "Kalman filtering for spacecraft system alignment calibration":
 * alignment as states, one sensor as the reference); here from one scalar, as the size of the field
 * is in Markley & Crassidis 2014, section 6.4: the angle between Sun and field does not depend on
 * the attitude. What its cosine is off by what the references say shows the rotation a of the
 * magnetometer against the Sun sensor, B_measured = B + a x B, with unit vectors B and S:
 *
 *   S . B_measured - S_N . B_N = a . (B x S)
 *
 * A Kalman filter of three states; the Sun sensor's own misalignment is not seen and becomes that of
 * the magnetometer as well, so that both agree. Body axes.
 *
 * Errors last (light of the Earth, model of the field): sigma_rad of one sample is to be much larger
 * than they are, so that many geometries are averaged. A turn about the Sun is found only from Suns
 * that are not all in one direction of the body. Bias and scale come first (mf_magcal.h): reset when
 * they change. Limits: field and Sun at least 17 deg apart; cosine off by 0.2 at most. */
#ifndef MF_MAGALIGN_H
#define MF_MAGALIGN_H

#include "mf_status.h"

#define MF_MAGALIGN_SKIPPED 1 /* nothing to be seen, or too far off */

typedef struct {
    float sigma_rad;       /* 1 sigma of the angle of one sample; at least 1e-4 */
    float start_sigma_rad; /* of each component of the rotation at the start; at most 0.1 */
    float walk_rad;        /* its growth per sample^0.5; at most 1e-3 */
} mf_magalign_params_t;

typedef struct {
    float turn_B_rad[3];   /* a */
    float p_rad2[9];       /* covariance */
} mf_magalign_t;

/* MF_E_INVAL for parameters out of range: no rotation, and none will be found. */
int mf_magalign_reset(mf_magalign_t *state, const mf_magalign_params_t *params);

/* Sun and field of the same instant; any length, as are the references. MF_OK;
 * MF_MAGALIGN_SKIPPED; MF_E_INVAL for what is not finite, parameters included, or zero: state
 * unchanged. */
int mf_magalign_update(mf_magalign_t *state, const mf_magalign_params_t *params,
                       const float sun_B[3], const float mag_B_T[3], const float sun_N[3],
                       const float mag_N_T[3]);

/* The field in the axes of the Sun sensor; `out_T` may be `mag_T`. */
void mf_magalign_apply(const mf_magalign_t *state, const float mag_T[3], float out_T[3]);

#endif
