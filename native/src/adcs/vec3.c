/* Vectors and matrices of three: see mf_vec3.h. */
#include "mf_vec3.h"

bool mf_within(float x, float lowest, float highest)
{
    return x >= lowest && x <= highest;
}

void mf_v3_scale(float out[3], const float a[3], float factor)
{
    mf_v3_set(out, a[0] * factor, a[1] * factor, a[2] * factor);
}

void mf_v3_add_scaled(float out[3], const float a[3], const float b[3], float factor)
{
    mf_v3_set(out, a[0] + factor * b[0], a[1] + factor * b[1], a[2] + factor * b[2]);
}

float mf_v3_dot(const float a[3], const float b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

void mf_v3_cross(float out[3], const float a[3], const float b[3])
{
    mf_v3_set(out, a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
           a[0] * b[1] - a[1] * b[0]);
}

float mf_v3_norm(const float a[3])
{
    return mf_sqrtf(mf_v3_dot(a, a));
}

bool mf_v3_finite(const float a[3])
{
    return mf_finitef(a[0]) && mf_finitef(a[1]) && mf_finitef(a[2]);
}

float mf_v3_angle_rad(const float a[3], const float b[3])
{
    float across[3];
    mf_v3_cross(across, a, b);
    return mf_atan2f(mf_v3_norm(across), mf_v3_dot(a, b));
}

bool mf_v3_unit(float out[3], const float a[3])
{
    float size = mf_v3_norm(a);
    if (!(size > 1.0e-15f && size < 1.0e15f)) {
        return false;
    }
    mf_v3_scale(out, a, 1.0f / size);
    return true;
}

bool mf_v3_limit(float v[3], float limit)
{
    float size = mf_v3_norm(v);
    if (size <= limit) {
        return false;
    }
    mf_v3_scale(v, v, limit / size);
    return true;
}

void mf_m3_apply(float out[3], const float m[9], const float v[3])
{
    mf_v3_set(out, mf_v3_dot(&m[0], v), mf_v3_dot(&m[3], v), mf_v3_dot(&m[6], v));
}

void mf_m3_apply_transposed(float out[3], const float m[9], const float v[3])
{
    mf_v3_set(out, m[0] * v[0] + m[3] * v[1] + m[6] * v[2],
           m[1] * v[0] + m[4] * v[1] + m[7] * v[2], m[2] * v[0] + m[5] * v[1] + m[8] * v[2]);
}

void mf_m3_two_products(float out[9], const float a[9], const float b[9], const float c[9],
                        const float d[9])
{
    for (int row = 0; row < 9; row += 3) {
        const float *p = &a[row], *q = &c[row];
        for (int column = 0; column < 9; column += 3) {
            const float *u = &b[column], *v = &d[column];
            *out++ = p[0] * u[0] + p[1] * u[1] + p[2] * u[2] + q[0] * v[0] + q[1] * v[1] +
                     q[2] * v[2];
        }
    }
}

float mf_m3_determinant(const float m[9])
{
    float c[3];
    mf_v3_cross(c, &m[3], &m[6]);
    return mf_v3_dot(&m[0], c);
}

bool mf_m3_invert(float out[9], const float m[9], float smallest)
{
    float c0[3], c1[3], c2[3];
    mf_v3_cross(c0, &m[3], &m[6]);
    mf_v3_cross(c1, &m[6], &m[0]);
    mf_v3_cross(c2, &m[0], &m[3]);
    float determinant = mf_v3_dot(&m[0], c0);
    float sizes = mf_v3_norm(&m[0]) * mf_v3_norm(&m[3]) * mf_v3_norm(&m[6]);
    if (!(mf_fabsf(determinant) > smallest * sizes) || !mf_finitef(sizes)) {
        return false;
    }
    float inverse = 1.0f / determinant;
    if (!mf_finitef(inverse)) {
        return false;
    }
    for (int i = 0; i < 3; i++) {
        out[3 * i] = c0[i] * inverse;
        out[3 * i + 1] = c1[i] * inverse;
        out[3 * i + 2] = c2[i] * inverse;
    }
    return true;
}
