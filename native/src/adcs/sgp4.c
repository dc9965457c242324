/* SGP4, near Earth: see mf_sgp4.h. Names of quantities follow AIAA 2006-6753. */
#include "mf_sgp4.h"

#include "mf_math.h"

/* WGS-72: gravity 398600.8 km3/s2, radius 6378.135 km. */
#define RADIUS_M 6378135.0
#define RADIUS_KM 6378.135
#define XKE 0.07436691613317342 /* sqrt of gravity, Earth radii and minutes */
#define J2 0.001082616
#define J3 (-0.00000253881)
#define J4 (-0.00000165597)
#define J3OJ2 (J3 / J2)
#define DEEP_SPACE_MIN 225.0
/* Earth radii. The verification set holds an object on its last half orbit (0.993): elements of a
 * decaying orbit are taken, positions inside the Earth are not given. */
#define PERIGEE_MIN 0.98
#define MINUTES_MAX 1.0e6
#define KEPLER_STEPS 10
#define AXIS_STEPS 26
#define ANGLE_MAX 100.0 /* of elements [rad]; a set of two lines has 2 pi at most */

void mf_sgp4_reset(mf_sgp4_t *state)
{
    state->valid = false;
}

static double power4(double x)
{
    double square = x * x;
    return square * square;
}

/* Semi-major axis of a mean motion: (XKE / motion)^(2/3), the root by Halley's steps. They first
 * double it, from one on: AXIS_STEPS reach every axis that a set of two lines can state. */
static double semi_major(double motion_rad_min)
{
    double ratio = XKE / motion_rad_min;
    double cube = ratio * ratio;
    double root = 1.0;
    for (int i = 0; i < AXIS_STEPS; i++) {
        double third = root * root * root;
        root *= (third + 2.0 * cube) / (2.0 * third + cube);
    }
    return root;
}

/* What of the inclination comes again: quadratics in its cosine squared. */
enum { CON41, X1MTH2, X7THM1, MEAN_2, PERIGEE_1, PERIGEE_2, PERIGEE_4, NODE_2, NODE_4, QUADRATICS };

static void quadratics(double cosio2, double out[QUADRATICS])
{
    static const int16_t terms[QUADRATICS][3] = {
        {-1, 3, 0},     {1, -1, 0},    {-1, 7, 0},   {13, -78, 137}, {1, -5, 0},
        {7, -114, 395}, {3, -36, 49},  {4, -19, 0},  {3, -7, 0},
    };
    for (int i = 0; i < QUADRATICS; i++) {
        const int16_t *c = terms[i];
        out[i] = (double)c[0] + cosio2 * ((double)c[1] + cosio2 * (double)c[2]);
    }
}

/* Brouwer mean motion and semi-major axis from Kozai's. */
static void unkozai(mf_sgp4_t *s, double kozai, double omeosq, double rteosq)
{
    double ak = semi_major(kozai);
    double d1 = 0.75 * J2 * s->con41 / (rteosq * omeosq);
    double del = d1 / (ak * ak);
    double adel = ak * (1.0 - del * del - del * (1.0 / 3.0 + 134.0 * del * del / 81.0));
    del = d1 / (adel * adel);
    s->no = kozai / (1.0 + del);
    s->ao = semi_major(s->no);
}

/* Secular rates of mean anomaly, perigee and node by J2, J2^2 and J4. */
static void secular(mf_sgp4_t *s, const double q[QUADRATICS], double omeosq, double rteosq)
{
    double po = s->ao * omeosq;
    double pinvsq = 1.0 / (po * po);
    double temp1 = 1.5 * J2 * pinvsq * s->no;
    double temp2 = 0.0625 * temp1 * (0.5 * J2) * pinvsq;
    double temp3 = -0.46875 * J4 * pinvsq * pinvsq * s->no;
    double half = 0.5 * temp1;
    s->mdot = s->no + rteosq * (half * q[CON41] + temp2 * q[MEAN_2]);
    s->argpdot = temp2 * q[PERIGEE_2] - half * q[PERIGEE_1] + temp3 * q[PERIGEE_4];
    s->nodedot = s->cosio * (8.0 * temp2 * q[NODE_2] + 2.0 * temp3 * q[NODE_4] - temp1);
    s->nodecf = -3.5 * omeosq * temp1 * s->cosio * s->cc1;
}

