"""Bringing the flash memory up, keeping it usable, and how long a piece of work takes."""

from __future__ import annotations

import pytest

from flight.core import storage
from flight.core.storage import DOWN, MOUNTED
from sim.faults import Fault
from tests.flight.fakes import Fram
from tests.flight.storage_rig import Board, acting, archive, flash, keep, record, stored

EIO, ENODEV, LOST = 5, 19, 2


def fault(kind: str, **details: object) -> Fault:
    return Fault("w25q128", kind, **details)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def image() -> bytes:
    """Of a memory with a file system and 20 records."""
    made = archive()
    board = Board(flash(), made).up()
    for number in range(20):
        assert keep(made, number)
        board.work()
    assert stored(board, made) == [record(number) for number in range(20)]
    return board.part.memory.image()


def test_a_blank_memory_is_formatted_at_once() -> None:
    board = Board(flash())
    assert board.work() and board.storage.state == DOWN
    assert board.events.put_ids == [(storage.EVENT_FORMATTED, 1, 1)]
    assert board.work() and board.up().storage.state == MOUNTED
    counted = board.storage
    assert (counted.mounts, counted.formats, counted.refused) == (1, 1, 0)


def test_what_is_there_is_used(image: bytes) -> None:
    made = archive()
    board = Board(flash(image), made)
    assert board.work() and board.up().storage.state == MOUNTED
    assert stored(board, made) == [record(number) for number in range(20)]
    assert board.events.put_ids == []


def test_a_damaged_file_system_is_refused_three_times_then_formatted(image: bytes) -> None:
    part = flash(image)
    for block in range(2):
        part.memory.program(block * 4096, bytes(4096))
    board = Board(part)
    for refusals in (1, 2):
        assert board.work() and board.storage.state == DOWN
        assert board.storage.refused == refusals and board.storage.formats == 0
    assert board.work() and board.storage.formats == 1 and board.storage.refused == 3
    assert board.work() and board.up().storage.state == MOUNTED
    assert board.events.ids() == [storage.EVENT_REFUSED] * 3 + [storage.EVENT_FORMATTED]


def test_a_bad_contact_does_not_cost_the_data(image: bytes) -> None:
    """Bits of both blocks of the root flip for two attempts; then the contact is good again."""
    part = flash(image, *(fault("bit_flip", register=at, bit=3) for at in (8, 4096 + 8)))
    made = archive()
    board = Board(part, made)
    assert board.work(2) == 2 and board.storage.state == DOWN
    part.faults = acting()
    board.work(20)
    assert board.storage.state == MOUNTED and board.storage.formats == 0
    assert stored(board, made) == [record(number) for number in range(20)]


def test_a_silent_device_is_asked_ever_more_rarely_and_never_formatted(image: bytes) -> None:
    part = flash(image, fault("dead"))
    board = Board(part)
    asked = board.work(400)
    assert 5 < asked < 14 and board.storage.device_errors == asked
    assert board.events.put_ids == [(storage.EVENT_DEVICE, ENODEV, 1)]
    part.faults = acting()
    board.work(65)
    assert board.storage.state == MOUNTED
    assert (board.storage.formats, board.storage.refused) == (0, 0)


def test_another_part_is_not_written_to(image: bytes) -> None:
    part = flash(image, fault("wrong_id"))
    board = Board(part)
    board.work(300)
    assert board.storage.state == DOWN and part.operations == 0


def test_an_error_in_use_is_followed_by_mounting_again(image: bytes) -> None:
    made = archive()
    board = Board(flash(image), made)
    board.up()
    keep(made, 20)
    board.part.faults = acting(fault("dead"))
    assert board.work() and board.storage.state == DOWN and board.storage.faults == 1
    assert made.waiting(), "it waits on"
    board.part.faults = acting()
    board.work(10)
    assert board.storage.state == MOUNTED and not made.waiting()
    assert stored(board, made) == [record(number) for number in range(21)]
    assert board.events.ids() == [storage.EVENT_FAULT]


def test_cells_that_no_longer_take_anything_are_a_failing_device() -> None:
    """A whole part that does not program: formatted for ever it must not be."""
    board = Board(flash(None, fault("program_fail")))
    board.work(100)
    assert board.storage.state == DOWN and board.storage.formats == 0
    assert board.storage.device_errors >= 2
    assert board.events.ids() == [storage.EVENT_DEVICE]


def test_a_full_memory_is_no_damage(image: bytes) -> None:
    class Filler:
        cost_ms = 200
        status = 0

        def begin(self, files):
            return 0

        def waiting(self):
            return True

        def work(self, files):
            if self.status == 0:
                self.status = files.open(0, "filler", 2 | 4)
            return min(0, files.write(0, bytes(4096), 0, 4096))

    board = Board(flash(image), Filler())
    board.work(120)
    assert board.storage.full > 1 and board.storage.faults == 0
    assert board.storage.state == MOUNTED
    assert board.events.ids() == [storage.EVENT_FULL]


def test_nothing_is_begun_without_slack(image: bytes) -> None:
    made = archive()
    board = Board(flash(image), made)
    assert board.work(5, slack_ms=storage.MOUNT_MS - 1) == 0
    assert board.work(1, slack_ms=storage.MOUNT_MS) == 1
    board.work(2, slack_ms=storage.MOUNT_MS)
    assert board.work(5, slack_ms=storage.TIDY_MS - 1) == 0
    assert board.work(1, slack_ms=storage.TIDY_MS) == 1
    keep(made, 20)
    assert board.work(5, slack_ms=made.cost_ms - 1) == 0 and made.waiting()
    assert board.work(1, slack_ms=made.cost_ms) == 1 and not made.waiting()
    assert board.work(5) == 0, "there is nothing to do"


def test_no_piece_takes_longer_than_the_slack_it_asks_for() -> None:
    """Typical times of the part, from a blank memory through many turns of the ring."""
    made = archive(segments=4, file_size=9000, room=4000, enough=3500)
    board = Board(flash(), made)
    longest_us = {"bring_up": 0, "tidy": 0, "work": 0}
    for number in range(1500):
        assert keep(made, number, 60)
        tidied = board.storage._tidied
        down = board.storage.state != MOUNTED
        kind = "bring_up" if down else "work" if tidied else "tidy"
        before_us = board.clock.now_us
        board.work()
        longest_us[kind] = max(longest_us[kind], board.clock.now_us - before_us)
    assert made.count(LOST) == 0 and board.storage.faults == 0
    assert stored(board, made)[-1] == record(1499, 60)
    assert longest_us["bring_up"] <= 1000 * storage.FORMAT_MS
    assert longest_us["tidy"] <= 1000 * storage.TIDY_MS
    assert 45_000 < longest_us["work"] <= 1000 * made.cost_ms


def test_a_wiped_memory_holds_nothing(image: bytes) -> None:
    made = archive(Fram())
    board = Board(flash(image), made).up()
    assert made.stored() > 0
    board.storage.wipe()
    assert board.up().storage.formats == 1 and made.stored() == 0
    assert board.events.ids() == [storage.EVENT_FORMATTED]
