/* Guidance: see mf_guidance.h. */
#include "mf_guidance.h"

#include <stddef.h>

#include "mf_quat.h"
#include "mf_triad.h"
#include "mf_vec3.h"

#define EARTH_MU_M3_S2 3.986004418e14f
#define EARTH_RATE_RAD_S 7.292115e-5f
#define SINE_MIN 0.05f     /* between the two directions */
#define AHEAD_S 1.0f       /* for the change of the rate */

/* A moving direction, any length. */
typedef struct {
    float line[3];
    float change[3]; /* per second, same unit */
} moving_t;

typedef struct {
    float r_N_m[3], v_N_m_s[3];
    float target_N_m[3];
    const float *sun_N;
} scene_t;

static void gravity(const float r_N_m[3], float out[3])
{
    float r_m = mf_v3_norm(r_N_m);
    mf_v3_scale(out, r_N_m, -EARTH_MU_M3_S2 / (r_m * r_m) / r_m);
}

static void earth_turn(const float point_N_m[3], float out[3])
{
    mf_v3_set(out, -EARTH_RATE_RAD_S * point_N_m[1], EARTH_RATE_RAD_S * point_N_m[0], 0.0f);
}

static void directions(uint8_t target, const scene_t *scene, moving_t *first, moving_t *second)
{
    moving_t down, ahead;
    mf_v3_scale(down.line, scene->r_N_m, -1.0f);
    mf_v3_scale(down.change, scene->v_N_m_s, -1.0f);
    mf_v3_copy(ahead.line, scene->v_N_m_s);
    gravity(scene->r_N_m, ahead.change);
    *first = target == MF_GUIDANCE_VELOCITY ? ahead : down;
    *second = target == MF_GUIDANCE_VELOCITY ? down : ahead;
    if (target == MF_GUIDANCE_TARGET) {
        mf_v3_add_scaled(first->line, scene->target_N_m, scene->r_N_m, -1.0f);
        earth_turn(scene->target_N_m, first->change);
        mf_v3_add_scaled(first->change, first->change, scene->v_N_m_s, -1.0f);
    }
    if (target == MF_GUIDANCE_SUN) {
        mf_v3_copy(first->line, scene->sun_N);
        mf_v3_zero(first->change);
        mf_v3_set(second->line, 0.0f, 0.0f, 1.0f);
        mf_v3_zero(second->change);
    }
}

/* To unit length, and its change across itself. Not finite for no direction: its sine is then NaN. */
static void unify(moving_t *direction)
{
    float inverse = 1.0f / mf_v3_norm(direction->line);
    mf_v3_scale(direction->line, direction->line, inverse);
    mf_v3_scale(direction->change, direction->change, inverse);
    mf_v3_add_scaled(direction->change, direction->change, direction->line,
                     -mf_v3_dot(direction->change, direction->line));
}

/* The frame's matrix (unless NULL) and its rate in components of R, at one instant. `body` are the
 * axes of the pair first_B, second_B. */
static bool solve(uint8_t target, const float body[9], const scene_t *scene, float dcm_RN[9],
                  float omega_R_rad_s[3])
{
    moving_t first, second;
    float rows[9];
    directions(target, scene, &first, &second);
    unify(&first);
    unify(&second);
    float sine = mf_triad_frame(first.line, second.line, rows);
    if (!(sine >= SINE_MIN)) {
        return false;
    }
    /* Change of the normal axis along the third one: the rate about the first. */
    float one[3], two[3], rate[3];
    mf_v3_cross(one, first.change, second.line);
    mf_v3_cross(two, first.line, second.change);
    mf_v3_add_scaled(one, one, two, 1.0f);
    rate[0] = mf_v3_dot(one, &rows[6]) / sine;
    rate[1] = -mf_v3_dot(first.change, &rows[6]);
    rate[2] = mf_v3_dot(first.change, &rows[3]);
    if (dcm_RN != NULL) {
        mf_triad_join(body, rows, dcm_RN);
    }
    mf_m3_apply_transposed(omega_R_rad_s, body, rate);
    return mf_v3_finite(omega_R_rad_s);
}

static void carry_on(scene_t *scene)
{
    float pull[3], turn[3];
    gravity(scene->r_N_m, pull);
    earth_turn(scene->target_N_m, turn);
    mf_v3_add_scaled(scene->r_N_m, scene->r_N_m, scene->v_N_m_s, AHEAD_S);
    mf_v3_add_scaled(scene->r_N_m, scene->r_N_m, pull, 0.5f * AHEAD_S * AHEAD_S);
    mf_v3_add_scaled(scene->v_N_m_s, scene->v_N_m_s, pull, AHEAD_S);
    mf_v3_add_scaled(scene->target_N_m, scene->target_N_m, turn, AHEAD_S);
}

