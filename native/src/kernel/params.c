/* Parameters of the loop: one table from the index to the place in mf_adcs_params_t. A parameter
 * that stands in several places (the inertia, the limit of the dipole) has a row for each. */
#include <stddef.h>

#include "mf_kernel_state.h"

enum kind {
    KIND_FLOAT,
    KIND_INT16,       /* the same unit */
    KIND_UINT32,
    KIND_MS_INT16,    /* parameter in s, place in ms */
    KIND_MS_UINT16,
    KIND_MS_UINT32,
    KIND_HEARTBEAT,   /* not of the loop: mf_kernel_t.heartbeat_limit_ms */
};

typedef struct {
    uint8_t index, kind;
    uint16_t offset;
    float lowest, highest;
} row_t;

#define AT(member) offsetof(mf_adcs_params_t, member)
#define FLOAT(index, member, lowest, highest) {index, KIND_FLOAT, AT(member), lowest, highest}
#define MS32(index, member, lowest, highest) {index, KIND_MS_UINT32, AT(member), lowest, highest}
#define MS16(index, member, lowest, highest) {index, KIND_MS_UINT16, AT(member), lowest, highest}
#define ALL_INERTIA(index, element, lowest)                                                        \
    FLOAT(index, sunsafe.inertia_B_kg_m2[element], lowest, 10.0f),                                 \
        FLOAT(index, control.inertia_B_kg_m2[element], lowest, 10.0f),                             \
        FLOAT(index, magpoint.control.inertia_B_kg_m2[element], lowest, 10.0f)

