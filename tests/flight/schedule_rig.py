"""A mission whose schedule is at hand: telecommands by name, reports by packet, resets."""

from __future__ import annotations

import struct
from typing import Any

from spacepackets.ecss.tm import PusTm

from flight.core import timebase
from ground.dictionary import Dictionary
from ground.encode import Encoder
from tests.flight.fakes import Board
from tests.flight.rig import Rig, packets

HOST, EC, IR = 0, 1, 2
NAMES = ("host", "EC", "IR", "BY")
NOW_S = 200_000_000
DICTIONARY = Dictionary()
# ping with no arguments, 13 bytes
PING_SIZE = 13


class ScheduleRig(Rig):
    """Time is set to NOW_S unless `known` is False."""

    def __init__(self, board: Board | None = None, known: bool = True) -> None:
        super().__init__(board)
        self.app = self.mission.apps["schedule"]
        self.schedule = self.app._schedule
        self.releases = self.app._releases
        self.time = self.context.time
        self.encoder = Encoder(DICTIONARY)
        self.released: list[tuple[int, int, int, bytes]] = []
        self._execute = self.context.commands.execute
        self.context.commands.execute = self._watch
        if known:
            self.time.set(NOW_S, 0, timebase.QUALITY_SET)

    def _watch(self, packet: Any, n: int, owner: int) -> int:
        code = self._execute(packet, n, owner)
        self.released.append(
            (self.time.seconds * 1000 + self.time.sub_ms, owner, code, bytes(packet[:n]))
        )
        return code

    def send(self, name: str, values: Any = (), owner: int = HOST) -> int:
        """The failure code of a telecommand from the ground."""
        return self.raw(self.encoder.packet(name, values, NAMES[owner]), owner)

    def raw(self, packet: bytes, owner: int = HOST) -> int:
        """The failure code of a packet, in a buffer as of the radio."""
        buffer = bytearray(256)
        buffer[: len(packet)] = packet
        return self._execute(buffer, len(packet), owner)

    def insert(self, *seconds: float, owner: int = HOST, **more: Any) -> int:
        """Pings at these seconds after the present mission time."""
        rows = [{**self.at(t_s), "command": "ping", **more} for t_s in seconds]
        return self.send("schedule_insert", {"activities": rows}, owner)

    def at(self, t_s: float) -> dict[str, int]:
        """Mission time so many seconds from now, as arguments."""
        ms = self.time.seconds * 1000 + self.time.sub_ms + round(t_s * 1000)
        return {"seconds": ms // 1000, "ms": ms % 1000}

    def reports(self, owner: int = HOST) -> list[PusTm]:
        """What waits to go down to an owner, taken out."""
        out = bytearray(1024)
        found = []
        while n := self.context.telemetry.queues[owner].pop_into(out):
            if out[0] & 0x08:
                found.append(PusTm.unpack(bytes(out[:n]), timestamp_len=7))
        return found

    def kinds(self, owner: int = HOST) -> list[tuple[int, int]]:
        """(service, subtype) of the reports, housekeeping and events left out."""
        kinds = [(tm.service, tm.message_subtype) for tm in self.reports(owner)]
        return [kind for kind in kinds if kind[0] not in (3, 5)]

    def waiting(self, owner: int = HOST) -> list[tuple[int, int, int]]:
        """(seconds, ms, sequence) of what an owner has waiting."""
        schedule = self.schedule
        return sorted(
            (schedule.seconds[slot], schedule.ms[slot], schedule.requests[4 * slot + 2])
            for slot in range(schedule.slots)
            if schedule.owner[slot] == owner
        )

    def refusals(self) -> list[int]:
        """Failure codes of the reports 1/2 in the frames sent so far and in the queues."""
        found = [packet for _, packet in packets(self.board.radio.sent)]
        found += [bytes(tm.pack()) for owner in range(4) for tm in self.reports(owner)]
        return [struct.unpack(">H", packet[24:26])[0] for packet in found if packet[7:9] == b"\1\2"]

    def reset(self, cause: int = 2, known: bool = False) -> ScheduleRig:
        """The same FRAM after a reset."""
        board = Board(cause=cause)
        board.fram = self.board.fram
        board.fram.cut_after = None
        return ScheduleRig(board, known)


def code_of(report: PusTm) -> int:
    """Failure code of a verification report."""
    return struct.unpack(">H", bytes(report.tm_data)[4:6])[0]
