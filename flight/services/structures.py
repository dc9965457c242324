"""Service 3, control of housekeeping reports (ECSS-E-ST-70-41C, 6.3): 3/5 and 3/6 enable and
disable the generation of structures, 3/27 sends them once, 3/31 sets the shortest interval.

3/5, 3/6, 3/27: count u8, then structure ids u16. 3/31: count u8 (1), structure id u16, interval u16
[s], 0 for every packet that an app posts. A start begins with all enabled and no interval.
"""

from array import array

from flight.core import failures, telemetry
from flight.services.id_list import act_on_ids, check_ids
from hal.compat import const

_HOST = const(0)
_ENABLE = const(5)
_ONCE = const(27)
_INTERVAL = const(31)
_SUBTYPES = b"\x05\x06\x1b\x1f"
_SERVICE = const(3)


def send_record(reports, record):
    """3/25 with what is in a record; False when there was no room."""
    definition = record.definition
    return reports.send_at(
        definition[4],
        definition[0] >> 8,
        telemetry.HOUSEKEEPING,
        0,
        definition[0],
        record.data,
        len(record.data),
        record.seconds,
        record.fraction,
    )


class Structures:
    """Handler of all of them. A partner controls his own structures, the host all."""

    def __init__(self, context):
        self._time = context.time
        self._records = context.store.records
        self._reports = context.telemetry
        count = len(self._records)
        self._on = bytearray(b"\x01" * count)
        self._interval_s = array("H", bytes(2 * count))
        self._sent_s = array("H", bytes(2 * count))
        for subtype in _SUBTYPES:
            context.commands.serve(_SERVICE, subtype, self)

    def wanted(self, index):
        """The record of this index, just posted, is to go down."""
        if not self._on[index]:
            return False
        interval_s = self._interval_s[index]
        if interval_s:
            now_s = self._time.uptime_s
            if (now_s - self._sent_s[index]) & 0xFFFF < interval_s:
                return False
            self._sent_s[index] = now_s & 0xFFFF
        return True

    def accept(self, packet, at, n, owner):
        """Lengths and ids."""
        if packet[8] != _INTERVAL:
            return check_ids(self, packet, at, n, owner)
        if n != 5:
            return failures.BAD_LENGTH
        if packet[at] != 1:
            return failures.OUT_OF_RANGE
        return self.check_id(packet[at + 1] << 8 | packet[at + 2], _INTERVAL, owner)

    def start(self, packet, at, n, owner):
        """Nothing to prepare."""
        return failures.OK

    def run(self, packet, at, n, owner):
        """Switch, send or slow down."""
        if packet[8] != _INTERVAL:
            return act_on_ids(self, packet, at, owner)
        index = self._find(packet[at + 1] << 8 | packet[at + 2])
        interval_s = packet[at + 3] << 8 | packet[at + 4]
        self._interval_s[index] = interval_s
        self._sent_s[index] = (self._time.uptime_s - interval_s) & 0xFFFF  # the next one goes
        return failures.OK

    def check_id(self, structure, subtype, owner):
        """Known, and his who asks or the host's business."""
        index = self._find(structure)
        if index < 0 or owner != _HOST and self._records[index].definition[4] != owner:
            return failures.UNKNOWN_ENTRY
        return failures.OK

    def act_on(self, structure, subtype, owner):
        """Enable, disable or send one."""
        index = self._find(structure)
        if subtype == _ONCE:
            sent = send_record(self._reports, self._records[index])
            return failures.OK if sent else failures.QUEUE_FULL
        self._on[index] = 1 if subtype == _ENABLE else 0
        return failures.OK

    def _find(self, structure):
        index = 0
        for record in self._records:
            if record.definition[0] == structure:
                return index
            index += 1
        return -1
