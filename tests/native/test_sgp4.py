"""TLE parsing and near-Earth SGP4 against the published verification set and the sgp4 package."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sgp4.api import WGS72, Satrec

from cli.adcs.environment import closed, period_min, vectors, verification
from native import generate_sgp4
from native.adcs import ffi, lib
from native.cffi.sources import ROOT

E_INVAL, E_RANGE, E_BADMSG, E_STALE = -22, -34, -74, -116
LINE1 = "1 25544U 98067A   26275.51782528  .00016717  00000-0  30000-3 0  9004"
LINE2 = "2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563534"


LINE1, LINE2 = closed(LINE1), closed(LINE2)


NEAR = [row for row in verification() if period_min(row[2]) < 225.0]
DEEP = [row for row in verification() if period_min(row[2]) > 226.0]


def parse(line1, line2):
    out = ffi.new("mf_tle_t *", {"epoch_day": 12345})
    return lib.mf_tle_parse(line1.encode("latin-1"), line2.encode("latin-1"), out), out


def loaded(line1=LINE1, line2=LINE2):
    state = ffi.new("mf_sgp4_t *")
    lib.mf_sgp4_reset(state)
    status, tle = parse(line1, line2)
    assert status == 0
    return lib.mf_sgp4_init(state, tle), state


def propagate(state, minutes):
    position, velocity = ffi.new("double[3]", [7.0] * 3), ffi.new("double[3]", [8.0] * 3)
    status = lib.mf_sgp4_propagate(state, minutes, position, velocity)
    return status, np.array(list(position)), np.array(list(velocity))


def test_the_verification_set_has_near_and_deep_objects():
    assert len(NEAR) >= 9 and len(DEEP) >= 20


@pytest.mark.parametrize("name,line1,line2", NEAR, ids=[row[0] for row in NEAR])
def test_verification_objects_within_a_millimetre(name, line1, line2):
    status, state = loaded(line1, line2)
    assert status == 0
    oracle = Satrec.twoline2rv(line1, line2, WGS72)
    compared = 0
    for row in vectors()[name]:
        status, position, velocity = propagate(state, row[0])
        error, r_km, v_km_s = oracle.sgp4_tsince(row[0])
        if error:
            assert status == E_RANGE
            continue
        compared += 1
        assert status == 0
        assert np.abs(position - 1e3 * np.array(r_km)).max() < 1e-3
        assert np.abs(velocity - 1e3 * np.array(v_km_s)).max() < 1e-6
        # The published text has eight decimals of a kilometre.
        assert np.abs(position - 1e3 * np.array(row[1:4])).max() < 1e-3
        assert np.abs(velocity - 1e3 * np.array(row[4:7])).max() < 1e-5
    assert compared >= 1


@pytest.mark.parametrize("name,line1,line2", DEEP, ids=[row[0] for row in DEEP])
def test_deep_space_is_refused(name, line1, line2):
    status, state = loaded(line1, line2)
    assert status == E_RANGE and not state.valid
    assert propagate(state, 0.0)[0] == E_INVAL


@given(
    st.floats(0.0, 179.9999),
    st.floats(0.0, 359.9999),
    st.floats(0.0, 0.02),
    st.floats(14.2, 15.7),
    st.integers(-99999, 99999),
    st.floats(-3000.0, 10000.0),
)
def test_low_orbits_within_a_millimetre_of_the_package(incl, angle, ecc, motion, bstar, minutes):
    sign = "-" if bstar < 0 else " "
    line1 = closed(f"{LINE1[:53]}{sign}{abs(bstar):05}-5 0  999")
    line2 = closed(
        f"2 25544 {incl:8.4f} {angle:8.4f} {int(ecc * 1e7):07} {angle:8.4f} {360 - angle:8.4f} "
        f"{motion:11.8f}56353"
    )
    oracle = Satrec.twoline2rv(line1, line2, WGS72)
    status, state = loaded(line1, line2)
    assert status == 0
    status, position, velocity = propagate(state, minutes)
    error, r_km, v_km_s = oracle.sgp4_tsince(minutes)
    if error:
        assert status == E_RANGE and (position == 7.0).all() and (velocity == 8.0).all()
    else:
        assert status == 0
        assert np.abs(position - 1e3 * np.array(r_km)).max() < 1e-3
        assert np.abs(velocity - 1e3 * np.array(v_km_s)).max() < 1e-5


def utc(day, seconds):
    """UTC day of `seconds` after 0 h of `day`."""
    whole, rest = divmod(round(seconds * 65536), 65536)
    return ffi.new("mf_day_t *", (day + whole // 86400, whole % 86400, rest, 0))


def test_epoch_and_elements_are_read_digit_by_digit():
    status, tle = parse(LINE1, LINE2)
    assert status == 0
    # 2026-10-02 is day 275; 2000-01-01 is day 0.
    assert tle.epoch_day == 26 * 365 + 7 + 274 and tle.epoch_fraction_e8 == 51782528
    assert tle.inclination_rad == pytest.approx(math.radians(51.6416), abs=1e-15)
    assert tle.eccentricity == 0.0006703 and tle.bstar_per_radius == 0.3e-3
    assert tle.mean_motion_rad_min == pytest.approx(15.72125391 * 2 * math.pi / 1440, rel=1e-15)


@pytest.mark.parametrize(
    "epoch,day",
    [
        ("57001.00000000", -15705),
        ("99365.00000000", -1),
        ("00001.00000000", 0),
        ("00366.00000000", 365),
        ("01001.00000000", 366),
        ("04060.00000000", 1520),
        ("56366.00000000", 20819),
    ],
)
def test_two_digit_years(epoch, day):
    status, tle = parse(closed(LINE1[:18] + epoch + LINE1[32:]), LINE2)
    assert status == 0 and tle.epoch_day == day


def test_time_since_epoch_comes_from_integers():
    _, state = loaded()
    params = ffi.new("mf_sgp4_params_t *", (14 * 86400, 86400))
    for seconds in (0.0, 0.25, 86400.0 * 13, -3600.0):
        position, velocity = ffi.new("double[3]"), ffi.new("double[3]")
        now = utc(state.epoch_day, 51782528e-8 * 86400 + seconds)
        assert lib.mf_sgp4_update(state, params, now, position, velocity) == 0
        wanted = propagate(state, seconds / 60)[1]
        assert np.linalg.norm(np.array(list(position)) - wanted) < 0.15  # 8 us of flight


def test_trap_12_age_gate():
    _, state = loaded()
    params = ffi.new("mf_sgp4_params_t *", (14 * 86400, 86400))
    out = ffi.new("double[3]", [7.0] * 3)
    for seconds, status in (
        (14 * 86400 - 1, 0),
        (14 * 86400 + 1, E_STALE),
        (-86400 + 1, 0),
        (-86400 - 1, E_STALE),
        (400 * 86400, E_STALE),
    ):
        now = utc(state.epoch_day, 51782528e-8 * 86400 + seconds)
        out[0] = 7.0
        assert lib.mf_sgp4_update(state, params, now, out, ffi.new("double[3]")) == status
        assert (out[0] == 7.0) == (status != 0)


def test_trap_12_without_elements_there_is_no_orbit():
    state = ffi.new("mf_sgp4_t *")
    lib.mf_sgp4_reset(state)
    params = ffi.new("mf_sgp4_params_t *", (2**32 - 1, 2**32 - 1))
    out = ffi.new("double[3]")
    assert propagate(state, 0.0)[0] == E_INVAL
    assert lib.mf_sgp4_update(state, params, utc(9700, 0.0), out, out) == E_INVAL


@given(st.integers(0, 1), st.integers(0, 68), st.integers(32, 126))
def test_any_damaged_character_is_refused_or_changes_nothing(which, column, code):
    lines = [LINE1, LINE2]
    lines[which] = lines[which][:column] + chr(code) + lines[which][column + 1 :]
    status, tle = parse(*lines)
    old, new = (LINE1, LINE2)[which][column], chr(code)
    value = {c: int(c) for c in "0123456789"} | {"-": 1}
    if value.get(old, 0) != value.get(new, 0):
        assert status < 0  # the checksum sees it
    if status == 0:
        reference = parse(LINE1, LINE2)[1]
        assert tle.epoch_fraction_e8 == reference.epoch_fraction_e8
        assert tle.mean_motion_rad_min == reference.mean_motion_rad_min
        assert tle.inclination_rad == reference.inclination_rad
    else:
        assert status in (E_BADMSG, E_INVAL) and tle.epoch_day == 12345


@pytest.mark.parametrize(
    "which,first,text,status",
    [
        (0, 20, "000", E_BADMSG),
        (0, 20, "366", E_BADMSG),
        (0, 18, "  ", E_BADMSG),
        (0, 59, "*", E_BADMSG),
        (0, 2, "25545", E_BADMSG),
        (1, 8, "180.0001", E_INVAL),
        (1, 17, "360.0001", E_INVAL),
        (1, 17, "2 7.4627", E_INVAL),
        (1, 26, "00o6703", E_BADMSG),
        (1, 52, " 0.00000000", E_INVAL),
        (1, 52, "15,72125391", E_BADMSG),
    ],
)
def test_bad_fields_with_a_good_checksum_are_refused(which, first, text, status):
    lines = [LINE1, LINE2]
    lines[which] = closed(lines[which][:first] + text + lines[which][first + len(text) :])
    assert parse(*lines)[0] == status


@pytest.mark.parametrize(
    "field,value",
    [
        ("eccentricity", 1.0),
        ("eccentricity", -1e-9),
        ("eccentricity", 0.5),  # perigee inside the Earth
        ("eccentricity", math.nan),
        ("mean_motion_rad_min", 0.0),
        ("mean_motion_rad_min", math.inf),
        ("mean_motion_rad_min", math.nan),
        ("inclination_rad", math.nan),
        ("bstar_per_radius", math.inf),
        ("mean_anomaly_rad", math.nan),
    ],
)
def test_impossible_elements_leave_the_old_ones(field, value):
    _, state = loaded()
    before = bytes(ffi.buffer(state))
    tle = parse(LINE1, LINE2)[1]
    setattr(tle, field, value)
    assert lib.mf_sgp4_init(state, tle) == E_INVAL
    assert bytes(ffi.buffer(state)) == before


@pytest.mark.parametrize("minutes", [math.nan, math.inf, -math.inf, 1.1e6, -1.1e6])
def test_impossible_times_are_refused(minutes):
    status, position, velocity = propagate(loaded()[1], minutes)
    assert status == E_INVAL and (position == 7.0).all() and (velocity == 8.0).all()


def test_never_nan_over_ten_years():
    _, state = loaded()
    for minutes in np.linspace(-1e6, 1e6, 401):
        _, position, velocity = propagate(state, minutes)
        assert np.isfinite(position).all() and np.isfinite(velocity).all()


def test_the_programs_are_what_the_script_writes():
    command = [sys.executable, "-m", "native.generate_sgp4", "--check"]
    assert subprocess.run(command, check=False, cwd=ROOT).returncode == 0


@pytest.mark.parametrize("text", ["x = y + 1", "x = 1 if t else 2", "t + 1", "x, y = sin(t)"])
def test_the_compiler_refuses_what_the_machine_cannot_do(text, monkeypatch):
    monkeypatch.setitem(generate_sgp4.PROGRAMS, "propagate", {"mean": text})
    with pytest.raises(ValueError):
        generate_sgp4.header()