static const row_t rows[] = {
    FLOAT(MF_PARAM_BDOT_GAIN_N_M_S, bdot.gain_N_m_s, 0.0f, 1.0f),
    FLOAT(MF_PARAM_DIPOLE_MAX_A_M2, bdot.dipole_max_A_m2, 0.0f, 10.0f),
    FLOAT(MF_PARAM_DIPOLE_MAX_A_M2, damping.dipole_max_A_m2, 0.0f, 10.0f),
    FLOAT(MF_PARAM_DIPOLE_MAX_A_M2, sunsafe.dipole_max_A_m2, 0.0f, 10.0f),
    FLOAT(MF_PARAM_DIPOLE_MAX_A_M2, momentum.dipole_max_A_m2, 0.0f, 10.0f),
    FLOAT(MF_PARAM_DIPOLE_MAX_A_M2, magpoint.dipole_max_A_m2, 0.0f, 10.0f),
    FLOAT(MF_PARAM_RATE_LOW_RAD_S, rate_low_rad_s, 0.0f, 1.0f),
    MS32(MF_PARAM_DETUMBLED_HOLD_S, detumbled_ms, 0.0f, 3600.0f),
    {MF_PARAM_HEARTBEAT_LIMIT_S, KIND_HEARTBEAT, 0, 1.0f, 600.0f},
    FLOAT(MF_PARAM_ROD_DIPOLE_A_M2, rods.dipole_max_A_m2[0], 0.001f, 10.0f),
    FLOAT(MF_PARAM_ROD_DIPOLE_A_M2, rods.dipole_max_A_m2[1], 0.001f, 10.0f),
    FLOAT(MF_PARAM_ROD_DIPOLE_A_M2, rods.dipole_max_A_m2[2], 0.001f, 10.0f),
    FLOAT(MF_PARAM_DAMPING_GAIN_N_M_S, damping.gain_N_m_s, 0.0f, 1.0f),
    ALL_INERTIA(MF_PARAM_INERTIA_XX_KG_M2, 0, 1.0e-4f),
    ALL_INERTIA(MF_PARAM_INERTIA_YY_KG_M2, 4, 1.0e-4f),
    ALL_INERTIA(MF_PARAM_INERTIA_ZZ_KG_M2, 8, 1.0e-4f),
    ALL_INERTIA(MF_PARAM_INERTIA_XY_KG_M2, 1, -10.0f),
    ALL_INERTIA(MF_PARAM_INERTIA_XY_KG_M2, 3, -10.0f),
    ALL_INERTIA(MF_PARAM_INERTIA_XZ_KG_M2, 2, -10.0f),
    ALL_INERTIA(MF_PARAM_INERTIA_XZ_KG_M2, 6, -10.0f),
    ALL_INERTIA(MF_PARAM_INERTIA_YZ_KG_M2, 5, -10.0f),
    ALL_INERTIA(MF_PARAM_INERTIA_YZ_KG_M2, 7, -10.0f),
    FLOAT(MF_PARAM_RATE_HIGH_RAD_S, rate_high_rad_s, 0.001f, 10.0f),
    MS32(MF_PARAM_RATE_HIGH_HOLD_S, rate_high_ms, 0.0f, 3600.0f),
    MS32(MF_PARAM_ATTITUDE_WAIT_S, attitude_wait_ms, 0.0f, 16000.0f),
    FLOAT(MF_PARAM_ON_TARGET_RAD, on_target_rad, 0.0f, 3.1f),
    FLOAT(MF_PARAM_MAG_1_BIAS_X_T, bias_mag_S_T[0][0], -1.0e-3f, 1.0e-3f),
    FLOAT(MF_PARAM_MAG_1_BIAS_Y_T, bias_mag_S_T[0][1], -1.0e-3f, 1.0e-3f),
    FLOAT(MF_PARAM_MAG_1_BIAS_Z_T, bias_mag_S_T[0][2], -1.0e-3f, 1.0e-3f),
    FLOAT(MF_PARAM_MAG_2_BIAS_X_T, bias_mag_S_T[1][0], -1.0e-3f, 1.0e-3f),
    FLOAT(MF_PARAM_MAG_2_BIAS_Y_T, bias_mag_S_T[1][1], -1.0e-3f, 1.0e-3f),
    FLOAT(MF_PARAM_MAG_2_BIAS_Z_T, bias_mag_S_T[1][2], -1.0e-3f, 1.0e-3f),
    FLOAT(MF_PARAM_MAGCAL_SIGMA_T, magcal.sigma_T, 1.0e-9f, 1.0e-5f),
    FLOAT(MF_PARAM_MAGCAL_BIAS_SIGMA_T, magcal.bias_sigma_T, 1.0e-7f, 4.0e-5f),
    FLOAT(MF_PARAM_MAGCAL_SCALE_SIGMA, magcal.scale_sigma, 1.0e-4f, 0.2f),
    FLOAT(MF_PARAM_MAGCAL_WALK, magcal.walk, 0.0f, 0.01f),
    FLOAT(MF_PARAM_MAGCAL_GATE_SIGMA, magcal.gate_sigma, 3.0f, 100.0f),
    FLOAT(MF_PARAM_MAGCAL_APPLY_SIGMA_T, magcal_sigma_T, 1.0e-9f, 1.0e-5f),
    FLOAT(MF_PARAM_CSS_FULL_V, css.arm_V, 0.1f, 10.0f),
    FLOAT(MF_PARAM_CSS_DARK_V, css.dark_V, 0.0f, 10.0f),
    FLOAT(MF_PARAM_SIGMA_MAG_T, sigma_mag_T, 1.0e-9f, 1.0e-4f),
    FLOAT(MF_PARAM_SIGMA_FSS_RAD, sigma_fss_rad, 1.0e-5f, 1.0f),
    FLOAT(MF_PARAM_SIGMA_CSS_RAD, sigma_css_rad, 1.0e-5f, 1.0f),
    FLOAT(MF_PARAM_SIGMA_TRACKER_X_RAD, sigma_tracker_B_rad[0], 1.0e-6f, 1.0f),
    FLOAT(MF_PARAM_SIGMA_TRACKER_Y_RAD, sigma_tracker_B_rad[1], 1.0e-6f, 1.0f),
    FLOAT(MF_PARAM_SIGMA_TRACKER_Z_RAD, sigma_tracker_B_rad[2], 1.0e-6f, 1.0f),
    FLOAT(MF_PARAM_MAG_MODEL_T, mag_model_T, 1.0e-8f, 1.0e-3f),
    FLOAT(MF_PARAM_MAG_ANGLE_RAD, mag_angle_rad, 0.001f, 3.1f),
    FLOAT(MF_PARAM_SUN_ANGLE_RAD, sun_angle_rad, 0.001f, 3.1f),
    FLOAT(MF_PARAM_GYRO_FIELD_RAD_S, gyro_field_rad_s, 1.0e-4f, 10.0f),
    FLOAT(MF_PARAM_GYRO_MAX_RAD_S, gyro_max_rad_s, 0.01f, 40.0f),
    FLOAT(MF_PARAM_GYRO_MAX_RAD_S, mekf.gyro_max_rad_s, 0.01f, 40.0f),
    FLOAT(MF_PARAM_GYRO_MAX_RAD_S, damping.omega_max_rad_s, 0.01f, 40.0f),
    MS16(MF_PARAM_SILENT_S, silent_ms, 0.1f, 60.0f),
    MS16(MF_PARAM_SUSPECT_S, suspect_ms, 0.1f, 60.0f),
    MS32(MF_PARAM_READMIT_S, readmit_ms, 1.0f, 16000.0f),
    {MF_PARAM_TAI_UTC_S, KIND_INT16, AT(time.tai_utc_s), 0.0f, 100.0f},
    {MF_PARAM_UT1_UTC_S, KIND_MS_INT16, AT(time.ut1_utc_ms), -1.0f, 1.0f},
    {MF_PARAM_TLE_AGE_MAX_S, KIND_UINT32, AT(sgp4.age_max_s), 0.0f, 8640000.0f},
    {MF_PARAM_TLE_AHEAD_MAX_S, KIND_UINT32, AT(sgp4.ahead_max_s), 0.0f, 8640000.0f},
    MS32(MF_PARAM_GNSS_COAST_S, gnss_coast_ms, 0.0f, 16000.0f),
    FLOAT(MF_PARAM_MEKF_ARW_RAD_SQRT_S, mekf.arw_rad_sqrt_s, 1.0e-8f, 0.1f),
    FLOAT(MF_PARAM_MEKF_RRW_RAD_S_SQRT_S, mekf.rrw_rad_s_sqrt_s, 0.0f, 0.01f),
    FLOAT(MF_PARAM_MEKF_BIAS_MAX_RAD_S, mekf.bias_max_rad_s, 1.0e-5f, 1.0f),
    FLOAT(MF_PARAM_MEKF_BIAS_SIGMA_RAD_S, mekf.bias_sigma_rad_s, 1.0e-7f, 1.0f),
    FLOAT(MF_PARAM_MEKF_COAST_RATE_RAD_S, mekf.coast_rate_rad_s, 0.0f, 1.0f),
    MS32(MF_PARAM_MEKF_STEP_MAX_S, mekf.step_max_ms, 0.001f, 5.0f),
    MS32(MF_PARAM_MEKF_GAP_MAX_S, mekf.gap_max_ms, 5.0f, 60.0f),
    MS32(MF_PARAM_MEKF_AGE_MAX_S, mekf.age_max_ms, 0.0f, 5.0f),
    FLOAT(MF_PARAM_MEKF_GATE_TWO, mekf.gate_two, 4.0f, 100.0f),
    FLOAT(MF_PARAM_MEKF_GATE_THREE, mekf.gate_three, 4.0f, 100.0f),
    MS32(MF_PARAM_MEKF_REOPEN_S, mekf.reopen_ms, 0.0f, 16000.0f),
    FLOAT(MF_PARAM_MEKF_REOPEN_RAD_SQRT_S, mekf.reopen_rad_sqrt_s, 0.0f, 0.1f),
    FLOAT(MF_PARAM_MEKF_REOPEN_RAD_S_SQRT_S, mekf.reopen_rad_s_sqrt_s, 0.0f, 0.01f),
    FLOAT(MF_PARAM_MEKF_SIGMA_LOST_RAD, mekf.sigma_lost_rad, 0.1f, 1.5f),
    FLOAT(MF_PARAM_BDOT_LONG_BELOW_RAD_S, bdot.rate_low_rad_s, 0.0f, 3.1f),
    MS32(MF_PARAM_BDOT_GAP_MAX_S, bdot.gap_max_ms, 0.1f, 60.0f),
    FLOAT(MF_PARAM_SUNSAFE_MOMENTUM_N_M_S, sunsafe.momentum_N_m_s, 1.0e-6f, 1.0f),
    FLOAT(MF_PARAM_SUNSAFE_GAIN_1_S, sunsafe.gain_1_s, 1.0e-5f, 0.1f),
    FLOAT(MF_PARAM_SUNSAFE_AXIS_ENTER_RAD, sunsafe.axis_enter_rad, 0.01f, 1.5f),
    FLOAT(MF_PARAM_SUNSAFE_AXIS_LEAVE_RAD, sunsafe.axis_leave_rad, 0.01f, 1.5f),
    FLOAT(MF_PARAM_SUNSAFE_SUN_ENTER_RAD, sunsafe.sun_enter_rad, 0.01f, 1.5f),
    FLOAT(MF_PARAM_SUNSAFE_SUN_LEAVE_RAD, sunsafe.sun_leave_rad, 0.01f, 1.5f),
    FLOAT(MF_PARAM_CONTROL_NATURAL_RAD_S, control.natural_rad_s, 1.0e-4f, 10.0f),
    FLOAT(MF_PARAM_CONTROL_DAMPING, control.damping, 0.3f, 3.0f),
    FLOAT(MF_PARAM_CONTROL_SLEW_MAX_RAD_S, control.slew_max_rad_s, 1.0e-4f, 1.0f),
    FLOAT(MF_PARAM_CONTROL_TORQUE_MAX_N_M, control.torque_max_N_m, 1.0e-7f, 1.0f),
    FLOAT(MF_PARAM_CONTROL_HYSTERESIS, control.hysteresis, 0.0f, 0.5f),
    FLOAT(MF_PARAM_WHEEL_INERTIA_KG_M2, wheels.inertia_kg_m2, 1.0e-7f, 0.1f),
    FLOAT(MF_PARAM_WHEEL_TORQUE_MAX_N_M, wheels.torque_max_N_m, 1.0e-6f, 3.2e-3f),
    FLOAT(MF_PARAM_WHEEL_MOMENTUM_MAX_N_M_S, wheels.momentum_max_N_m_s, 1.0e-5f, 10.0f),
    FLOAT(MF_PARAM_WHEEL_BIAS_N_M_S, wheels.bias_N_m_s, 0.0f, 10.0f),
    FLOAT(MF_PARAM_WHEEL_BIAS_GAIN_1_S, wheels.bias_gain_1_s, 0.0f, 1.0f),
    FLOAT(MF_PARAM_WHEEL_HORIZON_S, wheels.horizon_s, 0.1f, 100.0f),
    FLOAT(MF_PARAM_WHEEL_FRICTION_MAX_N_M, wheel_friction_max_N_m, 1.0e-7f, 1.0f),
    FLOAT(MF_PARAM_MOMENTUM_GAIN_1_S, momentum.gain_1_s, 0.0f, 0.1f),
    FLOAT(MF_PARAM_MOMENTUM_START_N_M_S, momentum.start_N_m_s, 1.0e-7f, 1.0f),
    FLOAT(MF_PARAM_MOMENTUM_STOP_N_M_S, momentum.stop_N_m_s, 0.0f, 1.0f),
    FLOAT(MF_PARAM_MAGPOINT_NATURAL_RAD_S, magpoint.control.natural_rad_s, 1.0e-4f, 10.0f),
    FLOAT(MF_PARAM_MAGPOINT_DAMPING, magpoint.control.damping, 0.3f, 3.0f),
    FLOAT(MF_PARAM_MAGPOINT_SLEW_MAX_RAD_S, magpoint.control.slew_max_rad_s, 1.0e-4f, 1.0f),
    FLOAT(MF_PARAM_MAGPOINT_TORQUE_MAX_N_M, magpoint.control.torque_max_N_m, 1.0e-7f, 1.0f),
    FLOAT(MF_PARAM_ELEVATION_MIN_RAD, target.guidance.elevation_min_rad, -0.1f, 1.5f),
    FLOAT(MF_PARAM_GUIDANCE_RATE_MAX_RAD_S, target.guidance.rate_max_rad_s, 1.0e-4f, 10.0f),
    FLOAT(MF_PARAM_RESIDUAL_X_A_M2, rods.residual_B_A_m2[0], -1.0f, 1.0f),
    FLOAT(MF_PARAM_RESIDUAL_Y_A_M2, rods.residual_B_A_m2[1], -1.0f, 1.0f),
    FLOAT(MF_PARAM_RESIDUAL_Z_A_M2, rods.residual_B_A_m2[2], -1.0f, 1.0f),
    FLOAT(MF_PARAM_MAGALIGN_SIGMA_RAD, magalign.sigma_rad, 1.0e-4f, 1.0f),
    FLOAT(MF_PARAM_MAGALIGN_START_SIGMA_RAD, magalign.start_sigma_rad, 1.0e-5f, 0.1f),
    FLOAT(MF_PARAM_MAGALIGN_WALK_RAD, magalign.walk_rad, 0.0f, 1.0e-3f),
    FLOAT(MF_PARAM_DIPOLE_MOMENTUM_SIGMA_N_M_S, residual.momentum_sigma_N_m_s, 1.0e-12f, 1.0f),
    FLOAT(MF_PARAM_DIPOLE_TORQUE_SIGMA_N_M, residual.torque_sigma_N_m, 0.0f, 1.0e-3f),
    FLOAT(MF_PARAM_DIPOLE_WALK_A_M2, residual.walk_A_m2, 0.0f, 0.1f),
    MS32(MF_PARAM_DIPOLE_WINDOW_S, residual.window_ms, 1.0f, 600.0f),
    FLOAT(MF_PARAM_SELFTEST_ROD_A_M2, selftest.rod_A_m2, 1.0e-4f, 10.0f),
    FLOAT(MF_PARAM_SELFTEST_WHEEL_N_M, selftest.wheel_N_m, 1.0e-6f, 3.2e-3f),
    FLOAT(MF_PARAM_SELFTEST_RATE_MAX_RAD_S, selftest.rate_max_rad_s, 1.0e-4f, 1.0f),
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const row_t *find(uint8_t index)
{
    for (uint32_t i = 0; i < ROWS; i++) {
        if (rows[i].index == index) {
            return &rows[i];
        }
    }
    return NULL;
}

bool mf_kernel_param_valid(uint8_t index, float value)
{
    const row_t *row = find(index);
    /* Comparisons written so that NaN fails. */
    return row != NULL && value >= row->lowest && value <= row->highest;
}

/* Whole milliseconds, the nearest; -32768..4e9. */
static int64_t milliseconds(float seconds)
{
    float ms = seconds * 1000.0f;
    return (int64_t)(ms + (ms < 0.0f ? -0.5f : 0.5f));
}

void mf_kernel_param_set(mf_kernel_t *kernel, uint8_t index, float value)
{
    for (uint32_t i = 0; i < ROWS; i++) {
        const row_t *row = &rows[i];
        if (row->index != index) {
            continue;
        }
        void *place = (uint8_t *)&kernel->config.adcs + row->offset;
        switch (row->kind) {
        case KIND_FLOAT:
            *(float *)place = value;
            break;
        case KIND_INT16:
            *(int16_t *)place = (int16_t)value;
            break;
        case KIND_UINT32:
            *(uint32_t *)place = (uint32_t)value;
            break;
        case KIND_MS_INT16:
            *(int16_t *)place = (int16_t)milliseconds(value);
            break;
        case KIND_MS_UINT16:
            *(uint16_t *)place = (uint16_t)milliseconds(value);
            break;
        case KIND_MS_UINT32:
            *(uint32_t *)place = (uint32_t)milliseconds(value);
            break;
        default:
            kernel->heartbeat_limit_ms = (uint32_t)milliseconds(value);
            break;
        }
    }
}

static float start_value(const row_t *row)
{
    mf_kernel_config_t config;
    mf_kernel_config_reference(&config);
    const void *place = (const uint8_t *)&config.adcs + row->offset;
    switch (row->kind) {
    case KIND_FLOAT:
        return *(const float *)place;
    case KIND_INT16:
        return (float)*(const int16_t *)place;
    case KIND_UINT32:
        return (float)*(const uint32_t *)place;
    case KIND_MS_INT16:
        return (float)*(const int16_t *)place * 1.0e-3f;
    case KIND_MS_UINT16:
        return (float)*(const uint16_t *)place / 1000.0f;
    case KIND_MS_UINT32:
        return (float)*(const uint32_t *)place / 1000.0f;
    default:
        return MF_KERNEL_HEARTBEAT_LIMIT_S;
    }
}

int mf_kernel_param_row(uint8_t index, mf_kernel_param_row_t *out)
{
    const row_t *row = find(index);
    if (row == NULL) {
        return MF_E_INVAL;
    }
    out->lowest = row->lowest;
    out->highest = row->highest;
    out->value = start_value(row);
    return MF_OK;
}
