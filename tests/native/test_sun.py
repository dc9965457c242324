"""Sun and shadow against ERFA and the two-disc formula, in double precision."""

import math
from functools import partial

import erfa
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.adcs.environment import AU_M, degrees_apart, sun
from cli.adcs.environment import sun_truth as truth
from native.adcs import ffi, lib
from sim import environment

E_INVAL, E_RANGE = -22, -34
EARTH_M, SUN_M = 6.378137e6, 6.957e8
DAY_2025, DAY_2031 = 9132, 11688


def test_within_0_015_deg_of_erfa_from_2025_to_2031():
    worst, farthest = 0.0, 0.0
    for day in range(DAY_2025, DAY_2031):
        share = (day * 0.377) % 1.0
        status, direction, distance_m = sun(day, share)
        wanted = truth(day, share)
        assert status == 0 and np.linalg.norm(direction) == pytest.approx(1.0, abs=1e-6)
        worst = max(worst, degrees_apart(direction, wanted))
        farthest = max(farthest, abs(distance_m / np.linalg.norm(wanted) - 1.0))
    assert worst < 0.015
    assert farthest < 2e-4


@given(st.integers(7305, 14610), st.floats(0.0, 0.999))
def test_within_0_015_deg_from_2020_to_2040(day, share):
    assert degrees_apart(sun(day, share)[1], truth(day, share)) < 0.015


def test_trap_12_a_sun_of_date_would_fail():
    """The same direction left in its frame of date is 0.4 deg off by 2031."""
    wanted = truth(DAY_2031, 0.5)
    precession = erfa.pmat06(2451544.5 + DAY_2031, 0.5)
    assert degrees_apart(precession @ wanted, wanted) > 0.4
    assert degrees_apart(precession @ wanted, sun(DAY_2031, 0.5)[1]) > 0.38


def test_trap_4_the_sun_moves_smoothly_in_single_precision():
    steps = [degrees_apart(sun(10000, k / 144)[1], truth(10000, k / 144)) for k in range(144)]
    assert max(steps) - min(steps) < 0.001


@pytest.mark.parametrize("day", [-1, 36525, 2**31 - 1, -(2**31)])
def test_days_out_of_range_are_refused(day):
    status, direction, distance = sun(day, 0.0)
    assert status == E_INVAL and (direction == 7.0).all() and distance == 7.0


def shadow(r_N_m, sun_N, distance_m=AU_M):
    out = ffi.new("float *", 7.0)
    status = lib.mf_eclipse_update(
        ffi.new("float[3]", [float(x) for x in r_N_m]),
        ffi.new("float[3]", [float(x) for x in sun_N]),
        distance_m,
        out,
    )
    return status, out[0]


def two_discs(r_N_m, sun_N, distance_m=AU_M):
    """Montenbruck & Gill, section 3.4.2, both discs round."""
    to_sun = np.array(sun_N) * distance_m - r_N_m
    a = math.asin(SUN_M / np.linalg.norm(to_sun))
    b = math.asin(EARTH_M / np.linalg.norm(r_N_m))
    c = math.radians(degrees_apart(-np.array(r_N_m), to_sun))
    if c >= a + b:
        return 1.0
    if c <= b - a:
        return 0.0
    x = (c * c + a * a - b * b) / (2 * c)
    y = math.sqrt(max(0.0, a * a - x * x))
    overlap = a * a * math.acos(x / a) + b * b * math.acos((c - x) / b) - c * y
    return 1.0 - overlap / (math.pi * a * a)


def orbit(height_m, node, tilt):
    """Position of time [s] on a circular orbit."""
    radius = EARTH_M + height_m
    rate = math.sqrt(3.986004418e14 / radius**3)
    u = np.array([math.cos(node), math.sin(node), 0.0])
    v = np.array(
        [-math.sin(node) * math.cos(tilt), math.cos(node) * math.cos(tilt), math.sin(tilt)]
    )
    return lambda t: radius * (math.cos(rate * t) * u + math.sin(rate * t) * v), 2 * math.pi / rate


