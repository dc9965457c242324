/* Geomagnetic field: see mf_igrf.h. */
#include "mf_igrf.h"

#include "igrf_table.h"
#include "mf_math.h"
#include "mf_vec3.h"

#define RADIUS_M 6.3712e6f
#define DAY_2020 7305
#define DAY_2025 9132
#define DAY_2032 11688
#define FIELD_UNIT_NT 0.1f
#define CHANGE_UNIT_NT 0.01f

void mf_igrf_reset(mf_igrf_t *state)
{
    state->valid = false;
    state->day = 0;
}

/* Coefficients of a day, as factors of the functions of synthesise: divided by (n - m)! and Schmidt
 * normalised, N(n, m) = sqrt(2 (n - m)! / (n + m)!) / (n - m)! (without the 2 for m = 0). */
static void take_date(mf_igrf_t *state, int32_t day)
{
    bool past = day < DAY_2025;
    /* Five years are 1827 days before 2025 and 1826 after. */
    float change_nT = (float)(day - DAY_2025) * (CHANGE_UNIT_NT / (past ? 1827.0f : 1826.0f));
    const int16_t *field = igrf_2025, *before = igrf_before, *after = igrf_after;
    float *out = state->coefficient_nT;
    float sectoral = 1.0f;
    for (int m = 0; m <= IGRF_DEGREE; m++) {
        if (m > 1) {
            sectoral /= mf_sqrtf((float)(2 * m * (2 * m - 1)));
        }
        float normal = sectoral;
        for (int n = m; n <= IGRF_DEGREE; n++) {
            normal /= n > m ? mf_sqrtf((float)(n * n - m * m)) : 1.0f;
            out[0] = out[1] = 0.0f;
            /* No term of degree 0, no h of order 0. */
            for (int k = 0; n > 0 && k <= (m > 0 ? 1 : 0); k++) {
                float value_nT = FIELD_UNIT_NT * (float)*field++;
                float later = n <= IGRF_DEGREE_AFTER ? (float)*after++ : 0.0f;
                value_nT += change_nT * (past ? (float)*before : later);
                before++;
                value_nT += n == 1 ? igrf_dipole_nT[m + k] : 0.0f;
                out[k] = value_nT * normal;
            }
            out += 2;
        }
    }
    state->day = day;
    state->valid = true;
}

/* Field [nT] in the direction `unit`, at `ratio` = reference radius over radius. Order by order:
 * sums over n first, with ratio^(n+2) inside the recursion, then the waves in longitude once. The
 * functions are Q(n, m) = (n - m)! d^m P_n / dz^m of z/r, whose recursion has whole numbers alone:
 * Q(n+1, m) = (2n + 1) z Q(n, m) - (n^2 - m^2) Q(n-1, m), Q(m, m) = 1 * 3 * .. (2m - 1). The
 * derivative of Q(n, m-1) by z is (n - m + 1) Q(n, m). */
static void synthesise(const float *coefficient, const float unit[3], float ratio, float out_nT[3])
{
    float step = unit[2] * ratio;
    float square = ratio * ratio;
    float diagonal = square;
    float c = 1.0f; /* cos^m cos(m lambda), cos^m sin(m lambda) */
    float s = 0.0f;
    float radial = 0.0f;
    float sum[3] = {0.0f, 0.0f, 0.0f};

    for (int m = 0; m <= IGRF_DEGREE; m++) {
        float g = 0.0f, h = 0.0f;                   /* sums of the functions times g and h, */
        float weighted_g = 0.0f, weighted_h = 0.0f; /* times n - m + 1, */
        float slope_g = 0.0f, slope_h = 0.0f;       /* and of the derivatives of order m - 1 */
        float order = (float)m, weight = 1.0f;
        float first = order + order + 1.0f, second = 0.0f; /* 2n + 1, n^2 - m^2 */
        float function = diagonal, before = 0.0f;          /* the latter times the square */
        const float *lower = coefficient; /* with order 0 what comes of it is not used */
        if (m > 0) {
            lower -= 2 * (IGRF_DEGREE + 1 - m);
        }
        for (int n = m; n <= IGRF_DEGREE; n++) {
            float weighted = function * weight;
            float own_g = *coefficient++, own_h = *coefficient++;
            g += function * own_g;
            h += function * own_h;
            weighted_g += weighted * own_g;
            weighted_h += weighted * own_h;
            slope_g += weighted * *lower++;
            slope_h += weighted * *lower++;
            before *= second;
            float next = first * step * function - before;
            before = function * square;
            function = next;
            second += first;
            first += 2.0f;
            weight += 1.0f;
        }
        float along = 0.0f;
        if (m > 0) {
            along = slope_g * c + slope_h * s;
            sum[0] += order * (g * c + h * s);
            sum[1] += order * (h * c - g * s);
            sum[2] += along;
            float turned = unit[0] * c - unit[1] * s;
            s = unit[0] * s + unit[1] * c;
            c = turned;
        }
        radial += unit[2] * along + weighted_g * c + weighted_h * s +
                  (order + order) * (g * c + h * s);
        diagonal *= (order + order + 1.0f) * ratio;
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
