"""Time-tagged telecommands in FRAM, the journal of service 11. Knows no time and runs nothing.

A telecommand has a slot of 256 bytes: two copies of its time (count u8, 0, ms u16, seconds i32,
CRC-16, 2 spare), then state u8, owner u8, sub-schedule u8, size u8, epoch u16, serial u16, the
packet, and a CRC-32 from the state on. A slot is valid when state and CRC are and the epoch is that
of its owner: deleting is a write of one byte, deleting all of an owner a new epoch. Epochs,
switches and what all times of an owner have been shifted by are in the control record. A power cut
loses the write in flight and nothing else.
"""

import struct
from array import array

import native
from flight.core.schedule_control import Control
from hal.compat import const

_SLOTS_AT = const(0x4100)
_SLOT_SIZE = const(256)
_TIME_SIZE = const(12)
_META = const(24)
_PACKET = const(32)
_CRC_SIZE = const(4)
_VALID = const(0x5A)
_FREE = const(0xFF)
_RELATIVE = const(0x80)  # in the sub-schedule octet: the time is uptime
_OWNERS = const(4)
_E_BADMSG = const(-74)

PACKET_MAX = 220
SUBS = 8
# Latest time that a telecommand can have, and how far all of an owner can be shifted together: sums
# stay below 2^30.
TIME_MAX_S = 0x2F000000
SHIFT_MAX_S = 0x10000000


