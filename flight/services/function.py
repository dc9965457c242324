"""Service 8, function management (ECSS-E-ST-70-41C, 6.8): 8/1 calls one function by its id."""

from array import array

import native
from flight.core import authority, failures
from flight.packets import fields
from hal.compat import const

_ARM = const(0x0003)
_ARM_S = const(30)
_OWNERS = const(4)
_KINDS = ("u8", "i8", "u16", "i16", "u32", "i32", "f32")


class Functions:
    """Handler of 8/1. A handler is `handler(buf, off, owner) -> failure code`; when it is called,
    every argument has been checked against the table.

    What belongs to a function lies in flat arrays by its place in the order of the ids."""

    def __init__(self, dictionary, time):
        self._time = time
        # By owner, so that nobody takes away what another has armed.
        self._armed = array("H", bytes(2 * _OWNERS))
        self._armed_until_s = array("I", bytes(4 * _OWNERS))
        self._rows = []
        self._ids = array("H")
        self._sizes = array("H")  # bytes of the arguments
        self._owners = bytearray()
        # Per argument: row of _KINDS under which it is checked, how many of them, size of one.
        self._layout = bytearray()
        self._layout_at = array("H")
        for subsystem in dictionary.SUBSYSTEMS:
            for row in subsystem.COMMANDS:
                if row[2] == 8 and row[3] == 1:
                    self._add(row, authority.mask(dictionary, row[5]))
        self._handlers = [None] * len(self._rows)

    def _add(self, row, owners):
        """Boot time only."""
        if len(self._ids) and row[0] <= self._ids[-1]:
            raise ValueError("functions are not in the order of their ids: " + row[1])
        self._rows.append(row)
        self._ids.append(row[0])
        self._owners.append(owners)
        self._layout_at.append(len(self._layout))
        size = 0
        for argument in row[4]:
            base, count = fields.split(argument[1])
            self._layout.append(_KINDS.index(fields.checked_as(argument[1])))
            self._layout.append(count or 1)
            self._layout.append(fields.size(base))
            size += fields.size(argument[1])
        self._sizes.append(size)

    def _find(self, function_id):
        """Place of a function id, -1 when there is none."""
        ids = self._ids
        low = 0
        high = len(ids)
        while low < high:
            middle = (low + high) >> 1
            if ids[middle] < function_id:
                low = middle + 1
            else:
                high = middle
        return low if low < len(ids) and ids[low] == function_id else -1

    def handle(self, function_id, handler):
        """Register the one handler of a function. Boot time only."""
        place = self._find(function_id)
        if place < 0:
            raise KeyError(function_id)
        if self._handlers[place] is not None:
            raise ValueError("function has a handler already: " + self._rows[place][1])
        self._handlers[place] = handler

    def is_plain(self, packet, at):
        """The function at `packet[at]` is neither hazardous nor the one that arms those."""
        number = packet[at] << 8 | packet[at + 1]
        return number != _ARM and not self._rows[self._find(number)][6]

    def without_handler(self):
        """Names of functions nobody handles. Boot time only."""
        return [row[1] for i, row in enumerate(self._rows) if self._handlers[i] is None]

    def accept(self, packet, at, n, owner):
        """Known id, authority of the owner, length, range of every element of the arguments."""
        if n < 2:
            return failures.BAD_LENGTH
        place = self._find(packet[at] << 8 | packet[at + 1])
        if place < 0:
            return failures.UNKNOWN_FUNCTION
        if not self._owners[place] >> owner & 1:
            return failures.NOT_AUTHORISED
        if n != 2 + self._sizes[place]:
            return failures.BAD_LENGTH
        at += 2
        i = self._layout_at[place]
        layout = self._layout
        for argument in self._rows[place][4]:
            kind = _KINDS[layout[i]]
            for _ in range(layout[i + 1]):
                if not native.in_range(packet, at, kind, argument[2], argument[3]):
                    return failures.OUT_OF_RANGE
                at += layout[i + 2]
            i += 3
        return failures.OK

    def start(self, packet, at, n, owner):
        """A hazardous function must have been armed by the same owner within 30 s."""
        function_id = packet[at] << 8 | packet[at + 1]
        if not self._rows[self._find(function_id)][6]:
            return failures.OK
        armed = self._armed[owner]
        self._armed[owner] = 0
        if armed != function_id:
            return failures.NOT_ARMED
        if self._time.uptime_s > self._armed_until_s[owner]:
            return failures.NOT_ARMED
        return failures.OK

    def run(self, packet, at, n, owner):
        """Call the handler."""
        handler = self._handlers[self._find(packet[at] << 8 | packet[at + 1])]
        if handler is None:
            return failures.REFUSED
        return handler(packet, at + 2, owner)

    def arm(self, buf, off, owner):
        """Handler of the core command `arm`."""
        function_id = buf[off] << 8 | buf[off + 1]
        place = self._find(function_id)
        if place < 0:
            return failures.UNKNOWN_FUNCTION
        if not self._rows[place][6]:
            return failures.REFUSED
        if not self._owners[place] >> owner & 1:
            return failures.NOT_AUTHORISED
        self._armed[owner] = function_id
        self._armed_until_s[owner] = self._time.uptime_s + _ARM_S
        return failures.OK
