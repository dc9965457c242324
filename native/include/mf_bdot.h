/* B-dot detumbling: m = -k (dB/dt) / |B|^2, limited by scaling the vector (direction kept).
 *
 * Source: Stickler & Alfriend 1976; Markley & Crassidis 2014, section 7.5.1; gain as Avanzini &
 * Giulietti, JGCD 2012, doi 10.2514/1.53074. Frame: body. Assumes coils off while `mag_B_T` is
 * measured. The derivative is taken between coil-off samples of known age only; the first sample
 * after reset or after any gap longer than `gap_max_ms` gives zero dipole. */
#ifndef MF_BDOT_H
#define MF_BDOT_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_status.h"

#define MF_BDOT_PAST 3

typedef struct {
    float gain_N_m_s;       /* k, torque per rate [N m s], >= 0 */
    float dipole_max_A_m2;  /* limit of |m|, >= 0 */
    float rate_low_rad_s;   /* rate over the short baseline below which the long one is used: the
                             * turn within it must stay well under half a revolution */
    uint32_t gap_max_ms;    /* older previous sample: no derivative */
    uint32_t baseline_ms;   /* long baseline, >= 1000: to the newest sample at least so old */
} mf_bdot_params_t;

typedef struct {
    float past_B_T[MF_BDOT_PAST][3]; /* newest first: the two samples of a cycle and one before */
    uint32_t past_ms[MF_BDOT_PAST];
    uint8_t past_count;
    bool long_baseline;     /* the derivative was taken over the long baseline */
    float rate_rad_s;       /* |dB/dt| / |B|: rate across the field; -1 while unknown */
} mf_bdot_t;

void mf_bdot_reset(mf_bdot_t *state);

/* One coil-off sample. Out: mag_dot_B_T_s and dipole_B_A_m2 (both zero when there is no valid
 * derivative). Returns 0; MF_E_RANGE for NaN, inf or |B| outside 5..100 uT (sample ignored,
 * outputs zero); 1 when the dipole was scaled. */
int mf_bdot_update(mf_bdot_t *state, const mf_bdot_params_t *params, const float mag_B_T[3],
                   uint32_t time_ms, float mag_dot_B_T_s[3], float dipole_B_A_m2[3]);

#endif
