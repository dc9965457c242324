/* Attitude loop: what to follow; see mf_adcs.h.
 *
 * A target that cannot be followed (below the horizon, no orbit, singular) is replaced by the first
 * of nadir, Sun and standing still that can, with the body axes of the parameters' target, until it
 * can be followed again. */
#include "mf_adcs_state.h"
#include "mf_vec3.h"

static bool orbital(uint8_t target)
{
    return target == MF_GUIDANCE_NADIR || target == MF_GUIDANCE_VELOCITY ||
           target == MF_GUIDANCE_TARGET;
}

static bool follow(mf_adcs_t *adcs, const mf_guidance_params_t *guidance)
{
    mf_guidance_input_t input;
    adcs->guided.reason = MF_GUIDANCE_SINGULAR;
    if ((orbital(guidance->target) && !adcs->orbit_valid) ||
        (guidance->target == MF_GUIDANCE_SUN && !adcs->sun_valid)) {
        return false;
    }
    mf_v3_copy(input.r_N_m, adcs->r_N_m);
    mf_v3_copy(input.v_N_m_s, adcs->v_N_m_s);
    mf_v3_copy(input.sun_N, adcs->sun_N);
    mf_v3_copy(input.target_E_m, adcs->target_E_m);
    for (int i = 0; i < 9; i++) {
        input.dcm_EN[i] = adcs->frames.dcm_EN[i];
    }
    return mf_guidance_update(guidance, &input, &adcs->guided) == MF_OK;
}

static void stand_still(mf_adcs_t *adcs)
{
    if (!adcs->holding) {
        adcs->holding = true;
        for (int i = 0; i < 4; i++) {
            adcs->hold_q_RN[i] = adcs->mekf.q_BN[i];
        }
    }
    for (int i = 0; i < 4; i++) {
        adcs->guided.q_RN[i] = adcs->hold_q_RN[i];
    }
    mf_v3_zero(adcs->guided.omega_RN_R_rad_s);
    mf_v3_zero(adcs->guided.alpha_RN_R_rad_s2);
}

void mf_adcs_guide(mf_adcs_t *adcs, const mf_adcs_params_t *params)
{
    adcs->fallback = false;
    adcs->guided_valid = adcs->mode == MF_ADCS_POINTING && adcs->mekf.valid;
    if (!adcs->guided_valid) {
        adcs->holding = false;
        return;
    }
    const mf_adcs_target_t *target = &adcs->target;
    if (follow(adcs, &target->guidance)) {
        adcs->holding = false;
        if (target->raster.columns != 0) {
            (void)mf_raster_apply(&target->raster, target->guidance.first_B,
                                  target->guidance.second_B, adcs->target_ms, &adcs->guided);
        }
        return;
    }
    uint8_t reason = adcs->guided.reason;
    adcs->fallback = true;
    mf_guidance_params_t instead = params->target.guidance;
    instead.target = MF_GUIDANCE_NADIR;
    bool follows = follow(adcs, &instead);
    if (!follows) {
        instead.target = MF_GUIDANCE_SUN;
        follows = follow(adcs, &instead);
    }
    if (follows) {
        adcs->holding = false;
    } else {
        stand_still(adcs);
    }
    adcs->guided.reason = reason;
}
