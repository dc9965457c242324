"""The simulated spacecraft: plant and environment on the grid, and the parts behind the buses."""

from __future__ import annotations

from typing import Any

from sim.assembly import (
    check_faults,
    check_rotation,
    inertia,
    make_box,
    make_environment,
    make_plant,
    take_deployables,
)
from sim.devices.ak09916 import Ak09916
from sim.devices.base import Device
from sim.devices.drv8830 import Drv8830
from sim.devices.lsm6dso import Lsm6dso
from sim.devices.mb85rc1mt import ADDRESS_HIGH, ADDRESS_ID, ADDRESS_LOW, Mb85rc1mt
from sim.devices.mf_eps import MfEps
from sim.devices.mf_radio import MfRadio
from sim.devices.tmp108 import Tmp108
from sim.devices.w25q128 import W25q128
from sim.faults import FaultSet
from sim.lines import Lines
from sim.noise import Noise
from sim.pointing import Targets
from sim.power import (
    SWITCH_PAYLOAD,
    SWITCH_RADIO,
    SWITCH_RODS,
    Power,
    PowerParameters,
)
from sim.protocol import BUS_ADCS, BUS_PLATFORM
from sim.rotation import Vector, apply, apply_transposed
from sim.scenario import Scenario
from sim.sensor_errors import FULL_RANGE, SensorErrors
from sim.suite import Suite

_OFF = (0.0, 0.0, 0.0)
SUNLIGHT_EVERY = 10  # grid points: the Sun's angle to a tumbling panel, once a second


