/* Geomagnetic field: see mf_igrf.h. */
#include "mf_igrf.h"

#include "igrf_table.h"
#include "mf_math.h"
#include "mf_vec3.h"

#define RADIUS_M 6.3712e6f
#define DAY_2020 7305
#define DAY_2025 9132
#define DAY_2032 11688
#define SIZE (IGRF_DEGREE + 2)

_Static_assert(sizeof igrf_2025_nT / sizeof igrf_2025_nT[0] == MF_IGRF_COEFFICIENTS,
               "the table has another degree");

void mf_igrf_reset(mf_igrf_t *state)
{
    state->valid = false;
    state->day = 0;
}

/* Coefficients of a day. */
static void take_date(mf_igrf_t *state, int32_t day)
{
    /* Five years are 1827 days before 2025 and 1826 after. */
    float years = (float)(day - DAY_2025) * (day < DAY_2025 ? 5.0f / 1827.0f : 5.0f / 1826.0f);
    for (int i = 0; i < MF_IGRF_COEFFICIENTS; i++) {
        float rate = 0.0f;
        if (years < 0.0f) {
            rate = igrf_before_nT_year[i];
        } else if (i < IGRF_SECULAR) {
            rate = igrf_after_nT_year[i];
        }
        state->coefficient_nT[i] = igrf_2025_nT[i] + years * rate;
    }
    state->day = day;
    state->valid = true;
}

/* Field [nT] in the direction `unit`, at `ratio` = reference radius over radius. */
static void synthesise(const float *coefficient, const float unit[3], float ratio, float out_nT[3])
{
    /* cos(m lambda) and sin(m lambda) times cos^m, and m times those of m - 1. */
    float c[SIZE], s[SIZE], mc[SIZE], ms[SIZE];
    /* Derived functions of the rows n, n - 1 and n - 2; what lies beyond a row is zero. */
    float rows[3][SIZE] = {{0.0f}};
    float *above = rows[0];
    float *before = rows[1];
    float *row = rows[2];
    const float *first = igrf_first;
    const float *second = igrf_second;
    const float *slope = igrf_slope;
    float u = unit[2];
    float power = ratio * ratio;
    float radial = 0.0f;
    float sum[3] = {0.0f, 0.0f, 0.0f};

    c[0] = 1.0f;
    s[0] = 0.0f;
    above[0] = 1.0f;
    for (int n = 1; n <= IGRF_DEGREE; n++) {
        c[n] = unit[0] * c[n - 1] - unit[1] * s[n - 1];
        s[n] = unit[0] * s[n - 1] + unit[1] * c[n - 1];
        mc[n] = (float)n * c[n - 1];
        ms[n] = (float)n * s[n - 1];
        for (int m = 0; m < n; m++) {
            row[m] = first[m] * u * above[m] - second[m] * before[m];
        }
        row[n] = first[n] * above[n - 1];
        row[n + 1] = 0.0f;

        float derivative = slope[0] * row[1];
        float g = *coefficient++;
        float row_z = derivative * g;
        float row_r = (float)(n + 1) * row[0] * g + u * row_z;
        float row_x = 0.0f;
        float row_y = 0.0f;
        for (int m = 1; m <= n; m++) {
            g = *coefficient++;
            float h = *coefficient++;
            float wave = g * c[m] + h * s[m];
            float along = slope[m] * row[m + 1] * wave;
            row_x += row[m] * (g * mc[m] + h * ms[m]);
            row_y += row[m] * (h * mc[m] - g * ms[m]);
            row_z += along;
            row_r += (float)(n + 1 + m) * row[m] * wave + u * along;
        }
        power *= ratio;
        radial += power * row_r;
        sum[0] += power * row_x;
        sum[1] += power * row_y;
        sum[2] += power * row_z;

        first += n + 1;
        second += n + 1;
        slope += n + 1;
        float *spare = before;
        before = above;
        above = row;
        row = spare;
    }
    for (int i = 0; i < 3; i++) {
        out_nT[i] = radial * unit[i] - sum[i];
    }
}

int mf_igrf_update(mf_igrf_t *state, int32_t day, const float r_E_m[3], float mag_E_T[3])
{
    float radius = mf_v3_norm(r_E_m);
    /* Written so that NaN fails. */
    if (!(radius >= 6.3e6f && radius <= 1.0e8f)) {
        return MF_E_RANGE;
    }
    if (day < DAY_2020 || day >= DAY_2032) {
        return MF_E_INVAL;
    }
    if (!state->valid || day != state->day) {
        take_date(state, day);
    }
    float unit[3];
    float field_nT[3];
    mf_v3_scale(unit, r_E_m, 1.0f / radius);
    synthesise(state->coefficient_nT, unit, RADIUS_M / radius, field_nT);
    mf_v3_scale(mag_E_T, field_nT, 1.0e-9f);
    return MF_OK;
}

int mf_igrf_update_N(mf_igrf_t *state, int32_t day, const mf_frames_t *frames,
                     const float r_N_m[3], float mag_N_T[3])
{
    float r_E_m[3];
    float mag_E_T[3];
    mf_m3_apply(r_E_m, frames->dcm_EN, r_N_m);
    int status = mf_igrf_update(state, day, r_E_m, mag_E_T);
    if (status == MF_OK) {
        mf_m3_apply_transposed(mag_N_T, frames->dcm_EN, mag_E_T);
    }
    return status;
}