/* Drag: density function between 78 km and 120 km above the perigee, and what follows from it. */
static void drag(mf_sgp4_t *s, double omeosq)
{
    double perigee_km = (s->ao * (1.0 - s->ecco) - 1.0) * RADIUS_KM;
    double s4_km = 78.0;
    if (perigee_km < 156.0) {
        s4_km = perigee_km < 98.0 ? 20.0 : perigee_km - 78.0;
    }
    double sfour = s4_km / RADIUS_KM + 1.0;
    double tsi = 1.0 / (s->ao - sfour);
    double e = s->ecco;
    double eta = s->ao * e * tsi;
    double etasq = eta * eta;
    double eeta = e * eta;
    double psisq = mf_fabs(1.0 - etasq);
    double coef = power4((120.0 - s4_km) / RADIUS_KM) * power4(tsi);
    double coef1 = coef / (psisq * psisq * psisq * mf_sqrt(psisq));
    double cc2 = coef1 * s->no *
                 (s->ao * (1.0 + 1.5 * etasq + eeta * (4.0 + etasq)) +
                  0.375 * J2 * tsi / psisq * s->con41 * (8.0 + 3.0 * etasq * (8.0 + etasq)));
    double cc3 = e > 1.0e-4 ? -2.0 * coef * tsi * J3OJ2 * s->no * s->sinio / e : 0.0;
    double cc1 = s->bstar * cc2;
    double sinargpo = 0.0, cosargpo = 0.0, cosmo = 0.0;
    mf_sincos(s->argpo, &sinargpo, &cosargpo);
    s->eta = eta;
    s->cc1 = cc1;
    s->cc4 = 2.0 * s->no * coef1 * s->ao * omeosq *
             (eta * (2.0 + 0.5 * etasq) + e * (0.5 + 2.0 * etasq) -
              J2 * tsi / (s->ao * psisq) *
                  (-3.0 * s->con41 * (1.0 - 2.0 * eeta + etasq * (1.5 - 0.5 * eeta)) +
                   0.75 * s->x1mth2 * (2.0 * etasq - eeta * (1.0 + etasq)) *
                       (2.0 * cosargpo * cosargpo - 1.0)));
    s->cc5 = 2.0 * coef1 * s->ao * omeosq * (1.0 + 2.75 * (etasq + eeta) + eeta * etasq);
    s->omgcof = s->bstar * cc3 * cosargpo;
    s->xmcof = e > 1.0e-4 ? -2.0 / 3.0 * coef * s->bstar / eeta : 0.0;
    s->t2cof = 1.5 * cc1;
    mf_sincos(s->mo, &s->sinmao, &cosmo);
    cosmo = 1.0 + eta * cosmo;
    s->delmo = cosmo * cosmo * cosmo;
    s->d2 = s->d3 = s->d4 = s->t3cof = s->t4cof = s->t5cof = 0.0;
    s->simple = perigee_km < 220.0;
    if (!s->simple) {
        double cc1sq = cc1 * cc1;
        s->d2 = 4.0 * s->ao * tsi * cc1sq;
        double temp = s->d2 * tsi * cc1 / 3.0;
        s->d3 = (17.0 * s->ao + sfour) * temp;
        s->d4 = 0.5 * temp * s->ao * tsi * (221.0 * s->ao + 31.0 * sfour) * cc1;
        s->t3cof = s->d2 + 2.0 * cc1sq;
        s->t4cof = 0.25 * (3.0 * s->d3 + cc1 * (12.0 * s->d2 + 10.0 * cc1sq));
        s->t5cof = 0.2 * (3.0 * s->d4 + 12.0 * cc1 * s->d3 + 6.0 * s->d2 * s->d2 +
                          15.0 * cc1sq * (2.0 * s->d2 + cc1sq));
    }
}

static bool elements_good(const mf_tle_t *tle)
{
    double e = tle->eccentricity;
    double motion = tle->mean_motion_rad_min;
    /* Written so that NaN fails. One turn per minute is far below the ground. */
    return e >= 0.0 && e < 1.0 && motion > 0.0 && motion < MF_TWO_PI &&
           mf_fabs(tle->inclination_rad) < ANGLE_MAX && mf_fabs(tle->raan_rad) < ANGLE_MAX &&
           mf_fabs(tle->arg_perigee_rad) < ANGLE_MAX && mf_fabs(tle->mean_anomaly_rad) < ANGLE_MAX &&
           mf_fabs(tle->bstar_per_radius) < 10.0;
}

