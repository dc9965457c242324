"""Writes docs/scenarios.md: `python -m sim.describe > docs/scenarios.md`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.rules import REQUIRED, Key, Section
from sim.scenario import available, load
from sim.schema import SCHEMA

_HEAD = """# Scenarios

A scenario is a TOML file in `sim/scenarios/`, or anywhere when its path is given. Every key below
can be overridden: `microflight fly first-light --set orbit.altitude_km=600 --set seed=7`. An entry
of an array of tables is named by its place, from 0: `--set timeline.0.t_s=120`.

A fault comes from the timeline (`fault`, `device`, from `t_s` until `until_s`), or from the command
line: `--set fault.ak09916.kind=dead --set fault.ak09916.t_s=600`. Kinds, see `sim/faults.py`:
`nack`, `dead`, `timeout`, `stuck`, `bit_flip`, `wrong_id`, `garbage`, `nack_storm`, `slow`; of
sensors `bias_step`, `noise_scale`, `sign_flip`, `stuck_value`; of wheels `friction_scale`; of
memories `scramble`; of flash `stuck_busy`, `program_fail`, `erase_fail`, `power_cut`; of the buses
`stuck_low`, `nack_storm`, `garbage`; of the computer `reset`, `brown_out`.

Arguments of telecommands may be what only the flight knows: `$orbit.line1` and `$orbit.line2`, a
TLE of the orbit as it is flown; `$time.seconds` and `$time.fraction`, mission time (seconds since
2020-01-01T00:00:00 TAI, 1/65536 s) of the row's `t_s`, `$time.seconds+600` for so many whole
seconds later, `-600` for earlier; `$station.Quito.latitude_rad`, `longitude_rad`, `height_m`,
`elevation_min_rad`, where a station stands and from what elevation on it sees the spacecraft.

Telecommands may hold telecommands, which are given as rows of a timeline are, in a list:
`command = "schedule_insert"`, `args = { sub = 1, activities = [{ seconds = "$time.seconds+600",
ms = 250, command = "payload_dump", args = { count = 4 }, label = "dump" }] }`; so is
`schedule_insert_after`, with `delay_s` in place of the time, and `sequence_load`, with
`args = { number = 2, entries = [{ command = "ping", delay_s = 1.5 }] }`. What has a `label` is
deleted or shifted by it: `schedule_shift`, `args = { offset_s = -30, requests = ["dump"] }`. All of
them: icd/schedule.md and `ground/schedule.py`.

What an optional table describes is there only when the scenario has the table, be it empty:
`--set spacecraft.gnss={}`, or `--set spacecraft.gnss.acquisition_s=10`.

This page is made from `sim/schema.py` and `sim/scenarios/` by `python -m sim.describe`.

## What comes with the project

"""
_KEYS = """
The attitude scenarios fly one spacecraft: a 3U with two magnetometers, gyro, fine and coarse sun
sensors, GNSS receiver, four wheels and rods of 0.2 A m2, in air and sunlight, with a residual
dipole. Nobody on board knows what the plant is given beyond its parameters: magnetometers off by
2 uT, 1 % of scale and 0.3 deg of skew, mountings off by 0.1 to 0.2 deg (coarse sensors 1 deg), a
gyro bias of 0.4 deg/s that drifts, the Earth's light on every sun sensor, rods that the
magnetometers hear, wheels with friction.

A check that fails says where to look: the worst moment, what was reported instead, or why there was
nothing to judge.

## Keys

| key | value | default | range | meaning |
|---|---|---|---|---|
"""
_NAMES = {"int": "whole number", "float": "number", "str": "text", "time": "time with zone"}


def _kind(key: Key) -> str:
    if key.choices:
        return ", ".join(f"`{choice}`" for choice in key.choices)
    name = _NAMES.get(key.kind, "table of values")
    forms = []
    for shape in key.shapes:
        forms.append(" x ".join(str(n) for n in shape) + f" {name}s" if shape else name)
    return " or ".join(forms)


def _default(key: Key) -> str:
    if key.default is REQUIRED:
        return "required"
    if key.default is None:
        return "-"
    return f"`{key.default}`" if key.default != "" else "empty"


def _range(key: Key) -> str:
    if key.low == float("-inf") or key.kind not in ("int", "float"):
        return ""
    return f"{key.low:g} .. {key.high:g}"


def _rows(schema: Mapping[str, Any], prefix: str) -> list[str]:
    rows = []
    for name, rule in schema.items():
        full = prefix + name
        if isinstance(rule, Key):
            cells = (f"`{full}`", _kind(rule), _default(rule), _range(rule), rule.text)
            rows.append(f"| {' | '.join(cells)} |")
        elif isinstance(rule, Section):
            rows.append(f"| `{full}` | optional table | - |  | {rule.text} |")
            rows += _rows(rule.rules, full + ".")
        elif isinstance(rule, list):
            rows += _rows(rule[0], f"[[{full}]] ")
        elif name == "fault":
            # The same keys for every device: one set of rows stands for all.
            first = next(iter(rule))
            rows.append(f"| `fault.<device>` | devices: {', '.join(rule)} | | | |")
            rows += _rows(rule[first], "fault.<device>.")
        else:
            rows += _rows(rule, full + ".")
    return rows


def _ours() -> list[str]:
    rows = ["| scenario | length | what | judged by |", "|---|---|---|---|"]
    for name in available():
        scenario = load(name)
        kinds = sorted({check["kind"].replace("_", " ") for check in scenario.checks})
        hours = f"{scenario.duration_s / 3600.0:.1f} h"
        text = scenario.data["description"]
        rows.append(f"| `{name}` | {hours} | {text} | {', '.join(kinds)} |")
    return rows


def markdown() -> str:
    """The whole page."""
    rows = [*_ours(), *_KEYS.splitlines(), *_rows(SCHEMA, "")]
    return _HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(markdown(), end="")
