/* Measurement updates of the attitude filter; the filter itself is mf_mekf.h. */
#ifndef MF_MEKF_UPDATE_H
#define MF_MEKF_UPDATE_H

#include "mf_mekf.h"

#define MF_MEKF_REJECTED 1 /* outside the gate: nothing changed but counters and re-opening */
#define MF_MEKF_SKIPPED 2  /* no Sun to be seen: nothing changed */

typedef struct {
    float direction_B[3];            /* measured, any length */
    float direction_N[3];            /* reference at the sample's time, any length */
    float sigma_rad;                 /* across the direction, per axis; 1e-5..1 */
    uint64_t sample_us;
    uint8_t sensor;                  /* MF_MEKF_SUN .. */
} mf_mekf_direction_t;

typedef struct {
    float q_BN[4];                   /* measured */
    float sigma_B_rad[3];            /* about each body axis; 1e-6..1 */
    uint64_t sample_us;
} mf_mekf_attitude_t;

/* One direction. MF_OK; MF_MEKF_REJECTED; MF_E_INVAL: not valid, or bad input; MF_E_BUSY: the
 * sample is no newer than the last one; MF_E_TIMEOUT: older than age_max_ms or lost by it. */
int mf_mekf_update_direction(mf_mekf_t *state, const mf_mekf_params_t *params,
                             const mf_mekf_direction_t *direction);

/* The same for the Sun; MF_MEKF_SKIPPED unless it is predicted and sensed. Use a prediction that
 * takes penumbra for eclipse. */
int mf_mekf_update_sun(mf_mekf_t *state, const mf_mekf_params_t *params,
                       const mf_mekf_direction_t *direction, bool sunlit_predicted,
                       bool sunlit_sensed);

/* One attitude of a star tracker; statuses as for a direction. */
int mf_mekf_update_attitude(mf_mekf_t *state, const mf_mekf_params_t *params,
                            const mf_mekf_attitude_t *attitude);

#endif
