/* Magnetometer calibration in flight: bias, scale and non-orthogonality, without attitude.
 *
 * Source: Alonso & Shuster 2002 (J. Astronautical Sciences 50, TWOSTEP: the model and the
 * difference of squares); Crassidis, Lai & Harman 2005 (JGCD 28, "Real-time attitude-independent
 * three-axis magnetometer calibration"); Markley & Crassidis 2014, section 6.4.
 *
 * Model: (I + D) B_measured = A B_N + b + noise, D symmetric. Only |B_N| of the field model is
 * used: z = |B_measured|^2 - |B_N|^2 = -B'E B + 2 B'c - e with E = 2 D + D^2, c = (I + D) b and
 * e = b'b. In the ten states E, c and e this is linear: a Kalman filter without linearisation,
 * which needs no first guess and cannot diverge. That e is no free number is told to a copy of the
 * states when a result is asked for; b and D come out of it by a matrix square root. Corrected
 * field: (I + D) B_measured - b. Rotations of the whole sensor cannot be seen without attitude and
 * stay as misalignment.
 *
 * Samples with rods off only, at least a second apart, from a body that turns: until all directions
 * have been seen, the uncertainty of the bias stays large, and says so. `walk` lets the estimate
 * follow slow changes; noise and errors of the field model belong into sigma_T, times 1.3: the
 * noise is in the regressors too, which the covariance leaves out (150 nT for a good part).
 * Limits: |b| to 40 uT, |D| to 0.2. Body or sensor axes, T. */
#ifndef MF_MAGCAL_H
#define MF_MAGCAL_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_status.h"

#define MF_MAGCAL_STATES 10
#define MF_MAGCAL_COVARIANCE 55 /* elements: the upper triangle */
#define MF_MAGCAL_REJECTED 1 /* outside the gate */

typedef struct {
    float sigma_T;         /* 1 sigma per axis, field model included; 1e-9..1e-5 */
    float bias_sigma_T;    /* at the start; 1e-7..4e-5 */
    float scale_sigma;     /* of each element of D at the start; 1e-4..0.2 */
    float walk;            /* growth of each 1 sigma per sample^0.5, by its start; 0..0.01 */
    float gate_sigma;      /* samples further off are not used; 3..100 */
} mf_magcal_params_t;

typedef struct {
    float x[MF_MAGCAL_STATES];   /* E (xx yy zz xy xz yz), c and e in units of 50 uT */
    float p[MF_MAGCAL_COVARIANCE]; /* covariance, upper triangle row by row */
    uint32_t samples;            /* used */
    uint32_t rejected;           /* outside the gate */
} mf_magcal_t;

typedef struct {
    float bias_T[3];             /* b */
    float matrix[9];             /* I + D, row-major */
    float bias_sigma_T;          /* 1 sigma of the worst axis */
    float scale_sigma;           /* 1 sigma of the worst element of D */
} mf_magcal_result_t;

/* MF_E_INVAL for parameters out of range. */
int mf_magcal_reset(mf_magcal_t *state, const mf_magcal_params_t *params);

/* One sample; `field_T` is |B_N| of the model. MF_OK; MF_MAGCAL_REJECTED; MF_E_INVAL for what is
 * not finite; MF_E_RANGE for a measured size above 200 uT or a model outside 10..100 uT. */
int mf_magcal_update(mf_magcal_t *state, const mf_magcal_params_t *params,
                     const float mag_T[3], float field_T);

/* Bias and matrix of the present estimate. MF_E_RANGE, result untouched, while they make no sense
 * (I + E not positive). */
int mf_magcal_result(const mf_magcal_t *state, mf_magcal_result_t *result);

/* Corrected field; `out_T` may be `mag_T`. */
void mf_magcal_apply(const mf_magcal_result_t *result, const float mag_T[3], float out_T[3]);

#endif
