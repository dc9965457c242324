/* QUEST: see mf_quest.h. */
#include "mf_quest.h"

#include <float.h>
#include <string.h>

#include "mf_quat.h"
#include "mf_vec3.h"

#define NEWTON_STEPS 8
#define REFINING_STEPS 2

/* A direction of unit length in both frames, with its weight. */
typedef struct {
    float seen_B[3], reference_N[3], weight;
} pair_t;

/* Attitude profile matrix sum w b r^T, weights of sum 1; false for bad input. */
static bool profile(const mf_quest_direction_t directions[], int count, pair_t pairs[],
                    float out[9])
{
    float total = 0.0f;
    memset(out, 0, 9 * sizeof out[0]);
    for (int n = 0; n < count; n++) {
        pair_t *pair = &pairs[n];
        float sigma_rad = directions[n].sigma_rad;
        if (!mf_v3_unit(pair->seen_B, directions[n].direction_B) ||
            !mf_v3_unit(pair->reference_N, directions[n].direction_N) ||
            !mf_within(sigma_rad, 1.0e-5f, 1.0f)) {
            return false;
        }
        pair->weight = 1.0f / (sigma_rad * sigma_rad);
        total += pair->weight;
        for (int i = 0; i < 3; i++) {
            mf_v3_add_scaled(&out[3 * i], &out[3 * i], pair->reference_N,
                             pair->weight * pair->seen_B[i]);
        }
    }
    for (int i = 0; i < 9; i++) {
        out[i] /= total;
    }
    return true;
}

/* Axis (0..2) of the half turn of N that leaves the smallest rotation, or 3 for none: the one with
 * the largest trace. The columns of the profile matrix are turned with it. */
static int sequential_rotation(float b[9])
{
    float trace = b[0] + b[4] + b[8];
    float best = trace;
    int axis = 3;
    for (int i = 0; i < 3; i++) {
        float turned = 2.0f * b[4 * i] - trace;
        if (turned > best) {
            best = turned;
            axis = i;
        }
    }
    for (int i = 0; axis < 3 && i < 9; i++) {
        if (i % 3 != axis) {
            b[i] = -b[i];
        }
    }
    return axis;
}

/* Eigenvector of the largest eigenvalue of Davenport's matrix, by its characteristic polynomial. */
static int solve(const float b[9], float q[4])
{
    float s[9], z[3] = {b[5] - b[7], b[6] - b[2], b[1] - b[3]};
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            s[3 * i + j] = b[3 * i + j] + b[3 * j + i];
        }
    }
    float sigma = b[0] + b[4] + b[8];
    float kappa = s[4] * s[8] - s[5] * s[7] + s[0] * s[8] - s[2] * s[6] + s[0] * s[4]
                  - s[1] * s[3];
    float delta = mf_m3_determinant(s);
    float sz[3], ssz[3];
    mf_m3_apply(sz, s, z);
    mf_m3_apply(ssz, s, sz);
    float a0 = sigma * sigma - kappa;
    float b0 = sigma * sigma + mf_v3_dot(z, z);
    float c0 = delta + mf_v3_dot(z, sz);
    float constant = a0 * b0 + c0 * sigma - mf_v3_dot(sz, sz);
    float lambda = 1.0f;
    for (int i = 0; i < NEWTON_STEPS; i++) {
        float square = lambda * lambda;
        float value = (square - a0 - b0) * square - c0 * lambda + constant;
        float slope = 4.0f * square * lambda - 2.0f * (a0 + b0) * lambda - c0;
        if (!(slope > 1.0e-6f)) {
            break; /* two eigenvalues meet: the covariance will say so */
        }
        lambda -= value / slope;
    }
    float alpha = lambda * lambda - sigma * sigma + kappa;
    float beta = lambda - sigma;
    for (int i = 0; i < 3; i++) {
        q[i] = alpha * z[i] + beta * sz[i] + ssz[i];
    }
    q[3] = (lambda + sigma) * alpha - delta;
    float size = mf_sqrtf(mf_v3_dot(q, q) + q[3] * q[3]);
    if (!(size > 1.0e-7f && size < 1.0e3f)) {
        return MF_E_RANGE;
    }
    for (int i = 0; i < 4; i++) {
        q[i] /= size;
    }
    return MF_OK;
}

/* Covariance, the rotation vector of one Gauss-Newton step from q_BN, and the loss before it. */
static bool step(const pair_t pairs[], int count, const float q_BN[4], float covariance[9],
                 float theta_B_rad[3], float *chi2)
{
    float information[9] = {0.0f}, moment[3] = {0.0f};
    *chi2 = 0.0f;
    for (int n = 0; n < count; n++) {
        float expected[3], turn[3], weight = pairs[n].weight;
        mf_quat_apply(q_BN, pairs[n].reference_N, expected);
        mf_v3_cross(turn, pairs[n].seen_B, expected);
        mf_v3_add_scaled(moment, moment, turn, weight);
        for (int i = 0; i < 3; i++) {
            mf_v3_add_scaled(&information[3 * i], &information[3 * i], expected,
                             -weight * expected[i]);
            information[4 * i] += weight;
        }
        mf_v3_add_scaled(expected, expected, pairs[n].seen_B, -1.0f);
        *chi2 += weight * mf_v3_dot(expected, expected);
    }
    if (!mf_m3_invert(covariance, information, 1.0e-6f)) {
        return false;
    }
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < i; j++) {
            covariance[3 * i + j] = covariance[3 * j + i];
        }
    }
    mf_m3_apply(theta_B_rad, covariance, moment);
    return true;
}

int mf_quest(const mf_quest_params_t *params, const mf_quest_direction_t directions[], int count,
             mf_quest_result_t *result)
{
    if (count < 2 || count > MF_QUEST_MOST
        || !mf_within(params->sigma_max_rad, 0.001f, 1.0f)) {
        return MF_E_INVAL;
    }
    mf_quest_result_t found;
    pair_t pairs[MF_QUEST_MOST];
    float b[9], q[4];
    if (!profile(directions, count, pairs, b)) {
        return MF_E_INVAL;
    }
    int axis = sequential_rotation(b);
    int status = solve(b, q);
    if (status != MF_OK) {
        return status;
    }
    float half_turn[4] = {0.0f, 0.0f, 0.0f, axis == 3 ? 1.0f : 0.0f};
    if (axis < 3) {
        half_turn[axis] = 1.0f;
    }
    mf_quat_multiply(q, half_turn, found.q_BN);
    for (int i = 0; i <= REFINING_STEPS; i++) {
        float theta_B_rad[3], turn[4], refined[4];
        if (!step(pairs, count, found.q_BN, found.covariance_B_rad2, theta_B_rad, &found.chi2)
            || mf_quat_from_rotation_vector(theta_B_rad, turn) != MF_OK) {
            return MF_E_RANGE;
        }
        if (i == REFINING_STEPS) {
            break; /* this pass was for covariance and loss at the solution */
        }
        mf_quat_multiply(turn, found.q_BN, refined);
        if (mf_quat_normalize(refined) != MF_OK) {
            return MF_E_RANGE;
        }
        memcpy(found.q_BN, refined, sizeof refined);
    }
    float limit = params->sigma_max_rad * params->sigma_max_rad;
    for (int i = 0; i < 3; i++) {
        if (!mf_within(found.covariance_B_rad2[4 * i], FLT_MIN, limit)) {
            return MF_E_RANGE;
        }
    }
    *result = found;
    return MF_OK;
}
