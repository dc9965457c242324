"""Power: reads the electrical power system, switches loads by mode and by command, guards the
battery (ladder.py)."""

import struct

from flight import mission
from flight.apps.power import ladder
from flight.core import failures, modes
from hal.compat import const
from hal.errors import HalError
from hal.roles import PowerMonitor

_LOAD_PAYLOAD = const(0b0010)
_LOAD_RODS = const(0b0100)
# The heater belongs to no mode: only commands switch it.
_LOADS_OF_MODES = const(0b0111)
_FAILURES_TO_SAFE = const(3)
_STATE_LOW = const(1)
_STATE_SILENT = const(2)
_UNKNOWN = const(-1)

EVENT_LOW = const(0x0101)
EVENT_RECOVERED = const(0x0102)
EVENT_EPS_FAILED = const(0x0103)
EVENT_EPS_BACK = const(0x0104)
EVENT_SWITCHED = const(0x0105)
EVENT_LADDER_DOWN = const(0x0106)
EVENT_LADDER_UP = const(0x0107)


class Power:
    """The app "power" of mission.APPS."""

    NAME = "power"
    PERIOD_MS, OFFSET_MS, BUDGET_MS = mission.timing(NAME)

    def __init__(self, context):
        self._events = context.events
        self._modes = context.modes
        self._eps = context.board.eps
        self._record = context.store.claim(0x0101, self.NAME)
        self._ladder = ladder.Ladder(context.params)
        self._reading = [0] * PowerMonitor.SIZE
        self._probed = False
        self._failures = 0  # in a row
        self._errors = 0
        self._desired = context.modes.row[2]
        if context.modes.reason == modes.REASON_SURVIVED:
            # Survival in C had the rods, and the mode that follows in a moment has them.
            self._desired |= _LOAD_RODS
        self._seen = _UNKNOWN  # switches at the last reading
        context.functions.handle(0x0101, self.switch)

    def start(self):
        """Look at the part anew before trusting it."""
        self._probed = False

    def step(self, now_ms):
        """One reading; the switches when they are not as they should be; the packet."""
        reading = self._reading
        try:
            if not self._probed:
                self._eps.probe()
                self._probed = True
            self._eps.read_into(reading)
            self._keep_switches(reading[PowerMonitor.SWITCHES])
        except HalError as error:
            self._failed(error.code)
        else:
            self._answered()
            millivolt = reading[PowerMonitor.BATTERY_MV]
            before = self._ladder.level
            if self._ladder.update(millivolt):
                self._guard_battery(before, self._ladder.level, millivolt)
        self._keep_silence()
        self._post()

    def leave_mode(self, row):
        """Nothing to undo: the next mode says what is on."""

    def enter_mode(self, row):
        """Switch the loads as the mode wants them."""
        desired = self._desired & ~_LOADS_OF_MODES | row[2]
        if self._ladder.level >= ladder.NO_PAYLOAD:
            desired &= ~_LOAD_PAYLOAD
        self._desired = desired
        self._try_set()

    def switch(self, buf, off, owner):
        """Handler of `power_switch`."""
        load = 1 << buf[off]
        before = self._desired
        if buf[off + 1]:
            if self._modes.inhibitors & modes.INHIBIT_LAUNCH:
                return failures.REFUSED
            if self._ladder.level >= ladder.NO_PAYLOAD and load == _LOAD_PAYLOAD:
                return failures.REFUSED
            self._desired |= load
        else:
            self._desired &= ~load
        if self._try_set():
            return failures.OK
        # Reported as failed, so it must not happen later by itself.
        self._desired = before
        return failures.DEVICE_ERROR

    def _keep_switches(self, switches):
        """Set again what somebody else changed: the part forgets its switches when power fails."""
        if self._seen == _UNKNOWN:
            self._desired |= switches & ~_LOADS_OF_MODES
        elif switches != self._seen:
            self._events.put(EVENT_SWITCHED, self._seen, switches)
        self._seen = switches
        if switches != self._desired:
            self._eps.set_switches(self._desired)

    def _try_set(self):
        """Set the switches now; when the part does not answer, the next steps will."""
        try:
            self._eps.set_switches(self._desired)
        except HalError as error:
            self._failed(error.code)
            return False
        return True

    def _guard_battery(self, before, level, millivolt):
        """The ladder went from `before` to `level`."""
        spacecraft = self._modes
        down = level > before
        self._events.put(EVENT_LADDER_DOWN if down else EVENT_LADDER_UP, level, millivolt)
        if level >= ladder.NO_PAYLOAD:
            spacecraft.inhibit(modes.INHIBIT_PAYLOAD_SHED, modes.REASON_PAYLOAD_SHED)
        else:
            spacecraft.allow(modes.INHIBIT_PAYLOAD_SHED)
        if level >= ladder.SAFE:
            if before < ladder.SAFE:
                self._events.put(EVENT_LOW, millivolt)
            spacecraft.inhibit(modes.INHIBIT_BATTERY_LOW, modes.REASON_BATTERY_LOW)
        elif before >= ladder.SAFE:
            spacecraft.allow(modes.INHIBIT_BATTERY_LOW)
            self._events.put(EVENT_RECOVERED, millivolt)
        if level >= ladder.SURVIVAL:
            spacecraft.inhibit(modes.INHIBIT_BATTERY_CRITICAL, modes.REASON_BATTERY_CRITICAL)
        else:
            spacecraft.allow(modes.INHIBIT_BATTERY_CRITICAL)
        if down and before == ladder.NORMAL:
            # At once, not only with the mode: the battery does not wait for the supervisor.
            self._desired &= ~_LOAD_PAYLOAD
            self._try_set()
        elif level == ladder.NORMAL:
            self._desired |= spacecraft.row[2] & _LOAD_PAYLOAD
            self._try_set()

    def _keep_silence(self):
        if self._ladder.silent():
            self._modes.silence |= modes.SILENCE_DUTY
        else:
            self._modes.silence &= ~modes.SILENCE_DUTY

    def _failed(self, code):
        self._errors = (self._errors + 1) & 0xFF
        self._failures += 1
        self._probed = False
        if self._failures == _FAILURES_TO_SAFE:
            self._events.put(EVENT_EPS_FAILED, code)
            self._modes.inhibit(modes.INHIBIT_POWER_UNKNOWN, modes.REASON_POWER_UNKNOWN)

    def _answered(self):
        if self._failures >= _FAILURES_TO_SAFE:
            self._events.put(EVENT_EPS_BACK, self._failures & 0xFFFF)
            self._modes.allow(modes.INHIBIT_POWER_UNKNOWN)
        self._failures = 0

    def _post(self):
        reading = self._reading
        state = _STATE_LOW if self._ladder.level >= ladder.SAFE else 0
        if self._failures:
            state |= _STATE_SILENT
        state |= self._ladder.level << 4
        struct.pack_into(
            self._record.format,
            self._record.data,
            0,
            reading[PowerMonitor.BATTERY_MV],
            reading[PowerMonitor.BATTERY_CURRENT],
            reading[PowerMonitor.BATTERY_TEMPERATURE],
            reading[PowerMonitor.SOLAR_CURRENT],
            reading[PowerMonitor.LOAD_MV],
            reading[PowerMonitor.LOAD_MV + 1],
            reading[PowerMonitor.LOAD_MV + 2],
            reading[PowerMonitor.LOAD_MV + 3],
            reading[PowerMonitor.LOAD_CURRENT],
            reading[PowerMonitor.LOAD_CURRENT + 1],
            reading[PowerMonitor.LOAD_CURRENT + 2],
            reading[PowerMonitor.LOAD_CURRENT + 3],
            reading[PowerMonitor.SWITCHES],
            reading[PowerMonitor.STATUS],
            state,
            self._errors,
        )
        self._record.post()
