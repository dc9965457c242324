"""Mission time against ERFA, and against integers of Python."""

import math
from datetime import datetime, timedelta, timezone

import erfa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from native.adcs import ffi, lib

E_INVAL, E_RANGE = -22, -34
TAI, UTC, UT1, TT = 0, 1, 2, 3
EPOCH_TAI = datetime(2020, 1, 1)
DAY_0 = datetime(2000, 1, 1)
DEG_1E5 = math.radians(1e-5)
seconds = st.integers(0, 2**32 - 1)
fractions = st.integers(0, 65535)


def day_of(s, fraction=0, scale=UTC, leap=37, ut1_ms=0):
    out = ffi.new("mf_day_t *")
    params = ffi.new("mf_time_params_t *", (leap, ut1_ms))
    assert lib.mf_time_day(ffi.new("mf_time_t *", (s, fraction)), params, scale, out) == 0
    return out


def mission(when, leap=37):
    """Whole seconds of mission time of a naive UTC datetime."""
    return round((when - EPOCH_TAI).total_seconds()) + leap


def between(angle, wanted):
    return (angle - wanted + math.pi) % (2 * math.pi) - math.pi


@example(0, 0, 60, -900)
@example(2**32 - 1, 65535, 0, 900)
@given(seconds, fractions, st.integers(0, 60), st.integers(-900, 900))
def test_scales_against_integers(s, fraction, leap, ut1_ms):
    ticks = s * 65536 + fraction
    for scale, offset_s in ((TAI, 0), (UTC, -leap), (UT1, -leap + ut1_ms / 1000), (TT, 32.184)):
        out = day_of(s, fraction, scale, leap, ut1_ms)
        got = (out.day * 86400 + out.second) * 65536 + out.fraction
        wanted = 7305 * 86400 * 65536 + ticks + offset_s * 65536
        assert abs(got - wanted) <= 1 and out.second < 86400
        if scale in (TAI, UTC):
            assert got == wanted
        exact = ((out.second * 65536 + out.fraction) * 2**32) // (86400 * 65536)
        assert 0 <= exact - out.fraction_q32 <= 3


def test_epoch_is_2019_12_31_23_59_23_utc():
    out = day_of(0)
    when = DAY_0 + timedelta(days=out.day, seconds=out.second)
    assert when == datetime(2019, 12, 31, 23, 59, 23)
    assert day_of(0, scale=TAI).day == lib.MF_TIME_EPOCH_DAY


@example(0, 0, UTC, 0)
@example(2**32 - 86400, 0, TAI, 0)
@example(2**32 - 1, 65535, TT, 900)
@given(seconds, fractions, st.sampled_from([TAI, UTC, UT1, TT]), st.integers(-900, 900))
def test_there_and_back(s, fraction, scale, ut1_ms):
    params = ffi.new("mf_time_params_t *", (37, ut1_ms))
    back = ffi.new("mf_time_t *")
    assert lib.mf_time_from_day(day_of(s, fraction, scale, 37, ut1_ms), params, scale, back) == 0
    assert (back.seconds, back.fraction) == (s, fraction)


@given(seconds, fractions)
def test_julian_date_keeps_microseconds(s, fraction):
    jd = ffi.new("double[2]")
    out = day_of(s, fraction)
    lib.mf_time_julian(out, jd)
    assert jd[0] == 2451544.5 + out.day and 0.0 <= jd[1] < 1.0
    assert jd[1] * 86400 == pytest.approx(out.second + fraction / 65536, abs=1e-10)


@given(seconds, fractions, st.integers(-900, 900))
def test_trap_4_earth_angles_to_1e_5_deg_over_136_years(s, fraction, ut1_ms):
    ut1 = day_of(s, fraction, UT1, 37, ut1_ms)
    share = (ut1.second + ut1.fraction / 65536) / 86400
    era, gmst = lib.mf_time_era(ut1), lib.mf_time_gmst82(ut1)
    assert abs(between(era, erfa.era00(2451544.5 + ut1.day, share))) < DEG_1E5
    assert abs(between(gmst, erfa.gmst82(2451544.5 + ut1.day, share))) < DEG_1E5
    assert abs(era) <= 3.1415928 and abs(gmst) <= 3.1415928


