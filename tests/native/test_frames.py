"""Frames of the Earth against ERFA (IAU 2006/2000A), in double precision."""

import math
from datetime import datetime

import erfa
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cli.adcs.environment import FrameOracle as Oracle
from cli.adcs.environment import angle_between, matrix, updated
from native.adcs import ffi, lib

E_INVAL, E_RANGE = -22, -34
EPOCH_TAI = datetime(2020, 1, 1)
# The span the header speaks of: 2020..2040.
mission_s = st.integers(0, 20 * 365 * 86400)


@given(mission_s, st.integers(-900, 900))
def test_rotations_against_erfa(seconds, ut1_ms):
    state, oracle = updated(seconds, 0, 37, ut1_ms), Oracle(seconds, 37, ut1_ms)
    assert angle_between(matrix(state.dcm_CN), oracle.dcm_CN) < 2e-6
    assert angle_between(matrix(state.dcm_NT), oracle.dcm_NT) < 2e-6
    assert angle_between(matrix(state.dcm_EN), oracle.dcm_EN) < 3e-6


@given(mission_s)
def test_matrices_are_rotations(seconds):
    state = updated(seconds)
    for field in (state.dcm_CN, state.dcm_NT, state.dcm_EN):
        m = matrix(field)
        assert np.abs(m @ m.T - np.eye(3)).max() < 5e-7
        assert np.linalg.det(m) == pytest.approx(1.0, abs=1e-6)


def test_trap_12_teme_is_not_gcrf():
    seconds = round((datetime(2026, 10, 4) - EPOCH_TAI).total_seconds())
    state = updated(seconds)
    left_alone = math.degrees(angle_between(matrix(state.dcm_NT), np.eye(3)))
    assert 0.33 < left_alone < 0.40
    wrong_way = angle_between(matrix(state.dcm_NT).T, Oracle(seconds).dcm_NT)
    assert wrong_way > math.radians(0.6)  # a transpose cannot pass


def test_trap_12_utc_taken_for_gps_time_is_18_s_of_turn():
    good, bad = updated(10**8, leap=37), updated(10**8, leap=19)
    apart = angle_between(matrix(good.dcm_EN), matrix(bad.dcm_EN))
    assert apart == pytest.approx(18 * 7.2921e-5, rel=1e-3)
    assert angle_between(matrix(good.dcm_EN), Oracle(10**8).dcm_EN) < 3e-6


def test_the_earth_turns_east():
    before, after = updated(10**8), updated(10**8 + 100)
    fixed_in_space = matrix(before.dcm_EN).T @ np.array([1.0, 0.0, 0.0])
    moved = matrix(after.dcm_EN) @ fixed_in_space
    assert math.atan2(moved[1], moved[0]) == pytest.approx(-100 * 7.292115e-5, rel=1e-4)


def test_results_do_not_depend_on_when_updates_were_made():
    chain = updated(10**8 - 5000)
    for seconds in range(10**8 - 4900, 10**8, 700):
        updated(seconds, state=chain)
    chain = updated(10**8, 1234, state=chain)
    fresh = updated(10**8, 1234)
    assert bytes(ffi.buffer(chain)) == bytes(ffi.buffer(fresh))


def test_slots_meet_without_a_step():
    edge = 512 * 200000
    before, after = updated(edge - 1), updated(edge)
    assert angle_between(matrix(before.dcm_NT), matrix(after.dcm_NT)) < 2e-7


def test_bad_parameters_change_nothing():
    state = updated(10**8)
    before = bytes(ffi.buffer(state))
    params = ffi.new("mf_time_params_t *", (37, 2000))
    assert lib.mf_frames_update(state, ffi.new("mf_time_t *", (5, 0)), params) == E_INVAL
    assert bytes(ffi.buffer(state)) == before


@given(st.lists(st.floats(-8e6, 8e6), min_size=3, max_size=3))
def test_teme_vectors_are_turned(vector):
    state = updated(2 * 10**8)
    out = ffi.new("float[3]")
    assert lib.mf_frames_teme_to_gcrf(state, ffi.new("double[3]", vector), out) == 0
    wanted = Oracle(2 * 10**8).dcm_NT @ np.array(vector)
    assert np.abs(np.array(list(out)) - wanted).max() < 1e-5 * 8e6 + 1.0


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1.1e9])
def test_impossible_teme_vectors_are_refused(bad):
    out = ffi.new("float[3]", [7.0] * 3)
    state = updated(10**8)
    assert lib.mf_frames_teme_to_gcrf(state, ffi.new("double[3]", [1e6, bad, 0]), out) == E_RANGE
    assert list(out) == [7.0] * 3


def geodetic(r_E_m):
    out = [ffi.new("float *", 7.0) for _ in range(3)]
    status = lib.mf_frames_geodetic(ffi.new("float[3]", [float(x) for x in r_E_m]), *out)
    return status, *(x[0] for x in out)


@given(st.floats(-math.pi / 2, math.pi / 2), st.floats(-math.pi, math.pi), st.floats(-1e5, 2e6))
def test_geodetic_against_erfa(latitude, longitude, height):
    r_E_m = np.float32(erfa.gd2gc(1, longitude, latitude, height)).astype(np.float64)
    assume(math.hypot(*r_E_m) > 6.25e6)
    status, got_latitude, got_longitude, got_height = geodetic(r_E_m)
    assert status == 0
    wanted = erfa.gc2gd(1, r_E_m)
    assert got_latitude == pytest.approx(wanted[1], abs=1e-6)
    assert got_height == pytest.approx(wanted[2], abs=2.0)
    apart = (got_longitude - wanted[0] + math.pi) % (2 * math.pi) - math.pi
    assert abs(apart) * math.cos(latitude) < 1e-6


def test_trap_12_geocentric_is_not_geodetic():
    r_E_m = erfa.gd2gc(1, 0.3, math.radians(45.0), 500e3)
    geocentric = math.atan2(r_E_m[2], math.hypot(r_E_m[0], r_E_m[1]))
    assert math.degrees(geodetic(r_E_m)[1]) == pytest.approx(45.0, abs=1e-4)
    assert 0.15 < 45.0 - math.degrees(geocentric) < 0.20


@pytest.mark.parametrize("z", [6.9e6, -6.9e6])
def test_poles(z):
    status, latitude, longitude, height = geodetic([0.0, 0.0, z])
    assert status == 0 and longitude == 0.0
    assert latitude == pytest.approx(math.copysign(math.pi / 2, z), abs=1e-6)
    assert height == pytest.approx(abs(z) - 6356752.3, abs=1.0)


@pytest.mark.parametrize(
    "bad",
    [(0.0, 0.0, 0.0), (math.nan, 0, 7e6), (math.inf, 0, 0), (1e6, 0, 0), (2e8, 0, 0), (3e38,) * 3],
)
def test_impossible_positions_are_refused(bad):
    assert geodetic(bad) == (E_RANGE, 7.0, 7.0, 7.0)
