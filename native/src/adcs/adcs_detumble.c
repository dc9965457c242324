/* Attitude loop: from a tumble to rest, and the decision that it is over; see mf_adcs.h.
 *
 * By the gyro (mf_damping.h) as long as the rate is well above its bias, by B-dot below and without
 * gyro. A body that spins about the field line shows the rods nothing to damp, and strong damping
 * of what is across keeps it there: the spin axis follows the field through the orbit. With a single
 * gain, 1.5e-4 N m s is too slow for twice the reference inertia (0.066 kg m^2) and 2.5e-4 holds
 * half of it (0.0034 kg m^2 about z) at several deg/s for a whole orbit. So, while the gyro says
 * turning, damping waits until the rate across the field is a good part of the whole rate, and is
 * strong as long as that is fast; the orbit turns the field by 37 deg in 300..600 s. */
#include "mf_adcs_state.h"
#include "mf_vec3.h"

#define GYRO_ABOVE_RAD_S 0.0524f   /* 3 deg/s: a gyro's bias is small against it */
#define STRONG_ABOVE_RAD_S 0.0436f /* 2.5 deg/s */
#define STRONG_FACTOR 4.0f
#define GATE_ABOVE_RAD_S 0.01745f  /* 1 deg/s, bias taken off */
#define GATE_SHARE 0.6f            /* 37 deg between rate and field */
/* The field has turned by more than that in this time: a gyro that still says so is wrong. */
#define GATE_CYCLES_MAX 900u

/* Smoothing of the derivative for the decision, per cycle of 1 s. The noise of successive
 * differences cancels in it: of 100 nT in 25 uT it leaves 0.03 deg/s, where a single difference
 * reads 0.5 deg/s, more than the threshold. */
#define SMOOTHING 0.125f
/* Detumbled is given up above this multiple of the threshold, when it lasts. */
#define HYSTERESIS 2.0f
#define FAST_CYCLES_MAX 10u
/* The turn about the field line, which the field does not show, is left to the gyro, its estimated
 * bias taken off. What the estimate may still be wrong by, 0.1 deg/s. */
#define GYRO_RESIDUAL_RAD_S 0.00175f
#define LONG_MS 100000000u

/* Damping has to wait: the rate lies too much along the field. `rate_rad_s` is the whole rate.
 * Decided once per cycle, with the new field. */
static void decide_gate(mf_adcs_t *adcs, float rate_rad_s, const float mag_B_T[3])
{
    float across_rad_s = adcs->bdot.rate_rad_s;
    if (across_rad_s < 0.0f) {
        float across[3];
        mf_v3_cross(across, adcs->omega_BN_B_rad_s, mag_B_T);
        across_rad_s = mf_v3_norm(across) / mf_v3_norm(mag_B_T);
    }
    adcs->gated = false;
    if (across_rad_s >= GATE_SHARE * rate_rad_s) {
        adcs->gate_cycles = 0;
    } else if (rate_rad_s > GATE_ABOVE_RAD_S && adcs->gate_cycles < GATE_CYCLES_MAX) {
        adcs->gate_cycles++;
        adcs->gated = true;
    }
}

void mf_adcs_detumble(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                      float dipole_B_A_m2[3])
{
    float mag_B_T[3];
    /* 0: neither strong nor gated. */
    float rate_rad_s = adcs->omega_known ? mf_v3_norm(adcs->omega_BN_B_rad_s) : 0.0f;
    if (!mf_adcs_field(adcs, mag_B_T)) {
        return;
    }
    if (in->tick % MF_ADCS_CYCLE == 0) {
        decide_gate(adcs, rate_rad_s, mag_B_T);
    }
    if (adcs->gated) {
        return;
    }
    if (adcs->omega_known && (adcs->mekf.valid || rate_rad_s > GYRO_ABOVE_RAD_S)) {
        mf_damping_params_t damping = params->damping;
        if (rate_rad_s > STRONG_ABOVE_RAD_S && adcs->gate_cycles < GATE_CYCLES_MAX) {
            damping.gain_N_m_s *= STRONG_FACTOR;
        }
        adcs->saturated = mf_damping_update(&damping, adcs->omega_BN_B_rad_s, mag_B_T,
                                            dipole_B_A_m2) == 1;
    } else if (adcs->mag_known) {
        mf_v3_copy(dipole_B_A_m2, adcs->bdot_B_A_m2);
        adcs->saturated = adcs->bdot_scaled;
    }
}

static void forget(mf_adcs_t *adcs)
{
    adcs->smooth_known = adcs->detumbled = false;
    adcs->rate_rad_s = -1.0f;
    adcs->rate_low_ms = 0;
}

void mf_adcs_decide_detumbled(mf_adcs_t *adcs, const mf_adcs_params_t *params,
                              const mf_adcs_in_t *in)
{
    if (in->tick % MF_ADCS_CYCLE != 0) {
        return;
    }
    float limit_rad_s = params->rate_low_rad_s * (adcs->detumbled ? HYSTERESIS : 1.0f);
    float gyro_rad_s = adcs->omega_known ? mf_v3_norm(adcs->omega_BN_B_rad_s) : 0.0f;
    bool slow;
    if (adcs->mekf.valid && adcs->omega_known) {
        adcs->rate_rad_s = gyro_rad_s;
        adcs->smooth_known = false;
        slow = gyro_rad_s < limit_rad_s;
    } else if (adcs->mag_new && adcs->bdot.rate_rad_s >= 0.0f) {
        for (int i = 0; i < 3; i++) {
            float step = adcs->mag_dot_B_T_s[i] - adcs->smooth_B_T_s[i];
            adcs->smooth_B_T_s[i] = adcs->smooth_known ? adcs->smooth_B_T_s[i] + SMOOTHING * step
                                                       : adcs->mag_dot_B_T_s[i];
        }
        adcs->smooth_known = true;
        adcs->rate_rad_s = mf_v3_norm(adcs->smooth_B_T_s) / mf_v3_norm(adcs->mag_B_T);
        slow = adcs->rate_rad_s < limit_rad_s &&
               !(adcs->gyro_new && gyro_rad_s > limit_rad_s + GYRO_RESIDUAL_RAD_S);
    } else {
        forget(adcs);
        return;
    }
    if (!slow) {
        adcs->fast_cycles += adcs->fast_cycles < FAST_CYCLES_MAX ? 1u : 0u;
        if (!adcs->detumbled || adcs->fast_cycles >= FAST_CYCLES_MAX) {
            adcs->detumbled = false;
            adcs->rate_low_ms = 0;
        }
        return;
    }
    adcs->fast_cycles = 0;
    /* The first slow sample begins the time. */
    if (adcs->rate_low_ms < LONG_MS) {
        adcs->rate_low_ms += MF_ADCS_CYCLE * MF_ADCS_PERIOD_MS;
    }
    if (adcs->rate_low_ms > params->detumbled_ms) {
        adcs->detumbled = true;
    }
}
