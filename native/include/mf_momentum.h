/* Magnetic momentum dump: torque -k times the excess momentum, as far as it lies across the field.
 *
 * Source: Camillo & Markley 1980 (JGCD 3, "Orbit-averaged behavior of magnetic control laws for
 * momentum unloading"); Markley & Crassidis 2014, section 7.5.2. With H the total momentum (body
 * and wheels) the external torque m x B changes it, so m = (k / |B|^2) (H_excess x B), and |H|
 * never grows by it. (The cross product appears turned round where h means the momentum to be
 * added.) The part along the field has to wait until the field has turned. Body axes. The dump
 * starts at `start_N_m_s` and goes on down to `stop_N_m_s`. The attitude loop sees the torque as a
 * disturbance; keep k at one or two mean motions. */
#ifndef MF_MOMENTUM_H
#define MF_MOMENTUM_H

#include <stdbool.h>

#include "mf_status.h"

typedef struct {
    float gain_1_s;               /* k, 0..0.1 */
    float dipole_max_A_m2;        /* limit of |m|, >= 0 */
    float start_N_m_s;            /* excess that starts a dump, > stop */
    float stop_N_m_s;             /* excess that ends it, >= 0 */
    float wanted_B_N_m_s[3];      /* momentum to be kept */
} mf_momentum_params_t;

typedef struct {
    bool dumping;
} mf_momentum_t;

void mf_momentum_reset(mf_momentum_t *state);

/* `momentum_B_N_m_s` is the total of body and wheels. MF_OK; 1 when the dipole was scaled;
 * MF_E_RANGE for a field outside 5..100 uT; MF_E_INVAL for what is not finite or parameters out of
 * range. Dipole zero on error (state unchanged) and while not dumping. */
int mf_momentum_update(mf_momentum_t *state, const mf_momentum_params_t *params,
                       const float momentum_B_N_m_s[3], const float mag_B_T[3],
                       float dipole_B_A_m2[3]);

#endif
