"""What the star tracker sees: whether Sun or Earth blind it, how fast the sky moves, the sky."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sim.faults import FaultSet
from sim.noise import Noise
from sim.rotation import (
    Quaternion,
    product,
    quaternion_from_dcm,
    rotation_matrix,
    transposed,
)
from sim.sensor_errors import FULL_RANGE, misalignment

if TYPE_CHECKING:
    from sim.spacecraft import Spacecraft

_EARTH_RADIUS_M = 6.378137e6


class TrackerOptics:
    """Boresight +z of the tracker's frame S."""

    def __init__(
        self, craft: Spacecraft, data: dict[str, Any], seed: int, faults: FaultSet
    ) -> None:
        self._craft = craft
        self._faults = faults
        self._noise = Noise(seed, "star_tracker")
        turn = misalignment(seed, "star_tracker", data["misalignment_deg"])
        self._dcm_SB = product(turn, transposed(data["dcm_BS"]))
        cross_rad, roll_rad = data["noise_cross_rad"], data["noise_roll_rad"]
        self._sigma_rad = (cross_rad, cross_rad, roll_rad)
        self._sun_cosine = math.cos(math.radians(data["sun_exclusion_deg"]))
        self._earth_rad = math.radians(data["earth_exclusion_deg"])

    def view(self) -> tuple[bool, float]:
        """(blinded, rate in rad/s) at the present grid point."""
        craft = self._craft
        environment = craft.environment
        index = craft.grid - environment.first
        rate_rad_s = math.hypot(*craft.plant.omega_BN_B)
        boresight_N = product(self._dcm_SB, craft.plant.dcm_BN)[2]
        sun, r_N = environment.sun_N[index], environment.r_BN_N[index]
        radius_m = math.hypot(*r_N)
        if environment.illumination[index] > 0.0:
            if sum(a * b for a, b in zip(boresight_N, sun, strict=True)) > self._sun_cosine:
                return True, rate_rad_s
        cosine = -sum(a * b for a, b in zip(boresight_N, r_N, strict=True)) / radius_m
        limb_rad = math.asin(min(1.0, _EARTH_RADIUS_M / radius_m))
        edge_rad = min(math.pi, limb_rad + self._earth_rad)
        return cosine > math.cos(edge_rad), rate_rad_s

    def attitude(self, grid: int) -> Quaternion:
        """Measured q_SN at a grid index (the present one)."""
        faults = self._faults
        normal = self._noise.normal3(grid)
        error = [
            sigma * value * (faults.factor("noise_scale", axis) if faults.active else 1.0)
            for axis, (sigma, value) in enumerate(zip(self._sigma_rad, normal, strict=True))
        ]
        dcm_SN = product(self._dcm_SB, self._craft.plant.dcm_BN)
        q = quaternion_from_dcm(product(rotation_matrix(error), dcm_SN))
        if not faults.active:
            return q
        x, y, z = faults.distort(q[:3], FULL_RANGE["star_tracker"])
        norm = math.sqrt(x * x + y * y + z * z)
        if norm >= 1.0:
            return (x / norm, y / norm, z / norm, 0.0)
        return (x, y, z, math.sqrt(1.0 - norm * norm))
