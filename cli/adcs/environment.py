"""The models of orbit, field, Sun and frames, and what each is judged by.

Published vectors, ppigrf and ERFA, in double precision.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import erfa
import numpy as np
import sgp4

from cli.adcs.builds import Array, accepted
from native.adcs import ffi, lib
from sim import environment

DAY_0 = datetime(2000, 1, 1)
AU_M = 1.495978707e11


def closed(line: str) -> str:
    """A line of 68 characters with its checksum."""
    body = f"{line[:68]:68}"
    return body + str(sum(int(c) if c.isdigit() else c == "-" for c in body) % 10)


def verification() -> list[tuple[str, str, str]]:
    """(title, line 1, line 2) of SGP4-VER; some lines lack their checksum, which is put back."""
    text = (Path(sgp4.__file__).parent / "SGP4-VER.TLE").read_text(encoding="ascii")
    lines = [line for line in text.splitlines() if line[:2] in ("1 ", "2 ")]
    return [
        (one[2:7], closed(one), closed(two))
        for one, two in zip(lines[::2], lines[1::2], strict=True)
    ]


def vectors() -> dict[str, list[list[float]]]:
    """Published states per object: {number: [[minutes, x, y, z km, vx, vy, vz km/s], ...]}."""
    text = (Path(sgp4.__file__).parent / "tcppver.out").read_text(encoding="ascii")
    out: dict[str, list[list[float]]] = {}
    rows: list[list[float]] = []
    for line in text.splitlines():
        fields = line.split()
        if line.rstrip().endswith("xx"):
            rows = out.setdefault(f"{int(fields[0]):05}", [])
        elif len(fields) >= 7:
            rows.append([float(field) for field in fields[:7]])
    return out


def period_min(line2: str) -> float:
    """Of the second line."""
    return 1440.0 / float(line2[52:63])


class Field:
    """The C state; `at` gives status and field [nT]."""

    def __init__(self, of: tuple[Any, Any] = (ffi, lib)) -> None:
        self.ffi, self.lib = of
        self.real = "float" if self.ffi is ffi else "double"
        self.state = self.ffi.new("mf_igrf_t *")
        self.lib.mf_igrf_reset(self.state)

    def at(self, day: int, r_E_m: Any) -> tuple[int, Array]:
        """On a day since 2000-01-01."""
        out = self.ffi.new(f"{self.real}[3]", [7.0] * 3)
        position = self.ffi.new(f"{self.real}[3]", [float(x) for x in r_E_m])
        status = self.lib.mf_igrf_update(self.state, day, position, out)
        return status, 1e9 * np.array(list(out))


def points(count: int, seed: int) -> Array:
    """Positions in low orbit [m], rounded to what the C code gets; the first ones near the axis."""
    rng = np.random.default_rng(seed)
    direction = rng.normal(size=(count, 3))
    direction[:20, :2] *= 10.0 ** -np.arange(20)[:, None]
    direction[0, :2] = direction[1, :2] = 0.0
    direction[1, 2] *= -1.0
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    out = direction * rng.uniform(6.371e6 + 180e3, 6.371e6 + 2000e3, count)[:, None]
    return np.asarray(out, dtype=np.float32).astype(np.float64)


def truth_nT(r_E_m: Array, day: int) -> Array:
    """The oracle divides by the sine of the colatitude: on the axis it is asked 2 m (0.05 nT)
    beside it."""
    r_E_m = r_E_m.copy()
    r_E_m[np.hypot(r_E_m[:, 0], r_E_m[:, 1]) < 2.0, :2] = 2.0, 0.0
    return 1e9 * environment.field_F(r_E_m, DAY_0 + timedelta(days=day))


def tt_day(day: int, share: float) -> Any:
    """Terrestrial Time as the C takes it."""
    ticks = round(share * 86400 * 65536) % (86400 * 65536)
    second, fraction = divmod(ticks, 65536)
    return ffi.new("mf_day_t *", (day, second, fraction, int(ticks * 512 // 675)))


def sun(day: int, share: float) -> tuple[int, Array, float]:
    """Status, direction and distance [m] by the C."""
    direction, distance = ffi.new("float[3]", [7.0] * 3), ffi.new("float *", 7.0)
    status = lib.mf_sun_update(tt_day(day, share), direction, distance)
    return status, np.array(list(direction)), distance[0]


def sun_truth(day: int, share: float) -> Array:
    """[m], by ERFA."""
    heliocentric, _ = erfa.epv00(2451544.5 + day, share)
    return -np.array(heliocentric["p"]) * AU_M


def degrees_apart(a: Array, b: Array) -> float:
    """Angle between two vectors."""
    return math.degrees(math.atan2(np.linalg.norm(np.cross(a, b)), np.dot(a, b)))


def angle_between(a: Array, b: Array) -> float:
    """Angle of the rotation from one matrix to another [rad]; small angles too."""
    r = a @ b.T
    skew = 0.5 * np.array([r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]])
    return math.atan2(np.linalg.norm(skew), 0.5 * (np.trace(r) - 1.0))


def rotation_z(angle: float) -> Array:
    """Of the axes, by an angle [rad]."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])


def matrix(field: Any) -> Array:
    """A C array of nine."""
    return np.array(list(field)).reshape(3, 3)


class FrameOracle:
    """All rotations at an instant of mission time, from ERFA."""

    def __init__(self, seconds: float, leap: int = 37, ut1_ms: float = 0.0) -> None:
        midnight = 2458849.5
        tt = (seconds + 32.184) / 86400
        ut1 = (seconds - leap + ut1_ms / 1e3) / 86400
        self.tt = midnight, tt
        self.dcm_CN = erfa.c2i06a(midnight, tt)
        self.dcm_EN = rotation_z(erfa.era00(midnight, ut1)) @ self.dcm_CN
        # Earth-fixed from TEME by the sidereal time of 1982, and back to GCRF.
        self.dcm_NT = self.dcm_EN.T @ rotation_z(erfa.gmst82(midnight, ut1))


def updated(
    seconds: int, fraction: int = 0, leap: int = 37, ut1_ms: int = 0, state: Any = None
) -> Any:
    """The C's frames at a mission time."""
    if state is None:
        state = ffi.new("mf_frames_t *")
        lib.mf_frames_reset(state)
    params = ffi.new("mf_time_params_t *", (leap, ut1_ms))
    accepted(lib.mf_frames_update(state, ffi.new("mf_time_t *", (seconds, fraction)), params))
    return state
