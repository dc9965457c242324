"""The ring of files of a log: what it keeps, what it drops, and power cuts at every operation."""

from __future__ import annotations

import itertools

import pytest

from flight.core.record_log import RecordLog
from flight.core.storage import MOUNTED
from sim.faults import Fault
from tests.flight.storage_rig import (
    PER_SEGMENT,
    ROOM,
    SEGMENTS,
    SIZE,
    Board,
    flash,
    log,
    record,
    stored,
)

E_INVAL, E_BADMSG = -22, -74


def fill(board: Board, made: RecordLog, first: int, count: int, batch: int = 1) -> None:
    """Append records `first` and on, writing after each `batch`."""
    for number in range(first, first + count):
        assert made.append(record(number), 0)
        if number % batch == 0:
            board.work(4)
    board.work(4)


@pytest.mark.parametrize("count", [1, 11, 12, 13, 24, 36, 37, 200])
@pytest.mark.parametrize("batch", [1, 3, ROOM])
def test_the_newest_records_are_kept(count: int, batch: int) -> None:
    made = log()
    board = Board(flash(), made)
    board.work(3)
    fill(board, made, 0, count, batch)
    kept = stored(board.files, made)
    assert kept == [record(number) for number in range(count - len(kept), count)]
    assert min(count, (SEGMENTS - 1) * PER_SEGMENT + 1) <= len(kept) <= SEGMENTS * PER_SEGMENT
    assert made.lost == made.damaged == 0


@pytest.mark.parametrize("count", [0, 5, 12, 30, 100])
def test_it_goes_on_after_a_new_start(count: int) -> None:
    made = log()
    board = Board(flash(), made)
    board.work(3)
    fill(board, made, 0, count)
    again = log()
    board = Board(board.part, again)
    board.work(3)
    assert again.stored() == made.stored()
    fill(board, again, count, 7)
    assert stored(board.files, again)[-7:] == [record(n) for n in range(count, count + 7)]
    assert stored(board.files, again) == [
        record(n) for n in range(count + 7 - again.stored(), count + 7)
    ]


def test_what_finds_no_room_is_counted() -> None:
    made = log()
    Board(flash(), made)  # not mounted: nothing is written
    taken = [made.append(record(number), 0) for number in range(ROOM + 3)]
    assert taken == [True] * ROOM + [False] * 3
    assert (made.waiting(), made.lost) == (ROOM, 3)


def test_appending_takes_a_part_of_a_buffer() -> None:
    made = log()
    board = Board(flash(), made)
    assert made.append(b"??" + record(7) + b"?", 2)
    board.work(4)
    assert stored(board.files, made) == [record(7)]


def test_reading_what_is_not_there() -> None:
    made = log()
    board = Board(flash(), made)
    board.work(3)
    fill(board, made, 0, 3)
    out = bytearray(SIZE)
    for number in (-1, 3, 1 << 29):
        assert made.read(board.files, number, out, 0) == E_INVAL
    assert made.damaged == 0 and out == bytes(SIZE)


def test_a_damaged_record_is_told_and_the_others_are_read() -> None:
    made = log()
    board = Board(flash(), made)
    board.work(3)
    fill(board, made, 0, 5)
    assert board.files.open(0, "log0", 3) == 0
    at = 10 + 2 * (SIZE + 2) + 4
    board.files.seek(0, at)
    board.files.write(0, b"\x00\x00", 0, 2)
    assert board.files.close(0) == 0
    out = bytearray(SIZE)
    results = [made.read(board.files, number, out, 0) for number in range(5)]
    assert results == [0, 0, E_BADMSG, 0, 0] and made.damaged == 1


@pytest.mark.parametrize("junk", [b"", b"x", b"not a log at all", bytes(500)])
def test_files_that_are_no_log_are_written_over(junk: bytes) -> None:
    made = log()
    board = Board(flash(), made)
    board.work(2)
    for path in ("log0", "log1"):
        assert board.files.open(0, path, 2 | 4) == 0
        assert board.files.write(0, junk, 0, len(junk)) == len(junk)
        assert board.files.close(0) == 0
    again = log()
    board = Board(board.part, again)
    board.work(3)
    assert again.stored() == 0 and board.storage.state == MOUNTED
    assert again.ring.damaged == (2 if junk else 0)
    fill(board, again, 0, 30)
    assert stored(board.files, again)[-1] == record(29)


def test_a_log_of_other_records_is_not_mixed_up() -> None:
    made = log()
    board = Board(flash(), made)
    board.work(3)
    fill(board, made, 0, 5)
    other = log(size=SIZE + 1)
    board = Board(board.part, other)
    board.work(3)
    assert other.stored() == 0 and other.ring.damaged == 1


def test_generations_wrap() -> None:
    made = log()
    board = Board(flash(), made)
    board.work(3)
    made.ring.generation = (1 << 30) - 3
    fill(board, made, 0, 100)
    again = log()
    board = Board(board.part, again)
    board.work(3)
    assert stored(board.files, again) == stored(board.files, made)
    assert stored(board.files, again)[-1] == record(99)


@pytest.mark.parametrize(
    "wrong", [{"segments": 1}, {"segments": 11}, {"size": 0}, {"per_segment": 0}, {"room": 0}]
)
def test_sizes_that_cannot_be(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="log|files"):
        log(**wrong)


WIDE = 60  # records of which a file is blocks of its own, not part of its folder


def wide() -> RecordLog:
    return log(size=WIDE, per_segment=PER_SEGMENT, room=ROOM)


def settled() -> bytes:
    """A memory whose log has turned round once, as the work below begins."""
    made = wide()
    board = Board(flash(), made)
    board.work(3)
    for number in range(40):
        assert made.append(record(number, WIDE), 0)
        board.work()
    return board.part.memory.image()


def start(part_image: bytes, *faults: Fault) -> tuple[Board, RecordLog]:
    """A new start of the computer on this memory."""
    made = wide()
    board = Board(flash(part_image, *faults), made)
    board.work(3)
    return board, made


def test_power_cuts_at_every_operation() -> None:
    """Every program and erase of 20 appends, over changes to another file, at three places in it:
    what was reported as written is there, in order, whole, and the record in flight or not."""
    image = settled()
    cuts = corrupted = 0
    for number in range(40, 60):
        board, made = start(image)
        made.append(record(number, WIDE), 0)
        assert board.work() and made.waiting() == 0
        for operation, fraction in itertools.product(
            range(1, board.part.operations + 1), (0.0, 0.3, 0.6)
        ):
            fault = Fault("w25q128", "power_cut", operation=operation, fraction=fraction)
            cut, made = start(image, fault)
            made.append(record(number, WIDE), 0)
            cut.work()
            assert not cut.part.powered and made.waiting() == 1
            cuts += 1
            again, made = start(cut.part.memory.image())
            kept = stored(again.files, made)
            wanted = [record(n, WIDE) for n in range(number + 1 - len(kept), number + 1)]
            before = [record(n, WIDE) for n in range(number - len(kept), number)]
            whole = (
                again.storage.state == MOUNTED
                and again.storage.formats == made.damaged == made.ring.damaged == 0
            )
            corrupted += not (whole and len(kept) > 24 and kept in (wanted, before))
            made.append(record(500, WIDE), 0)
            assert again.work() and stored(again.files, made)[-1] == record(500, WIDE)
        image = board.part.memory.image()
    assert cuts > 200
    assert corrupted == 0
