"""The filter on simulated sensors: truth, white noise and oracle statistics in float64."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from cli.adcs.builds import Array, Build, body_error, flown, numpy

DEG = np.pi / 180.0
SUN, MAG, TRACKER = 0, 1, 2
PARAMS: dict[str, Any] = {
    "arw_rad_sqrt_s": 5e-3 * DEG,
    "rrw_rad_s_sqrt_s": 5e-5 * DEG,
    "gyro_max_rad_s": 8.0,
    "bias_max_rad_s": 0.1,
    "bias_sigma_rad_s": 0.1 * DEG,
    "coast_rate_rad_s": 0.02,
    "step_max_ms": 200,
    "gap_max_ms": 5000,
    "age_max_ms": 500,
    "gate_two": 25.0,
    "gate_three": 30.0,
    "reopen_ms": 60_000,
    "reopen_rad_sqrt_s": 0.01,
    "reopen_rad_s_sqrt_s": 1e-5,
    "sigma_lost_rad": 0.6,
}


class Filter:
    """One filter of a build; arguments are float64, times microseconds."""

    def __init__(self, build: Build | None = None, **changed: Any) -> None:
        self.c = build or flown()
        self.params = self.c.ffi.new("mf_mekf_params_t *", {**PARAMS, **changed})
        self.state = self.c.ffi.new("mf_mekf_t *")
        self.c.lib.mf_mekf_reset(self.state)
        self._gyro = self.c.out(3)
        self._direction = self.c.ffi.new("mf_mekf_direction_t *")
        self._attitude = self.c.ffi.new("mf_mekf_attitude_t *")

    def start(self, q_BN: Any, sigma_rad: float, t_us: int = 0, keep_bias: bool = False) -> int:
        covariance = self.c.array(np.eye(3) * sigma_rad**2)
        q = self.c.array(q_BN)
        return self.c.lib.mf_mekf_initialise(
            self.state, self.params, q, covariance, keep_bias, t_us
        )

    def propagate(self, gyro: Any, t_us: int) -> int:
        self._gyro[0], self._gyro[1], self._gyro[2] = gyro
        return self.c.lib.mf_mekf_propagate(self.state, self.params, self._gyro, t_us)

    def _fill(self, sensor: int, measured: Any, reference: Any, sigma: float, t_us: int) -> Any:
        d = self._direction
        d.direction_B, d.direction_N = list(measured), list(reference)
        d.sigma_rad, d.sample_us, d.sensor = sigma, t_us, sensor
        return d

    def direction(self, sensor: int, measured: Any, reference: Any, sigma: float, t_us: int) -> int:
        filled = self._fill(sensor, measured, reference, sigma, t_us)
        return self.c.lib.mf_mekf_update_direction(self.state, self.params, filled)

    def sun(
        self, measured: Any, reference: Any, sigma: float, t_us: int, lit: bool, seen: bool
    ) -> int:
        filled = self._fill(SUN, measured, reference, sigma, t_us)
        return self.c.lib.mf_mekf_update_sun(self.state, self.params, filled, lit, seen)

    def attitude(self, q_BN: Any, sigma: Any, t_us: int) -> int:
        a = self._attitude
        a.q_BN, a.sigma_B_rad, a.sample_us = list(q_BN), list(sigma), t_us
        return self.c.lib.mf_mekf_update_attitude(self.state, self.params, a)

    @property
    def q_BN(self) -> Array:
        return numpy(self.state.q_BN)

    @property
    def bias(self) -> Array:
        return numpy(self.state.bias_B_rad_s)

    @property
    def covariance(self) -> Array:
        """6x6 of [d_theta, d_b]."""
        attitude = numpy(self.state.attitude_rad2).reshape(3, 3)
        cross = numpy(self.state.cross_rad2_s).reshape(3, 3)
        bias = numpy(self.state.bias_rad2_s2).reshape(3, 3)
        return np.block([[attitude, cross], [cross.T, bias]])

    def image(self) -> bytes:
        """The whole state, counters included."""
        return bytes(self.c.ffi.buffer(self.state))

    def estimate(self) -> tuple[Any, ...]:
        """What refused input must leave alone: attitude, bias, covariance, time."""
        s = self.state
        parts = (s.q_BN, s.bias_B_rad_s, s.attitude_rad2, s.cross_rad2_s, s.bias_rad2_s2)
        return (*(tuple(part) for part in parts), s.time_us, s.valid)


@dataclass
class Truth:
    """Many spacecraft at once, turning slowly at rates of their own; 10 Hz.

    `rate` gives omega_BN_B [rad/s] of shape (runs, 3) at a time in seconds.
    """

    runs: int
    seed: int
    dt_s: float = 0.1
    arw: float = PARAMS["arw_rad_sqrt_s"]
    rrw: float = PARAMS["rrw_rad_s_sqrt_s"]
    t_s: float = 0.0
    rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.attitude = Rotation.random(self.runs, random_state=self.seed)  # SciPy's of q_BN
        self.bias = self.rng.normal(size=(self.runs, 3)) * PARAMS["bias_sigma_rad_s"]
        self.phase = self.rng.uniform(0, 6.28, size=(self.runs, 3))

    def rate(self, t_s: float) -> Array:
        return 0.02 * np.sin(np.array([0.011, 0.007, 0.013]) * t_s + self.phase)

    def step(self) -> Array:
        """Advance by dt; the gyro's mean rate over it, with noise of Farrenkopf's model."""
        middle = self.rate(self.t_s + 0.5 * self.dt_s)
        # dcm_BN(t + dt) = dcm(omega dt) dcm_BN(t); SciPy's rotations compose from the right.
        self.attitude = self.attitude * Rotation.from_rotvec(middle * self.dt_s)
        self.t_s += self.dt_s
        white, walk = self.rng.normal(size=(2, self.runs, 3))
        before = self.bias
        self.bias = before + self.rrw * np.sqrt(self.dt_s) * walk
        noise = np.sqrt(self.arw**2 / self.dt_s + self.rrw**2 * self.dt_s / 12.0) * white
        return middle + 0.5 * (before + self.bias) + noise

    def seen(self, direction_N: Array, sigma_rad: float) -> Array:
        """Measured unit vectors, error across them of sigma per axis."""
        clean = self.attitude.inv().apply(direction_N)
        noisy = clean + self.rng.normal(size=clean.shape) * sigma_rad
        return noisy / np.linalg.norm(noisy, axis=1, keepdims=True)

    def q_BN(self, run: int) -> Array:
        return self.attitude[run].as_quat()

    def start_near(self, sigma_rad: float) -> Array:
        """Attitudes q_BN off the truth by a rotation of sigma about each body axis."""
        off = Rotation.from_rotvec(self.rng.normal(size=(self.runs, 3)) * sigma_rad)
        return (self.attitude * off.inv()).as_quat()


def field_N(t_s: float) -> Array:
    """A unit vector that turns twice per orbit, as the field does."""
    angle = 2 * 2 * np.pi * t_s / 5700.0
    return np.array([0.3, np.cos(angle), np.sin(angle)]) / np.sqrt(1.09)


SUN_N = np.array([0.8, -0.36, 0.48])


def nees(state: Filter, q_true: Array, bias_true: Array) -> float:
    """Normalised error squared, six degrees of freedom."""
    error = np.concatenate([body_error(q_true, state.q_BN), bias_true - state.bias])
    return float(error @ np.linalg.solve(state.covariance, error))
