"""Every service has the message types of docs/link.md, which are at least the minimal set, and no
others; and every stage of verification."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flight.core import failures, telemetry
from tests.flight.partners_rig import HOST, Partners

TEXT = Path(__file__).resolve().parents[2] / "docs" / "link.md"

# ECSS-E-ST-70-41C, what a conforming implementation of each service cannot do without.
MINIMAL = {
    1: ((), (1, 2, 3, 4, 7, 8, 10)),
    3: ((5, 6, 27, 31), (25,)),
    5: ((5, 6, 7), (1, 2, 3, 4, 8)),
    6: ((2, 5, 9), (6, 10)),
    8: ((1,), ()),
    9: ((1,), (2,)),
    11: ((1, 2, 3, 4, 5, 7, 15, 17), (13,)),
    12: ((1, 2, 5, 6, 15, 16), (12,)),
    15: ((1, 2, 9, 11, 12, 17), (13,)),
    17: ((1,), (2,)),
    19: ((1, 2, 4, 5, 8, 9), ()),
    20: ((1, 3), (2,)),
    21: ((1, 3, 4, 5), ()),
    23: ((1, 2, 3, 9, 10, 12, 14), (4, 13)),
}


def numbers(text: str) -> set[int]:
    """`1 to 4, 8` as numbers."""
    found: set[int] = set()
    for part in text.split(","):
        ends = [int(number) for number in re.findall(r"\d+", part)]
        found |= set(range(ends[0], ends[-1] + 1)) if ends else set()
    return found


def table() -> dict[int, tuple[set[int], set[int]]]:
    section = TEXT.read_text(encoding="utf-8").split("\n### Services\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \| (.*?) ?\| (.*?) ?\|$", section, re.MULTILINE)
    return {int(service): (numbers(up), numbers(down)) for service, up, down in rows}


@pytest.fixture(scope="module")
def served() -> set[tuple[int, int]]:
    """Message types that are handled, out of all there can be."""
    mission = Partners()
    found = set()
    for service in range(256):
        for subtype in range(256):
            packet = mission.raw(HOST, service, subtype, b"\xff" * 40, 0)
            code = mission.context.commands.acceptable(packet, len(packet), HOST)
            if code != failures.UNKNOWN_SERVICE:
                found.add((service, subtype))
    return found


def test_the_table_has_the_minimal_sets() -> None:
    found = table()
    assert set(found) == set(MINIMAL)
    for service, (up, down) in MINIMAL.items():
        assert set(up) <= found[service][0] and set(down) <= found[service][1], service


def test_what_is_handled_is_what_the_table_says(served: set[tuple[int, int]]) -> None:
    wanted = {(service, subtype) for service, (up, _) in table().items() for subtype in up}
    assert served == wanted


def test_what_is_sent_is_what_the_table_says() -> None:
    sent = set(zip(telemetry._SERVICE, telemetry._SUBTYPE, strict=True)) | {(9, 2)}
    wanted = {(service, subtype) for service, (_, down) in table().items() for subtype in down}
    assert sent == wanted


def test_every_stage_is_told() -> None:
    mission = Partners()

    def told(packet: bytes) -> list[tuple[int, int]]:
        mission.queue(HOST)
        mission.execute(packet)
        return [(p[7], p[8]) for p in mission.queue(HOST) if p[7] == 1]

    assert told(mission.raw(HOST, 17, 1, b"", 15)) == [(1, 1), (1, 3), (1, 7)]
    assert told(mission.raw(HOST, 17, 1, b"", 0)) == []
    assert told(mission.raw(HOST, 17, 1, b"x", 0)) == [(1, 2)]
    assert told(mission.raw(HOST, 8, 1, b"\x00\x04", 15)) == [(1, 1), (1, 4)]  # not armed
    assert told(mission.raw(HOST, 8, 1, b"\x04\x02\x01", 15)) == [(1, 1), (1, 3), (1, 8)]
    theirs = mission.raw(1, 17, 1)
    assert told(theirs) == [(1, 10)]
