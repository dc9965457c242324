"""Service 11, time-based scheduling (ECSS-E-ST-70-41C, 6.11), for every owner by itself.

| subtype | what | data |
|---|---|---|
| 1, 2, 3 | enable; disable; disable and delete all | none |
| 4 | insert | sub-schedule u8 (0..7), count u8, each: seconds u32, fraction u16, telecommand |
| 128 | insert relative | the same, each: delay u32 [ms], telecommand |
| 5 | delete | count u8, each: source id u16, APID u16, sequence count u16 |
| 7 | shift | seconds i32, fraction u16, then as 5 |
| 15 | shift all that have a mission time | seconds i32, fraction u16 |
| 17 | report; answered by 11/13 | none |
| 20, 21 | enable, disable sub-schedules | count u8 (0: all), each u8 |

All instructions of a telecommand are good, or it is refused. A shift by seconds and fraction is
their sum, so that -0.5 s is (-1, 32768).
"""

from array import array

import native
from flight.core import failures, stored
from flight.core.schedule import PACKET_MAX, SHIFT_MAX_S, SUBS, TIME_MAX_S
from flight.packets.octets import u32
from flight.services.schedule_report import ScheduleReport
from hal.compat import const

_INSERT = const(4)
_DELETE = const(5)
_SHIFT = const(7)
_SHIFT_ALL = const(15)
_REPORT = const(17)
_ENABLE_SUBS = const(20)
_DISABLE_SUBS = const(21)
_INSERT_AFTER = const(128)
_WITHOUT_DATA = (1, 2, 3, 17)

_REQUEST_SIZE = const(6)
_OFFSET_SIZE = const(6)
_COUNT_MAX = const(16)
_PER_SECOND = const(4)
_DELAY_MAX_MS = const(604800000)  # a week


