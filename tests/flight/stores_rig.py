"""A mission with its flash memory up, that takes telecommands of every owner."""

from __future__ import annotations

import struct
from typing import Any

import native
from flight.core.storage import MOUNTED
from ground.dictionary import Dictionary
from ground.encode import Encoder
from tests.flight.fakes import Board
from tests.flight.rig import Rig, packets

OWNERS = {"host": 0, "EC": 1, "IR": 2, "BY": 3}
ALWAYS = {"from_s": 0, "from_fraction": 0, "to_s": 0x3FFFFFFF, "to_fraction": 0}


class Stores:
    """A mission that has its flash memory up."""

    def __init__(self, board: Board | None = None) -> None:
        self.rig = Rig(board)
        self.encoder = Encoder(Dictionary())
        self.app = self.rig.mission.apps["storage"]
        self.rig.fly(12)
        assert self.app.storage.state == MOUNTED

    def send(self, name: str, values: Any = (), owner: str = "host") -> int:
        packet = self.encoder.packet(name, values, owner)
        return self.rig.context.commands.execute(packet, len(packet), OWNERS[owner])

    def raw(self, subtype: int, data: bytes, owner: str = "host") -> int:
        packet = self.encoder.packet("ping", (), owner)
        packet = packet[:7] + bytes((15, subtype)) + packet[9:11] + data
        packet = packet[:4] + struct.pack(">H", len(packet) - 5) + packet[6:]
        crc = native.crc16(packet, 0, len(packet))
        packet += struct.pack(">H", crc)
        return self.rig.context.commands.execute(packet, len(packet), OWNERS[owner])

    def sent(self, vc: int) -> list[bytes]:
        return [packet for channel, packet in packets(self.rig.board.radio.sent) if channel == vc]

    def report(self, owner: str = "host", name: str = "stores_report", values: Any = ()) -> dict:
        """15/13 as (oldest, newest, from, fill, left) by store."""
        self.rig.board.radio.sent.clear()
        assert self.send(name, values, owner) == 0
        self.rig.fly(2)
        (body,) = [p[20:-2] for p in self.sent(OWNERS[owner]) if p[7:9] == b"\x0f\x0d"]
        found = {}
        for i in range(body[0]):
            store, *times, fill, left = struct.unpack_from(">BIHIHIHBB", body, 1 + 21 * i)
            found[store] = (times[0], times[2], times[4], fill, left)
        assert len(body) == 1 + 21 * body[0]
        return found
