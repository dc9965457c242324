"""A rigid spacecraft with wheel momentum in float64: the plant of the control tests.

Written apart from the C: Runge-Kutta on Euler's equations, attitude kept as dcm_BN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cli.adcs.body import INERTIA_3U, Body
from tests.native.attitude_rig import Array

__all__ = ["INERTIA_3U", "Body"]  # used through here

MEAN_MOTION = 2 * np.pi / 5677.0  # 500 km


def dipole_field_N(t_s: float, inclination_deg: float = 97.4) -> Array:
    """Field [T] of a dipole along -z on a circular orbit of 500 km."""
    u, i = MEAN_MOTION * t_s, np.radians(inclination_deg)
    r = np.array([np.cos(u), np.sin(u) * np.cos(i), np.sin(u) * np.sin(i)])
    north = np.array([0.0, 0.0, 1.0])
    return 2.5e-5 * (north - 3.0 * (north @ r) * r)


def angle(a: Any, b: Any) -> float:
    """Angle [rad] between two vectors."""
    return float(np.arctan2(np.linalg.norm(np.cross(a, b)), np.dot(a, b)))


def simulate(
    body: Body, steps: int, dt_s: float, control: Callable[[int, Body], tuple[Array, Array]]
) -> None:
    """`control(step, body)` gives external torque and motor torque for each step."""
    for k in range(steps):
        external, motors = control(k, body)
        body.step(external, motors, dt_s)
