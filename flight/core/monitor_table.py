"""The table of monitors: what is watched, as telecommands define it.

Row, and entry of 12/5 without its last three bytes: id u16, packet u16, offset u8, type u8
(monitor_value.TYPES), kind u8, persistence u8, low, high, back low, back high (4 bytes each, of the
field's type), severity u8 (2..4); flags u8 (1 on), owner u8, 0.
- limits: out of [low, high]; within again in [back low, back high].
- expected: the value under the mask `low` is `high`; the others are 0.
- delta: change from one packet to the next within [low, high], i32; integers only.
- stale: packet older than `high` ms; the others are 0.
A partner's ids have his number in their highest four bits, so that nobody meets another's.
A state changes when `persistence` packets in a row (for age: seconds) say so.
"""

import struct

import native
from flight import partners
from flight.core import monitor_value as values
from flight.core.fdir_table import DUPLICATE, FULL, NOT_YOURS, FdirTable
from flight.core.monitor_check import MonitorCheck
from flight.packets import fields
from flight.packets.octets import low_u30
from hal.compat import const

ROWS = const(16)  # of every owner his quota
ENTRY_SIZE = const(25)
_SIZE = const(28)
_FLAGS = const(25)
_OWNER = const(26)
_ADDRESS = const(0x2000)
_LAYOUT = const(0x0203)
_QUOTA = const(9)  # column of QUOTAS

LIMITS = const(0)
EXPECTED = const(1)
DELTA = const(2)
STALE = const(3)


class MonitorTable(FdirTable):
    """`places`: index of each row's packet in the store; `little`: its byte order; `renewed`: what
    was known of the row is of another one."""

    def __init__(self, context):
        FdirTable.__init__(
            self, context.board.fram, context.events, 0, _ADDRESS, ROWS, _SIZE, _LAYOUT
        )
        self._checker = MonitorCheck(context.store.dictionary, context.store.records)
        self.places = bytearray(ROWS)
        self.little = bytearray(ROWS)
        self.renewed = bytearray(ROWS)
        self._own_rows = ()

    def fill(self, defaults):
        """The stored table if it is there and good, else the mission's own. Boot time only."""
        self._own_rows = defaults
        if self.load():
            image = self.image
            for row in range(ROWS):
                at = self.at(row)
                if self.id_at(at) == 0:
                    continue
                reason = self._check(image, at, image[at + _OWNER], row)
                if reason:
                    self.refuse(self.id_at(at), reason)
                    self.clear()
                    break
            else:
                self._arrange()
                return
        self.clear()
        entry = bytearray(ENTRY_SIZE)
        for default in defaults:
            self._pack(entry, default)
            reason = self.check(entry, 0, 0)
            if reason:
                raise ValueError("default monitor " + str(default[0]) + ": " + str(reason))
            self._put(entry, 0, 0)
        self._arrange()
        self.seal()

    def mend(self, whole):
        """Bits have turned; when what was stored last cannot be had: as at the start, again. What
        was known of the rows may be of others."""
        if whole:
            return
        self.fill(self._own_rows)
        for row in range(ROWS):
            self.renewed[row] = 1

    def find(self, monitor):
        """Row of a monitor id, -1 when there is none."""
        for row in range(ROWS):
            if self.id_at(self.at(row)) == monitor:
                return row if monitor else -1
        return -1

    def owner_of(self, row):
        """Who defined it."""
        return self.image[self.at(row) + _OWNER]

    def defined(self):
        """How many there are."""
        return self._count_of(-1)

    def check(self, buf, at, owner):
        """Why the entry at `buf[at]` would be refused, 0 when it would not."""
        reason = self._check(buf, at, owner, -1)
        if reason:
            return reason
        if self._count_of(owner) >= partners.QUOTAS[owner][_QUOTA]:
            return FULL
        return 0

    def add(self, buf, at, owner):
        """Put a checked entry into a free row, enabled, and store the table; a status."""
        row = self._put(buf, at, owner)
        status = self.commit()
        self.renewed[row] = 1
        self._arrange()
        return status

    def remove(self, row):
        """Take a row out; a status."""
        self.begin(row)
        for i in range(_SIZE):
            self.image[self.at(row) + i] = 0
        status = self.commit()
        self.renewed[row] = 1
        self._arrange()
        return status

    def enable(self, row, on):
        """Switch a row; a status."""
        self.begin(row)
        self.image[self.at(row) + _FLAGS] = on
        self.renewed[row] = 1
        return self.commit()

    def number_at(self, at):
        """The i32 in the image, which the check found to be within +-2^29."""
        image = self.image
        number = low_u30(image, at)
        return (number - 0x20000000) - 0x20000000 if image[at] & 0x80 else number

    def id_at(self, at):
        """Monitor id of the row at `image[at]`; 0: free."""
        image = self.image
        return image[at] << 8 | image[at + 1]

    def _check(self, buf, at, owner, row):
        """As `check`, without the quota; `row` is where it lies already."""
        if owner and buf[at] >> 4 != owner:
            return NOT_YOURS
        other = self.find(buf[at] << 8 | buf[at + 1])
        if other >= 0 and other != row:
            return DUPLICATE
        reason = self._checker.judge(buf, at)
        if reason == 0 and owner and self._checker.packet_owner() != owner:
            return NOT_YOURS
        return reason

    def _arrange(self):
        """Where the packets of all rows are."""
        image = self.image
        for row in range(ROWS):
            at = self.at(row)
            if self.id_at(at):
                self._checker.locate(image[at + 2] << 8 | image[at + 3])
                self.places[row] = self._checker.index
                self.little[row] = self._checker.little

    def _pack(self, entry, default):
        """A row of the mission's defaults as an entry: id, packet, field (None for age), kind,
        persistence, low, high, back low, back high, severity. Boot time only."""
        packet = self._checker.locate(default[1])
        offset = 0 if default[2] is None else fields.offset(packet[5], default[2])
        kind = 0 if default[2] is None else self._checker.field(packet[5], offset)
        struct.pack_into(
            ">HHBBBB", entry, 0, default[0], default[1], offset, kind, default[3], default[4]
        )
        code = "f" if kind == values.F32 and default[3] == LIMITS else "i"
        struct.pack_into(">4" + code, entry, 8, *default[5:9])
        entry[24] = default[9]

    def _count_of(self, owner):
        found = 0
        for row in range(ROWS):
            at = self.at(row)
            if self.id_at(at) and (owner < 0 or owner == self.image[at + _OWNER]):
                found += 1
        return found

    def _put(self, buf, at, owner):
        row = 0
        while self.id_at(self.at(row)):
            row += 1
        self.begin(row)
        place = self.at(row)
        native.copy(self.image, place, buf, at, ENTRY_SIZE)
        self.image[place + _FLAGS] = 1
        self.image[place + _OWNER] = owner
        return row
