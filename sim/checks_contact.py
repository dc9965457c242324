"""Checks of contacts: when the transmitter radiated, who received, how good the windows on board
were. The truth is the geometry of the orbit as it was flown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arguments import mission_time
from sim.checks_attitude import Row, make_row
from sim.world import World

Array = NDArray[np.float64]

BEACON_S = 6.0  # a beacon lasts no longer
MARGIN_S = 20.0  # that the transmitter may be on before and after a window
HEARD_S = 600.0  # and after a telecommand was received
EDGE_S = 5.0
# A pass that hardly clears the lowest elevation has edges that a small error moves far.
CLEAR_DEG = 0.5
WHOLE, EARLIER = 2, 4  # enum mf_contact_state


def spans(on: NDArray[np.bool_], t_s: Array) -> list[tuple[float, float]]:
    """(first, last) time of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], on.astype(np.int8), [0]))))
    return [(float(t_s[a]), float(t_s[b - 1])) for a, b in edges.reshape(-1, 2)]


def carrier_outside_windows(
    check: Mapping[str, Any], world: World, telemetry: Mapping[str, Any]
) -> list[Row]:
    """Seconds for which the carrier was on in no contact: no station in view, nobody heard for
    `HEARD_S`, and longer than a beacon. `limit` seconds are allowed."""
    truth = world.truth
    t_s, carrier = truth["t_s"], truth["carrier"] > 0.0
    end_s = world.scenario.duration_s if check["to_s"] is None else check["to_s"]
    windows = spans(truth["stations_in_view"] > 0.0, t_s)
    allowed = np.zeros(len(t_s), dtype=bool)
    for first_s, last_s in windows:
        allowed |= (t_s >= first_s - MARGIN_S) & (t_s <= last_s + MARGIN_S)
    for heard_s in world.channel.heard_s:
        allowed |= (t_s >= heard_s) & (t_s <= heard_s + HEARD_S + MARGIN_S)
    judged = (t_s >= check["from_s"]) & (t_s <= end_s)
    outside_s, worst_s = 0.0, 0.0
    beacons = 0
    for first_s, last_s in spans(carrier & ~allowed & judged, t_s):
        if last_s - first_s <= BEACON_S:
            beacons += 1
        else:
            outside_s += last_s - first_s
            worst_s = worst_s or first_s
    inside = float(np.mean(carrier[judged & allowed])) if np.any(judged & allowed) else 0.0
    note = f"{beacons} beacons; on for {100.0 * inside:.0f} % of the contacts"
    if outside_s:
        note += f"; first at {worst_s:.0f} s"
    passed = outside_s <= check["limit"] and bool(windows) and inside > 0.5
    limit = check["limit"]
    return [make_row("carrier outside contacts", outside_s, limit, "s", passed, note)]


def station_frames(
    check: Mapping[str, Any], world: World, telemetry: Mapping[str, Any]
) -> list[Row]:
    """Frames that a station received: at least `limit`."""
    stations = [station.name for station in world.scenario.stations]
    received_by = world.channel.received_by
    value = received_by[stations.index(check["station"])] if received_by else 0
    note = "" if received_by else "a relay received them"
    limit = int(check["limit"])
    name = f"frames received by {check['station']}, at least"
    return [make_row(name, value, limit, "", value >= limit, note)]


def window_edges(check: Mapping[str, Any], world: World, telemetry: Mapping[str, Any]) -> list[Row]:
    """Windows found on board against the truth: the largest error of a rise or a set."""
    t_s = world.truth["t_s"]
    epoch_s = mission_time(world.scenario.epoch, 0.0)[0]
    mask = world.truth["stations_in_view"].astype(np.int64)
    worst_s, judged, where = 0.0, 0, ""
    for _, rise, end, highest, state in telemetry["windows"]:
        for index, station in enumerate(world.scenario.stations):
            if not state[index] & WHOLE or highest[index] < station.min_elevation_deg + CLEAR_DEG:
                continue
            found = (rise[index] - epoch_s, end[index] - epoch_s)
            for first_s, last_s in spans(mask >> index & 1 > 0, t_s):
                if last_s < found[0] - 60.0 or first_s > found[1] + 60.0 or last_s == t_s[-1]:
                    continue
                errors = [abs(found[1] - last_s)]
                if not state[index] & EARLIER:
                    errors.append(abs(found[0] - first_s))
                judged += 1
                if max(errors) > worst_s:
                    worst_s, where = max(errors), f"{station.name} at {first_s:.0f} s"
    limit = check["limit"]
    note = f"{judged} windows; {where}" if judged else "no window was reported that came"
    passed = judged > 0 and worst_s <= limit
    return [make_row("edge of a window, largest error", worst_s, limit, "s", passed, note)]
