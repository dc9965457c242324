"""The groups of figures of `verify adcs`, in the order in which they are measured."""

from __future__ import annotations

from cli.adcs import cost, detumble, honesty, models
from cli.adcs.parts import Part, Verify

__all__ = ["GROUPS", "Verify"]

GROUPS: "dict[str, tuple[Part, ...]]" = {
    "cost": cost.PARTS,
    "models": models.PARTS,
    "filter": honesty.STATISTICS,
    "soak": honesty.ENDURANCE,
    "detumble": detumble.PARTS,
}
