"""Fine sun sensor of two axes, I2C 0x28: register map in docs/icd/fss.md."""

from __future__ import annotations

import math
from collections.abc import Callable

from sim.devices.words import UNKNOWN, WordDevice, word
from sim.faults import FaultSet
from sim.rotation import Vector

ID, VERSION, CTRL, STATUS, COUNT, ALPHA, BETA, INTENSITY, TEMPERATURE = range(9)
DEVICE_ID = 0x4653
NEW, VALID, DIM = 0x0001, 0x0002, 0x0004
MEASURE, SOFT_RESET = 0x0001, 0x8000
LSB_RAD = 50e-6
NO_ANGLE = 0x8000
FIELD_OF_VIEW_RAD = math.radians(60.0)
_BRIGHT = 0.5  # of what the Sun gives at its angle
_DIM = 0.02  # of the solar constant


class MfFss(WordDevice):
    """`light_S(grid)` is the light on the sensor: direction times share of the solar constant.

    `angles(alpha, beta, grid)` makes of the true angles (rad) the measured ones.
    """

    def __init__(
        self,
        name: str,
        light_S: Callable[[int], Vector],
        angles: Callable[[float, float, int], tuple[float, float]],
        temperature_C: Callable[[], float],
        faults: FaultSet | None = None,
    ) -> None:
        super().__init__(name, faults)
        self._light_S = light_S
        self._angles = angles
        self._temperature_C = temperature_C
        self.power_up()

    def power_up(self) -> None:
        self._control = MEASURE
        self._since = self.grid
        self._count = 0
        self._sampled = self._read = self.grid
        self._status = 0
        self._alpha = self._beta = NO_ANGLE
        self._intensity = self._temperature = 0

    def _sample(self) -> None:
        """Take the newest measurement into the registers."""
        if not self._control & MEASURE or self.grid <= self._sampled:
            return
        self._sampled = self.grid
        self._count += self.grid - self._since
        self._since = self.grid
        x, y, z = self._light_S(self.grid)
        self._status = 0
        self._alpha = self._beta = NO_ANGLE
        self._intensity = max(0, min(0xFFFF, round(z * 1e4)))
        self._temperature = word(self._temperature_C() * 16.0)
        if z <= 0.0:
            return
        alpha, beta = math.atan2(x, z), math.atan2(y, z)
        strength = math.sqrt(x * x + y * y + z * z)
        inside = max(abs(alpha), abs(beta)) <= FIELD_OF_VIEW_RAD
        if inside and strength >= _BRIGHT:
            alpha, beta = self._angles(alpha, beta, self.grid)
            self._alpha, self._beta = word(alpha / LSB_RAD), word(beta / LSB_RAD)
            self._status = VALID
        elif z >= _DIM:
            self._status = DIM

    def read_word(self, register: int) -> int:
        if register == STATUS:
            self._sample()
            return self._status | (self._sampled > self._read) * NEW
        if register == COUNT:
            self._read = self._sampled
            return self._count & 0xFFFF
        if register == ALPHA:
            return self._alpha
        if register == BETA:
            return self._beta
        if register == INTENSITY:
            return self._intensity
        if register == TEMPERATURE:
            return self._temperature
        if register == CTRL:
            return self._control
        return {ID: DEVICE_ID, VERSION: 0x0001}.get(register, UNKNOWN)

    def write_word(self, register: int, value: int) -> None:
        if register != CTRL:
            return
        if value & SOFT_RESET:
            self.power_up()
        else:
            if value & MEASURE and not self._control & MEASURE:
                self._since = self._sampled = self.grid
            self._control = value & MEASURE
