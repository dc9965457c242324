"""Critical records in FRAM: two copies, so that a power cut at any write leaves one whole.

Image: magic u16, layout u16, generation u32, body, CRC-32 over all before it. A save goes over the
older copy; the newer one stays untouched until the save is complete.
"""

import struct

import native
from hal.compat import const

HEADER_SIZE = const(8)
CRC_SIZE = const(4)
_MAGIC = const(0x4D46)
_E_IO = const(5)

# Every record made since `forget`, for scrubbing.
ALL = []


def forget():
    """A new start: its records are all there are. Boot time only."""
    ALL.clear()


class TwoCopies:
    """One record of `size` body bytes at two FRAM addresses. `image` holds header and body;
    the body starts at HEADER_SIZE. `layout` (u16) must match or a stored copy is not used."""

    def __init__(self, fram, address_a, address_b, size, layout):
        self._fram = fram
        self._address = (address_a, address_b)
        self._layout = layout
        self._end = HEADER_SIZE + size
        self.image = bytearray(self._end + CRC_SIZE)
        self._crc = bytearray(CRC_SIZE)
        self.generation = 0
        self._newest = 1  # copy A is written first
        self._unseen = False  # a copy of a later generation may lie where nothing could be read
        self.status = 0  # of the last access: 0 or negative
        ALL.append(self)

    def seal(self):
        """Put the CRC behind an image that was neither loaded nor saved."""
        native.crc32_into(self.image, 0, self._end, self.image, self._end)

    def sealed(self):
        """The image is what was loaded, saved or sealed last."""
        native.crc32_into(self.image, 0, self._end, self._crc, 0)
        for i in range(CRC_SIZE):
            if self.image[self._end + i] != self._crc[i]:
                return False
        return True

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
        """Read the newer good copy into `image`: 1 copy A, 2 copy B, 0 none. Boot time only."""
        best = 0
        failed = False
        self.generation = 0
        for copy in range(2):
            generation = self._read(copy)
            failed = failed or self.status < 0
            if generation > self.generation:
                self.generation = generation
                best = copy + 1
        self._unseen = failed and best == 0
        if best:
            self._newest = best - 1
            # The image holds whatever was read last, perhaps the other copy.
            if self._read(self._newest) != self.generation:
                return 0
        return best

    def save(self):
        """Write `image` over the older copy as the next generation. 0, or a negative status: the
        record in use stays what it was in memory, and the old copy stays valid.

        When no copy could be read at the start, both are written, or one that is there after all
        would come back at the next start."""
        status = self._write()
        if status == 0 and self._unseen:
            status = self._write()
            self._unseen = status < 0
        return status

    def _write(self):
        image = self.image
        # 30 bits hold a thousand saves per second for twelve days; nobody wears FRAM so.
        generation = self.generation + 1
        struct.pack_into(">HHI", image, 0, _MAGIC, self._layout, generation)
        native.crc32_into(image, 0, self._end, image, self._end)
        copy = 1 - self._newest
        self.status = self._fram.write(self._address[copy], image)
        if self.status < 0:
            return self.status
        self._newest = copy
        self.generation = generation
        return 0

    def _read(self, copy):
        """Generation of a good copy, 0 of a bad one; the image holds it. Boot time only."""
        image = self.image
        self.status = self._fram.read(self._address[copy], image)
        if self.status < 0:
            return 0
        if not self.sealed():
            return 0
        magic, layout, generation = struct.unpack_from(">HHI", image, 0)
        if magic != _MAGIC or layout != self._layout:
            return 0
        return generation
