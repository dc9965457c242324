/* Attitude loop: time, orbit and reference directions; see mf_adcs.h.
 *
 * The orbit comes from SGP4 once a second, or from GNSS fixes; in between, and gnss_coast_ms beyond
 * the last fix, the state is carried on by velocity Verlet steps with the Earth's mass and J2
 * (Montenbruck & Gill 2000, section 3.2): within 30 m of SGP4 after 200 s.
 * Field, Sun and shadow are spread over the measuring cycle; the field is that of phase 9,
 * one of the two at which the magnetometers are taken. */
#include "mf_adcs_state.h"
#include "mf_eclipse.h"
#include "mf_sun.h"
#include "mf_vec3.h"

#define GM_M3_S2 3.986004418e14f
#define J2 1.08262668e-3f
#define EARTH_RADIUS_M 6378137.0f

#define PHASE_ORBIT 2u
#define PHASE_SUN 3u
#define PHASE_LIGHT 4u
#define PHASE_FIELD 9u /* for 0 as well: in 0.1 s the field changes by some 15 nT */

#define JUMP_TICKS 32768 /* 0.5 s of mission time against the clock */
#define SGP4_LIFE_MS 5000u
#define STEP_MAX_MS 10000u
#define GNSS_AGE_MAX_MS 2000u
#define GNSS_RADIUS_MIN_M 6.5e6f
#define GNSS_RADIUS_MAX_M 5.0e7f
#define GNSS_SPEED_MIN_M_S 1.0e3f
#define GNSS_SPEED_MAX_M_S 1.2e4f
/* A fix against the state in use: carried on from the last fix, or from elements, which are 30 km
 * off when a few days old. */
#define GNSS_STEP_M 2.0e3f
#define GNSS_STEP_M_S 5.0f
#define GNSS_ELEMENTS_M 5.0e4f
#define GNSS_ELEMENTS_M_S 100.0f

static void gravity(const float r_N_m[3], float a_N_m_s2[3])
{
    float inverse = 1.0f / mf_v3_norm(r_N_m);
    float scale = EARTH_RADIUS_M * inverse;
    float z = r_N_m[2] * inverse;
    float oblate = 1.5f * J2 * scale * scale;
    float central = GM_M3_S2 * inverse * inverse * inverse;
    float across = central * (1.0f + oblate * (1.0f - 5.0f * z * z));
    a_N_m_s2[0] = -across * r_N_m[0];
    a_N_m_s2[1] = -across * r_N_m[1];
    a_N_m_s2[2] = -central * (1.0f + oblate * (3.0f - 5.0f * z * z)) * r_N_m[2];
}

static void carry_on(float r_N_m[3], float v_N_m_s[3], float dt_s)
{
    float before[3], after[3];
    gravity(r_N_m, before);
    for (int i = 0; i < 3; i++) {
        r_N_m[i] += dt_s * (v_N_m_s[i] + 0.5f * dt_s * before[i]);
    }
    gravity(r_N_m, after);
    for (int i = 0; i < 3; i++) {
        v_N_m_s[i] += 0.5f * dt_s * (before[i] + after[i]);
    }
}

static bool plausible(const float r_N_m[3], const float v_N_m_s[3])
{
    float radius_m = mf_v3_norm(r_N_m), speed_m_s = mf_v3_norm(v_N_m_s);
    return radius_m > GNSS_RADIUS_MIN_M && radius_m < GNSS_RADIUS_MAX_M &&
           speed_m_s > GNSS_SPEED_MIN_M_S && speed_m_s < GNSS_SPEED_MAX_M_S;
}

/* A fix in E of gnss_age_ms ago to a state in N of now. */
static void from_fix(const mf_adcs_t *adcs, const mf_adcs_in_t *in, float r_N_m[3],
                     float v_N_m_s[3])
{
    const float *r_E_m = in->gnss_r_E_m, *v_E_m_s = in->gnss_v_E_m_s;
    float age_s = (float)in->gnss_age_ms * 1.0e-3f;
    float rate = MF_FRAMES_EARTH_RATE_RAD_S, turned = rate * age_s;
    /* The Earth has turned on since: E of the fix in E of now. */
    const float r_now[3] = {r_E_m[0] + turned * r_E_m[1], r_E_m[1] - turned * r_E_m[0], r_E_m[2]};
    const float v_fix[3] = {v_E_m_s[0] - rate * r_E_m[1], v_E_m_s[1] + rate * r_E_m[0],
                            v_E_m_s[2]};
    const float v_now[3] = {v_fix[0] + turned * v_fix[1], v_fix[1] - turned * v_fix[0], v_fix[2]};
    mf_m3_apply_transposed(r_N_m, adcs->frames.dcm_EN, r_now);
    mf_m3_apply_transposed(v_N_m_s, adcs->frames.dcm_EN, v_now);
    if (plausible(r_N_m, v_N_m_s)) {
        carry_on(r_N_m, v_N_m_s, age_s);
    }
}

