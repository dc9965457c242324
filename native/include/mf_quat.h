/* Attitude quaternions: the one convention of the project, written once.
 *
 * Source: Markley & Crassidis 2014, sections 2.7 and 2.9 (Shuster 1993, "A Survey of Attitude
 * Representations"). q_BN = [e sin(t/2), cos(t/2)], scalar last, unit, maps N to B: B is N turned
 * by the angle t about e (right-handed), v_B = dcm_BN v_N. Composition follows the matrices:
 * dcm_CA = dcm_CB dcm_BA and q_CA = mf_quat_multiply(q_CB, q_BA). q and -q are the same attitude.
 * (SciPy's Rotation with the same four numbers is the transposed matrix; Hamilton's product has
 * its factors the other way round.)
 *
 * Matrices are row-major. Angles come from atan2, so that small ones keep all their digits.
 * Functions that return int refuse what is not finite or not a rotation with MF_E_INVAL and leave
 * their outputs alone; the others need unit quaternions and finite vectors. Outputs may not overlap
 * inputs. */
#ifndef MF_QUAT_H
#define MF_QUAT_H

#include "mf_status.h"

/* To unit length, in place. Refused: not finite, or a length outside 0.01..100. */
int mf_quat_normalize(float q_BN[4]);

void mf_quat_multiply(const float q_CB[4], const float q_BA[4], float q_CA[4]);

/* q_NB of q_BN. */
void mf_quat_invert(const float q_BN[4], float q_NB[4]);

void mf_quat_to_dcm(const float q_BN[4], float dcm_BN[9]);

/* Refused: rows that are not orthonormal within 1e-3, or left-handed. Scalar part >= 0. */
int mf_quat_from_dcm(const float dcm_BN[9], float q_BN[4]);

/* v_B = dcm_BN v_N. */
void mf_quat_apply(const float q_BN[4], const float v_N[3], float v_B[3]);

/* v_N = dcm_BN^T v_B. */
void mf_quat_apply_inverse(const float q_BN[4], const float v_B[3], float v_N[3]);

/* B is N turned by |theta| about theta [rad], any size up to 1000 rad. */
int mf_quat_from_rotation_vector(const float theta_rad[3], float q_BN[4]);

/* The shorter way round, size 0..pi [rad]. */
void mf_quat_to_rotation_vector(const float q_BN[4], float theta_rad[3]);

/* Angle of the rotation, the shorter way round, 0..pi [rad]. */
float mf_quat_angle(const float q_BN[4]);

#endif
