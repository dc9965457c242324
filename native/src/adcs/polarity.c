/* Polarity self-test: see mf_polarity.h. */
#include "mf_polarity.h"

#include "mf_vec3.h"

#define PHASES 4
#define DEAD_RATIO 0.2f
#define CROSS_MAX 0.5f
#define RATIO_MIN 0.5f
#define RATIO_MAX 2.0f
#define NOISE_SIGMAS 5.0f /* the expectation must stand out of the noise by so much */

static const float signs[PHASES] = {1.0f, -1.0f, -1.0f, 1.0f};

void mf_polarity_reset(mf_polarity_t *state)
{
    *state = (mf_polarity_t){0};
    state->least = UINT16_MAX;
}

static bool params_valid(const mf_polarity_params_t *p)
{
    float size = mf_v3_norm(p->expected);
    return size > 0.0f && size < 1.0e15f && p->command > 0.0f && p->command < 1.0e6f &&
           p->noise >= 0.0f && p->noise < 1.0e6f && p->value_max > 0.0f && p->measure_ms >= 1 &&
           p->measure_ms <= 1000000u;
}

static int finish(mf_polarity_t *state, uint8_t verdict)
{
    state->phase = PHASES;
    state->verdict = verdict;
    return 1;
}

/* Ratio and part across of the whole response; what they mean. */
static uint8_t judge(mf_polarity_t *state, const mf_polarity_params_t *params)
{
    uint32_t fewest = params->ramp ? 2 : 1;
    if (state->least < fewest) {
        return MF_POLARITY_INCONCLUSIVE;
    }
    /* 1 sigma of the response per unit of command: means of n samples, or differences of two. */
    float per_command = 1.0f / ((float)PHASES * params->command);
    float sigma = 0.5f * params->noise / params->command;
    float span = 1.0f;
    if (params->ramp) {
        span = state->ramp_s / (float)PHASES;
        sigma *= 1.41421356f;
    } else {
        sigma /= mf_sqrtf((float)state->least);
    }
    float expected[3], across[3];
    mf_v3_scale(expected, params->expected, span);
    mf_v3_scale(state->response, state->response, per_command);
    float size = mf_v3_norm(expected);
    state->ratio = mf_v3_dot(state->response, expected) / size / size;
    mf_v3_add_scaled(across, state->response, expected, -state->ratio);
    state->cross = mf_v3_norm(across) / size;
    if (!(size > NOISE_SIGMAS * sigma) || !mf_finitef(state->ratio)
        || !mf_finitef(state->cross)) {
        state->ratio = 0.0f;
        state->cross = 0.0f;
        return MF_POLARITY_INCONCLUSIVE;
    }
    float ratio = mf_fabsf(state->ratio);
    if (state->cross > CROSS_MAX) {
        return MF_POLARITY_WRONG_AXIS;
    }
    if (ratio < DEAD_RATIO) {
        return MF_POLARITY_DEAD;
    }
    if (ratio < RATIO_MIN || ratio > RATIO_MAX) {
        return MF_POLARITY_WRONG_SIZE;
    }
    return state->ratio > 0.0f ? MF_POLARITY_RIGHT : MF_POLARITY_REVERSED;
}

static void take(mf_polarity_t *state, const mf_polarity_params_t *params, const float value[3],
                 uint32_t time_ms)
{
    if (!params->ramp) {
        mf_v3_add_scaled(state->sum, state->sum, value, 1.0f);
    } else if (state->samples == 0) {
        mf_v3_copy(state->sum, value);
        state->first_ms = time_ms;
    }
    mf_v3_copy(state->last, value);
    state->last_ms = time_ms;
    state->samples = (uint16_t)(state->samples + (state->samples < UINT16_MAX));
}

/* Weigh what the phase has given and begin the next one. */
static void turn_over(mf_polarity_t *state, const mf_polarity_params_t *params, uint32_t time_ms)
{
    float given[3] = {0.0f, 0.0f, 0.0f};
    if (state->samples > 0 && params->ramp) {
        mf_v3_add_scaled(given, state->last, state->sum, -1.0f);
        state->ramp_s += (float)(state->last_ms - state->first_ms) * 1.0e-3f;
    } else if (state->samples > 0) {
        mf_v3_scale(given, state->sum, 1.0f / (float)state->samples);
    }
    mf_v3_add_scaled(state->response, state->response, given, signs[state->phase]);
    state->least = state->samples < state->least ? state->samples : state->least;
    state->samples = 0;
    mf_v3_zero(state->sum);
    state->start_ms = time_ms;
    state->phase++;
}

int mf_polarity_update(mf_polarity_t *state, const mf_polarity_params_t *params,
                       const float value[3], uint32_t time_ms, float *command)
{
    *command = 0.0f;
    if (!params_valid(params)) {
        return MF_E_INVAL;
    }
    if (state->phase >= PHASES) {
        return 1;
    }
    uint32_t elapsed_ms = time_ms - state->time_ms;
    if (!state->started) {
        state->started = true;
        state->start_ms = time_ms;
        state->time_ms = time_ms;
        *command = signs[0] * params->command;
        return MF_OK;
    }
    bool sound = mf_v3_finite(value);
    if (elapsed_ms == 0 || elapsed_ms > MF_POLARITY_GAP_MAX_MS
        || (sound && !(mf_v3_norm(value) <= params->value_max))) {
        return finish(state, MF_POLARITY_INCONCLUSIVE);
    }
    uint32_t phase_ms = time_ms - state->start_ms;
    if (sound && phase_ms > MF_POLARITY_SETTLE_MS) {
        take(state, params, value, time_ms);
    }
    state->time_ms = time_ms;
    if (phase_ms >= MF_POLARITY_SETTLE_MS + params->measure_ms) {
        turn_over(state, params, time_ms);
        if (state->phase >= PHASES) {
            return finish(state, judge(state, params));
        }
    }
    *command = signs[state->phase] * params->command;
    return MF_OK;
}
