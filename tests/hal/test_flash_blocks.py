"""Blocks of a flash memory under a file system: waits, limits, errors, and who else runs."""

from __future__ import annotations

import pytest

import native
from hal.drivers.w25q128 import W25q128
from hal.flash_blocks import FlashBlocks
from sim.devices.w25q128 import W25q128 as SimFlash
from sim.faults import Fault, FaultSet
from tests.flight.fakes import Clock
from tests.hal.test_flash import Spi

ENODEV, EINVAL, ETIMEDOUT = -19, -22, -110
BLOCK = 4096


class Wired(Clock):
    """The clock of board and flash: both are the same."""

    def __init__(self, part: SimFlash) -> None:
        super().__init__(1_000_300)
        self.part = part
        self.jam = False  # the part stops in the middle of what it does
        part.time_us = self.now_us

    def sleep_until(self, tick_ms: int) -> None:
        super().sleep_until(tick_ms)
        self.part.time_us = self.now_us
        if self.jam:
            self.part.faults = faults("stuck_busy")


def faults(*kinds: str) -> FaultSet:
    acting = FaultSet([Fault("w25q128", kind) for kind in kinds])
    acting.advance(0.0)
    return acting


def make(*kinds: str, first: int = 16, blocks: int = 32) -> tuple[SimFlash, Wired, FlashBlocks]:
    part = SimFlash("w25q128", faults(*kinds))
    clock = Wired(part)
    return part, clock, FlashBlocks(W25q128(Spi(part), native.copy), clock, first, blocks)


def test_blocks_lie_where_they_should() -> None:
    part, _, blocks = make(first=100, blocks=5)
    assert (blocks.BLOCK_SIZE, blocks.BLOCKS) == (BLOCK, 5)
    assert blocks.probe() == 0
    assert blocks.program(3, 256, b"abc") == 0
    assert part.memory.read(103 * BLOCK + 256, 3) == b"abc"
    out = bytearray(5)
    assert blocks.read(3, 255, out) == 0 and out == b"\xffabc\xff"
    assert blocks.erase(3) == 0
    assert part.memory.read(103 * BLOCK, BLOCK) == b"\xff" * BLOCK
    assert (blocks.programs, blocks.erases, blocks.failures) == (1, 1, 0)


@pytest.mark.parametrize(("first", "blocks"), [(-1, 4), (0, 0), (4096, 1), (4000, 97)])
def test_ranges_outside_the_flash_are_refused(first: int, blocks: int) -> None:
    with pytest.raises(ValueError):
        make(first=first, blocks=blocks)


def test_an_operation_has_ended_when_the_call_returns_and_it_was_slept_through() -> None:
    part, clock, blocks = make()
    before_us = clock.now_us
    assert blocks.program(0, 0, bytes(256)) == 0 and not part.busy
    assert clock.now_us - before_us <= 1_000
    before_us = clock.now_us
    assert blocks.erase(0) == 0 and not part.busy
    assert 45_000 <= clock.now_us - before_us <= 53_000
    assert 45 <= blocks.longest_ms <= 53
    assert len(clock.slept) <= 1 + 10, "few looks: each wakes the processor"
    steps = [
        later - earlier for earlier, later in zip(clock.slept[1:], clock.slept[2:], strict=False)
    ]
    assert max(steps) <= 8


@pytest.mark.parametrize(("erase", "limit_ms"), [(False, 3), (True, 400)])
def test_a_part_that_does_not_end_is_given_up_and_reset(erase: bool, limit_ms: int) -> None:
    part, clock, blocks = make()
    clock.jam = True
    before_us = clock.now_us
    status = blocks.erase(0) if erase else blocks.program(0, 0, bytes(16))
    assert status == ETIMEDOUT and blocks.failures == 1
    assert limit_ms * 1000 < clock.now_us - before_us <= (limit_ms + 10) * 1000
    assert blocks._flash._bus.sent[-2:] == [b"\x66", b"\x99"]
    clock.jam, part.faults = False, faults()
    clock.sleep_until(clock.ticks_ms() + 1)
    assert blocks.program(0, 0, bytes(16)) == 0


def test_what_went_on_over_a_reset_of_the_processor_is_waited_for() -> None:
    part, clock, blocks = make()
    blocks._flash.erase_sector(0)  # by the software before
    again = FlashBlocks(W25q128(Spi(part), native.copy), clock, 0, 4)
    assert part.busy and again.probe() == 0 and not part.busy


@pytest.mark.parametrize(("kind", "status"), [("dead", ENODEV), ("timeout", ETIMEDOUT)])
def test_errors_of_the_part(kind: str, status: int) -> None:
    _, _, blocks = make(kind)
    assert blocks.probe() == status
    assert blocks.read(0, 0, bytearray(4)) == status
    assert blocks.program(0, 0, b"1234") == status
    assert blocks.erase(0) == status
    assert blocks.failures == 4


def test_arguments_are_the_drivers_business() -> None:
    _, _, blocks = make()
    assert blocks.read(0, 0, bytearray(257)) == EINVAL
    assert blocks.program(0, 250, bytes(7)) == EINVAL
    assert blocks.failures == 2
