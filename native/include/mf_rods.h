/* Torque rods: the dipole for a torque, and its share for each rod.
 *
 * Source: Markley & Crassidis 2014, section 7.5 (magnetic torque m x B); scaling of the whole
 * vector, so that its direction is kept, instead of clipping per rod.
 *
 * A magnetic torque is across the field, and a dipole along the field does nothing. The dipole of
 * least size for a torque t is (B x t) / |B|^2; it gives the part of t across B. When one rod is
 * out of order the same freedom is used: adding a dipole along B that cancels the lost rod's share
 * leaves the torque as it was, as long as the field has a part along that rod.
 * All vectors in body axes. The residual dipole of the spacecraft is subtracted before the shares
 * are made. Rods must span all directions (determinant of their unit axes at least 0.1). */
#ifndef MF_RODS_H
#define MF_RODS_H

#include <stdint.h>

#include "mf_status.h"

#define MF_RODS_COUNT 3

typedef struct {
    float axis_B[MF_RODS_COUNT][3];      /* unit vectors of positive dipole */
    float dipole_max_A_m2[MF_RODS_COUNT]; /* >= 0 */
    float residual_B_A_m2[3];            /* of the spacecraft with rods off (mf_residual.h) */
} mf_rods_params_t;

typedef struct {
    float rod_A_m2[MF_RODS_COUNT];       /* command of each rod, sign by its axis */
    float dipole_B_A_m2[3];              /* what the rods give together */
} mf_rods_output_t;

/* Dipole of least size whose torque is the part of torque_B_N_m across the field. MF_OK;
 * MF_E_RANGE for a field outside 5..100 uT, MF_E_INVAL for a torque that is not finite; dipole zero
 * on both. */
int mf_rods_for_torque(const float mag_B_T[3], const float torque_B_N_m[3],
                       float dipole_B_A_m2[3]);

/* Share of each rod; bit i of `available` says that rod i works. MF_OK; 1 when scaled down or when
 * a lost rod could not be replaced wholly; MF_E_INVAL for input or parameters that are not finite
 * or rods in one plane: all rods off. mag_B_T may be zero (unknown). */
int mf_rods_allocate(const mf_rods_params_t *params, const float dipole_B_A_m2[3],
                     const float mag_B_T[3], uint8_t available, mf_rods_output_t *output);

#endif
