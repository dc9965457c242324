/* Attitude loop: one tick, and its report; see mf_adcs.h. */
#include "mf_adcs.h"

#include "mf_adcs_state.h"
#include "mf_vec3.h"

#define STEP_MAX_US 10000000u

void mf_adcs_reset(mf_adcs_t *adcs, const mf_adcs_params_t *params)
{
    *adcs = (mf_adcs_t){0};
    mf_sgp4_reset(&adcs->sgp4);
    mf_frames_reset(&adcs->frames);
    mf_igrf_reset(&adcs->igrf);
    mf_mekf_reset(&adcs->mekf);
    for (int i = 0; i < MF_ADCS_MAGS; i++) {
        (void)mf_magalign_reset(&adcs->align[i], &params->magalign);
    }
    mf_bdot_reset(&adcs->bdot);
    mf_sunsafe_reset(&adcs->sunsafe);
    mf_control_reset(&adcs->control);
    mf_momentum_reset(&adcs->momentum);
    (void)mf_residual_reset(&adcs->residual, &params->residual);
    mf_adcs_health_reset(adcs);
    adcs->target = params->target;
    adcs->reason = MF_ADCS_REASON_BOOT;
    adcs->most = MF_ADCS_POINTING;
    adcs->rate_rad_s = -1.0f;
    adcs->guided.q_RN[3] = 1.0f;
}

static bool sample_bad(const mf_adcs_sample_t *sample)
{
    return sample->fresh && !sample->dark && !mf_v3_finite(sample->value_S);
}

/* Counted only: each such sample is refused by the checks of its sensor. */
static bool any_bad(const mf_adcs_in_t *in)
{
    bool bad = sample_bad(&in->gyro) || sample_bad(&in->fss);
    for (int i = 0; i < MF_ADCS_MAGS; i++) {
        bad = bad || sample_bad(&in->mag[i]);
    }
    for (int i = 0; i < MF_ADCS_CSS; i++) {
        bad = bad || (in->css_fresh && !mf_finitef(in->css_V[i]));
    }
    for (int i = 0; i < MF_WHEELS_COUNT; i++) {
        bad = bad || (((uint32_t)in->wheels_working >> i & 1u) != 0 &&
                      !mf_finitef(in->wheel_speed_rad_s[i]));
    }
    for (int i = 0; i < 4; i++) {
        bad = bad || (in->tracker_fresh && !mf_finitef(in->q_SN_tracker[i]));
    }
    return bad || (in->gnss_fresh &&
                   !(mf_v3_finite(in->gnss_r_E_m) && mf_v3_finite(in->gnss_v_E_m_s)));
}

static uint16_t flags(const mf_adcs_t *adcs, const mf_adcs_out_t *out)
{
    uint32_t set = 0;
    set |= adcs->mekf.valid ? MF_ADCS_ATTITUDE_VALID : 0u;
    set |= adcs->orbit_valid ? MF_ADCS_ORBIT_VALID : 0u;
    set |= adcs->field_valid ? MF_ADCS_FIELD_MODEL_VALID : 0u;
    set |= adcs->lit > 0.5f ? MF_ADCS_SUNLIT : 0u;
    set |= adcs->sun_known ? MF_ADCS_SUN_SEEN : 0u;
    set |= mf_v3_norm(out->rod_A_m2) > 0.0f ? MF_ADCS_RODS_ON : 0u;
    set |= out->wheels_on != 0 ? MF_ADCS_WHEELS_ON : 0u;
    set |= adcs->mode == MF_ADCS_POINTING && adcs->rods_only ? MF_ADCS_RODS_ONLY : 0u;
    set |= adcs->momentum.dumping ? MF_ADCS_DUMPING : 0u;
    set |= adcs->saturated ? MF_ADCS_SATURATED : 0u;
    set |= adcs->detumbled ? MF_ADCS_DETUMBLED : 0u;
    set |= adcs->on_target ? MF_ADCS_ON_TARGET : 0u;
    set |= adcs->fallback ? MF_ADCS_TARGET_FALLBACK : 0u;
    set |= adcs->gnss_orbit ? MF_ADCS_GNSS_ORBIT : 0u;
    set |= adcs->mag_known ? MF_ADCS_FIELD_MEASURED : 0u;
    set |= adcs->doubted ? MF_ADCS_REFERENCES_DOUBTED : 0u;
    return (uint16_t)set;
}

static uint16_t low_half(uint32_t count)
{
    return (uint16_t)(count & 0xFFFFu);
}

static float sigma(float variance)
{
    return variance > 0.0f ? mf_sqrtf(variance) : 0.0f;
}

