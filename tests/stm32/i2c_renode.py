"""Model of Renode's I2C.STM32F1_I2C, as far as a master driver can tell it from silicon.

Interrupts are pulses: one when a flag rises or CR2 is written, none while a flag just stays up.
SR1.AF falls when SR1 is read; ACK is ignored; after an absent address STOP stays up and swallows
the next START; SWRST does nothing; STOP in reception marks the next byte read as the last one;
a byte takes 8/FREQ us.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.stm32.i2c_silicon import (
    ADDR,
    AF,
    BTF,
    CR1,
    CR2,
    DR,
    ITBUFEN,
    ITERREN,
    ITEVTEN,
    PE,
    RXNE,
    SB,
    SR1,
    SR2,
    START,
    STOP,
    TXE,
)
from tests.stm32.i2c_slave import Wire

ACCESS_NS = 24  # four instructions of 168 MIPS
IDLE, ADDRESS, WRITING, READING, LAST = range(5)


class RenodeI2C:
    """Same interface as SiliconI2C. `violations` holds what Renode would warn about."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.violations: list[str] = []
        self.now_ns = 0
        self.accesses = 0
        self.cr1 = 0
        self.cr2 = 4
        self.sr1 = 0
        self.state = IDLE
        self.master = self.transmit = False
        self.queue = bytearray()
        self.present = False
        self.pending = ""
        self.timer: tuple[int, Callable[[], None]] | None = None

    def read(self, address: int) -> int:
        """One 32-bit read."""
        self._pass()
        if address == CR1:
            return self.cr1
        if address == CR2:
            return self.cr2
        if address == SR1:
            value = self.sr1
            self.sr1 &= ~AF
            return value
        if address == SR2:
            self.sr1 &= ~ADDR
            return int(self.master) | int(self.state not in (IDLE, LAST)) << 1
        if address == DR:
            return self._read_dr()
        return 0

    def write(self, address: int, value: int) -> None:
        """One 32-bit write."""
        self._pass()
        if address == CR1:
            self._write_cr1(value)
        elif address == CR2:
            if 2 <= value & 0x3F <= 42:
                self.cr2 = value
            else:
                self.violations.append(f"FREQ = {value & 0x3F}")
            self._pulse()
        elif address == SR1:
            self.sr1 &= value | ~AF
        elif address == DR:
            self._write_dr(value & 0xFF)

    def _write_cr1(self, value: int) -> None:
        old, self.cr1 = self.cr1, value
        if not value & PE and self.state == IDLE:
            self.sr1 &= ~(SB | ADDR | BTF | AF)
            self.timer = None
        if not value & (START | STOP):
            return
        restart = bool(value & START) and self.state not in (IDLE, ADDRESS)
        if value & STOP:
            if self._stop_bit(old):
                return
        elif restart:
            self._flush()
        if value & START:
            self.sr1 = (self.sr1 & ~(BTF | TXE)) | SB
            self.master = True
            self.transmit = False
            self.state = ADDRESS
            self.cr1 &= ~START
        self._pulse()

    def _stop_bit(self, old: int) -> bool:
        if self.transmit:
            self._flush()
            self.wire.stop()
            self.cr1 &= ~STOP
            self.state = IDLE
        elif old & STOP:
            self.wire.stop()
            self.state = IDLE
            self.cr1 &= ~STOP
            return True
        else:
            self.state = LAST
        self.master = False
        return False

    def _flush(self) -> None:
        for byte in self.queue if self.transmit else b"":
            self.wire.take(byte)
        self.queue.clear()
        self.sr1 &= ~(BTF | TXE)

    def _write_dr(self, value: int) -> None:
        self.sr1 &= ~(TXE | RXNE | SB | BTF)
        if self.state == ADDRESS:
            self.present = self.wire.address(value)
            if not self.present:
                self.sr1 |= AF
                self.state = IDLE
                self._pulse()
                return
            self.queue.clear()
            self.sr1 |= ADDR
            self.transmit = not value & 1
            if self.transmit:
                self.sr1 |= TXE
                self.state = WRITING
            else:
                self.state = READING
                self.queue.append(self.wire.give())
            self._schedule()
        elif self.state == WRITING:
            self.queue.append(value)
            self.sr1 |= TXE
            self._schedule()
        else:
            self.violations.append("DR written in improper state")
            return
        self._pulse()

    def _read_dr(self) -> int:
        more = bool(self.sr1 & BTF)
        self.sr1 &= ~(BTF | RXNE)
        if more:
            self.sr1 |= RXNE
        if self.state == LAST and not more:
            self.timer = None
            value = self._take()
            self.wire.log[-1].last_acknowledged = False
            self.wire.stop()
            self.state = ADDRESS if self.master else IDLE
            self.cr1 &= ~STOP
            return value
        if self.state in (LAST, READING):
            value = self._take()
            self._schedule()
            return value
        self.violations.append("DR read in improper state")
        return 0

    def _take(self) -> int:
        if not self.queue:
            self.queue.append(self.wire.give())
        return self.queue.pop(0)

    def _schedule(self) -> None:
        period_ns = 8_000 // (self.cr2 & 0x3F)
        self.timer = (self.now_ns + period_ns, self._send if self.transmit else self._receive)

    def _send(self) -> None:
        if self.sr1 & TXE:
            self.sr1 |= BTF
        else:
            self.sr1 |= TXE
            self._schedule()
        self._pulse()

    def _receive(self) -> None:
        if not self.sr1 & RXNE:
            self.sr1 |= RXNE
            self._schedule()
        elif self.state != LAST:
            self.sr1 |= BTF
        self._pulse()

    def _pulse(self) -> None:
        events = self.sr1 & (SB | ADDR | BTF)
        if self.cr2 & ITBUFEN:
            events |= self.sr1 & (TXE | RXNE)
        if self.cr2 & ITEVTEN and events:
            self.pending = self.pending or "event"
        if self.cr2 & ITERREN and self.sr1 & AF:
            self.pending = "error"

    def _pass(self) -> None:
        self.accesses += 1
        self.wait(ACCESS_NS)

    def advance(self) -> bool:
        """Jump to the next scheduled action; False when there is none."""
        if self.timer is None:
            return False
        self.now_ns = max(self.now_ns, self.timer[0])
        self._settle()
        return True

    def wait(self, duration_ns: int) -> None:
        """Let time pass without an access."""
        self.now_ns += duration_ns
        self._settle()

    def _settle(self) -> None:
        while self.timer is not None and self.timer[0] <= self.now_ns:
            action = self.timer[1]
            self.timer = None
            action()

    def interrupt(self) -> str:
        """Pending pulse."""
        return self.pending

    def entered(self) -> None:
        """Taking the interrupt clears its pending bit; pulses from now on pend again."""
        self.pending = ""
