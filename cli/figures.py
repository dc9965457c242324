"""The figures of the reference mission: how each is measured, and its limit.

A group is measured together, from flights that are flown once and shared. A figure that cannot be
measured appears all the same, without a value and failed, with the reason in its note.
"""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, cast

from cli import flights, worlds
from cli.comparison import Comparison, Record, compare
from cli.errors import CliError
from ground import packets
from ground.encode import Burst, Encoder

SCENARIO = "first-light"
HEAP_FREE_MIN_B = 40 * 1024
HEAP_FULLEST_FREE_MIN_B = 28 * 1024  # with everything running, at its fullest
FLASH_LIMIT_B = 448 * 1024
RAM_LIMIT_B = 128 * 1024
STEADY_AFTER_S = 120.0
TICK_FLIGHT_S = 1100.0
TICKS_MIN = 10_000
IDENTICAL_FLIGHT_S = 600.0
ALLOCATION_WINDOW_S = 60.0
# Nearly at rest from the start, with a gyro that says so: nominal mode, in which every app works,
# comes early.
ALLOCATION_START = ("initial.rate_deg_s=0.1", "spacecraft.imu.bias_rad_s=[0.0, 0.0, 0.0]")
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
    histogram: Optional[List[int]] = None  # what a percentile was taken of

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
        if self.histogram is not None:
            row["histogram"] = self.histogram
        return row


@dataclass
class Bench:
    """Flies what the figures need, each flight once. `say` is told what is being flown."""

    seed: int = 1
    elf: Path = worlds.ELF
    say: Callable[[str], None] = print
    _records: Dict[int, Record] = field(default_factory=dict)
    _flown: Dict[Tuple[str, str], Any] = field(default_factory=dict)
    _broken: Dict[Tuple[str, str], CliError] = field(default_factory=dict)

    def fly(self, world: str, title: str, overrides: Sequence[str] = (), **how: Any) -> Any:
        """One flight, with its telemetry recorded, the same one for the same title. Raises
        `CliError`, each time the same one."""
        if (world, title) in self._broken:
            raise self._broken[world, title]
        if (world, title) in self._flown:
            return self._flown[world, title]
        self.say(f"flying {title} in world {world}")
        try:
            return self._flown.setdefault((world, title), self._fly(world, overrides, **how))
        except CliError as error:
            self.say(f"{title} in world {world}: {error}")
            self._broken[world, title] = error
            raise

    def _fly(self, world: str, overrides: Sequence[str], **how: Any) -> Any:
        seed = how.pop("seed", self.seed)
        elf = how.pop("elf", self.elf)
        name = how.pop("scenario", SCENARIO)
        timeline = how.pop("timeline", True)
        flight = flights.prepare(name, world, seed, overrides, elf, timeline)
        uplink = how.pop("uplink", None)
        if uplink is not None:
            uplink(flight)
        record = Record(flight.dictionary)
        flight.listeners.append(record.frame)
        flight.fly()
        self._records[id(flight)] = record
        return flight

    def encoder(self, flight: Any) -> Encoder:
        """The one encoder of a flight's telecommands."""
        return cast(Encoder, flight.encoder)

    def figure(
        self,
        name: str,
        measure: Callable[[], Optional[float]],
        limit: float,
        unit: str,
        sense: str = "<=",
    ) -> Figure:
        """The figure that `measure` gives; without a value when what it needs cannot be flown."""
        try:
            return Figure(name, measure(), limit, unit, sense)
        except CliError as error:
            return Figure(name, None, limit, unit, sense, note=str(error))

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
            collect = flight.encoder.frame("set_parameters", {"sched_gc_every_s": 1})
            flight.world.uplink(20.0, collect)
            flight.world.uplink(22.0, flight.encoder.frame("attitude_reset_stats"))

        overrides = [f"duration_s={TICK_FLIGHT_S}"]
        return self.fly("qemu", "10 000 ticks with forced collections", overrides, uplink=uplink)

    @cached_property
    def allocation(self) -> Any:
        """A flight with one telecommand executed and one refused in the measured window."""

        def uplink(flight: Any) -> None:
            flight.world.uplink(ALLOCATION_AFTER_S + 25, flight.encoder.frame("ping"))
            flight.world.uplink(ALLOCATION_AFTER_S + 35, refused_frame(flight))

        overrides = [f"duration_s={ALLOCATION_FLIGHT_S}", *ALLOCATION_START]
        return self.fly("qemu", "the allocation window", overrides, uplink=uplink)

    @cached_property
    def comparison(self) -> Comparison:
        """All telemetry of the reference mission, desktop against emulator."""
        ours, theirs = self.desktop, self.qemu
        return compare(self.record(ours), self.record(theirs), ours.dictionary)


def refused_frame(flight: Any) -> Burst:
    """A well-formed telecommand whose argument is out of range: the spacecraft must refuse it."""
    command = flight.dictionary.commands["power_switch"]
    host = flight.dictionary.partners[0]
    data = command.id.to_bytes(2, "big") + bytes([int(command.arguments[0].highest) + 1, 1])
    packet = packets.build_tc(host.apid_base + (command.id >> 8), 0, 8, 1, data)
    return flight.encoder.burst(packet)


def percentile(histogram: Sequence[int], width: float, share: float, highest: float) -> float:
    """Upper edge of the bin that holds the `share` quantile; `highest` for the open last bin."""
    total = sum(histogram)
    seen = 0
    for index, count in enumerate(histogram):
        seen += count
        if seen >= share * total:
            return min((index + 1) * width, highest) if index < len(histogram) - 1 else highest
    return highest


def latest(flight: Any, packet: str, name: str) -> Any:
    """The newest value of a field as it came. Raises `CliError` when the packet never did."""
    report = flight.history.latest.get(packet)
    if report is None:
        raise CliError(f"packet {packet} never came down")
    return report.raw[name]


def steady(flight: Any, packet: str, name: str, after_s: float = STEADY_AFTER_S) -> List[Any]:
    """Values of a field received after the first `after_s`. Raises `CliError` without any."""
    t_s, values = flight.history.column(packet, name)
    found = [value for when, value in zip(t_s, values, strict=True) if when >= after_s]
    if not found:
        raise CliError(f"packet {packet} never came down after {after_s:g} s")
    return found
