/* TRIAD: attitude from two directions, the first one trusted wholly.
 *
 * Source: Black 1964 (AIAA Journal 2, "A passive system for determining the attitude of a
 * satellite"); Markley & Crassidis 2014, section 5.1. Directions of any length, in the body (B) and
 * in the inertial frame (N). The second one fixes the rotation about the first alone, so its error
 * appears enlarged by 1/sin of the angle between them. No statement about accuracy: mf_quest.h has
 * a covariance. */
#ifndef MF_TRIAD_H
#define MF_TRIAD_H

#include "mf_status.h"

typedef struct {
    float angle_min_rad; /* between the two directions, and from being opposite; 0.05..1.5 */
} mf_triad_params_t;

/* MF_OK; MF_E_INVAL for directions that are zero or not finite; MF_E_RANGE when the two directions
 * of either frame are too nearly parallel or opposite. q_BN is written on MF_OK only. */
int mf_triad(const mf_triad_params_t *params, const float first_B[3], const float second_B[3],
             const float first_N[3], const float second_N[3], float q_BN[4]);

/* Its parts, of which guidance makes an attitude to be followed. Rows of the frame of two unit
 * vectors: first, unit(first x second), first x the latter; returns the sine of the angle between
 * them, with which the later rows lose their digits. */
float mf_triad_frame(const float first[3], const float second[3], float rows[9]);

/* Attitude of the body that sees the frame N as `rows_B`: dcm_BN = rows_B^T rows_N. */
void mf_triad_join(const float rows_B[9], const float rows_N[9], float dcm_BN[9]);

#endif
