"""The groups of figures of `verify adcs`, in the order in which they are measured."""

from __future__ import annotations

from cli.adcs import cost, detumble
from cli.adcs.parts import Part, Verify

__all__ = ["GROUPS", "Verify"]

GROUPS: "dict[str, tuple[Part, ...]]" = {
    "cost": cost.PARTS,
    "detumble": detumble.PARTS,
}
