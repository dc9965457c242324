"""Service 5, event reporting (ECSS-E-ST-70-41C, 6.5): the ring goes down as 5/1..5/4."""

from flight.core import telemetry
from flight.packets.space_packet import EVENT_RECORD_SIZE
from hal.compat import const

_PER_CALL = const(16)
_LOSS_REPORT_S = const(10)
_OWNER = const(8)  # places in the record
_SEVERITY = const(9)
_APP = const(6)

EVENT_LOST = const(0x000D)


class EventReports:
    """Turns event records into packets; a record waits in the ring while there is no room."""

    def __init__(self, events, reports):
        self._events = events
        self._reports = reports
        self._record = bytearray(EVENT_RECORD_SIZE)
        self._lost = 0
        self._lost_s = -_LOSS_REPORT_S

    def drain(self):
        """Queue reports for the records in the ring."""
        events = self._events
        record = self._record
        self._report_loss()
        for _ in range(_PER_CALL):
            if not events.peek_into(record):
                return
            if not self._send(record):
                return
            events.drop_oldest()

    def _report_loss(self):
        """Seldom, or else the report of a loss could be the next event lost, and so on."""
        events = self._events
        lost = (events.dropped - self._lost) & 0xFFFF
        if lost and events.time.uptime_s - self._lost_s >= _LOSS_REPORT_S:
            self._lost_s = events.time.uptime_s
            self._lost = events.dropped
            events.put(EVENT_LOST, lost)

    def _send(self, record):
        seconds = record[0] << 24 | record[1] << 16 | record[2] << 8 | record[3]
        fraction = record[4] << 8 | record[5]
        return self._reports.send_at(
            record[_OWNER],
            record[_APP],
            telemetry.EVENT + record[_SEVERITY] - 1,
            0,
            -1,
            record,
            EVENT_RECORD_SIZE,
            seconds,
            fraction,
        )
