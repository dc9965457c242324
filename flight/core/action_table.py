"""The table of event-actions: which telecommand an event starts, as telecommands define it.

Row: event u16, argument u16 (the event's first one; 0xFFFF: any), hold u16 [s], length u8, owner
u8, flags u8 (1 on), 0, then the telecommand packet. A row is known by event and argument. Rows that
would start each other in a circle, by what is known of telecommands, are refused.
"""

from array import array

import native
from flight import partners
from flight.core import stored
from flight.core.fdir_table import (
    BAD_COMMAND,
    BAD_TIME,
    CYCLIC,
    DUPLICATE,
    FULL,
    NOT_YOURS,
    UNKNOWN_EVENT,
    FdirTable,
)
from flight.packets import space_packet
from hal.compat import const

ROWS = const(12)  # of every owner his quota
PACKET_MAX = const(42)
ANY = const(0xFFFF)
_SIZE = const(52)
_LENGTH = const(6)
_OWNER = const(7)
_FLAGS = const(8)
_PACKET = const(10)
_HEAD = const(6)  # of an entry: event, argument, hold
_ADDRESS = const(0x3000)
_LAYOUT = const(0x0303)
_QUOTA = const(10)  # column of QUOTAS
_HOLD_MIN_S = const(10)
_FUNCTION = const(8)
_SERVICE = const(0x8000)  # in CAUSES: a service and subtype, not a function

EVENT_REFUSED = const(0x000A)
_EVENT_DONE = const(0x0715)
_EVENT_STOPPED = const(0x0717)
_MONITOR_LOW = const(0x0711)  # within, and 0x0712 .. 0x0714: violated
_MONITOR_HIGH = const(0x0714)

_MONITORING = const(12)  # an action must not define what starts the next