int mf_sgp4_init(mf_sgp4_t *state, const mf_tle_t *tle)
{
    if (!elements_good(tle)) {
        return MF_E_INVAL;
    }
    mf_sgp4_t s = {0};
    s.epoch_day = tle->epoch_day;
    s.epoch_fraction_e8 = tle->epoch_fraction_e8;
    s.mo = tle->mean_anomaly_rad;
    s.argpo = tle->arg_perigee_rad;
    s.nodeo = tle->raan_rad;
    s.ecco = tle->eccentricity;
    s.bstar = tle->bstar_per_radius;
    mf_sincos(tle->inclination_rad, &s.sinio, &s.cosio);
    double omeosq = 1.0 - s.ecco * s.ecco;
    double rteosq = mf_sqrt(omeosq);
    double q[QUADRATICS];
    quadratics(s.cosio * s.cosio, q);
    s.con41 = q[CON41];
    s.x1mth2 = q[X1MTH2];
    s.x7thm1 = q[X7THM1];
    unkozai(&s, tle->mean_motion_rad_min, omeosq, rteosq);
    if (!(s.no > 0.0)) {
        return MF_E_INVAL;
    }
    if (MF_TWO_PI / s.no >= DEEP_SPACE_MIN) {
        return MF_E_RANGE;
    }
    if (!(s.ao * (1.0 - s.ecco) >= PERIGEE_MIN)) {
        return MF_E_INVAL;
    }
    drag(&s, omeosq);
    secular(&s, q, omeosq, rteosq);
    double denominator = 1.0 + s.cosio;
    if (mf_fabs(denominator) <= 1.5e-12) {
        denominator = 1.5e-12;
    }
    s.xlcof = -0.25 * J3OJ2 * s.sinio * (3.0 + 5.0 * s.cosio) / denominator;
    s.aycof = -0.5 * J3OJ2 * s.sinio;
    s.valid = true;
    *state = s;
    return MF_OK;
}

/* Mean elements with secular gravity and drag. */
typedef struct {
    double am, em, argpm, nodem, mm;
} mean_t;

static int mean_elements(const mf_sgp4_t *s, double t, mean_t *out)
{
    double xmdf = s->mo + s->mdot * t;
    double argpdf = s->argpo + s->argpdot * t;
    double t2 = t * t;
    double nodem = s->nodeo + s->nodedot * t + s->nodecf * t2;
    double argpm = argpdf;
    double mm = xmdf;
    double tempa = 1.0 - s->cc1 * t;
    double tempe = s->bstar * s->cc4 * t;
    double templ = s->t2cof * t2;
    if (!s->simple) {
        double sine = 0.0, near = 0.0;
        mf_sincos(xmdf, &sine, &near);
        near = 1.0 + s->eta * near;
        double temp = s->omgcof * t + s->xmcof * (near * near * near - s->delmo);
        mm = xmdf + temp;
        argpm = argpdf - temp;
        double t3 = t2 * t;
        tempa -= t2 * (s->d2 + t * (s->d3 + t * s->d4));
        mf_sincos(mm, &sine, &near);
        tempe += s->bstar * s->cc5 * (sine - s->sinmao);
        templ += t3 * (s->t3cof + t * (s->t4cof + t * s->t5cof));
    }
    double em = s->ecco - tempe;
    if (!(em < 1.0 && em >= -0.001) || !(tempa > 0.0)) {
        return MF_E_RANGE;
    }
    if (em < 1.0e-6) {
        em = 1.0e-6;
    }
    mm += s->no * templ;
    out->am = s->ao * tempa * tempa;
    out->em = em;
    out->nodem = nodem;
    out->argpm = argpm;
    out->mm = mm;
    return MF_OK;
}

/* Sine and cosine of an angle turned by another. */
static void turn(double *sine, double *cosine, double by_rad)
{
    double s = 0.0, c = 0.0, before = *sine;
    mf_sincos(by_rad, &s, &c);
    *sine = before * c + *cosine * s;
    *cosine = *cosine * c - before * s;
}

