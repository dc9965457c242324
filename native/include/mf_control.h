/* Attitude control by quaternion feedback with rate-limited slews and feed-forward.
 *
 * Source: Wie & Barba 1985 (JGCD 8, "Quaternion feedback for spacecraft large angle maneuvers");
 * Wie, Weiss & Arapostathis 1989 (JGCD 12, eigenaxis rotations); slew-rate limit by the cascade of
 * Wie & Lu 1995 (JGCD 18); Markley & Crassidis 2014, sections 7.2 and 7.3.
 *
 *   dq = q_BR, s = its sign with hysteresis, d_omega = omega_BN_B - omega_RN_B
 *   rate command c = (wn / zeta) s dq_v, no longer than slew_max
 *   torque = J (-2 zeta wn (d_omega + c) + d/dt omega_RN in B) + omega x (J omega + h)
 *
 * R is the frame to be followed (mf_guidance.h), h the momentum of the wheels in body axes. For
 * small errors each axis is a second-order system of natural frequency wn and damping zeta. The
 * torque is what the body is to feel; it is limited as a vector, direction kept. Assumes a rigid
 * body; stable for an inertia wrong by a factor of two. Keep wn below a tenth of the cycle
 * rate [rad/s]. */
#ifndef MF_CONTROL_H
#define MF_CONTROL_H

#include <stdint.h>

#include "mf_status.h"

typedef struct {
    float inertia_B_kg_m2[9]; /* row-major, symmetric, positive diagonal, without wheel spin */
    float natural_rad_s;      /* wn; 1e-4..10 */
    float damping;            /* zeta; 0.3..3 */
    float slew_max_rad_s;     /* 1e-4..1 */
    float torque_max_N_m;     /* > 0 */
    float hysteresis;         /* of the scalar part, 0..0.5: turn the other way round only beyond */
} mf_control_params_t;

typedef struct {
    int8_t sign; /* the way round in use: +1, -1; 0 after a reset */
} mf_control_t;

typedef struct {
    float q_BN[4];
    float omega_BN_B_rad_s[3];
    float q_RN[4];
    float omega_RN_R_rad_s[3];
    float alpha_RN_R_rad_s2[3];   /* change of omega_RN in R */
    float momentum_B_N_m_s[3];    /* of the wheels */
} mf_control_input_t;

typedef struct {
    float torque_B_N_m[3];
    float error_rad;              /* angle between B and R, 0..pi */
    float error_B_rad[3];         /* the same as a rotation vector from R to B */
    float rate_error_B_rad_s[3];
} mf_control_output_t;

void mf_control_reset(mf_control_t *state);

/* MF_OK; 1 when the torque was limited; MF_E_INVAL for parameters or input that are out of range or
 * not finite: torque zero, state unchanged. */
int mf_control_update(mf_control_t *state, const mf_control_params_t *params,
                      const mf_control_input_t *input, mf_control_output_t *output);

#endif
