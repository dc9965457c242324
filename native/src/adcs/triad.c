/* TRIAD: see mf_triad.h. */
#include "mf_triad.h"

#include "mf_quat.h"
#include "mf_vec3.h"

/* Rows: first, the normal of both, and their product. */
static int triad(const float first[3], const float second[3], float sine_min, float rows[9])
{
    float a[3], b[3];
    if (!mf_v3_unit(a, first) || !mf_v3_unit(b, second)) {
        return MF_E_INVAL;
    }
    float normal[3];
    mf_v3_cross(normal, a, b);
    float sine = mf_v3_norm(normal);
    if (!(sine >= sine_min)) {
        return MF_E_RANGE;
    }
    mf_v3_copy(&rows[0], a);
    mf_v3_scale(&rows[3], normal, 1.0f / sine);
    mf_v3_cross(&rows[6], &rows[0], &rows[3]);
    return MF_OK;
}

int mf_triad(const mf_triad_params_t *params, const float first_B[3], const float second_B[3],
             const float first_N[3], const float second_N[3], float q_BN[4])
{
    float angle_rad = params->angle_min_rad;
    if (!(angle_rad >= 0.05f && angle_rad <= 1.5f)) {
        return MF_E_INVAL;
    }
    float sine_min = mf_sinf(angle_rad);
    float rows_B[9], rows_N[9];
    int status = triad(first_B, second_B, sine_min, rows_B);
    if (status != MF_OK) {
        return status;
    }
    status = triad(first_N, second_N, sine_min, rows_N);
    if (status != MF_OK) {
        return status;
    }
    /* dcm_BN = sum of body column times inertial row. */
    float dcm_BN[9];
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            dcm_BN[3 * i + j] = rows_B[i] * rows_N[j] + rows_B[3 + i] * rows_N[3 + j]
                                + rows_B[6 + i] * rows_N[6 + j];
        }
    }
    return mf_quat_from_dcm(dcm_BN, q_BN);
}
