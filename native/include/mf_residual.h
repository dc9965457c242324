/* Residual magnetic dipole of the spacecraft, from what turns it unasked.
 *
 * Source: momentum balance in body axes (Markley & Crassidis 2014, section 3.3); the estimate and
 * feed-forward of a residual dipole in flight as in Springmann & Cutler's work on RAX (JGCD 35,
 * 2012). With L the momentum of body and wheels, dL/dt = -omega x L + (m_rods + m) x B + other
 * torques. Over a window of window_ms the change of L less the integrals of the known terms is
 * (integral of m x B) = -[integral B x] m: three scalars for a Kalman filter on m. Gravity gradient
 * and drag are noise (torque_sigma), so is the gyro's. A scalar beyond five sigma is left out: a
 * wheel that came or went.
 *
 * Body axes. Each sample stands for the time until the next, over which the rods keep their dipole.
 * Wants a calibrated gyro bias and knows nothing along B until the field has turned in the body. */
#ifndef MF_RESIDUAL_H
#define MF_RESIDUAL_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_status.h"

typedef struct {
    float momentum_sigma_N_m_s; /* 1 sigma of one sample's L (inertia times gyro); 1e-12..1 */
    float torque_sigma_N_m;   /* 1 sigma of the other torques' mean over a window; 0..1e-3 */
    float dipole_sigma_A_m2;  /* at the start; 1e-4..10 */
    float walk_A_m2;          /* growth of the 1 sigma per window^0.5; 0..0.1 */
    uint32_t window_ms;       /* 1000..600000 */
} mf_residual_params_t;

typedef struct {
    float dipole_B_A_m2[3];   /* the estimate */
    float covariance[9];      /* [(A m^2)^2], symmetric */
    float start_N_m_s[3];     /* L at the beginning of the window */
    float known_N_m_s[3];     /* integral of the known terms since */
    float field_T_s[3];       /* integral of B since */
    uint32_t elapsed_ms;      /* of the window; 0 none has begun */
    uint32_t windows;         /* used */
} mf_residual_t;

/* MF_E_INVAL for parameters out of range: then nothing is estimated. */
int mf_residual_reset(mf_residual_t *state, const mf_residual_params_t *params);

/* Give the present window up: the next sample does not follow the last. */
void mf_residual_break(mf_residual_t *state);

/* One sample: gyro rate without bias, momentum of body and wheels, and the rods' dipole and the
 * field for the coming `dt_ms`. MF_OK; 1 when a window was finished; MF_E_INVAL, nothing taken, for
 * what is not finite, no time, or more than a window. */
int mf_residual_update(mf_residual_t *state, const mf_residual_params_t *params,
                       const float omega_BN_B_rad_s[3], const float momentum_B_N_m_s[3],
                       const float rods_B_A_m2[3], const float mag_B_T[3], uint32_t dt_ms);

/* 1 sigma of the worst axis [A m^2]. */
float mf_residual_sigma_A_m2(const mf_residual_t *state);

#endif
