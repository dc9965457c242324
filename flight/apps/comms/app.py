"""Comms: telecommands from the radio to the dispatcher, telemetry from the queues to the radio."""

import struct

import native
from flight import mission
from flight.apps.comms import definitions
from flight.core import failures, telemetry
from flight.packets import fields
from hal.compat import const

_FRAME_SIZE = const(223)
_RX_SIZE = const(256)
_TELECOMMAND_SIZE = const(256)  # a frame's data field has 248 bytes, and a packet lies in one
_RX_FRAMES_PER_STEP = const(4)
_PACKETS_PER_FRAME = const(32)
_TX_ROUNDS = const(128)
_SLOW_STEPS = const(20)  # housekeeping and radio settings every tenth second
_COUNTERS_SIZE = const(36)
_REFUSALS = const(9)  # rx_bad_length .. rx_unauthenticated
_FLUSH_STEPS = const(2)  # open frames go down once per second

STATE_SILENT = const(0)
STATE_RECEIVING = const(1)
STATE_CARRIER = const(2)

EVENT_RADIO_FAILED = const(0x0301)
EVENT_RADIO_BACK = const(0x0302)
EVENT_FRAME_REFUSED = const(0x0303)
EVENT_PACKET_REFUSED = const(0x0304)


class Comms:
    """The app "comms" of mission.APPS."""

    NAME = "comms"
    PERIOD_MS, OFFSET_MS, BUDGET_MS = mission.timing(NAME)

    def __init__(self, context):
        self._events = context.events
        self._modes = context.modes
        self._commands = context.commands
        self._params = context.params
        self._queues = context.telemetry.queues
        self._reports = context.event_reports
        self._time_reports = context.time_reports
        self._radio = context.board.radio
        self._link = context.board.link
        self._counters = context.store.claim(0x0301, self.NAME)
        self._record = context.store.claim(0x0302, self.NAME)
        self._counters_now = bytearray(_COUNTERS_SIZE)
        self._counters_known = bytearray(_COUNTERS_SIZE)
        self._refusals_at = fields.offset(definitions.LINK_FIELDS, "rx_bad_length")
        self._rate_at = context.params.place(0x0301)
        self._received = bytearray(_RX_SIZE)
        self._telecommand = bytearray(_TELECOMMAND_SIZE)
        self._frame = bytearray(_FRAME_SIZE)
        # The packet on its way into frames: it may span several.
        self._packet = bytearray(telemetry.PACKET_MAX)
        self._packet_vc = 0
        self._packet_at = 0
        self._packet_n = 0
        self._carrier = 1
        self._silence = 0  # as the radio was last set
        self._reset_seen = 0
        self._state = STATE_SILENT
        self._failures = 0
        self._errors = 0
        self._steps = 0
        self._sent = 0
        self._frames = 0
        self._refused = 0
        context.functions.handle(0x0301, self.set_carrier)

    def start(self):
        """Find the radio again; what waits to go down stays."""
        self._state = STATE_SILENT
        self._steps = 0
        self._link.counters_into(self._counters_known)

    def step(self, now_ms):
        """Receive and carry out, then send; the replies go down in the same step."""
        if self._steps == 0:
            self._post()
        if self._reset_seen != self._modes.radio_defaults:
            self._reset_seen = self._modes.radio_defaults
            self._carrier = 1
            self._steps = 0
        if self._state == STATE_SILENT or self._steps == 0 or self._silence != self._modes.silence:
            self._set_up()
        if self._state != STATE_SILENT:
            self._receive()
        self._reports.drain()
        if self._state == STATE_CARRIER:
            self._transmit(self._steps % _FLUSH_STEPS == 0)
        self._steps = (self._steps + 1) % _SLOW_STEPS

    def set_carrier(self, buf, off, owner):
        """Handler of `comms_carrier`."""
        self._carrier = buf[off]
        return failures.OK if self._set_up() else failures.DEVICE_ERROR

    def _set_up(self):
        """Identify the radio if it was silent, set carrier and rate."""
        status = 0
        self._silence = self._modes.silence
        carrier = 0 if self._silence else self._carrier
        if self._state == STATE_SILENT:
            status = self._radio.probe()
        if status >= 0:
            status = self._radio.control(carrier, self._params.u8(self._rate_at))
        if status < 0:
            self._failed(status)
            return False
        if self._failures:
            self._events.put(EVENT_RADIO_BACK, self._failures & 0xFFFF)
            self._failures = 0
        self._state = STATE_CARRIER if carrier else STATE_RECEIVING
        return True

    def _failed(self, status):
        self._errors = (self._errors + 1) & 0xFFFF
        self._failures += 1
        self._state = STATE_SILENT
        if self._failures == 1:
            self._events.put(EVENT_RADIO_FAILED, -status)

    def _receive(self):
        link = self._link
        for _ in range(_RX_FRAMES_PER_STEP):
            n = self._radio.receive(self._received)
            if n < 0:
                self._failed(n)
                return
            if n == 0:
                return
            self._frames = (self._frames + 1) & 0xFFFF
            status = link.rx_frame(self._received, n)
            if status < 0:
                self._refused = (self._refused + 1) & 0xFFFF
                self._events.put(EVENT_FRAME_REFUSED, self._refusal(), n)
                continue
            for _ in range(_PACKETS_PER_FRAME):
                n = link.rx_packet(self._telecommand)
                if n < 0:
                    self._events.put(EVENT_PACKET_REFUSED, -n)
                    self._link.counters_into(self._counters_known)
                if n <= 0:
                    break
                self._commands.receive(self._telecommand, n, link.rx_vc())

    def _refusal(self):
        """Why the last frame was refused: 1.. by the order of the refusals in link_counters, found
        by the counter that went on since the last time; 0 unknown."""
        now = self._counters_now
        self._link.counters_into(now)
        reason = 0
        for i in range(_REFUSALS):
            at = self._refusals_at + 2 * i
            if now[at] != self._counters_known[at]:
                reason = i + 1
        native.copy(self._counters_known, 0, now, 0, _COUNTERS_SIZE)
        return reason

    def _transmit(self, flush):
        """Queues in order of owner, host first; whole frames while the radio takes them."""
        link = self._link
        free = self._radio.tx_free()
        if free < 0:
            self._failed(free)
            return
        for _ in range(_TX_ROUNDS):
            if self._packet_at == self._packet_n and not self._next_packet():
                break
            taken = link.tx_push(self._packet_vc, self._packet, self._packet_at, self._packet_n)
            if taken < 0:
                # Nothing this app queues is refused; should it be, it must not block the rest.
                self._packet_at = self._packet_n
                continue
            self._packet_at += taken
            if self._packet_at < self._packet_n:
                if free == 0 or not self._send(self._packet_vc):
                    return
                free -= 1
        if not flush:
            return
        for vc in range(len(self._queues)):
            if free > 0 and link.tx_pending(vc) > 0:
                if not self._send(vc):
                    return
                free -= 1

    def _next_packet(self):
        vc = 0
        for queue in self._queues:
            n = queue.pop_into(self._packet)
            if n:
                self._packet_vc = vc
                self._packet_at = 0
                self._packet_n = n
                return True
            vc += 1
        return False

    def _send(self, vc):
        n = self._link.tx_frame(vc, self._frame)
        if n == 0:
            return True
        status = self._radio.send(self._frame, n)
        if status < 0:
            self._failed(status)
            return False
        self._sent = (self._sent + 1) & 0xFFFF
        if vc == 0:
            self._time_reports.frame_sent(self._frame, n)
        return True

    def _post(self):
        self._link.counters_into(self._counters.data)
        self._counters.post()
        queues = self._queues
        struct.pack_into(
            self._record.format,
            self._record.data,
            0,
            self._state,
            self._params.u8(self._rate_at),
            self._errors,
            self._sent,
            self._frames,
            self._refused,
            queues[0].waiting(),
            queues[1].waiting(),
            queues[2].waiting(),
            queues[3].waiting(),
        )
        self._record.post()
