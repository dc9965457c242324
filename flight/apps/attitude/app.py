"""Attitude: the Python side of the control loop in C.

Copies its reports into the store, commands it as the spacecraft mode wants and as the ground asks,
gives it parameters, and turns its step-downs into requests to the supervisor. It never decodes a
float.
"""

import native
from flight import mission
from flight.apps.attitude import definitions
from flight.apps.attitude.loop_parameters import LoopParameters
from flight.apps.attitude.requests import Requests
from flight.core import failures, modes
from flight.packets import fields
from hal.compat import const

# enum mf_command, mf_kernel_mode, mf_flag of native/include/mf_kernel.h
_CMD_SET_MODE = const(1)
_CMD_RESET_STATS = const(3)
_IDLE = const(0)
_DETUMBLE = const(1)
_FLAG_MAG_VALID = const(0x01)
_FLAG_DETUMBLED = const(0x08)
_FLAG_MAG_FAILED = const(0x20)
_FLAG_IMU_FAILED = const(0x40)
_FLAG_RODS_FAILED = const(0x80)
_REASON_COMMAND = const(1)

_ESTIMATE = const(0)
_CONTROL = const(1)
_CONTROL_STEPS = const(2)
_SLOW_STEPS = const(10)  # statistics and devices; a multiple of the above
_EVENTS_PER_STEP = const(32)  # as many as the loop keeps
_KERNEL_EVENT_SIZE = const(12)
_RECOVERED_STEPS = const(10)

EVENT_DETUMBLED = const(0x0240)
EVENT_TUMBLING = const(0x0241)
EVENT_COMMAND_REFUSED = const(0x0242)
EVENT_UNKNOWN = const(0x0243)


