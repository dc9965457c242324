"""Wire of the controller models whose slaves are the Python twin of the Renode bridge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.renode.bridge_twin import PythonBridge
from tests.stm32.i2c_slave import Transaction, Wire

STATUS = 0x7E


@dataclass
class BridgedWire(Wire):
    """A bus whose slaves are bridge devices; `present` lists the addresses of the platform.
    `now_us` is the machine's time at each operation."""

    bridge: PythonBridge | None = None
    bus: int = 1
    now_us: Callable[[], int] = lambda: 0
    present: frozenset[int] = frozenset()
    pending: bytearray = field(default_factory=bytearray)

    def _bridge(self) -> PythonBridge:
        assert self.bridge is not None
        self.bridge.time(self.now_us())
        return self.bridge

    def _flush(self) -> None:
        if self.pending:
            data, self.pending = bytes(self.pending), bytearray()
            self._bridge().write(self.bus, self.log[-1].address, data)

    def address(self, value: int) -> bool:
        self._flush()
        self.log.append(Transaction(value >> 1, bool(value & 1), value >> 1 in self.present))
        return self.log[-1].acknowledged

    def take(self, value: int) -> bool:
        self.pending.append(value)
        return True

    def give(self) -> int:
        if self.log[-1].address == STATUS:
            return self._bridge().status(self.bus)
        return self._bridge().read(self.bus, self.log[-1].address)

    def stop(self) -> None:
        self._flush()
        if self.log and self.log[-1].acknowledged and self.log[-1].address != STATUS:
            self._bridge().stop(self.bus, self.log[-1].address)
