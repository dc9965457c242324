/* Voting over redundant units, and the angle between Sun and field as a check of both.
 *
 * Three or more units: median per axis; units further from it than the tolerance are outvoted, the
 * others averaged. Two units that agree are averaged; if not, the one nearer to a prediction (of
 * the filter) wins when it lies within the tolerance of it, otherwise there is no verdict. One unit
 * is taken as it is. Values in one common frame and unit. Mid-value selection after Broen 1975 (J.
 * of Dynamic Systems, Measurement, and Control 97, "New voters for redundant systems"). */
#ifndef MF_VOTE_H
#define MF_VOTE_H

#include <stdint.h>

#include "mf_status.h"

#define MF_VOTE_MOST 4

/* `values` holds 3 * count numbers; bit i of `available`: unit i may vote (others, and units that
 * are not finite, do not). `prediction` may be NULL. On MF_OK `voted` is the result and bit i of
 * `outvoted` says that unit i contradicts it. MF_E_NODEV: nobody to vote; MF_E_RANGE: two that
 * contradict each other without a judge, or no two of many that agree (outvoted: all of them);
 * MF_E_INVAL: count or tolerance out of range. `voted` is written on MF_OK only. */
int mf_vote(const float values[], int count, uint8_t available, float tolerance,
            const float *prediction, float voted[3], uint8_t *outvoted);

/* Difference [rad, >= 0] of the angle between two directions seen (B) and expected (N): zero for
 * any attitude when both sensors are right. -1 for directions that are zero or not finite. */
float mf_vote_angle_error_rad(const float sun_B[3], const float mag_B[3], const float sun_N[3],
                              const float mag_N[3]);

#endif
