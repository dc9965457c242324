"""The CFDP entity of the spacecraft and PDUs made by hand, which cfdp-py would never send: abuse
cases A16 and A17 of docs/link.md."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

import native
from cli.security.file_units import (
    ACK,
    EOF,
    FINISHED,
    METADATA,
    NAK,
    PROMPT,
    data,
    eof,
    metadata,
    unit,
)
from flight.core import cfdp_table as table
from tests.flight.cfdp_rig import Line, Onboard, content, write


@pytest.fixture
def onboard() -> Onboard:
    return Onboard()


def begun(onboard: Onboard, size: int = 1000, **how: int) -> Onboard:
    assert onboard.take(unit(metadata(size), METADATA, **how))
    return onboard


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (unit(data(1001, b"x")), table.BAD_OFFSET),
        (unit(data(999, b"xy")), table.BAD_OFFSET),
        (unit(data(0xFFFFFFFF, b"xy")), table.BAD_OFFSET),
        (unit(data(0xFFFFFFF0, bytes(32))), table.BAD_OFFSET),
        (unit(data(0, b"")), table.BAD_DIRECTIVE),
        (unit(b"\0\0"), table.BAD_DIRECTIVE),
        (unit(data(0, b"x"), flags=1), table.BAD_HEADER),
        (b"\x40" + unit(data(0, b"x"))[1:], table.BAD_HEADER),
        (unit(data(0, b"x"))[:3] + b"\x09" + unit(data(0, b"x"))[4:], table.BAD_HEADER),
        (unit(data(0, b"x"))[:3] + b"\x71" + unit(data(0, b"x"))[4:], table.BAD_HEADER),
        (unit(data(0, b"x"))[:3] + b"\x07" + unit(data(0, b"x"))[4:], table.BAD_HEADER),
        (unit(data(0, b"x")) + b"y", table.BAD_HEADER),
        (unit(data(0, b"xyz"))[:-1], table.BAD_HEADER),
        (b"\x30", table.BAD_HEADER),
        (b"", table.BAD_HEADER),
        (unit(data(0, b"x"), flags=2)[:-1] + b"!", table.BAD_CRC),
        (unit(data(0, b"x"), flags=2), table.INCONSISTENT),
        (unit(data(0, b"x"), flags=4), table.INCONSISTENT),
        (unit(data(0, b"x"), number=8), table.BUSY),
        (unit(metadata(5), METADATA, number=8), table.BUSY),
        (unit(data(0, b"x"), source=11), table.WRONG_ENTITY),
        (unit(data(0, b"x"), destination=2), table.WRONG_ENTITY),
        (unit(b"\0\0", FINISHED, up=False), table.UNKNOWN_TRANSFER),
        (unit(b"\0\0", FINISHED, up=False, destination=11), table.WRONG_ENTITY),
        (unit(b"\0\0", 0), table.BAD_DIRECTIVE),
        (unit(b"\0\0", 99), table.BAD_DIRECTIVE),
        (unit(bytes(8), NAK), table.BAD_DIRECTIVE),
        (unit(b"", PROMPT), table.BAD_HEADER),
        (unit(b"\0", EOF), table.BAD_DIRECTIVE),
        (unit(b"\x51", ACK), table.BAD_DIRECTIVE),
    ],
)
def test_a17_refused_and_counted_without_a_change(
    onboard: Onboard, made: bytes, reason: int
) -> None:
    begun(onboard)
    before = bytes(onboard.table.rows), bytes(onboard.memory.staged[0])
    assert not onboard.take(made)
    assert [r for r in range(table.REASONS) if onboard.refused(r)] == [reason]
    assert (bytes(onboard.table.rows), bytes(onboard.memory.staged[0])) == before
    assert onboard.take(unit(data(0, b"x")))
    assert onboard.field(0, table.HIGH) == 1


@pytest.mark.parametrize(
    ("made", "reason", "condition"),
    [
        (metadata(0xFFFFFFFF), table.BAD_SIZE, table.SIZE_ERROR),
        (metadata((1 << 20) + 1), table.BAD_SIZE, table.FILESTORE_REJECTION),
        (metadata(10, kind=1), table.BAD_CHECKSUM_TYPE, table.UNSUPPORTED_CHECKSUM),
        (metadata(10, kind=2), table.BAD_CHECKSUM_TYPE, table.UNSUPPORTED_CHECKSUM),
        *(
            (metadata(10, name), table.BAD_NAME, table.FILESTORE_REJECTION)
            for name in (
                b"", b"..", b"../f1/a", b"/a", b"a/../b", b"a/b/c", b"a\0b", b"\xc0\xaea", b".up",
                b"a.", b"d/.a", b"a b", b"\xc3\xa4", b"x" * 32, b"x" * 200, b"d/", b"/", b"a\\b",
            )
        ),
    ],
)  # fmt: skip
def test_a16_a17_what_cannot_be_is_told_to_the_sender(
    onboard: Onboard, made: bytes, reason: int, condition: int
) -> None:
    assert not onboard.take(unit(made, METADATA))
    assert onboard.refused(reason) == 1
    (finished,) = onboard.drain()
    assert finished[-2:] == bytes((FINISHED, condition << 4 | 4 | (condition == 4)))
    assert onboard.take(unit(b"\x51" + bytes((condition << 4,)), ACK))
    assert not onboard.table.is_busy(0)


@pytest.mark.parametrize(
    "made",
    [
        metadata(10)[:4],
        metadata(10)[:5],
        metadata(10)[:7],
        metadata(10)[:-1],
        metadata(10)[:5] + b"\xff",
        metadata(10, b"a")[:-2] + b"\xffa",
        metadata(10, options=b"\x02"),
        metadata(10, options=b"\x02\x05ab"),
        metadata(10, options=b"\x00\x03\x10\x01a"),
    ],
)
def test_a17_metadata_that_is_cut_off_or_asks_for_work(onboard: Onboard, made: bytes) -> None:
    assert not onboard.take(unit(made, METADATA))
    assert onboard.refused(table.BAD_DIRECTIVE) == 1 and not onboard.memory.names


def test_a17_data_before_metadata_and_eof_twice(onboard: Onboard) -> None:
    octets = content(300)
    crc = bytearray(4)
    native.crc32_into(octets, 0, 300, crc, 0)
    end = eof(300, int.from_bytes(crc, "big"))
    assert onboard.take(unit(data(100, octets[100:])))
    assert onboard.take(unit(end, EOF)) and onboard.take(unit(end, EOF))
    replies = onboard.drain()
    assert [pdu[8] for pdu in replies if len(pdu) == 11] == [ACK]
    (nak,) = [pdu for pdu in replies if pdu[8] == NAK]
    assert nak[9:] == struct.pack(">6I", 0, 300, 0, 0, 0, 100)
    assert not onboard.take(unit(eof(300, 5), EOF)) and onboard.refused(table.INCONSISTENT) == 1
    assert onboard.take(unit(metadata(300), METADATA))
    assert onboard.take(unit(data(0, octets[:100])))
    onboard.second()
    assert onboard.memory.files == {b"f0/a": octets}


@pytest.mark.parametrize("size", [0, 999, 1001, 0xFFFFFFFF])
def test_a17_an_end_that_is_not_the_end(onboard: Onboard, size: int) -> None:
    begun(onboard)
    onboard.take(unit(data(990, bytes(10))))
    assert not onboard.take(unit(eof(size), EOF))
    assert onboard.refused(table.BAD_SIZE) == 1
    assert onboard.field(0, table.CONDITION) == table.SIZE_ERROR


def test_a17_a_thousand_half_open_transactions(onboard: Onboard) -> None:
    taken = [onboard.take(unit(data(0, b"x"), number=number)) for number in range(1000)]
    assert taken == [True] + [False] * 999 and onboard.refused(table.BUSY) == 999
    for owner in (1, 2, 3):
        assert onboard.take(unit(metadata(10), METADATA, owner=owner), owner)


def test_a17_gaps_without_end_cost_others_nothing(onboard: Onboard) -> None:
    begun(onboard, 100_000)
    for at in range(2, 60_000, 100):
        onboard.take(unit(data(at, b"x")))
    assert onboard.refused(table.NO_ROOM) > 500
    begun(onboard, 1000, owner=0)
    onboard.take(unit(metadata(1000), METADATA, owner=1), 1)
    taken = [onboard.take(unit(data(at, b"x"), owner=1), 1) for at in (10, 20, 30, 40)]
    assert all(taken)


def test_a17_a_storm_of_naks_is_bounded(tmp_path: Path, onboard: Onboard) -> None:
    onboard.memory.files[b"f0/b"] = content(50_000)
    onboard.cfdp.hear(0, 600)
    onboard.download("b")
    onboard.drain()
    ranges = b"".join(struct.pack(">II", at, at + 1) for at in range(0, 48, 2))
    for _ in range(200):
        onboard.take(unit(struct.pack(">II", 0, 50_000) + ranges, NAK, up=False, number=1))
    assert len(onboard.drain()) == 24
    for bad in (struct.pack(">II", 5, 5), struct.pack(">II", 9, 4), struct.pack(">II", 0, 50_001),
                b"\xff" * 8):  # fmt: skip
        made = unit(struct.pack(">II", 0, 50_000) + bad, NAK, up=False, number=1)
        assert not onboard.take(made)
    assert onboard.refused(table.BAD_OFFSET) == 4
    assert not onboard.take(unit(bytes(7), NAK, up=False, number=1))
    assert onboard.drain() == []


def test_a17_the_same_number_of_two_owners(onboard: Onboard) -> None:
    for owner in (1, 2):
        assert onboard.take(unit(metadata(4), METADATA, owner=owner), owner)
        assert onboard.take(unit(data(0, b"own%d" % owner), owner=owner), owner)
    # One with the other's entity, on his own channel.
    assert not onboard.take(unit(data(0, b"evil"), owner=2), 1)
    assert onboard.refused(table.WRONG_ENTITY) == 1
    assert bytes(onboard.memory.staged[1][:4]) == b"own1"
    assert bytes(onboard.memory.staged[2][:4]) == b"own2"


def test_late_units_of_what_is_over_are_answered_and_change_nothing(tmp_path: Path) -> None:
    line = Line(tmp_path)
    units = []
    take = line.onboard.take
    line.onboard.take = lambda pdu, owner=0: units.append(pdu) or take(pdu, owner)  # type: ignore[method-assign]
    line.ground.upload(write(tmp_path, "src", content(900)), "a")
    line.run()
    files = dict(line.onboard.memory.files)
    for pdu in units:
        take(pdu)
    line.onboard.second()
    replies = line.onboard.drain()
    assert {pdu[8] for pdu in replies} <= {ACK, FINISHED} and replies
    assert line.onboard.memory.files == files and line.onboard.cfdp.receiver.uploads == 1


def test_a_span_keeps_every_request_short(onboard: Onboard) -> None:
    onboard.table.span_B = 100
    begun(onboard, 1000)
    onboard.take(unit(data(950, bytes(50))))
    onboard.take(unit(eof(1000), EOF))
    asked = []
    for pdu in onboard.drain():
        if pdu[8] == NAK:
            asked += list(struct.iter_unpack(">II", pdu[17:]))
    assert asked == [(at, min(at + 100, 950)) for at in range(0, 950, 100)]
