/* Magnetometer calibration: see mf_magcal.h. Fields are scaled by 50 uT inside. */
#include "mf_magcal.h"

#include "mf_vec3.h"

#define N MF_MAGCAL_STATES
#define UNIT_T 50.0e-6f
#define P MF_MAGCAL_COVARIANCE
#define ROOT_STEPS 8
#define CONSTRAINT_VARIANCE 1.0e-9f

static bool params_valid(const mf_magcal_params_t *p)
{
    return mf_within(p->sigma_T, 1.0e-9f, 1.0e-5f) && mf_within(p->bias_sigma_T, 1.0e-7f, 4.0e-5f)
           && mf_within(p->scale_sigma, 1.0e-4f, 0.2f) && mf_within(p->walk, 0.0f, 0.01f)
           && mf_within(p->gate_sigma, 3.0f, 100.0f);
}

/* Place of an element of the covariance, of which the upper triangle is kept row by row. */
static int place(int i, int j)
{
    int row = i < j ? i : j, column = i < j ? j : i;
    return row * N - row * (row + 1) / 2 + column;
}

/* 1 sigma of state i at the start: E is about 2 D, and the last one about b'b. */
static float start_sigma(const mf_magcal_params_t *params, int i)
{
    float bias = params->bias_sigma_T / UNIT_T;
    return i < 6 ? 2.0f * params->scale_sigma : (i < 9 ? bias : 3.0f * bias * bias);
}

int mf_magcal_reset(mf_magcal_t *state, const mf_magcal_params_t *params)
{
    *state = (mf_magcal_t){0};
    if (!params_valid(params)) {
        return MF_E_INVAL;
    }
    for (int i = 0; i < N; i++) {
        float sigma = start_sigma(params, i);
        state->p[place(i, i)] = sigma * sigma;
    }
    return MF_OK;
}

/* I + E of the states. */
static void matrix_of(const float x[N], float out[9])
{
    mf_v3_set(&out[0], 1.0f + x[0], x[3], x[4]);
    mf_v3_set(&out[3], x[3], 1.0f + x[1], x[5]);
    mf_v3_set(&out[6], x[4], x[5], 1.0f + x[2]);
}

/* Positive definite, by its leading minors, with room to spare. */
static bool positive(const float m[9])
{
    return m[0] > 0.1f && m[0] * m[4] - m[1] * m[1] > 0.01f && mf_m3_determinant(m) > 0.001f;
}

/* P h, and h'P h. */
static float project(const float p[P], const float h[N], float ph[N])
{
    float sum = 0.0f;
    for (int i = 0; i < N; i++) {
        ph[i] = 0.0f;
        for (int j = 0; j < N; j++) {
            ph[i] += p[place(i, j)] * h[j];
        }
        sum += ph[i] * h[i];
    }
    return sum;
}

/* One scalar of variance r: Joseph's form of rank one. */
static void scalar(float x[N], float p[P], const float h[N], float innovation, float r)
{
    float gain[N], ph[N], rest[N];
    float s = project(p, h, ph) + r;
    for (int i = 0; i < N; i++) {
        gain[i] = ph[i] / s;
        x[i] += gain[i] * innovation;
    }
    for (int i = 0; i < N; i++) {
        for (int j = i; j < N; j++) {
            p[place(i, j)] -= gain[i] * ph[j];
        }
    }
    (void)project(p, h, rest);
    for (int i = 0; i < N; i++) {
        for (int j = i; j < N; j++) {
            p[place(i, j)] +=
                r * gain[i] * gain[j] - 0.5f * (rest[i] * gain[j] + rest[j] * gain[i]);
        }
    }
}