class Schedule:
    """`switches`, `count[owner]`, and by slot `owner` (0xFF: free), `seconds`, `ms` and `requests`
    (source id, APID, sequence count, serial number: four places for each). `stale`: the next one
    due may be another. `image`: room for one slot, free between calls."""

    def __init__(self, fram, slots):
        self._fram = fram
        self.switches = Control(fram)
        self.slots = slots
        self.owner = bytearray(slots)
        self._marks = bytearray(slots)
        self.seconds = array("i", bytes(4 * slots))
        self.ms = array("H", bytes(2 * slots))
        self.requests = array("H", bytes(8 * slots))
        self.count = bytearray(_OWNERS)
        self.image = bytearray(_SLOT_SIZE)
        self._crc = bytearray(_CRC_SIZE)
        self._serial = -1
        self.lost = 0  # found damaged, or relative, at the start
        self.stale = True

    def load(self):
        """Take up what FRAM holds; False when there was no control record. Boot time only."""
        found = self.switches.load()
        for slot in range(self.slots):
            self.owner[slot] = _FREE
            if not found:
                continue
            at = _SLOTS_AT + slot * _SLOT_SIZE
            if self._fram.read(at, self.image, 0, _PACKET) < 0:
                self.lost += 1
            elif self.image[_META] == _VALID:
                self._load_slot(slot)
        return found

    def free(self):
        """A free slot, -1 when there is none."""
        for slot in range(self.slots):
            if self.owner[slot] == _FREE:
                return slot
        return -1

    def sub(self, slot):
        """Sub-schedule of a slot."""
        return self._marks[slot] & ~_RELATIVE

    def relative(self, slot):
        """True when the slot's time is uptime, not mission time."""
        return self._marks[slot] >= _RELATIVE

    def insert(self, owner, sub, relative, seconds, ms, packet, at, n):
        """Store the telecommand `packet[at:at+n]` for that time: 0 or a negative status. There must
        be a free slot."""
        slot = self.free()
        status = self.switches.store_first()
        if status < 0:
            return status
        image = self.image
        self._serial = (self._serial + 1) & 0xFFFF
        self._put_time(0, 1, owner, relative, seconds, ms)
        for i in range(_TIME_SIZE, _META):
            image[i] = 0
        image[_META] = _VALID
        image[_META + 1] = owner
        image[_META + 2] = sub | _RELATIVE if relative else sub
        image[_META + 3] = n
        self.switches.put_epoch(owner, image, _META + 4)
        image[_META + 6] = self._serial >> 8
        image[_META + 7] = self._serial & 0xFF
        native.copy(image, _PACKET, packet, at, n)
        end = _PACKET + n
        native.crc32_into(image, _META, end - _META, image, end)
        status = self._fram.write(_SLOTS_AT + slot * _SLOT_SIZE, image, 0, end + _CRC_SIZE)
        if status < 0:
            self._erase(slot)  # it may be there after all
            return status
        self._enter(slot, seconds, ms)
        return 0

    def remove(self, slot):
        """Delete the telecommand of a slot: 0, or a negative status: it may be back after the next
        start."""
        self.count[self.owner[slot]] -= 1
        self.owner[slot] = _FREE
        self.stale = True
        return self._erase(slot)

    def read(self, slot, packet):
        """Copy the telecommand of a slot into `packet`: its size, or a negative status."""
        image = self.image
        status = self._fram.read(_SLOTS_AT + slot * _SLOT_SIZE, image)
        if status < 0:
            return status
        if not self._sound():
            return _E_BADMSG
        native.copy(packet, 0, image, _PACKET, image[_META + 3])
        return image[_META + 3]

    def find(self, owner, buf, at):
        """Slot of the owner's request (source id, APID, sequence count) at `buf[at:at+6]`, -1 when
        there is none."""
        source = buf[at] << 8 | buf[at + 1]
        apid = buf[at + 2] << 8 | buf[at + 3]
        sequence = buf[at + 4] << 8 | buf[at + 5]
        requests = self.requests
        for slot in range(self.slots):
            if self.owner[slot] == owner and requests[4 * slot + 2] == sequence:
                if requests[4 * slot] == source and requests[4 * slot + 1] == apid:
                    return slot
        return -1

    def in_second(self, owner, relative, seconds):
        """How many telecommands of an owner fall due within that second."""
        count = 0
        for slot in range(self.slots):
            if self.owner[slot] == owner and self.seconds[slot] == seconds:
                if self.relative(slot) == relative:
                    count += 1
        return count

    def next_s(self, owner):
        """Mission time of the next telecommand of an owner in whole seconds, 0 when there is none
        that has one."""
        best = -1
        for slot in range(self.slots):
            if self.owner[slot] == owner and not self.relative(slot):
                if best < 0 or self.earlier(slot, best):
                    best = slot
        return self.seconds[best] if best >= 0 else 0

    def earlier(self, a, b):
        """True when slot `a` comes before slot `b`, of the same kind of time: by time, then in the
        order in which they were inserted."""
        if self.seconds[a] != self.seconds[b]:
            return self.seconds[a] < self.seconds[b]
        if self.ms[a] != self.ms[b]:
            return self.ms[a] < self.ms[b]
        return (self.requests[4 * a + 3] - self.requests[4 * b + 3]) & 0xFFFF >= 0x8000

    def move(self, slot, seconds, ms):
        """Give a slot another time: 0, or a negative status and nothing changed."""
        image = self.image
        at = _SLOTS_AT + slot * _SLOT_SIZE
        status = self._fram.read(at, image, 0, _PACKET)
        if status < 0:
            return status
        newer = self._newer()
        if newer < 0:
            return _E_BADMSG
        count = (image[newer] + 1) & 0xFF
        older = _TIME_SIZE - newer
        self._put_time(older, count, self.owner[slot], self.relative(slot), seconds, ms)
        status = self._fram.write(at + older, image, older, _TIME_SIZE)
        if status == 0:
            self.seconds[slot] = seconds
            self.ms[slot] = ms
            self.stale = True
        return status

    def shift_all(self, owner, seconds, ms):
        """Shift all telecommands of an owner that have a mission time by `seconds` and 0..999 `ms`:
        0, or a negative status and nothing changed."""
        status = self.switches.shift(owner, seconds, ms)
        if status < 0:
            return status
        for slot in range(self.slots):
            if self.owner[slot] == owner and not self.relative(slot):
                sum_ms = self.ms[slot] + ms
                self.seconds[slot] += seconds + sum_ms // 1000
                self.ms[slot] = sum_ms % 1000
        self.stale = True
        return 0

    def clear(self, owner):
        """Delete all telecommands of an owner and disable it: 0, or a negative status and nothing
        changed."""
        status = self.switches.renew(owner)
        if status < 0:
            return status
        for slot in range(self.slots):
            if self.owner[slot] == owner:
                self.owner[slot] = _FREE
        self.count[owner] = 0
        self.stale = True
        return 0

    def _put_time(self, at, count, owner, relative, seconds, ms):
        """One copy of a slot's time into the image, without what all have been shifted by."""
        if not relative:
            seconds -= self.switches.shift_s[owner]
            ms -= self.switches.shift_ms[owner]
            if ms < 0:
                ms += 1000
                seconds -= 1
        image = self.image
        struct.pack_into(">BBHi", image, at, count, 0, ms, seconds)
        struct.pack_into(">HH", image, at + 8, native.crc16(image, at, 8), 0)

    def _newer(self):
        """Place of the newer good copy of the time in the image, negative when there is none."""
        image = self.image
        good = native.crc16(image, 0, 8) == image[8] << 8 | image[9]
        if native.crc16(image, _TIME_SIZE, 8) == image[20] << 8 | image[21]:
            if not good or (image[_TIME_SIZE] - image[0]) & 0xFF < 0x80:
                return _TIME_SIZE
        return 0 if good else _E_BADMSG

    def _sound(self):
        """True when the image holds a whole telecommand."""
        image = self.image
        n = image[_META + 3]
        if image[_META] != _VALID or n > PACKET_MAX:
            return False
        native.crc32_into(image, _META, _PACKET - _META + n, self._crc, 0)
        for i in range(_CRC_SIZE):
            if image[_PACKET + n + i] != self._crc[i]:
                return False
        return True

    def _erase(self, slot):
        self._crc[0] = 0
        return self._fram.write(_SLOTS_AT + slot * _SLOT_SIZE + _META, self._crc, 0, 1)

    def _enter(self, slot, seconds, ms):
        """Take what is in the image into the tables."""
        image = self.image
        self.owner[slot] = image[_META + 1]
        self._marks[slot] = image[_META + 2]
        self.seconds[slot] = seconds
        self.ms[slot] = ms
        requests = self.requests
        requests[4 * slot] = image[_PACKET + 9] << 8 | image[_PACKET + 10]
        requests[4 * slot + 1] = (image[_PACKET] & 0x07) << 8 | image[_PACKET + 1]
        requests[4 * slot + 2] = (image[_PACKET + 2] & 0x3F) << 8 | image[_PACKET + 3]
        requests[4 * slot + 3] = image[_META + 6] << 8 | image[_META + 7]
        self.count[self.owner[slot]] += 1
        self.stale = True

    def _load_slot(self, slot):
        """Take up one slot; erase it when it is damaged, or relative to a start that is past. Boot
        time only."""
        image = self.image
        status = self._fram.read(_SLOTS_AT + slot * _SLOT_SIZE, image)
        if status == 0 and self._sound():
            owner = image[_META + 1]
            if owner >= _OWNERS or not self.switches.is_epoch(owner, image, _META + 4):
                return
            newer = self._newer()
            if newer >= 0 and image[_META + 2] < _RELATIVE:
                ms, seconds = struct.unpack_from(">Hi", image, newer + 2)
                ms += self.switches.shift_ms[owner]
                self._enter(slot, seconds + self.switches.shift_s[owner] + ms // 1000, ms % 1000)
                serial = image[_META + 6] << 8 | image[_META + 7]
                if self._serial < 0 or (serial - self._serial) & 0xFFFF < 0x8000:
                    self._serial = serial
                return
        self.lost += 1
        self._erase(slot)
