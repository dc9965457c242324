"""Parts with 16-bit big-endian registers behind a register number (docs/icd/)."""

from __future__ import annotations

import struct

from sim.devices.base import Device, clamp_i16
from sim.faults import FaultSet
from sim.protocol import DATA_MAX

UNKNOWN = 0xFFFF
_FORMATS = tuple(f">{count}H" for count in range(DATA_MAX // 2 + 2))


class WordDevice(Device):
    """The number counts up by one every two bytes. Faults count bytes: 2 * register, high first."""

    id_registers = frozenset((0, 1))

    def __init__(self, name: str, faults: FaultSet | None = None) -> None:
        super().__init__(name, faults)
        self._register = 0

    def read_word(self, register: int) -> int:
        """Value of one register, 0..65535, with the side effects of reading it."""
        return UNKNOWN

    def write_word(self, register: int, value: int) -> None:
        """Write one register; read-only ones ignore it."""

    def access(self, tx: bytes, rx_len: int, address: int) -> bytes:
        if tx:
            self._register = tx[0]
            for index in range(1, len(tx) - 1, 2):
                self.write_word(self._register, tx[index] << 8 | tx[index + 1])
                self._register = (self._register + 1) & 0xFF
        if not rx_len:
            return b""
        count = (rx_len + 1) // 2
        first, read = self._register, self.read_word
        if self.faults.active:
            words = [self._faulty_word(first + place & 0xFF) for place in range(count)]
        else:
            words = [read(first + place & 0xFF) for place in range(count)]
        self._register = first + count & 0xFF
        return struct.pack(_FORMATS[count], *words)[:rx_len]

    def _faulty_word(self, register: int) -> int:
        value = self.read_word(register)
        high = self.faulty(2 * register, value >> 8)
        return high << 8 | self.faulty(2 * register + 1, value & 0xFF)


def word(value: float) -> int:
    """Nearest 16-bit two's complement of `value`, saturated, as a register holds it."""
    return clamp_i16(value) & 0xFFFF


def signed(register: int) -> int:
    """The number that a 16-bit register holds in two's complement."""
    return register - 0x10000 if register & 0x8000 else register
