"""A log of records of one size in a ring of files: the newest are kept, the oldest file goes.

A file begins with a head (magic, size of a record, generation, CRC) and holds records, each with a
CRC of its own: the file system guards its structure, not what lies in the cells. Everything that
was written is there after a power cut at any time; of what was being written, nothing or all.
Records wait in memory until `Storage` lets them be written. Nothing allocates but the constructor
and `begin`.
"""

from hal.compat import const

_MAGIC = const(0x4D4C)
_HEAD = const(10)  # magic u16, record size u16, generation u32, CRC u16
_CRC = const(2)
_GENERATION_MASK = const(0x3FFFFFFF)
_GENERATION_HALF = const(0x20000000)
_E_INVAL = const(-22)
_E_NOENT = const(-2)
_E_BADMSG = const(-74)
_READ = const(1)
_WRITE_CREATE_EMPTY = const(2 | 4 | 8)
_WRITE_APPEND = const(2 | 16)


class RecordLog:
    """`name` and a digit each name the `segments` (2..10) files of `per_segment` records of `size`
    bytes; `slot` of native.Files is used while a call lasts. `room` records wait in memory at most;
    `copy` and `crc16` are those of `native`.

    `lost`: records for which there was no room; `damaged`: records or heads read with a wrong CRC.
    """

    cost_ms = 250

    def __init__(self, name, slot, size, per_segment, segments, room, copy, crc16):
        if not 2 <= segments <= 10 or size < 1 or per_segment < 1 or room < 1:
            raise ValueError("log: " + name)
        self.lost = 0
        self.damaged = 0
        self._paths = [name + str(i) for i in range(segments)]
        self._slot = slot
        self._size = size
        self._per_segment = per_segment
        self._copy = copy
        self._crc16 = crc16
        self._room = room
        self._stored = size + _CRC
        self._waiting = bytearray(room * self._stored)
        self._first = 0  # oldest that waits
        self._count = 0
        self._counts = [0] * segments  # records by file
        self._newest = 0
        self._generation = 0
        self._head = bytearray(_HEAD)
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

    def stored(self):
        """Records in the files."""
        total = 0
        for count in self._counts:
            total += count
        return total

    def begin(self, files):
        """Find out what is there. 0 or a negative errno; files that are no log are left out, and
        written over when their turn comes."""
        newest = -1
        for i in range(len(self._paths)):
            self._counts[i] = 0
            generation = self._read_head(files, i)
            if generation < 0:
                if generation not in (_E_NOENT, _E_BADMSG):
                    return generation
                continue
            ahead = (generation - self._generation) & _GENERATION_MASK
            if newest < 0 or ahead < _GENERATION_HALF:
                newest = i
                self._generation = generation
        if newest < 0:
            # As if the last file were full: the first is begun.
            newest = len(self._paths) - 1
            self._counts[newest] = 0
            self._generation = 0
        self._newest = newest
        return 0

    def work(self, files):
        """Write what waits, as far as it goes into one file. 0 or a negative errno."""
        if self._counts[self._newest] == 0 or self._counts[self._newest] >= self._per_segment:
            status = self._next_file(files)
        else:
            status = files.open(self._slot, self._paths[self._newest], _WRITE_APPEND)
        if status < 0:
            return status
        # In one piece up to where the ring in memory turns round.
        n = min(
            self._count,
            self._room - self._first,
            self._per_segment - self._counts[self._newest],
        )
        stored = self._stored
        status = files.write(self._slot, self._waiting, self._first * stored, n * stored)
        closed = files.close(self._slot)
        if status >= 0:
            status = closed
        if status < 0:
            return status
        self._counts[self._newest] += n
        self._first = (self._first + n) % self._room
        self._count -= n
        return 0

    def read(self, files, number, out, off):
        """Put record `number` (0: the oldest stored) into `out` from `off` on. 0, or a negative
        errno: EINVAL there is no such record, EBADMSG it is damaged."""
        segments = len(self._paths)
        if number < 0:
            return _E_INVAL
        for back in range(segments - 1, -1, -1):
            i = (self._newest - back) % segments
            if number < self._counts[i]:
                return self._read_record(files, i, number, out, off)
            number -= self._counts[i]
        return _E_INVAL

    def _read_record(self, files, i, number, out, off):
        slot = self._slot
        size = self._size
        record = self._record
        status = files.open(slot, self._paths[i], _READ)
        if status < 0:
            return status
        status = files.seek(slot, _HEAD + number * self._stored)
        if status >= 0:
            status = files.read(slot, record, 0, self._stored)
        files.close(slot)
        if status < 0:
            return status
        crc = self._crc16(record, 0, size)
        if status < self._stored or record[size] << 8 | record[size + 1] != crc:
            self.damaged = (self.damaged + 1) & 0xFFFF
            return _E_BADMSG
        self._copy(out, off, record, 0, size)
        return 0

    def _next_file(self, files):
        """Open the file that is oldest by its place, empty but for its head."""
        newest = (self._newest + 1) % len(self._paths)
        generation = (self._generation + 1) & _GENERATION_MASK
        head = self._head
        head[0] = _MAGIC >> 8
        head[1] = _MAGIC & 0xFF
        head[2] = self._size >> 8
        head[3] = self._size & 0xFF
        for i in range(4):
            head[4 + i] = generation >> (24 - 8 * i) & 0xFF
        crc = self._crc16(head, 0, _HEAD - _CRC)
        head[8] = crc >> 8
        head[9] = crc & 0xFF
        status = files.open(self._slot, self._paths[newest], _WRITE_CREATE_EMPTY)
        if status < 0:
            return status
        status = files.write(self._slot, head, 0, _HEAD)
        if status < 0:
            files.close(self._slot)
            return status
        self._newest = newest
        self._generation = generation
        self._counts[newest] = 0
        return 0

    def _read_head(self, files, i):
        """Generation of file `i`, with its records counted; ENOENT, EBADMSG, or what failed."""
        slot = self._slot
        head = self._head
        status = files.open(slot, self._paths[i], _READ)
        if status < 0:
            return status
        length = files.length(slot)
        status = files.read(slot, head, 0, _HEAD)
        files.close(slot)
        if length < 0 or status < 0:
            return min(length, status)
        if length == 0:
            # Begun, and the power failed before the first record: as if it were not there.
            return _E_NOENT
        crc = self._crc16(head, 0, _HEAD - _CRC)
        if (
            status < _HEAD
            or head[0] << 8 | head[1] != _MAGIC
            or head[2] << 8 | head[3] != self._size
            or head[8] << 8 | head[9] != crc
            or head[4] > 0x3F
        ):
            self.damaged = (self.damaged + 1) & 0xFFFF
            return _E_BADMSG
        self._counts[i] = min((length - _HEAD) // self._stored, self._per_segment)
        return head[4] << 24 | head[5] << 16 | head[6] << 8 | head[7]
