"""The plant's truth, recorded once a second: what checks and reports judge by."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sim.rotation import quaternion_from_mrp
from sim.spacecraft import Spacecraft

Array = NDArray[np.float64]

# name, width
COLUMNS = (
    ("t_s", 1),
    ("rate_deg_s", 1),
    ("rate_rad_s", 1),
    ("omega_BN_B_rad_s", 3),
    ("q_BN", 4),
    ("field_N_T", 3),
    ("field_B_T", 3),
    ("field_T", 1),
    ("dipole_B_A_m2", 3),
    ("dipole_A_m2", 1),
    ("r_BN_N_m", 3),
    ("sun_B", 3),
    ("illumination", 1),
    ("battery_V", 1),
    ("battery_A", 1),
    ("charge", 1),
    ("solar_W", 1),
    ("temperature_C", 1),
    ("stations_in_view", 1),
    ("v_BN_N_m_s", 3),
    ("wheel_speed_rad_s", 4),
    ("wheel_motor_N_m", 4),
    ("momentum_N_N_m_s", 3),
    ("disturbance_B_N_m", 3),
    ("gyro_bias_B_rad_s", 3),
    ("nadir_deg", 1),
    ("nadir_yaw_deg", 1),
    ("sun_deg", 1),
    ("velocity_deg", 1),
    ("ground_deg", 1),
    ("carrier", 1),
)
_WIDTH = sum(width for _, width in COLUMNS)


class Truth(Mapping[str, Array]):
    """Growing table of float64 columns; vectors are [n, 3], quaternions [n, 4] scalar last.

    The dipole is the rods' mean over the second before, everything else the present value.
    `wheel_speed_rad_s` and `wheel_motor_N_m`, torque of the motor over the step before, have one
    column per wheel, 0 where there is none; `momentum_N_N_m_s` is the angular momentum of body and
    wheels; then come the pointing errors of sim/pointing.py; `carrier` is 1 while the transmitter
    radiates.
    `truth[name]` is a view of what has been recorded so far; `stations_in_view` is a bit mask in
    the order of the scenario's stations.
    """

    def __init__(self, rows: int = 8192) -> None:
        self._table: Array = np.zeros((rows, _WIDTH))
        self.rows = 0
        self._slices: dict[str, tuple[int, int]] = {}
        start = 0
        for name, width in COLUMNS:
            self._slices[name] = (start, width)
            start += width

    def append(self, row: Sequence[float]) -> None:
        """One row: all columns in order, flattened."""
        if self.rows == len(self._table):
            self._table = np.concatenate([self._table, np.zeros_like(self._table)])
        self._table[self.rows] = row
        self.rows += 1

    def __getitem__(self, name: str) -> Array:
        start, width = self._slices[name]
        if width == 1:
            return self._table[: self.rows, start]
        return self._table[: self.rows, start : start + width]

    def __iter__(self) -> Iterator[str]:
        return iter(self._slices)

    def __len__(self) -> int:
        return len(self._slices)

    def last(self, name: str) -> float | list[float]:
        """Newest value of a column. IndexError before anything was recorded."""
        value = self[name][-1]
        return value.tolist() if isinstance(value, np.ndarray) else float(value)


def record(truth: Truth, craft: Spacecraft) -> None:
    """Append the present state of the spacecraft."""
    plant, power = craft.plant, craft.power
    index = craft.grid - craft.environment.first
    rate_rad_s = math.hypot(*plant.omega_BN_B)
    field_B_T, dipole_B_A_m2 = craft.field_B_T(), craft.take_mean_dipole_B_A_m2()
    truth.append(
        (
            craft.t_s,
            math.degrees(rate_rad_s),
            rate_rad_s,
            *plant.omega_BN_B,
            *quaternion_from_mrp(plant.sigma_BN),
            *craft.environment.field_N[index],
            *field_B_T,
            math.hypot(*field_B_T),
            *dipole_B_A_m2,
            math.hypot(*dipole_B_A_m2),
            *craft.environment.r_BN_N[index],
            *craft.sun_B(),
            craft.environment.illumination[index],
            power.battery_V,
            power.battery_A,
            power.charge,
            power.solar_W,
            power.temperature_C,
            craft.in_view,
            *craft.environment.v_BN_N[index],
            *(*plant.wheel_speeds_rad_s, 0.0, 0.0, 0.0, 0.0)[:4],
            *(*(wheel.motor_N_m for wheel in craft.suite.wheels), 0.0, 0.0, 0.0, 0.0)[:4],
            *craft.momentum_N_N_m_s(),
            *craft.disturbance_B_N_m,
            *craft.gyro_bias_B_rad_s(),
            *craft.targets.errors_deg(),
            craft.radio.carrier,
        )
    )
