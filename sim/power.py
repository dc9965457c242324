"""Electrical power of the spacecraft: panels, battery, switched loads, temperatures.

Simple and continuous: body-mounted panels see the Sun by the cosine of its angle, the battery is
two lithium-ion cells in series (open-circuit voltage over charge, one inner resistance), one
thermal node follows the sunlight. Values change on the grid only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sim.deployables import Deployables
from sim.rotation import Vector

SWITCH_RADIO, SWITCH_PAYLOAD, SWITCH_RODS, SWITCH_HEATER = 0, 1, 2, 3
SWITCH_COUNT = 4
POWER_UP_SWITCHES = 0x0005  # docs/icd/eps.md
SOLAR_CONSTANT_W_M2 = 1361.0
UNDERVOLTAGE_V = 6.0
_BROWN_OUT_V = 5.5
_BROWN_OUT_END_V = 6.2

# Open-circuit voltage of two cells at 0, 5, 10, 20 ... 100 % charge [V].
_CHARGE = (0.0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0)
_OPEN_V = (5.4, 6.2, 6.8, 7.0, 7.3, 7.6, 7.9, 8.1, 8.4)


@dataclass(frozen=True)
class PowerParameters:
    """Facts of the power system; the panels' areas are those of +x, -x, +y, -y, +z, -z."""

    battery_Wh: float
    charge: float
    battery_resistance_ohm: float
    panel_area_m2: Sequence[float]
    panel_efficiency: float
    platform_W: float
    receiver_W: float
    transmitter_W: float
    payload_W: float
    heater_W: float
    temperature_sun_C: float
    temperature_eclipse_C: float
    thermal_time_s: float


def open_circuit_V(charge: float) -> float:
    """Battery voltage without load at a state of charge of 0..1."""
    for index in range(1, len(_CHARGE)):
        if charge <= _CHARGE[index]:
            low, high = _CHARGE[index - 1], _CHARGE[index]
            share = (charge - low) / (high - low)
            return _OPEN_V[index - 1] + share * (_OPEN_V[index] - _OPEN_V[index - 1])
    return _OPEN_V[-1]


class Power:
    """State of the power system. `on_switch` is called with (switch, on) at every change."""

    def __init__(
        self,
        parameters: PowerParameters,
        on_switch: Callable[[int, bool], None],
        carrier: Callable[[], bool],
        rod_current_A: Callable[[], float],
        deployables: Deployables | None = None,
    ) -> None:
        self._parameters = parameters
        self._on_switch = on_switch
        self._carrier = carrier
        self._rod_current_A = rod_current_A
        self.deployables = deployables or Deployables()
        self.charge = parameters.charge
        self.switches = POWER_UP_SWITCHES
        self.undervoltage = False
        self.brown_outs = 0
        self._browned_out = False
        self.temperature_C = parameters.temperature_sun_C
        self.solar_W = 0.0
        self._open_V = open_circuit_V(self.charge)
        self._battery_W = 0.0

    def start(self) -> None:
        """Tell everyone behind a switch how it stands."""
        for switch in range(SWITCH_COUNT):
            self._on_switch(switch, self.is_on(switch))

    def is_on(self, switch: int) -> bool:
        """Position of one switch."""
        return bool(self.switches >> switch & 1)

    def switch(self, switches: int) -> None:
        """Set all switches (bit i: switch i); without a usable battery they stay off."""
        if self._browned_out:
            switches = 0
        changed = self.switches ^ switches
        self.switches = switches
        for switch in range(SWITCH_COUNT):
            if changed >> switch & 1:
                self._on_switch(switch, self.is_on(switch))

    @property
    def battery_C(self) -> float:
        """Battery temperature."""
        return self.temperature_C + (4.0 if self.is_on(SWITCH_HEATER) else 0.0)

    @property
    def battery_A(self) -> float:
        """Battery current at the last grid point, positive into the battery."""
        return self._battery_W / self._open_V

    @property
    def battery_V(self) -> float:
        """Terminal voltage: open circuit plus the drop over the inner resistance."""
        return self._open_V + self.battery_A * self._parameters.battery_resistance_ohm

    @property
    def solar_A(self) -> float:
        """Current of all panels at battery voltage."""
        return self.solar_W / self.battery_V

    def channel_V(self, channel: int) -> float:
        """Voltage of one switched channel."""
        return self.battery_V if self.is_on(channel) else 0.0

    def channel_A(self, channel: int) -> float:
        """Current of one switched channel."""
        return self._channel_W(channel) / self._open_V

    def _channel_W(self, channel: int) -> float:
        if not self.is_on(channel):
            return 0.0
        parameters = self._parameters
        if channel == SWITCH_RADIO:
            return parameters.transmitter_W if self._carrier() else 0.0
        if channel == SWITCH_PAYLOAD:
            return parameters.payload_W
        if channel == SWITCH_RODS:
            return self._rod_current_A() * 5.0  # the drivers run from a 5 V converter
        return parameters.heater_W

    def sunlight(self, sun_B: Vector, illumination: float, step_s: float) -> None:
        """New solar input and temperature; `sun_B` is the unit vector to the Sun in B."""
        parameters = self._parameters
        area_m2 = 0.0
        for axis in range(3):
            cosine = sun_B[axis]
            area_m2 += abs(cosine) * parameters.panel_area_m2[2 * axis + (cosine < 0.0)]
        self.solar_W = SOLAR_CONSTANT_W_M2 * illumination * area_m2 * parameters.panel_efficiency
        cold, warm = parameters.temperature_eclipse_C, parameters.temperature_sun_C
        target = cold + illumination * (warm - cold)
        decay = math.exp(-step_s / parameters.thermal_time_s)
        self.temperature_C = target + (self.temperature_C - target) * decay

    def advance(self, step_s: float) -> bool:
        """Integrate the battery over one grid step; True when a brown-out begins."""
        parameters = self._parameters
        load_W = parameters.platform_W + parameters.receiver_W + self.deployables.load_W
        self.deployables.advance(step_s)
        for channel in range(SWITCH_COUNT):
            load_W += self._channel_W(channel)
        self._battery_W = self.solar_W - load_W
        if self.charge >= 1.0 and self._battery_W > 0.0:
            self._battery_W = 0.0  # full: the panels are throttled to the load
        charge = self.charge + self._battery_W * step_s / (parameters.battery_Wh * 3600.0)
        self.charge = max(0.0, min(1.0, charge))
        self._open_V = open_circuit_V(self.charge)
        volts = self.battery_V
        if volts < UNDERVOLTAGE_V:
            self.undervoltage = True
        if self._browned_out:
            if volts > _BROWN_OUT_END_V:
                self._browned_out = False
                self.switch(POWER_UP_SWITCHES)
        elif volts < _BROWN_OUT_V:
            self.switch(0)
            self.deployables.supply_lost()
            self._browned_out = True
            self.brown_outs += 1
            return True
        return False
