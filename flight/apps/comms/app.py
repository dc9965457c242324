"""Comms: telecommands from the radio to the dispatcher, telemetry from the queues to the radio."""

from flight import mission, partners
from flight.apps.comms.reports import Reports
from flight.core import failures
from hal.compat import const

_CADU_SIZE = const(259)
_RX_SIZE = const(256)
_TELECOMMAND_SIZE = const(256)  # a packet lies in one frame, which has 256 bytes at most
_RX_READS_PER_STEP = const(8)
_PACKETS_PER_FRAME = const(40)
_TX_ROUNDS = const(24)
_SLOW_STEPS = const(20)  # housekeeping and radio settings every tenth second
_FLUSH_STEPS = const(2)  # open frames go down once per second
_IDLE_VC = const(7)
_CHANNELS = const(4)
_SHARE = const(7)  # column of QUOTAS
_EMERGENCY_MAP = const(15)
_E_IO = const(-5)

STATE_SILENT = const(0)
STATE_RECEIVING = const(1)
STATE_CARRIER = const(2)

# link.outcome()
_NOTHING = const(0)
_PACKETS = const(1)
_REFUSED = const(3)

EVENT_RADIO_FAILED = const(0x0301)
EVENT_RADIO_BACK = const(0x0302)
EVENT_FRAME_REFUSED = const(0x0303)
EVENT_PACKET_REFUSED = const(0x0304)
EVENT_ASSOCIATIONS_DOWN = const(0x0305)
EVENT_ASSOCIATIONS_UP = const(0x0306)

# What is told of a refusal, by enum mf_tc_refusal. Nobody learns more who is not the owner of the
# channel: which check of security failed is in his counters only.
_TOLD = bytes((1, 1, 2, 2, 2, 2, 2, 3, 3, 2, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5))


