/* Voting over redundant units: see mf_vote.h. */
#include "mf_vote.h"

#include <stddef.h>

#include "mf_vec3.h"

static float distance(const float a[3], const float b[3])
{
    float difference[3];
    mf_v3_add_scaled(difference, a, b, -1.0f);
    return mf_v3_norm(difference);
}

/* Median of one axis over the `n` listed units; the mean of the middle two for an even n. */
static float median(const float values[], const uint8_t units[], int n, int axis)
{
    float sorted[MF_VOTE_MOST];
    for (int i = 0; i < n; i++) {
        float value = values[3 * units[i] + axis];
        int place = i;
        while (place > 0 && sorted[place - 1] > value) {
            sorted[place] = sorted[place - 1];
            place--;
        }
        sorted[place] = value;
    }
    return n % 2 == 1 ? sorted[n / 2] : 0.5f * (sorted[n / 2 - 1] + sorted[n / 2]);
}

/* What the units are measured against; false when two contradict each other without a judge. */
static bool reference(const float values[], const uint8_t units[], int n, float tolerance,
                      const float *prediction, float out[3])
{
    const float *a = &values[3 * units[0]];
    const float *b = &values[3 * units[n == 2 ? 1 : 0]];
    if (n == 2 && distance(a, b) > tolerance) {
        if (prediction == NULL || !mf_v3_finite(prediction)) {
            return false;
        }
        const float *nearer = distance(a, prediction) <= distance(b, prediction) ? a : b;
        mf_v3_copy(out, nearer);
        return distance(nearer, prediction) <= tolerance;
    }
    for (int axis = 0; axis < 3; axis++) {
        out[axis] = median(values, units, n, axis);
    }
    return true;
}

int mf_vote(const float values[], int count, uint8_t available, float tolerance,
            const float *prediction, float voted[3], uint8_t *outvoted)
{
    *outvoted = 0;
    if (count < 1 || count > MF_VOTE_MOST || !(tolerance > 0.0f) || !mf_finitef(tolerance)) {
        return MF_E_INVAL;
    }
    uint8_t units[MF_VOTE_MOST];
    int n = 0, agreed = 0;
    for (int i = 0; i < count; i++) {
        float size = mf_v3_norm(&values[3 * i]);
        if ((available >> i & 1u) != 0 && size < 1.0e15f) {
            units[n++] = (uint8_t)i;
        }
    }
    if (n == 0) {
        return MF_E_NODEV;
    }
    float middle[3], sum[3] = {0.0f, 0.0f, 0.0f};
    bool known = reference(values, units, n, tolerance, prediction, middle);
    for (int i = 0; i < n; i++) {
        const float *value = &values[3 * units[i]];
        if (known && distance(value, middle) <= tolerance) {
            mf_v3_add_scaled(sum, sum, value, 1.0f);
            agreed++;
        } else {
            *outvoted |= (uint8_t)(1u << units[i]);
        }
    }
    if (agreed == 0 || (n > 2 && agreed < 2)) {
        for (int i = 0; i < n; i++) {
            *outvoted |= (uint8_t)(1u << units[i]);
        }
        return MF_E_RANGE;
    }
    mf_v3_scale(voted, sum, 1.0f / (float)agreed);
    return MF_OK;
}

static bool angle(const float first[3], const float second[3], float *out_rad)
{
    float a[3], b[3], cross[3];
    if (!mf_v3_unit(a, first) || !mf_v3_unit(b, second)) {
        return false;
    }
    mf_v3_cross(cross, a, b);
    *out_rad = mf_atan2f(mf_v3_norm(cross), mf_v3_dot(a, b));
    return true;
}

float mf_vote_angle_error_rad(const float sun_B[3], const float mag_B[3], const float sun_N[3],
                              const float mag_N[3])
{
    float seen_rad, expected_rad;
    if (!angle(sun_B, mag_B, &seen_rad) || !angle(sun_N, mag_N, &expected_rad)) {
        return -1.0f;
    }
    return mf_fabsf(seen_rad - expected_rad);
}
