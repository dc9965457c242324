"""The groups of figures of `verify adcs`, and how they are measured side by side."""

from __future__ import annotations

from collections.abc import Sequence

from cli.adcs import (
    cost,
    detumble,
    false_alarms,
    honesty,
    models,
    oracle_control,
    oracle_guidance,
    oracle_packages,
    pointing,
    replay,
    sensor_faults,
    system,
    wheel_faults,
)
from cli.adcs.parts import Bars, Part, Said, Verify
from cli.adcs.workers import Died, Say, spread
from cli.figures import Figure

__all__ = ["GROUPS", "Verify", "measure"]

GROUPS: "dict[str, tuple[Part, ...]]" = {
    "cost": cost.PARTS,
    "bits": replay.PARTS,
    "models": models.PARTS,
    "oracles": oracle_packages.PARTS + oracle_guidance.PARTS + oracle_control.PARTS,
    "filter": honesty.STATISTICS,
    "soak": honesty.ENDURANCE,
    "knowledge": pointing.KNOWLEDGE,
    "detumble": detumble.PARTS,
    "pointing": pointing.PARTS,
    "faults": sensor_faults.PARTS + wheel_faults.PARTS + false_alarms.PARTS,
    "day": pointing.DAY,
    "week": pointing.WEEK,
    "system": system.PARTS,
}

# Seconds on one processor, of groups whose parts say nothing.
COSTS_S = {"week": 450.0, "faults": 150.0, "day": 70.0}

Place = tuple[str, int]


def _measure(group: str, index: int, settings: Verify, say: Say) -> "list[Figure]":
    """One part, in a process of its own."""
    settings.show = say
    return GROUPS[group][index].figures(settings)


def measure(names: Sequence[str], verify: Verify) -> "list[Figure]":
    """The figures of the groups, in their order; `verify.jobs` parts at a time."""
    places = [(name, index) for name in names for index in range(len(GROUPS[name]))]
    found: dict[Place, list[Figure]] = {}
    with Bars() as bars:
        beside = [place for place in places if not _part(place).alone] if verify.jobs > 1 else []
        beside.sort(key=lambda place: -(_part(place).cost_s or COSTS_S.get(place[0], 0.0)))
        plain = Verify(verify.seed, verify.runs, verify.elf)
        tasks = [(_measure, (*place, plain)) for place in beside]

        def said(number: int, message: Said) -> None:
            bars.show(message)

        for number, result in spread(tasks, verify.jobs, said):
            place = beside[number]
            gone = isinstance(result, Died)
            found[place] = _part(place).listed({}, str(result)) if gone else result
        verify.show = bars.show
        for place in places:
            if place not in found:
                found[place] = _part(place).figures(verify)
    return [figure for place in places for figure in found[place]]


def _part(place: Place) -> Part:
    name, index = place
    return GROUPS[name][index]