class Comms:
    """The app "comms" of mission.APPS."""

    NAME = "comms"
    PERIOD_MS, OFFSET_MS, BUDGET_MS = mission.timing(NAME)

    def __init__(self, context):
        self._events = context.events
        self._modes = context.modes
        self._gate = context.gate
        self._commands = context.commands
        self._accounts = context.accounts
        self._params = context.params
        self._telemetry = context.telemetry
        self._queues = context.telemetry.queues
        self._reports = context.event_reports
        self._time_reports = context.time_reports
        self._radio = context.board.radio
        self._link = context.board.link
        self._reports_of_link = Reports(context, self.NAME)
        self._rate_at = context.params.place(0x0301)
        self._idle_at = context.params.place(0x0302)
        self._received = bytearray(_RX_SIZE)
        self._telecommand = bytearray(_TELECOMMAND_SIZE)
        self._frame = bytearray(_CADU_SIZE)
        self._credit = bytearray(_CHANNELS)  # frames that a channel is still owed
        self._overdue = 0  # bit per channel whose open frame is to go
        self._held = 0  # bit per channel whose frames cannot be protected
        self._carrier = 1
        self._silence = 0  # this and the next: as the radio was last set
        self._contact_rate = self._rate = 0
        self._reset_seen = 0
        self._state = STATE_SILENT
        self._failures = 0
        self._errors = 0
        self._steps = 0
        self._sent = 0
        self._frames = 0
        self._refused = 0
        self._down = 0  # associations that are not operational
        self._quiet = 0  # steps since the last frame was sent
        context.functions.handle(0x0301, self.set_carrier)
        context.functions.handle(0x0302, self.rekey)
        self._link.start()

    def start(self):
        """Find the radio again; what waits to go down stays."""
        self._state = STATE_SILENT
        self._steps = 0
        self._tell_associations(self._link.keep())

    def step(self, now_ms):
        """Receive and carry out, then send; the replies go down in the same step."""
        if self._steps == 0:
            self._held = 0
            self._tell_associations(self._link.keep())
            self._post()
        if self._reset_seen != self._modes.radio_defaults:
            self._reset_seen = self._modes.radio_defaults
            self._carrier = 1
            self._steps = 0
        if self._state == STATE_SILENT or self._steps == 0 or self._other_settings():
            self._set_up()
        if self._state != STATE_SILENT:
            self._receive()
        self._reports.drain()
        self._quiet += 1
        if self._state == STATE_CARRIER:
            self._transmit(self._steps % _FLUSH_STEPS == 0)
            self._telemetry.more.rest()
        self._steps = (self._steps + 1) % _SLOW_STEPS

    def set_carrier(self, buf, off, owner):
        """Handler of `comms_carrier`."""
        self._carrier = buf[off]
        return failures.OK if self._set_up() else failures.DEVICE_ERROR

    def rekey(self, buf, off, owner):
        """Handler of `rekey`. What is wrong with a key is not told: it is refused."""
        status = self._link.rekey(owner, buf, off)
        if status >= 0:
            return failures.OK
        return failures.DEVICE_ERROR if status == _E_IO else failures.REFUSED

    def _set_up(self):
        """Identify the radio if it was silent, set carrier and rate."""
        status = 0
        self._silence = self._gate.muted(self._modes.silence)
        self._contact_rate = self._gate.rate
        self._rate = self._gate.rate_code(self._params.u8(self._rate_at))
        carrier = 0 if self._silence else self._carrier
        if self._state == STATE_SILENT:
            status = self._radio.probe()
        if status >= 0:
            status = self._radio.control(carrier, self._rate)
        if status < 0:
            self._failed(status)
            return False
        if self._failures:
            self._events.put(EVENT_RADIO_BACK, self._failures & 0xFFFF)
            self._failures = 0
        self._state = STATE_CARRIER if carrier else STATE_RECEIVING
        return True

    def _other_settings(self):
        """Silence or the contact's rate are not as the radio was last set."""
        gate = self._gate
        silence = gate.muted(self._modes.silence)
        return self._silence != silence or self._contact_rate != gate.rate

    def _failed(self, status):
        self._errors = (self._errors + 1) & 0xFFFF
        self._failures += 1
        self._state = STATE_SILENT
        if self._failures == 1:
            self._events.put(EVENT_RADIO_FAILED, -status)

    def _tell_associations(self, down):
        if down != self._down:
            self._events.put(EVENT_ASSOCIATIONS_DOWN if down else EVENT_ASSOCIATIONS_UP, down)
        self._down = down

    def _receive(self):
        """All octets that have come; refusals are told once per step, with the last reason."""
        refused = 0
        reason = 0
        link = self._link
        received = self._received
        for _ in range(_RX_READS_PER_STEP):
            n = self._radio.receive(received)
            if n < 0:
                self._failed(n)
                break
            if n == 0:
                break
            at = 0
            while at < n:
                at += link.receive(received, at, n)
                outcome = link.outcome()
                if outcome == _NOTHING:
                    continue
                self._frames = (self._frames + 1) & 0xFFFF
                if outcome == _REFUSED:
                    refused += 1
                    reason = _TOLD[link.refusal()]
                elif outcome == _PACKETS:
                    self._carry_out()
        if refused:
            self._refused = (self._refused + refused) & 0xFFFF
            self._events.put(EVENT_FRAME_REFUSED, reason, refused)

    def _carry_out(self):
        """The packets of the frame that was accepted."""
        link = self._link
        for _ in range(_PACKETS_PER_FRAME):
            n = link.packet(self._telecommand)
            if n < 0:
                self._events.put_about(link.vc(), EVENT_PACKET_REFUSED, link.vc())
            if n <= 0:
                return
            self._commands.receive(self._telecommand, n, link.vc(), link.map() == _EMERGENCY_MAP)

    def _transmit(self, flush):
        """Frames by the shares of the channels, host first; open ones when it is `flush` time."""
        free = self._radio.tx_free()
        if free < 0:
            self._failed(free)
            return
        free = self._send_waiting(self._gate.free(free))
        if flush:
            for vc in range(_CHANNELS):
                if self._link.tx_pending(vc) > 0:
                    self._overdue |= 1 << vc
            free = self._send_waiting(free)
        if free > 0 and self._idle_due():
            self._send(_IDLE_VC)

    def _send_waiting(self, free):
        """Frames that are full or overdue; how many more the radio takes, 0 when it failed."""
        for _ in range(_TX_ROUNDS):
            vc = self._next_channel() if free > 0 else -1
            if vc < 0:
                break
            if not (self._fill(vc) or self._overdue >> vc & 1):
                continue
            sent = self._send(vc)
            if sent < 0:
                return 0
            free -= sent
            self._credit[vc] -= sent
            self._overdue &= ~(1 << vc)
        return free

    def _next_channel(self):
        """The first channel with something that is owed frames; when none is, all are again."""
        credit = self._credit
        held = self._held | self._gate.held
        for _ in range(2):
            for vc in range(_CHANNELS):
                if credit[vc] and not held >> vc & 1 and self._waits(vc):
                    return vc
            for vc in range(_CHANNELS):
                credit[vc] = partners.QUOTAS[vc][_SHARE]
        return -1

    def _waits(self, vc):
        """Something can go down: packets, or an overdue frame, which else full ones would keep."""
        return self._overdue >> vc & 1 or self._ready(vc)

    def _ready(self, vc):
        return self._queues[vc].waiting() > 0 or self._telemetry.more.ready(vc)

    def _fill(self, vc):
        """Packets into the channel's open frame; True when it is full and something still waits."""
        queue = self._queues[vc]
        for _ in range(_PACKETS_PER_FRAME):
            if queue.waiting() == 0 and not self._telemetry.more.feed(vc):
                return False
            if queue.give(self._link, vc) <= 0:
                break
        return self._ready(vc)

    def _idle_due(self):
        """Nothing has gone for long, or somebody waits for the report of a telecommand channel."""
        idle_s = self._params.u8(self._idle_at)
        return idle_s and (self._link.news() or self._quiet * self.PERIOD_MS >= idle_s * 1000)

    def _send(self, vc):
        """Close the frame of a channel: 1 sent, 0 not, -1 the radio failed."""
        n = self._link.tx_frame(vc, self._frame)
        if n <= 0:
            if n < 0:
                # It cannot be protected now: what is in it stays, and the other channels go on.
                self._held |= 1 << vc
            return 0
        self._quiet = 0
        status = self._radio.send(self._frame, n)
        if status < 0:
            self._failed(status)
            return -1
        self._sent = (self._sent + 1) & 0xFFFF
        self._gate.sent()
        if vc < _CHANNELS:
            self._accounts.send(vc)
        if vc == 0:
            self._time_reports.frame_sent(self._frame, n)
        return 1

    def _post(self):
        self._reports_of_link.post(
            self._state,
            self._rate,
            self._errors,
            self._sent,
            self._frames,
            self._refused,
            self._down,
        )
