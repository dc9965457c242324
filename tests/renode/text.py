"""Readers for the files of renode/: platform descriptions and C# tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RENODE = ROOT / "renode"
_ENTRY = re.compile(r"^(\w+): (\S+) @ (.+)$")
_TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|@?"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])'|\w+|=>|[^\s\w]""", re.S
)


@dataclass
class Entry:
    """One peripheral: class, where it is registered, properties, interrupt lines."""

    kind: str
    place: str
    properties: dict[str, str] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)


def platform(path: Path) -> dict[str, Entry]:
    """Entries of a .repl file. AssertionError for a line that fits no form."""
    entries: dict[str, Entry] = {}
    current: Entry | None = None
    depth = 0
    for number, raw in enumerate(path.read_text().splitlines(), 1):
        line = raw.split("//")[0].rstrip()
        if not line:
            continue
        where = f"{path.name}:{number}"
        match = _ENTRY.match(line)
        if match:
            name, kind, place = match.groups()
            assert name not in entries, f"{where}: {name} stands twice"
            current = entries[name] = Entry(kind, place)
            depth = place.count("{") - place.count("}")
            continue
        assert current is not None and line.startswith("    "), f"{where}: {line!r}"
        if depth:
            current.place += " " + line.strip()
            depth += line.count("{") - line.count("}")
        elif "->" in line:
            source, target = line.strip().split("->")
            assert source.strip() not in current.lines, f"{where}: source stands twice"
            current.lines[source.strip()] = target.strip()
        else:
            key, separator, value = line.strip().partition(": ")
            assert separator, f"{where}: {line!r}"
            current.properties[key] = value
    return entries


def base_of(entry: Entry) -> int:
    """First address on the system bus."""
    match = re.search(r"sysbus <?(0x[0-9A-Fa-f]+)", entry.place)
    assert match, entry.place
    return int(match.group(1), 16)


def defines(*headers: Path) -> dict[str, int]:
    """Plain numbers among the macros of C headers."""
    found: dict[str, int] = {}
    for header in headers:
        for name, value in re.findall(
            r"^#define (\w+) \(?(0x[0-9A-Fa-f]+|\d+)u?\)?(?:\s|$)", header.read_text(), re.M
        ):
            found[name] = int(value, 0)
    return found


def tokens(text: str) -> list[str]:
    """Tokens of a C# source, without comments and strings."""
    return [t for t in _TOKEN.findall(text) if not t.startswith(("//", "/*", '"', '@"', "'"))]
