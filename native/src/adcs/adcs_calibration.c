/* Attitude loop: magnetometer calibration on command; see mf_adcs.h.
 *
 * Samples of phase 0 with the rods off, one a second, whatever the checks of the sensor say: an
 * uncalibrated one may well fail them. Wants the size of the field, hence orbit and time, and a
 * body that turns about more than one axis. */
#include "mf_adcs_state.h"
#include "mf_vec3.h"

void mf_adcs_collect(mf_adcs_t *adcs, const mf_adcs_params_t *params, int which,
                     const float mag_B_T[3])
{
    if (adcs->collecting && adcs->field_valid) {
        (void)mf_magcal_update(&adcs->magcal[which], &params->magcal, mag_B_T,
                               mf_v3_norm(adcs->mag_N_T));
    }
}

static int start(mf_adcs_t *adcs, const mf_adcs_params_t *params)
{
    for (int which = 0; which < MF_ADCS_MAGS; which++) {
        int status = mf_magcal_reset(&adcs->magcal[which], &params->magcal);
        if (status != MF_OK) {
            return status;
        }
    }
    adcs->collecting = true;
    return MF_OK;
}

static int apply(mf_adcs_t *adcs, const mf_adcs_params_t *params)
{
    int applied = 0;
    if (!adcs->collecting) {
        return MF_E_RANGE;
    }
    for (int which = 0; which < MF_ADCS_MAGS; which++) {
        mf_magcal_result_t found;
        if (mf_magcal_result(&adcs->magcal[which], &found) == MF_OK &&
            found.bias_sigma_T <= params->magcal_sigma_T) {
            adcs->correction[which] = found;
            adcs->corrected[which] = true;
            (void)mf_magalign_reset(&adcs->align[which], &params->magalign);
            applied++;
        }
    }
    if (applied == 0) {
        return MF_E_RANGE;
    }
    adcs->collecting = false;
    return MF_OK;
}

int mf_adcs_command_calibrate(mf_adcs_t *adcs, const mf_adcs_params_t *params, uint8_t what)
{
    switch (what) {
    case MF_ADCS_CALIBRATE_START:
        return start(adcs, params);
    case MF_ADCS_CALIBRATE_APPLY:
        return apply(adcs, params);
    case MF_ADCS_CALIBRATE_FORGET:
        adcs->collecting = adcs->corrected[0] = adcs->corrected[1] = false;
        for (int which = 0; which < MF_ADCS_MAGS; which++) {
            (void)mf_magalign_reset(&adcs->align[which], &params->magalign);
        }
        return MF_OK;
    default:
        return MF_E_INVAL;
    }
}
