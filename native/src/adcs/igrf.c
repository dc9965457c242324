/* Geomagnetic field: see mf_igrf.h. */
#include "mf_igrf.h"

#include "igrf_table.h"
#include "mf_math.h"
#include "mf_vec3.h"

#define RADIUS_M 6.3712e6f
#define DAY_2020 7305
#define DAY_2025 9132
#define DAY_2032 11688
#define FACTORS 3

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
        float rate = years < 0.0f ? igrf_before_nT_year[i] : igrf_after_nT_year[i];
        state->coefficient_nT[i] = igrf_2025_nT[i] + years * rate;
    }
    state->day = day;
    state->valid = true;
}

/* Field [nT] in the direction `unit`, at `ratio` = reference radius over radius. Order by order:
 * sums over n first, with ratio^(n+2) inside the recursion, then the waves in longitude once. The
 * derivative of order m - 1 by z/r comes from the functions of order m. */
static void synthesise(const float *coefficient, const float unit[3], float ratio, float out_nT[3])
{
    const float *factor = igrf_factor;
    float step = unit[2] * ratio;
    float square = ratio * ratio;
    float diagonal = square;
    float c = 1.0f; /* cos^m cos(m lambda), cos^m sin(m lambda) */
    float s = 0.0f;
    float radial = 0.0f;
    float sum[3] = {0.0f, 0.0f, 0.0f};

    float above = diagonal;
    float before = 0.0f;
    for (int n = 1; n <= IGRF_DEGREE; n++) {
        float function = factor[0] * step * above - factor[1] * square * before;
        radial += (float)(n + 1) * function * coefficient[0];
        before = above;
        above = function;
        coefficient += 2;
        factor += FACTORS;
    }
    const float *lower = coefficient - 2 * IGRF_DEGREE;
    for (int m = 1; m <= IGRF_DEGREE; m++) {
        float g = 0.0f, h = 0.0f;             /* sums of the functions times g and h, */
        float weighted_g = 0.0f, weighted_h = 0.0f; /* times n + 1, */
        float slope_g = 0.0f, slope_h = 0.0f;       /* and of the derivatives of order m - 1 */
        float weight = (float)(m + 1);
        diagonal *= factor[0] * ratio;
        float function = diagonal;
        before = 0.0f;
        for (int n = m;; n++) {
            float part_g = function * coefficient[0];
            float part_h = function * coefficient[1];
            float slope = function * factor[2];
            g += part_g;
            h += part_h;
            weighted_g += weight * part_g;
            weighted_h += weight * part_h;
            slope_g += slope * lower[0];
            slope_h += slope * lower[1];
            coefficient += 2;
            lower += 2;
            factor += FACTORS;
            if (n == IGRF_DEGREE) {
                break;
            }
            float next = factor[0] * step * function - factor[1] * square * before;
            before = function;
            function = next;
            weight += 1.0f;
        }
        lower += 2; /* the next order begins one n higher */
        float along = slope_g * c + slope_h * s;
        float order = (float)m;
        sum[0] += order * (g * c + h * s);
        sum[1] += order * (h * c - g * s);
        sum[2] += along;
        float turned = unit[0] * c - unit[1] * s;
        s = unit[0] * s + unit[1] * c;
        c = turned;
        radial += unit[2] * along + weighted_g * c + weighted_h * s + order * (g * c + h * s);
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
