"""The spacecraft's end of the link alone: the C that flies, over a memory that can lose power."""

import struct
from typing import Dict, List, Optional, Tuple

import native
from flight import dictionary
from flight.apps.comms import definitions
from flight.packets import fields
from ground import cltu
from ground.security import TcSecurity

E_IO = 5
E_NODEV = 19
_OP_I2C = 2
_FRAM = (0x50, 0x51)
_REQUEST = struct.Struct("<BBHHHQ")


class Memory:
    """FRAM on a device bus. `left` octets written the power goes: nothing more is stored, and
    nothing answers. `dead`: it does not answer at all."""

    def __init__(self) -> None:
        self.data = bytearray(131072)
        self.left: Optional[int] = None
        self.dead = False
        self.written = 0
        self._at = 0

    def exchange(self, request: bytes) -> bytes:
        """One device-bus request."""
        operation, _, address, tx_len, rx_len, _ = _REQUEST.unpack_from(request)
        if operation != _OP_I2C or address not in _FRAM:
            return struct.pack("<hH", -E_NODEV, 0) + bytes(rx_len)
        if self.dead or self.left == 0:
            return struct.pack("<hH", -E_IO, 0) + bytes(rx_len)
        data = request[_REQUEST.size : _REQUEST.size + tx_len]
        if len(data) >= 2:
            self._at = (address & 1) << 16 | data[0] << 8 | data[1]
        for octet in data[2:]:
            if self.left == 0:
                return struct.pack("<hH", -E_IO, 0) + bytes(rx_len)
            if self.left is not None:
                self.left -= 1
            self.data[self._at] = octet
            self.written += 1
            self._at += 1
        return struct.pack("<hH", 0, rx_len) + bytes(self.data[self._at : self._at + rx_len])


class Receiver:
    """One start of the onboard computer with `memory`; `security` is the ground's end."""

    def __init__(
        self,
        keys: Dict[str, bytes],
        memory: Optional[Memory] = None,
        kept: Optional[Tuple[bytes, bytes]] = None,
    ) -> None:
        """`kept`: what RAM held before a reset; none after a loss of power."""
        self.memory = Memory() if memory is None else memory
        rows = [row[0] for row in dictionary.ASSOCIATIONS] + list(dictionary.WRAPPING_KEYS)
        secrets = b"".join(keys[name] for name in rows)
        self.stack = native.Stack(self.memory.exchange, secrets=secrets, kept=kept)
        self.link = self.stack.link
        self.stopped = self.link.start()
        self.security = TcSecurity(keys)

    def hear(self, octets: bytes) -> List[bytes]:
        """The packets that came out of what the radio received."""
        found, packet, at = [], bytearray(256), 0
        while at < len(octets):
            at += self.link.receive(octets, at, len(octets))
            while self.link.outcome() == 1 and (n := self.link.packet(packet)) > 0:
                found.append(bytes(packet[:n]))
        return found

    def frame(self, frame: bytes) -> List[bytes]:
        """As `hear`, a transfer frame in its CLTU."""
        return self.hear(cltu.burst(frame))

    def counters(self, vc: int = 0) -> Dict[str, int]:
        """Counters of the link and of a channel that are not 0, by name."""
        found: Dict[str, int] = {}
        image, channel = bytearray(68), bytearray(96)
        self.link.counters_into(image)
        self.link.channel_into(vc, channel)
        for table, data in (
            (definitions.LINK_FIELDS, image),
            (definitions.CHANNEL_FIELDS if vc else definitions.HOST_FIELDS, channel),
        ):
            for name, kind, *_ in table:
                count = fields.split(kind)[1]
                if count == 0:
                    at = fields.offset(table, name)
                    found[name] = int.from_bytes(data[at : at + fields.size(kind)], "little")
        return {name: value for name, value in found.items() if value}
