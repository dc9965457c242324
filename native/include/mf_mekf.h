/* Multiplicative extended Kalman filter: attitude and gyro bias, six error states.
 *
 * Source: Lefferts, Markley & Shuster 1982 (JGCD 5, "Kalman filtering for spacecraft attitude
 * estimation"); Markley 2003 (JGCD 26, "Attitude error representations for Kalman filtering");
 * Markley & Crassidis 2014, section 6.2; noise of the gyro after Farrenkopf 1978 (JGC 1).
 *
 * State: q_BN and the gyro bias b. Error: [d_theta, d_b] with q_true = q(d_theta) q_BN in body axes
 * [rad] and b_true = b + d_b [rad/s]. Propagation by the gyro with exact transition blocks for a
 * constant rate; updates by unit vectors (Sun, field) as two scalars across the predicted direction
 * and by star tracker attitudes as three, one after the other, in Joseph's form where rounding asks
 * for it. The whole vector passes the gate before the first scalar changes anything. The process
 * noise of the diagonal that single precision cannot add yet waits in `pending`. Covariance blocks
 * stay exactly symmetric.
 *
 * Order in a control cycle: mf_mekf_propagate to the tick, then the updates of mf_mekf_update.h by
 * samples taken at the tick or up to age_max_ms before (turned to the tick by the rate). Time is
 * integer [us] on the clock since start. A step back or a gap longer than gap_max_ms makes the
 * attitude unknown.
 *
 * `valid` false (never initialised, lost) refuses everything but mf_mekf_initialise: the caller
 * runs mf_quest and starts again. Rejections of one sensor for longer than reopen_ms let the
 * covariance grow with each further one, so that the gate opens again; a sensor that lies has to
 * be kept away by the caller. Assumptions: white noise at the stated sigmas (inflate for albedo and
 * misalignment), rate constant within a step, references in N. */
#ifndef MF_MEKF_H
#define MF_MEKF_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_status.h"

#define MF_MEKF_SUN 0
#define MF_MEKF_MAG 1
#define MF_MEKF_TRACKER 2
#define MF_MEKF_OTHER 3
#define MF_MEKF_SENSORS 4

/* Why the filter is not valid. */
#define MF_MEKF_NEVER_STARTED 0
#define MF_MEKF_LOST_TIME 1      /* gap or step of time */
#define MF_MEKF_LOST_DIVERGED 2  /* attitude error beyond sigma_lost_rad, or not finite */
#define MF_MEKF_LOST_BIAS 3      /* bias beyond bias_max_rad_s */

typedef struct {
    float arw_rad_sqrt_s;            /* angle random walk, 1 sigma [rad/s^0.5]; 1e-8..0.1 */
    float rrw_rad_s_sqrt_s;          /* rate random walk [rad/s/s^0.5]; 0..0.01 */
    float gyro_max_rad_s;            /* larger rates are refused; 0.01..40 */
    float bias_max_rad_s;            /* larger estimates are divergence; 1e-5..1 */
    float bias_sigma_rad_s;          /* 1 sigma of the bias at a cold start; 1e-7..1 */
    float coast_rate_rad_s;          /* 1 sigma of the rate's change over a step longer than
                                      * step_max_ms; 0..1 */
    uint32_t step_max_ms;            /* longest step without that noise; 1..60000 */
    uint32_t gap_max_ms;             /* longest step; step_max_ms..60000 */
    uint32_t age_max_ms;             /* oldest sample for an update; 0..5000 */
    float gate_two;                  /* limit of the NIS of a direction (2 dof); 4..100 */
    float gate_three;                /* of a star tracker attitude (3 dof); 4..100 */
    uint32_t reopen_ms;              /* rejections of one sensor for so long open the gate */
    float reopen_rad_sqrt_s;         /* growth of the attitude's sigma then; 0..0.1 */
    float reopen_rad_s_sqrt_s;       /* growth of the bias' sigma then; 0..0.01 */
    float sigma_lost_rad;            /* worst body axis; 0.1..1.5 */
} mf_mekf_params_t;

typedef struct {
    float q_BN[4];
    float bias_B_rad_s[3];
    float omega_BN_B_rad_s[3];       /* last gyro sample less the bias */
    float attitude_rad2[9];          /* blocks of the covariance, row-major */
    float cross_rad2_s[9];           /* E[d_theta d_b^T] */
    float bias_rad2_s2[9];
    float pending[6];                /* process noise not yet in the diagonal */
    uint64_t time_us;
    uint64_t sample_us[MF_MEKF_SENSORS];      /* newest sample seen */
    uint64_t rejected_us[MF_MEKF_SENSORS];    /* first rejection of the present series */
    uint64_t last_rejected_us[MF_MEKF_SENSORS];
    float nis[MF_MEKF_SENSORS];      /* of the last sample that came to the gate */
    uint32_t accepted[MF_MEKF_SENSORS];
    uint32_t rejected[MF_MEKF_SENSORS];
    uint32_t refused;                /* bad, late and repeated input */
    uint32_t lost;                   /* times the attitude was lost */
    uint32_t sun_disagreements;      /* eclipse predicted but not sensed, or the other way round */
    uint8_t rejecting;               /* bit per sensor: the last sample was rejected */
    uint8_t sampled;                 /* bit per sensor: sample_us means something */
    uint8_t reason;                  /* MF_MEKF_LOST_..., while not valid */
    bool valid;
} mf_mekf_t;

void mf_mekf_reset(mf_mekf_t *state);

/* Start, or start again, from a known attitude (mf_quest). `keep_bias` keeps bias and its
 * covariance from before, unless it was lost by divergence. MF_E_INVAL, and no change, for
 * parameters out of range, a quaternion that is none, or a covariance that is not positive. */
int mf_mekf_initialise(mf_mekf_t *state, const mf_mekf_params_t *params, const float q_BN[4],
                       const float covariance_B_rad2[9], bool keep_bias, uint64_t time_us);

/* One gyro sample for the time since the last one. MF_E_INVAL: not valid, not finite, time that
 * stands still or steps back a little; MF_E_RANGE: rate beyond gyro_max_rad_s; both without change.
 * MF_E_TIMEOUT: the attitude was lost, over a gap, a step of time, or growth of the error. */
int mf_mekf_propagate(mf_mekf_t *state, const mf_mekf_params_t *params,
                      const float gyro_B_rad_s[3], uint64_t time_us);

/* 1 sigma of the worst body axis [rad]; -1 while not valid. */
float mf_mekf_sigma_rad(const mf_mekf_t *state);

#endif
