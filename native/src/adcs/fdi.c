/* Fault detection of one sensor unit: see mf_fdi.h. */
#include "mf_fdi.h"

#include "mf_vec3.h"

#define FADE (1.0f / 32.0f)
#define RELIEF 4u /* a fault in five samples or more excludes in the end */
#define MOST 8.0f /* limits that one sample may count at most: a spike alone trips no mean */

void mf_fdi_reset(mf_fdi_t *unit)
{
    *unit = (mf_fdi_t){0};
    unit->noise = 1.0f;
    unit->chi2 = 1.0f;
}

static bool params_valid(const mf_fdi_params_t *p)
{
    return p->size_min >= 0.0f && p->size_max > p->size_min && p->rate_max > 0.0f
           && p->model_tolerance > 0.0f && p->chi2_limit >= 1.5f && p->chi2_limit <= 100.0f
           && p->noise_sigma > 0.0f && p->noise_limit >= 2.0f && p->noise_limit <= 1000.0f
           && p->stuck_count >= 2 && p->axis_stuck_count >= p->stuck_count
           && p->exclude_ms >= 1 && p->readmit_ms >= 1 && p->gap_max_ms >= 1;
}

/* Let a mean take in one sample; what is not finite counts as most. */
static void fade(float *mean, float sample, float limit)
{
    if (!(sample <= MOST * limit)) {
        sample = MOST * limit;
    }
    *mean += FADE * (sample - *mean);
}

static bool stuck(mf_fdi_t *unit, const mf_fdi_params_t *params, const float value[3])
{
    uint16_t least = UINT16_MAX, most = 0;
    for (int i = 0; i < 3; i++) {
        if (unit->history == 0 || value[i] != unit->last[i]) {
            unit->same[i] = 0;
        } else if (unit->same[i] < UINT16_MAX) {
            unit->same[i]++;
        }
        least = unit->same[i] < least ? unit->same[i] : least;
        most = unit->same[i] > most ? unit->same[i] : most;
    }
    return least + 1 >= params->stuck_count || most + 1 >= params->axis_stuck_count;
}

/* Tests against the unit's own past; also moves that past on. */
static uint8_t compare_with_past(mf_fdi_t *unit, const mf_fdi_params_t *params,
                                 const mf_fdi_input_t *input, uint32_t elapsed_ms)
{
    uint8_t faults = stuck(unit, params, input->value) ? MF_FDI_STUCK : 0;
    float difference[3] = {0.0f, 0.0f, 0.0f};
    if (unit->history >= 1) {
        mf_v3_add_scaled(difference, input->value, unit->last, -1.0f);
        float elapsed_s = (float)elapsed_ms * 1.0e-3f;
        if (!(mf_v3_norm(difference) <= params->rate_max * elapsed_s)) {
            faults |= MF_FDI_RATE;
        }
    }
    if (unit->history >= 2) {
        float second[3];
        mf_v3_add_scaled(second, difference, unit->difference, -1.0f);
        float motion = input->motion >= 0.0f ? input->motion : 0.0f;
        /* Second differences of white noise: 6 sigma^2 per axis. */
        float expected = 18.0f * params->noise_sigma * params->noise_sigma + motion * motion;
        fade(&unit->noise, mf_v3_dot(second, second) / expected, params->noise_limit);
    }
    if (unit->noise > params->noise_limit) {
        faults |= MF_FDI_NOISE;
    }
    mf_v3_copy(unit->difference, difference);
    mf_v3_copy(unit->last, input->value);
    unit->history = unit->history < 2 ? (uint8_t)(unit->history + 1) : 2;
    return faults;
}

static uint8_t examine(mf_fdi_t *unit, const mf_fdi_params_t *params, const mf_fdi_input_t *input,
                       uint32_t elapsed_ms)
{
    float size = mf_v3_norm(input->value);
    if (!input->present || !mf_finitef(size)) {
        unit->history = 0; /* what comes next has no neighbour */
        return MF_FDI_MISSING;
    }
    uint8_t faults = compare_with_past(unit, params, input, elapsed_ms);
    if (!(size >= params->size_min && size <= params->size_max)) {
        faults |= MF_FDI_RANGE;
    }
    if (input->model_size > 0.0f
        && !(mf_fabsf(size - input->model_size) <= params->model_tolerance)) {
        faults |= MF_FDI_MODEL;
    }
    if (input->prediction_sigma > 0.0f && mf_v3_finite(input->prediction)) {
        float error[3];
        mf_v3_add_scaled(error, input->value, input->prediction, -1.0f);
        mf_v3_scale(error, error, 1.0f / input->prediction_sigma);
        fade(&unit->chi2, mf_v3_dot(error, error) * (1.0f / 3.0f), params->chi2_limit);
    }
    if (unit->chi2 > params->chi2_limit) {
        faults |= MF_FDI_PREDICTION;
    }
    return input->outside ? (uint8_t)(faults | MF_FDI_OUTSIDE) : faults;
}

/* Count, and what comes of it. */
static int decide(mf_fdi_t *unit, const mf_fdi_params_t *params, uint32_t elapsed_ms)
{
    if (unit->faults != 0) {
        unit->healthy_ms = 0;
        unit->reason |= unit->faults;
        uint32_t room = params->exclude_ms - unit->fault_ms;
        unit->fault_ms += elapsed_ms < room ? elapsed_ms : room;
        if (!unit->excluded && unit->fault_ms >= params->exclude_ms) {
            unit->excluded = true;
            unit->exclusions++;
            return MF_FDI_EXCLUDED;
        }
        return MF_OK;
    }
    uint32_t room = params->readmit_ms - unit->healthy_ms;
    unit->healthy_ms += elapsed_ms < room ? elapsed_ms : room;
    if (unit->excluded) {
        if (unit->healthy_ms < params->readmit_ms) {
            return MF_OK;
        }
        unit->excluded = false;
        unit->fault_ms = 0;
        unit->reason = 0;
        return MF_FDI_READMITTED;
    }
    uint32_t relief_ms = elapsed_ms / RELIEF + (elapsed_ms % RELIEF != 0);
    unit->fault_ms -= relief_ms < unit->fault_ms ? relief_ms : unit->fault_ms;
    if (unit->fault_ms == 0) {
        unit->reason = 0;
    }
    return MF_OK;
}

int mf_fdi_update(mf_fdi_t *unit, const mf_fdi_params_t *params, const mf_fdi_input_t *input,
                  uint32_t time_ms)
{
    uint32_t elapsed_ms = time_ms - unit->time_ms;
    if (!params_valid(params)
        || (unit->started && (elapsed_ms == 0 || elapsed_ms > UINT32_MAX / 2u))) {
        return MF_E_INVAL;
    }
    /* Parameters may have changed on the way. */
    unit->fault_ms = unit->fault_ms < params->exclude_ms ? unit->fault_ms : params->exclude_ms;
    unit->healthy_ms = unit->healthy_ms < params->readmit_ms ? unit->healthy_ms
                                                             : params->readmit_ms;
    if (!unit->started || elapsed_ms > params->gap_max_ms) {
        unit->history = 0;
        elapsed_ms = unit->started ? params->gap_max_ms : 0;
    }
    unit->started = true;
    unit->time_ms = time_ms;
    unit->faults = examine(unit, params, input, elapsed_ms);
    return decide(unit, params, elapsed_ms);
}
