/* mf_atan2f: see mf_math.h. The smaller over the larger, reduced to |t| <= tan(pi/8) by the
 * difference of arcs, then Taylor's series with its last terms adjusted (economised by Chebyshev's
 * polynomials) to an error of 3e-9. */
#include "mf_math.h"

#define TAN_PI_8 0.41421356f

float mf_atan2f(float y, float x)
{
    float larger = 0.5f * mf_fabsf(x), smaller = 0.5f * mf_fabsf(y), angle_rad = 0.0f;
    bool steep = smaller > larger;
    if (steep) {
        float swap = larger;
        larger = smaller;
        smaller = swap;
    }
    if (smaller > TAN_PI_8 * larger) {
        angle_rad = 0.25f * MF_PI_F;
        float sum = smaller + larger; /* halves: no overflow */
        smaller -= larger;
        larger = sum;
    }
    float t = larger == 0.0f ? 0.0f : smaller / larger;
    float s = t * t;
    angle_rad += t - t * s * (3.33333318e-1f - s * (1.99995501e-1f - s * (1.42642324e-1f -
                              s * (1.07462972e-1f - s * 6.45937211e-2f))));
    if (steep) {
        angle_rad = 0.5f * MF_PI_F - angle_rad;
    }
    if (x < 0.0f) {
        angle_rad = MF_PI_F - angle_rad;
    }
    return y < 0.0f ? -angle_rad : angle_rad;
}
