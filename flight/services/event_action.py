"""Service 19, event-action (ECSS-E-ST-70-41C, 6.19): 19/1 adds one, 19/2 deletes, 19/4 and 19/5
enable and disable, 19/8 and 19/9 switch all of them.

19/1: count u8 (1), event u16, argument u16, hold u16, then the telecommand packet. 19/2, 19/4,
19/5: count u8 (1), event u16, argument u16. 19/8, 19/9: nothing. See core/action_table.py.
"""

from flight.core import failures
from hal.compat import const

_HOST = const(0)
_ADD = const(1)
_DELETE = const(2)
_ENABLE = const(4)
_ALL_ON = const(8)
_HEAD = const(7)  # count, event, argument, hold
_KEY = const(5)  # count, event, argument
SUBTYPES = b"\x01\x02\x04\x05\x08\x09"


class EventAction:
    """Handler of all of them, over an ActionTable. A partner sees his own actions only."""

    def __init__(self, table):
        self._table = table

    def accept(self, packet, at, n, owner):
        """Lengths, then the key or the entry; an event names a refused entry of the host's."""
        subtype = packet[8]
        if subtype >= _ALL_ON:
            if owner != _HOST:
                return failures.NOT_AUTHORISED
            return failures.OK if n == 0 else failures.BAD_LENGTH
        if n < _KEY or subtype != _ADD and n != _KEY or subtype == _ADD and n <= _HEAD:
            return failures.BAD_LENGTH
        if packet[at] != 1:
            return failures.OUT_OF_RANGE
        if subtype == _ADD:
            reason = self._table.check(packet, at + 1, n - _HEAD, owner)
            if reason == 0:
                return failures.OK
            if owner == _HOST:
                self._table.refuse(packet[at + 1] << 8 | packet[at + 2], reason)
            return failures.BAD_ENTRY
        row = self._row(packet, at)
        if row < 0 or owner != _HOST and self._table.owner_of(row) != owner:
            return failures.UNKNOWN_ENTRY
        return failures.OK

    def start(self, packet, at, n, owner):
        """Nothing to prepare."""
        return failures.OK

    def run(self, packet, at, n, owner):
        """Change the table and store it."""
        table = self._table
        subtype = packet[8]
        if subtype >= _ALL_ON:
            status = table.switch(1 if subtype == _ALL_ON else 0)
        elif subtype == _ADD:
            table.put(packet, at + 1, n - _HEAD, owner)
            status = table.commit()
        elif subtype == _DELETE:
            status = table.remove(self._row(packet, at))
        else:
            status = table.enable(self._row(packet, at), 1 if subtype == _ENABLE else 0)
        return failures.STORAGE_ERROR if status < 0 else failures.OK

    def _row(self, packet, at):
        event = packet[at + 1] << 8 | packet[at + 2]
        return self._table.find(event, packet[at + 3] << 8 | packet[at + 4])
