"""Critical records in FRAM: two copies, so that a power cut at any write leaves one whole.

Image: magic u16, layout u16, generation u32, body, CRC-32 over all before it. A save goes over the
older copy; the newer one stays untouched until the save is complete.
"""

import struct
from array import array

import native
from hal.compat import const

HEADER_SIZE = const(8)
CRC_SIZE = const(4)
_MAGIC = const(0x4D46)
_GENERATION_MAX = const(0x3FFFFFFE)
_E_IO = const(5)
_E_STALE = const(116)

# `kept` of a record, bits.
SEALED = const(1)  # the image has its CRC
MENDED = const(2)  # it was found broken and set right, and health has not told yet
REFUSED = const(4)  # what is stored last is not in use
NONSENSE = const(8)  # it makes no sense, and health has not told yet

# Every record made since `forget`, for scrubbing.
ALL = []

_CRC = bytearray(CRC_SIZE)  # of what was looked at last
_SEEN = bytearray(3)  # what `_find` and `_read` came upon, by the places below
_SILENT = const(0)  # the memory did not answer
_STRANGE = const(1)  # a copy was neither whole nor blank
_WHOLE = const(2)  # the copy read last had the CRC it should have


def forget():
    """A new start: its records are all there are. Boot time only."""
    ALL.clear()


