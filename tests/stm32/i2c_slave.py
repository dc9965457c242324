"""Slaves on a modelled I2C bus: what every master model talks to.

A slave sees bytes and acknowledge bits, nothing of the master's registers. It keeps a log of what
happened between START and STOP, in which the tests read what really was on the wire.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Transaction:
    """From one START (or repeated START) to the next START or STOP."""

    address: int
    read: bool
    acknowledged: bool
    data: bytearray = field(default_factory=bytearray)
    last_acknowledged: bool = True  # read: did the master acknowledge the last byte?
    stopped: bool = False


@dataclass
class Slave:
    """Register pointer and 256 bytes; reads count upwards from the pointer."""

    memory: bytearray = field(default_factory=lambda: bytearray(range(256)))
    pointer: int = 0
    refuse_byte: int | None = None  # index of the written byte that is not acknowledged
    written: int = 0

    def start(self) -> None:
        """START with this slave's address."""
        self.written = 0

    def take(self, value: int) -> bool:
        """One written byte; True when it is acknowledged."""
        if self.refuse_byte is not None and self.written >= self.refuse_byte:
            return False
        if self.written == 0:
            self.pointer = value
        else:
            self.memory[self.pointer] = value
            self.pointer = (self.pointer + 1) % 256
        self.written += 1
        return True

    def give(self) -> int:
        """One read byte."""
        value = self.memory[self.pointer]
        self.pointer = (self.pointer + 1) % 256
        return value


@dataclass
class Wire:
    """The bus: slaves by address and the log. `held_low` clocks of SCL free a stuck SDA."""

    slaves: dict[int, Slave] = field(default_factory=dict)
    log: list[Transaction] = field(default_factory=list)
    held_low: int = 0
    clears: int = 0

    def address(self, value: int) -> bool:
        """Address byte after START; True when a slave acknowledges."""
        slave = self.slaves.get(value >> 1)
        self.log.append(Transaction(value >> 1, bool(value & 1), slave is not None))
        if slave is not None:
            slave.start()
        return slave is not None

    def take(self, value: int) -> bool:
        """Byte written by the master; True when acknowledged."""
        accepted = self.slaves[self.log[-1].address].take(value)
        if accepted:
            self.log[-1].data.append(value)
        return accepted

    def give(self) -> int:
        """Byte read by the master."""
        value = self.slaves[self.log[-1].address].give()
        self.log[-1].data.append(value)
        return value

    def stop(self) -> None:
        """STOP condition."""
        if self.log:
            self.log[-1].stopped = True

    def clear(self) -> bool:
        """Nine clocks and a STOP on the pins; True when the bus is free afterwards."""
        self.clears += 1
        self.held_low = max(0, self.held_low - 9)
        self.stop()
        return self.held_low == 0
