"""The words that sim/schema.py is written in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

REQUIRED = object()


@dataclass(frozen=True)
class Key:
    """One key. `kind`: "int", "float", "str", "time", "arguments" (a table of plain
    values and lists of numbers).

    `shape` () is a single value, (n,) a list of n, (n, m) a list of n lists; several shapes may be
    allowed. `low` and `high` hold for every number.
    """

    kind: str
    default: Any = REQUIRED
    low: float = float("-inf")
    high: float = float("inf")
    shapes: tuple[tuple[int, ...], ...] = ((),)
    choices: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Section:
    """A table that may be left out; it is then None, and what it describes is not there."""

    rules: dict[str, Any]
    text: str = ""


VECTOR = ((3,),)
DCM = ((3, 3),)
IDENTITY = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
MOUNTING = Key("float", IDENTITY, -1.0, 1.0, DCM, text="rows of [BS], sensor to body")


def number(default: Any, low: float, high: float, text: str = "") -> Key:
    """A single number."""
    return Key("float", default, low, high, text=text)


def vector(default: Any, low: float, high: float, text: str = "") -> Key:
    """Three numbers."""
    return Key("float", default, low, high, VECTOR, text=text)