class Spacecraft:
    """State of the vehicle. `grid` is the index of the present grid point, `t_s` its time.

    `parts` maps (bus, address) to devices, `devices` their names; `flash` is on SPI.
    """

    def __init__(self, scenario: Scenario, seed: int, step_ns: int) -> None:
        self.grid = 0
        self.t_s = 0.0
        self.step_s = step_ns * 1e-9
        self._dipole_sum, self._dipole_steps = [0.0, 0.0, 0.0], 0
        data: dict[str, Any] = dict(scenario.data["spacecraft"])
        where = scenario.path.name
        self.environment = make_environment(scenario, self.step_s)
        self.environment.load(0)
        self._make_devices(scenario, data, seed, where)
        self._box = make_box(scenario.data["disturbance"])
        self.disturbance_B_N_m: Vector = _OFF
        self.inertia_B_kg_m2 = inertia(data, where)
        self.plant = make_plant(
            scenario,
            seed,
            step_ns,
            self.environment,
            self.inertia_B_kg_m2,
            self.suite.rotors,
            self._box is not None,
        )
        self.targets = Targets(self, scenario.data["pointing"])
        self.power.start()
        self._shine()

    def _make_devices(
        self, scenario: Scenario, data: dict[str, Any], seed: int, where: str
    ) -> None:
        def faults(device: str) -> FaultSet:
            return FaultSet([fault for fault in scenario.faults if fault.device == device])

        self._magnetometer, self._imu = data["magnetometer"], data["imu"]
        for key in ("magnetometer", "imu", "magnetometer_2", "fss", "star_tracker"):
            if data[key] is not None:
                check_rotation(data[key]["dcm_BS"], f"spacecraft.{key}.dcm_BS", where)
        magnetometer_faults, imu_faults = faults("ak09916"), faults("lsm6dso")

        def errors(
            name: str,
            sensor: dict[str, Any],
            unit: str,
            faults: FaultSet | None,
            walk: float = 0.0,
        ) -> SensorErrors:
            bias, sigma = sensor[f"bias_{unit}"], sensor[f"noise_{unit}"]
            full_range = FULL_RANGE[name.partition("/")[0]]
            return SensorErrors(
                seed, name, sensor, bias, sigma, self.step_s, faults, full_range, walk
            )

        field = errors("ak09916", self._magnetometer, "T", magnetometer_faults)
        walk = self._imu["bias_walk_rad_s_sqrt_s"]
        self.gyro = errors("lsm6dso/gyro", self._imu, "rad_s", imu_faults, walk)
        force = errors("lsm6dso/force", self._imu, "m_s2", None)
        self._payload_noise = Noise(seed, "tmp108")
        self._payload_noise_C = data["payload"]["noise_C"]

        self.magnetometer = Ak09916(
            "ak09916",
            lambda grid: field.measure(self.field_at_S_T(self._magnetometer), grid),
            magnetometer_faults,
        )
        self.imu = Lsm6dso(
            "lsm6dso",
            lambda grid: self.gyro.measure(self._omega_S(), grid),
            # In free fall at the mass centre only bias and noise are left.
            lambda grid: force.measure(_OFF, grid),
            self._temperature_C,
            imu_faults,
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
        self.flash = W25q128("w25q128", faults("w25q128"))
        self.radio = MfRadio("radio", faults("radio"))
        power, deployables = take_deployables(scenario)
        self.power = Power(
            PowerParameters(**power),
            self._switched,
            lambda: self.radio.carrier,
            lambda: sum(abs(rod.current_A) for rod in self.rods),
            deployables,
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
        self.suite = Suite(self, scenario, seed, faults)
        self.parts.update(self.suite.parts)
        self.devices = {part.name: part for part in self.parts.values()}
        self.devices.update((part.name, part) for part in self.suite.uarts.values())
        self.devices[self.flash.name] = self.flash
        self._faults = {name: part.faults for name, part in self.devices.items()}
        self._faults.update(self.suite.sensors)
        self.lines = Lines(faults)
        self._faults.update(self.lines.faults)
        check_faults(scenario.faults, self._faults, where)
        self._next_fault_s = 0.0
        self._apply_faults()

    def advance(self) -> bool:
        """To the next grid point. True when a brown-out of the supply begins there."""
        environment = self.environment
        index = self.grid - environment.first
        rods = self.rods
        dipole = (rods[0].dipole_A_m2, rods[1].dipole_A_m2, rods[2].dipole_A_m2)
        r_BN_N, v_BN_N = environment.r_BN_N[index], environment.v_BN_N[index]
        suite, plant = self.suite, self.plant
        if self._box is not None:
            self.disturbance_B_N_m = self._box.torque_B_N_m(
                plant.dcm_BN,
                r_BN_N,
                v_BN_N,
                environment.sun_N[index],
                environment.illumination[index],
            )
        plant.step(
            r_BN_N,
            v_BN_N,
            environment.field_N[index],
            dipole,
            suite.drive(self.step_s),
            self.disturbance_B_N_m,
        )
        suite.spun(plant.wheel_speeds_rad_s)
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
        suite.tick(self.t_s)
        if self.grid % SUNLIGHT_EVERY == 0:
            self._shine()
        return brown_out

    def _apply_faults(self) -> None:
        for name, faults in self._faults.items():
            if self.t_s >= faults.next_change_s:
                faults.advance(self.t_s)
                if name in self.devices:
                    self.devices[name].strike(faults.started)
        self._next_fault_s = min(faults.next_change_s for faults in self._faults.values())

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
        (x, y, z), self._dipole_sum = self._dipole_sum, [0.0, 0.0, 0.0]
        self._dipole_steps = 0
        return apply_transposed(self._rod_axes_B, (x / steps, y / steps, z / steps))

    def dipole_B_A_m2(self) -> Vector:
        """Dipole of the rods as they are driven now, body frame (without the residual)."""
        rods = self.rods
        values = (rods[0].dipole_A_m2, rods[1].dipole_A_m2, rods[2].dipole_A_m2)
        return apply_transposed(self._rod_axes_B, values)

    def field_at_S_T(self, sensor: dict[str, Any]) -> Vector:
        """Field at a magnetometer, of Earth and rods, along its axes."""
        x, y, z = self.field_B_T()
        matrix = sensor["coil_matrix_T_per_A_m2"]
        if matrix is None:
            u, v, w = self.dipole_B_A_m2()
            coil = sensor["coil_field_T_per_A_m2"]
            u, v, w = coil * u, coil * v, coil * w
        else:
            u, v, w = apply(matrix, [rod.dipole_A_m2 for rod in self.rods])
        return apply_transposed(sensor["dcm_BS"], (x + u, y + v, z + w))

    def _omega_S(self) -> Vector:
        return apply_transposed(self._imu["dcm_BS"], self.plant.omega_BN_B)

    def momentum_N_N_m_s(self) -> Vector:
        """Angular momentum of body and wheels about the mass centre, in N."""
        plant = self.plant
        x, y, z = apply(self.inertia_B_kg_m2, plant.omega_BN_B)
        for rotor, speed in zip(self.suite.rotors, plant.wheel_speeds_rad_s, strict=True):
            spin = rotor.inertia_kg_m2 * speed
            a, b, c = rotor.axis_B
            x, y, z = x + spin * a, y + spin * b, z + spin * c
        return apply_transposed(plant.dcm_BN, (x, y, z))

    def gyro_bias_B_rad_s(self) -> Vector:
        """Slow error of the gyro, body frame."""
        return apply(self._imu["dcm_BS"], self.gyro.drift(self.grid))

    def _temperature_C(self) -> float:
        return self.power.temperature_C

    def _payload_C(self, grid: int) -> float:
        noise = self._payload_noise_C * self._payload_noise.normal(grid)
        return self.power.temperature_C + noise

    def sun_B(self) -> Vector:
        """Sun direction, body frame (unit vector)."""
        return apply(self.plant.dcm_BN, self.environment.sun_N[self.grid - self.environment.first])
