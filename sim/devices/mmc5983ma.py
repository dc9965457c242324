"""MMC5983MA three-axis magnetometer, I2C 0x30.

Source: MEMSIC MMC5983MA data sheet, Rev A, sections "Specifications" (range +-8 G, 16384 counts per
gauss of 18 bits, zero at 131072), "Register map" and "Using SET and RESET to remove bridge offset".
A SET magnetises the bridge one way, a RESET the other, which turns the sign of what the field makes
but not that of the bridge's own offset: half the difference of both readings is free of it.
The output data rate is that of the grid at most. Interrupts and SPI are not modelled. The internal
control registers can only be written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sim.devices.base import RegisterDevice
from sim.faults import FaultSet
from sim.rotation import Vector

XOUT0, XYZOUT2, TOUT, STATUS = 0x00, 0x06, 0x07, 0x08
CONTROL_0, CONTROL_1, CONTROL_2, CONTROL_3, PRODUCT_ID = 0x09, 0x0A, 0x0B, 0x0C, 0x2F
DEVICE_ID = 0x30

MEAS_M_DONE, MEAS_T_DONE, OTP_READ_DONE = 0x01, 0x02, 0x10
TM_M, TM_T, SET, RESET, AUTO_SR = 0x01, 0x02, 0x08, 0x10, 0x20
X_INHIBIT, YZ_INHIBIT, SOFT_RESET = 0x04, 0x18, 0x80
CONTINUOUS = 0x08

LSB_T = 1e-4 / 16384.0
ZERO = 131072
_TOP = 0x3FFFF
_TEMPERATURE_LSB_C, _TEMPERATURE_ZERO_C = 0.8, -75.0
# CM_FREQ 1 Hz .. 1000 Hz as grid points from one sample to the next.
_PERIODS = (0, 10, 1, 1, 1, 1, 1, 1)


class Mmc5983ma(RegisterDevice):
    """`field_S_T(grid)` is the field at the sensor, sensor frame, noise included."""

    id_registers = frozenset((PRODUCT_ID,))

    def __init__(
        self,
        name: str,
        field_S_T: Callable[[int], Vector],
        temperature_C: Callable[[], float],
        bridge_offset_T: Sequence[float] = (0.0, 0.0, 0.0),
        faults: FaultSet | None = None,
    ) -> None:
        super().__init__(name, faults)
        self._field_S_T = field_S_T
        self._temperature_C = temperature_C
        self._offset_T = tuple(bridge_offset_T)
        self.power_up()

    def power_up(self) -> None:
        self._polarity = 1.0
        self._auto = False
        self._inhibit = 0
        self._period = 0  # grid points between samples of the continuous mode, 0 off
        self._started = -1  # grid index at which a single measurement began, -1 none
        self._since = 0  # grid index at which the continuous mode began
        self._sample = -1  # grid index of the sample in the output registers
        self._temperature_started = -1
        self._done = OTP_READ_DONE
        self._data = _image((ZERO, ZERO, ZERO))
        self._temperature = 0

    def _measure(self) -> None:
        """Bring the output registers up to the present grid point."""
        grid = self.grid
        if self._period:
            due = grid - (grid - self._since) % self._period
            if due > max(self._since, self._sample):
                self._convert(due)
        elif 0 <= self._started < grid:
            self._convert(grid)
            self._started = -1
        if 0 <= self._temperature_started < grid:
            counts = (self._temperature_C() - _TEMPERATURE_ZERO_C) / _TEMPERATURE_LSB_C
            self._temperature = max(0, min(255, round(counts)))
            self._temperature_started = -1
            self._done |= MEAS_T_DONE

    def _convert(self, due: int) -> None:
        if self._auto:
            self._polarity = 1.0
        field = self._field_S_T(self.grid)
        counts = [
            max(0, min(_TOP, ZERO + round((self._polarity * field[axis] + offset) / LSB_T)))
            for axis, offset in enumerate(self._offset_T)
        ]
        if self._inhibit & X_INHIBIT:
            counts[0] = ZERO
        if self._inhibit & YZ_INHIBIT == YZ_INHIBIT:
            counts[1] = counts[2] = ZERO
        self._data = _image(counts)
        self._sample = due
        self._done |= MEAS_M_DONE

    def read_register(self, register: int) -> int:
        if register <= STATUS:
            self._measure()
            if register <= XYZOUT2:
                return self._data[register]
            return self._temperature if register == TOUT else self._done
        return DEVICE_ID if register == PRODUCT_ID else 0

    def write_register(self, register: int, value: int) -> None:
        if register == STATUS:
            self._measure()
            self._done &= ~(value & (MEAS_M_DONE | MEAS_T_DONE))
        elif register == CONTROL_0:
            self._command(value)
        elif register == CONTROL_1:
            if value & SOFT_RESET:
                self.power_up()
            else:
                self._inhibit = value & (X_INHIBIT | YZ_INHIBIT)
        elif register == CONTROL_2:
            self._period = _PERIODS[value & 7] if value & CONTINUOUS else 0
            self._since = self.grid

    def _command(self, value: int) -> None:
        self._measure()  # what is done already was done under the old magnetisation
        self._auto = bool(value & AUTO_SR)
        if value & SET:
            self._polarity = 1.0
        elif value & RESET:
            self._polarity = -1.0
        if value & TM_M and not self._period:
            self._started = self.grid
            self._done &= ~MEAS_M_DONE
        if value & TM_T:
            self._temperature_started = self.grid
            self._done &= ~MEAS_T_DONE


def _image(counts: Sequence[int]) -> bytes:
    """Output registers: bits 17..10 and 9..2 of each axis, then bits 1..0 of all three."""
    high = [byte for count in counts for byte in (count >> 10, count >> 2 & 0xFF)]
    x, y, z = (count & 3 for count in counts)
    return bytes((*high, x << 6 | y << 4 | z << 2))