class Attitude:
    """The app "attitude" of mission.APPS."""

    NAME = "attitude"
    PERIOD_MS, OFFSET_MS, BUDGET_MS = mission.timing(NAME)

    def __init__(self, context):
        self._context = context
        self._kernel = context.board.kernel
        self._modes = context.modes
        self._params = context.params
        self._report = context.store.claim(0x0201, self.NAME)
        self._stats = context.store.claim(0x0202, self.NAME)
        self._estimate = context.store.claim(0x0203, self.NAME)
        self._act = context.store.claim(0x0204, self.NAME)
        self._devices = context.store.claim(0x0205, self.NAME)
        self._mode_at = fields.offset(definitions.REPORT_FIELDS, "mode")
        self._reason_at = fields.offset(definitions.REPORT_FIELDS, "mode_reason")
        self._flags_at = fields.offset(definitions.REPORT_FIELDS, "flags")
        self._rate_at = fields.offset(definitions.REPORT_FIELDS, "rate_rad_s")
        self._enabled_at = context.params.place(0x0206)
        self._loop_params = LoopParameters(context.params)
        self._requests = Requests(context, self._devices)
        self._event = bytearray(_KERNEL_EVENT_SIZE)
        self._argument = bytearray(4)
        self._control = _IDLE  # wanted from the loop
        self._commanded = False  # by a telecommand, until the next mode
        self._commanded_ms = 0  # time of the last mode command
        self._changes = 0
        self._steps = 0
        self._well = 0
        self._detumbled = 0
        context.functions.handle(0x0201, self.control)
        context.functions.handle(0x0202, self.reset_stats)

    def start(self):
        """Command the loop anew: its state may be of an earlier run of this app."""
        self._changes = self._params.changes
        self._loop_params.start()
        self._steps = 0
        self._requests.start()
        self._control = self._modes.row[3] if self._params.u8(self._enabled_at) else _IDLE
        self._command_mode()

    def step(self, now_ms):
        """Reports into the store, events into the ring, answers, decisions, parameters."""
        tick_ms = self._kernel.report_into(self._report.data)
        self._report.post()
        self._kernel.attitude_into(_ESTIMATE, self._estimate.data)
        self._estimate.post()
        steps = self._steps
        if steps % _CONTROL_STEPS == 0:
            self._kernel.attitude_into(_CONTROL, self._act.data)
            self._act.post()
        if steps == 0:
            self._kernel.stats_into(self._stats.data)
            self._stats.post()
            self._kernel.devices_into(self._devices.data)
            self._devices.post()
        self._steps = (steps + 1) % _SLOW_STEPS
        self._take_events()
        if self._requests.pending:
            self._requests.answer(tick_ms)
        if self._changes != self._params.changes:
            self._changes = self._params.changes
            self._loop_params.changed()
            self._follow_switch()
        if self._loop_params.due:
            self._loop_params.send(self._kernel)
        self._judge(tick_ms)

    def leave_mode(self, row):
        """A telecommand to the loop holds until here, but for one given on the way to rest."""
        self._commanded = self._commanded and row[0] == self._context.mission.DETUMBLE

    def enter_mode(self, row):
        """The loop does what the mode wants. Nominal wants nothing else of it than detumble did."""
        if self._commanded and row[0] == self._context.mission.NOMINAL:
            return
        self._commanded = False
        self._control = row[3] if self._params.u8(self._enabled_at) else _IDLE
        self._command_mode()

    def control(self, buf, off, owner):
        """Handler of `attitude_control`."""
        if buf[off] != _IDLE:
            if not self._params.u8(self._enabled_at):
                return failures.REFUSED
            if self._modes.inhibitors & modes.INHIBIT_LAUNCH:
                return failures.REFUSED
        self._control = buf[off]
        self._commanded = True
        return failures.OK if self._command_mode() else failures.QUEUE_FULL

    def reset_stats(self, buf, off, owner):
        """Handler of `attitude_reset_stats`."""
        done = self._command(_CMD_RESET_STATS, 0, None, 0) >= 0
        return failures.OK if done else failures.QUEUE_FULL

    def _follow_switch(self):
        """`attitude_control_enabled` may have changed."""
        wanted = self._control
        if not self._params.u8(self._enabled_at):
            wanted = _IDLE
        elif not self._commanded:
            wanted = self._modes.row[3]
        if wanted != self._control:
            self._control = wanted
            self._command_mode()

    def _command_mode(self):
        self._commanded_ms = self._context.time.now_ms
        return self._command(_CMD_SET_MODE, self._control, None, 0) >= 0

    def _command(self, code, index, buf, off):
        """Queue a command for the loop: its sequence number, or a status and an event."""
        sequence = self._kernel.command(code, index, buf, off)
        if sequence < 0:
            self._context.events.put(EVENT_COMMAND_REFUSED, -sequence, code << 8 | index)
        return sequence

    def _judge(self, tick_ms):
        """Ask for modes by what the loop reports; only by a report that knows the last command."""
        if self._context.clock.ticks_diff(tick_ms, self._commanded_ms) <= 0:
            return
        data = self._report.data
        current = self._modes
        flags = data[self._flags_at]
        if flags & _FLAG_IMU_FAILED:
            current.inhibit(modes.INHIBIT_GYRO_LOST, modes.REASON_GYRO_LOST)
        else:
            current.allow(modes.INHIBIT_GYRO_LOST)
        mode = data[self._mode_at]
        if mode != self._control:
            if data[self._reason_at] <= _REASON_COMMAND:
                if not self._commanded and current.row[3] > _DETUMBLE:
                    # What the mode wants of the loop was refused.
                    current.request(self._context.mission.NOMINAL, modes.REASON_ATTITUDE_LOST)
                return
            # C has stepped down; the supervisor follows where nothing is left to fly with.
            self._control = mode
            if mode == _IDLE:
                current.inhibit(modes.INHIBIT_ATTITUDE_LOST, modes.REASON_ATTITUDE_LOST)
                return
        self._judge_recovery(flags)
        if mode > _DETUMBLE:
            self._seek_nominal(flags)
            return  # the spacecraft turns on purpose
        if current.row[3] > _DETUMBLE:
            current.request(self._context.mission.NOMINAL, modes.REASON_ATTITUDE_LOST)
        # Little-endian; negative while the loop cannot tell, as after it was idle.
        if data[self._rate_at + 3] & 0x80 and not flags & _FLAG_DETUMBLED:
            return
        self._declare(flags & _FLAG_DETUMBLED)
        if mode != _DETUMBLE:
            return
        self._seek_nominal(flags)
        if current.current == self._context.mission.NOMINAL and not flags & _FLAG_DETUMBLED:
            current.request(self._context.mission.DETUMBLE, modes.REASON_RATE_HIGH)

    def _seek_nominal(self, flags):
        """At rest, whoever brought it there."""
        current = self._modes
        if current.current != self._context.mission.DETUMBLE:
            return
        if flags & _FLAG_DETUMBLED and not current.inhibitors & modes.KEEPS_OUT_OF_NOMINAL:
            current.request(self._context.mission.NOMINAL, modes.REASON_DETUMBLED)

    def _declare(self, detumbled):
        if detumbled != self._detumbled:
            self._detumbled = detumbled
            self._context.events.put(EVENT_DETUMBLED if detumbled else EVENT_TUMBLING)

    def _judge_recovery(self, flags):
        """Magnetometer and rods well for some steps: detumbling may be tried again."""
        if not self._modes.inhibitors & modes.INHIBIT_ATTITUDE_LOST:
            return
        if flags & (_FLAG_MAG_FAILED | _FLAG_RODS_FAILED) or not flags & _FLAG_MAG_VALID:
            self._well = 0
            return
        self._well += 1
        if self._well >= _RECOVERED_STEPS:
            self._well = 0
            self._modes.allow(modes.INHIBIT_ATTITUDE_LOST)

    def _take_events(self):
        """Kernel events get mission time and go into the ring; refusals also answer requests."""
        event = self._event
        requests = self._requests
        events = self._context.events
        time = self._context.time
        for _ in range(_EVENTS_PER_STEP):
            if not self._kernel.event_into(event):
                return
            # Little-endian: u32 time_ms, u16 id, u16 arg0, u32 arg1. Modulo 2^30 by hand: a larger
            # integer would allocate.
            tick = event[0] | event[1] << 8 | event[2] << 16 | (event[3] & 0x3F) << 24
            number = event[4] | event[5] << 8
            arg0 = event[6] | event[7] << 8
            if arg0 >= 0x8000:
                arg0 = 0x10000 - arg0  # a status: its errno is shown
            native.swap_copy(self._argument, 0, event, 8, "u32", 1)
            if events.known(number):
                time.locate(tick)
                events.put_at(number, arg0, self._argument, 0, time.at_seconds, time.at_fraction)
            else:
                events.put(EVENT_UNKNOWN, number)
            requests.hear(number, event)
