"""What all parts on an I2C bus have in common: power, faults, a register pointer."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Sequence

from sim.faults import Fault, FaultSet, noise_bytes
from sim.protocol import E_NODEV, E_TIMEOUT


class BusError(Exception):
    """A transfer that the part did not carry through; `status` is the negative errno."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Device:
    """One part. The world sets `grid` at every point of the 100 ms grid.

    A part computes its outputs when it is read, from the grid index and its registers alone, so
    that nothing is spent on parts that nobody asks.
    """

    # Byte addresses that identify the part; empty: it has none, and every byte counts as one.
    id_registers: frozenset[int] = frozenset()

    def __init__(self, name: str, faults: FaultSet | None = None) -> None:
        self.name = name
        self.faults = faults or FaultSet()
        self.grid = 0
        self._powered = True

    @property
    def powered(self) -> bool:
        """Supply present. Parts forget their registers when it comes back (`power_up`)."""
        return self._powered

    @powered.setter
    def powered(self, on: bool) -> None:
        if on and not self._powered:
            self.power_up()
        self._powered = on

    @property
    def working(self) -> bool:
        """Supply present and no `dead` fault."""
        return self._powered and not self.faults.has("dead")

    def power_up(self) -> None:
        """Registers to their power-up values."""

    def strike(self, started: Sequence[Fault]) -> None:
        """These faults begin: what acts once acts now."""
        for fault in started:
            if fault.kind == "scramble":
                start = fault.register or 0
                self.overwrite(start, noise_bytes(f"{self.name}/{start}", round(fault.factor)))

    def overwrite(self, address: int, data: bytes) -> None:
        """The content of a memory becomes `data`, over its end to address 0."""

    def transfer(self, tx: bytes, rx_len: int, address: int = 0) -> bytes:
        """One I2C transfer: write `tx`, then read `rx_len` bytes. BusError when it fails."""
        if not self._powered:
            raise BusError(E_NODEV)
        if self.faults.active:
            if self.faults.has("nack") or self.faults.has("dead"):
                raise BusError(E_NODEV)
            if self.faults.has("timeout") or self.faults.strikes("slow", self.grid):
                raise BusError(E_TIMEOUT)
            if self.faults.strikes("nack_storm", self.grid):
                raise BusError(E_NODEV)
        return self.access(tx, rx_len, address)

    def peek(self, tx: bytes, rx_len: int, address: int = 0) -> bytes:
        """What `transfer` would answer, leaving the part exactly as it was."""
        kept = {
            key: copy.copy(value) if isinstance(value, (list, dict, deque, bytearray)) else value
            for key, value in vars(self).items()
        }
        try:
            return self.transfer(tx, rx_len, address)
        finally:
            vars(self).update(kept)

    def access(self, tx: bytes, rx_len: int, address: int) -> bytes:
        """The transfer of a part that has power and is not hindered."""
        raise BusError(E_NODEV)

    def faulty(self, register: int, value: int) -> int:
        """`value` as a read of byte `register` shows it under the faults that act."""
        if self.faults.has("garbage"):
            return noise_bytes(f"{self.name}/{self.grid}/{register}", 1)[0]
        is_id = not self.id_registers or register in self.id_registers
        return self.faults.corrupt(register, value, is_id)


class RegisterDevice(Device):
    """A part with 8-bit registers behind an address pointer that counts up by itself."""

    def __init__(self, name: str, faults: FaultSet | None = None) -> None:
        super().__init__(name, faults)
        self._pointer = 0

    def read_register(self, register: int) -> int:
        """Value of one register, with the side effects of reading it."""
        return 0

    def write_register(self, register: int, value: int) -> None:
        """Write one register; read-only ones ignore it."""

    def next_register(self, register: int) -> int:
        """The pointer after an access to `register`."""
        return (register + 1) & 0xFF

    def access(self, tx: bytes, rx_len: int, address: int) -> bytes:
        """Byte 0 sets the pointer, further bytes are written, then `rx_len` bytes are read."""
        if tx:
            self._pointer = tx[0]
            for value in tx[1:]:
                self.write_register(self._pointer, value)
                self._pointer = self.next_register(self._pointer)
        out = bytearray()
        pointer, faulty = self._pointer, bool(self.faults.active)
        for _ in range(rx_len):
            value = self.read_register(pointer)
            out.append(self.faulty(pointer, value) if faulty else value)
            pointer = self.next_register(pointer)
        self._pointer = pointer
        return bytes(out)


def clamp_i16(value: float, limit: int = 32767) -> int:
    """Nearest integer within -limit - 1 .. limit, as an output register saturates."""
    number = round(value)
    return number if -limit <= number <= limit else max(-limit - 1, min(limit, number))


def low_byte_first(values: tuple[int, ...]) -> bytes:
    """Two's complement 16-bit values as an image of output registers, low byte first."""
    return b"".join((value & 0xFFFF).to_bytes(2, "little") for value in values)