static bool sized(const float v[3], float lowest, float highest)
{
    float size = mf_v3_norm(v);
    return size >= lowest && size <= highest; /* NaN is not */
}

static int refuse(mf_guidance_output_t *output, uint8_t reason)
{
    *output = (mf_guidance_output_t){{0.0f, 0.0f, 0.0f, 1.0f}, {0.0f}, {0.0f}, reason};
    return MF_E_RANGE;
}

/* Sine of the elevation of the spacecraft seen from the point. */
static float elevation_sine(const scene_t *scene)
{
    float line[3], up[3];
    mf_v3_add_scaled(line, scene->r_N_m, scene->target_N_m, -1.0f);
    if (!mf_v3_unit(line, line) || !mf_v3_unit(up, scene->target_N_m)) {
        return -1.0f;
    }
    return mf_v3_dot(line, up);
}

/* Checks, and the point turned to N. */
static bool prepare(const mf_guidance_params_t *params, const mf_guidance_input_t *input,
                    scene_t *scene)
{
    scene->sun_N = input->sun_N;
    mf_v3_copy(scene->r_N_m, input->r_N_m);
    mf_v3_copy(scene->v_N_m_s, input->v_N_m_s);
    mf_v3_zero(scene->target_N_m);
    if (params->target == MF_GUIDANCE_SUN) {
        mf_v3_set(scene->r_N_m, 7.0e6f, 0.0f, 0.0f); /* not used */
        mf_v3_set(scene->v_N_m_s, 0.0f, 7.5e3f, 0.0f);
        return mf_v3_unit(scene->target_N_m, input->sun_N);
    }
    if (!sized(input->r_N_m, 6.4e6f, 5.0e7f) || !sized(input->v_N_m_s, 1.0e3f, 1.2e4f)) {
        return false;
    }
    if (params->target == MF_GUIDANCE_TARGET) {
        float q_EN[4]; /* a matrix that is none is refused */
        if (!sized(input->target_E_m, 6.3e6f, 6.5e6f)
            || mf_quat_from_dcm(input->dcm_EN, q_EN) != MF_OK
            || !(params->elevation_min_rad >= -0.1f && params->elevation_min_rad <= 1.5f)) {
            return false;
        }
        mf_m3_apply_transposed(scene->target_N_m, input->dcm_EN, input->target_E_m);
    }
    return params->target <= MF_GUIDANCE_TARGET;
}

int mf_guidance_update(const mf_guidance_params_t *params, const mf_guidance_input_t *input,
                       mf_guidance_output_t *output)
{
    (void)refuse(output, MF_GUIDANCE_FINE);
    if (!(params->rate_max_rad_s > 0.0f)) {
        return MF_E_INVAL;
    }
    if (params->target == MF_GUIDANCE_INERTIAL) {
        float q[4] = {params->q_RN[0], params->q_RN[1], params->q_RN[2], params->q_RN[3]};
        if (mf_quat_normalize(q) != MF_OK) {
            return MF_E_INVAL;
        }
        for (int i = 0; i < 4; i++) {
            output->q_RN[i] = q[i];
        }
        return MF_OK;
    }
    scene_t scene;
    if (!prepare(params, input, &scene)) {
        return MF_E_INVAL;
    }
    if (params->target == MF_GUIDANCE_TARGET
        && elevation_sine(&scene) < mf_sinf(params->elevation_min_rad)) {
        return refuse(output, MF_GUIDANCE_BELOW_HORIZON);
    }
    float body[9], dcm_RN[9], later_rad_s[3], first[3], second[3];
    if (!mf_v3_unit(first, params->first_B) || !mf_v3_unit(second, params->second_B)
        || !(mf_triad_frame(first, second, body) >= SINE_MIN)
        || !solve(params->target, body, &scene, dcm_RN, output->omega_RN_R_rad_s)
        || mf_quat_from_dcm(dcm_RN, output->q_RN) != MF_OK) {
        return refuse(output, MF_GUIDANCE_SINGULAR);
    }
    if (mf_v3_norm(output->omega_RN_R_rad_s) > params->rate_max_rad_s) {
        return refuse(output, MF_GUIDANCE_TOO_FAST);
    }
    carry_on(&scene);
    if (!solve(params->target, body, &scene, NULL, later_rad_s)) {
        return refuse(output, MF_GUIDANCE_SINGULAR);
    }
    mf_v3_add_scaled(later_rad_s, later_rad_s, output->omega_RN_R_rad_s, -1.0f);
    mf_v3_scale(output->alpha_RN_R_rad_s2, later_rad_s, 1.0f / AHEAD_S);
    return MF_OK;
}
