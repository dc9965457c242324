"""Files over the link of a flight: the ground's end of an owner, sending when the uplink is free.

link = FileLink(flight, "host", folder)      # before the flight
link.upload(20.0, path, "plan.bin")          # world time [s]
link.download(400.0, "picture.bin")
flight.fly(); link.files.ended
"""

import random
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Set, Tuple

from cli.errors import CliError
from ground import cltu
from ground.cfdp import FileTransfers
from ground.cfdp_receive import file_send

UPLINK_MAP = 1
PAUSE_S = 0.5  # between two looks for something to send
ALWAYS = ((0.0, float("inf")),)


class FileLink:
    """`loss` of the units is lost each way, drawn by `seed`; `passes`: (from, until) [s] with
    contact. Counters: `up`, `down` units and octets of packets that were sent."""

    def __init__(
        self,
        flight: Any,
        owner: str,
        folder: Path,
        loss: float = 0.0,
        seed: int = 1,
        passes: Sequence[Tuple[float, float]] = ALWAYS,
    ) -> None:
        self.flight = flight
        self.owner = owner
        # Time of what is radiated, the same in every world.
        self._now_s = PAUSE_S
        self.files = FileTransfers(owner, folder, lambda: self._now_s)
        self.sent: Dict[str, int] = dict.fromkeys(("up", "up_B", "down", "down_B"), 0)
        self.done_s: List[float] = []  # when a transfer was over
        self._into: Set[str] = set()  # names of what comes down
        self._vc = flight.dictionary.partner(owner).vc
        self._loss = loss
        self._noise = {way: random.Random(f"{seed} {way}") for way in ("up", "down")}
        self._passes = passes
        flight.decoder.on_file_unit.append(self._heard)
        flight.world.uplink(PAUSE_S, self._next)
        for first, _ in passes:
            # Whoever begins a pass says so: what waits for contact goes on.
            flight.world.uplink(first + 1.0, flight.encoder.frame("ping", (), owner))

    def upload(self, t_s: float, path: Path, name: str, **how: Any) -> None:
        """Begin to send a file at a world time."""
        self._at(t_s, lambda: self.files.upload(path, name, **how))

    def download(self, t_s: float, name: str, acknowledged: bool = True) -> None:
        """Ask for a file in the owner's root at a world time; it comes into the folder under the
        last part of its name. Raises `CliError` when two would."""
        values = file_send(name, acknowledged)
        last = values["name"]
        if last in self._into:
            raise CliError(f"{name}: {self.owner} asks twice for a file of the name {last}")
        self._into.add(last)
        self._at(t_s, lambda: self.files.download(name))
        burst = self.flight.encoder.frame("file_send", values, self.owner)
        self.flight.world.uplink(t_s, burst)

    def _at(self, t_s: float, action: Callable[[], Any]) -> None:
        def act() -> bytes:
            action()
            return b""

        self.flight.world.uplink(t_s, act)

    @property
    def contact(self) -> bool:
        """There is a pass now."""
        return any(first <= self._now_s < last for first, last in self._passes)

    def _lost(self, way: str) -> bool:
        return self._noise[way].random() < self._loss

    def _heard(self, vc: int, unit: bytes) -> None:
        if vc != self._vc:
            return
        self.sent["down"] += 1
        self.sent["down_B"] += len(unit) + 6
        if self.contact and not self._lost("down"):
            self.files.receive(unit)

    def _next(self) -> bytes:
        """What is radiated next; the uplink asks again when it has gone."""
        world = self.flight.world
        unit = self.files.next_pdu() if self.contact else None
        self.done_s += [self._now_s] * (len(self.files.ended) - len(self.done_s))
        burst = b""
        if unit is not None:
            packet = self.files.packet(unit)
            self.sent["up"] += 1
            self.sent["up_B"] += len(packet)
            frame = self.flight.encoder.security.frame(self._vc, packet, map_id=UPLINK_MAP)
            burst = cltu.burst(frame)
            if self._lost("up"):
                burst = bytes(len(burst))
        rate_bit_s = world.spacecraft.radio.rate_bit_s
        self._now_s += len(burst) * 8.0 / rate_bit_s if burst else PAUSE_S
        world.uplink(self._now_s, self._next)
        return burst
