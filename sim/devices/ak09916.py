"""AK09916 three-axis magnetometer, I2C 0x0C.

Source: AKM AK09916 data sheet 015007392-E-02; TDK ICM-20948 data sheet DS-000189 sections 12, 13.
The output data rate is that of the grid at most: a sample is ready at the first grid point after
its measurement began, and once per grid point in every continuous mode (all are >= 10 Hz).
"""

from __future__ import annotations

from collections.abc import Callable

from sim.devices.base import RegisterDevice, low_byte_first
from sim.faults import FaultSet
from sim.rotation import Vector

WIA1, WIA2, RSV1, RSV2 = 0x00, 0x01, 0x02, 0x03
ST1, HXL, HZH, TMPS, ST2 = 0x10, 0x11, 0x16, 0x17, 0x18
CNTL1, CNTL2, CNTL3 = 0x30, 0x31, 0x32

COMPANY_ID, DEVICE_ID = 0x48, 0x09
MODE_POWER_DOWN, MODE_SINGLE, MODE_SELF_TEST = 0x00, 0x01, 0x10
MODES_CONTINUOUS = (0x02, 0x04, 0x06, 0x08)  # 10, 20, 50, 100 Hz

LSB_T = 0.15e-6
COUNT_MAX = 32752
_OVERFLOW_T = 4912e-6  # |X| + |Y| + |Z| at which HOFL rises (section 9.4.3.5)
# What the internal coil makes: within the limits of section 9.4.4 (X, Y +-200, Z -1000..-200).
_SELF_TEST_COUNTS = (20, -15, -600)


class Ak09916(RegisterDevice):
    """`field_S_T()` is the field at the sensor now, sensor frame, noise included."""

    id_registers = frozenset((WIA1, WIA2))

    def __init__(
        self, name: str, field_S_T: Callable[[int], Vector], faults: FaultSet | None = None
    ) -> None:
        super().__init__(name, faults)
        self._field_S_T = field_S_T
        self.power_up()

    def power_up(self) -> None:
        self._mode = MODE_POWER_DOWN
        self._started = 0  # grid index at which the running measurement began
        self._sample = -1  # grid index of the sample in the output registers, -1 none
        self._read = -1  # grid index of the newest sample that was read
        self._protected = False  # outputs held from the first data byte to ST2 (section 9.4.3.3)
        self._data = bytes(HZH - HXL + 1)
        self._overflow = False

    def next_register(self, register: int) -> int:
        if register <= ST2:
            return {RSV2: ST1, ST2: WIA1}.get(register, register + 1)
        if CNTL1 <= register <= CNTL3:
            return CNTL1 if register == CNTL3 else register + 1
        return register

    def _measure(self) -> None:
        """Bring the output registers up to the present grid point."""
        if self._mode == MODE_POWER_DOWN or self._protected:
            return
        if self.grid <= self._started or self.grid <= self._sample:
            return
        if self._mode == MODE_SELF_TEST:
            counts = _SELF_TEST_COUNTS
            self._overflow = False
        else:
            x, y, z = self._field_S_T(self.grid)
            self._overflow = abs(x) + abs(y) + abs(z) >= _OVERFLOW_T
            counts = (_counts(x), _counts(y), _counts(z))
        self._data = low_byte_first(counts)
        self._sample = self.grid
        if self._mode not in MODES_CONTINUOUS:
            self._mode = MODE_POWER_DOWN

    def read_register(self, register: int) -> int:
        if register == WIA1:
            return COMPANY_ID
        if register == WIA2:
            return DEVICE_ID
        if register == ST1:
            self._measure()
            ready = self._sample > self._read
            # The first sample of a run skips nothing; later ones do when one was never fetched.
            skipped = ready and self._sample > max(self._read, self._started) + 1
            return ready | skipped << 1
        if HXL <= register <= TMPS:
            self._measure()
            self._protected = self._mode in MODES_CONTINUOUS
            self._read = self._sample
            return self._data[register - HXL] if register <= HZH else 0
        if register == ST2:
            self._measure()
            self._protected = False
            self._read = self._sample
            return self._overflow << 3
        if register == CNTL2:
            return self._mode
        return 0

    def write_register(self, register: int, value: int) -> None:
        if register == CNTL2:
            mode = value & 0x1F
            known = (MODE_POWER_DOWN, MODE_SINGLE, MODE_SELF_TEST, *MODES_CONTINUOUS)
            self._mode = mode if mode in known else MODE_POWER_DOWN
            self._started = self.grid
            self._protected = False
        elif register == CNTL3 and value & 1:
            self.power_up()


def _counts(field_T: float) -> int:
    return max(-COUNT_MAX, min(COUNT_MAX, round(field_T / LSB_T)))
