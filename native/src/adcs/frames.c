/* Frames of the Earth: see mf_frames.h. */
#include "mf_frames.h"

#include "mf_math.h"

#define SLOT_BITS 9u /* 512 s */

/* Arguments of nutation at 2000-01-01T00:00 TT and their rates, 2^-56 turns (per day): Omega node
 * of the Moon, mean longitudes of Moon (F + Omega) and Sun (F - D + Omega), anomaly of the Sun.
 * IERS Conventions 2010, eq. 5.43. */
#define NODE_START UINT64_C(25034215672249759)
#define NODE_RATE INT64_C(-10599224699919)
#define MOON_START UINT64_C(42379562523729009)
#define MOON_RATE INT64_C(2637387299923727)
#define SUN_START UINT64_C(56039516439823655)
#define SUN_RATE INT64_C(197287158841916)
#define ANOMALY_START UINT64_C(71464381704392401)
#define ANOMALY_RATE INT64_C(197277736073453)

#define ARCSEC 4.8481368e-6f /* rad */

/* WGS-84. */
#define EARTH_A_M 6378137.0f
#define EARTH_B_M 6356752.3f
#define EARTH_E2 6.6943800e-3f
#define EARTH_EP2 6.7394967e-3f /* second eccentricity squared */

void mf_frames_reset(mf_frames_t *state)
{
    state->slot_known = false;
    state->slot = 0;
    state->era_rad = 0.0f;
    for (int i = 0; i < 9; i++) {
        float unit = i % 4 == 0 ? 1.0f : 0.0f;
        state->dcm_CN[i] = unit;
        state->dcm_NT[i] = unit;
        state->dcm_EN[i] = unit;
    }
}

/* Rows of R3(angle) a: the frame turns by +angle about z. */
static void turn_z(float out[9], const float a[9], float angle_rad)
{
    float s = mf_sinf(angle_rad);
    float c = mf_cosf(angle_rad);
    for (int i = 0; i < 3; i++) {
        out[i] = c * a[i] + s * a[3 + i];
        out[3 + i] = c * a[3 + i] - s * a[i];
        out[6 + i] = a[6 + i];
    }
}

/* dcm_CN and dcm_NT of a TT day. */
static void orient(mf_frames_t *state, const mf_day_t *tt)
{
    float t = mf_time_centuries(tt);
    float node = mf_time_angle(tt, NODE_START, NODE_RATE);
    float moon = mf_time_angle(tt, MOON_START, MOON_RATE);
    float sun = mf_time_angle(tt, SUN_START, SUN_RATE);
    float anomaly = mf_time_angle(tt, ANOMALY_START, ANOMALY_RATE);
    float x = -0.016617f + t * (2004.191898f + t * (-0.4297829f + t * -0.1986183f)) -
              6.844318f * mf_sinf(node) - 0.523908f * mf_sinf(2.0f * sun) -
              0.090552f * mf_sinf(2.0f * moon) + 0.082169f * mf_sinf(2.0f * node) +
              0.058707f * mf_sinf(anomaly);
    float y = -0.006951f + t * (-0.025896f + t * -22.4072747f) + 9.205236f * mf_cosf(node) +
              0.573033f * mf_cosf(2.0f * sun) + 0.097847f * mf_cosf(2.0f * moon) -
              0.089618f * mf_cosf(2.0f * node);
    x *= ARCSEC;
    y *= ARCSEC;
    /* Transpose of eq. 5.10; the origin s is -x y / 2 within 1.3e-8 rad. */
    float a = 0.5f + 0.125f * (x * x + y * y);
    float tilt[9] = {
        1.0f - a * x * x, -a * x * y, -x,
        -a * x * y, 1.0f - a * y * y, -y,
        x, y, 1.0f - a * (x * x + y * y),
    };
    turn_z(state->dcm_CN, tilt, 0.5f * x * y);
    /* GMST82 - ERA: 4612 arcsec per century, both known to 1e-9 rad. */
    float between[9];
    turn_z(between, state->dcm_CN, -t * (2.2361703e-2f + t * 6.770714e-6f));
    for (int row = 0; row < 3; row++) {
        for (int column = 0; column < 3; column++) {
            state->dcm_NT[3 * row + column] = between[3 * column + row];
        }
    }
}

int mf_frames_update(mf_frames_t *state, const mf_time_t *time, const mf_time_params_t *params)
{
    mf_day_t ut1;
    if (mf_time_day(time, params, MF_TIME_UT1, &ut1) < 0) {
        return MF_E_INVAL;
    }
    uint32_t slot = time->seconds >> SLOT_BITS;
    if (!state->slot_known || slot != state->slot) {
        mf_time_t middle = {(slot << SLOT_BITS) + (1u << (SLOT_BITS - 1u)), 0};
        mf_day_t tt;
        (void)mf_time_day(&middle, params, MF_TIME_TT, &tt);
        orient(state, &tt);
        state->slot = slot;
        state->slot_known = true;
    }
    state->era_rad = mf_time_era(&ut1);
    turn_z(state->dcm_EN, state->dcm_CN, state->era_rad);
    return MF_OK;
}

int mf_frames_teme_to_gcrf(const mf_frames_t *state, const double v_T[3], float v_N[3])
{
    float rounded[3];
    for (int i = 0; i < 3; i++) {
        if (!(mf_fabs(v_T[i]) <= 1.0e9)) {
            return MF_E_RANGE;
        }
        rounded[i] = (float)v_T[i];
    }
    mf_m3_apply(v_N, state->dcm_NT, rounded);
    return MF_OK;
}

int mf_frames_geodetic(const float r_E_m[3], float *latitude_rad, float *longitude_rad,
                       float *height_m)
{
    float across = mf_sqrtf(r_E_m[0] * r_E_m[0] + r_E_m[1] * r_E_m[1]);
    float z = r_E_m[2];
    float radius = mf_sqrtf(across * across + z * z);
    if (!(radius >= 6.2e6f && radius <= 1.0e8f)) {
        return MF_E_RANGE;
    }
    /* Parametric latitude first; sine and cosine from the sides, so the poles need no care. */
    float side_z = z * EARTH_A_M;
    float side_p = across * EARTH_B_M;
    float slope = 1.0f / mf_sqrtf(side_z * side_z + side_p * side_p);
    float sb = side_z * slope;
    float cb = side_p * slope;
    float up = z + EARTH_EP2 * EARTH_B_M * sb * sb * sb;
    float out = across - EARTH_E2 * EARTH_A_M * cb * cb * cb;
    float size = 1.0f / mf_sqrtf(up * up + out * out);
    float s = up * size;
    float c = out * size;
    *latitude_rad = mf_atan2f(up, out);
    *longitude_rad = across > 0.0f ? mf_atan2f(r_E_m[1], r_E_m[0]) : 0.0f;
    *height_m = across * c + z * s - EARTH_A_M * mf_sqrtf(1.0f - EARTH_E2 * s * s);
    return MF_OK;
}
