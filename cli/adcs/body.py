"""A rigid spacecraft with wheel momentum in float64: the plant of the closed loop.

Written apart from the C: Runge-Kutta on Euler's equations, attitude kept as dcm_BN.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from cli.adcs.builds import Array

Three = tuple[float, float, float]
INERTIA_3U = np.diag([0.036, 0.033, 0.0067])


class Body:
    """Attitude and rate of one spacecraft; `wheels_B` is the momentum of its wheels [N m s]."""

    def __init__(self, q_BN: Any, omega: Any, inertia: Array = INERTIA_3U) -> None:
        self.dcm_BN = Rotation.from_quat(np.asarray(q_BN, float)).as_matrix().T
        self.omega = np.asarray(omega, dtype=float)
        self.inertia = inertia
        self.wheels_B: Array = np.zeros(3)

    @property
    def inertia(self) -> Array:
        return self._inertia

    @inertia.setter
    def inertia(self, inertia: Array) -> None:
        self._inertia = inertia
        self._rows, self._inverse_rows = inertia.tolist(), np.linalg.inv(inertia).tolist()

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
        # In plain numbers: of three at a time they are faster than arrays.
        (a, b, c), (d, e, f), (g, h, i) = self._rows
        (A, B, C), (D, E, F), (G, H, I) = self._inverse_rows  # noqa: E741
        mx, my, mz = motors_B.tolist()
        tx, ty, tz = (external_B + motors_B).tolist()

        def rate(x: float, y: float, z: float, hx: float, hy: float, hz: float) -> Three:
            hx, hy, hz = (
                a * x + b * y + c * z + hx,
                d * x + e * y + f * z + hy,
                g * x + h * y + i * z + hz,
            )
            px, py, pz = tx - y * hz + z * hy, ty - z * hx + x * hz, tz - x * hy + y * hx
            return (
                A * px + B * py + C * pz,
                D * px + E * py + F * pz,
                G * px + H * py + I * pz,
            )

        x, y, z = self.omega.tolist()
        hx, hy, hz = self.wheels_B.tolist()
        half = 0.5 * dt_s
        middle = hx - half * mx, hy - half * my, hz - half * mz
        end = hx - dt_s * mx, hy - dt_s * my, hz - dt_s * mz
        k1x, k1y, k1z = rate(x, y, z, hx, hy, hz)
        k2x, k2y, k2z = rate(x + half * k1x, y + half * k1y, z + half * k1z, *middle)
        k3x, k3y, k3z = rate(x + half * k2x, y + half * k2y, z + half * k2z, *middle)
        k4x, k4y, k4z = rate(x + dt_s * k3x, y + dt_s * k3y, z + dt_s * k3z, *end)
        sixth = dt_s / 6.0
        self.omega = np.array([
            x + sixth * (k1x + 2 * k2x + 2 * k3x + k4x),
            y + sixth * (k1y + 2 * k2y + 2 * k3y + k4y),
            z + sixth * (k1z + 2 * k2z + 2 * k3z + k4z),
        ])  # fmt: skip
        self.wheels_B = np.array(end)
        # Integral of the rate.
        turn = _turn(
            dt_s * (x + sixth * (k1x + k2x + k3x)),
            dt_s * (y + sixth * (k1y + k2y + k3y)),
            dt_s * (z + sixth * (k1z + k2z + k3z)),
        )
        self.dcm_BN = turn @ self.dcm_BN


def _turn(x: float, y: float, z: float) -> Array:
    """exp(-[theta x]): from N's axes before to those after."""
    square = x * x + y * y + z * z
    angle = math.sqrt(square)
    if angle < 1e-6:
        a, b = 1.0, 0.5
    else:
        a, b = math.sin(angle) / angle, (1.0 - math.cos(angle)) / square
    c = 1.0 - b * square
    return np.array([
        [c + b * x * x, b * x * y + a * z, b * x * z - a * y],
        [b * x * y - a * z, c + b * y * y, b * y * z + a * x],
        [b * x * z + a * y, b * y * z - a * x, c + b * z * z],
    ])  # fmt: skip
