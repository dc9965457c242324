"""What fails that is no part: the buses themselves, and the computer's supply and reset line."""

from __future__ import annotations

from collections.abc import Callable

from sim.faults import BUSES, COMPUTER, LINES, PYTHON, Fault, FaultSet, noise_bytes
from sim.protocol import BUS_ADCS, BUS_PLATFORM, E_NODEV, E_TIMEOUT

_NUMBERS = dict(zip((BUS_ADCS, BUS_PLATFORM), BUSES, strict=True))


class Lines:
    """`faults` by the names of `sim.faults.LINES`; `waiting` are resets that have not come yet."""

    def __init__(self, faults: Callable[[str], FaultSet]) -> None:
        self.faults = {name: faults(name) for name in LINES}
        self._buses = {number: self.faults[name] for number, name in _NUMBERS.items()}
        self.waiting = sorted(self.faults[COMPUTER].known, key=lambda fault: fault.t_s)
        deaths = sorted(self.faults[PYTHON].known, key=lambda fault: fault.t_s)
        self.python_deaths = tuple((fault.t_s, fault.kind) for fault in deaths)

    def hindrance(self, bus: int, grid: int) -> int:
        """Status of a transfer that bus number `bus` does not carry now, 0 when it does."""
        faults = self._buses.get(bus)
        if faults is None or not faults.active:
            return 0
        if faults.has("stuck_low"):
            return E_TIMEOUT
        return E_NODEV if faults.strikes("nack_storm", grid) else 0

    def garbled(self, bus: int, address: int, grid: int, data: bytes) -> bytes:
        """What arrives of the `data` that the part at `address` sent."""
        if not self._buses[bus].has("garbage"):
            return data
        return noise_bytes(f"{_NUMBERS[bus]}/{grid}/{address}", len(data))

    def reset_due(self, now_s: float) -> Fault | None:
        """The reset or brown-out that has come by `now_s` of world time; each is told once."""
        if self.waiting and now_s >= self.waiting[0].t_s:
            return self.waiting.pop(0)
        return None