int mf_magcal_update(mf_magcal_t *state, const mf_magcal_params_t *params,
                     const float mag_T[3], float field_T)
{
    if (!params_valid(params) || !mf_v3_finite(mag_T) || !mf_finitef(field_T)) {
        return MF_E_INVAL;
    }
    float b[3], h[N], ph[N], expected = 0.0f;
    mf_v3_scale(b, mag_T, 1.0f / UNIT_T);
    float model = field_T / UNIT_T, size = mf_v3_norm(b);
    if (!(size <= 4.0f && model >= 0.2f && model <= 2.0f)) {
        return MF_E_RANGE;
    }
    for (int i = 0; i < 3; i++) {
        h[i] = -b[i] * b[i];
        h[6 + i] = 2.0f * b[i];
    }
    h[3] = -2.0f * b[0] * b[1];
    h[4] = -2.0f * b[0] * b[2];
    h[5] = -2.0f * b[1] * b[2];
    h[9] = -1.0f;
    for (int i = 0; i < N; i++) {
        float sigma = start_sigma(params, i) * params->walk;
        state->p[place(i, i)] += sigma * sigma;
        expected += h[i] * state->x[i];
    }
    float noise = params->sigma_T / UNIT_T;
    /* The squared noise has a mean, and a variance beside that of its product with the field. */
    float innovation = (size - model) * (size + model) - 3.0f * noise * noise - expected;
    float r = 4.0f * model * model * noise * noise + 6.0f * noise * noise * noise * noise;
    float s = project(state->p, h, ph) + r;
    if (!(s > 0.0f) || !(innovation * innovation <= params->gate_sigma * params->gate_sigma * s)) {
        state->rejected++;
        return MF_MAGCAL_REJECTED;
    }
    scalar(state->x, state->p, h, innovation, r);
    state->samples++;
    return MF_OK;
}

/* Tell a copy of the states that the last one is b'b = c'(I + E)^-1 c, which they left open. */
static bool constrain(float x[N], float p[P])
{
    float matrix[9], inverse[9], g[3], h[N];
    matrix_of(x, matrix);
    if (!positive(matrix) || !mf_m3_invert(inverse, matrix, 1.0e-3f)) {
        return false;
    }
    /* With g = (I + E)^-1 c the derivatives of c'g are 2 g by c and -g g' by E. */
    mf_m3_apply(g, inverse, &x[6]);
    for (int i = 0; i < 3; i++) {
        h[i] = g[i] * g[i];
        h[6 + i] = -2.0f * g[i];
    }
    h[3] = 2.0f * g[0] * g[1];
    h[4] = 2.0f * g[0] * g[2];
    h[5] = 2.0f * g[1] * g[2];
    h[9] = 1.0f;
    scalar(x, p, h, mf_v3_dot(&x[6], g) - x[9], CONSTRAINT_VARIANCE);
    return true;
}

/* Square root of a symmetric positive matrix near one (Denman & Beavers 1976). */
static bool square_root(const float matrix[9], float root[9])
{
    float other[9] = {1.0f, 0.0f, 0.0f, 0.0f, 1.0f, 0.0f, 0.0f, 0.0f, 1.0f};
    float root_inverse[9], other_inverse[9];
    for (int i = 0; i < 9; i++) {
        root[i] = matrix[i];
    }
    for (int k = 0; k < ROOT_STEPS; k++) {
        if (!mf_m3_invert(root_inverse, root, 1.0e-3f)
            || !mf_m3_invert(other_inverse, other, 1.0e-3f)) {
            return false;
        }
        for (int i = 0; i < 9; i++) {
            root[i] = 0.5f * (root[i] + other_inverse[i]);
            other[i] = 0.5f * (other[i] + root_inverse[i]);
        }
    }
    return true;
}

int mf_magcal_result(const mf_magcal_t *state, mf_magcal_result_t *result)
{
    float matrix[9], root[9], inverse[9], bias[3];
    mf_magcal_t copy = *state;
    if (!constrain(copy.x, copy.p)) {
        return MF_E_RANGE;
    }
    matrix_of(copy.x, matrix);
    if (!positive(matrix) || !square_root(matrix, root)
        || !mf_m3_invert(inverse, root, 1.0e-3f)) {
        return MF_E_RANGE;
    }
    mf_m3_apply(bias, inverse, &copy.x[6]);
    float bias_variance = 0.0f, scale_variance = 0.0f;
    for (int i = 0; i < 9; i++) {
        float *worst = i < 6 ? &scale_variance : &bias_variance;
        *worst = copy.p[place(i, i)] > *worst ? copy.p[place(i, i)] : *worst;
    }
    mf_v3_scale(result->bias_T, bias, UNIT_T);
    for (int i = 0; i < 9; i++) {
        result->matrix[i] = root[i];
    }
    result->bias_sigma_T = mf_sqrtf(bias_variance) * UNIT_T;
    result->scale_sigma = 0.5f * mf_sqrtf(scale_variance);
    return MF_OK;
}

void mf_magcal_apply(const mf_magcal_result_t *result, const float mag_T[3], float out_T[3])
{
    float corrected[3];
    mf_m3_apply(corrected, result->matrix, mag_T);
    mf_v3_add_scaled(out_T, corrected, result->bias_T, -1.0f);
}
