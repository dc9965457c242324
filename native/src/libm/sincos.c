/* mf_sincos: see mf_math.h. Reduction to |r| <= pi/4 by pi/2 in three parts after Cody & Waite 1980
 * ("Software Manual for the Elementary Functions"), the first two short enough to be multiplied
 * without rounding; then Taylor's series, their last terms adjusted (economised by Chebyshev's
 * polynomials) to errors of 2e-17 and 1e-18. */
#include <stdint.h>

#include "mf_math.h"

#define TWO_OVER_PI 0.6366197723675814
#define PI_2_FIRST 0x1.921FB54400000p+0
#define PI_2_SECOND 0x1.0B4611A600000p-34
#define PI_2_THIRD 0x1.3198A2E037073p-69
#define QUARTERS_MAX 2147483646.0

/* c[0] + s (c[1] + s (... c[5])) */
static double series(const double c[6], double s)
{
    double sum = c[5];
    for (int i = 4; i >= 0; i--) {
        sum = c[i] + s * sum;
    }
    return sum;
}

void mf_sincos(double angle_rad, double *sine, double *cosine)
{
    static const double sine_terms[6] = {
        -0.16666666666666666,   0.00833333333333095,     -0.00019841269836759755,
        2.755731610308633e-06,  -2.5051131943480025e-08, 1.5918135652263961e-10,
    };
    static const double cosine_terms[6] = {
        0.041666666666666664,    -0.0013888888888887398, 2.4801587298766343e-05,
        -2.7557317272025307e-07, 2.0876146322880334e-09, -1.138263594041768e-11,
    };
    double quarters = angle_rad * TWO_OVER_PI;
    if (!(mf_fabs(quarters) < QUARTERS_MAX)) {
        *sine = *cosine = (angle_rad - angle_rad) / 0.0;
        return;
    }
    int32_t quarter = (int32_t)(quarters + (quarters < 0.0 ? -0.5 : 0.5));
    double n = (double)quarter;
    double r = angle_rad - n * PI_2_FIRST - n * PI_2_SECOND - n * PI_2_THIRD;
    double square = r * r;
    double s = r + r * square * series(sine_terms, square);
    double c = 1.0 - 0.5 * square + square * square * series(cosine_terms, square);
    if ((quarter & 1) != 0) {
        double swap = s;
        s = c;
        c = -swap;
    }
    *sine = (quarter & 2) != 0 ? -s : s;
    *cosine = (quarter & 2) != 0 ? -c : c;
}