class ActionTable(FdirTable):
    """The rows, and whether a new one may be among them. Of each, and gone with it: `depths`, the
    depth of what started it, 0 nothing did; `due_s`, uptime at which its hold time ends."""

    def __init__(self, context, monitors):
        FdirTable.__init__(
            self, context.board.fram, context.events, 1, _ADDRESS, ROWS, _SIZE, _LAYOUT
        )
        self._commands = context.commands
        self._functions = context.functions
        self._monitors = monitors
        self._own_rows = ()
        self._causes = ()
        self.packet = bytearray(PACKET_MAX)
        self.depths = bytearray(ROWS)
        self.due_s = array("I", bytes(4 * ROWS))

    def fill(self, defaults, causes):
        """The stored table if it is there and good, else the mission's own: (event, argument, hold
        [s], packet without CRC) each; `causes`: (function id, or 0x8000 | service << 8 | subtype,
        event). Boot time only."""
        self._own_rows = defaults
        self._causes = causes
        if self.load():
            reason = 0
            for row in range(ROWS):
                at = self.at(row)
                if self.stored_size(row) and reason == 0:
                    reason = self.check_row(row)
                    if reason:
                        self.refuse(self.word(at), reason)
            if reason == 0:
                return
        self.clear()
        entry = bytearray(_HEAD + PACKET_MAX)
        for event, argument, hold_s, text in defaults:
            n = len(text)
            for i in range(3):
                value = (event, argument, hold_s)[i]
                entry[2 * i] = value >> 8
                entry[2 * i + 1] = value & 0xFF
            entry[_HEAD : _HEAD + n] = text
            crc = native.crc16(entry, _HEAD, n)
            entry[_HEAD + n] = crc >> 8
            entry[_HEAD + n + 1] = crc & 0xFF
            reason = self.check(entry, 0, n + 2, 0)
            if reason:
                raise ValueError("default action on event " + str(event) + ": " + str(reason))
            self.put(entry, 0, n + 2, 0)
        self.seal()

    def mend(self, whole):
        """Bits have turned; when what was stored last cannot be had: as at the start, again."""
        if not whole:
            self.fill(self._own_rows, self._causes)

    def word(self, at):
        """The u16 at `image[at]`."""
        return self.image[at] << 8 | self.image[at + 1]

    def stored_size(self, row):
        """Bytes of a row's telecommand; 0: the row is free."""
        return self.image[self.at(row) + _LENGTH]

    def owner_of(self, row):
        """Who defined it."""
        return self.image[self.at(row) + _OWNER]

    def find(self, event, argument):
        """The row of an event and argument, or -1."""
        for row in range(ROWS):
            at = self.at(row)
            if self.stored_size(row) and self.word(at) == event and self.word(at + 2) == argument:
                return row
        return -1

    def defined(self, owner=-1):
        """How many there are, or how many of an owner."""
        found = 0
        for row in range(ROWS):
            if self.stored_size(row) and (owner < 0 or owner == self.owner_of(row)):
                found += 1
        return found

    def check(self, buf, at, n, owner):
        """Why an entry at `buf[at]` with a telecommand of `n` bytes would be refused, 0 when it
        would not."""
        if n > PACKET_MAX:
            return BAD_COMMAND
        if self.find(buf[at] << 8 | buf[at + 1], buf[at + 2] << 8 | buf[at + 3]) >= 0:
            return DUPLICATE
        if self.defined(owner) >= partners.QUOTAS[owner][_QUOTA]:
            return FULL
        row = self.put(buf, at, n, owner)
        reason = self.check_row(row)
        self.undo()
        return reason

    def put(self, buf, at, n, owner):
        """Write an entry into a free row, enabled; the row."""
        row = 0
        while self.stored_size(row):
            row += 1
        self.begin(row)
        image = self.image
        place = self.at(row)
        native.copy(image, place, buf, at, _HEAD)
        image[place + _LENGTH] = n
        image[place + _OWNER] = owner
        image[place + _FLAGS] = 1
        native.copy(image, place + _PACKET, buf, at + _HEAD, n)
        self._forget(row)
        return row

    def remove(self, row):
        """Take a row out; a status."""
        self.begin(row)
        self.image[self.at(row) + _LENGTH] = 0
        status = self.commit()
        if status == 0:
            self._forget(row)
        return status

    def _forget(self, row):
        """What was there has not happened to whatever is in the row now."""
        self.depths[row] = 0
        self.due_s[row] = 0

    def enable(self, row, on):
        """Switch a row; a status."""
        self.begin(row)
        self.image[self.at(row) + _FLAGS] = on
        return self.commit()

    def packet_into(self, row, out):
        """Copy a row's telecommand; its length."""
        n = self.stored_size(row)
        native.copy(out, 0, self.image, self.at(row) + _PACKET, n)
        return n

    def check_row(self, row):
        """Why the row must not be there, 0 when it may."""
        at = self.at(row)
        event = self.word(at)
        owner = self.owner_of(row)
        if not self._events.known(event):
            return UNKNOWN_EVENT
        if self.word(at + 4) < _HOLD_MIN_S:
            return BAD_TIME
        if owner and not self._is_of(event, self.word(at + 2), owner):
            return NOT_YOURS
        packet = self.packet
        n = self.stored_size(row)
        if n > PACKET_MAX:
            return BAD_COMMAND
        self.packet_into(row, packet)
        if stored.check(self._commands, packet, n, owner):
            return BAD_COMMAND
        if packet[7] == _MONITORING:
            return BAD_COMMAND
        at = space_packet.TC_HEADER_SIZE
        if packet[7] == _FUNCTION and not self._functions.is_plain(packet, at):
            return BAD_COMMAND
        return CYCLIC if self._in_circle(row) else 0

    def may_start(self, row):
        """The event is still of who defined the row: monitors come and go."""
        at = self.at(row)
        owner = self.owner_of(row)
        return owner == 0 or self._is_of(self.word(at), self.word(at + 2), owner)

    def _is_of(self, event, argument, owner):
        """Events of the owner's own apps, and of monitors that he defined."""
        if _MONITOR_LOW <= event <= _MONITOR_HIGH:
            row = self._monitors.find(argument)
            return row >= 0 and self._monitors.owner_of(row) == owner
        return self._events.owner_of(event) == owner

    def _in_circle(self, row):
        """What the row's telecommand leads to, through the other rows, comes back to it."""
        reached = 0
        fresh = 1 << row
        while fresh:
            following = 0
            for other in range(ROWS):
                if fresh >> other & 1:
                    following |= self._following(other)
            if following >> row & 1:
                return True
            fresh = following & ~reached
            reached |= following
        return False

    def _following(self, row):
        """Mask of the rows that the telecommand of `row` may start."""
        at = self.at(row) + _PACKET
        image = self.image
        cause = _SERVICE | image[at + 7] << 8 | image[at + 8]
        if image[at + 7] == _FUNCTION:
            cause = self.word(at + space_packet.TC_HEADER_SIZE)
        found = 0
        for other in range(ROWS):
            if not self.stored_size(other):
                continue
            event = self.word(self.at(other))
            # Every action may be refused, and every one is told.
            leads = event == EVENT_REFUSED or _EVENT_DONE <= event <= _EVENT_STOPPED
            if not leads:
                for pair in self._causes:
                    if pair[0] == cause and pair[1] == event:
                        leads = True
            if leads:
                found |= 1 << other
        return found
