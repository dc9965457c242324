/* What is computed at a tick: B-dot once per measuring cycle, the detumbled decision, coils off for
 * the measurement. */
#include "mf_kernel_state.h"

/* Smoothing of the derivative for the detumbled decision, per cycle of 1 s. The noise of successive
 * differences cancels in it: of 100 nT in 25 uT it leaves 0.03 deg/s, where a single difference
 * reads 0.5 deg/s, more than the threshold. */
#define SMOOTHING 0.125f
/* Detumbled is given up at this multiple of the threshold. */
#define HYSTERESIS 1.5f
/* Gross check by the gyro, for the turn about the field line, which the field does not show. Twice
 * the zero-rate level of the LSM6DSO (DS12140 table 3: +-1 deg/s per axis). */
#define GYRO_BIAS_RAD_S 0.035f

static float norm(const float v[3])
{
    return __builtin_sqrtf(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
}

void mf_kernel_detumbled_reset(mf_kernel_t *kernel)
{
    kernel->smooth_valid = false;
    kernel->detumbled = false;
    kernel->rate_rad_s = -1.0f;
    kernel->hold_ms = 0;
}

static void decide_detumbled(mf_kernel_t *kernel)
{
    if (kernel->bdot.rate_rad_s < 0.0f) {
        mf_kernel_detumbled_reset(kernel);
        return;
    }
    for (int i = 0; i < 3; i++) {
        float step = kernel->mag_dot_B_T_s[i] - kernel->smooth_B_T_s[i];
        kernel->smooth_B_T_s[i] = kernel->smooth_valid
                                      ? kernel->smooth_B_T_s[i] + SMOOTHING * step
                                      : kernel->mag_dot_B_T_s[i];
    }
    kernel->smooth_valid = true;
    kernel->rate_rad_s = norm(kernel->smooth_B_T_s) / norm(kernel->mag_B_T);
    float limit = kernel->rate_low_rad_s * (kernel->detumbled ? HYSTERESIS : 1.0f);
    bool slow = kernel->rate_rad_s < limit;
    if (kernel->imu.fresh && norm(kernel->omega_BN_B_rad_s) > limit + GYRO_BIAS_RAD_S) {
        slow = false;
    }
    if (!slow) {
        kernel->detumbled = false;
        kernel->hold_ms = 0;
        return;
    }
    /* Saturates well above the longest hold time, 3600 s. */
    if (kernel->hold_ms < 10000000u) {
        kernel->hold_ms += MF_CYCLE_TICKS * MF_TICK_PERIOD_MS;
    }
    if ((float)kernel->hold_ms >= kernel->detumbled_hold_s * 1000.0f) {
        kernel->detumbled = true;
    }
}

void mf_kernel_control(mf_kernel_t *kernel, uint32_t tick)
{
    uint32_t phase = tick % MF_CYCLE_TICKS;
    int scaled = MF_E_BUSY;
    float dipole_B_A_m2[3];
    float mag_dot_B_T_s[3];
    if (kernel->mag.fresh) {
        scaled = mf_bdot_update(&kernel->bdot, &kernel->bdot_params, kernel->mag_B_T,
                                tick * MF_TICK_PERIOD_MS, mag_dot_B_T_s, dipole_B_A_m2);
    }
    if (phase == 0) {
        if (scaled < 0) {
            mf_kernel_detumbled_reset(kernel);
            mf_kernel_rods_off(kernel);
        } else {
            for (int i = 0; i < 3; i++) {
                kernel->mag_dot_B_T_s[i] = mag_dot_B_T_s[i];
            }
            decide_detumbled(kernel);
            kernel->saturated = scaled == 1;
            mf_kernel_rods_command(kernel, dipole_B_A_m2);
        }
    }
    if (phase >= MF_PHASE_COILS_OFF || kernel->mode != MF_MODE_DETUMBLE) {
        mf_kernel_rods_off(kernel);
    }
}
