"""A rig whose thread is survival's: parts of the simulator, an EPS, and rounds."""

from __future__ import annotations

from native.cffi.survival import WAIT
from sim.devices.base import BusError
from tests.native.rig import Rig

EPS = 0x18


class Eps:
    """Registers of docs/icd/eps.md as far as survival goes."""

    def __init__(self, battery_V: float) -> None:
        self.battery_V = battery_V
        self.deployed = 1
        self.switches: list[int] = []
        self.grid = 0
        self.faults = Rig().fram.faults

    def transfer(self, tx: bytes, rx_len: int, address: int) -> bytes:
        if tx[0] == 2 and len(tx) == 3:
            self.switches.append(int.from_bytes(tx[1:], "big"))
            return b""
        if tx[0] == 4:
            return round(self.battery_V / 1.25e-3).to_bytes(2, "big")[:rx_len]
        if tx[0] == 0x22:
            return self.deployed.to_bytes(2, "big")
        raise BusError(-19)


class Survivor(Rig):
    """A rig whose thread is survival's whenever Python is over."""

    def __init__(self, battery_V: float = 8.0, faults=None) -> None:
        super().__init__(faults)
        self.eps = Eps(battery_V)
        self.devices[EPS] = self.eps
        self.beating = False
        self.now_ms = 0
        self.survival = self.stack.survival
        self.to(1000)
        self.survival.begin(1, 0)

    def to(self, ms: int) -> None:
        """Control ticks up to `ms`, Python neither beating nor being stopped; the radio sends."""
        self.radio.advance(self.now_ms / 1000, (ms - self.now_ms) / 1000)
        self.run(ms / 1000)
        self.now_ms = ms

    def rounds(self, limit_ms: int = 120_000) -> int:
        """Rounds until survival asks for something; `elapsed` says how long that took."""
        begin_ms = self.now_ms
        while self.now_ms - begin_ms <= limit_ms:
            action = self.survival.round()
            self.elapsed = self.now_ms - begin_ms
            if action != WAIT:
                return action
            self.to(self.now_ms + 100)
        raise AssertionError("survival asks for nothing")

    def carrier(self) -> list[tuple[float, int]]:
        """Writes to the radio's CTRL register: when [s], carrier."""
        return [
            (r.t_us / 1e6, r.tx[1] & 1)
            for r in self.requests
            if r.address == 0x34 and r.tx[:1] == b"\x02" and len(r.tx) == 2
        ]

    def beacons(self) -> list[float]:
        """When frames were given to the radio [s]."""
        return [r.t_us / 1e6 for r in self.requests if r.address == 0x34 and r.tx[:1] == b"\x08"]
