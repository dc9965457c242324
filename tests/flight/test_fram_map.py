"""The map of FRAM in docs/architecture.md: no two owners overlap, nobody writes outside of it."""

from __future__ import annotations

import re
from pathlib import Path

from flight.apps.storage import definitions
from flight.core import records
from tests.flight.stores_rig import Stores

TEXT = Path(__file__).resolve().parents[2] / "docs" / "architecture.md"
SIZE = 131072


def rows() -> list[tuple[int, int, str]]:
    """(first address, behind the last, owner)."""
    text = TEXT.read_text(encoding="utf-8").split("\n## FRAM\n")[1].split("\n## ")[0]
    found = re.findall(r"^\| 0x(\w+) \| 0x(\w+) \| .* \| (.+) \|$", text, re.MULTILINE)
    return [(int(first, 16), int(last, 16) + 1, owner) for first, last, owner in found]


def row_of(address: int, size: int) -> int:
    """The row that holds all of it, -1 when none does."""
    for number, (first, end, _) in enumerate(rows()):
        if first <= address and address + size <= end:
            return number
    return -1


def test_rows_are_in_order_and_do_not_overlap() -> None:
    table = rows()
    assert len(table) >= 16
    assert all(first < end <= SIZE for first, end, _ in table)
    assert all(a[1] <= b[0] for a, b in zip(table, table[1:], strict=False))


def test_every_record_of_the_mission_lies_in_a_row_and_meets_no_other() -> None:
    Stores()
    areas = []
    for record in records.ALL:
        areas += [(address, len(record.image), "record") for address in record._address]
    for row in definitions.STORES + definitions.LOGS:
        areas.append((row[4], row[5], row[0]))
    areas.append((0x4100, 0x8000 - 0x4100, "schedule"))
    areas.append((0x8000, 0x4000, "sequences"))
    assert len(areas) >= 16
    for address, size, name in areas:
        assert row_of(address, size) >= 0, (hex(address), size, name)
    areas.sort()
    for (address, size, _), (following, _, name) in zip(areas, areas[1:], strict=False):
        assert address + size <= following, (hex(address), hex(following), name)


def test_nobody_writes_outside_the_map() -> None:
    stores = Stores()
    stores.send("set_parameters", {"supervisor_retry_s": 77})
    stores.send("store_disable", {"count": 1, "store": 0})
    stores.rig.fly(30)
    writes = stores.rig.board.fram.writes
    assert len(writes) > 50
    assert [hex(address) for address, size in writes if row_of(address, size) < 0] == []
