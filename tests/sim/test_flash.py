"""W25Q128JV flash by the rules of its data sheet, revision F."""

import pytest

from sim.devices.w25q128 import SIZE, W25q128, protected
from tests.sim.flash_wire import ERASED, ERASES, Wire


def test_identification():
    wire = Wire()
    assert wire.send(0x9F, rx=3) == b"\xef\x40\x18"
    assert wire.send(0x90, 0, 0, 0, rx=2) == b"\xef\x17"
    assert wire.send(0x90, 0, 0, 1, rx=2) == b"\x17\xef"
    assert wire.send(0xAB, 0, 0, 0, rx=1) == b"\x17"
    unique = wire.send(0x4B, 0, 0, 0, 0, rx=8)
    assert len(set(unique)) > 1
    other = W25q128("other", unique_id=b"\x01\x02").transfer(b"\x4b\0\0\0\0", 8)
    assert other == bytes(6) + b"\x01\x02" != unique


def test_output_comes_while_bytes_are_written_too():
    """The bus is clocked both ways: a longer write hides the first bytes of the answer."""
    wire = Wire()
    assert wire.send(0x9F, 0, rx=2) == b"\x40\x18"
    assert wire.send(0x9F, rx=0) == b""


def test_new_part_is_blank_and_reads_go_over_the_end():
    wire = Wire()
    assert wire.read(0, 4) == ERASED * 4
    wire.program(0, b"start")
    wire.program(SIZE - 3, b"end")
    assert wire.read(SIZE - 3, 8) == b"endstart"
    assert wire.part.transfer(b"\x0b\x00\x00\x00\x00", 5) == b"start"  # one dummy byte


def test_program_clears_bits_and_never_sets_them():
    wire = Wire()
    wire.program(0x1234, b"\xf0")
    wire.program(0x1234, b"\x3c")
    assert wire.read(0x1233, 3) == b"\xff\x30\xff"


def test_program_goes_on_at_the_start_of_the_page():
    wire = Wire()
    wire.program(0x1FE, b"abcd")
    assert wire.read(0x1FE, 2) == b"ab"
    assert wire.read(0x100, 3) == b"cd\xff"
    assert wire.read(0x200, 2) == ERASED * 2


def test_of_more_than_a_page_the_last_256_bytes_count():
    wire = Wire()
    data = bytes(range(256)) + b"last"
    wire.program(0x300, data)
    assert wire.read(0x300, 256) == b"last" + data[4:256]


