"""W25Q128JV flash: every fault, power cuts, and its memory."""

import pytest

from sim.devices.base import BusError
from sim.devices.nor_memory import NorMemory
from sim.devices.w25q128 import SIZE
from sim.faults import Fault
from tests.sim.flash_wire import ERASED, Wire


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
