/* Raster around a target: see mf_raster.h. */
#include "mf_raster.h"

#include "mf_quat.h"
#include "mf_vec3.h"

#define SPAN_MAX_RAD 0.5f

/* Displacement of point `index` of `count` from the middle. */
static float offset(uint32_t index, uint32_t count, float step_rad)
{
    return ((float)index - 0.5f * (float)(count - 1u)) * step_rad;
}

int mf_raster_apply(const mf_raster_params_t *params, const float first_B[3],
                    const float second_B[3], uint32_t elapsed_ms, mf_guidance_output_t *guided)
{
    uint32_t columns = params->columns, rows = params->rows;
    float first[3], second[3], row_axis[3], column_axis[3];
    if (columns < 1 || columns > 1000 || rows < 1 || rows > 1000 || params->dwell_ms < 1
        || !(params->step_rad >= 1.0e-6f && params->step_rad <= 0.5f)
        || params->step_rad * (float)(columns > rows ? columns - 1u : rows - 1u)
               > 2.0f * SPAN_MAX_RAD
        || !mf_v3_unit(first, first_B) || !mf_v3_unit(second, second_B)) {
        return MF_E_INVAL;
    }
    mf_v3_cross(row_axis, first, second);
    if (!mf_v3_unit(row_axis, row_axis)) {
        return MF_E_INVAL;
    }
    mf_v3_cross(column_axis, first, row_axis);
    uint32_t point = elapsed_ms / params->dwell_ms;
    int done = point >= columns * rows;
    if (done) {
        point = columns * rows - 1u;
    }
    uint32_t row = point / columns, column = point % columns;
    if (row % 2u == 1u) {
        column = columns - 1u - column;
    }
    /* Turning by first x d moves the line of sight by d. */
    float move[3], theta_rad[3], turn[4], q[4], omega[3], alpha[3];
    mf_v3_scale(move, column_axis, offset(column, columns, params->step_rad));
    mf_v3_add_scaled(move, move, row_axis, offset(row, rows, params->step_rad));
    mf_v3_cross(theta_rad, first, move);
    if (mf_quat_from_rotation_vector(theta_rad, turn) != MF_OK) {
        return MF_E_INVAL;
    }
    mf_quat_multiply(turn, guided->q_RN, q);
    mf_quat_apply(turn, guided->omega_RN_R_rad_s, omega);
    mf_quat_apply(turn, guided->alpha_RN_R_rad_s2, alpha);
    if (mf_quat_normalize(q) != MF_OK || !mf_v3_finite(omega) || !mf_v3_finite(alpha)) {
        return MF_E_INVAL;
    }
    for (int i = 0; i < 4; i++) {
        guided->q_RN[i] = q[i];
    }
    mf_v3_copy(guided->omega_RN_R_rad_s, omega);
    mf_v3_copy(guided->alpha_RN_R_rad_s2, alpha);
    return done ? 1 : MF_OK;
}
