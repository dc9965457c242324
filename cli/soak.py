"""Soak: the reference mission for weeks, flown day by day, each day resumable.

Every day is a flight of its own: the onboard computer starts anew, and finds in FRAM and flash what
the day before left there, with the wear it left. The ground goes on with its counters, and asks
once an hour whether somebody is there. A day that has been flown with this very software is not
flown again. What is watched: memory of the flight software, counters that must not move, answers
that do not come, wear of the flash memory.
"""

import gc
import hashlib
import itertools
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import Any, Dict, List

from cli import flights, worlds
from cli.figures import SCENARIO, Bench, Figure
from ground.decode import Report
from ground.history import History

DAY_S = 86_400.0
DAYS = {"desktop": 30, "qemu": 2}
EVIDENCE = worlds.ROOT / "build" / "evidence" / "soak"
# Of the first hour or so: modes change, stores fill, the first pass of everything.
SETTLED_S = 7200.0
HOUR_S = 3600.0
KEPT_COLUMNS = ("core_hk",)
# Counters that must stay at zero, by packet: arrays of apps, or single ones.
QUIET = {
    "schedule": ("app_errors", "app_overruns", "app_missed", "app_restarts"),
    "core_hk": ("heap_shortages", "apps_failed", "commands_refused", "packets_dropped"),
    "health_hk": ("image_damaged", "fram_repairs", "fram_errors", "table_repairs"),
    "storage_hk": ("flash_errors", "file_faults", "mounts_refused"),
}
WORLD_QUIET = ("missed_ticks", "watchdog_resets", "brown_outs", "tick_number_errors")
SEVERE = ("medium", "high")
APART = (type, ModuleType, FunctionType, int, float)
ON_THE_FIRST_DAY = (0x0503,)  # blank flash memory is made a file system
# The part is good for 100 000 erases of a block; a mission of five years may take half of them.
LIFE_ERASES = 50_000
LIFE_DAYS = 5 * 365.25


class Thin(History):
    """A history without the columns that nobody asks for. `pongs`: answers to pings."""

    def __init__(self) -> None:
        super().__init__()
        self.pongs = 0

    def add(self, report: Report) -> None:
        """Keep one decoded packet."""
        super().add(report)
        self.pongs += report.kind == "pong"

    def _keep(self, report: Report) -> None:
        self.latest[report.name] = report
        if report.name in KEPT_COLUMNS:
            super()._keep(report)


@dataclass
class Watch:
    """Listens to a day on the desktop: once an hour, how much the flight software holds."""

    outcome: Any
    footprint_B: List[int] = field(default_factory=list)
    next_s: float = field(default_factory=lambda: SETTLED_S)

    def frame(self, t_s: float, frame: bytes) -> None:
        """Listener of a flight."""
        if t_s >= self.next_s and self.outcome.mission is not None:
            self.next_s += HOUR_S
            self.footprint_B.append(footprint(self.outcome.mission))


def footprint(mission: Any) -> int:
    """Bytes of all objects that the flight software of `mission` holds. The board is left out, and
    so are numbers, which are as large as their value wants."""
    seen = {id(mission.context.board), id(mission.context.clock)}
    total = 0
    todo: List[Any] = [mission]
    while todo:
        item = todo.pop()
        if id(item) in seen or isinstance(item, APART):
            continue
        seen.add(id(item))
        name = type(item).__module__
        if name.startswith(("boards.desktop", "native", "sim", "hal")):
            continue
        total += sys.getsizeof(item)
        if isinstance(item, MethodType):
            todo.append(item.__self__)
        else:
            todo += gc.get_referents(item)
    return total


def software_digest(elf: Path, world: str) -> str:
    """Hash of what flies: the firmware, or the flight software with the C kernel."""
    total = hashlib.sha256()
    if world == "qemu":
        total.update(elf.read_bytes())
        return total.hexdigest()[:16]
    from native.cffi.build_native import extension_path

    folders = ("flight", "hal", "boards/desktop")
    paths = sorted(p for folder in folders for p in (worlds.ROOT / folder).rglob("*.py"))
    for path in (*paths, extension_path()):
        total.update(path.read_bytes())
    return total.hexdigest()[:16]


