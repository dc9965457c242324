/* Torque rods: see mf_rods.h. */
#include "mf_rods.h"

#include "mf_vec3.h"

#define FIELD_MIN_T 5.0e-6f
#define FIELD_MAX_T 100.0e-6f
/* A lost rod is replaced when the field has at least this share of itself along it; the dipole of
 * the others grows by up to its inverse. */
#define SHARE_MIN 0.2f

int mf_rods_for_torque(const float mag_B_T[3], const float torque_B_N_m[3],
                       float dipole_B_A_m2[3])
{
    mf_v3_zero(dipole_B_A_m2);
    float field_T = mf_v3_norm(mag_B_T);
    if (!(field_T >= FIELD_MIN_T && field_T <= FIELD_MAX_T)) {
        return MF_E_RANGE;
    }
    if (!(mf_v3_norm(torque_B_N_m) < 1.0e6f)) {
        return MF_E_INVAL;
    }
    /* Two divisions by |B|: its square is small for single precision. */
    float direction[3], across[3];
    mf_v3_scale(direction, mag_B_T, 1.0f / field_T);
    mf_v3_cross(across, direction, torque_B_N_m);
    mf_v3_scale(dipole_B_A_m2, across, 1.0f / field_T);
    return MF_OK;
}

/* Shift the shares along the field's so that those of lost rods vanish; false when that fails. */
static bool replace(const float inverse[9], const float mag_B_T[3], uint8_t available,
                    float share[3])
{
    float along[3], direction[3], shift = 0.0f;
    int lost = 0;
    bool known = mf_v3_unit(direction, mag_B_T);
    bool whole = true;
    if (known) {
        mf_m3_apply_transposed(along, inverse, direction);
    }
    for (int i = 0; i < MF_RODS_COUNT; i++) {
        if ((available >> i & 1u) == 0) {
            lost++;
            whole = known && mf_fabsf(along[i]) >= SHARE_MIN;
            shift = whole ? -share[i] / along[i] : 0.0f;
        }
    }
    if (lost == 1 && whole) {
        mf_v3_add_scaled(share, share, along, shift);
    }
    for (int i = 0; i < MF_RODS_COUNT; i++) {
        if ((available >> i & 1u) == 0) {
            share[i] = 0.0f;
        }
    }
    return lost == 0 || (lost == 1 && whole);
}

int mf_rods_allocate(const mf_rods_params_t *params, const float dipole_B_A_m2[3],
                     const float mag_B_T[3], uint8_t available, mf_rods_output_t *output)
{
    *output = (mf_rods_output_t){{0.0f}, {0.0f}};
    float axes[9], inverse[9], wanted[3], share[3];
    for (int i = 0; i < MF_RODS_COUNT; i++) {
        if (!mf_v3_unit(&axes[3 * i], params->axis_B[i]) || !(params->dipole_max_A_m2[i] >= 0.0f)
            || !mf_finitef(params->dipole_max_A_m2[i])) {
            return MF_E_INVAL;
        }
    }
    mf_v3_add_scaled(wanted, dipole_B_A_m2, params->residual_B_A_m2, -1.0f);
    if (!(mf_v3_norm(wanted) < 1.0e6f) || !mf_v3_finite(mag_B_T)
        || !mf_m3_invert(inverse, axes, 0.1f)) {
        return MF_E_INVAL;
    }
    /* wanted = axes^T share, the rows of `axes` being the rods. */
    mf_m3_apply_transposed(share, inverse, wanted);
    bool whole = replace(inverse, mag_B_T, available, share);
    float scale = 1.0f;
    for (int i = 0; i < MF_RODS_COUNT; i++) {
        float size = mf_fabsf(share[i]);
        if (size * scale > params->dipole_max_A_m2[i]) {
            scale = params->dipole_max_A_m2[i] / size;
        }
    }
    for (int i = 0; i < MF_RODS_COUNT; i++) {
        output->rod_A_m2[i] = share[i] * scale;
        mf_v3_add_scaled(output->dipole_B_A_m2, output->dipole_B_A_m2, &axes[3 * i],
                         output->rod_A_m2[i]);
    }
    return whole && scale == 1.0f ? MF_OK : 1;
}
