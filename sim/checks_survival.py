"""Check of survival: what came down after each death of Python that the scenario wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.checks_attitude import Row, make_row
from sim.world import World

BEACON_LIMIT_S = 5.0  # death to the first beacon received
RESTART_LIMIT_S = 3.0  # Python started again to its first housekeeping received
PAUSE_S = 0.1  # between the entry into survival and the first start of Python
DETUMBLE = 1


def python_deaths(
    check: Mapping[str, Any], world: World, telemetry: Mapping[str, Any]
) -> list[Row]:
    """Per death: a beacon in time, the loop detumbling, housekeeping of a fresh Python in time.

    `telemetry["beacons"]`: (received, time since survival was entered, control mode), in seconds;
    `telemetry["housekeeping"]`: times of Python's packets.
    """
    rows: list[Row] = []
    deaths = world.spacecraft.lines.python_deaths
    if not deaths:
        return [make_row("deaths of Python", 0, 1, "", False, "the scenario has none")]
    for index, (death_s, kind) in enumerate(deaths):
        next_s = deaths[index + 1][0] if index + 1 < len(deaths) else world.scenario.duration_s
        beacons = [row for row in telemetry["beacons"] if death_s <= row[0] < next_s]
        name = f"{kind} at {death_s:g} s, {_light(world, death_s)}"
        if not beacons:
            rows.append(make_row(f"{name}: beacon", None, BEACON_LIMIT_S, "s", False, "none came"))
            continue
        received_s, age_s, control = beacons[0]
        waited_s = received_s - death_s
        rows.append(
            make_row(
                f"{name}: beacon after",
                round(waited_s, 3),
                BEACON_LIMIT_S,
                "s",
                waited_s <= BEACON_LIMIT_S,
            )
        )
        rows.append(
            make_row(f"{name}: loop in survival", control, DETUMBLE, "", control == DETUMBLE)
        )
        started_s = received_s - age_s + PAUSE_S
        back = [t_s for t_s in telemetry["housekeeping"] if started_s <= t_s < next_s]
        back_s = round(back[0] - started_s, 3) if back else None
        passed = back_s is not None and back_s <= RESTART_LIMIT_S
        rows.append(
            make_row(f"{name}: housekeeping after a restart", back_s, RESTART_LIMIT_S, "s", passed)
        )
    return rows


def _light(world: World, t_s: float) -> str:
    times, light = world.truth["t_s"], world.truth["illumination"]
    shown = light[times <= t_s]
    return "eclipse" if len(shown) and shown[-1] < 0.5 else "sunlit"
