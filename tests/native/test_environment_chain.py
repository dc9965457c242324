"""From mission time and a TLE to position, field, Sun and shadow on board, against the plant's."""

import math
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from native.adcs import ffi, lib
from sim import environment
from sim.orbit import Frames, Orbit, Tle, satrec_from_tle

EPOCH = datetime(2026, 10, 4, 6, tzinfo=timezone.utc)
MISSION_S = round((EPOCH - datetime(2020, 1, 1, tzinfo=timezone.utc)).total_seconds()) + 37
UTC, TT = 1, 3


def closed(line):
    body = f"{line[:68]:68}"
    return body + str(sum(int(c) if c.isdigit() else c == "-" for c in body) % 10)


LINE1 = closed("1 43000U 18001A   26274.51782528  .00002182  00000-0  11606-3 0  999")
LINE2 = closed("2 43000  97.5116 247.4627 0012703 130.5360 325.0288 15.1125391556353")


class OnBoard:
    """The chain as it flies; `at` gives what it knows at a time since EPOCH."""

    def __init__(self):
        tle = ffi.new("mf_tle_t *")
        assert lib.mf_tle_parse(LINE1.encode(), LINE2.encode(), tle) == 0
        self.sgp4 = ffi.new("mf_sgp4_t *")
        assert lib.mf_sgp4_init(self.sgp4, tle) == 0
        self.gate = ffi.new("mf_sgp4_params_t *", (14 * 86400, 86400))
        self.params = ffi.new("mf_time_params_t *", (37, 0))
        self.frames, self.igrf = ffi.new("mf_frames_t *"), ffi.new("mf_igrf_t *")
        lib.mf_frames_reset(self.frames)
        lib.mf_igrf_reset(self.igrf)

    def at(self, time_s):
        ticks = round(time_s * 65536)
        time = ffi.new("mf_time_t *", (MISSION_S + ticks // 65536, ticks % 65536))
        utc, tt = ffi.new("mf_day_t *"), ffi.new("mf_day_t *")
        r_T, v_T = ffi.new("double[3]"), ffi.new("double[3]")
        r_N, v_N, mag, sun = (ffi.new("float[3]") for _ in range(4))
        distance, share = ffi.new("float *"), ffi.new("float *")
        assert lib.mf_time_day(time, self.params, UTC, utc) == 0
        assert lib.mf_time_day(time, self.params, TT, tt) == 0
        assert lib.mf_sgp4_update(self.sgp4, self.gate, utc, r_T, v_T) == 0
        assert lib.mf_frames_update(self.frames, time, self.params) == 0
        assert lib.mf_frames_teme_to_gcrf(self.frames, r_T, r_N) == 0
        assert lib.mf_frames_teme_to_gcrf(self.frames, v_T, v_N) == 0
        assert lib.mf_igrf_update_N(self.igrf, utc.day, self.frames, r_N, mag) == 0
        assert lib.mf_sun_update(tt, sun, distance) == 0
        assert lib.mf_eclipse_update(r_N, sun, distance[0], share) == 0
        return [np.array(list(part)) for part in (r_N, v_N, mag, sun)] + [share[0]]


class Plant:
    """The same from the simulator's own parts."""

    def __init__(self):
        self.frames = Frames(EPOCH)
        self.orbit = Orbit(satrec_from_tle(Tle("test", LINE1, LINE2)), self.frames)

    def at(self, time_s):
        when = np.array([float(time_s)])
        celestial = self.frames.celestial(float(time_s))
        r_N, v_N = self.orbit.propagate(when, celestial)
        dcm_FN = self.frames.dcm_FN(when, celestial)[0]
        date = (EPOCH + timedelta(seconds=float(time_s))).replace(tzinfo=None)
        mag_N = dcm_FN.T @ environment.field_F((dcm_FN @ r_N[0])[None, :], date)[0]
        sun_m = environment.sun_N(self.frames.jd, self.frames.tt_days(when))
        share = environment.illumination(r_N, sun_m)[0]
        return r_N[0], v_N[0], mag_N, sun_m[0] / np.linalg.norm(sun_m[0]), share


@pytest.fixture(scope="module")
def both():
    return OnBoard(), Plant()


def degrees_apart(a, b):
    return math.degrees(math.atan2(np.linalg.norm(np.cross(a, b)), np.dot(a, b)))


@pytest.mark.parametrize("time_s", [0, 1234.5, 3000, 5600, 86399, 3 * 86400 + 0.25])
def test_the_chain_agrees_with_the_plant(both, time_s):
    (r, v, mag, sun, share), (r_t, v_t, mag_t, sun_t, share_t) = (side.at(time_s) for side in both)
    assert np.linalg.norm(r - r_t) < 20.0  # 2e-6 rad, and 0.5 m of single precision
    assert np.linalg.norm(v - v_t) < 0.02
    assert np.abs(mag - mag_t).max() < 5e-9
    assert degrees_apart(sun, sun_t) < 0.015
    assert share == pytest.approx(share_t, abs=0.02)


def edges(share, start_s, end_s, level):
    """Times at which the share crosses `level`."""
    out, step_s = [], 360.0
    for low in np.arange(start_s, end_s, step_s):
        high = low + step_s
        first = share(low) > level
        if (share(high) > level) == first:
            continue
        while high - low > 0.1:
            middle = 0.5 * (low + high)
            low, high = (middle, high) if (share(middle) > level) == first else (low, middle)
        out.append(low)
    return out


@pytest.mark.parametrize("level", [0.01, 0.5, 0.99])
def test_eclipse_edges_within_5_s_of_the_plant(both, level):
    on_board, plant = both
    found = edges(lambda t: on_board.at(t)[4], 0.0, 5760.0, level)
    wanted = edges(lambda t: plant.at(t)[4], 0.0, 5760.0, level)
    assert len(found) == len(wanted) >= 2
    assert np.abs(np.array(found) - wanted).max() < 5.0


def test_trap_10_steps_of_an_hour_and_of_a_leap_second_are_followed_at_once(both):
    """The chain has no memory: after a jump of the clock it gives what a fresh one gives."""
    chain = both[0]
    for jump_s in (3600.0, -3600.0, 1.0, -1.0):
        chain.at(20000.0)
        after = chain.at(20000.0 + jump_s)
        fresh = OnBoard().at(20000.0 + jump_s)
        assert all(
            (np.asarray(a) == np.asarray(b)).all() for a, b in zip(after, fresh, strict=True)
        )
