"""Monitors: limits, expected values, differences and age of what the store holds.

What they watch for is said by their table (monitor_table.py). A state changes when `persistence`
packets in a row (for age: seconds) say so; then its owner gets a 12/12, and there is an event.
"""

from array import array

import native
from flight.core import monitor_value as values
from flight.core import telemetry
from flight.core.monitor_table import ROWS, MonitorTable
from hal.compat import const

# A constant of another module is none to the compiler.
_DELTA = const(2)
_EXPECTED = const(1)
_STALE = const(3)
_FLAGS = const(25)
_OWNER = const(26)

UNCHECKED = const(0)
WITHIN = const(1)
VIOLATED = const(2)

_APP = const(7)
_REPORT_SIZE = const(13)
EVENT_VIOLATED = const(0x0710)  # and the severity
EVENT_WITHIN = const(0x0711)


class Monitors:
    """`transitions`: u16 counter; `violated()`: how many are."""

    def __init__(self, context):
        self._events = context.events
        self._reports = context.telemetry
        self._records = context.store.records
        self._time = context.time
        self.table = MonitorTable(context)
        self._state = bytearray(ROWS)
        self._count = bytearray(ROWS)  # packets in a row that contradict the state
        self._posted_ms = array("i", (-1,) * ROWS)
        self._last = bytearray(4 * ROWS)
        self._known = bytearray(ROWS)  # a last value is there
        self._raw = bytearray(4)
        self._body = bytearray(_REPORT_SIZE)
        self._value = values.Key()
        self._limit = values.Key()
        self.transitions = 0

    def state_of(self, row):
        """UNCHECKED, WITHIN or VIOLATED."""
        return self._state[row]

    def violated(self):
        """How many are violated."""
        found = 0
        for row in range(ROWS):
            if self._state[row] == VIOLATED:
                found += 1
        return found

    def step(self, now_ms):
        """Look at every packet that is new, and at the age of those that are watched for it."""
        table = self.table
        if not table.is_on():
            return
        image = table.image
        for row in range(ROWS):
            at = table.at(row)
            if table.renewed[row]:
                self._forget(row)
            if not image[at + _FLAGS] or table.id_at(at) == 0:
                continue
            record = self._records[table.places[row]]
            if image[at + 6] == _STALE:
                self._decide(row, at, self._is_stale(record, at, now_ms))
            elif record.posted_ms != self._posted_ms[row]:
                self._posted_ms[row] = record.posted_ms
                values.widen(
                    self._raw, record.data, image[at + 4], image[at + 5], table.little[row]
                )
                self._decide(row, at, self._judge(row, at))

    def _forget(self, row):
        """Nothing is known of a row any more."""
        self.table.renewed[row] = 0
        self._state[row] = UNCHECKED
        self._count[row] = 0
        self._known[row] = 0
        self._posted_ms[row] = -1

    def _judge(self, row, at):
        """The new value contradicts: True it is wrong, False it is right; None neither."""
        image = self.table.image
        kind = image[at + 6]
        raw = self._raw
        if kind == _EXPECTED:
            for i in range(4):
                if raw[i] & image[at + 8 + i] != image[at + 12 + i]:
                    return True
            return False
        value = self._value
        limit = self._limit
        if kind == _DELTA:
            return self._jumps(row, at)
        field = image[at + 5]
        value.take(raw, 0, field)
        if not value.valid:
            return True
        # While it is violated, the inner limits decide when it is well again.
        bounds = 8
        if self._state[row] == VIOLATED:
            bounds = 16
        limit.take(image, at + bounds, field)
        if value.below(limit):
            return True if bounds == 8 else None
        limit.take(image, at + bounds + 4, field)
        if limit.below(value):
            return True if bounds == 8 else None
        return False

    def _jumps(self, row, at):
        image = self.table.image
        value = self._value
        limit = self._limit
        kind = image[at + 5]
        value.take(self._raw, 0, kind)
        limit.take(self._last, 4 * row, kind)
        known = self._known[row]
        change = value.minus(limit)
        native.copy(self._last, 4 * row, self._raw, 0, 4)
        self._known[row] = 1
        if not known:
            return None
        return change < self.table.number_at(at + 8) or change > self.table.number_at(at + 12)

    def _is_stale(self, record, at, now_ms):
        age_ms = record.age_ms(now_ms)
        limit_ms = self.table.number_at(at + 12)
        if age_ms < 0:
            # Never posted, or so long ago that the tick has wrapped.
            age_ms = min(self._time.uptime_s, 0xFFFF) * 1000
        return age_ms > limit_ms

    def _decide(self, row, at, wrong):
        """Count what contradicts the state, change it when that lasts."""
        state = self._state[row]
        if wrong is None or wrong == (state == VIOLATED):
            self._count[row] = 0
            if state == UNCHECKED and wrong is not None:
                self._state[row] = WITHIN
            return
        self._count[row] += 1
        if self._count[row] < self.table.image[at + 7]:
            return
        self._count[row] = 0
        self._state[row] = VIOLATED if wrong else WITHIN
        self.transitions = (self.transitions + 1) & 0xFFFF
        self._tell(row, at, state)

    def _tell(self, row, at, before):
        """12/12 to whoever defined it, and the event, which actions wait for."""
        image = self.table.image
        body = self._body
        body[0] = 1
        native.copy(body, 1, image, at, 6)  # id, packet, offset, type
        native.copy(body, 7, self._raw, 0, 4)
        body[11] = before
        body[12] = self._state[row]
        kind = telemetry.TRANSITIONS
        self._reports.send(image[at + _OWNER], _APP, kind, 0, body, _REPORT_SIZE)
        event = EVENT_WITHIN
        if self._state[row] == VIOLATED:
            event = EVENT_VIOLATED + image[at + 24]
        self._events.put_about(image[at + _OWNER], event, self.table.id_at(at), 0, self._raw, 0)
