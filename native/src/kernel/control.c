/* What is computed at a tick: B-dot once per measuring cycle, the detumbled decision, coils off for
 * the measurement. */
#include "mf_kernel_state.h"

/* Smoothing of the derivative for the detumbled decision, per cycle of 1 s. The noise of successive
 * differences cancels in it: of 100 nT in 25 uT it leaves 0.03 deg/s, where a single difference
 * reads 0.5 deg/s, more than the threshold. */
#define SMOOTHING 0.125f
/* Detumbled is given up at this multiple of the threshold. */
#define HYSTERESIS 1.5f
/* The turn about the field line, which the field does not show, is left to the gyro, its estimated
 * bias taken off. What the estimate may still be wrong by, 0.1 deg/s. */
#define GYRO_RESIDUAL_RAD_S 0.00175f

/* Spin along the field line. A body that turns about the field shows B-dot nothing, and strong
 * damping of the transverse rate keeps it there: the spin axis follows the field through the orbit.
 * With a single gain, 1.5e-4 N m s is too slow for twice the reference inertia (0.066 kg m^2) and
 * 2.5e-4 holds half of it (0.0034 kg m^2 about z) at several deg/s for a whole orbit. So, while the
 * gyro says turning, damping waits until the rate across the field is a good part of the whole
 * rate, and is strong as long as that is fast; the orbit turns the field by 37 deg in 300..600 s.
 * Monte Carlo, 160 runs with the default gain, half of them at 60 or 120 deg: 3U of 0.033, 0.033,
 * 0.0067 kg m^2 times 0.5, 1 or 2, up to 15 deg/s, 400..700 km, IGRF-14, residual dipole
 * 0.01 A m^2, noise 100 nT, gyro bias up to 1 deg/s per axis: all below 0.5 deg/s for good by
 * 4310 s, median 2100 s. Without the gate 1 to 40 % were not within their orbit, whatever the gain;
 * with a gate down to 2.5 deg/s only, some light ones were not. */
#define GATE_ABOVE_RAD_S 0.01745f  /* 1 deg/s, bias taken off */
#define GATE_SHARE 0.6f            /* 37 deg between rate and field */
#define STRONG_ABOVE_RAD_S 0.0436f /* 2.5 deg/s */
#define STRONG_GAIN_FACTOR 4.0f
/* The field has turned by more than that in this time: a gyro that still says so is wrong. */
#define GATE_CYCLES_MAX 900u

/* Gyro bias, from what the field shows of the rate: its part across the field is known, and the
 * field's direction in the body changes. Per cycle of 1 s; only while the turn within the baseline
 * is small. Quick at first, while the body still turns and shows the field from all sides. */
#define BIAS_GAIN 0.02f
#define BIAS_GAIN_FIRST 0.1f /* falls to BIAS_GAIN over BIAS_CYCLES_FIRST */
#define BIAS_CYCLES_FIRST 600u
#define BIAS_MAX_RAD_S 0.05f
#define BIAS_BELOW_RAD_S 0.0873f /* 5 deg/s */

