/* Vectors of three and 3x3 matrices (row-major: m[3 * row + column]) for the
 * algorithms. Outputs may not overlap inputs unless said. Units and frames are the caller's.
 * Calls, not inline: they stand in so many places that copies of them would be a tenth of the
 * attitude code. */
#ifndef MF_VEC3_H
#define MF_VEC3_H

#include <stdbool.h>
#include <string.h>

#include "mf_math.h"

static inline void mf_v3_set(float out[3], float x, float y, float z)
{
    out[0] = x;
    out[1] = y;
    out[2] = z;
}

static inline void mf_v3_zero(float out[3])
{
    mf_v3_set(out, 0.0f, 0.0f, 0.0f);
}

static inline void mf_v3_copy(float out[3], const float a[3])
{
    memcpy(out, a, 3 * sizeof out[0]);
}

bool mf_within(float x, float lowest, float highest); /* NaN is not */

/* out may be a. */
void mf_v3_scale(float out[3], const float a[3], float factor);

/* out = a + factor * b; out may be a or b. */
void mf_v3_add_scaled(float out[3], const float a[3], const float b[3], float factor);

float mf_v3_dot(const float a[3], const float b[3]);
void mf_v3_cross(float out[3], const float a[3], const float b[3]);
float mf_v3_norm(const float a[3]);
bool mf_v3_finite(const float a[3]);
float mf_v3_angle_rad(const float a[3], const float b[3]); /* between them, any lengths; 0..pi */

/* Unit vector of a; false, and out untouched, for NaN, inf, zero and sizes whose square leaves
 * single precision (below 1e-15 or above 1e15 in any unit). out may be a. */
bool mf_v3_unit(float out[3], const float a[3]);

/* Scale `v` down to the size `limit`, direction kept; true when it was longer. */
bool mf_v3_limit(float v[3], float limit);

/* out = m v */
void mf_m3_apply(float out[3], const float m[9], const float v[3]);

/* out = m^T v */
void mf_m3_apply_transposed(float out[3], const float m[9], const float v[3]);

/* out = a b^T + c d^T */
void mf_m3_two_products(float out[9], const float a[9], const float b[9], const float c[9],
                        const float d[9]);

float mf_m3_determinant(const float m[9]);

/* Inverse by cofactors; false, and out untouched, when the determinant is no larger than
 * `smallest` times the product of the rows' sizes (rows nearly in one plane) or not finite. */
bool mf_m3_invert(float out[9], const float m[9], float smallest);

#endif
