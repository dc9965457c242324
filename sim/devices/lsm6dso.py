"""LSM6DSO three-axis gyroscope and accelerometer, I2C 0x6A (SA0 low).

Source: ST LSM6DSO data sheet DS12140, section 4.1 (sensitivities) and section 9 (registers). The
FIFO, embedded functions and interrupts are not modelled. Output data rates from 12.5 Hz up give
one new sample per point of the 100 ms grid; the 1.6 Hz of the accelerometer one every sixth.
"""

from __future__ import annotations

from collections.abc import Callable

from sim.devices.base import RegisterDevice, clamp_i16, low_byte_first
from sim.faults import FaultSet
from sim.rotation import Vector

WHO_AM_I, CTRL1_XL, CTRL2_G, CTRL3_C, CTRL10_C = 0x0F, 0x10, 0x11, 0x12, 0x19
STATUS_REG, OUT_TEMP_L, OUTX_L_G, OUTX_L_A, OUTZ_H_A = 0x1E, 0x20, 0x22, 0x28, 0x2D

DEVICE_ID = 0x6C
_BOOT_VALUES = {CTRL3_C: 0x04, 0x18: 0xE0}  # IF_INC; CTRL9_XL
_RAD_S_PER_MDPS = 1.7453292519943296e-5
_M_S2_PER_MG = 9.80665e-3
# CTRL2_G bits 3:2 (FS_G); bit 1 (FS_125) overrides: section 9.14.
_GYRO_MDPS = (8.75, 17.5, 35.0, 70.0)
_GYRO_125_MDPS = 4.375
_ACCEL_MG = (0.061, 0.488, 0.122, 0.244)  # CTRL1_XL bits 3:2: 2, 16, 4, 8 g (section 9.13)


class Lsm6dso(RegisterDevice):
    """The three callables give rate (rad/s), specific force (m/s^2) and temperature (deg C).

    They take the grid index; vectors are in the sensor frame, noise included.
    """

    id_registers = frozenset((WHO_AM_I,))

    def __init__(
        self,
        name: str,
        omega_S: Callable[[int], Vector],
        force_S: Callable[[int], Vector],
        temperature_C: Callable[[], float],
        faults: FaultSet | None = None,
    ) -> None:
        super().__init__(name, faults)
        self._omega_S = omega_S
        self._force_S = force_S
        self._temperature_C = temperature_C
        self.power_up()

    def power_up(self) -> None:
        self._control = {register: 0 for register in range(CTRL1_XL, CTRL10_C + 1)}
        self._control.update(_BOOT_VALUES)
        self._gyro_on = self._accel_on = -1  # grid index of switching on, -1 while off
        self._gyro_sample = self._accel_sample = -1
        self._gyro_read = self._accel_read = -1
        self._gyro = self._accel = bytes(6)
        self._temperature = bytes(2)

    def next_register(self, register: int) -> int:
        if not self._control[CTRL3_C] & 0x04:  # IF_INC off
            return register
        return (register + 1) & 0x7F

    def _measure(self) -> None:
        grid = self.grid
        if grid == self._gyro_sample and self._accel_on < 0:
            return
        if self._gyro_on >= 0 and grid > max(self._gyro_on, self._gyro_sample):
            control = self._control[CTRL2_G]
            mdps = _GYRO_125_MDPS if control & 0x02 else _GYRO_MDPS[control >> 2 & 3]
            self._gyro = _image(self._omega_S(grid), mdps * _RAD_S_PER_MDPS)
            self._gyro_sample = grid
            self._sample_temperature()
        if self._accel_on >= 0 and grid > self._accel_on:
            control = self._control[CTRL1_XL]
            every = 6 if control >> 4 == 0x0B else 1
            due = grid - (grid - self._accel_on) % every
            if due > max(self._accel_sample, self._accel_on):
                lsb = _ACCEL_MG[control >> 2 & 3] * _M_S2_PER_MG
                self._accel = _image(self._force_S(grid), lsb)
                self._accel_sample = due
                self._sample_temperature()

    def _sample_temperature(self) -> None:
        counts = clamp_i16((self._temperature_C() - 25.0) * 256.0)  # section 4.3
        self._temperature = low_byte_first((counts,))

    def read_register(self, register: int) -> int:
        if register == WHO_AM_I:
            return DEVICE_ID
        if register == STATUS_REG:
            self._measure()
            accel = self._accel_sample > self._accel_read
            gyro = self._gyro_sample > self._gyro_read
            return accel | gyro << 1 | (accel or gyro) << 2
        if OUT_TEMP_L <= register <= OUTZ_H_A:
            self._measure()
            if register < OUTX_L_G:
                return self._temperature[register - OUT_TEMP_L]
            # The data-ready bits fall when a high byte is read (section 9.27).
            if register < OUTX_L_A:
                if register & 1:
                    self._gyro_read = self._gyro_sample
                return self._gyro[register - OUTX_L_G]
            if register & 1:
                self._accel_read = self._accel_sample
            return self._accel[register - OUTX_L_A]
        return self._control.get(register, 0)

    def write_register(self, register: int, value: int) -> None:
        if register not in self._control:
            return
        if register == CTRL3_C and value & 0x81:  # BOOT or SW_RESET, both clear themselves
            self.power_up()
            return
        if register == CTRL2_G:
            self._gyro_on = self._switched(self._gyro_on, self._control[register], value)
        elif register == CTRL1_XL:
            self._accel_on = self._switched(self._accel_on, self._control[register], value)
        self._control[register] = value

    def _switched(self, since: int, old: int, new: int) -> int:
        """Grid index since when the sensor runs, given its control register before and after."""
        if new >> 4 == 0:
            return -1
        return since if since >= 0 and old == new else self.grid


def _image(values: Vector, lsb: float) -> bytes:
    return low_byte_first(
        (clamp_i16(values[0] / lsb), clamp_i16(values[1] / lsb), clamp_i16(values[2] / lsb))
    )