@pytest.mark.parametrize("code", ERASES)
def test_erase_sets_the_whole_aligned_block_and_nothing_else(code):
    wire = Wire()
    size, duration_us = ERASES[code]
    base = 3 * 65536
    for address in (base - 1, base, base + size - 1, base + size):
        wire.program(address, b"\x00")
    wire.begin(code, base + size // 2 + 5)
    wire.wait(duration_us - 1)
    assert wire.status() & 1
    wire.wait(1)
    assert not wire.status() & 1
    assert [wire.read(a, 1)[0] for a in (base - 1, base, base + size - 1, base + size)] == [
        0, 255, 255, 0,
    ]  # fmt: skip
    sectors = range(base // 4096, (base + size) // 4096)
    assert wire.part.memory.wear == dict.fromkeys(sectors, 1)


@pytest.mark.parametrize("code", [0xC7, 0x60])
def test_chip_erase(code):
    wire = Wire()
    wire.program(5, b"x")
    wire.program(SIZE - 1, b"y")
    wire.send(0x06)
    wire.send(code)
    wire.wait(39_999_999)
    assert wire.status() & 1
    wire.wait(1)
    assert wire.read(5, 1) + wire.read(SIZE - 1, 1) == ERASED * 2
    assert len(wire.part.memory.wear) == 4096


def test_write_enable_latch():
    wire = Wire()
    assert wire.status() == 0x00
    wire.send(0x02, 0, 0, 0, 0x00)  # not enabled
    assert wire.read(0, 1) == ERASED
    wire.send(0x06)
    assert wire.status() == 0x02
    wire.send(0x04)
    assert wire.status() == 0x00
    wire.begin(0x02, 0, b"\x00")
    assert wire.status() == 0x03
    wire.wait(700)
    assert wire.status() == 0x00
    wire.send(0x02, 0, 0, 0, 0x00)
    assert wire.part.operations == 1


def test_instructions_with_a_wrong_number_of_bytes_do_nothing():
    wire = Wire()
    wire.send(0x06, 0)
    assert wire.status() == 0x00
    wire.send(0x06)
    for sent in ((0x20, 0, 0), (0x20, 0, 0, 0, 0), (0x02, 0, 0, 0), (0xC7, 0), (0x01, 0, 0, 0)):
        wire.send(*sent)
        assert wire.status() == 0x02, sent
    assert wire.send(rx=2) == ERASED * 2


@pytest.mark.parametrize("code", [0x03, 0x0B, 0x9F, 0x90, 0xAB, 0x4B])
def test_busy_part_answers_nothing_but_its_status(code):
    wire = Wire()
    wire.begin(0x02, 0, b"\x00")
    assert wire.send(code, 0, 0, 0, 0, rx=4) == ERASED * 4
    for status in (0x05, 0x35, 0x15):
        assert wire.send(status, rx=3) != ERASED * 3


def test_busy_part_ignores_work_and_keeps_what_it_does():
    wire = Wire()
    wire.begin(0x20, 0)
    wire.send(0x04)
    wire.begin(0x02, 0x5000, b"\x00")
    wire.send(0xB9)
    wire.wait(45_000)
    assert wire.status() == 0x00
    assert wire.read(0x5000, 1) == ERASED
    assert wire.part.operations == 1


def test_power_down_hears_only_the_release():
    wire = Wire()
    wire.program(0, b"data")
    wire.send(0xB9)
    assert wire.read(0, 4) == ERASED * 4
    assert wire.status() == 0xFF
    wire.send(0xAB)
    assert wire.read(0, 4) == b"data"


def test_reset_needs_both_instructions_in_a_row():
    wire = Wire()
    for sequence in ((0x99,), (0x66, 0x05, 0x99)):
        wire.send(0x06)
        for code in sequence:
            wire.send(code)
        assert wire.status() == 0x02
    wire.send(0x66)
    wire.send(0x99)
    assert wire.status() == 0xFF  # 30 us
    wire.wait(30)
    assert wire.status() == 0x00


def test_reset_during_a_cycle_leaves_it_half_done():
    wire = Wire()
    wire.begin(0x02, 0, bytes(256))
    wire.wait(350)
    wire.send(0x66)
    wire.send(0x99)
    wire.wait(30)
    assert wire.status() == 0x00
    assert wire.read(0, 130) == bytes(128) + b"\x55\xff"


def test_status_registers_as_delivered():
    wire = Wire()
    assert [wire.status(code) for code in (0x05, 0x35, 0x15)] == [0x00, 0x02, 0x60]


def test_status_write_keeps_over_the_supply_and_volatile_one_does_not():
    wire = Wire()
    wire.send(0x06)
    wire.send(0x01, 0x1C)
    assert wire.status() & 1
    wire.wait(9_999)
    assert wire.status() & 1
    wire.wait(1)
    assert wire.status() == 0x1C
    wire.send(0x50)
    wire.send(0x01, 0x04)
    assert wire.status() == 0x04  # at once
    wire.part.powered = False
    assert wire.send(0x05, rx=1) == ERASED
    wire.part.powered = True
    assert wire.status() == 0x1C
    wire.send(0x01, 0x00)  # neither enabled
    assert wire.status() == 0x1C


def test_status_write_of_two_bytes_and_bits_that_cannot_be_written():
    wire = Wire()
    wire.send(0x06)
    wire.send(0x01, 0xFF, 0x40)
    wire.wait(10_000)
    assert wire.status() == 0xFC
    assert wire.status(0x35) == 0x42  # QE is fixed
    wire.set_status(0xFF, 0x11)
    assert wire.status(0x15) == 0x60


def test_security_locks_are_set_once_and_the_supply_lock_ends_with_power():
    wire = Wire()
    wire.set_status(0x08, 0x31)
    wire.set_status(0x00, 0x31)
    assert wire.status(0x35) == 0x0A
    wire.set_status(0x01, 0x31)
    wire.set_status(0x04)
    assert wire.status() & ~0x02 == 0x00
    wire.part.powered = False
    wire.part.powered = True
    wire.set_status(0x04)
    assert wire.status() == 0x04


# Rows of the tables of memory protection: status 1, status 2, first address, end.
@pytest.mark.parametrize(
    ("one", "two", "first", "end"),
    [
        (0x04, 0, 0xFC0000, SIZE),
        (0x08, 0, 0xF80000, SIZE),
        (0x18, 0, 0x800000, SIZE),
        (0x24, 0, 0x000000, 0x040000),
        (0x38, 0, 0x000000, 0x800000),
        (0x1C, 0, 0x000000, SIZE),
        (0x44, 0, 0xFFF000, SIZE),
        (0x4C, 0, 0xFFC000, SIZE),
        (0x50, 0, 0xFF8000, SIZE),
        (0x54, 0, 0xFF8000, SIZE),
        (0x64, 0, 0x000000, 0x001000),
        (0x70, 0, 0x000000, 0x008000),
        (0x00, 0x40, 0x000000, SIZE),
        (0x04, 0x40, 0x000000, 0xFC0000),
        (0x24, 0x40, 0x040000, SIZE),
        (0x64, 0x40, 0x001000, SIZE),
    ],
)
def test_block_protection(one, two, first, end):
    assert protected(one, two) == (first, end)
    wire = Wire()
    wire.send(0x06)
    wire.send(0x01, one, two)
    wire.wait(10_000)
    for address, free in ((first, 0), (end - 1, 0), (first - 1, 1), (end, 1)):
        if 0 <= address < SIZE:
            wire.program(address, b"\x00")
            assert wire.read(address, 1)[0] == (0x00 if free else 0xFF)
            assert bool(wire.status() & 2) != bool(free), "refused work leaves the latch set"


def test_nothing_is_protected_and_everything_by_the_complement():
    low, high = protected(0x00, 0x00)
    assert low == high
    low, high = protected(0x1C, 0x40)
    assert low == high


def test_erase_that_touches_the_protected_part_is_refused_whole():
    wire = Wire()
    wire.program(0x8000, b"\x00")
    wire.set_status(0x64)  # the first sector
    wire.erase(0x8000, 0xD8)
    assert wire.read(0x8000, 1) == b"\x00"
    wire.erase(0x8000, 0x52)
    assert wire.read(0x8000, 1) == ERASED
    wire.send(0x06)
    wire.send(0xC7)
    assert not wire.status() & 1
