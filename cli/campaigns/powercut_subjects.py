"""What the power is cut under: the flight software's own code over the memories, a step at a time.

A subject starts over memories as they are, does step after step, and says what it holds, as a set
of facts. After a cut in a step it must hold all that both before and after the step hold, and
nothing that neither holds: at most the write in flight is lost, and nothing is damaged.
"""

import struct
from types import SimpleNamespace
from typing import Any, Dict, FrozenSet, Tuple

import native
from cli.campaigns.powercut_memory import Blocks, Fram
from flight import dictionary, mission
from flight.core import storage
from flight.core.boot import BootRecord
from flight.core.params import Params
from flight.core.schedule import Schedule
from native.cffi.archive import Archive

Facts = FrozenSet[Any]
SLACK_MS = 1000
DAMAGED, LOST = 3, 2


class Broken(Exception):
    """A subject cannot start, or finds what it should not."""


class Events:
    """Takes events; nobody reads them."""

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: None


class Subject:
    """`STEPS` steps are done; `step(i)` does number i, `facts()` says what is held."""

    STEPS = 40

    def __init__(self, fram: Fram, blocks: Blocks) -> None:
        """Power comes on."""

    def step(self, number: int) -> None:
        """Do step `number`."""

    def facts(self) -> Facts:
        """What is held now."""
        return frozenset()


class Parameters(Subject):
    """Parameters by command: three at once, all or none."""

    NAMES = (0x0001, 0x0002, 0x0003)

    def __init__(self, fram: Fram, blocks: Blocks) -> None:
        self._params = Params(dictionary, fram, Events())
        self._params.load()

    def step(self, number: int) -> None:
        params = self._params
        params.begin()
        for offset, parameter in enumerate(self.NAMES):
            row = params.find(parameter)
            params.put(row, struct.pack(">H", 1100 + 3 * number + offset), 0)
        if params.commit() < 0:
            raise Broken("not stored")

    def facts(self) -> Facts:
        values = tuple(self._params.u16(self._params.place(name)) for name in self.NAMES)
        return frozenset([values])


class ModeRecord(Subject):
    """Spacecraft mode with its reason, as the supervisor stores it."""

    def __init__(self, fram: Fram, blocks: Blocks) -> None:
        board = SimpleNamespace(
            fram=fram, reset_cause=1, image_slot=0, dictionary_hash=bytes(4), crash_into=len
        )
        context = SimpleNamespace(
            board=board,
            events=Events(),
            modes=Events(),
            mission=mission,
            store=SimpleNamespace(claim=lambda *arguments: None),
        )
        self._boot = BootRecord(context)
        self._boot.load(board, bytes((0, 1, 0)))
        self._held = (self._boot.last_mode, self._boot.last_reason)

    def step(self, number: int) -> None:
        self._held = (1 + number % 5, number)
        self._boot.save(*self._held)

    def facts(self) -> Facts:
        return frozenset([self._held])


class Journal(Subject):
    """Time-tagged telecommands: inserted, moved, deleted, shifted."""

    SLOTS = 12

    def __init__(self, fram: Fram, blocks: Blocks) -> None:
        self._schedule = Schedule(fram, self.SLOTS)
        if not self._schedule.load():
            for owner in range(4):
                self._schedule.switches.switch(owner, True)

    def step(self, number: int) -> None:
        schedule = self._schedule
        kind = number % 5
        taken = [slot for slot in range(self.SLOTS) if schedule.owner[slot] != 0xFF]
        if kind < 3 and schedule.free() >= 0:
            packet = bytes([number]) * 40
            status = schedule.insert(number % 4, 1, False, 1000 + number, 5, packet, 0, 40)
        elif kind == 3:
            status = schedule.move(taken[0], 5000 + number, 7)
        else:
            status = schedule.remove(taken[len(taken) // 2])
        if status < 0:
            raise Broken(f"status {status}")

    def facts(self) -> Facts:
        schedule = self._schedule
        found = set()
        packet = bytearray(256)
        for slot in range(self.SLOTS):
            if schedule.owner[slot] != 0xFF:
                n = schedule.read(slot, packet)
                if n != 40 or len(set(packet[:n])) != 1:
                    raise Broken(f"slot {slot} gives {n}")
                found.add((packet[0], schedule.owner[slot], schedule.seconds[slot]))
        return frozenset(found)


class Stored(Subject):
    """Records in an archive: FRAM, then files, over several turns of its ring."""

    CIRCULAR = True
    SIZE = 24
    NUMBER, ADDRESS, FRAM, FILES, FILE_SIZE, ENOUGH = 0, 0x10000, 640, 3, 500, 250

    def __init__(self, fram: Fram, blocks: Blocks) -> None:
        self._archive = Archive(
            self.NUMBER,
            self.ADDRESS,
            self.FRAM,
            self.FILES,
            self.FILE_SIZE,
            self.ENOUGH,
            self.CIRCULAR,
            fram,
        )
        self._files = native.Files(blocks)
        self._storage = storage.Storage(self._files, blocks, Events(), [self._archive])
        for _ in range(12):
            self._storage.work(SLACK_MS)
        if self._storage.state != storage.MOUNTED:
            raise Broken("does not mount")

    def record(self, number: int) -> bytes:
        """Content of record `number`."""
        return bytes((number * 7 + i) & 0xFF for i in range(self.SIZE - 2)) + struct.pack(
            ">H", number
        )

    def step(self, number: int) -> None:
        self._archive.keep(self.record(number), 0, self.SIZE, 1, 100 + number)
        self._storage.work(SLACK_MS)

    def facts(self) -> Facts:
        archive, out = self._archive, bytearray(Archive.RECORD_MAX)
        numbers = []
        archive.select(0, 0x3FFFFFFF, 0)
        while (n := archive.fetch(self._files, out)) != 0:
            if n < 0:
                if n != -11:
                    raise Broken(f"reading gives {n}")
                self._storage.work(SLACK_MS)
                continue
            content = bytes(out[Archive.HEAD : Archive.HEAD + n])
            number = int.from_bytes(content[-2:], "big")
            if content != self.record(number):
                raise Broken(f"record {number} is torn")
            numbers.append(number)
        if archive.count(DAMAGED):
            raise Broken("damaged records")
        if numbers != sorted(set(numbers)):
            raise Broken(f"order is {numbers}")
        if self._storage.faults:
            raise Broken("file errors")
        return frozenset(numbers)


class StoreCircular(Stored):
    """A circular packet store."""


class StoreBounded(Stored):
    """A bounded packet store, until it is full and beyond."""

    CIRCULAR = False
    STEPS = 56


class StoreDeleted(Stored):
    """A packet store from which the older half is deleted again and again."""

    STEPS = 24

    def step(self, number: int) -> None:
        super().step(number)
        if number % 8 == 7:
            self._archive.delete(100 + number - 4)
            while self._archive.deleting():
                self._storage.work(SLACK_MS)


class Log(Stored):
    """A log of events."""

    SIZE = 16
    NUMBER, ADDRESS, FRAM, FILES, FILE_SIZE, ENOUGH = 4, 0xC000, 400, 2, 400, 130


SUBJECTS: Dict[str, "type[Subject]"] = {
    "parameters": Parameters,
    "mode": ModeRecord,
    "schedule": Journal,
    "store-circular": StoreCircular,
    "store-bounded": StoreBounded,
    "store-deleted": StoreDeleted,
    "log": Log,
}


def judge(before: Facts, after: Facts, found: Facts) -> Tuple[int, int]:
    """(facts lost that the cut could not cost, facts that nobody made)."""
    return len((before & after) - found), len(found - (before | after))