static float norm(const float v[3])
{
    return __builtin_sqrtf(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
}

static float dot(const float a[3], const float b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* Gyro rate with the estimated bias taken off. */
static void unbiased(const mf_kernel_t *kernel, float omega_BN_B_rad_s[3])
{
    for (int i = 0; i < 3; i++) {
        omega_BN_B_rad_s[i] = kernel->omega_BN_B_rad_s[i] - kernel->gyro_bias_B_rad_s[i];
    }
}

void mf_kernel_detumbled_reset(mf_kernel_t *kernel)
{
    kernel->smooth_valid = false;
    kernel->detumbled = false;
    kernel->rate_rad_s = -1.0f;
    kernel->holding = false;
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
    float omega_BN_B_rad_s[3];
    unbiased(kernel, omega_BN_B_rad_s);
    if (kernel->imu.fresh && norm(omega_BN_B_rad_s) > limit + GYRO_RESIDUAL_RAD_S) {
        slow = false;
    }
    if (!slow) {
        kernel->detumbled = false;
        kernel->holding = false;
        return;
    }
    if (!kernel->holding) {
        kernel->holding = true;
        kernel->hold_ms = 0;
    } else if (kernel->hold_ms < 10000000u) {
        /* Saturates well above the longest hold time, 3600 s. */
        kernel->hold_ms += MF_CYCLE_TICKS * MF_TICK_PERIOD_MS;
    }
    if ((float)kernel->hold_ms >= kernel->detumbled_hold_s * 1000.0f) {
        kernel->detumbled = true;
    }
}

/* dB/dt = -omega x B, so (dB/dt x B) / |B|^2 is the rate across the field. */
static void estimate_bias(mf_kernel_t *kernel)
{
    const float *B = kernel->mag_B_T;
    const float *slope = kernel->mag_dot_B_T_s;
    float square = dot(B, B);
    const float across_rad_s[3] = {
        (slope[1] * B[2] - slope[2] * B[1]) / square,
        (slope[2] * B[0] - slope[0] * B[2]) / square,
        (slope[0] * B[1] - slope[1] * B[0]) / square,
    };
    float omega[3];
    unbiased(kernel, omega);
    float along = dot(omega, B) / square;
    float gain = BIAS_GAIN;
    if (kernel->bias_cycles < BIAS_CYCLES_FIRST) {
        gain += (BIAS_GAIN_FIRST - BIAS_GAIN) *
                (1.0f - (float)kernel->bias_cycles / (float)BIAS_CYCLES_FIRST);
        kernel->bias_cycles++;
    }
    for (int i = 0; i < 3; i++) {
        float error = omega[i] - along * B[i] - across_rad_s[i];
        float bias = kernel->gyro_bias_B_rad_s[i] + gain * error;
        bias = bias > BIAS_MAX_RAD_S ? BIAS_MAX_RAD_S : bias;
        kernel->gyro_bias_B_rad_s[i] = bias < -BIAS_MAX_RAD_S ? -BIAS_MAX_RAD_S : bias;
    }
}

/* Damping has to wait: the rate lies too much along the field. `rate_rad_s` is the whole rate. */
static bool gated(mf_kernel_t *kernel, float rate_rad_s)
{
    if (kernel->bdot.rate_rad_s < 0.0f) {
        return false;
    }
    if (kernel->bdot.rate_rad_s >= GATE_SHARE * rate_rad_s) {
        kernel->gate_cycles = 0;
        return false;
    }
    if (rate_rad_s <= GATE_ABOVE_RAD_S || kernel->gate_cycles >= GATE_CYCLES_MAX) {
        return false;
    }
    if (kernel->mode == MF_MODE_DETUMBLE) {
        kernel->gate_cycles++;
    }
    return true;
}

void mf_kernel_control(mf_kernel_t *kernel, uint32_t tick)
{
    uint32_t phase = tick % MF_CYCLE_TICKS;
    int scaled = MF_E_BUSY;
    float dipole_B_A_m2[3];
    float mag_dot_B_T_s[3];
    float omega[3];
    unbiased(kernel, omega);
    float rate_rad_s = kernel->imu.fresh ? norm(omega) : 0.0f; /* 0: neither strong nor gated */
    if (kernel->mag.fresh) {
        mf_bdot_params_t params = kernel->bdot_params;
        if (rate_rad_s > STRONG_ABOVE_RAD_S && kernel->gate_cycles < GATE_CYCLES_MAX) {
            params.gain_N_m_s *= STRONG_GAIN_FACTOR;
        }
        scaled = mf_bdot_update(&kernel->bdot, &params, kernel->mag_B_T,
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
            if (kernel->imu.fresh && kernel->bdot.long_baseline &&
                rate_rad_s < BIAS_BELOW_RAD_S) {
                estimate_bias(kernel);
            }
            if (gated(kernel, rate_rad_s)) {
                mf_kernel_rods_off(kernel);
            } else {
                kernel->saturated = scaled == 1;
                mf_kernel_rods_command(kernel, dipole_B_A_m2);
            }
        }
    }
    if (phase >= MF_PHASE_COILS_OFF || kernel->mode != MF_MODE_DETUMBLE) {
        mf_kernel_rods_off(kernel);
    }
}
