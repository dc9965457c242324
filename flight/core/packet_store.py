"""A store of telemetry packets of one owner, in a ring of files, and the way back out of it.

A circular store lets its oldest file go when all are full; a bounded one keeps what it has and
refuses. A record is length u16, priority u8, flags u8 (0), seconds u32, the packet, and a CRC-16
over all of that. Packets wait in memory until `Storage` lets them be written. Nothing allocates but
the constructor.
"""

from flight.core.file_ring import FileRing
from hal.compat import const

_HEAD = const(8)
_CRC = const(2)
_LOOKS_PER_CALL = const(16)
_E_AGAIN = const(-11)
_E_BADMSG = const(-74)
_E_NOSPC = const(-28)


class PacketStore:
    """A client of `Storage`: a FileRing (`name`, `slot`, `segments`) of files of at most
    `segment_size` bytes each, for packets of `packet_max` bytes at most. `room` bytes of records
    wait in memory at most; `copy` and `crc16` are those of `native`.

    Counters, u16: `kept`, `lost` (no room in memory), `refused` (bounded and full), `damaged`
    (records with a wrong CRC: the rest of their file cannot be read), `overtaken` (the file that
    was to be read next was begun anew).
    """

    cost_ms = 250

    def __init__(self, name, slot, owner, circular, segments, segment_size, packet_max, room, copy,
                 crc16):  # fmt: skip
        largest = packet_max + _HEAD + _CRC
        if packet_max < 1 or segment_size < largest or room < largest:
            raise ValueError("store: " + name)
        self.ring = FileRing(name, slot, segments, 0x8000 | owner, crc16)
        self.kept = 0
        self.lost = 0
        self.refused = 0
        self.damaged = 0
        self.overtaken = 0
        self._circular = circular
        self._segment_size = segment_size
        self._packet_max = packet_max
        self._copy = copy
        self._crc16 = crc16
        self._waiting = bytearray(room)
        self._used = 0
        self._record = bytearray(largest)
        # What is read: see `select`.
        self._from_s = 0
        self._to_s = 0
        self._priority = 0
        self._back = -1  # files from the newest to the one being read; -1: nothing
        self._generation = 0  # of the newest when `_back` was counted
        self._offset = 0

    def keep(self, packet, n, priority, seconds):
        """Leave `packet[0:n]` of `priority` (0..255, higher is more important) and time `seconds`
        (below 2^30) to be written. False, counted, when it cannot be."""
        if self._full():
            self.refused = (self.refused + 1) & 0xFFFF
            return False
        size = _HEAD + n + _CRC
        at = self._used
        data = self._waiting
        if not 1 <= n <= self._packet_max or at + size > len(data):
            self.lost = (self.lost + 1) & 0xFFFF
            return False
        data[at] = n >> 8
        data[at + 1] = n & 0xFF
        data[at + 2] = priority
        data[at + 3] = 0
        for i in range(4):
            data[at + 4 + i] = seconds >> (24 - 8 * i) & 0xFF
        self._copy(data, at + _HEAD, packet, 0, n)
        crc = self._crc16(data, at, _HEAD + n)
        data[at + size - 2] = crc >> 8
        data[at + size - 1] = crc & 0xFF
        self._used = at + size
        self.kept = (self.kept + 1) & 0xFFFF
        return True

    def waiting(self):
        """Bytes that wait."""
        return self._used

    def begin(self, files):
        """After a mount: find out what is there. 0 or a negative errno. Reading ends."""
        self._back = -1
        return self.ring.begin(files)

    def work(self, files):
        """Write whole records that wait, as many as go into one file. 0 or a negative errno."""
        ring = self.ring
        left = self._segment_size - ring.lengths[ring.newest]
        n = self._fitting(left)
        anew = n == 0
        if anew:
            if not self._circular and ring.lengths[ring.place(-1)] != 0:
                self._refuse_waiting()
                return 0
            n = self._fitting(self._segment_size)
        status = ring.append(files, self._waiting, 0, n, anew)
        if status < 0:
            return status
        self._copy(self._waiting, 0, self._waiting, n, self._used - n)
        self._used -= n
        return 0

    def stored(self):
        """Bytes in the files, heads of records included."""
        total = 0
        for length in self.ring.lengths:
            total += length
        return total

    def clear(self, files):
        """Forget everything, in memory and in the files. 0 or a negative errno."""
        self._used = 0
        self._back = -1
        return self.ring.clear(files)

    def select(self, from_s, to_s, priority):
        """Read packets with from_s <= time <= to_s of at least `priority`, oldest written first."""
        self._from_s = from_s
        self._to_s = to_s
        self._priority = priority
        ring = self.ring
        back = len(ring.lengths) - 1
        while back >= 0 and ring.lengths[ring.place(back)] == 0:
            back -= 1
        self._back = back
        self._generation = ring.generation
        self._offset = 0

    def fetch(self, files, out):
        """Put the next packet of the selection into `out`; its length, 0 when there is none left.
        Negative: EAGAIN looked at enough for one call, ENOSPC it is longer than `out`, or what
        the files gave; then the selection ends, after EAGAIN alone it does not."""
        for _ in range(_LOOKS_PER_CALL):
            place = self._follow()
            if place < 0:
                return 0
            status = self._look(files, place)
            if status < 0:
                self._back = -1
                return status
            if status > 0:
                if status > len(out):
                    self._back = -1
                    return _E_NOSPC
                self._copy(out, 0, self._record, _HEAD, status)
                return status
        return _E_AGAIN

    def _full(self):
        """A bounded store has a last file, behind which no other is begun."""
        if self._circular:
            return False
        ring = self.ring
        left = self._segment_size - ring.lengths[ring.newest] - self._used
        return ring.lengths[ring.place(-1)] != 0 and left < self._packet_max + _HEAD + _CRC

    def _refuse_waiting(self):
        """The last file of a bounded store filled up before all that waited was written."""
        data = self._waiting
        at = 0
        while at < self._used:
            at += (data[at] << 8 | data[at + 1]) + _HEAD + _CRC
            self.refused = (self.refused + 1) & 0xFFFF
        self._used = 0

    def _fitting(self, left):
        """Bytes of whole records that wait and go into `left`."""
        data = self._waiting
        at = 0
        while at < self._used:
            size = (data[at] << 8 | data[at + 1]) + _HEAD + _CRC
            if at + size > left:
                break
            at += size
        return at

    def _follow(self):
        """Place of the file that is being read, -1 when all is read; new files count on."""
        ring = self.ring
        segments = len(ring.lengths)
        if self._back < 0:
            return -1
        begun = (ring.generation - self._generation) & 0x3FFFFFFF
        self._generation = ring.generation
        self._back += begun
        if self._back >= segments:
            self.overtaken = (self.overtaken + 1) & 0xFFFF
            self._back = segments - 1
            self._offset = 0
        while self._offset >= ring.lengths[ring.place(self._back)]:
            self._back -= 1
            self._offset = 0
            if self._back < 0:
                return -1
        return ring.place(self._back)

    def _look(self, files, place):
        """Length of the packet at the place of reading when it is selected, else 0; go behind it.
        A damaged record costs the rest of its file."""
        ring = self.ring
        record = self._record
        got = ring.read(files, place, self._offset, record, 0, len(record))
        if got < 0:
            return got
        n = record[0] << 8 | record[1]
        size = n + _HEAD + _CRC
        if got < _HEAD or not 1 <= n <= self._packet_max or got < size:
            return self._give_up(place)
        crc = self._crc16(record, 0, _HEAD + n)
        if record[size - 2] << 8 | record[size - 1] != crc or record[4] > 0x3F:
            return self._give_up(place)
        self._offset += size
        seconds = record[4] << 24 | record[5] << 16 | record[6] << 8 | record[7]
        if record[2] < self._priority or not self._from_s <= seconds <= self._to_s:
            return 0
        return n

    def _give_up(self, place):
        self.damaged = (self.damaged + 1) & 0xFFFF
        self._offset = self.ring.lengths[place]
        return 0