class ScheduleService:
    """`quotas[owner][0]` telecommands each; `packet` is a buffer for one of them; `wake()` is
    called when another one may be the next to be released."""

    def __init__(self, context, schedule, quotas, packet, wake):
        self._schedule = schedule
        self._time = context.time
        self._commands = context.commands
        self._report = ScheduleReport(context, schedule)
        self._quotas = quotas
        self._packet = packet
        self._wake = wake
        self._seconds_seen = array("i", bytes(4 * _COUNT_MAX))
        self._seconds = 0  # results of the parsing below
        self._ms = 0
        self._size = 0
        context.commands.serve(11, 0, self)

    def accept(self, packet, at, n, owner):
        """Everything but the quota."""
        subtype = packet[8]
        end = at + n
        if subtype == _INSERT or subtype == _INSERT_AFTER:
            return self._accept_insert(packet, at, end, owner, subtype == _INSERT_AFTER)
        if subtype == _DELETE:
            return self._accept_requests(packet, at, end, owner, False)
        if subtype == _SHIFT:
            code = self._parse_offset(packet, at, end)
            return code or self._accept_requests(packet, at + _OFFSET_SIZE, end, owner, True)
        if subtype == _SHIFT_ALL:
            if n != _OFFSET_SIZE:
                return failures.BAD_LENGTH
            return self._parse_offset(packet, at, end) or self._accept_shift_all(owner)
        if subtype == _ENABLE_SUBS or subtype == _DISABLE_SUBS:
            if n < 1 or n != 1 + packet[at]:
                return failures.BAD_LENGTH
            for i in range(packet[at]):
                if packet[at + 1 + i] >= SUBS:
                    return failures.OUT_OF_RANGE
            return failures.OK
        if subtype not in _WITHOUT_DATA:
            return failures.UNKNOWN_SERVICE
        return failures.OK if n == 0 else failures.BAD_LENGTH

    def start(self, packet, at, n, owner):
        """The quota of the owner."""
        if packet[8] == _INSERT or packet[8] == _INSERT_AFTER:
            if self._schedule.count[owner] + packet[at + 1] > self._quotas[owner][0]:
                return failures.QUOTA_FULL
        return failures.OK

    def run(self, packet, at, n, owner):
        """Carry out; a storage error in the middle of several leaves those before it done."""
        subtype = packet[8]
        schedule = self._schedule
        if subtype == _REPORT:
            return self._report.send(owner, packet[9] << 8 | packet[10])
        if subtype == _INSERT or subtype == _INSERT_AFTER:
            status = self._insert(packet, at, at + n, owner, subtype == _INSERT_AFTER)
        elif subtype == _DELETE:
            status = self._each(packet, at, owner, False)
        elif subtype == _SHIFT:
            status = self._each(packet, at + _OFFSET_SIZE, owner, True)
        elif subtype == _SHIFT_ALL:
            status = schedule.shift_all(owner, self._seconds, self._ms)
        elif subtype == _ENABLE_SUBS or subtype == _DISABLE_SUBS:
            mask = 0 if packet[at] else (1 << SUBS) - 1
            for i in range(packet[at]):
                mask |= 1 << packet[at + 1 + i]
            status = schedule.switches.switch_subs(owner, mask, subtype == _ENABLE_SUBS)
        elif subtype == 3:
            status = schedule.clear(owner)
        else:
            status = schedule.switches.switch(owner, subtype == 1)
        self._wake()
        return failures.OK if status >= 0 else failures.STORAGE_ERROR

    def _accept_insert(self, packet, at, end, owner, relative):
        if at + 2 > end:
            return failures.BAD_LENGTH
        count = packet[at + 1]
        if packet[at] >= SUBS or not 1 <= count <= _COUNT_MAX:
            return failures.OUT_OF_RANGE
        at += 2
        for i in range(count):
            code = self._parse(packet, at, end, relative)
            if code:
                return code
            at += 4 if relative else 6
            native.copy(self._packet, 0, packet, at, self._size)
            code = stored.check(self._commands, self._packet, self._size, owner)
            if code:
                return code
            # So many at once that some would be late are a flood.
            same = self._schedule.in_second(owner, relative, self._seconds)
            for k in range(i):
                if self._seconds_seen[k] == self._seconds:
                    same += 1
            if same >= _PER_SECOND:
                return failures.RATE_LIMIT
            self._seconds_seen[i] = self._seconds
            at += self._size
        return failures.OK if at == end else failures.BAD_LENGTH

    def _parse(self, packet, at, end, relative):
        """Time and size of the instruction at `packet[at]`; a failure code."""
        time = self._time
        if at + (4 if relative else 6) > end:
            return failures.BAD_LENGTH
        if relative:
            if not native.in_range(packet, at, "u32", 0, _DELAY_MAX_MS):
                return failures.TIME_OVERFLOW
            ms = time.uptime_ms + u32(packet, at)
            self._seconds = time.uptime_s + ms // 1000
            self._ms = ms % 1000
            at += 4
        else:
            if not native.in_range(packet, at, "u32", 0, TIME_MAX_S):
                return failures.TIME_OVERFLOW
            self._seconds = u32(packet, at)
            self._ms = (packet[at + 4] << 8 | packet[at + 5]) * 125 >> 13
            if time.quality and not self._ahead(False, self._seconds, self._ms):
                return failures.TIME_PAST
            at += 6
        self._size = stored.length(packet, at, end)
        if self._size == 0 or self._size > PACKET_MAX:
            return failures.BAD_LENGTH
        return failures.OK

    def _ahead(self, relative, seconds, ms):
        """True when that time is not past."""
        time = self._time
        now_s = time.uptime_s if relative else time.seconds
        now_ms = time.uptime_ms if relative else time.sub_ms
        return seconds > now_s or seconds == now_s and ms > now_ms

    def _insert(self, packet, at, end, owner, relative):
        sub = packet[at]
        count = packet[at + 1]
        at += 2
        for _ in range(count):
            self._parse(packet, at, end, relative)
            at += 4 if relative else 6
            status = self._schedule.insert(
                owner, sub, relative, self._seconds, self._ms, packet, at, self._size
            )
            if status < 0:
                return status
            at += self._size
        return 0

    def _accept_requests(self, packet, at, end, owner, shift):
        if at + 1 > end or end != at + 1 + packet[at] * _REQUEST_SIZE:
            return failures.BAD_LENGTH
        if packet[at] < 1:
            return failures.OUT_OF_RANGE
        for i in range(packet[at]):
            slot = self._schedule.find(owner, packet, at + 1 + i * _REQUEST_SIZE)
            if slot < 0:
                return failures.UNKNOWN_REQUEST
            code = self._shifted(slot) if shift else 0
            if code:
                return code
        return failures.OK

    def _each(self, packet, at, owner, shift):
        """Delete or shift what the requests at `packet[at]` name."""
        schedule = self._schedule
        if shift:
            self._parse_offset(packet, at - _OFFSET_SIZE, at)
        for i in range(packet[at]):
            slot = schedule.find(owner, packet, at + 1 + i * _REQUEST_SIZE)
            if slot < 0:
                continue  # named twice
            if shift:
                ms = schedule.ms[slot] + self._ms
                seconds = schedule.seconds[slot] + self._seconds + ms // 1000
                status = schedule.move(slot, seconds, ms % 1000)
            else:
                status = schedule.remove(slot)
            if status < 0:
                return status
        return 0

    def _parse_offset(self, packet, at, end):
        """Offset of a shift; a failure code."""
        if at + _OFFSET_SIZE > end:
            return failures.BAD_LENGTH
        if not native.in_range(packet, at, "i32", -SHIFT_MAX_S, SHIFT_MAX_S):
            return failures.TIME_OVERFLOW
        high = packet[at] if packet[at] < 128 else packet[at] - 256
        low = packet[at + 1] << 16 | packet[at + 2] << 8 | packet[at + 3]
        self._seconds = (high << 24) + low
        self._ms = (packet[at + 4] << 8 | packet[at + 5]) * 125 >> 13
        return failures.OK

    def _shifted(self, slot):
        """Failure code of the shift that was parsed, for one telecommand."""
        schedule = self._schedule
        relative = schedule.relative(slot)
        ms = schedule.ms[slot] + self._ms
        seconds = schedule.seconds[slot] + self._seconds + ms // 1000
        if seconds > TIME_MAX_S:
            return failures.TIME_OVERFLOW
        if (relative or self._time.quality) and not self._ahead(relative, seconds, ms % 1000):
            return failures.TIME_PAST
        return failures.TIME_PAST if seconds < 0 else failures.OK

    def _accept_shift_all(self, owner):
        schedule = self._schedule
        if abs(schedule.switches.shift_s[owner] + self._seconds) >= SHIFT_MAX_S:
            return failures.TIME_OVERFLOW
        for slot in range(schedule.slots):
            if schedule.owner[slot] == owner and not schedule.relative(slot):
                code = self._shifted(slot)
                if code:
                    return code
        return failures.OK
