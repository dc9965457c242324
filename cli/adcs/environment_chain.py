"""From mission time and a TLE to field, Sun and shadow: as on board, and as in the plant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np

from cli.adcs.builds import accepted
from cli.adcs.environment import closed
from native.adcs import ffi, lib
from sim import environment
from sim.orbit import Frames, Orbit, Tle, satrec_from_tle

EPOCH = datetime(2026, 10, 4, 6, tzinfo=timezone.utc)
MISSION_S = round((EPOCH - datetime(2020, 1, 1, tzinfo=timezone.utc)).total_seconds()) + 37
UTC, TT = 1, 3
LINE1 = closed("1 43000U 18001A   26274.51782528  .00002182  00000-0  11606-3 0  999")
LINE2 = closed("2 43000  97.5116 247.4627 0012703 130.5360 325.0288 15.1125391556353")


class OnBoard:
    """The chain as it flies; `at` gives what it knows at a time since EPOCH."""

    def __init__(self) -> None:
        tle = ffi.new("mf_tle_t *")
        accepted(lib.mf_tle_parse(LINE1.encode(), LINE2.encode(), tle))
        self.sgp4 = ffi.new("mf_sgp4_t *")
        accepted(lib.mf_sgp4_init(self.sgp4, tle))
        self.gate = ffi.new("mf_sgp4_params_t *", (14 * 86400, 86400))
        self.params = ffi.new("mf_time_params_t *", (37, 0))
        self.frames, self.igrf = ffi.new("mf_frames_t *"), ffi.new("mf_igrf_t *")
        lib.mf_frames_reset(self.frames)
        lib.mf_igrf_reset(self.igrf)

    def at(self, time_s: float) -> list[Any]:
        """Position, velocity, field, Sun, share of sunlight; [m], [m/s], [T], unit, 0 to 1."""
        ticks = round(time_s * 65536)
        time = ffi.new("mf_time_t *", (MISSION_S + ticks // 65536, ticks % 65536))
        utc, tt = ffi.new("mf_day_t *"), ffi.new("mf_day_t *")
        r_T, v_T = ffi.new("double[3]"), ffi.new("double[3]")
        r_N, v_N, mag, sun = (ffi.new("float[3]") for _ in range(4))
        distance, share = ffi.new("float *"), ffi.new("float *")
        accepted(lib.mf_time_day(time, self.params, UTC, utc))
        accepted(lib.mf_time_day(time, self.params, TT, tt))
        accepted(lib.mf_sgp4_update(self.sgp4, self.gate, utc, r_T, v_T))
        accepted(lib.mf_frames_update(self.frames, time, self.params))
        accepted(lib.mf_frames_teme_to_gcrf(self.frames, r_T, r_N))
        accepted(lib.mf_frames_teme_to_gcrf(self.frames, v_T, v_N))
        accepted(lib.mf_igrf_update_N(self.igrf, utc.day, self.frames, r_N, mag))
        accepted(lib.mf_sun_update(tt, sun, distance))
        accepted(lib.mf_eclipse_update(r_N, sun, distance[0], share))
        return [np.array(list(part)) for part in (r_N, v_N, mag, sun)] + [share[0]]


class Plant:
    """The same from the simulator's own parts."""

    def __init__(self) -> None:
        self.frames = Frames(EPOCH)
        self.orbit = Orbit(satrec_from_tle(Tle("test", LINE1, LINE2)), self.frames)

    def at(self, time_s: float) -> list[Any]:
        """Position, velocity, field, Sun, share of sunlight; [m], [m/s], [T], unit, 0 to 1."""
        when = np.array([float(time_s)])
        celestial = self.frames.celestial(float(time_s))
        r_N, v_N = self.orbit.propagate(when, celestial)
        dcm_FN = self.frames.dcm_FN(when, celestial)[0]
        date = (EPOCH + timedelta(seconds=float(time_s))).replace(tzinfo=None)
        mag_N = dcm_FN.T @ environment.field_F((dcm_FN @ r_N[0])[None, :], date)[0]
        sun_m = environment.sun_N(self.frames.jd, self.frames.tt_days(when))
        share = environment.illumination(r_N, sun_m)[0]
        return [r_N[0], v_N[0], mag_N, sun_m[0] / np.linalg.norm(sun_m[0]), share]


def edges(
    share: Callable[[float], float], start_s: float, end_s: float, level: float
) -> list[float]:
    """Times at which the share crosses `level`."""
    out, step_s = [], 360.0
    for low in np.arange(start_s, end_s, step_s).tolist():
        high = low + step_s
        first = share(low) > level
        if (share(high) > level) == first:
            continue
        while high - low > 0.1:
            middle = 0.5 * (low + high)
            low, high = (middle, high) if (share(middle) > level) == first else (low, middle)
        out.append(low)
    return out
