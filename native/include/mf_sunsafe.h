/* Sun-safe: a spinning spacecraft turned to the Sun by torque rods alone.
 *
 * Source: spin-axis precession by magnetic torque, Shigehara 1972 (Journal of Spacecraft and
 * Rockets 9, "Geomagnetic attitude control of an axisymmetric spinning satellite"); Markley &
 * Crassidis 2014, sections 3.3 and 7.5 (spin stability, magnetic torque). Two errors are worked
 * off one after the other, each with a pair of angles so that stages do not chatter:
 *
 *   SPIN     momentum h = J omega is brought along the body axis `axis_B`, to size h0: spin-up and
 *            nutation damping. Entered when h is off the axis by more than axis_enter or its size
 *            off h0 by more than 30 %; left below axis_leave and 10 %. From h0 / 2 on, on the right
 *            side, the torque wanted is k (h0 h / |h| - J_axis omega): it works against
 *            (|h| - h0)^2 and against the nutation energy E - h^2 / 2 J_axis, neither of which
 *            gyroscopic torque changes; aiming at h0 along the axis alone, a body of three
 *            unequal inertias may tumble on for more than an orbit.
 *   PRECESS  the momentum is turned to the Sun: entered above sun_enter, left below sun_leave.
 *   HOLD     rods off; also without a Sun (eclipse, no sensor) once the spin is right.
 *
 * Else the torque wanted is k times the missing momentum; the part across B is given. Body axes.
 * `axis_B` faces the Sun and has to be the principal axis of largest inertia, or the spin decays
 * into a flat one by itself. Needs a gyro with a bias well below h0 / J. The Sun may be coarse
 * (several degrees): thresholds stay well above its error. Spin between 0.5 and 5 deg/s. */
#ifndef MF_SUNSAFE_H
#define MF_SUNSAFE_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_status.h"

#define MF_SUNSAFE_SPIN 0
#define MF_SUNSAFE_PRECESS 1
#define MF_SUNSAFE_HOLD 2

typedef struct {
    float axis_B[3];
    float inertia_B_kg_m2[9]; /* row-major */
    float momentum_N_m_s;     /* h0, > 0 */
    float gain_1_s;           /* k, 1e-5..0.1; a few mean motions */
    float dipole_max_A_m2;    /* limit of |m|, >= 0 */
    float axis_enter_rad;     /* 0.35 (20 deg); leave < enter, all below 1.5 */
    float axis_leave_rad;     /* 0.26 (15 deg) */
    float sun_enter_rad;      /* 0.26 (15 deg) */
    float sun_leave_rad;      /* 0.17 (10 deg) */
} mf_sunsafe_params_t;

typedef struct {
    uint8_t stage;            /* MF_SUNSAFE_... */
    float axis_rad;           /* angle between momentum and axis_B */
    float sun_rad;            /* angle between momentum and Sun; -1 without a Sun */
} mf_sunsafe_t;

void mf_sunsafe_reset(mf_sunsafe_t *state);

/* `sun_B` of any length counts while sun_known. MF_OK; 1 when the dipole was scaled; MF_E_RANGE for
 * a field outside 5..100 uT; MF_E_INVAL for bad input or parameters. Dipole zero, state unchanged
 * on error. */
int mf_sunsafe_update(mf_sunsafe_t *state, const mf_sunsafe_params_t *params,
                      const float omega_BN_B_rad_s[3], const float mag_B_T[3],
                      const float sun_B[3], bool sun_known, float dipole_B_A_m2[3]);

#endif
