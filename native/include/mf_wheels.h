/* Four reaction wheels: torque shares by the pseudo-inverse, speed bias in the null space, limits.
 *
 * Source: Markley & Crassidis 2014, section 7.3.3 (redundant wheels); Markley, Reynolds, Liu &
 * Lebsock 2010 (JGCD 33, "Maximum torque and momentum envelopes for reaction-wheel arrays"). The
 * inverse is not formed: any solution by three wheels less its part along the null vector is it.
 *
 * A positive motor torque spins a wheel up about its axis +g and turns the body about -g: torque of
 * the body = -G u. Shares u = -G^T (G G^T)^-1 t over the wheels that are available; any three whose
 * axes are not in one plane will do. With four, the one combination that gives no torque drives the
 * wheels towards a bias momentum c along it, so that they run away from zero speed and its
 * stiction: u += k (c - n.h) n, with what torque the control has left over.
 * Limits scale all shares together, so that the direction of the torque is kept: by motor torque,
 * and for a wheel near momentum_max by the torque that would reach it within horizon_s. A wheel at
 * its limit, asked to go on, therefore leaves no torque in that direction: dump (mf_momentum.h)
 * long before. Same inertia for all wheels; speeds relative to the body. */
#ifndef MF_WHEELS_H
#define MF_WHEELS_H

#include <stdint.h>

#include "mf_status.h"

#define MF_WHEELS_COUNT 4

typedef struct {
    float axis_B[MF_WHEELS_COUNT][3];   /* spin axes +g, unit */
    float inertia_kg_m2;                /* of one rotor about its axis, > 0 */
    float torque_max_N_m;               /* of one motor, > 0 */
    float momentum_max_N_m_s;           /* of one wheel, > 0 */
    float bias_N_m_s;                   /* c, 0..momentum_max: null-space momentum; each wheel of a
                                         * symmetric pyramid gets half of it */
    float bias_gain_1_s;                /* k, 0..1 */
    float horizon_s;                    /* at least the control period, > 0 */
} mf_wheels_params_t;

typedef struct {
    float motor_N_m[MF_WHEELS_COUNT];   /* zero for wheels that are not available */
    float torque_B_N_m[3];              /* what the body feels */
    float momentum_B_N_m_s[3];          /* of the available wheels, sum of g h */
    float null_N_m_s;                   /* n.h; 0 with three wheels */
} mf_wheels_output_t;

/* Bit i of `available`: wheel i works and its speed is known. MF_OK; 1 when the torque was scaled;
 * MF_E_RANGE when the available wheels do not span all directions; MF_E_INVAL for input or
 * parameters out of range. All motors zero on error. */
int mf_wheels_allocate(const mf_wheels_params_t *params, const float torque_B_N_m[3],
                       const float speed_rad_s[MF_WHEELS_COUNT], uint8_t available,
                       mf_wheels_output_t *output);

#endif
