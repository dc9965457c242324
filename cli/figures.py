"""The figures of the reference mission: how each is measured, and its limit.

A group is measured together, from flights that are flown once and shared. A figure that cannot be
measured appears all the same, without a value and failed, with the reason in its note.
"""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from cli import flights, worlds
from cli.comparison import Comparison, Record, compare
from ground import packets
from ground.dictionary import Dictionary
from ground.encode import Encoder, tc_frame

SCENARIO = "first-light"
HEAP_FREE_MIN_B = 56 * 1024
FLASH_LIMIT_B = 256 * 1024
RAM_LIMIT_B = 128 * 1024
STEADY_AFTER_S = 120.0
TICK_FLIGHT_S = 1100.0
TICKS_MIN = 10_000
IDENTICAL_FLIGHT_S = 600.0
ALLOCATION_WINDOW_S = 60.0
# Nearly at rest from the start, so that nominal mode, in which every app works, comes early.
ALLOCATION_RATE_DEG_S = 0.1
ALLOCATION_AFTER_S = 400.0
ALLOCATION_FLIGHT_S = 500.0
HEAP_COUNTER_MODULUS = 1 << 30

# The corners of the envelope in which first-light must hold: overrides, and the seed to fly with.
ENVELOPE: Tuple[Tuple[str, int, Tuple[str, ...]], ...] = (
    ("half inertia, 15 deg/s, 400 km, 60 deg", 11, ("0.5", "15.0", "400.0", "60.0")),
    ("double inertia, 15 deg/s, 400 km, 120 deg", 12, ("2.0", "15.0", "400.0", "120.0")),
    ("half inertia, 15 deg/s, 700 km, 120 deg", 13, ("0.5", "15.0", "700.0", "120.0")),
    ("double inertia, 15 deg/s, 700 km, 60 deg", 14, ("2.0", "15.0", "700.0", "60.0")),
    ("double inertia, 15 deg/s, 700 km, 97.5 deg", 15, ("2.0", "15.0", "700.0", "97.5")),
    ("nominal inertia, 2 deg/s, 550 km, 90 deg", 16, ("1.0", "2.0", "550.0", "90.0")),
)
ENVELOPE_KEYS = (
    "spacecraft.inertia_scale",
    "initial.rate_deg_s",
    "orbit.altitude_km",
    "orbit.inclination_deg",
)


@dataclass
class Figure:
    """One measured number with its limit. `sense`: value <= limit or value >= limit."""

    name: str
    value: Optional[float]
    limit: Optional[float]
    unit: str
    sense: str = "<="
    note: str = ""
    failed: bool = False  # by whoever measured it, whatever the value

    @property
    def passed(self) -> bool:
        """True when there is a value, and it keeps the limit (or there is none)."""
        if self.failed or self.value is None:
            return False
        if self.limit is None:
            return True
        return self.value <= self.limit if self.sense == "<=" else self.value >= self.limit

    def row(self) -> Dict[str, Any]:
        """As in the JSON."""
        row: Dict[str, Any] = {
            "name": self.name,
            "value": self.value,
            "limit": self.limit,
            "unit": self.unit,
            "pass": self.passed,
        }
        if self.note:
            row["note"] = self.note
        return row


@dataclass
class Bench:
    """Flies what the figures need, each flight once. `say` is told what is being flown."""

    seed: int = 1
    elf: Path = worlds.ELF
    say: Callable[[str], None] = print
    _records: Dict[int, Record] = field(default_factory=dict)

    def fly(self, world: str, title: str, overrides: Sequence[str] = (), **how: Any) -> Any:
        """One flight, with its telemetry recorded."""
        self.say(f"flying {title} in world {world}")
        seed = how.pop("seed", self.seed)
        flight = flights.prepare(SCENARIO, world, seed, overrides, self.elf)
        uplink = how.pop("uplink", None)
        if uplink is not None:
            uplink(flight)
        record = Record(flight.dictionary)
        flight.listeners.append(record.frame)
        flight.fly()
        self._records[id(flight)] = record
        return flight

    def record(self, flight: Any) -> Record:
        """The telemetry of a flight of this bench."""
        return self._records[id(flight)]

    @cached_property
    def desktop(self) -> Any:
        """The reference mission on the desktop."""
        return self.fly("desktop", "the reference mission")

    @cached_property
    def qemu(self) -> Any:
        """The reference mission in the emulator."""
        return self.fly("qemu", "the reference mission")

    @cached_property
    def identical(self) -> Tuple[str, str]:
        """Hashes of the frames of two runs of one seed."""
        digests = []
        for run in ("first", "second"):
            overrides = [f"duration_s={IDENTICAL_FLIGHT_S}"]
            flight = self.fly("qemu", f"{IDENTICAL_FLIGHT_S:.0f} s, {run} run", overrides)
            digest = hashlib.sha256()
            for t_s, frame in self.record(flight).frames:
                digest.update(repr(t_s).encode() + frame)
            digests.append(digest.hexdigest())
        return digests[0], digests[1]

    @cached_property
    def ticks(self) -> Any:
        """A flight in which the scheduler collects garbage every second, on purpose."""

        def uplink(flight: Any) -> None:
            encoder = Encoder(flight.dictionary)
            collect = encoder.frame("set_parameters", {"sched_gc_every_s": 1})
            flight.world.uplink(20.0, collect)
            flight.world.uplink(22.0, encoder.frame("attitude_reset_stats"))

        overrides = [f"duration_s={TICK_FLIGHT_S}"]
        return self.fly("qemu", "10 000 ticks with forced collections", overrides, uplink=uplink)

    @cached_property
    def allocation(self) -> Any:
        """A flight with one telecommand executed and one refused in the measured window."""

        def uplink(flight: Any) -> None:
            encoder = Encoder(flight.dictionary)
            flight.world.uplink(ALLOCATION_AFTER_S + 25, encoder.frame("ping"))
            flight.world.uplink(ALLOCATION_AFTER_S + 35, refused_frame(flight.dictionary))

        overrides = [
            f"duration_s={ALLOCATION_FLIGHT_S}",
            f"initial.rate_deg_s={ALLOCATION_RATE_DEG_S}",
        ]
        return self.fly("qemu", "the allocation window", overrides, uplink=uplink)

    @cached_property
    def comparison(self) -> Comparison:
        """All telemetry of the reference mission, desktop against emulator."""
        ours, theirs = self.desktop, self.qemu
        return compare(self.record(ours), self.record(theirs), ours.dictionary)


def refused_frame(dictionary: Dictionary) -> bytes:
    """A well-formed telecommand whose argument is out of range: the spacecraft must refuse it."""
    command = dictionary.commands["power_switch"]
    host = dictionary.partners[0]
    data = command.id.to_bytes(2, "big") + bytes([int(command.arguments[0].highest) + 1, 1])
    packet = packets.build_tc(host.apid_base + (command.id >> 8), 0, 8, 1, data)
    return tc_frame(dictionary.scid, host.vc, packet)


def percentile(histogram: Sequence[int], width: float, share: float, highest: float) -> float:
    """Upper edge of the bin that holds the `share` quantile; `highest` for the open last bin."""
    total = sum(histogram)
    seen = 0
    for index, count in enumerate(histogram):
        seen += count
        if seen >= share * total:
            return min((index + 1) * width, highest) if index < len(histogram) - 1 else highest
    return highest


def steady(flight: Any, packet: str, name: str, after_s: float = STEADY_AFTER_S) -> List[Any]:
    """Values of a field received after the first `after_s` of the flight."""
    t_s, values = flight.history.column(packet, name)
    return [value for when, value in zip(t_s, values, strict=True) if when >= after_s]
