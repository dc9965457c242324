/* Residual magnetic dipole of the spacecraft, from what turns it unasked.
 *
 * Source: momentum balance in body axes (Markley & Crassidis 2014, section 3.3); the estimate and
 * feed-forward of a residual dipole in flight as in Springmann & Cutler's work on RAX (JGCD 35,
 * 2012). With L = J omega + h_wheels, dL/dt = -omega x L + (m_rods + m) x B + other torques. Over a
 * window of window_ms the change of L less the integrals of the known terms is (integral of
 * m x B) = -[integral B x] m: three scalars for a Kalman filter on m. Gravity gradient and drag
 * are noise (torque_sigma), so is the gyro's. Give it to mf_rods_params_t.residual_B_A_m2.
 *
 * Body axes. Samples at the control rate; B may be held over the time rods are on. A gap longer
 * than gap_max_ms, or time that does not advance, begins a new window. Wants a calibrated gyro
 * bias and knows nothing along B until the field has turned in the body. */
#ifndef MF_RESIDUAL_H
#define MF_RESIDUAL_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_status.h"

typedef struct {
    float inertia_B_kg_m2[9]; /* row-major */
    float gyro_sigma_rad_s;   /* 1 sigma of one sample's rate; 1e-8..0.1 */
    float torque_sigma_N_m;   /* 1 sigma of the other torques' mean over a window; 0..1e-3 */
    float dipole_sigma_A_m2;  /* at the start; 1e-4..10 */
    float walk_A_m2;          /* growth of the 1 sigma per window^0.5; 0..0.1 */
    uint32_t window_ms;       /* 1000..600000 */
    uint32_t gap_max_ms;      /* 1..window */
} mf_residual_params_t;

typedef struct {
    float dipole_B_A_m2[3];   /* the estimate */
    float covariance[9];      /* [(A m^2)^2], symmetric */
    float start_N_m_s[3];     /* L at the beginning of the window */
    float known_N_m_s[3];     /* integral of the known terms since */
    float field_T_s[3];       /* integral of B since */
    float rate_N_m[3];        /* known terms at the last sample, for the trapezoid */
    float field_T[3];         /* B at the last sample */
    uint64_t start_us;
    uint64_t time_us;
    uint32_t windows;         /* used */
    bool running;
} mf_residual_t;

/* MF_E_INVAL for parameters out of range. */
int mf_residual_reset(mf_residual_t *state, const mf_residual_params_t *params);

/* One sample: gyro rate without bias, wheels' momentum, rods' dipole and field at the time. MF_OK;
 * 1 when a window was finished; MF_E_INVAL for what is not finite; MF_E_TIMEOUT when the window was
 * given up for a gap or a step of time. */
int mf_residual_update(mf_residual_t *state, const mf_residual_params_t *params,
                       const float omega_BN_B_rad_s[3], const float wheels_B_N_m_s[3],
                       const float rods_B_A_m2[3], const float mag_B_T[3], uint64_t time_us);

#endif
