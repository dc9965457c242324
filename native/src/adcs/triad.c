/* TRIAD: see mf_triad.h. */
#include "mf_triad.h"

#include "mf_quat.h"
#include "mf_vec3.h"

float mf_triad_frame(const float first[3], const float second[3], float rows[9])
{
    float normal[3];
    mf_v3_cross(normal, first, second);
    float sine = mf_v3_norm(normal);
    mf_v3_copy(&rows[0], first);
    mf_v3_scale(&rows[3], normal, 1.0f / sine);
    mf_v3_cross(&rows[6], &rows[0], &rows[3]);
    return sine;
}

void mf_triad_join(const float rows_B[9], const float rows_N[9], float dcm_BN[9])
{
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            *dcm_BN++ = rows_B[i] * rows_N[j] + rows_B[3 + i] * rows_N[3 + j] +
                        rows_B[6 + i] * rows_N[6 + j];
        }
    }
}

int mf_triad(const mf_triad_params_t *params, const float first_B[3], const float second_B[3],
             const float first_N[3], const float second_N[3], float q_BN[4])
{
    const float *given[4] = {first_B, second_B, first_N, second_N};
    float angle_rad = params->angle_min_rad, unit[4][3], rows_B[9], rows_N[9], dcm_BN[9];
    if (!(angle_rad >= 0.05f && angle_rad <= 1.5f)) {
        return MF_E_INVAL;
    }
    for (int i = 0; i < 4; i++) {
        if (!mf_v3_unit(unit[i], given[i])) {
            return MF_E_INVAL;
        }
    }
    float sine_min = mf_sinf(angle_rad);
    if (!(mf_triad_frame(unit[0], unit[1], rows_B) >= sine_min) ||
        !(mf_triad_frame(unit[2], unit[3], rows_N) >= sine_min)) {
        return MF_E_RANGE;
    }
    mf_triad_join(rows_B, rows_N, dcm_BN);
    return mf_quat_from_dcm(dcm_BN, q_BN);
}
