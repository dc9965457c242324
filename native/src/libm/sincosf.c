/* mf_sinf, mf_cosf: see mf_math.h.
 *
 * Reduction to |r| <= pi/4 after Payne & Hanek 1983 (ACM SIGNUM 18, "Radian reduction for
 * trigonometric functions"): the 24 bits of the argument times those 96 bits of 2/pi that are left
 * when whole turns are dropped, in integers; good to the last digit for every finite argument. Then
 * Taylor's series, their last terms adjusted (economised by Chebyshev's polynomials) to errors of
 * 2e-11 and 1e-12. */
#include <stdint.h>
#include <string.h>

#include "mf_math.h"

#define PI_4_BITS 0x3F490FDBu     /* of pi/4 in single precision */
#define PI_2_Q31 0xC90FDAA2u      /* pi/2 * 2^31 */
#define INFINITE_BITS 0x7F800000u

/* Binary digits of 2/pi behind a word of zeros. */
static const uint32_t two_over_pi[8] = {
    0u,          0xA2F9836Eu, 0x4E441529u, 0xFC2757D1u,
    0xF534DDC0u, 0xDB629599u, 0x3C439041u, 0xFE5163ABu,
};

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* |x| = quarter * pi/2 + r with |r| <= pi/4; the quarter modulo four. */
static float reduce(uint32_t bits, uint32_t *quarter)
{
    uint32_t mantissa = (bits & 0x7FFFFFu) | 0x800000u;
    uint32_t first = (bits >> 23) - 120u; /* digit of weight 2 times the unit of the mantissa */
    uint32_t shift = first & 31u, digits[3];
    for (uint32_t i = 0; i < 3; i++) {
        const uint32_t *word = &two_over_pi[(first >> 5) + i];
        digits[i] = word[0] << shift | word[1] >> 1 >> (31u - shift);
    }
    /* Two digits before the point, 62 behind it. */
    uint64_t product = ((uint64_t)(mantissa * digits[0]) << 32) + (uint64_t)mantissa * digits[1] +
                       ((uint64_t)mantissa * digits[2] >> 32);
    *quarter = (uint32_t)((product + (1ull << 61)) >> 62);
    uint64_t rest = product << 2;
    bool below = rest >> 63 != 0; /* more than half: short of the next quarter */
    rest = below ? 0u - rest : rest;
    uint32_t zeros = (uint32_t)__builtin_clz((uint32_t)(rest >> 32) | 1u);
    uint32_t leading = (uint32_t)(rest << zeros >> 32);
    float size = (float)(uint32_t)((uint64_t)leading * PI_2_Q31 >> 32);
    size *= from_bits((127u - 31u - zeros) << 23);
    return below ? -size : size;
}

/* Sine of x + quarter * pi/2. */
static float sine(float x, uint32_t quarter)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bool negative = bits >> 31 != 0;
    bits &= 0x7FFFFFFFu;
    if (bits >= INFINITE_BITS) {
        return x - x;
    }
    if (bits > PI_4_BITS) {
        uint32_t turned;
        x = reduce(bits, &turned);
        if (negative) {
            x = -x;
            turned = 0u - turned;
        }
        quarter += turned;
    }
    float s = x * x;
    if ((quarter & 1u) != 0) {
        x = 1.0f - s * (0.5f - s * (4.16666642e-2f - s * (1.38888877e-3f - s * 2.48006006e-5f +
                                                          s * s * 2.73009858e-7f)));
    } else {
        x -= x * s * (1.66666667e-1f - s * (8.33333188e-3f - s * (1.98400871e-4f -
                                                                  s * 2.7249963e-6f)));
    }
    return (quarter & 2u) != 0 ? -x : x;
}

float mf_sinf(float angle_rad)
{
    return sine(angle_rad, 0);
}

float mf_cosf(float angle_rad)
{
    return sine(angle_rad, 1);
}