int mf_sgp4_propagate(const mf_sgp4_t *s, double minutes, double r_TEME_m[3],
                      double v_TEME_m_s[3])
{
    if (!s->valid || !(mf_fabs(minutes) <= MINUTES_MAX)) {
        return MF_E_INVAL;
    }
    mean_t mean;
    if (mean_elements(s, minutes, &mean) < 0) {
        return MF_E_RANGE;
    }
    double am = mean.am;
    double root_am = mf_sqrt(am);
    double nm = XKE / (am * root_am);

    /* Long-period terms. */
    double sine = 0.0;
    double cosine = 0.0;
    mf_sincos(mean.argpm, &sine, &cosine);
    double axnl = mean.em * cosine;
    double temp = 1.0 / (am * (1.0 - mean.em * mean.em));
    double aynl = mean.em * sine + temp * s->aycof;
    double u = mean.mm + mean.argpm + temp * s->xlcof * axnl;
    u -= MF_TWO_PI * (double)(int32_t)(u * (1.0 / MF_TWO_PI)); /* 1e6 minutes are 1e6 turns */

    /* Kepler's equation. */
    double eo1 = u;
    double step = 1.0;
    double sineo1 = 0.0;
    double coseo1 = 1.0;
    for (int i = 0; i < KEPLER_STEPS && mf_fabs(step) >= 1.0e-12; i++) {
        mf_sincos(eo1, &sineo1, &coseo1);
        step = (u - aynl * coseo1 + axnl * sineo1 - eo1) / (1.0 - coseo1 * axnl - sineo1 * aynl);
        if (mf_fabs(step) >= 0.95) {
            step = step > 0.0 ? 0.95 : -0.95;
        }
        eo1 += step;
    }

    /* Short-period preliminaries. */
    double ecose = axnl * coseo1 + aynl * sineo1;
    double esine = axnl * sineo1 - aynl * coseo1;
    double el2 = axnl * axnl + aynl * aynl;
    if (!(el2 < 1.0)) {
        return MF_E_RANGE;
    }
    double betal = mf_sqrt(1.0 - el2);
    double pl = am * (1.0 - el2);
    double rl = am * (1.0 - ecose);
    double rdotl = root_am * esine / rl;
    double rvdotl = root_am * betal / rl;
    double shift = esine / (1.0 + betal);
    double sinu = am / rl * (sineo1 - aynl - axnl * shift);
    double cosu = am / rl * (coseo1 - axnl + aynl * shift);
    double sin2u = 2.0 * cosu * sinu;
    double cos2u = 1.0 - 2.0 * sinu * sinu;
    double temp1 = 0.5 * J2 / pl;
    double temp2 = temp1 / pl;
    double mrt = rl * (1.0 - 1.5 * temp2 * betal * s->con41) + 0.5 * temp1 * s->x1mth2 * cos2u;
    if (!(mrt >= 1.0)) {
        return MF_E_RANGE; /* decayed */
    }
    double scale = nm * temp1 / XKE;
    double mvt = rdotl - scale * s->x1mth2 * sin2u;
    double rvdot = rvdotl + scale * (s->x1mth2 * cos2u + 1.5 * s->con41);

    /* Orientation: argument of latitude, node and inclination with their short-period terms. */
    double sinnode = 0.0;
    double cosnode = 0.0;
    mf_sincos(mean.nodem, &sinnode, &cosnode);
    if (!(mf_fabs(cosnode) <= 2.0)) {
        return MF_E_RANGE; /* the node has turned beyond all measure */
    }
    double sini = s->sinio;
    double cosi = s->cosio;
    double wave = 1.5 * temp2 * s->cosio;
    turn(&sinu, &cosu, -0.25 * temp2 * s->x7thm1 * sin2u);
    turn(&sinnode, &cosnode, wave * sin2u);
    turn(&sini, &cosi, wave * s->sinio * cos2u);
    double position_m = mrt * RADIUS_M;
    double speed_m_s = RADIUS_M * XKE / 60.0;
    const double node[3] = {cosnode, sinnode, 0.0}, ahead[3] = {-sinnode * cosi, cosnode * cosi, sini};
    for (int i = 0; i < 3; i++) {
        double up = ahead[i] * sinu + node[i] * cosu;
        double along = ahead[i] * cosu - node[i] * sinu;
        r_TEME_m[i] = position_m * up;
        v_TEME_m_s[i] = (mvt * up + rvdot * along) * speed_m_s;
    }
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
