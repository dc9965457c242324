"""Models of the STM32F4 USART: silicon after RM0090 section 30, and Renode's UART.STM32_UART.

Silicon: one byte in the data register beside the one on the line, an overrun loses the later byte,
errors are cleared by reading SR and then DR, the transmitter has a data and a shift register. What
the manual forbids, or leaves undefined, is noted in `violations`.
Renode: the transmitter is always empty, received bytes queue without limit, no error ever shows,
and TXEIE alone raises the interrupt.
"""

from __future__ import annotations

from collections import deque

SR, DR, BRR, CR1, CR2, CR3 = range(0x00, 0x18, 4)
PE, FE, NF, ORE, RXNE, TC, TXE = 1, 2, 4, 8, 1 << 5, 1 << 6, 1 << 7
RE, TE, RXNEIE, TXEIE, UE = 1 << 2, 1 << 3, 1 << 5, 1 << 7, 1 << 13

ACCESS_NS = 60
BYTE_NS = 86_806  # ten bits at 115200 baud


class SiliconUsart:
    """One peripheral with its base at address 0. `line` holds (arrival [ns], byte, error flags) of
    bytes to come, `sent` what left the shift register."""

    def __init__(self) -> None:
        self.violations: list[str] = []
        self.now_ns = 0
        self.accesses = 0
        self.regs = {BRR: 0, CR1: 0, CR2: 0, CR3: 0}
        self.status = 0
        self.data = 0
        self.seen = 0  # SR as it was last read
        self.line: deque[tuple[int, int, int]] = deque()
        self.sent = bytearray()
        self.shift: tuple[int, int] | None = None  # (done [ns], byte)
        self.waiting: int | None = None  # byte in DR, behind the shift register

    def feed(self, data: bytes, errors: int = 0) -> None:
        """Bytes back to back, the first complete one byte time after the last one, or from now."""
        at_ns = max(self.now_ns, self.line[-1][0] if self.line else 0)
        for byte in data:
            at_ns += BYTE_NS
            self.line.append((at_ns, byte, errors))

    # --- registers ----------------------------------------------------------------------------

    def read(self, address: int) -> int:
        """One 32-bit read."""
        self._pass(ACCESS_NS)
        if address == SR:
            self.seen = self._sr()
            return self.seen
        if address == DR:
            if not self.status & (RXNE | ORE):
                self._violate("DR read while empty")
            if self.status & ~self.seen & (FE | NF | ORE):
                self._violate("error not looked at before DR was read")
            self.status &= ~(RXNE | (self.seen & (FE | NF | ORE | PE)))
            return self.data
        if address not in self.regs:
            self._violate(f"read of {address:#x}")
            return 0
        return self.regs[address]

    def write(self, address: int, value: int) -> None:
        """One 32-bit write."""
        self._pass(ACCESS_NS)
        if address == DR:
            self._write_dr(value)
        elif address in self.regs:
            if address != CR1 and self.regs[CR1] & UE:
                self._violate(f"register {address:#x} written while enabled")
            self.regs[address] = value
        else:
            self._violate(f"write of {address:#x}")

    def _sr(self) -> int:
        empty = TXE if self.waiting is None else 0
        return self.status | empty | (TC if self.shift is None else 0)

    def _write_dr(self, value: int) -> None:
        if self.regs[CR1] & (UE | TE) != UE | TE:
            self._violate("DR written with the transmitter off")
        elif self.waiting is not None:
            self._violate("DR written while full")
        elif self.shift is None:
            self.shift = (self.now_ns + BYTE_NS, value & 0xFF)
        else:
            self.waiting = value & 0xFF

    # --- line, time and interrupts ------------------------------------------------------------

    def _violate(self, text: str) -> None:
        self.violations.append(f"{text} at {self.now_ns} ns")

    def _pass(self, duration_ns: int) -> None:
        self.accesses += 1
        self.wait(duration_ns)

    def wait(self, duration_ns: int) -> None:
        """Let time pass without an access."""
        self.now_ns += duration_ns
        self._settle()

    def _settle(self) -> None:
        while self.shift is not None and self.shift[0] <= self.now_ns:
            done_ns, byte = self.shift
            self.sent.append(byte)
            self.shift = None
            if self.waiting is not None:
                self.shift, self.waiting = (done_ns + BYTE_NS, self.waiting), None
        while self.line and self.line[0][0] <= self.now_ns:
            _, byte, errors = self.line.popleft()
            if self.regs[CR1] & (UE | RE) != UE | RE:
                continue
            if self.status & RXNE:
                self.status |= ORE
            else:
                self.data = byte
                self.status |= RXNE | errors

    def advance(self) -> bool:
        """Jump to the next thing that happens; False when nothing will."""
        due = [self.shift[0]] if self.shift else []
        due += [self.line[0][0]] if self.line else []
        if not due:
            return False
        self.now_ns = max(self.now_ns, min(due))
        self._settle()
        return True

    def interrupt(self) -> bool:
        """Level of the interrupt line."""
        enabled, status = self.regs[CR1], self._sr()
        return bool(
            (enabled & RXNEIE and status & (RXNE | ORE)) or (enabled & TXEIE and status & TXE)
        )


class RenodeUsart(SiliconUsart):
    """What Renode does otherwise; same interface. Errors of the line do not reach the receiver."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: deque[int] = deque()

    def read(self, address: int) -> int:
        self._pass(ACCESS_NS)
        if address == SR:
            return self._sr()
        if address == DR:
            return self.queue.popleft() if self.queue else 0
        return self.regs[address]

    def _sr(self) -> int:
        return TXE | TC | (RXNE if self.queue else 0)

    def _write_dr(self, value: int) -> None:
        self.sent.append(value & 0xFF)

    def _settle(self) -> None:
        while self.line and self.line[0][0] <= self.now_ns:
            byte = self.line.popleft()[1]
            if self.regs[CR1] & (UE | RE) == UE | RE:
                self.queue.append(byte)

    def interrupt(self) -> bool:
        enabled = self.regs[CR1]
        return bool((enabled & RXNEIE and self.queue) or enabled & TXEIE)
