"""Service 8, function management (ECSS-E-ST-70-41C, 6.8): 8/1 calls one function by its id."""

import native
from flight.core import authority, failures
from flight.packets import fields
from hal.compat import const

_ARM_S = const(30)
_KINDS = ("u8", "i8", "u16", "i16", "u32", "i32", "f32")


class Function:
    """One row of a COMMANDS table with its handler."""

    def __init__(self, row, owners):
        self.row = row
        self.owners = owners
        self.hazardous = row[6]
        self.handler = None
        self.size = 0
        # Per argument: row of _KINDS under which it is checked, how many of them, size of one.
        layout = bytearray()
        for argument in row[4]:
            base, count = fields.split(argument[1])
            layout.append(_KINDS.index(fields.checked_as(argument[1])))
            layout.append(count or 1)
            layout.append(fields.size(base))
            self.size += fields.size(argument[1])
        self.layout = bytes(layout)


class Functions:
    """Handler of 8/1. A handler is `handler(buf, off, owner) -> failure code`; when it is called,
    every argument has been checked against the table."""

    def __init__(self, dictionary, time):
        self._time = time
        self._by_id = {}
        self._armed = 0
        self._armed_owner = 0
        self._armed_until_s = 0
        for subsystem in dictionary.SUBSYSTEMS:
            for row in subsystem.COMMANDS:
                if row[2] == 8 and row[3] == 1:
                    self._by_id[row[0]] = Function(row, authority.mask(dictionary, row[5]))

    def handle(self, function_id, handler):
        """Register the one handler of a function. Boot time only."""
        function = self._by_id[function_id]
        if function.handler is not None:
            raise ValueError("function has a handler already: " + function.row[1])
        function.handler = handler

    def without_handler(self):
        """Names of functions nobody handles. Boot time only."""
        return [f.row[1] for f in self._by_id.values() if f.handler is None]

    def accept(self, packet, at, n, owner):
        """Known id, authority of the owner, length, range of every element of the arguments."""
        if n < 2:
            return failures.BAD_LENGTH
        function = self._by_id.get(packet[at] << 8 | packet[at + 1])
        if function is None:
            return failures.UNKNOWN_FUNCTION
        if not function.owners >> owner & 1:
            return failures.NOT_AUTHORISED
        if n != 2 + function.size:
            return failures.BAD_LENGTH
        at += 2
        i = 0
        layout = function.layout
        for argument in function.row[4]:
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
        if not self._by_id[function_id].hazardous:
            return failures.OK
        armed = self._armed
        self._armed = 0
        if armed != function_id or self._armed_owner != owner:
            return failures.NOT_ARMED
        if self._time.uptime_s > self._armed_until_s:
            return failures.NOT_ARMED
        return failures.OK

    def run(self, packet, at, n, owner):
        """Call the handler."""
        function = self._by_id[packet[at] << 8 | packet[at + 1]]
        if function.handler is None:
            return failures.REFUSED
        return function.handler(packet, at + 2, owner)

    def arm(self, buf, off, owner):
        """Handler of the core command `arm`."""
        function_id = buf[off] << 8 | buf[off + 1]
        function = self._by_id.get(function_id)
        if function is None:
            return failures.UNKNOWN_FUNCTION
        if not function.hazardous:
            return failures.REFUSED
        if not function.owners >> owner & 1:
            return failures.NOT_AUTHORISED
        self._armed = function_id
        self._armed_owner = owner
        self._armed_until_s = self._time.uptime_s + _ARM_S
        return failures.OK
