"""Scrubbing of the records in FRAM: both copies are read back slice by slice, a bad one is written
anew from what is in use, provided that its CRC says it is what was stored. A record that was never
stored is left alone."""

import native
from flight.core import records
from flight.core.records import CRC_SIZE
from hal.compat import const

_SLICE = const(64)


class FramScrub:
    """`passes`, `repairs`, `errors` (u16, wrap): times all was looked at, copies written anew,
    times that the memory did not answer."""

    def __init__(self, fram):
        self._fram = fram
        self._buf = bytearray(_SLICE)
        self._crc = bytearray(CRC_SIZE)
        self._index = 0
        self._copy = 0
        self._at = 0
        self._generation = 0
        self.passes = 0
        self.repairs = 0
        self.errors = 0

    def rewind(self):
        """From the first record on."""
        self._index = 0
        self._copy = 0
        self._at = 0

    def pausing(self):
        """The last step read nothing: it was between two passes."""
        return self._index == 0 and self._copy == 0 and self._at == 0

    def step(self):
        """One slice. 0; the address of a copy that was bad and is written anew; a negative status
        of the memory."""
        stored = records.ALL
        while self._index < len(stored) and stored[self._index].generation == 0:
            self._index += 1
        if self._index >= len(stored):
            self.rewind()
            self.passes = (self.passes + 1) & 0xFFFF
            return 0
        record = stored[self._index]
        if self._at == 0 or record.generation != self._generation:
            # At the start, or saved meanwhile: what was read of this copy may be of two images.
            self._generation = record.generation
            self._at = 0
        end = record.crc_at()
        n = min(end - self._at, _SLICE)
        buf = self._buf
        address = record.address(self._copy)
        status = self._fram.read(address + self._at, buf)
        if status == 0:
            native.crc32_into(buf, 0, n, self._crc, 0, self._at > 0)
            self._at += n
            if self._at < end:
                return 0
            status = self._fram.read(address + end, buf)
        if status < 0:
            self.errors = (self.errors + 1) & 0xFFFF
            self._next_copy()
            return status
        good = True
        for i in range(CRC_SIZE):
            good = good and buf[i] == self._crc[i]
        copy = self._copy
        self._next_copy()
        return 0 if good else self._repair(record, copy)

    def _next_copy(self):
        self._at = 0
        self._copy = 1 - self._copy
        if self._copy == 0:
            self._index += 1

    def _repair(self, record, copy):
        if not record.sealed():
            # Bits have turned in memory too: whoever owns it sees to that first.
            return 0
        # Of the first generation there is one copy by nature.
        expected = record.generation == 1
        status = record.repair(copy)
        if status < 0:
            self.errors = (self.errors + 1) & 0xFFFF
            return status
        if expected:
            return 0
        self.repairs = (self.repairs + 1) & 0xFFFF
        return record.address(copy)
