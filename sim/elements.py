"""The orbit a scenario asks for: its SGP4 record, and the lines that tell somebody else of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sgp4.api import Satrec
from sgp4.exporter import export_tle

from sim.orbit import read_tle, satrec_from_tle, synthetic_satrec

_OWN = ("altitude_km", "inclination_deg", "raan_deg", "phase_deg")


def satrec_of(orbit: Mapping[str, Any], folder: Path, epoch: datetime) -> Satrec:
    """SGP4 record of the table `orbit` of a scenario in `folder`. ScenarioError when it is none."""
    satrec = satrec_from_tle(read_tle(folder / orbit["tle"], orbit["name"]))
    own = {key: orbit[key] for key in _OWN}
    if any(value is not None for value in own.values()):
        satrec = synthetic_satrec(satrec, epoch, **own)
    return satrec


def tle_lines(orbit: Mapping[str, Any], folder: Path, epoch: datetime) -> tuple[str, str]:
    """Both lines of 69 characters: those of the file, or of the scenario's own circular orbit."""
    if all(orbit[key] is None for key in _OWN):
        tle = read_tle(folder / orbit["tle"], orbit["name"])
        return tle.line1, tle.line2
    satrec = satrec_of(orbit, folder, epoch)
    satrec.classification, satrec.intldesg = "U", "26001A"
    satrec.ephtype = satrec.elnum = satrec.revnum = 0
    line1, line2 = export_tle(satrec)
    return line1, line2
