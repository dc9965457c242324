"""Everything that the flight software remembers, as one dictionary: path to value."""

from __future__ import annotations

from array import array
from typing import Any


def walk(*roots: Any) -> dict[str, Any]:
    """Values of all attributes that can be reached from `roots` through objects of `flight`."""
    found: dict[str, Any] = {}
    seen: set[int] = set()
    todo: list[tuple[str, Any]] = [("", list(roots))]
    while todo:
        path, value = todo.pop()
        if isinstance(value, (int, float, str, bytes, type(None))):
            found[path] = value
        elif isinstance(value, (bytearray, array)):
            found[path] = bytes(value)
        elif id(value) not in seen:
            seen.add(id(value))
            if isinstance(value, dict):
                todo += [(f"{path}[{key}]", item) for key, item in value.items()]
            elif isinstance(value, (list, tuple)):
                found[path] = len(value)
                todo += [(f"{path}[{i}]", item) for i, item in enumerate(value)]
            elif type(value).__module__.startswith("flight."):
                name = type(value).__name__
                todo += [(f"{name}.{key}", item) for key, item in vars(value).items()]
    return found
