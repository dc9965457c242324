"""Whether the definition of a monitor makes sense: packet, field, kind, limits, severity."""

from flight.core import monitor_value as values
from flight.core.fdir_table import (
    BAD_COUNT,
    BAD_ID,
    BAD_KIND,
    BAD_LIMITS,
    BAD_SEVERITY,
    UNKNOWN_FIELD,
    UNKNOWN_PACKET,
)
from hal.compat import const

_EXPECTED = const(1)
_DELTA = const(2)
_STALE = const(3)
_DELTA_MAX = const(0x1FFF)  # high halves: +-2^29
_KEY_ZERO = const(0x8000)
_I32 = const(5)


class MonitorCheck:
    """`index` and `little` say where the packet of the last definition looked at is."""

    def __init__(self, dictionary, records):
        self._subsystems = dictionary.SUBSYSTEMS
        self._records = records
        self._a = values.Key()
        self._b = values.Key()
        self.index = 0
        self.little = 0

    def judge(self, buf, at):
        """Why the entry at `buf[at]` is refused, 0 when it is not (layout: core/monitors.py)."""
        if buf[at] == 0 and buf[at + 1] == 0:
            return BAD_ID
        packet = self.locate(buf[at + 2] << 8 | buf[at + 3])
        if packet is None:
            return UNKNOWN_PACKET
        kind = buf[at + 6]
        if kind > _STALE:
            return BAD_KIND
        if kind != _STALE and self.field(packet[5], buf[at + 4]) != buf[at + 5]:
            return UNKNOWN_FIELD
        if buf[at + 7] == 0:
            return BAD_COUNT
        if not 2 <= buf[at + 24] <= 4:
            return BAD_SEVERITY
        return 0 if self._limits(buf, at, kind, buf[at + 5]) else BAD_LIMITS

    def locate(self, packet_id):
        """The definition of a packet, None when there is none; sets `index` and `little`."""
        index = 0
        for subsystem in self._subsystems:
            for packet in subsystem.PACKETS:
                if packet[0] == packet_id:
                    self.index = index
                    self.little = 1 if packet[3] == "little" else 0
                    return packet
                index += 1
        return None

    def packet_owner(self):
        """Owner of the packet last located."""
        return self._records[self.index].definition[4]

    def field(self, table, offset):
        """Type (row of monitor_value.TYPES) of the field or element that begins there, or -1."""
        at = 0
        for field in table:
            kind = values.type_of(field[1])
            size = 1 if kind < 0 else values.size_of(kind)
            length = size * _count(field[1])
            if at <= offset < at + length:
                return kind if (offset - at) % size == 0 else -1
            at += length
        return -1

    def _limits(self, buf, at, kind, field):
        """Low before high, the inner limits inside, numbers that are numbers."""
        low = self._a
        high = self._b
        if kind == _EXPECTED:
            for i in range(4):
                if buf[at + 12 + i] & ~buf[at + 8 + i] & 0xFF:
                    return False
            return True
        if kind == _DELTA and field == values.F32:
            return False
        if kind >= _DELTA:
            low.take(buf, at + 8, _I32)
            high.take(buf, at + 12, _I32)
            if high.below(low) or kind == _STALE and low.upper < _KEY_ZERO:
                return False
            near = _KEY_ZERO - _DELTA_MAX <= low.upper
            return near and high.upper < _KEY_ZERO + _DELTA_MAX
        for inner in (8, 16):
            low.take(buf, at + inner, field)
            high.take(buf, at + inner + 4, field)
            if not low.valid or not high.valid or high.below(low):
                return False
        # `low` and `high` hold the inner limits now.
        outer = high
        low_inner = low
        if self._beyond(buf, at + 12, outer, field):
            return False
        outer.take(buf, at + 8, field)
        return not low_inner.below(outer)

    def _beyond(self, buf, at, inner, field):
        """The inner limit is above the outer one at `buf[at]`."""
        high_high = inner.upper
        high_low = inner.lower
        inner.take(buf, at, field)
        return inner.upper < high_high or inner.upper == high_high and inner.lower < high_low


def _count(name):
    """Elements of a field's type: 3 of "f32[3]", 1 of "f32"."""
    if name[-1] != "]":
        return 1
    count = 0
    place = name.find("[") + 1
    while place < len(name) - 1:
        count = count * 10 + ord(name[place]) - 48
        place += 1
    return count
