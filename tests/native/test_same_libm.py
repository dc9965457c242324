"""The libm on a desktop and on the Cortex-M4F: equal bits, near to the exact values.

The target's side runs in QEMU as a bare-metal image (native/bare), the desktop's through cffi. Only
of a NaN nothing but that it is one is compared.
"""

import math
import random
import struct

import pytest

from native.adcs import ffi, lib
from tests.native.bits import inputs, results, run, same, words

FLOAT_ONE, FLOAT_TWO = ("sinf", "cosf", "sqrtf", "fabsf"), ("atan2f",)
DOUBLE_ONE = ("sqrt", "fabs")

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
