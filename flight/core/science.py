"""The shared science store: what the payload measured for each owner, in FRAM, so that whoever is
entitled can have it at any time.

Every owner has a ring of his own of 76 batches, which nobody else's data push out. Batch: number
u16, then the body of packet `science`, then CRC-16. A batch cut by a power failure has no good CRC
and is no batch.

Owners read by request, one each; what is not released to the reader is not there for him, and the
answer is the same as that of an empty store. Nobody waits for anybody.
"""

from array import array

import native
from flight.core import failures, telemetry
from flight.packets.octets import low_u30
from hal.compat import const

BODY_SIZE = const(34)
COUNT_AT = const(1)  # in a body: owner u8, count u8, interval u16, seconds u32, fraction u16, …
_SECONDS_AT = const(4)
_ADDRESS = const(0xD000)
_RING = const(0xC00)
_SLOT = const(40)
_SLOTS = const(76)
_OWNERS = const(4)
_NUMBER = const(2)
_CRC_AT = const(36)
_PER_STEP = const(8)  # batches looked at for a reader
_APP = const(9)
_STRUCTURE = const(0x0905)
_NO = const(-1)


class Science:
    """`kept`, `read_out`: u16 counters by owner and by reader."""

    def __init__(self, context, ledger):
        self._fram = context.board.fram
        self._time = context.time
        self._telemetry = context.telemetry
        self._ledger = ledger
        self._slot = bytearray(_SLOT)
        self._body = bytearray(BODY_SIZE)
        self._next = array("H", bytes(2 * _OWNERS))  # slot that is written next
        self._number = array("H", bytes(2 * _OWNERS))
        self.kept = array("H", bytes(2 * _OWNERS))
        self.read_out = array("H", bytes(2 * _OWNERS))
        # Requests by reader: whose data, from when to when, slots that are left.
        self._of = bytearray(_OWNERS)
        self._from_s = array("I", bytes(4 * _OWNERS))
        self._to_s = array("I", bytes(4 * _OWNERS))
        self._left = bytearray(_OWNERS)
        for owner in range(_OWNERS):
            self._find_end(owner)

    def keep(self, owner, body):
        """Take `body[0:34]` into the owner's ring and send it to him; False when FRAM fails."""
        slot = self._slot
        number = self._number[owner]
        slot[0] = number >> 8
        slot[1] = number & 0xFF
        native.copy(slot, _NUMBER, body, 0, BODY_SIZE)
        crc = native.crc16(slot, 0, _CRC_AT)
        slot[_CRC_AT] = crc >> 8
        slot[_CRC_AT + 1] = crc & 0xFF
        place = self._next[owner]
        self._send(owner, body)
        if self._fram.write(_place(owner, place), slot) < 0:
            return False
        self._next[owner] = (place + 1) % _SLOTS
        self._number[owner] = (number + 1) & 0xFFFF
        self.kept[owner] = (self.kept[owner] + 1) & 0xFFFF
        return True

    def read(self, buf, off, reader):
        """Handler of `science_read`: instead of what the reader was being sent."""
        if buf[off + 1] > 0x3F or buf[off + 5] > 0x3F:
            return failures.OUT_OF_RANGE
        self._of[reader] = buf[off]
        self._from_s[reader] = low_u30(buf, off + 1)
        self._to_s[reader] = low_u30(buf, off + 5)
        self._left[reader] = _SLOTS
        return failures.OK

    def step(self):
        """Send to every reader what goes into his queue."""
        for reader in range(_OWNERS):
            queue = self._telemetry.queues[reader]
            for _ in range(_PER_STEP):
                if self._left[reader] == 0 or not queue.mostly_empty():
                    break
                owner = self._of[reader]
                # The oldest lies where the next one will be written.
                place = (self._next[owner] + _SLOTS - self._left[reader]) % _SLOTS
                self._left[reader] -= 1
                if self._load(owner, place) >= 0 and self._may(owner, reader):
                    native.copy(self._body, 0, self._slot, _NUMBER, BODY_SIZE)
                    self._send(reader, self._body)
                    self.read_out[reader] = (self.read_out[reader] + 1) & 0xFFFF

    def _may(self, owner, reader):
        seconds = low_u30(self._slot, _NUMBER + _SECONDS_AT)
        if not self._from_s[reader] <= seconds <= self._to_s[reader]:
            return False
        return self._ledger.releases(owner, reader, self._time.seconds - seconds)

    def _send(self, to, body):
        time = self._time
        self._telemetry.send_at(
            to,
            _APP,
            telemetry.HOUSEKEEPING,
            0,
            _STRUCTURE,
            body,
            BODY_SIZE,
            time.seconds,
            time.fraction,
        )

    def _load(self, owner, place):
        """Read a slot; the number of its batch, -1 when it holds none."""
        slot = self._slot
        if self._fram.read(_place(owner, place), slot) < 0:
            return _NO
        crc = slot[_CRC_AT] << 8 | slot[_CRC_AT + 1]
        if slot[_NUMBER] != owner or native.crc16(slot, 0, _CRC_AT) != crc:
            return _NO
        return slot[0] << 8 | slot[1]

    def _find_end(self, owner):
        """Where the ring goes on: behind the batch that no later one follows. Boot time only."""
        last = _NO
        for place in range(_SLOTS):
            number = self._load(owner, place)
            if number >= 0 and (last < 0 or (number - last) & 0xFFFF < 0x8000):
                last = number
                self._next[owner] = (place + 1) % _SLOTS
                self._number[owner] = (number + 1) & 0xFFFF


def _place(owner, place):
    return _ADDRESS + owner * _RING + place * _SLOT
