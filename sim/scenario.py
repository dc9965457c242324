"""Scenarios: TOML files with overrides, validated against sim/schema.py.

Everything that can be wrong with them is a ScenarioError of one line: file, key, what to do.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sim.arguments import resolve
from sim.errors import ScenarioError
from sim.faults import Fault
from sim.orbit import Station
from sim.schema import SCHEMA
from sim.validation import apply_override, check_table, suggest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Command", "Scenario", "ScenarioError", "available", "load"]

_EPOCH_YEARS = (1990, 2030)  # IGRF-14 is good to 2030, leap seconds to 1972
_FAULT_KEYS = ("until_s", "register", "value", "axis", "operation")  # given, they ask for a fault
FOLDER = Path(__file__).parent / "scenarios"


@dataclass(frozen=True)
class Command:
    """A telecommand of the timeline; the ground side encodes it."""

    t_s: float
    name: str
    args: Mapping[str, Any]
    owner: str


@dataclass(frozen=True)
class Scenario:
    """A validated scenario. `data` holds every key of the schema, defaults filled in."""

    path: Path
    data: Mapping[str, Any]
    stations: tuple[Station, ...]
    commands: tuple[Command, ...]
    faults: tuple[Fault, ...]

    @property
    def name(self) -> str:
        """Name of the scenario."""
        return str(self.data["name"])

    @property
    def seed(self) -> int:
        """Seed to fly with unless another is given."""
        return int(self.data["seed"])

    @property
    def duration_s(self) -> float:
        """Length of the flight in world time."""
        return float(self.data["duration_s"])

    @property
    def epoch(self) -> datetime:
        """Start of world time, UTC."""
        when: datetime = self.data["epoch"]
        return when

    @property
    def transfers(self) -> tuple[Mapping[str, Any], ...]:
        """Files that go up or down, in order."""
        return tuple(self.data["transfer"])

    @property
    def checks(self) -> tuple[Mapping[str, Any], ...]:
        """Acceptance checks, in order."""
        return tuple(self.data["check"])

    @property
    def partners(self) -> tuple[Mapping[str, Any], ...]:
        """Partners taking part, in order."""
        return tuple(self.data["partner"])


def available() -> list[str]:
    """Names of the scenarios that come with the project."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(name_or_path: str | Path, overrides: Iterable[str] = ()) -> Scenario:
    """Read and validate a scenario.

    `name_or_path`: one of `available()`, or a path to a .toml file. `overrides`: "a.b.c=value",
    the value in TOML; a bare word is a text. ScenarioError for anything that does not fit.
    """
    path = _find(name_or_path)
    document = _read(path)
    base = document.get("base")
    if base is not None:
        document = _with_base(document, base, path)
    for override in overrides:
        apply_override(document, override)
    data = check_table(document, SCHEMA, "", path.name)
    return _build(path, data)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path}: cannot read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path}: not a text file in UTF-8") from error
    except RecursionError:
        raise ScenarioError(f"{path.name}: lists and tables in one another, too many") from None
    except ValueError as error:  # of TOML, or of a number with too many digits
        raise ScenarioError(f"{path.name}: not valid TOML: {error}") from error


def _with_base(document: dict[str, Any], base: Any, path: Path) -> dict[str, Any]:
    """The tables of the scenario `base`, with those of `document` over them."""
    if not isinstance(base, str):
        raise ScenarioError(f"{path.name}: base must be a text")
    below = _read(path.parent / base)
    if "base" in below:
        raise ScenarioError(f"{path.name}: base '{base}' has a base itself")
    return _merged(below, document)