class TwoCopies:
    """One record of `size` body bytes at two FRAM addresses. `image` holds header and body;
    the body starts at HEADER_SIZE. `layout` (u16) must match or a stored copy is not used."""

    def __init__(self, fram, address_a, address_b, size, layout):
        self._fram = fram
        # As an array: beyond 32767 a number of a table in the image is a long one, and every sum
        # with it would allocate.
        self._address = array("I", (address_a, address_b))
        self._layout = layout
        self._end = HEADER_SIZE + size
        self.image = bytearray(self._end + CRC_SIZE)
        self.generation = 0
        self._newest = 1  # copy A is written first
        self._unseen = False  # a copy of a later generation may lie where nothing could be read
        self.doubtful = False  # nothing good was found at the start, and yet it is not blank
        self.kept = 0
        self.owner = None  # who has a method `mend`, and uses what is in the image
        self.status = 0  # of the last access: 0 or negative
        ALL.append(self)

    def seal(self, image=None):
        """Put the CRC behind an image that was neither loaded nor saved; or behind one like it."""
        if image is None:
            image = self.image
        if image is self.image:
            self.kept |= SEALED
        native.crc32_into(image, 0, self._end, image, self._end)

    def sealed(self, image=None):
        """The image is what was loaded, saved or sealed last; or one like it, what was sealed."""
        if image is None:
            image = self.image
        native.crc32_into(image, 0, self._end, _CRC, 0)
        for i in range(CRC_SIZE):
            if image[self._end + i] != _CRC[i]:
                return False
        return True

    def right(self):
        """Before a change, and in the background: an image of which bits have turned is read again,
        or mended by its owner, who is told whether it is `whole`; then `kept` says so. What is
        packed anew for every save has no owner."""
        if not self.kept & SEALED or self.sealed():
            return
        whole = self._reload()
        self.kept &= ~SEALED  # while its owner works on it
        if self.owner is not None:
            self.owner.mend(whole)
        elif not whole:
            return
        self.seal()
        self.kept |= MENDED

    def clear(self):
        """Zero the body; without a CRC of it until it is sealed."""
        for i in range(HEADER_SIZE, self._end):
            self.image[i] = 0

    def refuse(self):
        """What was loaded has a good CRC and makes no sense: the body is zero, until something is
        stored over it. Health tells. Boot time only."""
        self.clear()
        self.kept |= REFUSED | NONSENSE
        self.seal()

    def _reload(self):
        """Read what was loaded or saved last; False when that cannot be had, or was never stored.
        Once for each time that damage is found, else boot time only."""
        wanted = self.generation
        if wanted and not self.kept & REFUSED:
            for i in range(2):
                copy = 1 - self._newest if i else self._newest
                if self._read(copy) == wanted:
                    self._newest = copy
                    return True
        return False

    def crc_at(self):
        """Where the CRC stands in a copy."""
        return self._end

    def address(self, copy):
        """FRAM address of a copy, 0 or 1."""
        return self._address[copy]

    def repair(self, copy):
        """Write what is in use over a bad copy, as the next generation; 0 or a negative status."""
        self._newest = 1 - copy
        return self._write()

    def load(self):
        """Read the newer good copy into `image`: 1 copy A, 2 copy B, 0 none. What cannot be read is
        read once more: `doubtful` when there is none even so, and yet something is there, or the
        memory does not answer. Boot time only."""
        _SEEN[_SILENT] = _SEEN[_STRANGE] = 0
        best = self._find()
        if best == 0:
            _SEEN[_STRANGE] = 0
            best = self._find()
        self.doubtful = best == 0 and _SEEN[_STRANGE] == 1
        self._unseen = best == 0 and _SEEN[_SILENT] == 1
        self.kept = 0
        if best:
            self._newest = best - 1
            # The image holds whatever was read last, perhaps the other copy.
            if self._read(self._newest) != self.generation:
                self.doubtful = True
                return 0
            self.kept = SEALED
        return best

    def save(self, newer=False):
        """Write `image` over the older copy as the next generation. 0, or a negative status: the
        record in use stays what it was in memory, and the old copy stays valid.

        When no copy could be read at the start, the copies are looked at again. A good one that
        shows is not written over (-ESTALE: `load` again), but for `newer`: what is in memory is of
        later than any copy. When there is none, both are written, or one that is there after all
        would come back at the next start."""
        if self.doubtful:
            status = self._look_again(newer)
            if status < 0:
                self.seal()
                return status
        status = self._write()
        if status == 0 and self._unseen:
            status = self._write()
            self._unseen = status < 0
        return status

    def _find(self):
        """The newer good copy, its generation in `generation`. Boot time only."""
        best = 0
        self.generation = 0
        for copy in range(2):
            generation = self._read(copy)
            if self.status < 0:
                _SEEN[_SILENT] = 1
            if self.status < 0 or not _SEEN[_WHOLE] and not self._is_blank():
                _SEEN[_STRANGE] = 1
            if generation > self.generation:
                self.generation = generation
                best = copy + 1
        return best

    def _is_blank(self):
        """The image holds what a memory never written does, all zeros or all ones."""
        first = self.image[0]
        if first != 0 and first != 0xFF:
            return False
        for octet in self.image:
            if octet != first:
                return False
        return True

    def _look_again(self, newer):
        """Whether a copy is good after all: 0, or -ESTALE; a negative status while nothing can be
        read. Boot time only, but for a memory that did not answer then."""
        mine = bytes(self.image)
        _SEEN[_SILENT] = 0
        best = self._find()
        generation = self.generation
        first = bytes(self.image)
        self._read(1)
        same = self._same(first)
        native.copy(self.image, 0, mine, 0, len(mine))
        if _SEEN[_SILENT]:
            self.generation = 0
            return self.status if self.status < 0 else -_E_IO
        if best == 0:
            self.generation = 0
            if not same:
                return -_E_IO  # nonsense is another with every reading
        elif newer:
            self._newest = best - 1
            self.generation = generation
        else:
            self.generation = 0
            return -_E_STALE
        self.doubtful = False
        self._unseen = best == 0
        return 0

    def _same(self, other):
        for i in range(len(other)):
            if self.image[i] != other[i]:
                return False
        return True

    def _write(self):
        image = self.image
        # 30 bits hold a thousand saves per second for twelve days; nobody wears FRAM so.
        generation = self.generation + 1
        struct.pack_into(">HHI", image, 0, _MAGIC, self._layout, generation)
        self.seal()
        copy = 1 - self._newest
        self.status = self._fram.write(self._address[copy], image)
        if self.status < 0:
            return self.status
        self._newest = copy
        self.generation = generation
        self.kept &= ~REFUSED
        return 0

    def _read(self, copy):
        """Generation of a good copy, 0 of a bad one; the image holds it. Boot time only."""
        image = self.image
        self.status = self._fram.read(self._address[copy], image)
        if self.status < 0:
            return 0
        _SEEN[_WHOLE] = 1 if self.sealed() else 0
        if not _SEEN[_WHOLE]:
            return 0
        magic, layout, generation = struct.unpack_from(">HHI", image, 0)
        if magic != _MAGIC or layout != self._layout or generation > _GENERATION_MAX:
            return 0
        return generation
