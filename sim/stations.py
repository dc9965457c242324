"""The way from the spacecraft to the ground stations: elevation, range, delay, rates.

The geometry is that of the orbit as it is flown, at the grid point of the moment; the station is at
rest on the turning Earth. Light takes the shortest way: refraction and the change of range within a
burst (10 ns per bit at most) are left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.environment import Environment
from sim.orbit import Station

SPEED_OF_LIGHT_M_S = 299792458.0
EARTH_RATE_RAD_S = 7.292115e-5


@dataclass(frozen=True)
class Geometry:
    """Where a station sees the spacecraft. `range_rate_m_s` > 0: it goes away."""

    elevation_rad: float
    range_m: float
    range_rate_m_s: float

    @property
    def delay_s(self) -> float:
        """How long light takes."""
        return self.range_m / SPEED_OF_LIGHT_M_S


class Stations:
    """The stations of a scenario around one orbit; rows in the scenario's order."""

    def __init__(self, stations: Sequence[Station], environment: Environment, step_s: float):
        self.stations = tuple(stations)
        self.frames = [0] * len(self.stations)  # received by each
        self._environment = environment
        self._step_s = step_s
        self._positions_F_m = [station.position_F_m() for station in self.stations]
        self._ups_F = [station.up_F() for station in self.stations]

    def geometry(self, index: int, grid: int) -> Geometry:
        """Of station `index` at a grid point of the environment's current chunk."""
        environment = self._environment
        at = grid - environment.first
        dcm_FN = environment.dcm_FN(grid * self._step_s)
        r_F = dcm_FN @ np.asarray(environment.r_BN_N[at])
        turning = np.array([0.0, 0.0, EARTH_RATE_RAD_S])
        v_F = dcm_FN @ np.asarray(environment.v_BN_N[at]) - np.cross(turning, r_F)
        line = r_F - self._positions_F_m[index]
        range_m = float(np.linalg.norm(line))
        sine = float(line @ self._ups_F[index]) / range_m
        return Geometry(math.asin(max(-1.0, min(1.0, sine))), range_m, float(line @ v_F) / range_m)

    def able(self, in_view: int, rate_bit_s: float) -> list[int]:
        """Of the stations in view (bit mask) those that work at this rate."""
        return [
            index
            for index, station in enumerate(self.stations)
            if in_view >> index & 1 and rate_bit_s <= station.max_rate_bit_s
        ]

    def count(self, serving: Sequence[int]) -> None:
        """These stations have received a frame."""
        for index in serving:
            self.frames[index] += 1

    def delay_s(self, serving: Sequence[int], grid: int) -> float:
        """Of the nearest of these stations: it is the one that is heard, and hears first."""
        return min(self.geometry(index, grid).delay_s for index in serving)
