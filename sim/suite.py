"""The parts of an attitude mission: each is there when the scenario has its section.

Magnetometer 2 (MMC5983MA), coarse sun sensors on two ADS1115, fine sun sensor, reaction wheels,
GNSS receiver, star tracker. What they measure comes from the plant and the environment of the
spacecraft; their errors from `sim/sensor_errors.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sim.albedo import Albedo
from sim.assembly import check_unit
from sim.devices.ads1115 import Ads1115
from sim.devices.base import Device
from sim.devices.mf_fss import MfFss
from sim.devices.mf_star_tracker import MfStarTracker, TrackerParameters
from sim.devices.mf_wheel import MfWheel, WheelParameters
from sim.devices.mmc5983ma import Mmc5983ma
from sim.devices.ubx_gnss import GnssParameters, UbxGnss
from sim.errors import ScenarioError
from sim.faults import FaultSet
from sim.navigation import Navigation
from sim.noise import Noise
from sim.plant import Rotor
from sim.protocol import BUS_ADCS
from sim.sensor_errors import FULL_RANGE, SensorErrors
from sim.sunlight import CoarseSensors, FineSensor
from sim.tracking import TrackerOptics

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.spacecraft import Spacecraft

UART_GNSS = 1
WHEELS_ADDRESS = 0x20
_REFERENCE_V = 2.048  # at AIN3 of both converters
_CSS_PER_CONVERTER = 3


class Suite:
    """Optional parts. `parts` by (bus, address), `uarts` by number, `wheels` in order.

    `sensors` are the fault sets of sensors that have no bus of their own.
    """

    def __init__(
        self,
        craft: Spacecraft,
        scenario: Scenario,
        seed: int,
        faults: Callable[[str], FaultSet],
    ) -> None:
        self._craft = craft
        self._seed = seed
        self._faults = faults
        self._where = scenario.path.name
        self.parts: dict[tuple[int, int], Device] = {}
        self.uarts: dict[int, UbxGnss] = {}
        self.wheels: list[MfWheel] = []
        self.rotors: list[Rotor] = []
        self.sensors: dict[str, FaultSet] = {}
        self._ticking: list[Ads1115 | MfStarTracker] = []
        self._gnss: UbxGnss | None = None
        data = scenario.data["spacecraft"]
        albedo = Albedo(craft.environment, scenario.data["environment"]["albedo"])
        if data["magnetometer_2"] is not None:
            self._make_magnetometer(data["magnetometer_2"])
        if data["css"] is not None:
            self._make_css(data["css"], albedo)
        if data["fss"] is not None:
            self._make_fss(data["fss"], albedo)
        if data["wheels"] is not None:
            self._make_wheels(data["wheels"])
        if data["gnss"] is not None:
            self._make_gnss(data["gnss"], scenario)
        if data["star_tracker"] is not None:
            self._make_tracker(data["star_tracker"])

    def tick(self, t_s: float) -> None:
        """A new grid point at world time `t_s`."""
        for part in self._ticking:
            part.tick()
        if self._gnss is not None:
            self._gnss.tick(t_s)

    def drive(self, step_s: float) -> list[float]:
        """Net torque on each rotor over the coming step."""
        return [wheel.drive(step_s) for wheel in self.wheels]

    def spun(self, speeds_rad_s: tuple[float, ...]) -> None:
        """The rotors' speeds after a step."""
        for wheel, speed in zip(self.wheels, speeds_rad_s, strict=True):
            wheel.speed_rad_s = speed

    def _temperature_C(self) -> float:
        return self._craft.power.temperature_C

    def _make_magnetometer(self, data: dict[str, Any]) -> None:
        craft, faults = self._craft, self._faults("mmc5983ma")
        errors = SensorErrors(
            self._seed,
            "mmc5983ma",
            data,
            data["bias_T"],
            data["noise_T"],
            craft.step_s,
            faults,
            FULL_RANGE["mmc5983ma"],
        )
        self.parts[BUS_ADCS, 0x30] = Mmc5983ma(
            "mmc5983ma",
            lambda grid: errors.measure(craft.field_at_S_T(data), grid),
            self._temperature_C,
            data["bridge_offset_T"],
            faults,
        )

    def _make_css(self, data: dict[str, Any], albedo: Albedo) -> None:
        names = [f"css_{index}" for index in range(2 * _CSS_PER_CONVERTER)]
        for name in names:
            self.sensors[name] = self._faults(name)
        light = CoarseSensors(self._craft, albedo, data, self._seed, self.sensors)
        for index, (name, address) in enumerate((("ads1115_a", 0x48), ("ads1115_b", 0x49))):

            def volts(channel: int, grid: int, first: int = _CSS_PER_CONVERTER * index) -> float:
                if channel == _CSS_PER_CONVERTER:
                    return _REFERENCE_V
                return light.volts(first + channel, grid)

            part = Ads1115(name, volts, self._faults(name))
            self.parts[BUS_ADCS, address] = part
            self._ticking.append(part)

    def _make_fss(self, data: dict[str, Any], albedo: Albedo) -> None:
        faults = self._faults("fss")
        sensor = FineSensor(self._craft, albedo, data, self._seed, faults)
        self.parts[BUS_ADCS, 0x28] = MfFss(
            "fss", sensor.light_S, sensor.angles, self._temperature_C, faults
        )

    def _make_wheels(self, data: dict[str, Any]) -> None:
        axes_B = data["axes_B"]
        speeds = data["initial_speed_rad_s"]
        if not isinstance(speeds, list):
            speeds = [speeds] * len(axes_B)
        if len(speeds) != len(axes_B):
            raise ScenarioError(
                f"{self._where}: spacecraft.wheels.initial_speed_rad_s needs one value per wheel"
            )
        keys = WheelParameters.__dataclass_fields__
        facts = WheelParameters(**{key: data[key] for key in keys})
        if facts.static_N_m < facts.coulomb_N_m:
            raise ScenarioError(
                f"{self._where}: spacecraft.wheels.static_N_m is less than coulomb_N_m"
            )
        for index, (axis, speed) in enumerate(zip(axes_B, speeds, strict=True)):
            check_unit(axis, "spacecraft.wheels.axes_B", self._where)
            name = f"wheel_{index}"
            faults = self._faults(name)
            noise = Noise(self._seed, name)

            def measured(
                speed: float, grid: int, noise: Noise = noise, faults: FaultSet = faults
            ) -> float:
                sigma = data["noise_rad_s"]
                if not faults.active:
                    return float(speed + sigma * noise.normal(grid))
                sigma *= faults.factor("noise_scale")
                value = speed + sigma * noise.normal(grid)
                return faults.distort((value,), facts.speed_max_rad_s)[0]

            wheel = MfWheel(name, facts, measured, self._temperature_C, speed, faults)
            self.wheels.append(wheel)
            self.rotors.append(Rotor(axis, facts.inertia_kg_m2, speed))
            self.parts[BUS_ADCS, WHEELS_ADDRESS + index] = wheel

    def _make_gnss(self, data: dict[str, Any], scenario: Scenario) -> None:
        faults = self._faults("gnss")
        navigation = Navigation(self._craft, data, self._seed, faults)
        facts = GnssParameters(
            acquisition_s=data["acquisition_s"],
            utc_delay_s=data["utc_delay_s"],
            leap_error_s=data["leap_error_s"],
            horizontal_m=math.sqrt(2.0) * data["noise_m"],
            vertical_m=data["noise_m"],
            speed_m_s=data["noise_m_s"],
            satellites=data["satellites"],
        )
        leap_s = self._craft.environment.gps_utc_s
        part = UbxGnss("gnss", facts, navigation.fix, scenario.epoch, leap_s, faults)
        self.uarts[UART_GNSS] = part
        self._gnss = part

    def _make_tracker(self, data: dict[str, Any]) -> None:
        craft, faults = self._craft, self._faults("star_tracker")
        step_s = craft.step_s
        facts = TrackerParameters(
            period=max(1, round(data["period_s"] / step_s)),
            acquisition=round(data["acquisition_s"] / step_s),
            rate_max_rad_s=math.radians(data["rate_max_deg_s"]),
            stars=data["stars"],
        )
        optics = TrackerOptics(craft, data, self._seed, faults)
        part = MfStarTracker(
            "star_tracker", facts, optics.view, optics.attitude, self._temperature_C, step_s, faults
        )
        self.parts[BUS_ADCS, 0x2A] = part
        self._ticking.append(part)
