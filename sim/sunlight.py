"""What sun sensors see: the Sun, dimmed by the Earth's shadow, and the Earth's own light.

Light is counted in solar constants. A coarse sensor is a photodiode: it follows the cosine of the
angle within its field of view. A fine sensor finds the direction of all the light it sees, in
which the Earth's counts with `albedo_gain`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.albedo import Albedo
from sim.faults import FaultSet
from sim.noise import Noise
from sim.rotation import Vector, apply, product, transposed
from sim.sensor_errors import FULL_RANGE, misalignment

if TYPE_CHECKING:
    from sim.spacecraft import Spacecraft

FULL_V = 2.5  # of a coarse sensor with the Sun along its axis


class CoarseSensors:
    """Six photodiodes; gain and direction of each are off by what the seed says."""

    def __init__(
        self,
        craft: Spacecraft,
        albedo: Albedo,
        data: dict[str, Any],
        seed: int,
        faults: Mapping[str, FaultSet],
    ) -> None:
        self._craft = craft
        self._albedo = albedo
        self._noise_V = data["noise_V"]
        self._cosine_min = math.cos(math.radians(data["field_of_view_deg"]))
        self._faults = [faults[name] for name in faults]
        self._noise = [Noise(seed, name) for name in faults]
        gains, normals = [], []
        for name, normal in zip(faults, data["normals_B"], strict=True):
            gains.append(1.0 + data["gain_error"] * Noise(seed, f"{name}/gain").normal3(0)[0])
            normals.append(apply(misalignment(seed, name, data["misalignment_deg"]), normal))
        self._gains = gains
        self._normals_B = np.array(normals)
        self._light: list[float] = []
        self._light_grid = -1

    def light(self, grid: int) -> list[float]:
        """Light on each sensor, without errors of gain and noise, at the present grid point."""
        if grid != self._light_grid:
            environment = self._craft.environment
            index = grid - environment.first
            normals_N = self._normals_B @ np.array(self._craft.plant.dcm_BN)
            lowest = max(0.0, self._cosine_min)
            sun = normals_N @ environment.sun_N[index]
            direct = environment.illumination[index] * np.where(sun > lowest, sun, 0.0)
            direction, weight = self._albedo.at(grid)
            cosine = normals_N @ direction.T
            total = direct + np.where(cosine > lowest, cosine, 0.0) @ weight
            self._light = total.tolist()
            self._light_grid = grid
        return self._light

    def volts(self, index: int, grid: int) -> float:
        """Voltage of one sensor, noise included."""
        faults = self._faults[index]
        volts = FULL_V * self._gains[index] * self.light(grid)[index]
        noise = self._noise_V * self._noise[index].normal(grid)
        if not faults.active:
            return volts + noise
        if faults.has("dead"):
            return 0.0
        return faults.distort((volts + noise * faults.factor("noise_scale"),), FULL_RANGE["css"])[0]


class FineSensor:
    """The optics of the fine sun sensor; boresight +z of its frame S."""

    def __init__(
        self,
        craft: Spacecraft,
        albedo: Albedo,
        data: dict[str, Any],
        seed: int,
        faults: FaultSet,
    ) -> None:
        self._craft = craft
        self._albedo = albedo
        self._gain = data["albedo_gain"]
        self._sigma_rad = data["noise_rad"]
        self._bias_rad = data["bias_rad"]
        self._faults = faults
        self._noise = Noise(seed, "fss")
        turn = misalignment(seed, "fss", data["misalignment_deg"])
        self._dcm_SB = product(turn, transposed(data["dcm_BS"]))

    def light_S(self, grid: int) -> Vector:
        """Direction of the light on the sensor times its share of the solar constant."""
        environment = self._craft.environment
        index = grid - environment.first
        dcm_SN = product(self._dcm_SB, self._craft.plant.dcm_BN)
        x, y, z = apply(dcm_SN, environment.sun_N[index])
        share = environment.illumination[index] if z > 0.0 else 0.0
        direction, weight = self._albedo.at(grid)
        seen = np.where(direction @ np.array(dcm_SN[2]) > 0.5, weight, 0.0)
        u, v, w = (self._gain * (seen @ direction)).tolist()
        u, v, w = apply(dcm_SN, (u, v, w))
        return (share * x + u, share * y + v, share * z + w)

    def angles(self, alpha: float, beta: float, grid: int) -> tuple[float, float]:
        """Measured angles (rad) for true ones."""
        x, y, _ = self._noise.normal3(grid)
        faults, sigma, bias = self._faults, self._sigma_rad, self._bias_rad
        if not faults.active:
            return (alpha + bias[0] + sigma * x, beta + bias[1] + sigma * y)
        values = (
            alpha + bias[0] + sigma * faults.factor("noise_scale", 0) * x,
            beta + bias[1] + sigma * faults.factor("noise_scale", 1) * y,
        )
        a, b = faults.distort(values, FULL_RANGE["fss"])
        return (a, b)
