"""Storage on the simulated flash: driver, blocks, file system and clock as they fly."""

from __future__ import annotations

from typing import Any

import native
from flight.core.storage import MOUNTED, MOUNTING, Storage
from hal.drivers.w25q128 import W25q128
from hal.flash_blocks import FlashBlocks
from native.cffi.archive import Archive
from sim.devices.w25q128 import W25q128 as SimFlash
from sim.faults import Fault, FaultSet
from tests.flight.fakes import Clock, Fram
from tests.hal.test_flash import Spi

BLOCKS = 64
SIZE, SEGMENTS, FILE_SIZE, ROOM = 20, 3, 420, 480
E_AGAIN = -11


class Events:
    """What was put, as (id, first, second)."""

    def __init__(self) -> None:
        self.put_ids: list[tuple[int, int, int]] = []

    def put(self, event_id: int, arg0: int, arg1: int) -> None:
        self.put_ids.append((event_id, arg0, arg1))

    def ids(self) -> list[int]:
        return [event[0] for event in self.put_ids]


class BoardClock(Clock):
    """Time of board and flash."""

    def __init__(self, part: SimFlash) -> None:
        super().__init__(part.time_us + 1_000_000)
        self.part = part
        part.time_us = self.now_us

    def sleep_until(self, tick_ms: int) -> None:
        super().sleep_until(tick_ms)
        self.part.time_us = self.now_us


def acting(*faults: Fault) -> FaultSet:
    made = FaultSet(list(faults))
    made.advance(0.0)
    return made


def flash(image: bytes | None = None, *faults: Fault) -> SimFlash:
    """A flash of this content, blank without."""
    part = SimFlash("w25q128", acting(*faults))
    if image is not None:
        part.memory.restore(image)
    return part


def archive(
    fram: Any = None,
    circular: bool = True,
    segments: int = SEGMENTS,
    file_size: int = FILE_SIZE,
    room: int = ROOM,
    enough: int = 1,
) -> Archive:
    """A small archive, of files of fourteen records of SIZE bytes."""
    return Archive(7, 0x100, room + 96, segments, file_size, enough, circular, fram or Fram())


class Board:
    """One start of the flight computer over `part`."""

    def __init__(self, part: SimFlash, *clients: Any) -> None:
        self.part = part
        part.powered = True
        self.clock = BoardClock(part)
        self.blocks = FlashBlocks(W25q128(Spi(part), native.copy), self.clock, 0, BLOCKS)
        self.files = native.Files(self.blocks)
        self.events = Events()
        self.storage = Storage(self.files, self.blocks, self.events, clients)

    def work(self, times: int = 1, slack_ms: int = 450) -> int:
        """So many calls in slack; how many did something."""
        return sum(self.storage.work(slack_ms) for _ in range(times))

    def up(self) -> "Board":
        """Bring it up, with all that its clients look at."""
        while self.storage.state != MOUNTED:
            assert self.work() or self.storage.state in (MOUNTING, MOUNTED)
        self.work()
        return self


def record(number: int, size: int = SIZE) -> bytes:
    return number.to_bytes(4, "big") + bytes((number * 7 + i) % 256 for i in range(size - 4))


def keep(made: Archive, number: int, size: int = SIZE, priority: int = 1) -> bool:
    """Keep record `number`, of that time."""
    return made.keep(record(number, size), 0, size, priority, number)


def stored(board: Board, made: Archive, first: int = 0, last: int = 0x3FFFFFFF) -> list[bytes]:
    """Every record of an archive, oldest first."""
    found, buffer = [], bytearray(Archive.RECORD_MAX)
    made.select(first, last, 0)
    while (n := made.fetch(board.files, buffer)) != 0:
        if n > 0:
            found.append(bytes(buffer[Archive.HEAD : Archive.HEAD + n]))
        else:
            assert n == E_AGAIN
            board.work()
    return found
