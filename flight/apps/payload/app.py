"""Payload: timed temperature samples into a ring, while power and mode allow. Owned by EC."""

import struct

from flight import mission
from flight.apps.payload.tasks import Tasks
from flight.core import failures, modes
from hal.compat import const
from hal.errors import HalError

_RING = const(60)  # samples
_SAMPLE_SIZE = const(8)  # seconds u32, fraction u16, temperature i16
_BATCH = const(12)
_FAILURES_TO_EVENT = const(3)

STATE_OFF = const(0)
STATE_SAMPLING = const(1)
STATE_SILENT = const(2)

EVENT_FAILED = const(0x0401)
EVENT_BACK = const(0x0402)
EVENT_ON = const(0x0403)
EVENT_OFF = const(0x0404)


class Payload:
    """The app "payload" of mission.APPS."""

    NAME = "payload"
    PERIOD_MS, OFFSET_MS, BUDGET_MS = mission.timing(NAME)

    def __init__(self, context):
        self._events = context.events
        self._time = context.time
        self._params = context.params
        self._modes = context.modes
        self._thermometer = context.board.thermometer
        self._sample = context.store.claim(0x0401, self.NAME)
        self._batch = context.store.claim(0x0402, self.NAME)
        self._interval_at = context.params.place(0x0401)
        self._ring = bytearray(_RING * _SAMPLE_SIZE)
        self._head = 0  # place of the next sample
        self._stored = 0
        self._number = 0
        self._enabled = True  # by command
        self._allowed = False  # by mode
        self._probed = False
        self._failures = 0
        self._errors = 0
        self._wait_s = 0
        self._temperature = 0
        self._tasks = Tasks(context, self.PERIOD_MS // 1000)
        context.functions.handle(0x0401, self.enable)
        context.functions.handle(0x0402, self.dump)

    def start(self):
        """Go on as the mode says; the stored samples stay."""
        self._probed = False
        self._wait_s = 0
        self._allowed = self._modes.row[4] == 1

    def step(self, now_ms):
        """Sample when the interval has passed, or a task wants it; the packet goes down with the
        sample."""
        if not self._allowed:
            return
        if self._modes.inhibitors & modes.INHIBIT_PAYLOAD_SHED:
            self._probed = False
            return
        wanted = self._tasks.charge_all()
        due = False
        if self._enabled:
            self._wait_s -= self.PERIOD_MS // 1000
            due = self._wait_s <= 0
        if due:
            self._wait_s = self._params.u16(self._interval_at)
        if due or wanted:
            self._sample_now(due, wanted)
        self._tasks.pass_on()

    def _sample_now(self, due, wanted):
        """Measure once, for whoever wants it."""
        state = STATE_SAMPLING
        try:
            if not self._probed:
                self._thermometer.probe()
                self._probed = True
            self._temperature = self._thermometer.read()
        except HalError as error:
            state = STATE_SILENT
            self._failed(error.code)
        else:
            self._answered()
            if wanted:
                self._tasks.take(self._temperature)
            if due:
                self._keep()
        if due:
            self._post(state)

    def leave_mode(self, row):
        """Leaving a mode with payload ends sampling."""
        if row[4] and self._allowed:
            self._allowed = False
            self._events.put(EVENT_OFF)
            self._post(STATE_OFF)

    def enter_mode(self, row):
        """Entering a mode with payload begins sampling at the next step."""
        if row[4]:
            self._allowed = True
            self._probed = False
            self._wait_s = 0
            self._failures = 0
            self._events.put(EVENT_ON)

    def enable(self, buf, off, owner):
        """Handler of `payload_enable`."""
        self._enabled = buf[off] == 1
        self._wait_s = 0
        return failures.OK

    def dump(self, buf, off, owner):
        """Handler of `payload_dump`: the newest samples, oldest of them first."""
        count = min(buf[off], self._stored)
        if count == 0:
            return failures.REFUSED
        data = self._batch.data
        ring = self._ring
        first = (self._head - count) % _RING * _SAMPLE_SIZE
        for i in range(6):
            data[i] = ring[first + i]
        interval_s = self._params.u16(self._interval_at)
        data[6] = interval_s >> 8
        data[7] = interval_s & 0xFF
        data[8] = count
        for i in range(_BATCH):
            at = (self._head - count + i) % _RING * _SAMPLE_SIZE
            data[9 + 2 * i] = ring[at + 6] if i < count else 0
            data[10 + 2 * i] = ring[at + 7] if i < count else 0
        self._batch.post()
        return failures.OK

    def _keep(self):
        time = self._time
        struct.pack_into(
            ">IHh",
            self._ring,
            self._head * _SAMPLE_SIZE,
            time.seconds,
            time.fraction,
            self._temperature,
        )
        self._head = (self._head + 1) % _RING
        self._stored = min(self._stored + 1, _RING)
        self._number = (self._number + 1) & 0xFFFF

    def _failed(self, code):
        self._errors = (self._errors + 1) & 0xFF
        self._failures += 1
        self._probed = False
        if self._failures == _FAILURES_TO_EVENT:
            self._events.put(EVENT_FAILED, code)

    def _answered(self):
        if self._failures >= _FAILURES_TO_EVENT:
            self._events.put(EVENT_BACK, self._failures & 0xFFFF)
        self._failures = 0

    def _post(self, state):
        record = self._sample
        struct.pack_into(
            record.format,
            record.data,
            0,
            self._number,
            self._temperature,
            state,
            self._errors,
            self._stored,
        )
        record.post()