def _merged(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        both = isinstance(value, dict) and isinstance(old, dict)
        result[key] = _merged(old, value) if both and old is not None else value
    return result


def _find(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.suffix == ".toml":
        if path.is_file():
            return path
        raise ScenarioError(f"{path}: no such scenario file")
    if str(name_or_path) in available():
        return FOLDER / f"{name_or_path}.toml"
    known = available()
    hint = suggest(str(name_or_path), known)
    raise ScenarioError(
        f"no scenario '{name_or_path}'{hint}; there is: {', '.join(known)}, or give a .toml file"
    )


def _build(path: Path, data: dict[str, Any]) -> Scenario:
    """Cross-checks that no single key can make, and the typed parts."""
    where = path.name
    end = data["epoch"] + timedelta(seconds=data["duration_s"])
    if data["epoch"].year < _EPOCH_YEARS[0] or end.year >= _EPOCH_YEARS[1]:
        raise ScenarioError(
            f"{where}: the flight, {data['epoch']:%Y-%m-%d} to {end:%Y-%m-%d}, is outside the"
            f" field model's {_EPOCH_YEARS[0]} .. {_EPOCH_YEARS[1]}"
        )
    stations = tuple(Station(**row) for row in data["station"])
    names = [station.name for station in stations]
    for what, rows in (("station", data["station"]), ("partner", data["partner"])):
        listed = [row["name"] for row in rows]
        if len(set(listed)) != len(listed):
            raise ScenarioError(f"{where}: two entries of {what} have the same name")
    for index, row in enumerate(data["partner"]):
        if row["station"] not in names:
            hint = suggest(row["station"], names)
            raise ScenarioError(
                f"{where}: partner.{index}.station '{row['station']}' is no station{hint}"
            )
    commands, faults = _timeline(data, path)
    owners = {"host", *(row["name"] for row in data["partner"])}
    for what in ("transfer", "check"):
        for index, row in enumerate(data[what]):
            if row["owner"] not in (None, *owners):
                hint = suggest(row["owner"], owners)
                said = f"{what}.{index}.owner '{row['owner']}'"
                raise ScenarioError(f"{where}: {said} is no partner{hint}")
    for index, check in enumerate(data["check"]):
        _check_check(check, f"{where}: check.{index}", names)
    return Scenario(path, data, stations, commands, faults)


# What a kind of check cannot do without.
_NEEDS = {
    "mode": "mode",
    "event": "event",
    "event_count": "event",
    "pointing_below": "target",
    "actuators_off": "part",
    "station_frames": "station",
    "account": "field",
}


def _check_check(check: Mapping[str, Any], where: str, stations: list[str]) -> None:
    kind = check["kind"]
    needed = _NEEDS.get(kind)
    if needed is not None and check[needed] is None:
        raise ScenarioError(f"{where} of kind '{kind}' needs key '{needed}'")
    station = check["station"]
    if station is None:
        return
    if check["target"] != "ground" and kind != "station_frames":
        raise ScenarioError(f"{where}: station goes with target 'ground'")
    if station not in stations:
        hint = suggest(station, stations)
        raise ScenarioError(f"{where}.station '{station}' is no station{hint}")


def _timeline(data: Mapping[str, Any], path: Path) -> tuple[tuple[Command, ...], tuple[Fault, ...]]:
    where = path.name
    commands, faults = [], []
    owners = {"host", *(row["name"] for row in data["partner"])}
    for index, row in enumerate(data["timeline"]):
        full = f"timeline.{index}"
        if (row["command"] is None) == (row["fault"] is None):
            raise ScenarioError(f"{where}: {full} needs either 'command' or 'fault'")
        if row["command"] is not None:
            if row["owner"] not in owners:
                hint = suggest(row["owner"], owners)
                raise ScenarioError(f"{where}: {full}.owner '{row['owner']}' is no partner{hint}")
            args = resolve(row["args"], data, row["t_s"], full, path)
            for number in range(row["repeat"]):
                t_s = row["t_s"] + number * row["every_s"]
                commands.append(Command(t_s, row["command"], args, row["owner"]))
        elif row["device"] is None:
            raise ScenarioError(f"{where}: {full} needs key 'device'")
        else:
            faults.append(_fault(row["device"], row["fault"], row, full, where))
    for device, row in data["fault"].items():
        if row["kind"] is not None:
            faults.append(_fault(device, row["kind"], row, f"fault.{device}", where))
        elif any(row[key] is not None for key in _FAULT_KEYS) or row["t_s"]:
            raise ScenarioError(f"{where}: fault.{device} needs key 'kind'")
    return tuple(commands), tuple(faults)


def _fault(device: str, kind: str, row: Mapping[str, Any], full: str, where: str) -> Fault:
    until_s = float("inf") if row["until_s"] is None else row["until_s"]
    if until_s <= row["t_s"]:
        raise ScenarioError(f"{where}: {full}.until_s must be later than t_s")
    keys = ("register", "bit", "value", "axis", "fraction", "factor", "operation")
    return Fault(device, kind, row["t_s"], until_s, *(row[key] for key in keys))
