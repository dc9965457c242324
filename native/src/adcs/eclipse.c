/* Shadow of the Earth: see mf_eclipse.h. */
#include "mf_eclipse.h"

#include "mf_math.h"
#include "mf_vec3.h"

#define EARTH_RADIUS_M 6.378137e6f
#define SUN_RADIUS_M 6.957e8f

int mf_eclipse_update(const float r_N_m[3], const float sun_N[3], float distance_m, float *share)
{
    float radius = mf_v3_norm(r_N_m);
    float sun[3];
    if (!(radius >= 6.3e6f && radius <= 1.0e8f) ||
        !(distance_m >= 1.4e11f && distance_m <= 1.6e11f) || !mf_v3_unit(sun, sun_N)) {
        return MF_E_RANGE;
    }
    /* Angle at the spacecraft between the centres of Earth and Sun, from sine and cosine. */
    float to_sun[3];
    float normal[3];
    mf_v3_add_scaled(to_sun, sun, r_N_m, -1.0f / distance_m);
    mf_v3_cross(normal, r_N_m, to_sun);
    float apart = mf_atan2f(mf_v3_norm(normal), -mf_v3_dot(r_N_m, to_sun));
    /* Angle of a limb whose distance is a leg of the triangle; on the ground half the sky. */
    float limb_m2 = radius * radius - EARTH_RADIUS_M * EARTH_RADIUS_M;
    float earth = mf_atan2f(EARTH_RADIUS_M, limb_m2 > 0.0f ? mf_sqrtf(limb_m2) : 0.0f);
    float disc = SUN_RADIUS_M / distance_m;
    /* Height of the Sun's centre over the limb, in radii of the disc. */
    float height = (apart - earth) / disc;
    if (height >= 1.0f) {
        *share = 1.0f;
    } else if (height <= -1.0f) {
        *share = 0.0f;
    } else {
        float chord = mf_sqrtf(1.0f - height * height);
        float hidden = mf_atan2f(chord, height) - height * chord;
        *share = 1.0f - hidden * (1.0f / MF_PI_F);
    }
    return MF_OK;
}