def fly_day(bench: Bench, world: str, day: int, folder: Path) -> Dict[str, Any]:
    """Fly day number `day` (from 1), or read how it was flown; its row."""
    row_file = folder / f"day-{day:02d}.json"
    if row_file.is_file():
        return dict(json.loads(row_file.read_text(encoding="utf-8")))
    bench.say(f"soak: day {day} of {DAYS[world]} in world {world}")
    overrides = [f"duration_s={DAY_S}"]
    flight = flights.prepare(SCENARIO, world, bench.seed + day, overrides, bench.elf, False)
    flight.history = Thin()
    craft = flight.world.spacecraft
    if day > 1:
        before = folder / f"day-{day - 1:02d}"
        row = json.loads(before.with_suffix(".json").read_text(encoding="utf-8"))
        flight.encoder.security.counters.update(row["counters"])
        craft.fram.memory[:] = before.with_suffix(".fram").read_bytes()
        craft.flash.memory.restore(before.with_suffix(".flash").read_bytes())
    pings = _ask(flight)
    footprints: List[int] = []
    if world == "desktop":
        from boards.desktop import run

        watch = Watch(run.Outcome(), footprints)
        flight.listeners.append(watch.frame)

        def vehicle(world: Any) -> worlds.Outcome:
            flown = run.fly(world, outcome=watch.outcome)
            return worlds.Outcome(resets=flown.resets)

        flight.vehicle = vehicle
    flight.fly()
    row = _row(flight, day)
    if flight.history.pongs != pings:
        row["anomalies"]["unanswered"] = pings - flight.history.pongs
    counters = flight.encoder.security.counters
    row["counters"] = {name: counters.value(name) for name in counters.names()}
    if world == "desktop":
        row["footprint_B"] = footprints
    row_file.with_suffix(".fram").write_bytes(craft.fram.memory)
    row_file.with_suffix(".flash").write_bytes(craft.flash.memory.image())
    row_file.write_text(json.dumps(row, indent=1), encoding="utf-8")
    return row


def _ask(flight: Any) -> int:
    """A ping an hour, of each owner in turn, but in the last; how many."""
    owners = itertools.cycle(partner.name for partner in flight.dictionary.partners)
    pings = 0
    while (pings + 2) * HOUR_S <= DAY_S:
        pings += 1
        flight.world.uplink(pings * HOUR_S, flight.encoder.frame("ping", owner=next(owners)))
    return pings


def _row(flight: Any, day: int) -> Dict[str, Any]:
    latest = flight.history.latest
    anomalies = {}
    for packet, names in QUIET.items():
        for name in names:
            value = latest[packet].raw[name] if packet in latest else "no packet"
            if value != 0 and (not isinstance(value, (list, tuple)) or any(value)):
                anomalies[f"{packet}.{name}"] = value
    for name in WORLD_QUIET:
        if flight.world.counters[name]:
            anomalies[name] = flight.world.counters[name]
    if flight.outcome.resets:
        anomalies["resets"] = flight.outcome.resets
    for name in ("bad_frames", "gaps"):
        if flight.summary()[name]:
            anomalies[name] = flight.summary()[name]
    t_s, heap = flight.history.column("core_hk", "heap_used")
    settled = [now for when, (now, _) in zip(t_s, heap, strict=True) if when >= SETTLED_S]
    wear = flight.world.spacecraft.flash.memory.wear
    return {
        "virtual_s": flight.virtual_s,
        "wall_s": round(flight.wall_s, 1),
        "anomalies": anomalies,
        "severe_events": [
            event.text
            for event in flight.history.events
            if event.kind == "event"
            and event.severity in SEVERE
            and not (day == 1 and event.id in ON_THE_FIRST_DAY)
        ],
        "footprint_B": settled,
        "erases": sum(wear.values()),
        "worst_block_erases": max(wear.values(), default=0),
    }


def soak(bench: Bench, world: str) -> List[Figure]:
    """Weeks of the reference mission: memory flat, no counter anomaly, wear within its budget."""
    days = DAYS[world]
    folder = EVIDENCE / f"{world}-{software_digest(bench.elf, world)}-{bench.seed}"
    folder.mkdir(parents=True, exist_ok=True)
    rows = [fly_day(bench, world, day, folder) for day in range(1, days + 1)]
    # Days are flights of different seeds and lengths of uplink: each must be flat in itself.
    growth = max(max(row["footprint_B"]) - row["footprint_B"][0] for row in rows)
    found = sorted({name for row in rows for name in row["anomalies"]})
    severe = sorted({text for row in rows for text in row["severe_events"]})
    worst = rows[-1]["worst_block_erases"] / days * LIFE_DAYS
    name = f"soak of {days} days, {world}"
    return [
        Figure(f"{name}: virtual time", sum(r["virtual_s"] for r in rows) / DAY_S, days, "d", ">="),
        Figure(f"{name}: growth of memory in use within a day", growth, 0, "B"),
        Figure(f"{name}: counters that moved", len(found), 0, "", note=", ".join(found)),
        Figure(f"{name}: severe events", len(severe), 0, "", note="; ".join(severe)[:200]),
        Figure(f"{name}: erases of the worst block in 5 years", round(worst), LIFE_ERASES, ""),
    ]