static void publish(const mf_adcs_t *adcs, const mf_adcs_in_t *in, mf_adcs_out_t *out)
{
    mf_adcs_report_t *report = &out->report;
    out->mode = report->mode = adcs->mode;
    out->reason = report->reason = adcs->reason;
    out->flags = report->flags = flags(adcs, out);
    report->tick = report->control_tick = in->tick;
    report->target = adcs->target.guidance.target;
    report->guidance_reason = adcs->guided_valid ? adcs->guided.reason : 0;
    for (int i = 0; i < MF_ADCS_SENSORS; i++) {
        bool inhibited = ((uint32_t)adcs->inhibited >> i & 1u) != 0;
        report->fault[i] = inhibited ? MF_ADCS_FAULT_INHIBITED : adcs->health[i].fault;
        report->sensors_used =
            (uint8_t)(report->sensors_used | (mf_adcs_usable(adcs, i) ? 1u << i : 0u));
    }
    report->wheels_used = adcs->wheels_used;
    report->calibration = (uint8_t)((adcs->collecting ? 1u : 0u) | (adcs->corrected[0] ? 2u : 0u) |
                                    (adcs->corrected[1] ? 4u : 0u));
    for (int i = 0; i < 3; i++) {
        if (adcs->mekf.valid) {
            report->sigma_B_rad[i] = sigma(adcs->mekf.attitude_rad2[4 * i]);
            report->sigma_bias_B_rad_s[i] = sigma(adcs->mekf.bias_rad2_s2[4 * i]);
        }
        report->omega_BN_B_rad_s[i] = adcs->omega_known ? adcs->omega_BN_B_rad_s[i] : 0.0f;
        report->bias_B_rad_s[i] = adcs->coarse_bias_B_rad_s[i];
        report->sun_B[i] = adcs->sun_known ? adcs->sun_B[i] : 0.0f;
        report->r_N_m[i] = adcs->orbit_valid ? adcs->r_N_m[i] : 0.0f;
        report->v_N_m_s[i] = adcs->orbit_valid ? adcs->v_N_m_s[i] : 0.0f;
    }
    for (int i = 0; i < 4; i++) {
        report->q_BN[i] = adcs->mekf.valid ? adcs->mekf.q_BN[i] : i == 3 ? 1.0f : 0.0f;
        report->q_RN[i] = adcs->guided.q_RN[i];
        report->wheel_torque_N_m[i] = out->wheel_torque_N_m[i];
        report->wheel_speed_rad_s[i] = adcs->wheels[i].speed_rad_s;
    }
    mf_v3_copy(report->error_B_rad, adcs->error.error_B_rad);
    mf_v3_copy(report->error_rate_B_rad_s, adcs->error.rate_error_B_rad_s);
    mf_v3_copy(report->sun_N, adcs->sun_N);
    mf_v3_copy(report->mag_N_T, adcs->mag_N_T);
    mf_v3_copy(report->mag_B_T, adcs->mag_B_T);
    mf_v3_copy(report->dipole_B_A_m2, out->dipole_B_A_m2);
    mf_v3_copy(report->momentum_B_N_m_s, adcs->momentum_B_N_m_s);
    mf_v3_copy(report->residual_B_A_m2, adcs->residual.dipole_B_A_m2);
    report->residual_sigma_A_m2 = mf_residual_sigma_A_m2(&adcs->residual);
    for (int i = 0; i < MF_ADCS_ACTUATORS; i++) {
        report->polarity[i] = adcs->verdict[i];
    }
    report->selftest = adcs->selftest;
    report->nis_sun = adcs->mekf.nis[MF_MEKF_SUN];
    report->nis_mag = adcs->mekf.nis[MF_MEKF_MAG];
    report->nis_tracker = adcs->mekf.nis[MF_MEKF_TRACKER];
    report->bad_inputs = adcs->bad_inputs;
    report->time_jumps = adcs->time_jumps;
    report->attitude_losses = low_half(adcs->mekf.lost);
    report->rejected_sun = low_half(adcs->mekf.rejected[MF_MEKF_SUN]);
    report->rejected_mag = low_half(adcs->mekf.rejected[MF_MEKF_MAG]);
    report->exclusions = adcs->exclusions;
    report->step_downs = adcs->step_downs;
    report->tle_refused = adcs->tle_refused;
}

/* Time that goes on by one tick to ten seconds; `dt_ms` of the first step is one tick. */
static bool next_time(mf_adcs_t *adcs, const mf_adcs_in_t *in, uint32_t *dt_ms)
{
    uint64_t last_us = adcs->time_us;
    *dt_ms = MF_ADCS_PERIOD_MS;
    if (adcs->started) {
        if (in->time_us <= last_us) {
            return false;
        }
        uint64_t step_us = in->time_us - last_us;
        if (step_us > STEP_MAX_US) {
            adcs->time_us = in->time_us;
            mf_mekf_reset(&adcs->mekf);
            return false;
        }
        *dt_ms = (uint32_t)step_us / 1000u;
    }
    adcs->started = true;
    adcs->time_us = in->time_us;
    adcs->tick = in->tick;
    return true;
}

int mf_adcs_step(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                 mf_adcs_out_t *out)
{
    uint32_t dt_ms;
    *out = (mf_adcs_out_t){0};
    if (!next_time(adcs, in, &dt_ms)) {
        adcs->bad_inputs++;
        mf_adcs_wheels_coast(adcs);
        publish(adcs, in, out);
        return MF_E_INVAL;
    }
    bool bad = any_bad(in);
    if (bad) {
        adcs->bad_inputs++;
    }
    mf_adcs_references(adcs, params, in, dt_ms);
    mf_adcs_sensors(adcs, params, in, dt_ms);
    mf_adcs_estimate(adcs, params, in, dt_ms);
    mf_adcs_wheels_watch(adcs, params, in, dt_ms);
    mf_adcs_mode(adcs, params, in, dt_ms);
    mf_adcs_guide(adcs, params);
    if (!mf_adcs_selftest(adcs, params, in, dt_ms, out)) {
        mf_adcs_act(adcs, params, in, out);
    }
    mf_adcs_watch_residual(adcs, params, dt_ms, out);
    publish(adcs, in, out);
    return MF_OK;
}
