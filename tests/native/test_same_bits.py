"""The same C on a desktop and on the Cortex-M4F: every bit of every result is equal.

The target's side runs in QEMU as a bare-metal image (native/bare), the desktop's through cffi. Only
of a NaN nothing but that it is one is compared.
"""

import math
import random
import struct

import pytest

from cli.adcs import replay as recording
from native import bare
from native.adcs import ffi, lib
from native.bare.kernels import KERNELS

FLOAT_ONE, FLOAT_TWO = ("sinf", "cosf", "sqrtf", "fabsf"), ("atan2f",)
DOUBLE_ONE = ("sqrt", "fabs")
SPECIAL = (0.0, 1.0, 0.5, math.pi / 4, math.pi / 2, math.pi, 2 * math.pi, 1e-30, 1e-7, 1e30, 200.0)


def run(text, folder):
    try:
        return bare.run(text, folder)
    except bare.BareError as error:
        if "is not installed" in str(error):
            pytest.skip(str(error))
        raise


def words(values, code):
    """Bit patterns as C initialisers, least significant word first."""
    raw = b"".join(struct.pack("<" + code, value) for value in values)
    return ", ".join(f"0x{word:08x}u" for (word,) in struct.iter_unpack("<I", raw))


def inputs(code, count, seed):
    """Numbers of every size, both signs, special values, subnormals, infinities, NaN."""
    rng = random.Random(seed)
    out = [sign * value for value in SPECIAL for sign in (1.0, -1.0)]
    out += [math.inf, -math.inf, math.nan, 1e-40 if code == "f" else 1e-310]
    out += [rng.uniform(-1.0, 1.0) for _ in range(count // 3)]
    out += [rng.uniform(-7.0, 7.0) for _ in range(count // 3)]
    top = 38 if code == "f" else 300
    out += [rng.choice((-1, 1)) * 10.0 ** rng.uniform(-top, top) for _ in range(count // 3)]
    return [struct.unpack("<" + code, struct.pack("<" + code, value))[0] for value in out]


def results(text, code):
    raw = b"".join(struct.pack("<I", int(line, 16)) for line in text.split())
    return [value for (value,) in struct.iter_unpack("<" + code, raw)]


def same(a, b, code):
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return struct.pack("<" + code, a) == struct.pack("<" + code, b)


PROGRAM = """
#include "bare.h"
#include "mf_math.h"
static const uint32_t first[] = {{ {first} }};
static const uint32_t second[] = {{ {second} }};
typedef union {{ {real} value; uint32_t word[sizeof({real}) / 4]; }} bits_t;
int bare_main(void)
{{
    const uint32_t size = sizeof({real}) / 4;
    for (uint32_t i = 0; i < sizeof first / sizeof first[0]; i += size) {{
        bits_t x, y, out;
        for (uint32_t k = 0; k < size; k++) {{
            x.word[k] = first[i + k];
            y.word[k] = second[i + k];
        }}
        (void)y;
        {calls}
    }}
    return 0;
}}
"""
CALL = "out.value = {call}; for (uint32_t k = 0; k < size; k++) bare_print_hex(out.word[k]);"


@pytest.mark.parametrize(
    "code,real,one,two",
    [("f", "float", FLOAT_ONE, FLOAT_TWO), ("d", "double", DOUBLE_ONE, ())],
    ids=["single", "double"],
)
def test_every_function_of_the_libm(code, real, one, two, tmp_path):
    first = inputs(code, 240, 1)
    second = inputs(code, 240, 2)
    random.Random(3).shuffle(second)
    calls = [CALL.format(call=f"mf_{name}(x.value)") for name in one]
    calls += [CALL.format(call=f"mf_{name}(x.value, y.value)") for name in two]
    text = PROGRAM.format(
        first=words(first, code), second=words(second, code), real=real, calls="\n".join(calls)
    )
    got = iter(results(run(text, tmp_path), code))
    compared = 0
    for x, y in zip(first, second, strict=True):
        for name, arguments in [(n, (x,)) for n in one] + [(n, (x, y)) for n in two]:
            here, there = getattr(lib, f"mf_{name}")(*arguments), next(got)
            assert same(here, there, code), f"mf_{name}{arguments}: {here} here, {there} there"
            compared += 1
    assert compared == len(first) * (len(one) + len(two)) and next(got, None) is None


SINCOS = """
#include "bare.h"
#include "mf_math.h"
static const uint32_t first[] = {{ {first} }};
typedef union {{ double value; uint32_t word[2]; }} bits_t;
int bare_main(void)
{{
    for (uint32_t i = 0; i < sizeof first / sizeof first[0]; i += 2) {{
        bits_t x, out[2];
        x.word[0] = first[i];
        x.word[1] = first[i + 1];
        mf_sincos(x.value, &out[0].value, &out[1].value);
        for (uint32_t k = 0; k < 4; k++) {{
            bare_print_hex(out[k / 2].word[k % 2]);
        }}
    }}
    return 0;
}}
"""


def sincos(x):
    sine, cosine = ffi.new("double *"), ffi.new("double *")
    lib.mf_sincos(x, sine, cosine)
    return sine[0], cosine[0]


def test_sine_and_cosine_in_double_precision(tmp_path):
    first = inputs("d", 600, 7)
    got = results(run(SINCOS.format(first=words(first, "d")), tmp_path), "d")
    assert len(got) == 2 * len(first)
    for x, there in zip(first, zip(got[::2], got[1::2], strict=True), strict=True):
        for a, b in zip(sincos(x), there, strict=True):
            assert same(a, b, "d"), x


def ulp(exact, digits):
    """Distance of two neighbours at a number of so many binary digits."""
    return 2.0 ** (math.floor(math.log2(abs(exact))) - digits) if exact else 0.0


@pytest.mark.parametrize("name", ["sinf", "cosf"])
def test_single_functions_are_within_two_ulp_of_the_exact_value(name):
    for x in [*inputs("f", 30000, 4), *near_quarters()]:
        if math.isfinite(x):
            exact = getattr(math, name[:-1])(x)
            limit = max(2.0 * ulp(exact, 23), 3e-45)
            assert getattr(lib, f"mf_{name}")(x) == pytest.approx(exact, abs=limit, rel=0), x


def near_quarters():
    """The single numbers nearest to multiples of pi/2, where the reduction cancels most."""
    out = []
    for k in [*range(1, 400), *(int(1.7**n) for n in range(20, 120))]:
        nearest = struct.unpack("<f", struct.pack("<f", k * math.pi / 2))[0]
        out += [nearest, -nearest]
    return out


def test_the_arc_is_within_three_ulp_in_every_quadrant():
    first, second = inputs("f", 30000, 5), inputs("f", 30000, 6)
    for y, x in zip(first, second, strict=True):
        if not (math.isfinite(x) and math.isfinite(y)):
            continue
        exact = math.atan2(y, x + 0.0) if x or y else 0.0
        limit = max(3.0 * ulp(exact, 23), 3e-45)
        assert lib.mf_atan2f(y, x) == pytest.approx(exact, abs=limit, rel=0), (y, x)


def test_double_functions_are_within_two_ulp():
    for x in inputs("d", 30000, 8):
        if not math.isfinite(x):
            assert all(map(math.isnan, sincos(x))) and math.isnan(lib.mf_sqrt(x))
            continue
        if abs(x) <= 1e6:
            sine, cosine = sincos(x)
            assert sine == pytest.approx(math.sin(x), abs=4.5e-16, rel=0)
            assert cosine == pytest.approx(math.cos(x), abs=4.5e-16, rel=0)
        elif abs(x) > 4e9:
            assert all(map(math.isnan, sincos(x)))
        if 1e-30 <= x <= 1e30:
            assert abs(lib.mf_sqrt(x) - math.sqrt(x)) <= 2.0 * ulp(math.sqrt(x), 52)
        else:
            assert lib.mf_sqrt(x) == 0.0 if x == 0.0 else math.isnan(lib.mf_sqrt(x))


def test_small_sines_keep_all_their_digits():
    """Relative error, not of 1: what a star tracker's error angle is made of."""
    for k in range(1, 3000):
        x = 1.3 * 10.0 ** (-k / 100.0)
        assert abs(sincos(x)[0] - math.sin(x)) <= 2.0 * ulp(math.sin(x), 52)


CHAIN = """
#include "bare.h"
#include "mf_eclipse.h"
#include "mf_igrf.h"
#include "mf_sgp4.h"
#include "mf_sun.h"

{data}
static void print_floats(const float *values, int count)
{{
    for (int i = 0; i < count; i++) {{
        union {{ float value; uint32_t word; }} bits = {{values[i]}};
        bare_print_hex(bits.word);
    }}
}}

static void print_doubles(const double *values)
{{
    for (int i = 0; i < 3; i++) {{
        union {{ double value; uint32_t word[2]; }} bits = {{values[i]}};
        bare_print_hex(bits.word[0]);
        bare_print_hex(bits.word[1]);
    }}
}}

int bare_main(void)
{{
    static mf_frames_t frames;
    static mf_igrf_t igrf;
    mf_time_params_t params = {{37, -120}};
    if (mf_tle_parse(line1, line2, &tle) < 0 || mf_sgp4_init(&state, &tle) < 0) {{
        return 1;
    }}
    mf_frames_reset(&frames);
    mf_igrf_reset(&igrf);
    for (uint32_t i = 0; i < {count}u; i++) {{
        mf_time_t time = {{{start}u + i * {step}u, (uint16_t)(i * 7919u)}};
        mf_day_t utc, tt;
        mf_sgp4_params_t gate = {{4000000u, 4000000u}};
        float r_N_m[3], mag_N_T[3], sun_N[3], geodetic[3], distance_m, share;
        if (mf_time_day(&time, &params, MF_TIME_UTC, &utc) < 0 ||
            mf_time_day(&time, &params, MF_TIME_TT, &tt) < 0 ||
            mf_sgp4_update(&state, &gate, &utc, r_TEME_m, v_TEME_m_s) < 0 ||
            mf_frames_update(&frames, &time, &params) < 0 ||
            mf_frames_teme_to_gcrf(&frames, r_TEME_m, r_N_m) < 0 ||
            mf_igrf_update_N(&igrf, utc.day, &frames, r_N_m, mag_N_T) < 0 ||
            mf_sun_update(&tt, sun_N, &distance_m) < 0 ||
            mf_eclipse_update(r_N_m, sun_N, distance_m, &share) < 0 ||
            mf_frames_geodetic(r_N_m, &geodetic[0], &geodetic[1], &geodetic[2]) < 0) {{
            return 2;
        }}
        print_doubles(r_TEME_m);
        print_doubles(v_TEME_m_s);
        print_floats(frames.dcm_EN, 9);
        print_floats(r_N_m, 3);
        print_floats(mag_N_T, 3);
        print_floats(sun_N, 3);
        print_floats(&distance_m, 1);
        print_floats(&share, 1);
        print_floats(geodetic, 3);
    }}
    return 0;
}}
"""


def chain_here(lines, start, step, count):
    """The same chain through cffi, as the same words."""
    out = []
    tle, state = ffi.new("mf_tle_t *"), ffi.new("mf_sgp4_t *")
    assert lib.mf_tle_parse(lines[0], lines[1], tle) == 0 and lib.mf_sgp4_init(state, tle) == 0
    frames, igrf = ffi.new("mf_frames_t *"), ffi.new("mf_igrf_t *")
    lib.mf_frames_reset(frames)
    lib.mf_igrf_reset(igrf)
    params, gate = ffi.new("mf_time_params_t *", (37, -120)), ffi.new("mf_sgp4_params_t *")
    gate.age_max_s = gate.ahead_max_s = 4000000
    utc, tt = ffi.new("mf_day_t *"), ffi.new("mf_day_t *")
    r, v = ffi.new("double[3]"), ffi.new("double[3]")
    r_N, mag, sun = ffi.new("float[3]"), ffi.new("float[3]"), ffi.new("float[3]")
    distance, share, place = ffi.new("float *"), ffi.new("float *"), ffi.new("float[3]")
    for i in range(count):
        time = ffi.new("mf_time_t *", (start + i * step, i * 7919 % 65536))
        assert lib.mf_time_day(time, params, lib.MF_TIME_UTC, utc) == 0
        assert lib.mf_time_day(time, params, lib.MF_TIME_TT, tt) == 0
        assert lib.mf_sgp4_update(state, gate, utc, r, v) == 0
        assert lib.mf_frames_update(frames, time, params) == 0
        assert lib.mf_frames_teme_to_gcrf(frames, r, r_N) == 0
        assert lib.mf_igrf_update_N(igrf, utc.day, frames, r_N, mag) == 0
        assert lib.mf_sun_update(tt, sun, distance) == 0
        assert lib.mf_eclipse_update(r_N, sun, distance[0], share) == 0
        assert lib.mf_frames_geodetic(r_N, place, place + 1, place + 2) == 0
        for part in (r, v, frames.dcm_EN, r_N, mag, sun, distance, share, place):
            out += [word for (word,) in struct.iter_unpack("<I", bytes(ffi.buffer(part)))]
    return out


def test_the_whole_chain_from_time_to_shadow(tmp_path):
    data = next(kernel.data for kernel in KERNELS if kernel.name == "sgp4_init")
    start, step, count = 212000000, 1789, 60
    text = CHAIN.format(data=data, start=start, step=step, count=count)
    there = [int(line, 16) for line in run(text, tmp_path).split()]
    lines = [line.split('"')[1].encode() for line in data.splitlines() if '"' in line]
    assert there == chain_here(lines, start, step, count)
    assert len(there) == count * (6 + 6 + 9 + 3 + 3 + 3 + 1 + 1 + 3)


def replayed(ticks, folder):
    """A recorded flight, and the numbers of the ticks that differ on the target."""
    flight = recording.fly(ticks)
    try:
        return flight, recording.different(flight, folder)
    except bare.BareError as error:
        if "is not installed" in str(error):
            pytest.skip(str(error))
        raise


def test_the_whole_loop_over_a_recorded_flight(tmp_path):
    flight, different = replayed(2500, tmp_path)
    assert different == [] and len(flight.crcs) > 2000
    # It meets every mode, and outputs that do change.
    assert flight.modes == {0, 1, 2, 3} and len(set(flight.crcs)) > 0.9 * len(flight.crcs)
    assert flight.report.tle_refused == 1 and flight.report.step_downs > 0
    assert flight.report.selftest != 0 and flight.report.exclusions > 2


def test_one_bit_of_one_input_is_seen(tmp_path):
    """The comparison can fail: the target is given a gyro sample that is one bit off."""
    flight = recording.fly(2000)
    ticks = [k for k in range(1, len(flight.log)) if flight.log[k][0] == recording.replay.TICK]
    place = ticks[1500]
    raw = bytearray(flight.log[place])
    offset = 8 + dict(ffi.typeof("mf_adcs_in_t").fields)["gyro"].offset
    raw[offset] ^= 1
    flight.log[place] = bytes(raw)
    try:
        different = recording.different(flight, tmp_path)
    except bare.BareError as error:
        pytest.skip(str(error))
    assert different and different[0] == 1500


@pytest.mark.accept
def test_the_whole_loop_over_a_recorded_flight_of_20000_ticks(tmp_path):
    flight, different = replayed(22_000, tmp_path)
    assert different == [] and len(flight.crcs) >= 20_000
    assert set(flight.report.polarity) == {1}  # the self-test came to its end
