/* mf_sincos: sine and cosine of one argument with one reduction, from the upstream kernels; every
 * bit as mf_sin and mf_cos give it. */
#include "libm_names.h"

#define SMALL 0x1p-26
#define QUARTER 0x1.921fc00000000p-1 /* pi/4 and a little: the upstream bound on the upper word */

int __rem_pio2(double x, double *y);
double __sin(double x, double y, int iy);
double __cos(double x, double y);

void mf_sincos(double angle_rad, double *sine, double *cosine)
{
    double rest[2];
    int quarter = 0;
    double s = 0.0;
    double c = 0.0;
    if (!mf_finite(angle_rad)) {
        *sine = *cosine = angle_rad - angle_rad;
        return;
    }
    if (mf_fabs(angle_rad) < SMALL) {
        *sine = angle_rad;
        *cosine = 1.0;
        return;
    }
    if (mf_fabs(angle_rad) < QUARTER) {
        s = __sin(angle_rad, 0.0, 0);
        c = __cos(angle_rad, 0.0);
    } else {
        quarter = __rem_pio2(angle_rad, rest);
        s = __sin(rest[0], rest[1], 1);
        c = __cos(rest[0], rest[1]);
    }
    switch ((unsigned)quarter & 3u) {
    case 0:
        *sine = s;
        *cosine = c;
        break;
    case 1:
        *sine = c;
        *cosine = -s;
        break;
    case 2:
        *sine = -s;
        *cosine = -c;
        break;
    default:
        *sine = -c;
        *cosine = s;
        break;
    }
}
