"""Storage on the simulated flash: driver, blocks, file system and clock as they fly."""

from __future__ import annotations

from typing import Any

import native
from flight.core.record_log import RecordLog
from flight.core.storage import Storage
from hal.drivers.w25q128 import W25q128
from hal.flash_blocks import FlashBlocks
from sim.devices.w25q128 import W25q128 as SimFlash
from sim.faults import Fault, FaultSet
from tests.flight.fakes import Clock
from tests.hal.test_flash import Spi

BLOCKS = 64
SIZE, PER_SEGMENT, SEGMENTS, ROOM = 20, 12, 3, 8


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


def log(**changes: int) -> RecordLog:
    """A small log: twelve records a file."""
    sizes = {"size": SIZE, "per_segment": PER_SEGMENT, "segments": SEGMENTS, "room": ROOM}
    sizes.update(changes)
    return RecordLog("log", 3, copy=native.copy, crc16=native.crc16, **sizes)


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


def record(number: int, size: int = SIZE) -> bytes:
    return number.to_bytes(4, "big") + bytes((number * 7 + i) % 256 for i in range(size - 4))


def stored(files: Any, made: RecordLog) -> list[bytes]:
    """Every record of a log, oldest first."""
    out, found = bytearray(made._size + 2), []
    for number in range(made.stored()):
        assert made.read(files, number, out, 1) == 0
        found.append(bytes(out[1:-1]))
    return found
