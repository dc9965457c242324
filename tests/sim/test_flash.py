"""W25Q128JV flash by the rules of its data sheet, revision F."""

import pytest

from sim.devices.base import BusError
from sim.devices.nor_memory import NorMemory
from sim.devices.w25q128 import SIZE, W25q128, protected
from sim.faults import Fault, FaultSet

ERASED = b"\xff"
ERASES = {0x20: (4096, 45_000), 0x52: (32768, 120_000), 0xD8: (65536, 150_000)}


class Wire:
    """A flash and its clock."""

    def __init__(self, *faults):
        self.faults = FaultSet(faults)
        self.faults.advance(0.0)
        self.part = W25q128("w25q128", self.faults)

    def send(self, *data, rx=0):
        return self.part.transfer(bytes(data), rx)

    def wait(self, time_us):
        self.part.time_us += time_us

    def status(self, code=0x05):
        return self.send(code, rx=1)[0]

    def read(self, address, size):
        return self.part.transfer(b"\x03" + address.to_bytes(3, "big"), size)

    def begin(self, code, address, data=b""):
        self.send(0x06)
        self.part.transfer(bytes((code,)) + address.to_bytes(3, "big") + data, 0)

    def program(self, address, data):
        self.begin(0x02, address, data)
        self.wait(700)

    def erase(self, address, code=0x20):
        self.begin(code, address)
        self.wait(ERASES[code][1])

    def set_status(self, value, code=0x01):
        self.send(0x06)
        self.send(code, value)
        self.wait(10_000)


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


def fault(kind, **details):
    return Fault("w25q128", kind, **details)


@pytest.mark.parametrize("kind", ["nack", "dead"])
def test_part_that_does_not_answer_reads_ones(kind):
    wire = Wire(fault(kind))
    wire.begin(0x02, 0, b"\x00")
    assert wire.send(0x9F, rx=3) == ERASED * 3
    assert wire.part.operations == 0


def test_transfer_that_never_ends():
    with pytest.raises(BusError):
        Wire(fault("timeout")).status()


def test_stuck_busy():
    wire = Wire(fault("stuck_busy", until_s=5.0))
    wire.wait(10**9)
    assert wire.status() & 1
    assert wire.read(0, 1) == ERASED
    wire.faults.advance(5.0)
    assert wire.status() == 0x00


def test_bit_flip_is_where_it_is_asked_for():
    wire = Wire(fault("bit_flip", register=0x1001, bit=6))
    wire.program(0x1000, b"abc")
    assert wire.read(0x1000, 3) == b"a\x22c"
    assert wire.part.memory.read(0x1000, 3) == b"abc"
    assert wire.send(0x9F, rx=3) == b"\xef\x40\x18"


def test_failing_cells_take_their_time_and_stay():
    wire = Wire(fault("program_fail"), fault("erase_fail"))
    wire.part.memory.program(0, b"old")
    wire.begin(0x02, 0x10, b"new")
    assert wire.status() == 0x03
    wire.wait(700)
    wire.erase(0)
    assert wire.status() == 0x00
    assert wire.read(0, 3) == b"old"
    assert wire.read(0x10, 3) == ERASED * 3


@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.5, 1.0])
def test_power_cut_in_the_second_cycle(fraction):
    wire = Wire(fault("power_cut", operation=2, fraction=fraction))
    wire.program(0, b"safe")
    wire.begin(0x02, 0x100, bytes(100))
    assert wire.part.supply_failed and not wire.part.powered
    assert wire.status() == 0xFF
    wire.part.powered = True
    assert not wire.part.supply_failed
    assert wire.status() == 0x00
    assert wire.read(0, 4) == b"safe"
    done = int(256 * fraction)
    page = wire.read(0x100, 256)
    assert page[: min(done, 100)] == bytes(min(done, 100))
    assert set(page[done + 1 :]) <= {0xFF}
    wire.program(0x200, b"on")
    assert wire.read(0x200, 2) == b"on"


@pytest.mark.parametrize("fraction", [0.1, 0.4, 0.6, 0.9])
def test_power_cut_in_an_erase_leaves_garbage_in_one_sector(fraction):
    wire = Wire(fault("power_cut", operation=3, fraction=fraction))
    wire.program(0x0FFF, b"\x0f")
    wire.program(0x2000, b"\x0f")
    wire.begin(0x20, 0x1000)
    wire.part.powered = True
    sector = wire.read(0x1000, 4096)
    assert sector != ERASED * 4096
    assert wire.read(0x0FFF, 1) + wire.read(0x2000, 1) == b"\x0f\x0f"
    wire.erase(0x1000)
    assert wire.read(0x1000, 4096) == ERASED * 4096
    assert wire.part.memory.wear == {1: 2}


def test_power_cut_in_a_block_erase_ends_at_the_sector_it_was_at():
    wire = Wire(fault("power_cut", operation=4, fraction=0.5))
    for address in (0, 0x7FFF, 0x8000):
        wire.program(address, b"\x00")
    wire.begin(0xD8, 0)
    wire.part.powered = True
    assert wire.read(0, 1) + wire.read(0x7FFF, 2) == b"\xff\xff\x00"


def test_supply_lost_between_cycles_costs_nothing_and_within_one_the_rest_of_it():
    wire = Wire()
    wire.program(0, b"kept")
    wire.part.supply_lost()
    wire.part.powered = True
    assert wire.read(0, 4) == b"kept"
    wire.begin(0x02, 0x100, bytes(256))
    wire.wait(175)
    wire.part.supply_lost()
    wire.part.powered = True
    assert wire.read(0x100, 66) == bytes(64) + b"\x55\xff"


def test_memory_is_sparse_and_moves_whole():
    memory = NorMemory(SIZE)
    memory.program(SIZE - 4, b"tail")
    memory.erase(0x5000, 4096)
    memory.program(0x9000, ERASED * 100)
    assert memory.kept == 1
    image = memory.image()
    assert len(image) < 2 * 4096
    other = NorMemory(SIZE)
    other.program(0, b"gone")
    other.restore(image)
    assert other.read(SIZE - 4, 8) == b"tail" + ERASED * 4
    assert other.wear == {5: 1}
    for bad in (b"", image[:-1], image + b"x", b"XXXX" + image[4:], NorMemory(8192).image()):
        with pytest.raises(ValueError, match="image"):
            other.restore(bad)
    assert other.image() == image
