/* SGP4, near Earth: see mf_sgp4.h.
 *
 * The formulas stand in native/sgp4_formulas.py; native/generate_sgp4.py makes them programs for the
 * machine in `run`: a stack and numbered values in double precision. As machine code they would be
 * 7 KB of calls of soft floating point; so they are 1 KB. */
#include "mf_sgp4.h"

#include <string.h>

#include "mf_math.h"
#include "sgp4_program.h"

/* The slowest motion of a near-earth orbit: 225 minutes per turn. */
#define MOTION_MIN (MF_TWO_PI / 225.0)
/* Earth radii. The verification set holds an object on its last half orbit (0.993): elements of a
 * decaying orbit are taken, positions inside the Earth are not given. */
#define PERIGEE_MIN 0.98
#define SIMPLE_BELOW_KM 220.0
#define CIRCLE_BELOW 1.0e-4
#define MINUTES_MAX 1.0e6
#define KEPLER_STEPS 10
#define AXIS_STEPS 26   /* each doubles at least: every axis that a set of two lines can state */
#define WHOLE_MAX 2.0e9
#define ANGLE_MAX 100.0 /* of elements [rad]; a set of two lines has 2 pi at most */

_Static_assert(STATE == MF_SGP4_STATE, "the program keeps another number of values");

void mf_sgp4_reset(mf_sgp4_t *state)
{
    state->valid = false;
}

/* Run a program on the values. The generator has checked places and depth of the stack. */
static void run(const uint8_t *program, double value[VALUES])
{
    double stack[STACK + 1], *top = stack; /* the next free place */
    for (;;) {
        uint8_t operation = *program++;
        if (operation < VALUES) {
            *top++ = value[operation];
            continue;
        }
        if (operation < VALUES + SINGLES) {
            *top++ = (double)singles[operation - VALUES];
            continue;
        }
        if (operation < STORE) {
            *top++ = doubles[operation - VALUES - SINGLES];
            continue;
        }
        if (operation == DO_END) {
            return;
        }
        double *last = top - 1;
        if (operation < DO_ADD) {
            top = last;
            value[operation - STORE] = *last;
            continue;
        }
        double right = *last;
        switch (operation) {
        case DO_SQRT:
            *last = mf_sqrt(right);
            continue;
        case DO_WHOLE:
            *last = mf_fabs(right) < WHOLE_MAX ? (double)(int32_t)right : 0.0;
            continue;
        case DO_SINCOS:
            mf_sincos(right, last, top);
            top++;
            continue;
        default:
            break;
        }
        top = last--;
        switch (operation) {
        case DO_ADD:
            *last += right;
            break;
        case DO_SUB:
            *last -= right;
            break;
        case DO_MUL:
            *last *= right;
            break;
        case DO_DIV:
            *last /= right;
            break;
        default:
            if (operation == DO_MIN ? right < *last : right > *last) {
                *last = right;
            }
            break;
        }
    }
}

/* Semi-major axis of the mean motion in `value`. */
static void find_axis(double value[VALUES])
{
    run(axis, value);
    for (int i = 0; i < AXIS_STEPS; i++) {
        run(axis_step, value);
    }
}

static bool elements_good(const mf_tle_t *tle)
{
    const double angles[4] = {tle->inclination_rad, tle->raan_rad, tle->arg_perigee_rad,
                              tle->mean_anomaly_rad};
    for (int i = 0; i < 4; i++) {
        if (!(mf_fabs(angles[i]) < ANGLE_MAX)) {
            return false;
        }
    }
    double e = tle->eccentricity;
    double motion = tle->mean_motion_rad_min;
    /* Written so that NaN fails. One turn per minute is far below the ground. */
    return e >= 0.0 && e < 1.0 && motion > 0.0 && motion < MF_TWO_PI &&
           mf_fabs(tle->bstar_per_radius) < 10.0;
}

