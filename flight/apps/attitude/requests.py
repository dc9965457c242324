"""Requests of the ground to the control loop, whose outcome is known only after its next tick.

The loop refuses by an event, and is silent about what it carries out. Each request waits with the
ticket of its telecommand until the loop has ticked and its events have been read.
"""

from array import array

import native
from flight.apps.attitude import definitions
from flight.core import failures
from flight.packets import fields
from hal.compat import const

# enum mf_command, mf_upload, mf_kernel_event_id of native/include/mf_kernel.h
_CMD_INHIBIT = const(4)
_CMD_CALIBRATE = const(5)
_CMD_SELFTEST = const(6)
_UPLOAD_TLE = const(1)
_UPLOAD_TARGET = const(2)
_TLE_SIZE = const(138)
_TARGET_SIZE = const(46)
_TARGET_RESERVED = const(7)
_EVENT_COMMAND_REFUSED = const(0x020F)
_EVENT_UPLOAD_REFUSED = const(0x0210)

# errno of native/include/mf_status.h
_E_BUSY = const(16)
_E_INVAL = const(22)
_E_NOSPC = const(28)
_E_RANGE = const(34)
_E_BADMSG = const(74)
_E_STALE = const(116)

_ROWS = const(4)  # as many as there are tickets
_NONE = const(-1)
_UPLOAD = const(0x10000)  # key of an upload: this and its kind; of a command: code << 8 | index
_PATIENCE_STEPS = const(3)

_ZERO = b"\x00\x00\x00\x00"
_ONE = b"\x3f\x80\x00\x00"  # 1.0 in single precision

EVENT_REFUSED = const(0x0242)


def failure(key, errno):
    """Verification failure code of a request that the loop refused with this errno."""
    if errno == _E_NOSPC or errno == _E_BUSY and key >= _UPLOAD:
        return failures.QUEUE_FULL
    if errno == _E_BADMSG:
        return failures.BAD_DATA
    if errno == _E_STALE:
        return failures.STALE
    if errno == _E_INVAL:
        return failures.OUT_OF_RANGE
    if errno == _E_RANGE and key >= _UPLOAD:
        return failures.OUT_OF_RANGE
    return failures.REFUSED


class Requests:
    """Handlers of what goes to the loop by itself. `devices` is the record of its counters;
    `pending`: how many requests wait."""

    def __init__(self, context, devices):
        self._commands = context.commands
        self._clock = context.clock
        self._time = context.time
        self._events = context.events
        self._kernel = context.board.kernel
        self._devices = devices
        counters = ("uploads_refused", "commands_refused")
        places = [fields.offset(definitions.DEVICES_FIELDS, name) for name in counters]
        self._counters_at = array("H", places)
        self._tickets = [_NONE] * _ROWS
        self._keys = [0] * _ROWS
        self._upload = bytearray(_TARGET_SIZE)
        self._last_ms = 0  # time of the last request
        self._patience = 0  # steps without a tick that it may still wait
        self._heard = 0  # refusals heard of as events, u16
        self._unheard = 0  # by the loop's counters, but never heard of
        self.pending = 0
        context.functions.handle(0x0203, self.target)
        context.functions.handle(0x0204, self.tle)
        context.functions.handle(0x0205, self.calibrate)
        context.functions.handle(0x0206, self.inhibit)
        context.functions.handle(0x0207, self.selftest)

    def start(self):
        """Nobody knows what became of those that wait."""
        self._conclude_all(failures.NO_ANSWER)
        self._unheard = self._count_unheard()

    def target(self, buf, off, owner):
        """Handler of `attitude_target`: what the loop takes has one more byte, always zero."""
        upload = self._upload
        rest = _TARGET_RESERVED + 1
        native.copy(upload, 0, buf, off, _TARGET_RESERVED)
        upload[_TARGET_RESERVED] = 0
        native.copy(upload, rest, buf, off + _TARGET_RESERVED, _TARGET_SIZE - rest)
        return self._send(_UPLOAD_TARGET, upload, 0, _TARGET_SIZE)

    def tle(self, buf, off, owner):
        """Handler of `attitude_tle`."""
        return self._send(_UPLOAD_TLE, buf, off, _TLE_SIZE)

    def calibrate(self, buf, off, owner):
        """Handler of `attitude_calibrate`."""
        return self._command(_CMD_CALIBRATE, buf[off], _ZERO)

    def inhibit(self, buf, off, owner):
        """Handler of `attitude_inhibit`."""
        return self._command(_CMD_INHIBIT, buf[off], _ONE if buf[off + 1] else _ZERO)

    def selftest(self, buf, off, owner):
        """Handler of `attitude_selftest`."""
        return self._command(_CMD_SELFTEST, buf[off], _ZERO)

    def hear(self, number, event):
        """A kernel event: the oldest request that it refuses has failed."""
        if number == _EVENT_COMMAND_REFUSED:
            key = event[9] << 8 | event[8]
        elif number == _EVENT_UPLOAD_REFUSED:
            key = _UPLOAD | event[8]
        else:
            return
        self._heard = (self._heard + 1) & 0xFFFF
        errno = event[6] | event[7] << 8
        if errno >= 0x8000:
            errno = 0x10000 - errno
        for row in range(_ROWS):
            if self._tickets[row] != _NONE and self._keys[row] == key:
                self._conclude(row, failure(key, errno))
                return

    def answer(self, tick_ms):
        """All that wait were carried out if the loop has ticked since, at `tick_ms`, and has not
        refused more than was heard of."""
        if self._clock.ticks_diff(tick_ms, self._last_ms) <= 0:
            self._patience -= 1
            if self._patience <= 0:
                self._conclude_all(failures.NO_ANSWER)
            return
        unheard = self._count_unheard()
        self._conclude_all(failures.OK if unheard == self._unheard else failures.NO_ANSWER)
        self._unheard = unheard

    def _send(self, kind, buf, off, n):
        return self._expect(_UPLOAD | kind, self._kernel.upload(kind, buf, off, n))

    def _command(self, code, index, value):
        return self._expect(code << 8 | index, self._kernel.command(code, index, value, 0))

    def _expect(self, key, status):
        """What the handler gives back: the failure when the loop did not even queue the request."""
        if status < 0:
            self._events.put(EVENT_REFUSED, -status, key)
            return failure(key, -status)
        ticket = self._commands.take_ticket()
        if ticket < 0:
            # It is on its way all the same; the ground is told that nobody watches it.
            return failures.NO_ANSWER
        self._last_ms = self._time.now_ms
        self._patience = _PATIENCE_STEPS
        row = 0
        while self._tickets[row] != _NONE:
            row += 1
        self._tickets[row] = ticket
        self._keys[row] = key
        self.pending += 1
        return failures.LATER

    def _count_unheard(self):
        """Refusals by the loop's own counters less those heard of, u16."""
        data = self._devices.data
        self._kernel.devices_into(data)
        unheard = -self._heard
        for at in self._counters_at:
            unheard += data[at] | data[at + 1] << 8
        return unheard & 0xFFFF

    def _conclude_all(self, code):
        for row in range(_ROWS):
            if self._tickets[row] != _NONE:
                self._conclude(row, code)

    def _conclude(self, row, code):
        ticket = self._tickets[row]
        self._tickets[row] = _NONE
        self.pending -= 1
        self._commands.conclude(ticket, code)
