/* Every bit pattern as input of the environment kernels: no undefined behaviour (sanitizers), no
 * result that is not finite, no change of output or state when refused. Prints the number of
 * accepted and refused calls; ends with 1 at the first broken promise. */
#include <stdio.h>
#include <string.h>

#include "mf_eclipse.h"
#include "mf_igrf.h"
#include "mf_math.h"
#include "mf_sgp4.h"
#include "mf_sun.h"

#define RUNS 60000u
#define MARK 7.0f

static uint64_t seed = 88172645463325252u;
static unsigned long accepted, refused;

static uint64_t random64(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* Half of them any bit pattern, half of a size that the kernels take. */
static float any_float(float size)
{
    uint64_t bits = random64();
    union { uint32_t word; float value; } any = {(uint32_t)(bits >> 32)};
    return bits & 1u ? any.value : size * ((float)(bits >> 40) * (2.0f / 16777216.0f) - 1.0f);
}

static double any_double(double size)
{
    uint64_t bits = random64();
    union { uint64_t word; double value; } any = {random64()};
    return bits & 1u ? any.value : size * ((double)(bits >> 11) * 0x1p-52 - 1.0);
}

static int judge(int status, const float *out, int count, const char *name)
{
    *(status < 0 ? &refused : &accepted) += 1;
    for (int i = 0; i < count; i++) {
        if (status < 0 ? out[i] != MARK : !mf_finitef(out[i])) {
            printf("%s: output %d is %g with status %d\n", name, i, (double)out[i], status);
            return 1;
        }
    }
    return 0;
}

static int places(void)
{
    float r[3], sun[3], out[3] = {MARK, MARK, MARK};
    for (int i = 0; i < 3; i++) {
        r[i] = any_float(1.2e7f);
        sun[i] = any_float(1.0f);
    }
    int status = mf_frames_geodetic(r, &out[0], &out[1], &out[2]);
    if (judge(status, out, 3, "geodetic")) {
        return 1;
    }
    out[0] = MARK;
    float distance = random64() & 1u ? 1.5e11f : any_float(2e11f);
    if (judge(mf_eclipse_update(r, sun, distance, out), out, 1, "eclipse") ||
        (out[0] != MARK && !(out[0] >= 0.0f && out[0] <= 1.0f))) {
        return 1;
    }
    mf_igrf_t igrf, before;
    memset(&igrf, 0, sizeof igrf);
    mf_igrf_reset(&igrf);
    before = igrf;
    out[0] = out[1] = out[2] = MARK;
    status = mf_igrf_update(&igrf, (int32_t)(random64() % 8000u + 5000u), r, out);
    if (status < 0 && memcmp(&igrf, &before, sizeof igrf) != 0) {
        return 1;
    }
    return judge(status, out, 3, "igrf");
}

static int times(void)
{
    mf_time_t time = {(uint32_t)random64(), (uint16_t)random64()};
    mf_time_params_t params = {(int16_t)(random64() % 120u), (int16_t)random64()};
    mf_day_t day = {(int32_t)random64(), (uint32_t)random64(), (uint16_t)random64(),
                    (uint32_t)random64()};
    float out[4] = {mf_time_era(&day), mf_time_gmst82(&day), mf_time_centuries(&day), MARK};
    if (judge(0, out, 3, "angles") || (out[0] > 3.1416f || out[0] < -3.1416f)) {
        return 1;
    }
    /* There and back in any scale, the ends of the counter among the times. */
    mf_time_params_t known = {37, (int16_t)((int)(random64() % 1801u) - 900)};
    mf_time_t there = {random64() & 1u ? time.seconds : 0u - (uint32_t)(random64() % 200000u),
                       time.fraction};
    mf_time_t again = {0, 0};
    mf_day_t between;
    int scale = (int)(random64() % 4u);
    if (mf_time_day(&there, &known, scale, &between) < 0 ||
        mf_time_from_day(&between, &known, scale, &again) < 0 ||
        again.seconds != there.seconds || again.fraction != there.fraction) {
        printf("time %lu not kept in scale %d\n", (unsigned long)there.seconds, scale);
        return 1;
    }
    mf_time_t back = {5, 6};
    int status = mf_time_from_day(&day, &params, (int)(random64() % 6u), &back);
    if (status < 0 && (back.seconds != 5 || back.fraction != 6)) {
        return 1;
    }
    out[0] = out[1] = out[2] = out[3] = MARK;
    status = mf_sun_update(&day, out, &out[3]);
    if (judge(status, out, 4, "sun")) {
        return 1;
    }
    mf_frames_t frames;
    mf_frames_reset(&frames);
    status = mf_frames_update(&frames, &time, &params);
    double teme[3] = {any_double(8e6), any_double(8e6), any_double(8e6)};
    if (judge(0, frames.dcm_EN, 9, "frames")) {
        return 1;
    }
    out[0] = out[1] = out[2] = MARK;
    return judge(mf_frames_teme_to_gcrf(&frames, teme, out), out, 3, "teme");
}

static int orbits(void)
{
    static const char good1[] =
        "1 25544U 98067A   26275.51782528  .00016717  00000-0  30000-3 0  9998";
    static const char good2[] =
        "2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537";
    char line1[sizeof good1], line2[sizeof good2];
    memcpy(line1, good1, sizeof good1);
    memcpy(line2, good2, sizeof good2);
    line1[random64() % 69u] = (char)random64();
    line2[random64() % 69u] = (char)random64();
    mf_tle_t tle;
    *(mf_tle_parse(line1, line2, &tle) < 0 ? &refused : &accepted) += 1;
    if (mf_tle_parse(good1, good2, &tle) < 0) {
        return 1;
    }
    tle.eccentricity = any_double(0.1);
    if (random64() & 1u) {
        tle.eccentricity = mf_fabs(any_double(1e-2));
        tle.mean_motion_rad_min = 0.068 + any_double(0.006);
        tle.bstar_per_radius = any_double(0.01);
        tle.inclination_rad = any_double(3.2);
    } else {
        tle.mean_motion_rad_min = any_double(0.2);
        tle.raan_rad = any_double(6.3);
    }
    mf_sgp4_t state, before;
    memset(&state, 0, sizeof state);
    mf_sgp4_reset(&state);
    before = state;
    int status = mf_sgp4_init(&state, &tle);
    if (status < 0 && memcmp(&state, &before, sizeof state) != 0) {
        return 1;
    }
    double r[3] = {(double)MARK, 0, 0}, v[3] = {(double)MARK, 0, 0};
    status = mf_sgp4_propagate(&state, any_double(1e5), r, v);
    *(status < 0 ? &refused : &accepted) += 1;
    if (status < 0) {
        return r[0] != (double)MARK || v[0] != (double)MARK;
    }
    for (int i = 0; i < 3; i++) {
        if (!mf_finite(r[i]) || !mf_finite(v[i])) {
            printf("sgp4: position %g, velocity %g\n", r[i], v[i]);
            return 1;
        }
    }
    return 0;
}

int main(void)
{
    for (unsigned i = 0; i < RUNS; i++) {
        if (places() || times() || orbits()) {
            printf("failed in run %u\n", i);
            return 1;
        }
    }
    printf("%lu accepted, %lu refused\n", accepted, refused);
    return 0;
}
