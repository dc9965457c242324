"""The groups of figures of `verify adcs`, in the order in which they are measured."""

from __future__ import annotations

from cli.adcs import cost, detumble, honesty, models, pointing, sensor_faults, system
from cli.adcs.parts import Part, Verify

__all__ = ["GROUPS", "Verify"]

GROUPS: "dict[str, tuple[Part, ...]]" = {
    "cost": cost.PARTS,
    "models": models.PARTS,
    "filter": honesty.STATISTICS,
    "soak": honesty.ENDURANCE,
    "knowledge": pointing.KNOWLEDGE,
    "detumble": detumble.PARTS,
    "pointing": pointing.PARTS,
    "faults": sensor_faults.PARTS,
    "day": pointing.DAY,
    "week": pointing.WEEK,
    "system": system.PARTS,
}
