"""Many spacecraft at once in detumble: one attitude loop each, one float64 plant for all.

Every seed has an orbit of its own (inclination 50 to 130 deg), first attitude and rate, residual
dipole and errors of magnetometer and gyro. Devices are those of first light: magnetometer, gyro,
rods with the steps of their driver (DRV8830: 64 levels, none below the seventh), of which the
kernel makes small dipoles that are right in the mean. Without gravity gradient and air, which are a
hundredth of what the rods give.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.spatial.transform import Rotation

from cli.adcs.builds import Array, Refused, accepted
from cli.adcs.loop import DEG, DETUMBLE, DT, EPOCH, TLE, parameters
from native.adcs import ffi, lib
from sim.environment import field_F
from sim.orbit import Frames, Orbit, satrec_from_tle, synthetic_satrec

INERTIA_KG_M2 = np.array([0.036, 0.033, 0.0067])
INCLINATION_DEG = (50.0, 130.0)
ALTITUDE_KM = (450.0, 600.0)
RESIDUAL_A_M2 = 0.01
MAG_NOISE_T, MAG_BIAS_T, MAG_OFF_DEG = 1e-7, 5e-7, 1.0
GYRO_NOISE_RAD_S, GYRO_BIAS_RAD_S = 1e-3, 8e-3
COUPLING_T_PER_A_M2 = 1e-4
DRIVER_LEVELS, DRIVER_LEAST, OWED_MAX = 64.0, 7.0, 0.0547
FIELD_STEP_S = 20.0
PARKED_TICKS = 20


def fields(duration_s: float, seeds: Array) -> CubicSpline:
    """Field in N [T] of every seed's orbit over time, of shape (seeds, 3)."""
    t_s: Array = np.arange(0.0, duration_s + 3 * FIELD_STEP_S, FIELD_STEP_S)
    frames, base = Frames(EPOCH), satrec_from_tle(TLE)
    celestial = frames.celestial(float(t_s[-1] / 2))
    dcm_EN = frames.dcm_FN(t_s, celestial)
    table = np.empty((len(t_s), len(seeds), 3))
    for k, seed in enumerate(seeds):
        rng = np.random.default_rng([int(seed), 1])
        orbit = synthetic_satrec(
            base, EPOCH, rng.uniform(*ALTITUDE_KM), rng.uniform(*INCLINATION_DEG),
            rng.uniform(-180.0, 180.0), rng.uniform(-180.0, 180.0),
        )  # fmt: skip
        r_N, _ = Orbit(orbit, frames).propagate(t_s, celestial)
        field_E = field_F(np.einsum("nij,nj->ni", dcm_EN, r_N), EPOCH.replace(tzinfo=None))
        table[:, k] = np.einsum("nji,nj->ni", dcm_EN, field_E)
    return CubicSpline(t_s, table)


def cross(a: Array, b: Array) -> Array:
    """Of rows; several times as fast as the general one."""
    out = np.empty_like(a)
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        out[:, i] = a[:, j] * b[:, k] - a[:, k] * b[:, j]
    return out


def view(records: Any, name: str, dtype: Any, *path: Any, width: int = 0) -> Array:
    """A field of every record of a C array, as an array that writes through."""
    count, size = len(records), ffi.sizeof(name)
    buffer, offset = ffi.buffer(records), ffi.offsetof(name, *path)
    if not width:
        return np.ndarray((count,), dtype, buffer, offset, (size,))
    strides = (size, np.dtype(dtype).itemsize)
    return np.ndarray((count, width), dtype, buffer, offset, strides)


