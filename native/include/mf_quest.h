/* QUEST: attitude from two or more directions at one time, with its covariance.
 *
 * Source: Shuster & Oh 1981 (Journal of Guidance and Control 4, "Three-axis attitude determination
 * from vector observations"); Markley & Crassidis 2014, section 5.3. The singularity at rotations
 * of 180 deg is stepped around by the method of sequential rotations: the inertial axes are first
 * turned by 180 deg about the axis that leaves the smallest rotation. Two Gauss-Newton steps on
 * Wahba's loss follow, which take out what single precision lost in the characteristic polynomial.
 *
 * Each direction has an isotropic error across itself of sigma_rad (1 sigma per axis). The
 * covariance is that of the small rotation in body axes [rad^2], (sum (I - b b^T) / sigma^2)^-1:
 * honest when the sigmas are. Limits: sigmas within a factor of 100 of each other; 1e-5..1 rad. */
#ifndef MF_QUEST_H
#define MF_QUEST_H

#include "mf_status.h"

#define MF_QUEST_MOST 8

typedef struct {
    float direction_B[3]; /* measured, any length */
    float direction_N[3]; /* reference at the same time, any length */
    float sigma_rad;
} mf_quest_direction_t;

typedef struct {
    float sigma_max_rad; /* worst body axis: above it the geometry is singular; 0.001..1 */
} mf_quest_params_t;

typedef struct {
    float q_BN[4];
    float covariance_B_rad2[9]; /* symmetric */
    float chi2; /* sum |b - A r|^2 / sigma^2; expected 2 count - 3 */
} mf_quest_result_t;

/* MF_OK; MF_E_INVAL for fewer than 2 or more than MF_QUEST_MOST directions, one that is zero or not
 * finite, or a sigma out of range; MF_E_RANGE when the directions leave a rotation undetermined.
 * The result is written on MF_OK only. */
int mf_quest(const mf_quest_params_t *params, const mf_quest_direction_t directions[], int count,
             mf_quest_result_t *result);

#endif
