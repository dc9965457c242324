"""The SPI bus of the spacecraft: chip selects, the clock of its parts, and what it costs.

The clock of a part is onboard time, counted on over resets. Transfers take no onboard time in
virtual worlds; while a part is busy they take eight bits per byte of its clock here, so that who
polls it long enough sees it end. A part that is idle does not run ahead of the computer.
"""

from __future__ import annotations

from collections.abc import Mapping

from sim.devices.base import BusError
from sim.devices.w25q128 import W25q128
from sim.protocol import BUS_SPI, E_NODEV, E_RESET

# SPI1 of the reference computer: the fastest rate of 84 MHz / 2^n that is not above 10 MHz.
SPI_CLOCK_HZ = 5_250_000

Answer = tuple[int, bytes]


class SpiBus:
    """Parts by chip select."""

    def __init__(self, parts: Mapping[int, W25q128]) -> None:
        self.parts = dict(parts)
        self.transfers = 0
        self.errors = 0
        self.bytes = 0
        self._base_us = 0  # clock at onboard zero of this boot
        self._bits = 0  # spent on the wire with a busy part since `_from_us`
        self._from_us = 0
        self._tick = -1
        self._tick_bytes = 0
        self._tick_bytes_max = 0
        self._ticks = 0

    def boot(self, last_us: int) -> None:
        """Onboard time starts anew after `last_us`; parts whose supply had failed have it again."""
        self._base_us += last_us
        for part in self.parts.values():
            if not part.powered:
                part.powered = True

    def supply_lost(self, time_us: int) -> None:
        """Brown-out at onboard time `time_us`; the supply is back with the next boot."""
        for part in self.parts.values():
            part.time_us = self._clock_us(time_us)
            part.supply_lost()

    def transfer(self, bus: int, select: int, tx: bytes, rx_len: int, time_us: int) -> Answer:
        """One selection at onboard time `time_us`. E_RESET: the supply failed in it."""
        part = self.parts.get(select) if bus == BUS_SPI else None
        if part is None:
            self.errors += bus == BUS_SPI
            return E_NODEV, b""
        size = len(tx) + rx_len
        part.time_us = self._clock_us(time_us)
        self._count(part.time_us // 100_000, size)
        if part.busy:
            self._bits += 8 * size
            part.time_us = self._clock_us(time_us)  # as /CS rises
        try:
            data = part.transfer(tx, rx_len, select)
        except BusError as error:
            self.errors += 1
            return error.status, b""
        return (E_RESET, b"") if part.supply_failed else (0, data)

    def peek(self, bus: int, select: int, tx: bytes, rx_len: int, time_us: int) -> Answer:
        """What `transfer` would answer, without what the instruction does as the selection ends."""
        part = self.parts.get(select) if bus == BUS_SPI else None
        if part is None:
            return E_NODEV, b""
        part.time_us = self._clock_us(time_us)
        try:
            return 0, part.peek(tx, rx_len, select)
        except BusError as error:
            return error.status, b""

    def _clock_us(self, time_us: int) -> int:
        wire_us = self._from_us + self._bits * 1_000_000 // SPI_CLOCK_HZ
        now_us = self._base_us + time_us
        if now_us >= wire_us:
            self._from_us, self._bits = now_us, 0
            return now_us
        return wire_us

    def _count(self, tick: int, size: int) -> None:
        if tick != self._tick:
            self._tick, self._tick_bytes = tick, 0
            self._ticks += 1
        self._tick_bytes += size
        self._tick_bytes_max = max(self._tick_bytes_max, self._tick_bytes)
        self.transfers += 1
        self.bytes += size

    def figures(self, prefix: str) -> dict[str, float]:
        """Counters as those of `sim.traffic.BusTraffic`."""
        scale = 8e6 / SPI_CLOCK_HZ
        return {
            f"{prefix}_transfers": self.transfers,
            f"{prefix}_errors": self.errors,
            f"{prefix}_bytes": self.bytes,
            f"{prefix}_tick_mean_us": self.bytes * scale / max(1, self._ticks),
            f"{prefix}_tick_max_us": self._tick_bytes_max * scale,
        }
