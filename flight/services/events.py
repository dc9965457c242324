"""Service 5, event reporting (ECSS-E-ST-70-41C, 6.5): the ring goes down as 5/1..5/4."""

from flight.core import failures, telemetry
from flight.packets.octets import u16, u32
from flight.packets.space_packet import EVENT_RECORD_SIZE
from flight.services.id_list import act_on_ids, check_ids
from hal.compat import const

_PER_CALL = const(16)
_DISABLE = const(6)
_REPORT = const(7)
_SUBTYPES = b"\x05\x06\x07"
_LIST_MAX = const(48)
_LOSS_REPORT_S = const(10)
_OWNER = const(8)  # places in the record
_SEVERITY = const(9)
_APP = const(6)

EVENT_LOST = const(0x000D)


class EventControl:
    """Handler of 5/5 and 5/6 (enable and disable the reports of events; count u8, ids u16) and of
    5/7, answered by 5/8 (count u8, ids u16 of those disabled). The gravest cannot be disabled; a
    partner controls the events of his own apps."""

    def __init__(self, events, reports, commands):
        self._events = events
        self._reports = reports
        self._body = bytearray(1 + 2 * _LIST_MAX)
        for subtype in _SUBTYPES:
            commands.serve(5, subtype, self)

    def accept(self, packet, at, n, owner):
        """Lengths and ids."""
        if packet[8] == _REPORT:
            return failures.OK if n == 0 else failures.BAD_LENGTH
        return check_ids(self, packet, at, n, owner)

    def start(self, packet, at, n, owner):
        """Nothing to prepare."""
        return failures.OK

    def run(self, packet, at, n, owner):
        """Switch, or report what is off."""
        if packet[8] != _REPORT:
            return act_on_ids(self, packet, at, owner)
        body = self._body
        body[0] = self._events.off_into(body, 1, owner)
        destination = packet[9] << 8 | packet[10]
        kind = telemetry.EVENTS_OFF
        sent = self._reports.send(owner, 0, kind, destination, body, 1 + 2 * body[0])
        return failures.OK if sent else failures.QUEUE_FULL

    def check_id(self, event, subtype, owner):
        """Known, his who asks or the host's business, and not of the gravest."""
        events = self._events
        if not events.known(event) or owner and events.owner_of(event) != owner:
            return failures.UNKNOWN_ENTRY
        if subtype == _DISABLE and not events.may_switch(event):
            return failures.REFUSED
        return failures.OK

    def act_on(self, event, subtype, owner):
        """Enable or disable one."""
        self._events.switch(event, subtype != _DISABLE)
        return failures.OK


class EventReports:
    """Turns event records into packets. A record waits in the ring while its owner's queue has no
    room, and with it the later ones of that owner only."""

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
        stuck = 0
        place = 0
        sent = 0
        while sent < _PER_CALL and events.peek_into(record, place):
            owner = record[_OWNER]
            if not stuck >> owner & 1 and self._reports.has_room(owner, EVENT_RECORD_SIZE):
                self._send(record)
                events.drop(place)
                sent += 1
            else:
                stuck |= 1 << owner
                place += 1

    def _report_loss(self):
        """Seldom, or else the report of a loss could be the next event lost, and so on."""
        events = self._events
        lost = (events.lost - self._lost) & 0xFFFF
        if lost and events.time.uptime_s - self._lost_s >= _LOSS_REPORT_S:
            self._lost_s = events.time.uptime_s
            self._lost = events.lost
            events.put(EVENT_LOST, lost)

    def _send(self, record):
        self._reports.send_at(
            record[_OWNER],
            record[_APP],
            telemetry.EVENT + record[_SEVERITY] - 1,
            0,
            -1,
            record,
            EVENT_RECORD_SIZE,
            u32(record, 0),
            u16(record, 4),
        )