int mf_sgp4_init(mf_sgp4_t *state, const mf_tle_t *tle)
{
    if (!elements_good(tle)) {
        return MF_E_INVAL;
    }
    double value[VALUES] = {0.0};
    value[V_MO] = tle->mean_anomaly_rad;
    value[V_ARGPO] = tle->arg_perigee_rad;
    value[V_NODEO] = tle->raan_rad;
    value[V_ECCO] = tle->eccentricity;
    value[V_BSTAR] = tle->bstar_per_radius;
    value[V_INCLINATION] = tle->inclination_rad;
    value[V_MOTION] = tle->mean_motion_rad_min;
    run(elements, value);
    find_axis(value);
    run(brouwer, value);
    if (!(value[V_NO] > 0.0)) {
        return MF_E_INVAL;
    }
    if (value[V_NO] <= MOTION_MIN) {
        return MF_E_RANGE;
    }
    find_axis(value);
    run(perigee, value);
    if (!(value[V_PERIGEE] >= PERIGEE_MIN)) {
        return MF_E_INVAL;
    }
    run(rates, value);
    if (value[V_ECCO] > CIRCLE_BELOW) {
        run(eccentric, value);
    }
    state->simple = value[V_PERIGEE_KM] < SIMPLE_BELOW_KM;
    if (!state->simple) {
        run(higher, value);
    }
    memcpy(state->value, value, sizeof state->value);
    state->epoch_day = tle->epoch_day;
    state->epoch_fraction_e8 = tle->epoch_fraction_e8;
    state->valid = true;
    return MF_OK;
}

int mf_sgp4_propagate(const mf_sgp4_t *state, double minutes, double r_TEME_m[3],
                      double v_TEME_m_s[3])
{
    if (!state->valid || !(mf_fabs(minutes) <= MINUTES_MAX)) {
        return MF_E_INVAL;
    }
    double value[VALUES];
    memcpy(value, state->value, sizeof state->value);
    value[V_T] = minutes;
    run(mean, value);
    if (!state->simple) {
        run(mean_higher, value);
    }
    if (!(value[V_EM] < 1.0 && value[V_EM] >= -0.001) || !(value[V_TEMPA] > 0.0)) {
        return MF_E_RANGE;
    }
    run(long_period, value);
    value[V_STEP] = 1.0;
    for (int i = 0; i < KEPLER_STEPS && mf_fabs(value[V_STEP]) >= 1.0e-12; i++) {
        run(kepler_step, value);
    }
    run(short_period, value);
    /* Decayed, or the node has turned beyond all measure; written so that NaN fails. */
    if (!(value[V_MRT] >= 1.0) || !(mf_fabs(value[V_COSINE]) <= 2.0)) {
        return MF_E_RANGE;
    }
    run(vectors, value);
    memcpy(r_TEME_m, &value[V_X], 3 * sizeof r_TEME_m[0]);
    memcpy(v_TEME_m_s, &value[V_VX], 3 * sizeof v_TEME_m_s[0]);
    return MF_OK;
}

int mf_sgp4_update(const mf_sgp4_t *s, const mf_sgp4_params_t *params, const mf_day_t *utc,
                   double r_TEME_m[3], double v_TEME_m_s[3])
{
    if (!s->valid) {
        return MF_E_INVAL;
    }
    /* Days apart, then the times of day: nothing large is subtracted. */
    double seconds = ((double)utc->day - (double)s->epoch_day) * MF_TIME_DAY_S +
                     ((double)utc->second - (double)s->epoch_fraction_e8 * 8.64e-4) +
                     (double)utc->fraction * (1.0 / MF_TIME_TICKS_PER_S);
    if (seconds > (double)params->age_max_s || -seconds > (double)params->ahead_max_s) {
        return MF_E_STALE;
    }
    return mf_sgp4_propagate(s, seconds / 60.0, r_TEME_m, v_TEME_m_s);
}
