"""A rigid spacecraft with wheel momentum in float64: the plant of the closed loop.

Written apart from the C: Runge-Kutta on Euler's equations, attitude kept as dcm_BN.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from cli.adcs.builds import Array

INERTIA_3U = np.diag([0.036, 0.033, 0.0067])


class Body:
    """Attitude and rate of one spacecraft; `wheels_B` is the momentum of its wheels [N m s]."""

    def __init__(self, q_BN: Any, omega: Any, inertia: Array = INERTIA_3U) -> None:
        self.dcm_BN = Rotation.from_quat(np.asarray(q_BN, float)).as_matrix().T
        self.omega = np.asarray(omega, dtype=float)
        self.inertia, self.inverse = inertia, np.linalg.inv(inertia)
        self.wheels_B: Array = np.zeros(3)

    @property
    def q_BN(self) -> Array:
        return Rotation.from_matrix(self.dcm_BN.T).as_quat()

    @property
    def momentum_N(self) -> Array:
        """Total angular momentum in N."""
        return self.dcm_BN.T @ (self.inertia @ self.omega + self.wheels_B)

    @property
    def energy(self) -> float:
        return float(0.5 * self.omega @ self.inertia @ self.omega)

    def step(self, external_B: Array, motors_B: Array, dt_s: float) -> None:
        """`motors_B` is the torque wheels put on the body; it comes out of their momentum."""

        def rate(omega: Array, wheels: Array) -> Array:
            h = self.inertia @ omega + wheels
            x, y, z = omega
            turn = np.array([y * h[2] - z * h[1], z * h[0] - x * h[2], x * h[1] - y * h[0]])
            return self.inverse @ (external_B + motors_B - turn)

        w, h = self.omega, self.wheels_B
        middle, end = h - 0.5 * dt_s * motors_B, h - dt_s * motors_B
        k1 = rate(w, h)
        k2 = rate(w + 0.5 * dt_s * k1, middle)
        k3 = rate(w + 0.5 * dt_s * k2, middle)
        k4 = rate(w + dt_s * k3, end)
        self.omega = w + dt_s / 6.0 * (k1 + 2 * k2 + 2 * k3 + k4)
        self.wheels_B = end
        mean = dt_s * (w + dt_s / 6.0 * (k1 + k2 + k3))  # integral of the rate
        self.dcm_BN = _turn(mean) @ self.dcm_BN


def _turn(theta: Array) -> Array:
    """exp(-[theta x]): from N's axes before to those after."""
    angle = float(np.sqrt(theta @ theta))
    x, y, z = theta
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    if angle < 1e-9:
        return np.eye(3) - cross
    a, b = np.sin(angle) / angle, (1 - np.cos(angle)) / angle**2
    return np.eye(3) - a * cross + b * (cross @ cross)
