"""Transfers in FRAM, so that they outlive a reset: two records of 256 octets for each slot.

Record: mark u8, generation u8, ranges u8, 0, id, row, sums, path, ranges (begin, end: 8 octets
each), CRC-32 at the end. Written in turn; the whole one of the later generation counts. What there
is no room for is forgotten, which means that it is received, or asked for, once more.
"""

import native
from flight.core.cfdp_table import (
    CLOSED,
    CONDITION,
    COPIED,
    FIELDS,
    FREE,
    HIGH,
    ID_SIZE,
    OWNERS,
    PACKET_SIZE,
    SLOTS,
    STATE,
    SUM_SIZE,
)
from flight.core.ranges import NONE
from flight.packets.octets import put_u32, u32
from hal.compat import const

_MARK = const(0xC5)
_ID_AT = const(4)
_ROW_AT = const(14)
_ROW_SIZE = const(48)
_SUMS_AT = const(62)
_PATH_AT = const(70)
_RANGES_AT = const(138)
_RANGES = const(14)
_CRC_AT = const(252)
_NOBODY = const(255)
_U30_HIGH = const(0x3F)  # first octet of the greatest

PATH_SIZE = 68


class TransferStore:
    """`path`: that of the file of slot `path_of`."""

    def __init__(self, table, fram, address):
        self._table = table
        self._fram = fram
        self._address = address
        self._generation = bytearray(SLOTS)
        self._newest = bytearray(SLOTS)  # which of the two
        self._crc = bytearray(4)
        self.path = bytearray(PATH_SIZE)
        self.path_of = _NOBODY

    def load(self):
        """Take up what was going on; how many transfers. Boot time only."""
        found = 0
        for slot in range(SLOTS):
            best = -1
            for copy in range(2):
                generation = self._read(slot, copy)
                if generation >= 0 and (best < 0 or (generation - best) & 0xFF < 0x80):
                    best = generation
                    self._newest[slot] = copy
            if best >= 0 and self._read(slot, self._newest[slot]) == best:
                self._generation[slot] = best
                found += self._enter(slot)
        return found

    def _enter(self, slot):
        """Take what is in the room for packets into the tables; nothing when it makes no sense,
        although it is whole. Boot time only."""
        table = self._table
        image = table.out
        row = slot * FIELDS
        if image[_RANGES_AT - 1]:
            return 0  # a path without an end
        for at in range(_RANGES_AT, _RANGES_AT + 8 * image[2], 4):
            if image[at] > _U30_HIGH:
                return 0
        native.copy(table.ids, slot * ID_SIZE, image, _ID_AT, ID_SIZE)
        native.copy(table.rows, 4 * row, image, _ROW_AT, _ROW_SIZE)
        for i in range(row, row + FIELDS):
            if not -1 <= table.rows[i] < 1 << 30:
                table.rows[row + STATE] = -1
        if not FREE <= table.rows[row + STATE] <= CLOSED or table.rows[row + CONDITION] >> 4:
            for i in range(row, row + FIELDS):
                table.rows[i] = 0
            return 0
        native.copy(table.sums, slot * SUM_SIZE, image, _SUMS_AT, SUM_SIZE)
        at = _RANGES_AT
        for _ in range(image[2]):
            table.gaps.add(slot, u32(image, at), u32(image, at + 4))
            at += 8
        if slot < OWNERS:
            # The file on board is begun anew.
            table.rows[row + COPIED] = 0
            for i in range(slot * SUM_SIZE + 4, slot * SUM_SIZE + SUM_SIZE):
                table.sums[i] = 0
        return FREE < table.rows[row + STATE] < CLOSED

    def fetch_path(self, slot):
        """Have the path of a slot in `path`; False when it cannot be read."""
        if self.path_of != slot:
            at = self._address + (2 * slot + self._newest[slot]) * PACKET_SIZE + _PATH_AT
            if self._fram.read(at, self.path) < 0:
                self.path_of = _NOBODY
                return False
            self.path_of = slot
        return True

    def save(self, slot):
        """Store the transfer of a slot: 0 or a negative status. Overwrites the room for packets."""
        table = self._table
        if not self.fetch_path(slot):
            return -5
        image = table.out
        row = slot * FIELDS
        generation = (self._generation[slot] + 1) & 0xFF
        high = table.rows[row + HIGH]
        image[0] = _MARK
        image[1] = generation
        image[3] = 0
        native.copy(image, _ID_AT, table.ids, slot * ID_SIZE, ID_SIZE)
        native.copy(image, _SUMS_AT, table.sums, slot * SUM_SIZE, SUM_SIZE)
        native.copy(image, _PATH_AT, self.path, 0, PATH_SIZE)
        gaps = table.gaps
        node = gaps.first[slot]
        n = 0
        at = _RANGES_AT
        while node != NONE and n < _RANGES:
            put_u32(image, at, gaps.starts[node])
            put_u32(image, at + 4, gaps.stops[node])
            node = gaps.next[node]
            n += 1
            at += 8
        image[2] = n
        if node != NONE and slot < OWNERS:
            table.rows[row + HIGH] = gaps.starts[node]
        native.copy(image, _ROW_AT, table.rows, 4 * row, _ROW_SIZE)
        table.rows[row + HIGH] = high
        for i in range(at, _CRC_AT):
            image[i] = 0
        native.crc32_into(image, 0, _CRC_AT, image, _CRC_AT)
        copy = 1 - self._newest[slot]
        status = self._fram.write(self._address + (2 * slot + copy) * PACKET_SIZE, image)
        if status == 0:
            self._newest[slot] = copy
            self._generation[slot] = generation
            table.unsaved &= ~(1 << slot)
        return status

    def _read(self, slot, copy):
        """Generation of a whole record, which is then in the room for packets; -1 of none."""
        image = self._table.out
        if self._fram.read(self._address + (2 * slot + copy) * PACKET_SIZE, image) < 0:
            return -1
        native.crc32_into(image, 0, _CRC_AT, self._crc, 0)
        for i in range(4):
            if image[_CRC_AT + i] != self._crc[i]:
                return -1
        return image[1] if image[0] == _MARK and image[2] <= _RANGES else -1
