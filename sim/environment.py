"""Where the spacecraft is and what surrounds it, on the 100 ms grid.

Everything here depends on time only, so it is evaluated for a whole chunk of grid points at once
(vectorised) and looked up afterwards. The field is IGRF-14 (ppigrf, degree 13) in the Earth-fixed
frame at nodes one second apart, turned to N and interpolated by a cubic: at orbital speed the
difference from the direct evaluation stays below 0.1 nT.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

import erfa
import numpy as np
import ppigrf
from numpy.typing import NDArray

from sim.orbit import Frames, Orbit, Station

Array = NDArray[np.float64]

POINTS_PER_NODE = 10  # grid points from one field node to the next
NODES = 300
CHUNK = NODES * POINTS_PER_NODE

_AU_M = 1.495978707e11
_SUN_RADIUS_M = 6.957e8
_EARTH_RADIUS_M = 6.378137e6


def _cubic_weights() -> Array:
    """[points, 4]: Lagrange weights of the nodes at -1, 0, 1, 2 for a point at u in [0, 1)."""
    u = np.arange(POINTS_PER_NODE) / POINTS_PER_NODE
    return np.stack(
        [
            -u * (u - 1.0) * (u - 2.0) / 6.0,
            (u + 1.0) * (u - 1.0) * (u - 2.0) / 2.0,
            -(u + 1.0) * u * (u - 2.0) / 2.0,
            (u + 1.0) * u * (u - 1.0) / 6.0,
        ],
        axis=1,
    )


_WEIGHTS = _cubic_weights()


def field_F(r_BN_F: Array, date: datetime) -> Array:
    """IGRF-14 field [n, 3] T at Earth-fixed positions [n, 3] m, Earth-fixed components."""
    radius = np.linalg.norm(r_BN_F, axis=1)
    colatitude = np.arccos(r_BN_F[:, 2] / radius)
    longitude = np.arctan2(r_BN_F[:, 1], r_BN_F[:, 0])
    down_north_east = ppigrf.igrf_gc(
        radius / 1e3, np.degrees(colatitude), np.degrees(longitude), date
    )
    b_r, b_theta, b_phi = (component[0] for component in down_north_east)
    st, ct, sp, cp = np.sin(colatitude), np.cos(colatitude), np.sin(longitude), np.cos(longitude)
    horizontal = b_r * st + b_theta * ct
    field_nT = np.stack(
        [horizontal * cp - b_phi * sp, horizontal * sp + b_phi * cp, b_r * ct - b_theta * st],
        axis=1,
    )
    return np.asarray(field_nT * 1e-9)


def sun_N(jd: float, tt_days: Array) -> Array:
    """Vector from Earth to the Sun [n, 3] m, GCRF: minus the heliocentric Earth (erfa epv00)."""
    heliocentric, _ = erfa.epv00(jd, tt_days)
    return np.asarray(-heliocentric["p"] * _AU_M)


def illumination(r_BN_N: Array, r_SN_N: Array) -> Array:
    """Visible share of the Sun's disc [n], conical shadow of a spherical Earth.

    Montenbruck & Gill, Satellite Orbits, section 3.4.2: overlap of two discs.
    """
    to_sun = r_SN_N - r_BN_N
    sun_distance = np.linalg.norm(to_sun, axis=1)
    earth_distance = np.linalg.norm(r_BN_N, axis=1)
    a = np.arcsin(_SUN_RADIUS_M / sun_distance)
    b = np.arcsin(np.minimum(1.0, _EARTH_RADIUS_M / earth_distance))
    cosine = -np.sum(r_BN_N * to_sun, axis=1) / (earth_distance * sun_distance)
    c = np.arccos(np.clip(cosine, -1.0, 1.0))
    x = np.where(c > 0.0, (c * c + a * a - b * b) / np.where(c > 0.0, 2.0 * c, 1.0), 0.0)
    y = np.sqrt(np.maximum(0.0, a * a - x * x))
    overlap = (
        a * a * np.arccos(np.clip(x / a, -1.0, 1.0))
        + b * b * np.arccos(np.clip((c - x) / b, -1.0, 1.0))
        - c * y
    )
    partial = 1.0 - overlap / (np.pi * a * a)
    # Seen from orbit Earth's disc is far larger than the Sun's: no annular eclipse.
    return np.where(c >= a + b, 1.0, np.where(c <= b - a, 0.0, np.clip(partial, 0.0, 1.0)))


class Environment:
    """Time-driven surroundings of one orbit.

    `load(grid)` makes the chunk that holds `grid` current; the lists then hold one entry per grid
    point, at `grid - first`:
    `r_BN_N` m, `v_BN_N` m/s, `field_N` T, `sun_N` (unit), `illumination` 0..1, and
    `in_view` (bit i set: station i sees the spacecraft).
    """

    def __init__(
        self,
        orbit: Orbit,
        frames: Frames,
        epoch: datetime,
        stations: Sequence[Station],
        step_s: float,
    ) -> None:
        self._orbit = orbit
        self._frames = frames
        self._epoch = epoch.astimezone(timezone.utc).replace(tzinfo=None)
        self._stations = tuple(stations)
        self._step_s = step_s
        self.first = 0
        self.end = 0
        self.r_BN_N: list[list[float]] = []
        self.v_BN_N: list[list[float]] = []
        self.field_N: list[list[float]] = []
        self.sun_N: list[list[float]] = []
        self.illumination: list[float] = []
        self.in_view: list[int] = []
        self._celestial: Array = np.eye(3)

    @property
    def gps_utc_s(self) -> int:
        """Leap seconds by which GPS time is ahead of UTC (GPS = TAI - 19 s)."""
        return self._frames.tai_utc_s - 19

    def dcm_FN(self, t_s: float | Array) -> Array:
        """[FN] at times within a day of the current chunk (0.3 arcsec), [..., 3, 3]."""
        return self._frames.dcm_FN(np.asarray(t_s), self._celestial)

    def load(self, grid: int) -> None:
        """Evaluate the chunk of grid point `grid` unless it is the current one."""
        if self.first <= grid < self.end:
            return
        first = grid // CHUNK * CHUNK
        time_s: Array = (first + np.arange(CHUNK, dtype=np.float64)) * self._step_s
        celestial = self._celestial = self._frames.celestial(float(time_s[0]))
        r_BN_N, v_BN_N = self._orbit.propagate(time_s, celestial)
        field_N = self._field(first, celestial)
        sun_ends = sun_N(self._frames.jd, self._frames.tt_days(time_s[[0, -1]]))
        share = np.linspace(0.0, 1.0, CHUNK)[:, None]
        r_SN_N = sun_ends[0] * (1.0 - share) + sun_ends[1] * share
        visible = illumination(r_BN_N, r_SN_N)
        self.r_BN_N = r_BN_N.tolist()
        self.v_BN_N = v_BN_N.tolist()
        self.field_N = field_N.tolist()
        self.sun_N = (r_SN_N / np.linalg.norm(r_SN_N, axis=1)[:, None]).tolist()
        self.illumination = visible.tolist()
        self.in_view = self._in_view(time_s, celestial, r_BN_N).tolist()
        self.first, self.end = first, first + CHUNK

    def _field(self, first: int, celestial: Array) -> Array:
        nodes: Array = np.arange(-1.0, NODES + 2.0, dtype=np.float64)
        nodes_s = (first + nodes * POINTS_PER_NODE) * self._step_s
        r_BN_N, _ = self._orbit.propagate(nodes_s, celestial)
        dcm_FN = self._frames.dcm_FN(nodes_s, celestial)
        r_BN_F = np.einsum("nij,nj->ni", dcm_FN, r_BN_N)
        date = self._epoch + timedelta(seconds=float(nodes_s[NODES // 2]))
        nodes_N = np.einsum("nji,nj->ni", dcm_FN, field_F(r_BN_F, date))
        windows = np.stack([nodes_N[i : i + NODES] for i in range(4)], axis=1)
        return np.einsum("pk,nkj->npj", _WEIGHTS, windows).reshape(CHUNK, 3)

    def _in_view(self, time_s: Array, celestial: Array, r_BN_N: Array) -> NDArray[np.int64]:
        seconds = slice(0, CHUNK, POINTS_PER_NODE)
        dcm_FN = self._frames.dcm_FN(time_s[seconds], celestial)
        r_BN_F = np.einsum("nij,nj->ni", dcm_FN, r_BN_N[seconds])
        bits = np.zeros(NODES, dtype=np.int64)
        for index, station in enumerate(self._stations):
            above = station.elevation_rad(r_BN_F) >= np.radians(station.min_elevation_deg)
            bits |= above.astype(np.int64) << index
        return np.repeat(bits, POINTS_PER_NODE)
