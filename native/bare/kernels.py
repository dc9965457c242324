"""The kernels whose cost is counted: one row each; a new one is a new row.

`data` is C at file scope (state, inputs, outputs, all static), `setup` runs once, and `call`, one
expression or statement, is what is counted, from its second run on, so that work done once per day
or per slot is not in it; the longest of several runs counts. `limit` is the number of instructions
that the design allows, or None. A call that can fail ends in `status |= ...`: a negative status
at the end fails the count, since a refusal would be cheap.
"""

from __future__ import annotations

from native.bare.kernel import Kernel
from native.bare.kernels_attitude import KERNELS as _ATTITUDE
from native.bare.kernels_link import KERNELS as _LINK

_TIME = """
static const mf_time_params_t time_params = {37, -120};
static mf_time_t now = {200000000u, 12345u};
static mf_day_t day;
"""
_TLE = """
static const char line1[] = "1 25544U 98067A   26275.51782528  .00016717  00000-0  30000-3 0  9998";
static const char line2[] = "2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537";
static mf_tle_t tle;
static mf_sgp4_t state;
static double r_TEME_m[3], v_TEME_m_s[3];
"""
_POSITION = "static const float r_m[3] = {-3.1e6f, 4.2e6f, 4.4e6f};\n"

KERNELS = (
    Kernel("sinf", ("mf_math.h",), "static volatile float x = {0};", "x = 2.5f;", "x = mf_sinf(x)"),
    Kernel(
        "atan2f",
        ("mf_math.h",),
        "static volatile float x;",
        "x = 2.5f;",
        "x = mf_atan2f(x, 1.5f)",
    ),
    Kernel(
        "sincos_f64",
        ("mf_math.h",),
        "static double x, s, c;",
        "x = 2.5;",
        "mf_sincos(x, &s, &c)",
    ),
    Kernel(
        "bdot",
        ("mf_bdot.h",),
        """
static const mf_bdot_params_t params = {2e-4f, 0.2f, 0.5f, 1500u, 1000u};
static mf_bdot_t state;
static const float mag_B_T[3] = {2e-5f, 1e-5f, -3e-5f};
static float slope[3], dipole[3];
static uint32_t time_ms;
""",
        "mf_bdot_reset(&state);",
        "status |= mf_bdot_update(&state, &params, mag_B_T, time_ms += 100u, slope, dipole)",
        state="mf_bdot_t",
    ),
    Kernel(
        "time_era",
        ("mf_time.h",),
        _TIME + "static float era;",
        "",
        "status |= mf_time_day(&now, &time_params, MF_TIME_UT1, &day); era = mf_time_era(&day)",
    ),
    Kernel(
        "frames",
        ("mf_frames.h",),
        _TIME + "static mf_frames_t state;",
        "(void)day; mf_frames_reset(&state);",
        "status |= mf_frames_update(&state, &now, &time_params)",
        state="mf_frames_t",
    ),
    Kernel(
        "frames_new_slot",
        ("mf_frames.h",),
        _TIME + "static mf_frames_t state;",
        "(void)day; mf_frames_reset(&state);",
        "now.seconds += 512u; status |= mf_frames_update(&state, &now, &time_params)",
    ),
    Kernel(
        "geodetic",
        ("mf_frames.h",),
        _POSITION + "static float latitude, longitude, height;",
        "",
        "status |= mf_frames_geodetic(r_m, &latitude, &longitude, &height)",
    ),
    Kernel(
        "sun",
        ("mf_sun.h",),
        _TIME + "static float sun_N[3], distance_m;",
        "mf_time_day(&now, &time_params, MF_TIME_TT, &day);",
        "status |= mf_sun_update(&day, sun_N, &distance_m)",
    ),
    Kernel(
        "eclipse",
        ("mf_eclipse.h",),
        _POSITION + "static const float sun_N[3] = {0.6f, 0.7f, 0.38f}; static float share;",
        "",
        "status |= mf_eclipse_update(r_m, sun_N, 1.5e11f, &share)",
    ),
    Kernel(
        "igrf_13",
        ("mf_igrf.h",),
        _POSITION + "static mf_igrf_t state; static float mag_T[3];",
        "mf_igrf_reset(&state);",
        "status |= mf_igrf_update(&state, 9800, r_m, mag_T)",
        state="mf_igrf_t",
    ),
    Kernel(
        "igrf_new_day",
        ("mf_igrf.h",),
        _POSITION + "static mf_igrf_t state; static float mag_T[3]; static int32_t day = 0;",
        "mf_igrf_reset(&state);",
        "status |= mf_igrf_update(&state, 9800 + day++, r_m, mag_T)",
    ),
    Kernel(
        "tle_parse",
        ("mf_sgp4.h",),
        _TLE,
        "(void)r_TEME_m; (void)v_TEME_m_s; (void)state;",
        "status |= mf_tle_parse(line1, line2, &tle)",
    ),
    Kernel(
        "sgp4_init",
        ("mf_sgp4.h",),
        _TLE,
        "(void)r_TEME_m; (void)v_TEME_m_s; mf_tle_parse(line1, line2, &tle);",
        "status |= mf_sgp4_init(&state, &tle)",
        state="mf_sgp4_t",
    ),
    Kernel(
        "sgp4_propagate",
        ("mf_sgp4.h",),
        _TLE + "static double minutes = 0.0;",
        "mf_tle_parse(line1, line2, &tle); mf_sgp4_init(&state, &tle);",
        "status |= mf_sgp4_propagate(&state, minutes += 700.0, r_TEME_m, v_TEME_m_s)",
        limit=70000,
    ),
    *_ATTITUDE,
    *_LINK,
)
