"""Arguments of telecommands that only the flight knows: `$orbit.line1`, `$time.seconds` and so on.

Mission time counts from 2020-01-01T00:00:00 TAI, as on board; the row's own `t_s` is meant, with
`$time.seconds+600` so many whole seconds later, `-600` earlier. Stations are the scenario's,
geodetic.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from sim.elements import tle_lines
from sim.errors import ScenarioError
from sim.orbit import Frames

NAMES = (
    "$orbit.line1",
    "$orbit.line2",
    "$time.seconds",
    "$time.fraction",
    "$station.NAME.latitude_rad",
    "$station.NAME.longitude_rad",
    "$station.NAME.height_m",
    "$station.NAME.elevation_min_rad",
)
_TAI_EPOCH = datetime(2020, 1, 1, tzinfo=timezone.utc)
_STATION = re.compile(r"\$station\.(.+)\.(latitude_rad|longitude_rad|height_m|elevation_min_rad)")
_KEYS = {
    "latitude_rad": "latitude_deg",
    "longitude_rad": "longitude_deg",
    "elevation_min_rad": "min_elevation_deg",
}
_LATER = re.compile(r"\$time\.seconds([+-][0-9]{1,9})")


def mission_time(epoch: datetime, t_s: float) -> tuple[int, int]:
    """(seconds, 1/65536 s) of mission time `t_s` after `epoch`, rounded down."""
    units = round(t_s * 65536.0)
    whole = round((epoch - _TAI_EPOCH).total_seconds() * 65536.0)
    return divmod(whole + units + Frames(epoch).tai_utc_s * 65536, 65536)


def resolve(
    args: Mapping[str, Any], data: Mapping[str, Any], t_s: float, full: str, path: Path
) -> dict[str, Any]:
    """`args` of a telecommand at `t_s` with values for names. ScenarioError for unknown ones."""
    return {
        key: _resolved(value, data, t_s, f"{path.name}: {full}.args.{key}", path)
        for key, value in args.items()
    }


def _resolved(value: Any, data: Mapping[str, Any], t_s: float, where: str, path: Path) -> Any:
    """A value, and what a list or a table holds: telecommands inside telecommands."""
    if isinstance(value, str) and value.startswith("$"):
        return _value(value, data, t_s, where, path)
    if isinstance(value, Mapping):
        return {key: _resolved(v, data, t_s, f"{where}.{key}", path) for key, v in value.items()}
    if isinstance(value, list):
        return [_resolved(v, data, t_s, f"{where}.{n}", path) for n, v in enumerate(value)]
    return value


def _value(name: str, data: Mapping[str, Any], t_s: float, where: str, path: Path) -> Any:
    later = _LATER.fullmatch(name)
    if name in ("$orbit.line1", "$orbit.line2"):
        return tle_lines(data["orbit"], path.parent, data["epoch"])[name == "$orbit.line2"]
    if later is not None:
        return mission_time(data["epoch"], t_s)[0] + int(later.group(1))
    if name in ("$time.seconds", "$time.fraction"):
        return mission_time(data["epoch"], t_s)[name == "$time.fraction"]
    station = _STATION.fullmatch(name)
    for row in data["station"]:
        if station is not None and row["name"] == station.group(1):
            if station.group(2) == "height_m":
                return row["altitude_m"]
            return math.radians(row[_KEYS[station.group(2)]])
    raise ScenarioError(f"{where}: {name} is unknown; there is: {', '.join(NAMES)}")
