"""Report 11/13 of service 11: what waits to be released.

count u8, each: sub-schedule u8 (128 added: relative), seconds u32, fraction u16, source id u16,
APID u16, sequence count u16. As many packets as it takes. The time of a relative one is given as
mission time, as it is now known.
"""

from flight.core import failures, telemetry
from flight.packets.octets import put_u16
from hal.compat import const

_APP = const(6)
_ROW_SIZE = const(13)
_ROWS_PER_REPORT = const(14)


class ScheduleReport:
    """Sends the reports of one schedule."""

    def __init__(self, context, schedule):
        self._schedule = schedule
        self._time = context.time
        self._reports = context.telemetry
        self._body = schedule.image  # nothing is read or written meanwhile

    def send(self, owner, destination):
        """Send what waits of an owner: a failure code."""
        schedule = self._schedule
        time = self._time
        body = self._body
        rows = 0
        sent = 0
        for slot in range(schedule.slots):
            if schedule.owner[slot] != owner:
                continue
            at = 1 + rows * _ROW_SIZE
            seconds = schedule.seconds[slot]
            ms = schedule.ms[slot]
            body[at] = schedule.sub(slot)
            if schedule.relative(slot):
                body[at] |= 0x80
                ms += time.sub_ms - time.uptime_ms
                seconds += time.seconds - time.uptime_s + ms // 1000
                ms %= 1000
            put_u16(body, at + 1, seconds >> 16)
            put_u16(body, at + 3, seconds & 0xFFFF)
            put_u16(body, at + 5, (ms << 13) // 125)
            for i in range(3):
                put_u16(body, at + 7 + 2 * i, schedule.requests[4 * slot + i])
            rows += 1
            if rows == _ROWS_PER_REPORT:
                if not self._send(owner, destination, rows):
                    return failures.QUEUE_FULL
                sent += rows
                rows = 0
        if rows or not sent:
            if not self._send(owner, destination, rows):
                return failures.QUEUE_FULL
        return failures.OK

    def _send(self, owner, destination, rows):
        self._body[0] = rows
        return self._reports.send(
            owner, _APP, telemetry.SCHEDULE_SUMMARY, destination, self._body, 1 + rows * _ROW_SIZE
        )