class Fleet:
    """`dipole_A_m2` is the full drive of each rod."""

    def __init__(
        self, seeds: Array, rate_deg_s: float, dipole_A_m2: float, duration_s: float
    ) -> None:
        self.count, self.dipole_A_m2 = len(seeds), dipole_A_m2
        self.field = fields(duration_s, seeds)
        self.rng = np.random.default_rng(int(seeds[0]))
        draws = [np.random.default_rng([int(seed), 2]) for seed in seeds]

        def drawn(size: float) -> Array:
            """A vector per seed, uniform within +-size on each axis."""
            return np.array([rng.uniform(-size, size, 3) for rng in draws])

        spin = np.array([rng.normal(size=3) for rng in draws])
        self.omega = rate_deg_s * DEG * spin / np.linalg.norm(spin, axis=1, keepdims=True)
        q_BN = np.array([rng.normal(size=4) for rng in draws])
        self.dcm_BN = np.transpose(Rotation.from_quat(q_BN).as_matrix(), (0, 2, 1)).copy()
        away = np.array([rng.normal(size=3) for rng in draws])
        self.residual = RESIDUAL_A_M2 * away / np.linalg.norm(away, axis=1, keepdims=True)
        self.mag_bias, self.gyro_bias = drawn(MAG_BIAS_T), drawn(GYRO_BIAS_RAD_S)
        self.mag_off = Rotation.from_rotvec(drawn(MAG_OFF_DEG * DEG)).as_matrix()
        self.rods: Array = np.zeros((self.count, 3))
        self._owed: Array = np.zeros((self.count, 3))
        self.tick = PARKED_TICKS
        self.t_s = 0.0
        self._boot()

    def _boot(self) -> None:
        self.params = parameters()
        self.params.rods.dipole_max_A_m2 = [self.dipole_A_m2] * 3
        for law in ("bdot", "damping"):
            getattr(self.params, law).dipole_max_A_m2 = self.dipole_A_m2
        self.states = [ffi.new("mf_adcs_t *") for _ in range(self.count)]
        self._ins = ffi.new("mf_adcs_in_t[]", self.count)
        self._outs = ffi.new("mf_adcs_out_t[]", self.count)
        self._calls = [
            (state, self._ins + k, self._outs + k) for k, state in enumerate(self.states)
        ]
        for state in self.states:
            lib.mf_adcs_reset(state, self.params)
            accepted(lib.mf_adcs_command_mode(state, DETUMBLE))
        name = "mf_adcs_in_t"
        self._time_us = view(self._ins, name, np.uint64, "time_us")
        self._tick = view(self._ins, name, np.uint32, "tick")
        self._mag = view(self._ins, name, np.float32, "mag", 0, "value_S", width=3)
        self._mag_fresh = view(self._ins, name, np.bool_, "mag", 0, "fresh")
        self._gyro = view(self._ins, name, np.float32, "gyro", "value_S", width=3)
        view(self._ins, name, np.bool_, "gyro", "fresh")[:] = True
        view(self._ins, name, np.uint8, "rods_working")[:] = 7
        self._rods = view(self._outs, "mf_adcs_out_t", np.float32, "rod_A_m2", width=3)
        self.mode = view(self._outs, "mf_adcs_out_t", np.uint8, "mode")

    @property
    def rate_deg_s(self) -> Array:
        """True rate of every spacecraft."""
        return np.asarray(np.linalg.norm(self.omega, axis=1)) / DEG

    def step(self) -> None:
        """100 ms: sample, think, act."""
        field_B = np.einsum("nij,nj->ni", self.dcm_BN, self.field(self.t_s))
        self._time_us[:], self._tick[:] = self.tick * 100_000, self.tick
        measured = self.tick % 10 in (0, 9)
        self._mag_fresh[:] = measured
        if measured:
            noise = self.rng.normal(size=(self.count, 3)) * MAG_NOISE_T
            seen = field_B + self.rods * COUPLING_T_PER_A_M2
            self._mag[:] = np.einsum("nij,nj->ni", self.mag_off, seen) + self.mag_bias + noise
        noise = self.rng.normal(size=(self.count, 3)) * GYRO_NOISE_RAD_S
        self._gyro[:] = self.omega + self.gyro_bias + noise
        step, params = lib.mf_adcs_step, self.params
        for state, in_, out in self._calls:
            if step(state, params, in_, out) != 0:
                raise Refused("the loop refused a good input")
        self._drive()
        torque = cross(self.rods + self.residual, field_B)
        self._turn(torque)
        self.tick += 1
        self.t_s += DT

    def _drive(self) -> None:
        """What the kernel and the rods' driver make of the command: steps, right in the mean."""
        commanded = self._rods.astype(float) / self.dipole_A_m2
        if not np.all(np.isfinite(commanded)):
            raise Refused("the loop commanded a dipole that is no number")
        share = np.where(commanded == 0.0, 0.0, commanded + self._owed)
        levels = np.minimum(np.floor(np.abs(share) * DRIVER_LEVELS + 0.5), DRIVER_LEVELS)
        on = np.abs(share) * DRIVER_LEVELS >= 0.5 * DRIVER_LEAST
        driven = np.sign(share) * np.where(on, np.maximum(levels, DRIVER_LEAST), 0.0)
        driven /= DRIVER_LEVELS
        owed = np.clip(share - driven, -OWED_MAX, OWED_MAX)
        self._owed = np.where(commanded == 0.0, self._owed, owed)
        self.rods = driven * self.dipole_A_m2

    def _turn(self, torque: Array) -> None:
        """Runge and Kutta on Euler's equations; the attitude follows their mean rate."""
        j, w = INERTIA_KG_M2, self.omega

        def change(omega: Array) -> Array:
            return np.asarray((torque - cross(omega, j * omega)) / j)

        k1 = change(w)
        k2 = change(w + 0.5 * DT * k1)
        k3 = change(w + 0.5 * DT * k2)
        k4 = change(w + DT * k3)
        self.omega = w + DT / 6.0 * (k1 + 2 * k2 + 2 * k3 + k4)
        mean = w + DT / 6.0 * (k1 + k2 + k3)
        turn = Rotation.from_rotvec(-DT * mean).as_matrix()
        self.dcm_BN = turn @ self.dcm_BN
