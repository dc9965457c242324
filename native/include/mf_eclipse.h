/* Shadow of the Earth: the visible share of the Sun's disc, conical, spherical Earth.
 *
 * Source: Montenbruck & Gill, Satellite Orbits, section 3.4.2, with the limb of the Earth taken as
 * a straight line across the Sun's disc: seen from orbit it is 50 to 250 times as wide. Frame: any
 * inertial one, both vectors in the same. Without refraction, and without flattening, which moves
 * an edge by up to 3 s in low orbit. Edges within 0.1 s of the two-disc formula for the same
 * sphere below 2000 km; share within 1e-3. */
#ifndef MF_ECLIPSE_H
#define MF_ECLIPSE_H

#include "mf_status.h"

/* Visible share: 1 in sunlight, 0 in the umbra. r_N_m: spacecraft from the Earth's centre [m];
 * sun_N: direction of the Sun from the Earth's centre (need not be of unit length); distance_m:
 * Sun from the Earth [m]. 0; MF_E_RANGE: not finite, radius outside 6.3e6..1e8 m, no direction, or
 * a distance outside 1.4e11..1.6e11 m; `share` unchanged. */
int mf_eclipse_update(const float r_N_m[3], const float sun_N[3], float distance_m, float *share);

#endif
