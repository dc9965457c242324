"""Files in a ring: one is appended to, and when it is full the oldest is begun anew.

A file begins with a head: magic u16, kind u16, generation u32 (below 2^30), CRC-16. What follows is
the owner's; the file system guards its structure, not what lies in the cells, so that content wants
checksums of its own. What was appended is there after a power cut at any time; of what was being
appended, nothing or all. Nothing allocates but the constructor.
"""

from hal.compat import const

HEAD = const(10)

_MAGIC = const(0x4D46)
_GENERATION_MASK = const(0x3FFFFFFF)
_GENERATION_HALF = const(0x20000000)
_E_NOENT = const(-2)
_E_BADMSG = const(-74)
_READ = const(1)
_WRITE_CREATE_EMPTY = const(2 | 4 | 8)
_WRITE_APPEND = const(2 | 16)


class FileRing:
    """`name` and a digit each name the `segments` (2..10) files; `slot` of native.Files is used
    while a call lasts. Files of another `kind` (u16) are none of this ring.

    `lengths`: content of each file in bytes, without the head; `newest`: place of the file that is
    appended to; `damaged`: heads that were wrong, u16.
    """

    def __init__(self, name, slot, segments, kind, crc16):
        if not 2 <= segments <= 10 or not 0 <= kind <= 0xFFFF:
            raise ValueError("files: " + name)
        self.lengths = [0] * segments
        self.newest = 0
        self.generation = 0
        self.damaged = 0
        self._paths = [name + str(i) for i in range(segments)]
        self._slot = slot
        self._kind = kind
        self._crc16 = crc16
        self._head = bytearray(HEAD)

    def begin(self, files):
        """Find out what is there. 0 or a negative errno; files that are not of this ring are left
        out, and written over when their turn comes."""
        newest = -1
        for i in range(len(self._paths)):
            self.lengths[i] = 0
            generation = self._look(files, i)
            if generation < 0:
                if generation not in (_E_NOENT, _E_BADMSG):
                    return generation
                continue
            ahead = (generation - self.generation) & _GENERATION_MASK
            if newest < 0 or ahead < _GENERATION_HALF:
                newest = i
                self.generation = generation
        if newest < 0:
            # As if the last file were full: the first is begun.
            newest = len(self._paths) - 1
            self.generation = 0
        self.newest = newest
        return 0

    def place(self, back):
        """Place of the file that is `back` files older than the newest."""
        return (self.newest - back) % len(self._paths)

    def append(self, files, buf, off, n, anew):
        """Write `buf[off:off+n]` behind what the newest file holds; with `anew`, or when it holds
        nothing, as the content of the next file. 0 or a negative errno."""
        slot = self._slot
        anew = anew or self.lengths[self.newest] == 0
        if anew:
            status = self._open_next(files)
        else:
            status = files.open(slot, self._paths[self.newest], _WRITE_APPEND)
        if status < 0:
            return status
        status = files.write(slot, buf, off, n)
        closed = files.close(slot)
        if status >= 0:
            status = closed
        if status < 0:
            return status
        if anew:
            self.newest = self.place(-1)
            self.generation = (self.generation + 1) & _GENERATION_MASK
            self.lengths[self.newest] = 0
        self.lengths[self.newest] += n
        return 0

    def clear(self, files):
        """Remove the files, the newest first: what a power cut leaves is a shorter ring. 0 or a
        negative errno."""
        for back in range(len(self._paths)):
            place = self.place(back)
            status = files.remove(self._paths[place])
            if status < 0 and status != _E_NOENT:
                return status
            self.lengths[place] = 0
        return 0

    def read(self, files, place, offset, buf, off, n):
        """Fill `buf[off:off+n]` from `offset` of the content of a file; bytes read, fewer at its
        end, or a negative errno."""
        slot = self._slot
        status = files.open(slot, self._paths[place], _READ)
        if status < 0:
            return status
        status = files.seek(slot, HEAD + offset)
        if status >= 0:
            status = files.read(slot, buf, off, n)
        files.close(slot)
        return status

    def _open_next(self, files):
        """Open the file behind the newest, empty but for its head."""
        slot = self._slot
        generation = (self.generation + 1) & _GENERATION_MASK
        head = self._head
        head[0] = _MAGIC >> 8
        head[1] = _MAGIC & 0xFF
        head[2] = self._kind >> 8
        head[3] = self._kind & 0xFF
        for i in range(4):
            head[4 + i] = generation >> (24 - 8 * i) & 0xFF
        crc = self._crc16(head, 0, HEAD - 2)
        head[8] = crc >> 8
        head[9] = crc & 0xFF
        status = files.open(slot, self._paths[self.place(-1)], _WRITE_CREATE_EMPTY)
        if status < 0:
            return status
        status = files.write(slot, head, 0, HEAD)
        if status < 0:
            files.close(slot)
        return status

    def _look(self, files, i):
        """Generation of file `i`, with its length noted; ENOENT, EBADMSG, or what failed."""
        slot = self._slot
        head = self._head
        status = files.open(slot, self._paths[i], _READ)
        if status < 0:
            return status
        length = files.length(slot)
        status = files.read(slot, head, 0, HEAD)
        files.close(slot)
        if length < 0 or status < 0:
            return min(length, status)
        if length == 0:
            # Begun, and the power failed before the first content: as if it were not there.
            return _E_NOENT
        crc = self._crc16(head, 0, HEAD - 2)
        if (
            status < HEAD
            or head[0] << 8 | head[1] != _MAGIC
            or head[2] << 8 | head[3] != self._kind
            or head[8] << 8 | head[9] != crc
            or head[4] > 0x3F
        ):
            self.damaged = (self.damaged + 1) & 0xFFFF
            return _E_BADMSG
        self.lengths[i] = length - HEAD
        return head[4] << 24 | head[5] << 16 | head[6] << 8 | head[7]
