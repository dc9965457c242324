"""Figures of the full system: the attitude scenarios in every world, and how fast they fly."""

from __future__ import annotations

from typing import Any

from cli.adcs.parts import Measured, Part, Row, Values, Verify

SPEED_SCENARIO, SPEED_S = "pointing-day", 600.0
SCENARIOS = (
    ("commissioning", "desktop"),
    ("commissioning", "qemu"),
    ("pointing-day", "desktop"),
    ("degraded", "desktop"),
    ("degraded", "qemu"),
)
SPEEDS = (("desktop", 100.0), ("qemu", 20.0))


def _fly(scenario: str, world: str, verify: Verify, overrides: "tuple[str, ...]" = ()) -> Any:
    """One flight. Raises `CliError` when the scenario or the world is not there."""
    from cli import flights

    flight = flights.prepare(scenario, world, verify.seed, overrides, verify.elf)
    with verify.progress(f"flying {scenario} in world {world}", 1):
        flight.fly()
    return flight


def speed(world: str, limit: float) -> Part:
    """Times real time of the whole system, attitude loop and its parts included."""
    name = f"{world} real-time factor of the full system"

    def measure(verify: Verify) -> Values:
        flight = _fly(SPEED_SCENARIO, world, verify, (f"duration_s={SPEED_S}",))
        return {name: round(flight.virtual_s / flight.wall_s, 1)}

    return Part((Row(name, limit, "x", ">="),), measure, alone=True)


def scenario(title: str, world: str) -> Part:
    """The acceptance list of a scenario."""
    name = f"{title} in world {world}: failed checks"

    def measure(verify: Verify) -> Values:
        checks = _fly(title, world, verify).checks
        failed = [str(check["name"]) for check in checks if not check["pass"]]
        note = ", ".join(failed) or f"of {len(checks)}"
        return {name: Measured(float(len(failed)), note, failed=not checks)}

    return Part((Row(name, 0, ""),), measure)


PARTS = tuple(speed(world, limit) for world, limit in SPEEDS) + tuple(
    scenario(title, world) for title, world in SCENARIOS
)
