"""Service 6: loads, dumps and checks what the list allows, and nothing else (abuse case A14)."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import native
from flight.core import failures
from flight.services.memory import _READABLE
from tests.flight.partners_rig import BY, EC, HOST, IR, Partners

LOAD, DUMP, CHECK = 2, 5, 9
FLASH, FRAM = 0, 1
IMAGE = 0x08010000
KEYS = range(IMAGE + 1000, IMAGE + 1384)  # of the test board
PATCH = 0x1F000


@pytest.fixture(scope="module")
def mission() -> Partners:
    return Partners()


def head(memory: int, address: int) -> bytes:
    return struct.pack(">BBI", memory, 1, address)


def dump(mission: Partners, memory: int, address: int, length: int, owner: int = HOST) -> int:
    data = head(memory, address) + bytes((length,))
    return mission.execute(mission.raw(owner, 6, DUMP, data), owner)


def check(mission: Partners, memory: int, address: int, length: int) -> int:
    data = head(memory, address) + struct.pack(">H", length)
    return mission.execute(mission.raw(HOST, 6, CHECK, data))


def load(mission: Partners, memory: int, address: int, octets: bytes) -> int:
    data = head(memory, address) + bytes((len(octets),)) + octets
    return mission.execute(mission.raw(HOST, 6, LOAD, data))


def body(mission: Partners, subtype: int) -> bytes:
    (found,) = [p[20:-2] for p in mission.queue(HOST) if p[7:9] == bytes((6, subtype))]
    return found


def test_what_is_loaded_can_be_dumped_and_checked(mission: Partners) -> None:
    octets = bytes(range(100, 200))
    assert load(mission, FRAM, PATCH + 5, octets) == 0
    mission.queue(HOST)
    assert dump(mission, FRAM, PATCH + 5, 100) == 0
    crc = native.crc16(octets, 0, 100)
    wanted = head(FRAM, PATCH + 5) + bytes((100,)) + octets + struct.pack(">H", crc)
    assert body(mission, 6) == wanted
    assert check(mission, FRAM, PATCH + 5, 100) == 0
    wanted = head(FRAM, PATCH + 5) + struct.pack(">HI", 100, zlib.crc32(octets))
    assert body(mission, 10) == wanted


def test_the_image_can_be_read_but_for_its_keys(mission: Partners) -> None:
    assert check(mission, FLASH, IMAGE, 1000) == 0
    crc = zlib.crc32(bytes(i & 0xFF for i in range(1000)))
    assert body(mission, 10)[-4:] == struct.pack(">I", crc)
    for address, length in ((IMAGE + 999, 2), (IMAGE + 1383, 1), (IMAGE + 1000, 1)):
        assert dump(mission, FLASH, address, length) == failures.PROTECTED
        assert check(mission, FLASH, address, length) == failures.PROTECTED
    assert check(mission, FLASH, IMAGE + 900, 1000) == failures.PROTECTED
    assert load(mission, FLASH, IMAGE, b"\0") == failures.PROTECTED
    assert mission.queue(HOST)


def unkept(mission: Partners) -> bytes:
    """FRAM without the telemetry and events that wait there."""
    memory = mission.rig.board.fram.memory
    return bytes(memory[:0xC000] + memory[0xD000:0x10000] + memory[0x18000:])


@pytest.mark.parametrize("memory,address", [
    (FLASH, 0x20000000),  # RAM: kernel, keys in use, stacks
    (FLASH, 0x10000000),
    (FLASH, 0x1FFFC000),  # option bytes
    (FLASH, 0x40023C01),  # a register, not aligned
    (FLASH, 0xE000ED00),
    (FLASH, 0xFFFFFFFF),
    (FLASH, 0xFFFFFFF0),
    (FLASH, 0),  # the alias of flash
    (FRAM, 0x00400),  # counters of associations
    (FRAM, 0x00600),
    (FRAM, 0x00800),  # wrapped keys
    (FRAM, 0x04000),  # partners' telecommands
    (FRAM, 0x0D000),  # science data
    (FRAM, 0x10000),  # partners' telemetry
    (FRAM, 0x18000),
    (FRAM, 0x20000),
    (FRAM, 0x80000000),
    (FRAM, 0xFFFFFFFF),
])  # fmt: skip
def test_protected_memory(mission: Partners, memory: int, address: int) -> None:
    before = unkept(mission)
    for code in (
        dump(mission, memory, address, 176),
        dump(mission, memory, address, 1),
        check(mission, memory, address, 1024),
        load(mission, memory, address, bytes(range(16))),
    ):
        assert code == failures.PROTECTED
    assert unkept(mission) == before
    assert not [p for p in mission.queue(HOST) if p[7] == 6]


def test_the_vector_table_is_not_loaded(mission: Partners) -> None:
    for address in (IMAGE + 512, 0x08000000, 0xE000ED08):
        assert load(mission, FLASH, address, bytes(4)) == failures.PROTECTED


@pytest.mark.parametrize("owner", [EC, IR, BY])
def test_the_hosts_alone(mission: Partners, owner: int) -> None:
    assert dump(mission, FRAM, PATCH, 1, owner) == failures.NOT_AUTHORISED


def test_lengths(mission: Partners) -> None:
    for data in (b"", head(FRAM, PATCH), head(FRAM, PATCH) + b"\x01\x02"):
        assert mission.execute(mission.raw(HOST, 6, DUMP, data)) == failures.BAD_LENGTH
    assert dump(mission, FRAM, PATCH, 0) == failures.OUT_OF_RANGE
    assert dump(mission, FRAM, PATCH, 177) == failures.OUT_OF_RANGE
    assert check(mission, FRAM, PATCH, 1025) == failures.OUT_OF_RANGE
    assert dump(mission, 2, PATCH, 1) == failures.OUT_OF_RANGE
    short = head(FRAM, PATCH) + b"\x05\x00\x00"
    assert mission.execute(mission.raw(HOST, 6, LOAD, short)) == failures.BAD_LENGTH


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
@given(
    memory=st.sampled_from((FLASH, FRAM)),
    address=st.one_of(
        st.integers(0, 2**32 - 1), st.integers(0, 0x21000), st.integers(IMAGE, IMAGE + 4200)
    ),
    length=st.integers(1, 1024),
)
def test_no_address_leads_to_what_is_protected(memory: int, address: int, length: int) -> None:
    mission = SHARED[0]
    mission.queue(HOST)
    end = address + length
    if memory == FLASH:
        allowed = IMAGE <= address and end <= IMAGE + 4096
        allowed = allowed and (end <= KEYS.start or address >= KEYS.stop)
    else:
        allowed = any(first <= address and end <= last for first, last in _READABLE)
    assert check(mission, memory, address, length) == (0 if allowed else failures.PROTECTED)
    assert bool([p for p in mission.queue(HOST) if p[7:9] == b"\x06\x0a"]) == allowed


SHARED = [Partners()]


def test_secrets_are_on_no_list() -> None:
    """Wrapped keys and counters of the link, stored telecommands, packets and data of partners."""
    secret = ((0x400, 0x700), (0x800, 0xC00), (0x2000, 0xC000), (0xD000, 0x1F000))
    for first, last in _READABLE:
        assert all(last <= low or first >= high for low, high in secret)
