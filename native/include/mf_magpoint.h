/* Three-axis pointing with torque rods alone: the fallback without wheels.
 *
 * Source: Lovera & Astolfi 2004 (Automatica 40, "Spacecraft attitude control using magnetic
 * actuators"); Wisniewski & Blanke 1999 (Automatica 35). The torque of mf_control with low gains is
 * projected across the field, m = (B x t) / |B|^2. At any time one axis cannot be controlled; the
 * field's turning over the orbit makes up for it, so the loop has to be slow: natural frequency of
 * about one mean motion (two are unstable), damping one, slews of a tenth of a degree per second.
 * Expect a few degrees after three orbits, and nothing in orbits near the plane of the magnetic
 * equator (the field hardly turns there). No wheels: their momentum is taken as zero unless given. */
#ifndef MF_MAGPOINT_H
#define MF_MAGPOINT_H

#include "mf_control.h"

typedef struct {
    mf_control_params_t control;
    float dipole_max_A_m2; /* limit of |m|, >= 0 */
} mf_magpoint_params_t;

/* MF_OK; 1 when torque or dipole was scaled; MF_E_INVAL and MF_E_RANGE as mf_control_update and
 * mf_rods_for_torque: dipole zero. `output` is that of the control law; its torque is replaced by
 * what the dipole gives. */
int mf_magpoint_update(mf_control_t *state, const mf_magpoint_params_t *params,
                       const mf_control_input_t *input, const float mag_B_T[3],
                       mf_control_output_t *output, float dipole_B_A_m2[3]);

#endif
