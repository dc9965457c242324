"""Records with a good CRC and contents that make no sense: no start raises by them, and what flies
afterwards does not either."""

import random
import struct
import zlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import native
from flight.core import records
from flight.core.cfdp_table import PACKET_SIZE
from flight.core.records import HEADER_SIZE
from tests.flight.fakes import Board
from tests.flight.rig import Rig

MAGIC = 0x4D46
FILLS = ("noise", "ones", "zeros", "small", "sparse")


def layouts():
    """(addresses, layout, body size) of every record with two copies."""
    Rig()
    return [
        ((record.address(0), record.address(1)), record._layout, record.crc_at() - HEADER_SIZE)
        for record in records.ALL
    ]


RECORDS = layouts()


def body(rng, fill, size):
    if fill == "noise":
        return rng.randbytes(size)
    if fill == "small":
        return bytes(rng.choice((0, 0, 1, 2, 3, 4)) for _ in range(size))
    if fill == "sparse":
        return bytes(rng.randrange(256) if rng.random() < 0.1 else 0 for _ in range(size))
    return (b"\xff" if fill == "ones" else b"\0") * size


def write_record(memory, addresses, layout, generation, data):
    image = struct.pack(">HHI", MAGIC, layout, generation) + data
    image += zlib.crc32(image).to_bytes(4, "big")
    memory[addresses[0] : addresses[0] + len(image)] = image


def write_others(memory, rng, fill):
    """Slots of the schedule, sequences, science, mail and transfers, each with its own CRC."""
    for slot in range(34):
        at = 0x4100 + 256 * slot
        times = b""
        for _ in range(2):
            time = body(rng, fill, 8)
            times += time + native.crc16(time, 0, 8).to_bytes(2, "big") + bytes(2)
        n = rng.choice((0, 1, 13, 60, 220, 221, 255))
        meta = bytes((0x5A, rng.randrange(6), rng.randrange(256), n)) + body(rng, fill, 4)
        whole = (meta + body(rng, fill, n))[: 256 - 24 - 4]
        image = times + whole + zlib.crc32(whole).to_bytes(4, "big")
        memory[at : at + len(image)] = image
    for slot in range(16):
        at = 0x8000 + 1024 * slot
        head = bytes((0x5A, rng.randrange(6), rng.randrange(8))) + body(rng, fill, 3)
        memory[at : at + 8] = head + native.crc16(head, 0, 6).to_bytes(2, "big")
    for slot in range(4 * 76):
        at = 0xD000 + slot // 76 * 0xC00 + slot % 76 * 40
        batch = body(rng, fill, 2) + bytes((slot // 76,)) + body(rng, fill, 33)
        memory[at : at + 38] = batch + native.crc16(batch, 0, 36).to_bytes(2, "big")
    for slot in range(64):
        at = 0x1B000 + 192 * slot
        message = bytes((slot // 16,)) + body(rng, fill, 167)
        tail = bytes((rng.randrange(5),)) + body(rng, fill, 3)
        crc = zlib.crc32(message + tail).to_bytes(4, "big")
        state = bytes((rng.choice((0xA5, 0x5A, 0x3C)),))
        memory[at : at + 177] = message + tail + crc + state
    for at in range(0x1E000, 0x1F000, PACKET_SIZE):
        image = b"\xc5" + body(rng, fill, 1) + bytes((rng.randrange(16),)) + body(rng, fill, 249)
        memory[at : at + 256] = image + zlib.crc32(image).to_bytes(4, "big")


def start(memory, seconds):
    board = Board(cause=3)
    board.fram.memory[:] = memory
    rig = Rig(board)
    rig.fly(seconds)
    return rig


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 1 << 30),
    st.sampled_from(FILLS),
    st.sampled_from((1, 2, 0x3FFFFFFE, 0x3FFFFFFF, 0x7FFFFFFF, 0xFFFFFFFF)),
    st.sampled_from((*range(len(RECORDS)), "all", "others")),
)
@example(1, "noise", 1, "all")
@example(1, "ones", 1, "all")
@example(1, "small", 1, "all")
@example(1, "ones", 1, "others")
@example(1, "noise", 1, "others")
@example(1, "zeros", 0xFFFFFFFF, "all")
def test_no_record_with_a_good_crc_ends_a_start_or_an_app(seed, fill, generation, which):
    rng = random.Random(seed)
    memory = bytearray(131072)
    for index, (addresses, layout, size) in enumerate(RECORDS):
        if which in (index, "all"):
            write_record(memory, addresses, layout, generation, body(rng, fill, size))
    if which == "others":
        write_others(memory, rng, fill)
    rig = start(memory, 2)
    assert not any(rig.scheduler.counters.errors)
    assert not [event for event in rig.events() if event == 0x0805]


@pytest.mark.parametrize("length", [43, 60, 255])
def test_an_action_longer_than_its_room_is_refused_by_name(length):
    (addresses, layout, size) = next(row for row in RECORDS if row[0][0] == 0x3000)
    data = bytearray(size)
    data[0] = 1
    data[4:13] = struct.pack(">HHHBBB", 0x0101, 0xFFFF, 60, length, 0, 1)
    memory = bytearray(131072)
    write_record(memory, addresses, layout, 1, bytes(data))
    rig = start(memory, 6)
    told = [record[1:] for record in rig.event_records() if record[0] == 0x0718]
    assert told == [(0x0101, 1 << 8 | 13)]
    assert rig.mission.apps["fdir"].actions.table.defined()


@pytest.mark.parametrize(
    ("address", "at", "data"),
    [(0x1000, 0, b"\xff" * 16), (0x4000, 14, b"\x7f\xff\xff\xff"), (0x19000, 150, b"\x09")],
)
def test_a_record_that_makes_no_sense_is_refused_by_name_until_another_is_stored(address, at, data):
    (addresses, layout, size) = next(row for row in RECORDS if row[0][0] == address)
    content = bytearray(size)
    content[at : at + len(data)] = data
    memory = bytearray(131072)
    write_record(memory, addresses, layout, 5, bytes(content))
    rig = start(memory, 30)
    told = [record[1:] for record in rig.event_records() if record[0] == 0x080E]
    assert told == [(0, address)]
    record = next(r for r in records.ALL if r.address(0) == address)
    own = bytes(record.image)
    # Turned bits do not bring it back.
    record.image[HEADER_SIZE + 1] ^= 4
    record.right()
    assert record.image[HEADER_SIZE:] == own[HEADER_SIZE:]
    assert record.save() == 0
    again = start(rig.board.fram.memory, 30)
    assert 0x080E not in again.events()
    record = next(r for r in records.ALL if r.address(0) == address)
    assert record.image[HEADER_SIZE : record.crc_at()] == own[HEADER_SIZE:-4]
