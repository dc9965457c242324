"""Acceptance checks of a scenario: the plant's truth first, telemetry where there is no truth.

Each check gives rows {name, value, limit, unit, pass, note}. A value that was never reached is
None; the note says where to look.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.checks_attitude import (
    Row,
    actuators_off,
    deadline_s,
    detumbled_declared,
    knowledge_below,
    make_row,
    pointing_below,
    through,
    wheel_momentum_below,
)
from sim.checks_contact import carrier_outside_windows, station_frames, window_edges
from sim.checks_partners import account, transfers
from sim.checks_survival import python_deaths
from sim.scenario import Scenario
from sim.world import World


def evaluate(scenario: Scenario, world: World, telemetry: Mapping[str, Any]) -> list[Row]:
    """Judge a flight by the checks of `scenario`, in their order.

    `telemetry`: `bad_frames` and `gaps` (counts), `modes` [(t_s, name)] and `events`
    [(t_s, id, text)] as the ground received them; where Python dies `beacons`
    [(t_s, age_s, control)] and `housekeeping` [t_s]; where attitude is judged `estimates`, a
    mapping of `t_s` [n] (world time that each estimate is of) and `q_BN` [n, 4], scalar last; where
    contacts are judged `windows` [(t_s, rise_s, set_s, highest_deg, state)], lists by station.
    """
    rows: list[Row] = []
    for check in scenario.checks:
        rows += _KINDS[check["kind"]](check, world, telemetry)
    return rows


def _rate_below(check: Mapping[str, Any], world: World, telemetry: Mapping[str, Any]) -> list[Row]:
    """Rate under the limit by a time, and never over it again in the last `held_s`."""
    limit, end_s = check["limit"], deadline_s(check, world)
    t_s, rate = world.truth["t_s"], world.truth["rate_deg_s"]
    below = np.flatnonzero(rate < limit)
    reached_s = round(float(t_s[below[0]]), 3) if below.size else None
    in_time = reached_s is not None and reached_s <= end_s
    lowest = int(np.argmin(rate))
    note = f"lowest {rate[lowest]:.3g} deg/s, at {t_s[lowest]:.0f} s"
    rows = [make_row(f"rate below {limit:g} deg/s reached", reached_s, end_s, "s", in_time, note)]
    held_s = check["held_s"]
    if held_s > 0.0:
        last = t_s >= t_s[-1] - held_s
        highest = float(np.max(rate[last]))
        # A flight that did not last that long, or broke off, has not held anything.
        whole = world.finished and t_s[-1] >= held_s
        note = f"at {t_s[last][np.argmax(rate[last])]:.0f} s" if whole else "the flight broke off"
        name = f"highest rate of the last {held_s:g} s"
        passed = whole and highest < limit
        rows.append(make_row(name, round(highest, 6), limit, "deg/s", passed, note))
    return rows


def _telemetry_count(
    check: Mapping[str, Any], world: World, telemetry: Mapping[str, Any]
) -> list[Row]:
    kind = check["kind"]
    value, limit = telemetry[kind], int(check["limit"])
    passed = value <= limit and telemetry.get("frames", 0) > 0
    note = "" if telemetry.get("frames", 0) else "no telemetry at all"
    return [make_row(kind.replace("_", " "), value, limit, "", passed, note)]


def _world_count(check: Mapping[str, Any], world: World, telemetry: Mapping[str, Any]) -> list[Row]:
    kind = check["kind"]
    value, limit = world.counters[kind], int(check["limit"])
    passed = value <= limit and world.counters["kicks"] > 0
    note = "" if world.counters["kicks"] else "the control loop never ran"
    return [make_row(kind.replace("_", " "), value, limit, "", passed, note)]


def _mode(check: Mapping[str, Any], world: World, telemetry: Mapping[str, Any]) -> list[Row]:
    """The spacecraft mode was reported by a time, in or after `from_s`."""
    start_s, wanted = check["from_s"], check["mode"]
    times = [t_s for t_s, mode in telemetry["modes"] if mode == wanted and t_s >= start_s]
    changes = [f"{mode} at {t_s:.0f} s" for t_s, mode in telemetry["modes"]]
    since = f" after {start_s:g} s" if start_s else ""
    return [_first(f"mode {wanted} reached{since}", times, check, world, _said(changes))]


def _event(check: Mapping[str, Any], world: World, telemetry: Mapping[str, Any]) -> list[Row]:
    """An event was reported by a time, in or after `from_s`.

    It is named by its id as 0x..., or by how its text begins.
    """
    start_s, wanted = check["from_s"], check["event"]
    times = [
        t_s
        for t_s, event_id, text in telemetry["events"]
        if t_s >= start_s and _is_event(wanted, event_id, text)
    ]
    since = f" after {start_s:g} s" if start_s else ""
    texts = [f"{text} at {t_s:.0f} s" for t_s, _, text in telemetry["events"]]
    return [_first(f"event '{wanted}' seen{since}", times, check, world, _said(texts))]


def _said(texts: list[str]) -> str:
    """What was reported instead: the last few."""
    return f"last reported: {'; '.join(texts[-3:])}" if texts else "nothing of the kind reported"


def _event_count(check: Mapping[str, Any], world: World, telemetry: Mapping[str, Any]) -> list[Row]:
    """How often an event was reported within the window, at most `limit` times."""
    wanted, limit = check["event"], int(check["limit"])
    end_s = world.scenario.duration_s if check["to_s"] is None else check["to_s"]
    found = [
        (t_s, text)
        for t_s, event_id, text in telemetry["events"]
        if check["from_s"] <= t_s <= end_s and _is_event(wanted, event_id, text)
    ]
    name = f"events '{wanted}', {check['from_s']:g} to {end_s:g} s"
    note = f"the first at {found[0][0]:.1f} s: {found[0][1]}" if found else ""
    passed = len(found) <= limit and through(world, end_s) and telemetry.get("frames", 0) > 0
    return [make_row(name, len(found), limit, "", passed, note)]


def _is_event(wanted: str, event_id: int, text: str) -> bool:
    return text.startswith(wanted) or f"0x{event_id:04x}" == wanted.lower()


def _first(name: str, times: list[float], check: Mapping[str, Any], world: World, note: str) -> Row:
    end_s = deadline_s(check, world)
    first_s = round(min(times), 3) if times else None
    in_time = first_s is not None and first_s <= end_s
    return make_row(name, first_s, end_s, "s", in_time, "" if in_time else note)


_KINDS = {
    "rate_below": _rate_below,
    "bad_frames": _telemetry_count,
    "gaps": _telemetry_count,
    "missed_ticks": _world_count,
    "watchdog_resets": _world_count,
    "mode": _mode,
    "event": _event,
    "event_count": _event_count,
    "python_deaths": python_deaths,
    "account": account,
    "transfers": transfers,
    "carrier_outside_windows": carrier_outside_windows,
    "station_frames": station_frames,
    "window_edges": window_edges,
    "pointing_below": pointing_below,
    "knowledge_below": knowledge_below,
    "wheel_momentum_below": wheel_momentum_below,
    "detumbled_declared": detumbled_declared,
    "actuators_off": actuators_off,
}