def edges(lit, period):
    """Times at which `lit` of time changes, to 1 ms."""
    out, step = [], period / 400
    for k in range(400):
        low, high = k * step, (k + 1) * step
        if lit(low) == lit(high):
            continue
        first = lit(low)
        while high - low > 1e-3:
            middle = 0.5 * (low + high)
            low, high = (middle, high) if lit(middle) == first else (low, middle)
        out.append(low)
    return out


def lit(share, where, sun_N, level, t):
    return share(where(t), sun_N) > level


@pytest.mark.parametrize("height_m", [250e3, 500e3, 1500e3])
@pytest.mark.parametrize("level", [0.001, 0.5, 0.999])
def test_edges_against_two_discs(height_m, level):
    sun_N = np.array([0.6, 0.7, 0.387])
    sun_N /= np.linalg.norm(sun_N)
    seen = 0
    for node, tilt in ((0.3, 1.7), (2.0, 0.9), (4.0, 0.1)):
        where, period = orbit(height_m, node, tilt)
        wanted = edges(partial(lit, two_discs, where, sun_N, level), period)
        found = edges(partial(lit, lambda *at: shadow(*at)[1], where, sun_N, level), period)
        assert len(wanted) == len(found)
        assert not found or np.abs(np.array(wanted) - found).max() < 0.1
        seen += len(found)
    assert seen >= 4


def test_edges_within_5_s_of_the_plant_with_the_sun_of_this_file():
    day = 9772
    _, sun_N, distance_m = sun(day, 0.25)
    plant_sun_m = environment.sun_N(2451544.5 + day, np.array([0.25]))
    where, period = orbit(500e3, 1.0, 1.7)
    for level in (0.01, 0.5, 0.99):

        def by_plant(t):
            return environment.illumination(where(t)[None, :], plant_sun_m)[0] > level  # noqa: B023

        def on_board(t):
            return shadow(where(t), sun_N, distance_m)[1] > level  # noqa: B023

        wanted, found = edges(by_plant, period), edges(on_board, period)
        assert len(wanted) == len(found) == 2
        assert np.abs(np.array(wanted) - found).max() < 5.0


@given(st.floats(0.0, 1.0))
def test_share_in_the_penumbra(phase):
    radius = 6.878e6
    angle = math.asin(EARTH_M / radius) + (phase - 0.5) * 0.012
    r_N_m = radius * np.array([-math.cos(angle), math.sin(angle), 0.0])
    share = shadow(r_N_m, [1.0, 0.0, 0.0])[1]
    assert share == pytest.approx(two_discs(r_N_m, [1.0, 0.0, 0.0]), abs=1e-3)
    assert 0.0 <= share <= 1.0


def test_day_side_and_night_side():
    assert shadow([7e6, 0, 0], [1, 0, 0]) == (0, 1.0)
    assert shadow([-7e6, 0, 0], [1, 0, 0]) == (0, 0.0)
    assert shadow([0, 0, 7e6], [2.0, 0, 0]) == (0, 1.0)  # any length of direction


@pytest.mark.parametrize(
    "r_N_m,sun_N,distance_m",
    [
        ([0.0, 0.0, 0.0], [1, 0, 0], AU_M),
        ([math.nan, 0.0, 7e6], [1, 0, 0], AU_M),
        ([math.inf, 0.0, 0.0], [1, 0, 0], AU_M),
        ([7e6, 0.0, 0.0], [0, 0, 0], AU_M),
        ([7e6, 0.0, 0.0], [math.nan, 0, 0], AU_M),
        ([7e6, 0.0, 0.0], [1, 0, 0], 1.0),
        ([7e6, 0.0, 0.0], [1, 0, 0], math.nan),
        ([6.2e6, 0.0, 0.0], [1, 0, 0], AU_M),
    ],
)
def test_impossible_geometry_is_refused(r_N_m, sun_N, distance_m):
    assert shadow(r_N_m, sun_N, distance_m) == (E_RANGE, 7.0)
