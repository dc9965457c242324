"""A mission that takes telecommands of every owner, as octets or as by radio."""

from __future__ import annotations

from typing import Any

from flight import dictionary
from ground import packets as pus
from ground.dictionary import Dictionary
from ground.encode import Encoder
from tests.flight.fakes import Board
from tests.flight.rig import DETUMBLED, WELL, Rig, packets

HOST, EC, IR, BY = range(4)
OWNERS = ("host", "EC", "IR", "BY")
IDLE = b"\x07\xff\xc0\x00\x00\x00\x55"


class HeldLink:
    """The link of a mission, but for channels whose frames cannot be protected."""

    def __init__(self, link: Any) -> None:
        self._link = link
        self.channels: set[int] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._link, name)

    def tx_frame(self, vc: int, frame: bytearray) -> int:
        return -5 if vc in self.channels else int(self._link.tx_frame(vc, frame))


class Partners:
    """`execute` as a telecommand that came by other ways, `radio` at the cost of tokens."""

    def __init__(self, board: Board | None = None) -> None:
        self.rig = Rig(board)
        self.encoder = Encoder(Dictionary())
        self.context = self.rig.context
        self.sequence = 0
        self.rig.flags = WELL | DETUMBLED
        self.link = HeldLink(self.rig.mission.apps["comms"]._link)
        self.rig.mission.apps["comms"]._link = self.link

    def hold(self, owner: int) -> None:
        """Nothing goes down on the owner's channel any more: his frame and his queue are full."""
        self.link.channels.add(owner)
        self.fill(owner)
        self.rig.fly(1)
        self.fill(owner)

    def fill(self, owner: int) -> None:
        """No room in the owner's queue now: idle packets."""
        while self.context.telemetry.queues[owner].push(IDLE, len(IDLE)):
            pass

    def release(self, owner: int) -> None:
        """His channel works again."""
        self.link.channels.discard(owner)

    def packet(self, name: str, values: Any = (), owner: int = HOST) -> bytes:
        return self.encoder.packet(name, values, OWNERS[owner])

    def raw(
        self, owner: int, service: int, subtype: int, data: bytes = b"", acks: int = 9
    ) -> bytes:
        self.sequence = (self.sequence + 1) & 0x3FFF
        apid = dictionary.PARTNERS[owner][2]
        return pus.build_tc(apid, self.sequence, service, subtype, data, owner, acks)

    def execute(self, packet: bytes, owner: int = HOST) -> int:
        return self.context.commands.execute(packet, len(packet), owner)

    def radio(self, packet: bytes, owner: int = HOST, emergency: bool = False) -> int:
        return self.context.commands.receive(packet, len(packet), owner, emergency)

    def send(self, name: str, values: Any = (), owner: int = HOST) -> int:
        return self.execute(self.packet(name, values, owner), owner)

    def heard(self, owner: int) -> list[bytes]:
        """Packets that went down on the owner's channel since the last call of `deaf`."""
        return [packet for vc, packet in packets(self.rig.board.radio.sent) if vc == owner]

    def batches(self, owner: int) -> list[bytes]:
        """Bodies of packet `science` that went down to the owner."""
        found = [p for p in self.heard(owner) if p[7:9] == b"\x03\x19" and p[20:22] == b"\x09\x05"]
        return [packet[22:-2] for packet in found]

    def queue(self, owner: int) -> list[bytes]:
        """Take what waits in the owner's queue."""
        out, found = bytearray(1024), []
        while n := self.context.telemetry.queues[owner].pop_into(out):
            found.append(bytes(out[:n]))
        return found

    def nominal(self) -> None:
        """Fly on until the payload runs."""
        self.rig.fly(6)

    def account(self, owner: int) -> dict[str, Any]:
        """The account as it would be told now."""
        self.rig.mission.apps["partners"]._post(owner)
        return self.rig.fields(0x0901 + owner)
