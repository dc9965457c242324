/* mf_sqrt: see mf_math.h. The root in single precision, and two of Newton's steps. */
#include "mf_math.h"

double mf_sqrt(double x)
{
    if (!(x >= 1.0e-30 && x <= 1.0e30)) {
        return x == 0.0 ? 0.0 : (x - x) / 0.0;
    }
    double root = (double)mf_sqrtf((float)x);
    for (int i = 0; i < 2; i++) {
        root = 0.5 * (root + x / root);
    }
    return root;
}
