"""Where the spacecraft points, against targets that the simulator computes from its own truth.

All errors are angles in degrees: of the body axis `pointing.axis_B` from nadir (to Earth's centre),
from the velocity (with respect to N) and from the ground target; of `pointing.sun_axis_B` from the
Sun. `nadir_yaw` is the turn about `axis_B` that would bring `pointing.secondary_B` as near to the
velocity as it can get. NaN where there is no answer: no ground target, or it stands too low.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sim.orbit import Station
from sim.rotation import Vector, apply, apply_transposed

if TYPE_CHECKING:
    from sim.spacecraft import Spacecraft

NAN = float("nan")


class Targets:
    """The targets of one flight."""

    def __init__(self, craft: Spacecraft, pointing: dict[str, Any]) -> None:
        self._craft = craft
        self._axis_B = pointing["axis_B"]
        self._sun_axis_B = pointing["sun_axis_B"]
        self._secondary_B = pointing["secondary_B"]
        ground = pointing["ground"]
        self._station: Station | None = None
        if ground is not None:
            self._station = Station(
                "target",
                ground["latitude_deg"],
                ground["longitude_deg"],
                ground["altitude_m"],
                ground["min_elevation_deg"],
            )
            self._station_F_m = self._station.position_F_m()
            self._up_F = self._station.up_F()
            self._sine_min = math.sin(math.radians(ground["min_elevation_deg"]))

    def errors_deg(self) -> tuple[float, float, float, float, float]:
        """(nadir, nadir_yaw, sun, velocity, ground) at the present grid point."""
        craft = self._craft
        environment, dcm_BN = craft.environment, craft.plant.dcm_BN
        index = craft.grid - environment.first
        r_N, v_N = environment.r_BN_N[index], environment.v_BN_N[index]
        axis_N = apply_transposed(dcm_BN, self._axis_B)
        down_N = (-r_N[0], -r_N[1], -r_N[2])
        sun_axis_N = apply_transposed(dcm_BN, self._sun_axis_B)
        return (
            angle_deg(axis_N, down_N),
            abs(turn_deg(self._axis_B, self._secondary_B, apply(dcm_BN, v_N))),
            angle_deg(sun_axis_N, environment.sun_N[index]),
            angle_deg(axis_N, v_N),
            self._ground_deg(axis_N, r_N),
        )

    def _ground_deg(self, axis_N: Vector, r_N: Sequence[float]) -> float:
        if self._station is None:
            return NAN
        dcm_FN = self._craft.environment.dcm_FN(self._craft.t_s)
        line_F = self._station_F_m - dcm_FN @ r_N
        sine = -float(line_F @ self._up_F) / math.hypot(*line_F)
        if sine < self._sine_min:
            return NAN
        return angle_deg(axis_N, (dcm_FN.T @ line_F).tolist())


def angle_deg(a: Sequence[float], b: Sequence[float]) -> float:
    """Angle between two vectors; exact for small ones and near 180 deg."""
    cross = (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )
    return math.degrees(math.atan2(math.hypot(*cross), a[0] * b[0] + a[1] * b[1] + a[2] * b[2]))


def turn_deg(axis: Sequence[float], start: Sequence[float], end: Sequence[float]) -> float:
    """Turn about the unit vector `axis` from the projection of `start` to that of `end`."""
    cross = (
        start[1] * end[2] - start[2] * end[1],
        start[2] * end[0] - start[0] * end[2],
        start[0] * end[1] - start[1] * end[0],
    )
    sine = sum(a * c for a, c in zip(axis, cross, strict=True))
    along = sum(a * s for a, s in zip(axis, start, strict=True))
    dot = sum(s * e for s, e in zip(start, end, strict=True))
    cosine = dot - along * sum(a * e for a, e in zip(axis, end, strict=True))
    return math.degrees(math.atan2(sine, cosine))
