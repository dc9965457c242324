/* Rate damping by gyro and torque rods ("B-cross"): m = k (d_omega x B) / |B|^2.
 *
 * Source: Markley & Crassidis 2014, section 7.5.1; gain as Avanzini & Giulietti, JGCD 2012, doi
 * 10.2514/1.53074: k = 2 n (1 + sin i_m) J_min with n the mean motion. Torque -k times the part of
 * d_omega = omega - omega_wanted across the field, so that with omega_wanted = 0 the energy of
 * rotation never grows. Body axes. Assumes a gyro whose bias is small against the rate; needs no
 * derivative of the field, so it also works while the field is seen rarely. */
#ifndef MF_DAMPING_H
#define MF_DAMPING_H

#include "mf_status.h"

typedef struct {
    float gain_N_m_s;              /* k, >= 0 */
    float dipole_max_A_m2;         /* limit of |m|, >= 0 */
    float omega_max_rad_s;         /* larger rates are refused, > 0 */
    float omega_wanted_B_rad_s[3]; /* zero for detumbling */
} mf_damping_params_t;

/* MF_OK; 1 when the dipole was scaled; MF_E_RANGE for a field outside 5..100 uT or a rate beyond
 * omega_max_rad_s, MF_E_INVAL for what is not finite; dipole zero on both. */
int mf_damping_update(const mf_damping_params_t *params, const float omega_BN_B_rad_s[3],
                      const float mag_B_T[3], float dipole_B_A_m2[3]);

#endif
