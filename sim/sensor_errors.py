"""What stands between a quantity and its measurement: alignment, scale, bias, drift, noise, faults.

measured = M C true + bias + drift + sigma noise, C the rotation by the misalignment, and
M = [[1 + s_x, 0, 0], [a_xy, 1 + s_y, 0], [a_xz, a_yz, 1 + s_z]]: scale errors s and axes that are
not at right angles (y leans towards x by a_xy and so on; Markley & Crassidis 2014, section 4.4).
Noise is white; the drift is a random walk, known at whole seconds and straight in between. Both
are functions of (seed, sensor, grid index) alone.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import Any

from sim.faults import FaultSet
from sim.noise import Noise
from sim.rotation import Matrix, Vector, apply, rotation_matrix

# What a `bias_step` is a fraction of: the range of the part as it is set up on board.
FULL_RANGE = {
    "ak09916": 4.912e-3,  # T
    "mmc5983ma": 8.0e-4,  # T
    "lsm6dso": math.radians(250.0),  # rad/s
    "css": 2.5,  # V
    "fss": math.radians(60.0),  # rad
    "star_tracker": 1.0,  # of a component of the quaternion's vector part
    "gnss": 1.0e5,  # m
}
_IDENTITY = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
_KNOT = 10  # grid points from one known value of the drift to the next


class RandomWalk:
    """Three axes that each drift by `sigma` sqrt(t), 0 at grid index 0.

    `step_s` is the grid's; the walk's own increments come once a second of the grid.
    """

    def __init__(self, seed: int, name: str, sigma: float, step_s: float) -> None:
        self._noise = Noise(seed, f"{name}/walk")
        self._sigma = sigma * math.sqrt(_KNOT * step_s)
        self._knots = (array("d", [0.0]), array("d", [0.0]), array("d", [0.0]))

    def at(self, grid: int) -> Vector:
        """The drift at a grid index >= 0."""
        knot, rest = divmod(grid, _KNOT)
        x, y, z = self._knots
        for index in range(len(x), knot + 2):
            step = self._noise.normal3(index)
            for axis, knots in enumerate(self._knots):
                knots.append(knots[-1] + self._sigma * step[axis])
        share = rest / _KNOT
        return (
            x[knot] + share * (x[knot + 1] - x[knot]),
            y[knot] + share * (y[knot + 1] - y[knot]),
            z[knot] + share * (z[knot + 1] - z[knot]),
        )


def misalignment(seed: int, name: str, value_deg: float | Sequence[float]) -> Matrix:
    """Rotation by a vector about the sensor's axes, or by an angle about an axis of the seed's."""
    if isinstance(value_deg, (int, float)):
        direction = Noise(seed, f"{name}/misalignment").direction(0)
        value_deg = [value_deg * axis for axis in direction]
    return rotation_matrix([math.radians(value) for value in value_deg])


class SensorErrors:
    """The errors of one sensor of three axes.

    `parameters` may hold `misalignment_deg`, `scale`, `nonorthogonality_deg`; what is missing is
    perfect. `sigma` is the noise of each axis, `walk` the drift in units per square root of a
    second, `full_range` that of the faults.
    """

    def __init__(
        self,
        seed: int,
        name: str,
        parameters: dict[str, Any],
        bias: Sequence[float],
        sigma: float,
        step_s: float,
        faults: FaultSet | None = None,
        full_range: float = 0.0,
        walk: float = 0.0,
    ) -> None:
        self._noise = Noise(seed, name)
        self._bias = bias
        self._sigma = sigma
        self._faults = faults or FaultSet()
        self._full_range = full_range
        self._walk = RandomWalk(seed, name, walk, step_s) if walk > 0.0 else None
        self._matrix = self._distortion(seed, name, parameters)

    @staticmethod
    def _distortion(seed: int, name: str, parameters: dict[str, Any]) -> Matrix | None:
        turn = misalignment(seed, name, parameters.get("misalignment_deg", 0.0))
        sx, sy, sz = parameters.get("scale", (0.0, 0.0, 0.0))
        angles_deg = parameters.get("nonorthogonality_deg", (0.0, 0.0, 0.0))
        xy, xz, yz = (math.radians(angle) for angle in angles_deg)
        skew = ((1.0 + sx, 0.0, 0.0), (xy, 1.0 + sy, 0.0), (xz, yz, 1.0 + sz))
        columns = [apply(skew, column) for column in zip(*turn, strict=True)]
        matrix: Matrix = tuple(zip(*columns, strict=True))  # type: ignore[assignment]
        return None if matrix == _IDENTITY else matrix

    def drift(self, grid: int) -> Vector:
        """Slow part of the error at a grid index: the bias with its random walk."""
        bx, by, bz = self._bias
        if self._walk is None:
            return (bx, by, bz)
        x, y, z = self._walk.at(grid)
        return (bx + x, by + y, bz + z)

    def measure(self, true: Vector, grid: int) -> Vector:
        """The measurement of `true` (sensor frame) at a grid index."""
        if self._matrix is not None:
            true = apply(self._matrix, true)
        bias = self._bias if self._walk is None else self.drift(grid)
        x, y, z = self._noise.normal3(grid)
        sigma = self._sigma
        if not self._faults.active:
            return (
                true[0] + bias[0] + sigma * x,
                true[1] + bias[1] + sigma * y,
                true[2] + bias[2] + sigma * z,
            )
        noise = (x, y, z)
        values = [
            true[axis] + bias[axis] + sigma * self._faults.factor("noise_scale", axis) * noise[axis]
            for axis in range(3)
        ]
        a, b, c = self._faults.distort(values, self._full_range)
        return (a, b, c)
