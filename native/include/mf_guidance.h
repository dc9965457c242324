/* Guidance: the attitude to be followed, its rate and the change of its rate.
 *
 * Source: Markley & Crassidis 2014, sections 2.6 and 7.1 (frames of reference); the rate of a frame
 * made of two moving directions by differentiation of its axes. `first_B` is laid exactly along a
 * first direction, `second_B` as near as possible to a second one:
 *
 *   target    first direction            second direction
 *   INERTIAL  the attitude q_RN of the parameters is taken as it is, at rest
 *   SUN       Sun                        celestial north (N z): never parallel, needs no orbit
 *   NADIR     centre of the Earth        velocity
 *   VELOCITY  velocity in N              centre of the Earth
 *   TARGET    point on the Earth         velocity
 *
 * Position and velocity of the spacecraft in N [m, m/s], the point in E (ITRF) [m] with dcm_EN of
 * the same time. Two-body motion and a uniform turn of the Earth carry the directions on for the
 * derivatives; the Sun stands still (2e-7 rad/s). Single precision limits directions to 1e-6 rad at
 * 500 km. The horizon of a point is that of its geocentric vertical (0.2 deg at most from the
 * geodetic one). Output is zero, and not to be followed, unless MF_OK is returned. */
#ifndef MF_GUIDANCE_H
#define MF_GUIDANCE_H

#include <stdint.h>

#include "mf_status.h"

#define MF_GUIDANCE_INERTIAL 0
#define MF_GUIDANCE_SUN 1
#define MF_GUIDANCE_NADIR 2
#define MF_GUIDANCE_VELOCITY 3
#define MF_GUIDANCE_TARGET 4

/* Why there is nothing to follow (MF_E_RANGE). */
#define MF_GUIDANCE_FINE 0
#define MF_GUIDANCE_BELOW_HORIZON 1 /* seen from the point, below elevation_min_rad */
#define MF_GUIDANCE_SINGULAR 2      /* the two directions are parallel */
#define MF_GUIDANCE_TOO_FAST 3      /* the frame turns faster than rate_max_rad_s */

typedef struct {
    uint8_t target;          /* MF_GUIDANCE_... */
    float first_B[3];        /* body axes, any length, not parallel */
    float second_B[3];
    float q_RN[4];           /* INERTIAL */
    float elevation_min_rad; /* TARGET; -0.1..1.5 */
    float rate_max_rad_s;    /* > 0 */
} mf_guidance_params_t;

typedef struct {
    float r_N_m[3];          /* size 6.4e6..5e7 but for INERTIAL and SUN */
    float v_N_m_s[3];        /* size 1e3..1.2e4 but for INERTIAL and SUN */
    float sun_N[3];          /* SUN; any length */
    float target_E_m[3];     /* TARGET; size 6.3e6..6.5e6 */
    float dcm_EN[9];         /* TARGET */
} mf_guidance_input_t;

typedef struct {
    float q_RN[4];
    float omega_RN_R_rad_s[3];
    float alpha_RN_R_rad_s2[3]; /* change of omega_RN_R, over the next second */
    uint8_t reason;             /* MF_GUIDANCE_FINE .. */
} mf_guidance_output_t;

/* MF_OK; MF_E_RANGE with a reason; MF_E_INVAL for input or parameters that are not finite or out of
 * range. */
int mf_guidance_update(const mf_guidance_params_t *params, const mf_guidance_input_t *input,
                       mf_guidance_output_t *output);

#endif
