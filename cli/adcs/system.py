"""Figures of the full system: the attitude scenarios in every world, and how fast they fly."""

from __future__ import annotations

import resource
from typing import Any

from cli.adcs.parts import Measured, Part, Row, Values, Verify
from cli.adcs.shares import Shares

SPEED_SCENARIO, SPEED_S, SAMPLED_S = "pointing-day", 600.0, 200.0
SPEEDS = (("desktop", 100.0), ("qemu", 20.0))
# By scenario: where it has to pass; with two worlds, their telemetry has to be equal.
SCENARIOS = (
    ("commissioning", ("desktop", "qemu"), 1500.0),
    ("degraded", ("desktop", "qemu"), 1000.0),
    ("pointing-day", ("desktop",), 500.0),
)


def _prepared(scenario: str, world: str, verify: Verify, overrides: "tuple[str, ...]" = ()) -> Any:
    """A flight. Raises `CliError` when the scenario or the world is not there."""
    from cli import flights

    return flights.prepare(scenario, world, verify.seed, overrides, verify.elf)


def _processor_s(whose: int) -> float:
    """Processor time of this process, or of those that it started and saw end."""
    used = resource.getrusage(whose)
    return used.ru_utime + used.ru_stime


def speed(world: str, limit: float) -> Part:
    """Times real time of the whole system, attitude loop and its parts included."""
    name = f"{world} real-time factor of the full system"

    def measure(verify: Verify) -> Values:
        whose = resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF
        before_s = [_processor_s(each) for each in whose]
        flight = _prepared(SPEED_SCENARIO, world, verify, (f"duration_s={SPEED_S}",))
        with verify.progress(f"{SPEED_S:.0f} s of {SPEED_SCENARIO} in world {world}", 1):
            flight.fly()
        if world == "desktop":
            # Sampled in a flight of its own: sampling takes time.
            again = _prepared(SPEED_SCENARIO, world, verify, (f"duration_s={SAMPLED_S}",))
            with Shares() as shares:
                again.fly()
            note = f"of it: {shares}"
        else:
            theirs, ours = (
                _processor_s(each) - since for each, since in zip(whose, before_s, strict=True)
            )
            share = 100.0 * theirs / (theirs + ours)
            note = f"of it: emulator {share:.0f} %, simulator and ground {100.0 - share:.0f} %"
        return {name: Measured(round(flight.virtual_s / flight.wall_s, 1), note)}

    return Part((Row(name, limit, "x", ">="),), measure, alone=True)


def scenario(title: str, where: "tuple[str, ...]", cost_s: float) -> Part:
    """The acceptance list of a scenario in its worlds, and that these are equal."""
    names = {world: f"{title} in world {world}: failed checks" for world in where}
    equal = f"{title}: differences between {' and '.join(where)}"

    def measure(verify: Verify) -> Values:
        from cli.comparison import Record, compare

        found: dict[str, Measured | float] = {}
        records = []
        for world in where:
            flight = _prepared(title, world, verify)
            records.append(Record(flight.dictionary))
            flight.listeners.append(records[-1].frame)
            with verify.progress(f"flying {title} in world {world}", 1):
                flight.fly()
            failed = [str(check["name"]) for check in flight.checks if not check["pass"]]
            note = ", ".join(failed) or f"of {len(flight.checks)}"
            found[names[world]] = Measured(float(len(failed)), note, failed=not flight.checks)
        if len(where) > 1:
            result = compare(records[0], records[1], records[0].dictionary)
            note = f"{result.frames} frames, {result.fields} fields compared"
            note = "; ".join([note, *result.differences[:1]])
            count = float(len(result.differences))
            found[equal] = Measured(count, note, failed=not result.fields)
        return found

    rows = [Row(name, 0, "") for name in names.values()]
    if len(where) > 1:
        rows.append(Row(equal, 0, ""))
    return Part(tuple(rows), measure, cost_s=cost_s)


PARTS = tuple(speed(world, limit) for world, limit in SPEEDS) + tuple(
    scenario(*row) for row in SCENARIOS
)
