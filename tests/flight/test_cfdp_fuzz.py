"""Units without sense: nothing raises, nothing is written elsewhere, nobody else notices."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from cli.security.file_units import EOF, METADATA, data, eof, metadata, unit
from flight.core import cfdp_table as table
from tests.flight.cfdp_rig import Onboard, content

GOOD = (
    unit(metadata(900), METADATA),
    unit(data(0, content(100))),
    unit(data(500, content(50))),
    unit(eof(900, 1), EOF),
    unit(b"\x0a\x00", 9),
    unit(b"\x51\x01", 6),
    unit(b"\x00" * 8 + b"\x00\x00\x00\x10\x00\x00\x00\x20", 8, up=False, number=1),
    unit(b"\x40\x01", 6, up=False, number=1),
    unit(b"\x02", 5, up=False, number=1),
    unit(b"\x00\x00\x00\x10", 12, up=False, number=1),
)
CHANGES = st.lists(st.tuples(st.integers(0, 250), st.integers(0, 255)), max_size=3)
UNITS = st.one_of(
    st.binary(max_size=250),
    st.builds(lambda body, code: unit(body, code), st.binary(max_size=60), st.integers(0, 13)),
    st.tuples(st.sampled_from(GOOD), CHANGES, st.integers(0, 250)),
)


def made(drawn: "bytes | tuple[bytes, list[tuple[int, int]], int]") -> bytes:
    """A unit as it is, or a good one with octets changed and perhaps cut off."""
    if isinstance(drawn, bytes):
        return drawn
    octets, changes, cut = drawn
    changed = bytearray(octets)
    for at, value in changes:
        changed[at % len(changed)] = value
    return bytes(changed[: cut if cut % 4 == 0 else None])


@settings(max_examples=60, deadline=None)
@given(st.lists(UNITS, max_size=40))
def test_no_unit_does_harm(drawn) -> None:
    onboard = Onboard()
    onboard.memory.files[b"f0/b"] = content(2000)
    onboard.cfdp.hear(0, 600)
    onboard.download("b")
    assert onboard.take(unit(metadata(10), METADATA, owner=1), 1)
    theirs = slice(table.FIELDS, 2 * table.FIELDS)
    before = onboard.table.rows[theirs]
    for each in drawn:
        onboard.take(made(each))
        onboard.second()
        for _ in range(3):
            onboard.next()
        row = onboard.table.rows[: table.FIELDS]
        size = row[table.SIZE]
        assert size < 0 or row[table.HIGH] <= max(size, 0) or row[table.STATE] == table.FINISHING
        assert sum(onboard.table.gaps.count) <= 96
    after = onboard.table.rows[theirs]
    after[table.TIMER] = before[table.TIMER]
    after[table.IDLE] = before[table.IDLE]
    after[table.DUE] = before[table.DUE]
    after[table.TRIES] = before[table.TRIES]
    assert after == before and not any(onboard.memory.staged[1][:4096])
    assert set(onboard.memory.files) <= {b"f0/b", b"f0/a"}
