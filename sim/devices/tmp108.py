"""TMP108 temperature sensor, I2C 0x48: the instrument of the reference payload.

Source: TI TMP108 data sheet SBOS663, section 7.5 (registers): pointer 0 temperature, 1
configuration, 2 low limit, 3 high limit, 16 bits each, high byte first. Conversions are held to
the conversion rate, counted in points of the 100 ms grid. The alert pin is not modelled.
"""

from __future__ import annotations

from collections.abc import Callable

from sim.devices.base import Device
from sim.faults import FaultSet

TEMPERATURE, CONFIGURATION, T_LOW, T_HIGH = 0, 1, 2, 3
LSB_C = 0.0625
_POWER_UP = (0x0000, 0x2210, 0x8000, 0x7FF0)
_WRITABLE_CONFIGURATION = 0x67B0  # CR, TM, M | POL, HYS; FH and FL are read-only
_PERIODS = (40, 10, 3, 1)  # CR: 0.25, 1, 4, 16 Hz in grid points
_FL, _FH = 0x0800, 0x1000


class Tmp108(Device):
    """`temperature_C(grid)` is the temperature of the part, noise included."""

    def __init__(
        self, name: str, temperature_C: Callable[[int], float], faults: FaultSet | None = None
    ) -> None:
        super().__init__(name, faults)
        self._temperature_C = temperature_C
        self.power_up()

    def power_up(self) -> None:
        self._registers = list(_POWER_UP)
        self._pointer = TEMPERATURE
        self._converted = -1  # grid index of the conversion in the register
        self._since = self.grid
        self._one_shot = False

    def _convert(self) -> None:
        configuration = self._registers[CONFIGURATION]
        mode = configuration >> 8 & 3
        if mode & 2:  # M1: continuous conversion
            period = _PERIODS[configuration >> 13 & 3]
            due = self.grid - (self.grid - self._since) % period
        elif self._one_shot and self.grid > self._since:
            due = self.grid
            self._one_shot = False
            self._registers[CONFIGURATION] &= ~0x0300  # back to shutdown (section 7.4.2)
        else:
            return
        if due <= self._converted:
            return
        counts = max(-2048, min(2047, round(self._temperature_C(due) / LSB_C)))
        self._registers[TEMPERATURE] = (counts & 0xFFF) << 4
        self._converted = due
        flags = 0
        if counts * 16 < _signed(self._registers[T_LOW]):
            flags |= _FL
        if counts * 16 > _signed(self._registers[T_HIGH]):
            flags |= _FH
        self._registers[CONFIGURATION] = self._registers[CONFIGURATION] & ~(_FL | _FH) | flags

    def access(self, tx: bytes, rx_len: int, address: int) -> bytes:
        if tx:
            self._pointer = tx[0] & 3
            if len(tx) >= 3:
                self._write(tx[1] << 8 | tx[2])
        if not rx_len:
            return b""
        if self._pointer in (TEMPERATURE, CONFIGURATION):
            self._convert()
        value = self._registers[self._pointer]
        # Two bytes, then the released line reads ones.
        out = bytearray(value.to_bytes(2, "big")[:rx_len])
        out.extend(b"\xff" * (rx_len - len(out)))
        if self.faults.active:
            for index in range(min(2, rx_len)):
                out[index] = self.faulty(2 * self._pointer + index, out[index])
        return bytes(out)

    def _write(self, value: int) -> None:
        if self._pointer == CONFIGURATION:
            old = self._registers[CONFIGURATION]
            self._registers[CONFIGURATION] = (
                value & _WRITABLE_CONFIGURATION | old & ~_WRITABLE_CONFIGURATION & 0xFFFF
            )
            self._since = self.grid
            self._one_shot = value >> 8 & 3 == 1
        elif self._pointer in (T_LOW, T_HIGH):
            self._registers[self._pointer] = value & 0xFFF0


def _signed(register: int) -> int:
    return register - 0x10000 if register & 0x8000 else register
