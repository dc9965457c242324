"""A table of fixed rows that telecommands change: one image, two copies in FRAM, refused whole or
taken whole.

The image begins with a switch for all of it (u8, 1 on) and three bytes that are zero. A change is
made in place, then stored; when it cannot be stored, it is undone from a copy of what it touched.
"""

import native
from flight.core.records import HEADER_SIZE, REFUSED, TwoCopies
from hal.compat import const

ROWS_AT = const(12)  # HEADER_SIZE and the switch
_MAGIC_HIGH = const(0x4D)
_MAGIC_LOW = const(0x46)

# Why an entry or a whole table is refused: TABLE_REASONS of apps/fdir/definitions.py.
BAD_ID = const(1)
DUPLICATE = const(2)
UNKNOWN_PACKET = const(3)
UNKNOWN_FIELD = const(4)
BAD_KIND = const(5)
BAD_LIMITS = const(6)
BAD_COUNT = const(7)
BAD_SEVERITY = const(8)
NOT_YOURS = const(9)
FULL = const(10)
WRONG_VERSION = const(11)
UNKNOWN_EVENT = const(12)
BAD_COMMAND = const(13)
CYCLIC = const(14)
BAD_TIME = const(15)

EVENT_STORAGE = const(0x0004)
EVENT_TABLE_REFUSED = const(0x0718)


class FdirTable:
    """`image` holds `rows` rows of `size` bytes from ROWS_AT on; `table_number` names the table in
    events: 0 monitors, 1 event-actions."""

    def __init__(self, fram, events, number, address, rows, size, layout):
        self._fram = fram
        self._events = events
        self.table_number = number
        self._address = address
        self.rows = rows
        self.size = size
        self._layout = layout
        body = ROWS_AT - HEADER_SIZE + rows * size
        self._copies = TwoCopies(fram, address, address + 0x800, body, layout)
        self._copies.owner = self
        self.image = self._copies.image
        self._kept = bytearray(size)
        self._undone_row = -1

    def load(self):
        """True when a good copy of this layout is in the image. Boot time only."""
        if self._copies.load():
            return True
        head = bytearray(4)
        for address in (self._address, self._address + 0x800):
            if self._fram.read(address, head) < 0:
                continue
            magic = head[0] == _MAGIC_HIGH and head[1] == _MAGIC_LOW
            if magic and (head[2] << 8 | head[3]) != self._layout:
                self.refuse(0, WRONG_VERSION)
                break
        self.clear()
        return False

    def seal(self):
        """The table is what it shall be, for health to look at; nothing of it has been stored."""
        self._copies.seal()

    def clear(self):
        """No rows, switched on. Boot time only."""
        self._copies.clear()
        self.image[HEADER_SIZE] = 1
        self._copies.kept = REFUSED  # events have told why

    def refuse(self, entry, reason):
        """Event that names what was refused and why; gives the reason back."""
        self._events.put(EVENT_TABLE_REFUSED, entry, self.table_number << 8 | reason)
        return reason

    def at(self, row):
        """Offset of a row in the image."""
        return ROWS_AT + row * self.size

    def is_on(self):
        """All of it is switched on."""
        return self.image[HEADER_SIZE] == 1

    def switch(self, on):
        """Switch all of it on or off and store that; a status."""
        self._copies.right()
        before = self.image[HEADER_SIZE]
        self.image[HEADER_SIZE] = on
        status = self._write_image()
        if status < 0:
            self.image[HEADER_SIZE] = before
            self._copies.seal()
        return status

    def begin(self, row):
        """Before a row is changed. Bits that turned elsewhere must not be stored with it."""
        self._copies.right()
        native.copy(self._kept, 0, self.image, self.at(row), self.size)
        self._undone_row = row

    def commit(self):
        """Store the change of the row: 0, or a negative status and the row is as before."""
        status = self._write_image()
        if status < 0:
            self.undo()
            self._copies.seal()
        return status

    def undo(self):
        """The row is as it was at `begin`."""
        native.copy(self.image, self.at(self._undone_row), self._kept, 0, self.size)

    def _write_image(self):
        status = self._copies.save()
        if status < 0:
            self._events.put(EVENT_STORAGE, -status)
        return status
