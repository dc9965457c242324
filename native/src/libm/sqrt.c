/* mf_sqrt: see mf_math.h. The root's inverse in single precision, two of Newton's steps in double,
 * and one for the root itself. */
#include "mf_math.h"

double mf_sqrt(double x)
{
    if (!(x >= 1.0e-30 && x <= 1.0e30)) {
        return x == 0.0 ? 0.0 : (x - x) / 0.0;
    }
    double inverse = (double)(1.0f / mf_sqrtf((float)x));
    double half = 0.5 * x;
    for (int i = 0; i < 2; i++) {
        inverse *= 1.5 - half * inverse * inverse;
    }
    double root = x * inverse;
    return root + 0.5 * inverse * (x - root * root);
}
