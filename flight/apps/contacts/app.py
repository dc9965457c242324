"""Contacts: when the transmitter may be on, and at which rate (core/contact_gate.py); mail."""

import struct

from flight import mission
from flight.apps.contacts.mail import Mail
from flight.core import contact_gate, failures
from flight.core.contact_plan import ContactPlan
from flight.core.modes import SILENCE_WINDOW
from hal.compat import const

_REPORT_STEPS = const(10)
_WINDOW_STEPS = const(60)
_JUMP_S = const(2)  # mission time against the time since the start
_HOST = const(0)
_RATE = const(0x0301)  # parameter of comms

EVENT_OPEN = const(0x0B01)
EVENT_CLOSED = const(0x0B02)
EVENT_STORAGE = const(0x0B03)


class Contacts:
    """The app "contacts" of mission.APPS."""

    NAME = "contacts"
    PERIOD_MS, OFFSET_MS, BUDGET_MS = mission.timing(NAME)

    def __init__(self, context):
        self._context = context
        self._time = context.time
        self._params = context.params
        self._modes = context.modes
        self._commands = context.commands
        self._kernel = context.board.kernel
        self._gate = context.gate
        self._record = context.store.claim(0x0B01, self.NAME)
        self._windows = context.store.claim(0x0B02, self.NAME)
        self.plan = ContactPlan(context.board.fram, context.board.kernel, self._windows.data)
        self.plan.load()
        self._mail = Mail(context, self.NAME)
        self._gate_at = context.params.place(0x0B01)
        self._open_at = context.params.place(0x0B02)
        self._beacon_at = context.params.place(0x0B03)
        self._margin_at = context.params.place(0x0B04)
        self._rate_at = context.params.place(_RATE)
        self._steps = 0
        self._heard = context.commands.heard
        self._offset_s = 0  # mission time less time since the start
        self._opened_s = 0
        self._forgotten = 0
        functions = context.functions
        functions.handle(0x0B01, self.set_station)
        functions.handle(0x0B02, self.remove_station)
        functions.handle(0x0B03, self.set_rows)
        functions.handle(0x0B04, self.set_source)

    def start(self):
        """Report soon; the gate is judged at the first step."""
        self._steps = 0

    def step(self, now_ms):
        """Look for windows, judge the gate, and say so in `modes.silence`."""
        self._mail.step()
        time = self._time
        params = self._params
        plan = self.plan
        gate = self._gate
        offset_s = time.seconds - time.uptime_s
        if not -_JUMP_S <= offset_s - self._offset_s <= _JUMP_S:
            plan.renew()
        self._offset_s = offset_s
        orbit_known = self._kernel.contact_known()
        if not orbit_known or not time.trusted():
            plan.renew()
        elif plan.stations:
            plan.scan(time.uptime_s)
        plan.look(time.seconds, params.u8(self._margin_at))
        heard = self._commands.heard
        if heard != self._heard:
            self._heard = heard
            gate.hear(params.u16(self._open_at))
        beacon_s = params.u16(self._beacon_at)
        listening = gate.listening()
        before = gate.reason
        changed = gate.judge(
            self._open_reason(), plan.remaining_s, plan.rate, params.u8(self._rate_at), beacon_s
        )
        if gate.reason == contact_gate.GATE_CLOSED:
            self._modes.silence |= SILENCE_WINDOW
        else:
            self._modes.silence &= ~SILENCE_WINDOW
        if gate.listening() and not listening and gate.reason <= contact_gate.GATE_BEACON:
            self._freshen()
        if changed:
            self._tell(before)
        if self._steps % _REPORT_STEPS == 0:
            self._post(orbit_known)
        if self._steps == 0:
            if plan.in_doubt():
                plan.load()
            if plan.found():
                self._windows.post()
        self._steps = (self._steps + 1) % _WINDOW_STEPS

    def _freshen(self):
        """A beacon is due, and is to say how things are now: not what the last contact left."""
        queue = self._context.telemetry.queues[_HOST]
        if not queue.mostly_empty():
            self._forgotten = (self._forgotten + queue.forget()) & 0xFFFF

    def _open_reason(self):
        """The rule that holds whatever the windows are, or GATE_CLOSED."""
        plan = self.plan
        if self._params.u8(self._gate_at) == 0:
            return contact_gate.GATE_UNUSED
        if plan.stations == 0 and plan.rows_left == 0:
            return contact_gate.GATE_NO_PLAN
        if not self._time.trusted():
            return contact_gate.GATE_NO_TIME
        if self._context.leop.lost:
            return contact_gate.GATE_LOST
        if plan.rows_left == 0 and not plan.found():
            return contact_gate.GATE_NO_ORBIT
        return contact_gate.GATE_CLOSED

    def set_station(self, buf, off, owner):
        """Handler of `contact_station`."""
        return self._done(self.plan.set_station(buf[off], buf, off + 1))

    def remove_station(self, buf, off, owner):
        """Handler of `contact_station_remove`."""
        return self._done(self.plan.remove_station(buf[off]))

    def set_rows(self, buf, off, owner):
        """Handler of `contact_plan`."""
        return self._done(self.plan.set_rows(buf[off], buf, off + 1))

    def set_source(self, buf, off, owner):
        """Handler of `contact_source`."""
        return self._done(self.plan.set_source(buf[off]))

    def _done(self, status):
        if status < 0:
            self._context.events.put(EVENT_STORAGE, -status)
            return failures.STORAGE_ERROR
        return failures.OK

    def _tell(self, before):
        """Beacons are counted, all else is an event."""
        reason = self._gate.reason
        if reason > contact_gate.GATE_BEACON:
            if before <= contact_gate.GATE_BEACON:
                self._opened_s = self._time.uptime_s
            self._context.events.put(EVENT_OPEN, reason)
        elif before > contact_gate.GATE_BEACON:
            self._context.events.put(EVENT_CLOSED, 0, self._time.uptime_s - self._opened_s)

    def _post(self, orbit_known):
        plan = self.plan
        gate = self._gate
        struct.pack_into(
            self._record.format,
            self._record.data,
            0,
            gate.reason,
            plan.stations,
            plan.in_view,
            gate.rate,
            1 if plan.from_plan else 0,
            plan.rows_left,
            1 if orbit_known else 0,
            gate.remaining_s,
            plan.age_s(self._time.uptime_s),
            gate.openings,
            gate.beacons,
            self._forgotten,
            self._mail.accepted,
            self._mail.refused,
            self._mail.taken,
            self._mail.waiting(),
        )
        self._record.post()
