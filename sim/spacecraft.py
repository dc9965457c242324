"""The simulated spacecraft: plant and environment on the grid, and the parts behind the buses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.devices.ak09916 import Ak09916
from sim.devices.base import Device
from sim.devices.drv8830 import Drv8830
from sim.devices.lsm6dso import Lsm6dso
from sim.devices.mb85rc1mt import ADDRESS_HIGH, ADDRESS_ID, ADDRESS_LOW, Mb85rc1mt
from sim.devices.mf_eps import MfEps
from sim.devices.mf_radio import MfRadio
from sim.devices.tmp108 import Tmp108
from sim.environment import Environment
from sim.faults import FaultSet
from sim.noise import Noise
from sim.orbit import Frames, Orbit, read_tle, satrec_from_tle, synthetic_satrec
from sim.plant import Plant
from sim.power import (
    SWITCH_PAYLOAD,
    SWITCH_RADIO,
    SWITCH_RODS,
    Power,
    PowerParameters,
)
from sim.protocol import BUS_ADCS, BUS_PLATFORM
from sim.rotation import Vector, apply, apply_transposed, mrp_from_quaternion
from sim.scenario import Scenario, ScenarioError

_OFF = (0.0, 0.0, 0.0)
SUNLIGHT_EVERY = 10  # grid points: the Sun's angle to a tumbling panel, once a second


def _matrix(rows: list[list[float]], key: str, where: str) -> list[list[float]]:
    array = np.array(rows)
    if np.abs(array @ array.T - np.eye(3)).max() > 1e-6:
        raise ScenarioError(f"{where}: {key} is no rotation: its rows must be orthonormal")
    return rows


def _inertia(data: dict[str, Any], where: str) -> list[list[float]]:
    value = np.array(data["inertia_kg_m2"]) * data["inertia_scale"]
    matrix = np.diag(value) if value.ndim == 1 else value
    moments = np.linalg.eigvalsh(matrix)
    if (
        not np.allclose(matrix, matrix.T)
        or moments[0] <= 0.0
        or moments[2] > moments[0] + moments[1]
    ):
        raise ScenarioError(
            f"{where}: spacecraft.inertia_kg_m2 is no inertia: it must be symmetric, positive, and"
            " no principal value larger than the sum of the others"
        )
    rows: list[list[float]] = matrix.tolist()
    return rows


class Spacecraft:
    """State of the vehicle. `grid` is the index of the present grid point, `t_s` its time.

    `parts` maps (bus, address) to devices, `devices` their names.
    """

    def __init__(self, scenario: Scenario, seed: int, step_ns: int) -> None:
        self.grid = 0
        self.t_s = 0.0
        self.step_s = step_ns * 1e-9
        self._dipole_sum = [0.0, 0.0, 0.0]
        self._dipole_steps = 0
        data: dict[str, Any] = dict(scenario.data["spacecraft"])
        where = scenario.path.name
        self.environment = self._make_environment(scenario)
        self.environment.load(0)
        self._make_devices(scenario, data, seed, where)
        self._make_plant(scenario, data, seed, where)
        self.power.start()
        self._shine()

    def _make_environment(self, scenario: Scenario) -> Environment:
        orbit = scenario.data["orbit"]
        path = scenario.path.parent / orbit["tle"]
        tle = read_tle(path, orbit["name"])
        satrec = satrec_from_tle(tle)
        keys = ("altitude_km", "inclination_deg", "raan_deg", "phase_deg")
        elements = {key: orbit[key] for key in keys}
        if any(value is not None for value in elements.values()):
            satrec = synthetic_satrec(satrec, scenario.epoch, **elements)
        frames = Frames(scenario.epoch)
        model = Orbit(satrec, frames)
        # An orbit that decays during the flight is refused now, not in the middle of it.
        whole_s = np.arange(0.0, scenario.duration_s + 1e3, 60.0, dtype=np.float64)
        model.propagate(whole_s, frames.celestial(0.0))
        return Environment(model, frames, scenario.epoch, scenario.stations, self.step_s)

    def _make_devices(
        self, scenario: Scenario, data: dict[str, Any], seed: int, where: str
    ) -> None:
        def faults(device: str) -> FaultSet:
            return FaultSet([fault for fault in scenario.faults if fault.device == device])

        self._magnetometer = data["magnetometer"]
        self._imu = data["imu"]
        for key in ("magnetometer", "imu"):
            _matrix(data[key]["dcm_BS"], f"spacecraft.{key}.dcm_BS", where)
        self._noise = {
            name: Noise(seed, name)
            for name in ("ak09916", "lsm6dso/gyro", "lsm6dso/force", "tmp108")
        }
        self._payload_noise_C = data["payload"]["noise_C"]

        self.magnetometer = Ak09916("ak09916", self._field_S_T, faults("ak09916"))
        self.imu = Lsm6dso(
            "lsm6dso", self._omega_S, self._force_S, self._temperature_C, faults("lsm6dso")
        )
        rods = data["rods"]
        self._rod_axes_B = rods["axes_B"]
        self.rods = [
            Drv8830(name, dipole, rods["resistance_ohm"], rods["current_limit_A"], faults(name))
            for name, dipole in zip(
                ("drv8830_x", "drv8830_y", "drv8830_z"), rods["dipole_A_m2"], strict=True
            )
        ]
        self.thermometer = Tmp108("tmp108", self._payload_C, faults("tmp108"))
        self.fram = Mb85rc1mt("mb85rc1mt", faults("mb85rc1mt"))
        self.radio = MfRadio("radio", faults("radio"))
        self.power = Power(
            PowerParameters(**data["power"]),
            self._switched,
            lambda: self.radio.carrier,
            lambda: sum(abs(rod.current_A) for rod in self.rods),
        )
        self.eps = MfEps("eps", self.power, faults("eps"))
        self.parts: dict[tuple[int, int], Device] = {
            (BUS_ADCS, 0x0C): self.magnetometer,
            (BUS_ADCS, 0x6A): self.imu,
            (BUS_ADCS, 0x60): self.rods[0],
            (BUS_ADCS, 0x61): self.rods[1],
            (BUS_ADCS, 0x63): self.rods[2],
            (BUS_PLATFORM, 0x18): self.eps,
            (BUS_PLATFORM, 0x34): self.radio,
            (BUS_PLATFORM, 0x48): self.thermometer,
            (BUS_PLATFORM, ADDRESS_LOW): self.fram,
            (BUS_PLATFORM, ADDRESS_HIGH): self.fram,
            (BUS_PLATFORM, ADDRESS_ID): self.fram,
        }
        self.devices = {part.name: part for part in self.parts.values()}
        self._next_fault_s = 0.0
        self._apply_faults()

    def _make_plant(self, scenario: Scenario, data: dict[str, Any], seed: int, where: str) -> None:
        initial = Noise(seed, "initial")
        rate = scenario.data["initial"]["rate_deg_s"]
        direction = initial.direction(0)
        omega_deg_s = rate if isinstance(rate, list) else [rate * axis for axis in direction]
        q_BN = scenario.data["initial"]["q_BN"]
        if q_BN is None:
            q_BN = initial.quaternion(1)
        norm = math.sqrt(sum(value * value for value in q_BN))
        if abs(norm - 1.0) > 1e-3:
            raise ScenarioError(f"{where}: initial.q_BN has norm {norm:.4f}, not 1")
        residual = data["residual_dipole_A_m2"]
        if not isinstance(residual, list):
            residual = [residual * axis for axis in initial.direction(4)]
        for axis in self._rod_axes_B:
            if abs(math.hypot(*axis) - 1.0) > 1e-3:
                raise ScenarioError(f"{where}: spacecraft.rods.axes_B must be unit vectors")
        environment = self.environment
        self.plant = Plant(
            data["mass_kg"],
            _inertia(data, where),
            mrp_from_quaternion([value / norm for value in q_BN]),
            [math.radians(value) for value in omega_deg_s],
            environment.r_BN_N[0],
            environment.v_BN_N[0],
            self._rod_axes_B,
            residual,
            round(self.step_s * 1e9),
        )

    def advance(self) -> bool:
        """To the next grid point. True when a brown-out of the supply begins there."""
        environment = self.environment
        index = self.grid - environment.first
        rods = self.rods
        dipole = (rods[0].dipole_A_m2, rods[1].dipole_A_m2, rods[2].dipole_A_m2)
        self.plant.step(
            environment.r_BN_N[index], environment.v_BN_N[index], environment.field_N[index], dipole
        )
        if dipole != _OFF:
            for axis in range(3):
                self._dipole_sum[axis] += dipole[axis]
        self._dipole_steps += 1
        brown_out = self.power.advance(self.step_s)
        self.grid += 1
        self.t_s = self.grid * self.step_s
        environment.load(self.grid)
        for part in self.devices.values():
            part.grid = self.grid
        if self.t_s >= self._next_fault_s:
            self._apply_faults()
        if self.grid % SUNLIGHT_EVERY == 0:
            self._shine()
        return brown_out

    def _apply_faults(self) -> None:
        for part in self.devices.values():
            if self.t_s >= part.faults.next_change_s:
                part.faults.advance(self.t_s)
        self._next_fault_s = min(part.faults.next_change_s for part in self.devices.values())

    def _shine(self) -> None:
        index = self.grid - self.environment.first
        self.power.sunlight(
            self.plant.to_body(self.environment.sun_N[index]),
            self.environment.illumination[index],
            SUNLIGHT_EVERY * self.step_s,
        )

    def _switched(self, switch: int, on: bool) -> None:
        if switch == SWITCH_RADIO:
            self.radio.transmitter_on = on
        elif switch == SWITCH_PAYLOAD:
            self.thermometer.powered = on
        elif switch == SWITCH_RODS:
            for rod in self.rods:
                rod.powered = on

    @property
    def in_view(self) -> int:
        """Bit i: station i of the scenario sees the spacecraft."""
        return self.environment.in_view[self.grid - self.environment.first]

    def field_B_T(self) -> Vector:
        """Field of the Earth, body frame."""
        return self.plant.to_body(self.environment.field_N[self.grid - self.environment.first])

    def take_mean_dipole_B_A_m2(self) -> Vector:
        """Mean dipole of the rods over the steps since the last call, body frame.

        Rods are pulsed: a value of one moment would say little about what they do.
        """
        steps = max(1, self._dipole_steps)
        x, y, z = self._dipole_sum
        self._dipole_sum, self._dipole_steps = [0.0, 0.0, 0.0], 0
        return apply_transposed(self._rod_axes_B, (x / steps, y / steps, z / steps))

    def dipole_B_A_m2(self) -> Vector:
        """Dipole of the rods as they are driven now, body frame (without the residual)."""
        rods = self.rods
        values = (rods[0].dipole_A_m2, rods[1].dipole_A_m2, rods[2].dipole_A_m2)
        return apply_transposed(self._rod_axes_B, values)

    def _field_S_T(self, grid: int) -> Vector:
        """What the magnetometer sees: Earth, coils, bias, noise; sensor frame."""
        sensor = self._magnetometer
        x, y, z = self.field_B_T()
        u, v, w = self.dipole_B_A_m2()
        coil = sensor["coil_field_T_per_A_m2"]
        field_S = apply_transposed(sensor["dcm_BS"], (x + coil * u, y + coil * v, z + coil * w))
        return self._disturbed(field_S, sensor["bias_T"], sensor["noise_T"], "ak09916", grid)

    def _omega_S(self, grid: int) -> Vector:
        sensor = self._imu
        omega_S = apply_transposed(sensor["dcm_BS"], self.plant.omega_BN_B)
        return self._disturbed(
            omega_S, sensor["bias_rad_s"], sensor["noise_rad_s"], "lsm6dso/gyro", grid
        )

    def _force_S(self, grid: int) -> Vector:
        """Specific force: in free fall at the mass centre only bias and noise are left."""
        sensor = self._imu
        still = (0.0, 0.0, 0.0)
        return self._disturbed(
            still, sensor["bias_m_s2"], sensor["noise_m_s2"], "lsm6dso/force", grid
        )

    def _disturbed(
        self, value: Vector, bias: list[float], sigma: float, name: str, grid: int
    ) -> Vector:
        x, y, z = self._noise[name].normal3(grid)
        return (
            value[0] + bias[0] + sigma * x,
            value[1] + bias[1] + sigma * y,
            value[2] + bias[2] + sigma * z,
        )

    def _temperature_C(self) -> float:
        return self.power.temperature_C

    def _payload_C(self, grid: int) -> float:
        noise = self._payload_noise_C * self._noise["tmp108"].normal3(grid)[0]
        return self.power.temperature_C + noise

    def sun_B(self) -> Vector:
        """Sun direction, body frame (unit vector)."""
        return apply(self.plant.dcm_BN, self.environment.sun_N[self.grid - self.environment.first])