static void take_fix(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in)
{
    if (!in->gnss_fresh) {
        return;
    }
    float r_N_m[3], v_N_m_s[3], apart_m[3], apart_m_s[3];
    uint8_t fault = MF_ADCS_FAULT_RANGE;
    bool good = in->gnss_age_ms <= GNSS_AGE_MAX_MS && mf_v3_finite(in->gnss_r_E_m) &&
                mf_v3_finite(in->gnss_v_E_m_s);
    if (good) {
        from_fix(adcs, in, r_N_m, v_N_m_s);
        good = plausible(r_N_m, v_N_m_s);
    }
    if (good && adcs->orbit_valid) {
        mf_v3_add_scaled(apart_m, r_N_m, adcs->r_N_m, -1.0f);
        mf_v3_add_scaled(apart_m_s, v_N_m_s, adcs->v_N_m_s, -1.0f);
        good = mf_v3_norm(apart_m) < (adcs->gnss_orbit ? GNSS_STEP_M : GNSS_ELEMENTS_M) &&
               mf_v3_norm(apart_m_s) < (adcs->gnss_orbit ? GNSS_STEP_M_S : GNSS_ELEMENTS_M_S);
        fault = MF_ADCS_FAULT_MODEL;
    }
    if (mf_adcs_stuck(&adcs->health[MF_ADCS_GNSS], in->gnss_v_E_m_s)) {
        good = false;
        fault = MF_ADCS_FAULT_STUCK;
        adcs->gnss_orbit = false; /* it has followed that for a while */
    }
    mf_adcs_judge(adcs, params, MF_ADCS_GNSS, good, fault);
    if (!good || !mf_adcs_usable(adcs, MF_ADCS_GNSS)) {
        return;
    }
    mf_v3_copy(adcs->r_N_m, r_N_m);
    mf_v3_copy(adcs->v_N_m_s, v_N_m_s);
    adcs->gnss_age_ms = 0;
    adcs->gnss_orbit = params->gnss_coast_ms != 0;
    adcs->orbit_valid = adcs->gnss_orbit;
    adcs->orbit_age_ms = 0;
}

static void take_elements(mf_adcs_t *adcs, const mf_adcs_params_t *params)
{
    double r_T_m[3], v_T_m_s[3];
    float r_N_m[3], v_N_m_s[3];
    if (mf_sgp4_update(&adcs->sgp4, &params->sgp4, &adcs->utc, r_T_m, v_T_m_s) != MF_OK ||
        mf_frames_teme_to_gcrf(&adcs->frames, r_T_m, r_N_m) != MF_OK ||
        mf_frames_teme_to_gcrf(&adcs->frames, v_T_m_s, v_N_m_s) != MF_OK) {
        return;
    }
    mf_v3_copy(adcs->r_N_m, r_N_m);
    mf_v3_copy(adcs->v_N_m_s, v_N_m_s);
    adcs->orbit_age_ms = 0;
    adcs->orbit_valid = true;
}

static void nothing_known(mf_adcs_t *adcs)
{
    adcs->orbit_valid = adcs->gnss_orbit = adcs->frames_valid = false;
    adcs->field_valid = adcs->sun_valid = false;
    adcs->lit = 0.0f;
}

static bool keep_time(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                      uint32_t dt_ms)
{
    if (!in->mission_known) {
        adcs->mission_known = false;
        return false;
    }
    if (adcs->mission_known) {
        int64_t off = mf_time_between(&adcs->mission, &in->mission) -
                      (int64_t)(dt_ms * MF_TIME_TICKS_PER_S / 1000u);
        if (off > JUMP_TICKS || off < -JUMP_TICKS) {
            adcs->time_jumps++;
            nothing_known(adcs);
        }
    }
    adcs->mission = in->mission;
    adcs->mission_known =
        mf_time_day(&in->mission, &params->time, MF_TIME_TT, &adcs->tt) == MF_OK &&
        mf_time_day(&in->mission, &params->time, MF_TIME_UTC, &adcs->utc) == MF_OK &&
        mf_frames_update(&adcs->frames, &in->mission, &params->time) == MF_OK;
    return adcs->mission_known;
}

static void orbit(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                  uint32_t dt_ms)
{
    if (adcs->orbit_valid) {
        carry_on(adcs->r_N_m, adcs->v_N_m_s, (float)dt_ms * 1.0e-3f);
        adcs->orbit_age_ms += dt_ms;
        adcs->gnss_age_ms += dt_ms;
    }
    take_fix(adcs, params, in);
    if (adcs->gnss_orbit && adcs->gnss_age_ms > params->gnss_coast_ms) {
        adcs->gnss_orbit = adcs->orbit_valid = false;
    }
    if (!adcs->gnss_orbit && (!adcs->orbit_valid || in->tick % MF_ADCS_CYCLE == PHASE_ORBIT)) {
        take_elements(adcs, params);
    }
    if (!adcs->gnss_orbit && adcs->orbit_age_ms > SGP4_LIFE_MS) {
        adcs->orbit_valid = false;
    }
    if (adcs->orbit_valid && !plausible(adcs->r_N_m, adcs->v_N_m_s)) {
        adcs->orbit_valid = adcs->gnss_orbit = false;
    }
}

void mf_adcs_references(mf_adcs_t *adcs, const mf_adcs_params_t *params, const mf_adcs_in_t *in,
                        uint32_t dt_ms)
{
    if (!keep_time(adcs, params, in, dt_ms) || dt_ms > STEP_MAX_MS) {
        nothing_known(adcs);
        return;
    }
    uint32_t phase = in->tick % MF_ADCS_CYCLE;
    orbit(adcs, params, in, dt_ms);
    if (!adcs->sun_valid || phase == PHASE_SUN) {
        adcs->sun_valid = mf_sun_update(&adcs->tt, adcs->sun_N, &adcs->sun_m) == MF_OK;
    }
    if (!adcs->orbit_valid) {
        adcs->field_valid = false;
        adcs->lit = 0.0f;
        return;
    }
    if (phase == PHASE_LIGHT || !adcs->field_valid) {
        adcs->lit = 0.0f;
        if (adcs->sun_valid) {
            (void)mf_eclipse_update(adcs->r_N_m, adcs->sun_N, adcs->sun_m, &adcs->lit);
        }
    }
    if (!adcs->field_valid || phase == PHASE_FIELD) {
        adcs->field_valid = mf_igrf_update_N(&adcs->igrf, adcs->tt.day, &adcs->frames, adcs->r_N_m,
                                             adcs->mag_N_T) == MF_OK;
    }
}
