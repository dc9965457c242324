"""Cells of a NOR flash: programming only clears bits, erasing sets whole sectors, both wear.

Only sectors that hold something are kept, so that 16 MB cost as much memory as was written.
"""

from __future__ import annotations

import random
import struct

SECTOR = 4096
_BLANK = b"\xff" * SECTOR
_HEADER = struct.Struct("<4sII")  # magic, size, records
_RECORD = struct.Struct("<II?")  # sector, erase cycles, content follows
_MAGIC = b"NOR1"


class NorMemory:
    """`size` bytes, whole sectors, blank when new. `wear` counts erase cycles by sector number."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.wear: dict[int, int] = {}
        self._sectors: dict[int, bytearray] = {}

    @property
    def kept(self) -> int:
        """Sectors that hold something other than blank cells."""
        return len(self._sectors)

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes from `address` on, over the end to address 0."""
        out = bytearray()
        while len(out) < size:
            number, offset = divmod((address + len(out)) % self.size, SECTOR)
            count = min(size - len(out), SECTOR - offset)
            out += self._sectors.get(number, _BLANK)[offset : offset + count]
        return bytes(out)

    def program(self, address: int, data: bytes) -> None:
        """Clear the bits that are 0 in `data`; it must not cross a sector."""
        number, offset = divmod(address, SECTOR)
        if data.count(0xFF) == len(data):
            return
        sector = self._sectors.setdefault(number, bytearray(_BLANK))
        for index, value in enumerate(data, offset):
            sector[index] &= value

    def overwrite(self, address: int, data: bytes) -> None:
        """Cells become `data`, as no instruction makes them: radiation, a fault of the part."""
        for index, value in enumerate(data, address):
            number, offset = divmod(index % self.size, SECTOR)
            self._sectors.setdefault(number, bytearray(_BLANK))[offset] = value

    def erase(self, address: int, size: int) -> None:
        """Set all bits of the sectors from `address` on."""
        for number in range(address // SECTOR, (address + size) // SECTOR):
            self._sectors.pop(number, None)
            self.wear[number] = self.wear.get(number, 0) + 1

    def program_partly(self, address: int, data: bytes, fraction: float) -> None:
        """A program whose supply failed after `fraction` (0..1) of its time: the first bytes are
        done, of the next one the odd bits, the others are as they were."""
        done = int(len(data) * fraction)
        self.program(address, data[:done])
        if 0.0 < fraction < 1.0:
            self.program(address + done, bytes((data[done] | 0x55,)))

    def erase_partly(self, address: int, size: int, fraction: float) -> None:
        """An erase whose supply failed after `fraction` (0..1) of its time, sector by sector.

        The sector it was at was first programmed to zeros, then its bits came up in no order.
        """
        sectors = size // SECTOR
        done = int(sectors * fraction)
        self.erase(address, done * SECTOR)
        phase = sectors * fraction - done
        if phase <= 0.0:
            return
        number = address // SECTOR + done
        cycles = self.wear[number] = self.wear.get(number, 0) + 1
        sector = self._sectors.setdefault(number, bytearray(_BLANK))
        if phase < 0.5:
            zeros = int(2.0 * phase * SECTOR)
            sector[:zeros] = bytes(zeros)
        else:
            sector[:] = random.Random(number << 32 | cycles).randbytes(SECTOR)

    def image(self) -> bytes:
        """Content and wear as one block for `restore`, sectors that hold nothing left out."""
        numbers = sorted(self._sectors.keys() | self.wear.keys())
        parts = [_HEADER.pack(_MAGIC, self.size, len(numbers))]
        for number in numbers:
            sector = self._sectors.get(number)
            parts.append(_RECORD.pack(number, self.wear.get(number, 0), sector is not None))
            if sector is not None:
                parts.append(bytes(sector))
        return b"".join(parts)

    def restore(self, image: bytes) -> None:
        """Content and wear of `image`. ValueError, and nothing changed, when it does not fit."""
        sectors: dict[int, bytearray] = {}
        wear: dict[int, int] = {}
        try:
            magic, size, records = _HEADER.unpack_from(image)
            if magic != _MAGIC or size != self.size:
                raise ValueError("image of another memory")
            at = _HEADER.size
            for _ in range(records):
                number, cycles, content = _RECORD.unpack_from(image, at)
                at += _RECORD.size
                if number >= size // SECTOR:
                    raise ValueError(f"image has a sector {number}, beyond the memory")
                if cycles:
                    wear[number] = cycles
                if content:
                    sectors[number] = bytearray(image[at : at + SECTOR])
                    at += SECTOR
        except struct.error as error:
            raise ValueError("image is cut short") from error
        if at != len(image):
            raise ValueError("image is cut short or too long")
        self._sectors, self.wear = sectors, wear