@pytest.mark.parametrize("uptime_s", [2**31 // 1000, 2 * 365 * 86400])
def test_trap_4_a_step_of_one_tick_is_seen_after_years(uptime_s):
    s = mission(datetime(2026, 10, 4)) + uptime_s
    before = ffi.new("mf_time_t *", (s, 0))
    after = ffi.new("mf_time_t *", (s, 1))
    assert lib.mf_time_between(before, after) == 1
    assert lib.mf_time_between(after, before) == -1
    # 100 ms turn the Earth by 7.3e-6 rad, resolved to better than 5 %.
    early, late = day_of(s, 0, UT1), day_of(s, 6554, UT1)
    turn = between(lib.mf_time_era(late), lib.mf_time_era(early))
    assert turn == pytest.approx(2 * math.pi / 86164.1 * 6554 / 65536, abs=3.6e-7)


def test_a_leap_second_moves_utc_and_nothing_else():
    s = mission(datetime(2028, 7, 1))
    assert day_of(s, leap=37).second == 0
    assert day_of(s, leap=38).second == 86399
    for scale in (TAI, TT):
        one, two = day_of(s, 0, scale, 37), day_of(s, 0, scale, 38)
        assert (one.day, one.second) == (two.day, two.second)
    turn = between(lib.mf_time_era(day_of(s, 0, UT1, 37)), lib.mf_time_era(day_of(s, 0, UT1, 38)))
    assert turn == pytest.approx(7.2921e-5, rel=0.01)


def test_centuries_since_j2000():
    noon_2050 = day_of(mission(datetime(2050, 1, 1, 12)))
    assert lib.mf_time_centuries(noon_2050) == pytest.approx(18263 / 36525, abs=1e-7)


@pytest.mark.parametrize("params", [(-1, 0), (101, 0), (37, 1001), (37, -1001)])
def test_impossible_parameters_are_refused(params):
    out = ffi.new("mf_day_t *", (1, 2, 3, 4))
    back = ffi.new("mf_time_t *", (5, 6))
    given_params = ffi.new("mf_time_params_t *", params)
    assert lib.mf_time_day(back, given_params, UTC, out) == E_INVAL
    assert lib.mf_time_from_day(out, given_params, UTC, back) == E_INVAL
    assert (out.day, out.second, back.seconds, back.fraction) == (1, 2, 5, 6)


def test_impossible_instants_are_refused():
    params = ffi.new("mf_time_params_t *", (37, 0))
    out = ffi.new("mf_day_t *", (1, 2, 3, 4))
    back = ffi.new("mf_time_t *", (5, 6))
    assert lib.mf_time_day(back, params, 4, out) == E_INVAL and out.day == 1
    for day, second, status in (
        (7305, 86400, E_INVAL),
        (7304, 86362, E_RANGE),
        (7305 + 49711, 0, E_RANGE),
        (-(2**31), 0, E_RANGE),
        (2**31 - 1, 0, E_RANGE),
    ):
        assert lib.mf_time_from_day(ffi.new("mf_day_t *", (day, second)), params, UTC, back) == (
            status
        )
        assert (back.seconds, back.fraction) == (5, 6)
    assert lib.mf_time_from_day(ffi.new("mf_day_t *", (7304, 86363)), params, UTC, back) == 0
    assert back.seconds == 0


def test_datetime_of_python_agrees():
    when = datetime(2031, 2, 28, 13, 14, 15, tzinfo=timezone.utc)
    out = day_of(mission(when.replace(tzinfo=None)))
    assert DAY_0 + timedelta(days=out.day, seconds=out.second) == when.replace(tzinfo=None)
