"""Stores of packets: circular and bounded, reading by time and priority, damage and power cuts."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

import native
from flight.core.packet_store import PacketStore
from flight.core.storage import MOUNTED
from sim.faults import Fault
from tests.flight.storage_rig import Board, flash

E_AGAIN, E_NOSPC, E_NODEV = -11, -28, -19
SEGMENT, SEGMENTS, PACKET, ROOM = 1500, 4, 200, 900
FOREVER = (1 << 30) - 1


def store(circular: bool = True, name: str = "host", owner: int = 0, **changes: int) -> PacketStore:
    sizes = {"segments": SEGMENTS, "segment_size": SEGMENT, "packet_max": PACKET, "room": ROOM}
    sizes.update(changes)
    return PacketStore(name, 2, owner, circular, copy=native.copy, crc16=native.crc16, **sizes)


def packet(number: int) -> bytes:
    """Packet `number`: 20 to 199 bytes that tell which it is."""
    size = 20 + number * 37 % 180
    return number.to_bytes(4, "big") + bytes((number + i) % 256 for i in range(size - 4))


def start(made: PacketStore, image: bytes | None = None, *faults: Fault) -> Board:
    board = Board(flash(image, *faults), made)
    board.work(3)
    return board


def fill(board: Board, made: PacketStore, numbers: range, priority: int = 1) -> None:
    """Keep each packet at a time that is its number, and write whenever there is something."""
    for number in numbers:
        data = packet(number)
        made.keep(data, len(data), priority, number)
        if number % 3 == 0:
            board.work()
    board.work(6)


def read(files: Any, made: PacketStore, first: int = 0, last: int = FOREVER, priority: int = 0
         ) -> list[int]:  # fmt: skip
    """Numbers of the selected packets, each compared with what was kept."""
    made.select(first, last, priority)
    out, numbers = bytearray(PACKET + 3), []
    while (n := made.fetch(files, out)) != 0:
        if n == E_AGAIN:
            continue
        assert n > 0, n
        numbers.append(int.from_bytes(out[:4], "big"))
        assert bytes(out[:n]) == packet(numbers[-1])
    return numbers


@pytest.mark.parametrize("count", [0, 1, 5, 13, 40, 150])
def test_a_circular_store_keeps_the_newest(count: int) -> None:
    made = store()
    board = start(made)
    fill(board, made, range(count))
    kept = read(board.files, made)
    assert kept == list(range(count - len(kept), count))
    assert made.stored() <= SEGMENTS * SEGMENT
    if count == 150:
        assert made.stored() > (SEGMENTS - 1) * (SEGMENT - PACKET - 10)
    assert (made.lost, made.refused, made.damaged, made.overtaken) == (0, 0, 0, 0)
    assert made.kept == count


def test_a_bounded_store_keeps_the_oldest_and_refuses() -> None:
    made = store(circular=False)
    board = start(made)
    fill(board, made, range(150))
    kept = read(board.files, made)
    assert kept == list(range(len(kept)))
    assert made.refused > 0 and made.lost == 0
    assert len(kept) + made.refused == 150
    assert SEGMENTS * (SEGMENT - PACKET - 10) < made.stored() <= SEGMENTS * SEGMENT
    assert made.clear(board.files) == 0 and made.stored() == 0
    fill(board, made, range(200, 203))
    assert read(board.files, made) == [200, 201, 202]


@pytest.mark.parametrize("seed", range(4))
def test_a_bounded_store_counts_every_packet(seed: int) -> None:
    """Written seldom, so that the last file fills up under what waits."""
    rng = random.Random(seed)
    made = store(circular=False, room=2000)
    board = start(made)
    for number in range(120):
        data = packet(number)
        made.keep(data, len(data), 0, number)
        if rng.random() < 0.1:
            board.work()
    board.work(8)
    kept = read(board.files, made)
    assert kept == sorted(set(kept))
    assert len(kept) + made.refused + made.lost == 120


def test_it_goes_on_after_a_new_start() -> None:
    made = store()
    board = start(made)
    fill(board, made, range(30))
    before = read(board.files, made)
    again = store()
    board = start(again, board.part.memory.image())
    assert read(board.files, again) == before
    fill(board, again, range(30, 35))
    assert read(board.files, again)[-7:] == list(range(28, 35))


def test_reading_by_time_and_priority() -> None:
    made = store()
    board = start(made)
    for number in range(24):
        fill(board, made, range(number, number + 1), priority=number % 4)
    everything = read(board.files, made)
    assert everything == list(range(24))
    assert read(board.files, made, 5, 11) == list(range(5, 12))
    assert read(board.files, made, 11, 5) == []
    assert read(board.files, made, priority=3) == [3, 7, 11, 15, 19, 23]
    assert read(board.files, made, 4, 15, 2) == [6, 7, 10, 11, 14, 15]
    assert read(board.files, made, priority=4) == []


def test_a_fetch_looks_at_a_bounded_number_of_records() -> None:
    made = store(segment_size=6000)
    board = start(made)
    fill(board, made, range(60))
    made.select(0, FOREVER, 200)
    results = []
    while (n := made.fetch(board.files, bytearray(PACKET))) != 0:
        results.append(n)
    assert results == [E_AGAIN] * (60 // 16)


def test_what_is_written_while_it_is_read() -> None:
    """Reading falls behind: what was begun anew is counted, what comes is in order."""
    made = store()
    board = start(made)
    fill(board, made, range(60))
    made.select(0, FOREVER, 0)
    out, numbers, written = bytearray(PACKET), [], 60
    for turn in range(400):
        n = made.fetch(board.files, out)
        if n == 0:
            break
        assert n > 0
        numbers.append(int.from_bytes(out[:4], "big"))
        assert bytes(out[:n]) == packet(numbers[-1])
        if turn < 40:
            fill(board, made, range(written, written + 3))
            written += 3
    assert n == 0 and numbers == sorted(set(numbers)) and numbers[-1] == written - 1
    assert made.overtaken > 0 and made.damaged == 0


def test_a_damaged_record_costs_the_rest_of_its_file() -> None:
    made = store()
    board = start(made)
    fill(board, made, range(30))
    before = read(board.files, made)
    place = made.ring.place(1)
    assert board.files.open(0, f"host{place}", 3) == 0
    board.files.seek(0, 10 + 300)
    board.files.write(0, b"\x00\xff\x00", 0, 3)
    assert board.files.close(0) == 0
    after = read(board.files, made)
    assert made.damaged == 1
    assert set(after) < set(before) and after == sorted(after) and after[-1] == 29
    assert len(after) > len(before) // 2


def test_stores_of_two_owners_are_not_mixed_up() -> None:
    made = store(name="shared", owner=1)
    board = start(made)
    fill(board, made, range(5))
    other = store(name="shared", owner=2)
    board = start(other, board.part.memory.image())
    assert read(board.files, other) == [] and other.ring.damaged == 1


def test_what_cannot_be_kept_is_counted() -> None:
    made = store()
    start(made)
    assert not made.keep(bytes(PACKET + 1), PACKET + 1, 0, 0)
    assert not made.keep(b"", 0, 0, 0)
    kept = 0
    while made.keep(bytes(PACKET), PACKET, 0, 0):
        kept += 1
    assert kept == ROOM // (PACKET + 10) and made.lost == 3


def test_fetching_without_files_or_room() -> None:
    made = store()
    board = start(made)
    out = bytearray(PACKET)
    assert made.fetch(board.files, out) == 0, "nothing was selected"
    fill(board, made, range(100, 104))
    made.select(0, FOREVER, 0)
    assert made.fetch(board.files, bytearray(3)) == E_NOSPC
    assert made.fetch(board.files, out) == 0, "the selection ended"
    made.select(0, FOREVER, 0)
    board.storage.down()
    assert made.fetch(board.files, out) == E_NODEV
    assert made.fetch(board.files, out) == 0


@pytest.mark.parametrize(
    "wrong", [{"segments": 1}, {"segment_size": PACKET}, {"packet_max": 0}, {"room": PACKET}]
)
def test_sizes_that_cannot_be(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        store(**wrong)


def waiting(image: bytes, first: int, *faults: Fault) -> tuple[Board, PacketStore]:
    """A start on this memory, with three packets from `first` on that wait to be written."""
    made = store()
    board = start(made, image, *faults)
    for number in range(first, first + 3):
        data = packet(number)
        assert made.keep(data, len(data), 1, number)
    return board, made


def test_power_cuts_at_every_operation() -> None:
    """Packets that were reported as written are there, in order and whole; of what was in flight
    all or nothing."""
    made = store()
    board = start(made)
    fill(board, made, range(60))
    image = board.part.memory.image()
    cuts = corrupted = 0
    for first in range(60, 78, 3):
        board, made = waiting(image, first)
        operations = []
        while made.waiting():
            assert board.work()
            operations.append(board.part.operations)
        for operation, fraction in itertools.product(range(1, operations[-1] + 1), (0.0, 0.3, 0.6)):
            fault = Fault("w25q128", "power_cut", operation=operation, fraction=fraction)
            cut, _ = waiting(image, first, fault)
            cut.work(len(operations))
            assert not cut.part.powered
            cuts += 1
            found = store()
            again = start(found, cut.part.memory.image())
            numbers = read(again.files, found)
            last = numbers[-1]
            whole = again.storage.state == MOUNTED and again.storage.formats == 0
            whole = whole and found.damaged == found.ring.damaged == 0
            in_order = numbers == list(range(numbers[0], last + 1)) and len(numbers) > 20
            corrupted += not (whole and in_order and first - 1 <= last <= first + 2)
            if operation > operations[0]:
                corrupted += last < first
        image = board.part.memory.image()
    assert cuts > 90
    assert corrupted == 0
