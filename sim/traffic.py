"""What the bus traffic costs: bytes and wire time, per bus and per control tick.

I2C: start, nine bits per byte (address bytes included), stop; a read after a write adds a repeated
start and a second address byte (NXP UM10204 section 3.1). The clock is the bus clock of the
reference spacecraft, so the figures are those of the wire whatever carries the messages.
"""

from __future__ import annotations

I2C_CLOCK_HZ = 400_000


class BusTraffic:
    """One I2C bus; a tick is one point of the onboard 100 ms grid."""

    def __init__(self) -> None:
        self.transfers = 0
        self.errors = 0
        self.bytes = 0
        self.bits = 0
        self.bits_max = 0
        self.ticks = 0
        self._tick = -1
        self._tick_bits = 0

    def count(self, tick: int, tx_len: int, rx_len: int) -> None:
        """One transfer; without data it is an address probe."""
        addresses = 2 if tx_len and rx_len else 1
        size = addresses + tx_len + rx_len
        bits = 9 * size + addresses + 1
        if tick != self._tick:
            self._tick = tick
            self._tick_bits = 0
            self.ticks += 1
        self._tick_bits += bits
        if self._tick_bits > self.bits_max:
            self.bits_max = self._tick_bits
        self.transfers += 1
        self.bytes += size
        self.bits += bits

    def figures(self, prefix: str) -> dict[str, float]:
        """Counters by name; times in microseconds; the mean is over ticks with traffic."""
        scale = 1e6 / I2C_CLOCK_HZ
        return {
            f"{prefix}_transfers": self.transfers,
            f"{prefix}_errors": self.errors,
            f"{prefix}_bytes": self.bytes,
            f"{prefix}_tick_mean_us": self.bits * scale / max(1, self.ticks),
            f"{prefix}_tick_max_us": self.bits_max * scale,
        }
