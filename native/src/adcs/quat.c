/* Quaternions: see mf_quat.h for the convention. */
#include "mf_quat.h"

#include "mf_vec3.h"

#define ORTHONORMAL_TOLERANCE 1.0e-3f

int mf_quat_normalize(float q_BN[4])
{
    float size = mf_sqrtf(mf_v3_dot(q_BN, q_BN) + q_BN[3] * q_BN[3]);
    if (!(size >= 0.01f && size <= 100.0f)) {
        return MF_E_INVAL;
    }
    float inverse = 1.0f / size;
    for (int i = 0; i < 4; i++) {
        q_BN[i] *= inverse;
    }
    return MF_OK;
}

void mf_quat_multiply(const float q_CB[4], const float q_BA[4], float q_CA[4])
{
    float turn[3];
    mf_v3_cross(turn, q_CB, q_BA);
    for (int i = 0; i < 3; i++) {
        q_CA[i] = q_CB[3] * q_BA[i] + q_BA[3] * q_CB[i] - turn[i];
    }
    q_CA[3] = q_CB[3] * q_BA[3] - mf_v3_dot(q_CB, q_BA);
}

void mf_quat_invert(const float q_BN[4], float q_NB[4])
{
    mf_v3_scale(q_NB, q_BN, -1.0f);
    q_NB[3] = q_BN[3];
}

void mf_quat_to_dcm(const float q_BN[4], float dcm_BN[9])
{
    float x = q_BN[0], y = q_BN[1], z = q_BN[2], w = q_BN[3];
    dcm_BN[0] = 1.0f - 2.0f * (y * y + z * z);
    dcm_BN[1] = 2.0f * (x * y + z * w);
    dcm_BN[2] = 2.0f * (x * z - y * w);
    dcm_BN[3] = 2.0f * (x * y - z * w);
    dcm_BN[4] = 1.0f - 2.0f * (x * x + z * z);
    dcm_BN[5] = 2.0f * (y * z + x * w);
    dcm_BN[6] = 2.0f * (x * z + y * w);
    dcm_BN[7] = 2.0f * (y * z - x * w);
    dcm_BN[8] = 1.0f - 2.0f * (x * x + y * y);
}

/* Orthonormal rows and right-handed; written so that NaN fails. */
static bool is_rotation(const float m[9])
{
    for (int i = 0; i < 3; i++) {
        const float *next = &m[3 * ((i + 1) % 3)];
        if (!(mf_fabsf(mf_v3_dot(&m[3 * i], &m[3 * i]) - 1.0f) < ORTHONORMAL_TOLERANCE)
            || !(mf_fabsf(mf_v3_dot(&m[3 * i], next)) < ORTHONORMAL_TOLERANCE)) {
            return false;
        }
    }
    return mf_m3_determinant(m) > 0.0f;
}

int mf_quat_from_dcm(const float dcm_BN[9], float q_BN[4])
{
    const float *m = dcm_BN;
    if (!is_rotation(m)) {
        return MF_E_INVAL;
    }
    /* Start from the largest of the four components (Shepperd 1978): no small divisor. */
    float trace = m[0] + m[4] + m[8];
    float q[4];
    if (trace >= m[0] && trace >= m[4] && trace >= m[8]) {
        q[0] = m[5] - m[7];
        q[1] = m[6] - m[2];
        q[2] = m[1] - m[3];
        q[3] = 1.0f + trace;
    } else {
        int i = (m[0] >= m[4] && m[0] >= m[8]) ? 0 : (m[4] >= m[8] ? 1 : 2);
        int j = (i + 1) % 3, k = (i + 2) % 3;
        q[i] = 1.0f + 2.0f * m[4 * i] - trace;
        q[j] = m[3 * i + j] + m[3 * j + i];
        q[k] = m[3 * i + k] + m[3 * k + i];
        q[3] = m[3 * j + k] - m[3 * k + j];
    }
    float size = mf_sqrtf(mf_v3_dot(q, q) + q[3] * q[3]);
    float inverse = (q[3] < 0.0f ? -1.0f : 1.0f) / size;
    for (int i = 0; i < 4; i++) {
        q_BN[i] = q[i] * inverse;
    }
    return MF_OK;
}

void mf_quat_apply(const float q_BN[4], const float v_N[3], float v_B[3])
{
    /* v - 2 w (u x v) + 2 u x (u x v) */
    float once[3], twice[3];
    mf_v3_cross(once, q_BN, v_N);
    mf_v3_cross(twice, q_BN, once);
    for (int i = 0; i < 3; i++) {
        v_B[i] = v_N[i] + 2.0f * (twice[i] - q_BN[3] * once[i]);
    }
}

void mf_quat_apply_inverse(const float q_BN[4], const float v_B[3], float v_N[3])
{
    float once[3], twice[3];
    mf_v3_cross(once, q_BN, v_B);
    mf_v3_cross(twice, q_BN, once);
    for (int i = 0; i < 3; i++) {
        v_N[i] = v_B[i] + 2.0f * (twice[i] + q_BN[3] * once[i]);
    }
}

int mf_quat_from_rotation_vector(const float theta_rad[3], float q_BN[4])
{
    float angle_rad = mf_v3_norm(theta_rad);
    if (!(angle_rad <= 1000.0f)) {
        return MF_E_INVAL;
    }
    /* sin(t/2)/t and cos(t/2): series below 0.02 rad, where t^4/3840 is below the last digit. */
    float factor = 0.5f - angle_rad * angle_rad * (1.0f / 48.0f);
    q_BN[3] = 1.0f - angle_rad * angle_rad * 0.125f;
    if (angle_rad >= 0.02f) {
        factor = mf_sinf(0.5f * angle_rad) / angle_rad;
        q_BN[3] = mf_cosf(0.5f * angle_rad);
    }
    mf_v3_scale(q_BN, theta_rad, factor);
    return MF_OK;
}

float mf_quat_angle(const float q_BN[4])
{
    return 2.0f * mf_atan2f(mf_v3_norm(q_BN), mf_fabsf(q_BN[3]));
}

void mf_quat_to_rotation_vector(const float q_BN[4], float theta_rad[3])
{
    float sine = mf_v3_norm(q_BN);
    float factor = q_BN[3] < 0.0f ? -2.0f : 2.0f;
    if (sine > 1.0e-4f) {
        factor *= mf_atan2f(sine, mf_fabsf(q_BN[3])) / sine;
    }
    mf_v3_scale(theta_rad, q_BN, factor);
}
