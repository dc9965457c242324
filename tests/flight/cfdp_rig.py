"""The CFDP entity of the spacecraft on a desk: files in memory, a lossy line, the peer cfdp-py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flight.core import cfdp_table as table
from flight.core.cfdp import Cfdp
from flight.services.file_names import join_path

LARGEST = 1 << 20
APIDS = (0x100, 0x140, 0x180, 0x1C0)


class Memory:
    """Stage and source of the entity: what the app does with flash, done at once."""

    def __init__(self) -> None:
        self.staged = [bytearray(LARGEST) for _ in range(table.OWNERS)]
        self.files: dict[bytes, bytes] = {}
        self.names: dict[int, bytes] = {}
        self.keeps = True
        self.unreadable = 0  # what `read` says instead of reading

    def put(self, slot: int, offset: int, buf: Any, at: int, n: int) -> bool:
        if self.keeps:
            self.staged[slot][offset : offset + n] = buf[at : at + n]
        return self.keeps

    def largest(self, slot: int) -> int:
        return LARGEST

    def name(self, slot: int, buf: Any, at: int, n: int) -> bool:
        path = bytearray(68)
        if not join_path(path, buf, at, n, slot):
            return False
        self.names[slot] = bytes(path[: path.index(0)])
        return True

    def read(self, slot: int, offset: int, buf: Any, at: int, n: int) -> int:
        if self.unreadable:
            return min(self.unreadable, 0)
        data = self.files[self.names[slot]][offset : offset + n]
        buf[at : at + len(data)] = data
        return len(data)

    def named(self, slot: int, buf: Any, at: int) -> int:
        name = self.names[slot][3:]
        buf[at : at + len(name)] = name
        return len(name)


class Onboard:
    """The entity with what its app does every second."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.table = table.Transfers()
        self.cfdp = Cfdp(self.table, APIDS, self.memory, self.memory)
        self.sequence = 0

    def take(self, pdu: bytes, owner: int = 0) -> bool:
        """A PDU from the ground."""
        packet = bytearray(6) + pdu
        self.cfdp.hear(owner, 600)
        return self.cfdp.take(packet, len(packet), owner)

    def next(self, owner: int = 0) -> bytes | None:
        """The next PDU to the ground."""
        n = self.cfdp.next_packet(owner)
        return bytes(self.table.out[table.PDU_AT : n]) if n else None

    def drain(self, owner: int = 0) -> list[bytes]:
        """All PDUs that are due now."""
        found = []
        while (pdu := self.next(owner)) is not None:
            found.append(pdu)
        return found

    def field(self, slot: int, name: int) -> int:
        return self.table.rows[slot * table.FIELDS + name]

    def refused(self, reason: int) -> int:
        return self.table.refused[reason]

    def second(self) -> None:
        """Timers, and what is whole becomes a file."""
        self.cfdp.tick()
        for slot in range(table.OWNERS):
            self.settle(slot)

    def settle(self, slot: int) -> None:
        receiver = self.cfdp.receiver
        if self.field(slot, table.STATE) != table.OPEN or not receiver.is_whole(slot):
            return
        size = self.field(slot, table.SIZE)
        data = bytes(self.memory.staged[slot][:size])
        self.table.add_to_sum(slot, data, 0, size, 0)
        good = self.table.sum_is_right(slot)
        if good:
            self.memory.files[self.memory.names[slot]] = data
        receiver.settle(slot, table.NO_ERROR if good else table.CHECKSUM_FAILURE)

    def download(
        self, name: str, owner: int = 0, unacknowledged: bool = False, kind: int = 3
    ) -> None:
        """Begin to send a file of an owner."""
        slot = table.OWNERS + owner
        path = b"f%d/" % owner + name.encode()
        self.memory.names[slot] = path
        self.sequence += 1
        size = len(self.memory.files[path])
        self.cfdp.sender.begin(slot, self.sequence, size, unacknowledged, kind)


def content(size: int, seed: int = 1) -> bytes:
    """Octets without a pattern."""
    import random

    return random.Random(seed).randbytes(size)


def write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / "sent" / name  # not where what comes down is kept
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


class Line:
    """A line with loss between the spacecraft and cfdp-py: so many PDUs a second each way."""

    def __init__(self, folder: Path, loss: float = 0.0, seed: int = 1, owner: str = "host") -> None:
        import random

        from ground.cfdp import FileTransfers

        self.onboard = Onboard()
        self.owner = ("host", "EC", "IR", "BY").index(owner)
        self.now_s = 0.0
        self.ground = FileTransfers(owner, folder, lambda: self.now_s)
        self.folder = folder
        self.loss = loss
        self.noise = random.Random(seed)
        self.up = self.down = self.up_B = self.down_B = 0

    def download(self, name: str, **how: Any) -> None:
        """Ask for a file, and have it sent."""
        self.ground.download(name)
        self.onboard.download(name, owner=self.owner, **how)

    def lost(self) -> bool:
        return self.noise.random() < self.loss

    def second(self, pdus: int = 8) -> None:
        """One second of the line."""
        self.now_s += 1.0
        for _ in range(pdus):
            pdu = self.ground.next_pdu()
            if pdu is None:
                break
            self.up += 1
            self.up_B += len(pdu)
            if not self.lost():
                self.onboard.take(pdu, self.owner)
        self.onboard.second()
        for _ in range(pdus):
            pdu = self.onboard.next(self.owner)
            if pdu is None:
                break
            self.down += 1
            self.down_B += len(pdu)
            if not self.lost():
                self.ground.receive(pdu)

    def run(self, seconds: int = 20000) -> None:
        """Until everybody is idle."""
        table = self.onboard.table
        for _ in range(seconds):
            self.second()
            busy = self.ground.busy or any(table.is_busy(slot) for slot in range(8))
            if not busy and not self.onboard.cfdp.ready(self.owner):
                return
        raise AssertionError("not over")
