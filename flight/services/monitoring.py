"""Service 12, on-board monitoring (ECSS-E-ST-70-41C, 6.12): 12/1 and 12/2 enable and disable
monitors, 12/5 adds one, 12/6 deletes, 12/15 and 12/16 switch all of them. Transitions are reported
by 12/12.

12/1, 12/2, 12/6: count u8, then monitor ids u16. 12/5: count u8 (1), then an entry
(core/monitor_table.py). 12/15, 12/16: nothing.
"""

from flight.core import failures
from flight.core.monitor_table import ENTRY_SIZE
from flight.services.id_list import act_on_ids, check_ids
from hal.compat import const

_HOST = const(0)
_ENABLE = const(1)
_DISABLE = const(2)
_ADD = const(5)
_DELETE = const(6)
_ALL_ON = const(15)
_ALL_OFF = const(16)
SUBTYPES = b"\x01\x02\x05\x06\x0f\x10"


class Monitoring:
    """Handler of all of them, over a MonitorTable. A partner sees his own monitors only."""

    def __init__(self, table):
        self._table = table

    def accept(self, packet, at, n, owner):
        """Lengths, then the ids or the entry; an event names a refused entry of the host's."""
        subtype = packet[8]
        if subtype >= _ALL_ON:
            if owner != _HOST:
                return failures.NOT_AUTHORISED
            return failures.OK if n == 0 else failures.BAD_LENGTH
        if subtype != _ADD:
            return check_ids(self, packet, at, n, owner)
        if n != 1 + ENTRY_SIZE:
            return failures.BAD_LENGTH
        if packet[at] != 1:
            return failures.OUT_OF_RANGE
        reason = self._table.check(packet, at + 1, owner)
        if reason == 0:
            return failures.OK
        if owner == _HOST:
            self._table.refuse(packet[at + 1] << 8 | packet[at + 2], reason)
        return failures.BAD_ENTRY

    def start(self, packet, at, n, owner):
        """Nothing to prepare."""
        return failures.OK

    def run(self, packet, at, n, owner):
        """Change the table and store it."""
        subtype = packet[8]
        if subtype == _ADD:
            return self._done(self._table.add(packet, at + 1, owner))
        if subtype >= _ALL_ON:
            return self._done(self._table.switch(1 if subtype == _ALL_ON else 0))
        return act_on_ids(self, packet, at, owner)

    def check_id(self, monitor, subtype, owner):
        """Known, and his who asks or the host's business."""
        row = self._table.find(monitor)
        if row < 0 or owner != _HOST and self._table.owner_of(row) != owner:
            return failures.UNKNOWN_ENTRY
        return failures.OK

    def act_on(self, monitor, subtype, owner):
        """Enable, disable or delete one."""
        row = self._table.find(monitor)
        if row < 0:
            return failures.UNKNOWN_ENTRY  # twice in one list of deletions
        if subtype == _DELETE:
            return self._done(self._table.remove(row))
        return self._done(self._table.enable(row, 1 if subtype == _ENABLE else 0))

    def _done(self, status):
        return failures.STORAGE_ERROR if status < 0 else failures.OK
