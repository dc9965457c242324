"""MB85RC1MT ferroelectric RAM, 128 KiB, I2C 0x50 (low half) and 0x51 (high half), 0x7C (device ID).

Source: Fujitsu MB85RC1MT data sheet DS501-00021: device address with A16, two address bytes, no
write delay, address counting over from the last byte to the first, device ID under the reserved
slave address 0xF8 / 0xF9.
"""

from __future__ import annotations

from sim.devices.base import BusError, Device
from sim.faults import FaultSet
from sim.protocol import E_NODEV

SIZE = 131072
ADDRESS_LOW, ADDRESS_HIGH, ADDRESS_ID = 0x50, 0x51, 0x7C
DEVICE_ID = b"\x00\xa7\x58"  # manufacturer 0x00A, product 0x758
_ID_REGISTER = SIZE  # beyond the memory: where faults find the identification


class Mb85rc1mt(Device):
    """`memory` keeps its content over resets and without power."""

    id_registers = frozenset(range(_ID_REGISTER, _ID_REGISTER + len(DEVICE_ID)))

    def __init__(self, name: str, faults: FaultSet | None = None) -> None:
        super().__init__(name, faults)
        self.memory = bytearray(SIZE)
        self.power_up()

    def power_up(self) -> None:
        self._pointer = 0

    def overwrite(self, address: int, data: bytes) -> None:
        for index, value in enumerate(data, address):
            self.memory[index % SIZE] = value

    def access(self, tx: bytes, rx_len: int, address: int) -> bytes:
        if address == ADDRESS_ID:
            return self._device_id(tx, rx_len)
        # One address byte alone changes nothing: the part waits for the second.
        if len(tx) >= 2:
            self._pointer = (address & 1) << 16 | tx[0] << 8 | tx[1]
            self._write(tx[2:])
        if not rx_len:
            return b""
        out = bytearray(self._span(rx_len))
        if self.faults.active:
            for index, value in enumerate(out):
                out[index] = self.faulty((self._pointer + index) % SIZE, value)
        self._pointer = (self._pointer + rx_len) % SIZE
        return bytes(out)

    def _span(self, size: int) -> bytes:
        end = self._pointer + size
        if end <= SIZE:
            return bytes(self.memory[self._pointer : end])
        return bytes(self.memory[self._pointer :] + self.memory[: end - SIZE])

    def _write(self, data: bytes) -> None:
        end = self._pointer + len(data)
        if end <= SIZE:
            self.memory[self._pointer : end] = data
        else:
            split = SIZE - self._pointer
            self.memory[self._pointer :] = data[:split]
            self.memory[: end - SIZE] = data[split:]
        self._pointer = end % SIZE

    def _device_id(self, tx: bytes, rx_len: int) -> bytes:
        if len(tx) != 1 or tx[0] >> 1 not in (ADDRESS_LOW, ADDRESS_HIGH):
            raise BusError(E_NODEV)
        return bytes(
            self.faulty(_ID_REGISTER + index % 3, DEVICE_ID[index % 3]) for index in range(rx_len)
        )
