"""A log of records of one size in a ring of files: the newest are kept, the oldest file goes.

Each record has a CRC of its own. Records wait in memory until `Storage` lets them be written.
Nothing allocates but the constructor.
"""

from flight.core.file_ring import FileRing
from hal.compat import const

_CRC = const(2)
_E_INVAL = const(-22)
_E_BADMSG = const(-74)


class RecordLog:
    """A client of `Storage`: a FileRing (`name`, `slot`, `segments`) of `per_segment` records of
    `size` bytes each. `room` records wait in memory at most; `copy` and `crc16` are those of
    `native`.

    `lost`: records for which there was no room; `damaged`: records read with a wrong CRC, u16 both.
    """

    cost_ms = 250

    def __init__(self, name, slot, size, per_segment, segments, room, copy, crc16):
        if not 1 <= size <= 0x7FFF or per_segment < 1 or room < 1:
            raise ValueError("log: " + name)
        self.ring = FileRing(name, slot, segments, size, crc16)
        self.lost = 0
        self.damaged = 0
        self._size = size
        self._per_segment = per_segment
        self._copy = copy
        self._crc16 = crc16
        self._room = room
        self._stored = size + _CRC
        self._waiting = bytearray(room * self._stored)
        self._first = 0  # oldest that waits
        self._count = 0
        self._record = bytearray(self._stored)

    def append(self, buf, off):
        """Leave `size` bytes of `buf` from `off` on to be written; False, counted, when full."""
        if self._count >= self._room:
            self.lost = (self.lost + 1) & 0xFFFF
            return False
        size = self._size
        at = (self._first + self._count) % self._room * self._stored
        waiting = self._waiting
        self._copy(waiting, at, buf, off, size)
        crc = self._crc16(waiting, at, size)
        waiting[at + size] = crc >> 8
        waiting[at + size + 1] = crc & 0xFF
        self._count += 1
        return True

    def waiting(self):
        """Records that wait."""
        return self._count

    def begin(self, files):
        """After a mount: find out what is there. 0 or a negative errno."""
        return self.ring.begin(files)

    def work(self, files):
        """Write what waits, as far as it goes into one file. 0 or a negative errno."""
        ring = self.ring
        used = ring.lengths[ring.newest] // self._stored
        anew = used >= self._per_segment
        if anew:
            used = 0
        # In one piece up to where the ring in memory turns round.
        n = min(self._count, self._room - self._first, self._per_segment - used)
        at = self._first * self._stored
        status = ring.append(files, self._waiting, at, n * self._stored, anew)
        if status < 0:
            return status
        self._first = (self._first + n) % self._room
        self._count -= n
        return 0

    def stored(self):
        """Records in the files."""
        total = 0
        for length in self.ring.lengths:
            total += length // self._stored
        return total

    def read(self, files, number, out, off):
        """Put record `number` (0: the oldest stored) into `out` from `off` on. 0, or a negative
        errno: EINVAL there is no such record, EBADMSG it is damaged."""
        ring = self.ring
        if number < 0:
            return _E_INVAL
        for back in range(len(ring.lengths) - 1, -1, -1):
            place = ring.place(back)
            count = ring.lengths[place] // self._stored
            if number < count:
                return self._read_record(files, place, number, out, off)
            number -= count
        return _E_INVAL

    def _read_record(self, files, place, number, out, off):
        size = self._size
        stored = self._stored
        record = self._record
        status = self.ring.read(files, place, number * stored, record, 0, stored)
        if status < 0:
            return status
        crc = self._crc16(record, 0, size)
        if status < stored or record[size] << 8 | record[size + 1] != crc:
            self.damaged = (self.damaged + 1) & 0xFFFF
            return _E_BADMSG
        self._copy(out, off, record, 0, size)
        return 0
