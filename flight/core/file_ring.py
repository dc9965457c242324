"""Files in a ring: one is appended to, and when it is full the oldest is begun anew.

A file begins with a head: magic u16, kind u16, generation u32 (below 2^30), time of its first
record u32, latest time of any record in the file before it u32, CRC-16. What follows is the
owner's; the file system guards its structure, not what lies in the cells, so that content wants
checksums of its own. What was appended is there after a power cut at any time; of what was being
appended, nothing or all. Nothing allocates but the constructor.
"""

import struct
from array import array

import native
from hal.compat import const

HEAD = const(18)

_MAGIC = const(0x4D47)
_GENERATION_MASK = const(0x3FFFFFFF)
_GENERATION_HALF = const(0x20000000)
_DIGIT_0 = const(48)
_E_NOENT = const(-2)
_E_BADMSG = const(-74)
_READ = const(1)
_WRITE_CREATE_EMPTY = const(2 | 4 | 8)
_WRITE_APPEND = const(2 | 16)

_head = bytearray(18)


class FileRing:
    """`name` (ASCII bytes) and a digit each name the `segments` (2..10) files. Files of another
    `kind` (u16) are none of this ring.

    `lengths`: content of each file in bytes, without the head; `firsts`: time of its first record;
    `before`: latest time in the file before it; `newest`: place of the file that is appended to;
    `damaged`: heads that were wrong, u16.
    """

    def __init__(self, name, segments, kind):
        if not 2 <= segments <= 10 or not 0 <= kind <= 0xFFFF:
            raise ValueError("files: " + str(name))
        self.segments = segments
        self.lengths = array("I", bytes(4 * segments))
        self.firsts = array("I", bytes(4 * segments))
        self.before = array("I", bytes(4 * segments))
        self.newest = 0
        self.generation = 0
        self.damaged = 0
        self._path = bytearray(name + b"0\0")
        self._kind = kind

    def path(self, place):
        """Name of a file, as native.Files takes it, until the next call."""
        path = self._path
        path[len(path) - 2] = _DIGIT_0 + place
        return path

    def begin(self, files, slot):
        """Find out what is there. 0 or a negative errno; files that are not of this ring are left
        out, and written over when their turn comes."""
        newest = -1
        for i in range(self.segments):
            self.lengths[i] = 0
            self.before[i] = _GENERATION_MASK  # nothing is known of what came before
            generation = self._look(files, slot, i)
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
            newest = self.segments - 1
            self.generation = 0
        self.newest = newest
        return 0

    def place(self, back):
        """Place of the file that is `back` files older than the newest."""
        return (self.newest - back) % self.segments

    def next_generation(self):
        """That of the file which is begun next."""
        return (self.generation + 1) & _GENERATION_MASK

    def open(self, files, slot, anew, first_s, before_s):
        """Open the newest file behind what it holds, or, with `anew`, the next one, empty but for
        its head. 0 or a negative errno."""
        if not anew:
            return files.open(slot, self.path(self.newest), _WRITE_APPEND)
        head = _head
        struct.pack_into(
            ">HHIII", head, 0, _MAGIC, self._kind, self.next_generation(), first_s, before_s
        )
        crc = native.crc16(head, 0, HEAD - 2)
        head[HEAD - 2] = crc >> 8
        head[HEAD - 1] = crc & 0xFF
        status = files.open(slot, self.path(self.place(-1)), _WRITE_CREATE_EMPTY)
        if status < 0:
            return status
        status = files.write(slot, head, 0, HEAD)
        if status < 0:
            files.close(slot)
            return status
        return 0

    def appended(self, n, anew, first_s, before_s):
        """What was opened by `open` has been closed, `n` bytes longer."""
        if anew:
            self.newest = self.place(-1)
            self.generation = self.next_generation()
            self.lengths[self.newest] = 0
            self.firsts[self.newest] = first_s
            self.before[self.newest] = before_s
        self.lengths[self.newest] += n

    def remove(self, files, back):
        """Remove one file; the newest only when it is alone. 0 or a negative errno."""
        place = self.place(back)
        status = files.remove(self.path(place))
        if status < 0 and status != _E_NOENT:
            return status
        self.lengths[place] = 0
        return 0

    def oldest(self):
        """Files from the newest back to the oldest that holds something; -1: none does."""
        back = self.segments - 1
        while back >= 0 and self.lengths[self.place(back)] == 0:
            back -= 1
        return back

    def stored(self):
        """Bytes of content in all files."""
        total = 0
        for length in self.lengths:
            total += length
        return total

    def _look(self, files, slot, i):
        """Generation of file `i`, with its length noted; ENOENT, EBADMSG, or what failed."""
        head = _head
        status = files.open(slot, self.path(i), _READ)
        if status < 0:
            return status
        length = files.length(slot)
        status = files.read(slot, head, 0, HEAD)
        files.close(slot)
        if length < 0 or status < 0:
            return min(length, status)
        if length <= HEAD:
            # Begun, and the power failed before the first content: as if it were not there.
            return _E_NOENT
        crc = native.crc16(head, 0, HEAD - 2)
        if (
            head[0] << 8 | head[1] != _MAGIC
            or head[2] << 8 | head[3] != self._kind
            or head[HEAD - 2] << 8 | head[HEAD - 1] != crc
            or head[4] > 0x3F
            or head[8] > 0x3F
            or head[12] > 0x3F
        ):
            self.damaged = (self.damaged + 1) & 0xFFFF
            return _E_BADMSG
        self.lengths[i] = length - HEAD
        self.firsts[i] = _u30(head, 8)
        self.before[i] = _u30(head, 12)
        return _u30(head, 4)


def _u30(buf, at):
    """Big-endian number below 2^30."""
    return buf[at] << 24 | buf[at + 1] << 16 | buf[at + 2] << 8 | buf[at + 3]
