"""Strict model of the STM32F4 I2C peripheral as a master, after RM0090 section 27.

Bytes take real time, flags rise and fall by the rules of section 27.6.6, interrupt lines are levels
held while a flag is up. Whatever the manual forbids, or leaves undefined and would hang or corrupt
a transfer on silicon, is noted in `violations`.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.stm32.i2c_slave import Wire

CR1, CR2, OAR1, OAR2, DR, SR1, SR2, CCR, TRISE = range(0x00, 0x24, 4)
PE, START, STOP, ACK, POS, SWRST = 1 << 0, 1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 15
ITERREN, ITEVTEN, ITBUFEN = 1 << 8, 1 << 9, 1 << 10
SB, ADDR, BTF, RXNE, TXE = 1 << 0, 1 << 1, 1 << 2, 1 << 6, 1 << 7
BERR, ARLO, AF, OVR = 1 << 8, 1 << 9, 1 << 10, 1 << 11
RC_W0 = 0xDF00

ACCESS_NS = 60
CONDITION_NS = 1_250  # START or STOP on the wire
BYTE_NS = 22_500  # nine clocks at 400 kHz


class SiliconI2C:
    """One peripheral with its base at address 0; time is `now_ns` and moves by accesses too."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.violations: list[str] = []
        self.now_ns = 0
        self.accesses = 0
        self.reset()

    def reset(self) -> None:
        """State after power-up or SWRST."""
        self.regs = {CR1: 0, CR2: 0, OAR1: 0, OAR2: 0, CCR: 0, TRISE: 2}
        self.sr1 = 0
        self.master = self.transmit = False
        self.data = 0  # DR on the read side
        self.shift: int | None = None  # received byte held back because DR is full
        self.to_send: int | None = None  # byte in DR waiting for the shift register
        self.busy_until: tuple[int, Callable[[], None]] | None = None
        self.sr1_seen = 0  # flags as the software last read them
        self.last_ack = True
        self.refused = False  # address or data byte not acknowledged, the master holds the bus

    # --- register side ------------------------------------------------------------------------

    def read(self, address: int) -> int:
        """One 32-bit read."""
        self._pass(ACCESS_NS)
        if address == SR1:
            self.sr1_seen = self.sr1
            return self.sr1
        if address == SR2:
            return self._read_sr2()
        if address == DR:
            return self._read_dr()
        if address not in self.regs:
            self._violate(f"read of unknown register {address:#x}")
            return 0
        return self.regs[address]

    def write(self, address: int, value: int) -> None:
        """One 32-bit write."""
        self._pass(ACCESS_NS)
        if address == CR1:
            self._write_cr1(value)
        elif address == DR:
            self._write_dr(value)
        elif address == SR1:
            self.sr1 &= value | ~RC_W0
        elif address in (CCR, TRISE):
            if self.regs[CR1] & PE:
                self._violate("CCR or TRISE written while PE = 1")
            self.regs[address] = value
        elif address == CR2:
            if not 2 <= value & 0x3F <= 42:
                self._violate(f"CR2.FREQ = {value & 0x3F}")
            self.regs[CR2] = value
        elif address in self.regs:
            self.regs[address] = value
        else:
            self._violate(f"write of {address:#x}")

    def _read_sr2(self) -> int:
        if self.sr1 & ADDR and self.sr1_seen & ADDR:
            self.sr1 &= ~ADDR
            if self.transmit:
                self.sr1 |= TXE
            else:
                self._next_byte()
        return int(self.master) | int(self.master) << 1 | int(self.transmit) << 2

    def _read_dr(self) -> int:
        if not self.sr1 & RXNE:
            self._violate("DR read while empty")
            return 0
        value = self.data
        if self.shift is not None:
            self.data, self.shift = self.shift, None
            self.sr1 &= ~BTF
            self._after_received()
        else:
            self.sr1 &= ~RXNE
        return value

    def _write_cr1(self, value: int) -> None:
        old = self.regs[CR1]
        if value & SWRST:
            self.reset()
            self.regs[CR1] = SWRST
            return
        if not value & PE:
            self.regs[CR1] = value
            self.sr1 = 0
            self.master = self.transmit = self.refused = False
            self.busy_until = self.shift = self.to_send = None
            return
        if old & (STOP | START):
            self._violate("CR1 written while START or STOP was pending")
        self.regs[CR1] = value
        if value & START and value & STOP:
            self._violate("START and STOP together")
        elif value & START:
            self._request_start()
        elif value & STOP:
            self._request_stop()

    def _request_start(self) -> None:
        if self.master and self.transmit and not self.sr1 & BTF:
            self._violate("repeated START while a byte was on its way out")
        if self.master and not self.transmit:
            self._violate("repeated START in reception")
        if self.wire.held_low == 0:
            self._after(CONDITION_NS, self._started)

    def _started(self) -> None:
        self.regs[CR1] &= ~START
        self.sr1 = (self.sr1 & ~(TXE | BTF)) | SB
        self.master = True
        self.transmit = self.refused = False

    def _request_stop(self) -> None:
        if not self.master:
            self._violate("STOP without being master")
        elif self.refused:
            if self.sr1 & AF:
                self._violate("STOP before AF was cleared")
            self._after(CONDITION_NS, self._stopped)
        elif self.transmit:
            if self.sr1 & ADDR:
                self._violate("STOP before ADDR was cleared")
            if self.to_send is not None or self.busy_until:
                self._violate("STOP while a byte was on its way out")
            self._after(CONDITION_NS, self._stopped)
        elif self.busy_until is None:
            self._violate("STOP in reception without a byte under way")
            self._after(CONDITION_NS, self._stopped)

    def _stopped(self) -> None:
        self.regs[CR1] &= ~STOP
        self.sr1 &= ~(TXE | BTF)
        self.master = self.transmit = self.refused = False
        self.wire.stop()

    def _write_dr(self, value: int) -> None:
        self.sr1 &= ~RXNE
        if self.sr1 & SB:
            if not self.sr1_seen & SB:
                self._violate("address written before SR1 showed SB")
            self.sr1 &= ~SB
            self._after(BYTE_NS, lambda: self._addressed(value))
        elif self.master and self.transmit and self.sr1 & TXE and not self.sr1 & ADDR:
            self.sr1 &= ~BTF
            if self.busy_until is None:
                self._after(BYTE_NS, lambda: self._sent(value))
            else:
                self.to_send = value
                self.sr1 &= ~TXE
        else:
            self._violate("DR written out of turn")

    # --- wire side ----------------------------------------------------------------------------

    def _addressed(self, value: int) -> None:
        self.transmit = not value & 1
        self.refused = not self.wire.address(value)
        self.sr1 |= AF if self.refused else ADDR

    def _sent(self, value: int) -> None:
        if not self.wire.take(value):
            self.refused = True
            self.sr1 |= AF
            self.to_send = None
        elif self.to_send is not None:
            following, self.to_send = self.to_send, None
            self.sr1 |= TXE
            self._after(BYTE_NS, lambda: self._sent(following))
        else:
            self.sr1 |= BTF | TXE

    def _next_byte(self) -> None:
        self._after(BYTE_NS, self._received)

    def _received(self) -> None:
        value = self.wire.give()
        self.last_ack = bool(self.regs[CR1] & ACK)
        self.wire.log[-1].last_acknowledged = self.last_ack
        if self.sr1 & RXNE:
            self.shift = value
            self.sr1 |= BTF
            if self.regs[CR1] & STOP:
                self._after_received()
            return
        self.data = value
        self.sr1 |= RXNE
        self._after_received()

    def _after_received(self) -> None:
        if self.regs[CR1] & STOP:
            if self.last_ack:
                self._violate("STOP after an acknowledged byte: the slave still drives SDA")
            self._after(CONDITION_NS, self._stopped)
        elif self.last_ack and self.busy_until is None:
            self._next_byte()

    # --- time and interrupts ------------------------------------------------------------------

    def _violate(self, text: str) -> None:
        self.violations.append(f"{text} at {self.now_ns} ns")

    def _after(self, delay_ns: int, action: Callable[[], None]) -> None:
        self.busy_until = (self.now_ns + delay_ns, action)

    def _pass(self, duration_ns: int) -> None:
        self.accesses += 1
        self.now_ns += duration_ns
        self._settle()

    def _settle(self) -> None:
        while self.busy_until is not None and self.busy_until[0] <= self.now_ns:
            action = self.busy_until[1]
            self.busy_until = None
            action()

    def advance(self) -> bool:
        """Jump to the next thing that happens on the wire; False when nothing will."""
        if self.busy_until is None:
            return False
        self.now_ns = max(self.now_ns, self.busy_until[0])
        self._settle()
        return True

    def wait(self, duration_ns: int) -> None:
        """Let time pass without an access: interrupt latency."""
        self.now_ns += duration_ns
        self._settle()

    def interrupt(self) -> str:
        """Line that is up: "error", "event" or none."""
        enabled = self.regs[CR2]
        if enabled & ITERREN and self.sr1 & (BERR | ARLO | AF | OVR):
            return "error"
        events = self.sr1 & (SB | ADDR | BTF)
        if enabled & ITBUFEN:
            events |= self.sr1 & (TXE | RXNE)
        return "event" if enabled & ITEVTEN and events else ""

    def entered(self) -> None:
        """The processor took the interrupt: a level needs no acknowledgement."""
