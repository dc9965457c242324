"""Spacecraft modes: the current one, requests for another, what inhibits the way up.

Anybody may request or inhibit; the supervisor alone applies (core/supervisor.py). A transition with
a debounce waits until its request has stood for so many steps of the supervisor; a request that is
not renewed is forgotten. A commanded change waits for nothing.
"""

from hal.compat import const

REASON_BOOT = const(0)
REASON_COMMAND = const(1)
REASON_CHECKS_PASSED = const(2)
REASON_DETUMBLED = const(3)
REASON_RATE_HIGH = const(4)
REASON_ATTITUDE_LOST = const(5)
REASON_BATTERY_LOW = const(6)
REASON_POWER_UNKNOWN = const(7)
REASON_OVERRUN = const(8)
REASON_RETRY = const(9)
REASON_GYRO_LOST = const(10)
REASON_LAUNCH = const(11)
REASON_LAUNCH_OVER = const(12)
REASON_COMMAND_LOSS = const(13)
REASON_BATTERY_CRITICAL = const(14)
REASON_POWER_BACK = const(15)
REASON_PAYLOAD_SHED = const(16)
REASON_TIME_OVER = const(17)
REASON_SURVIVED = const(18)

INHIBIT_BATTERY_LOW = const(1)
INHIBIT_POWER_UNKNOWN = const(2)
INHIBIT_ATTITUDE_LOST = const(4)
INHIBIT_GYRO_LOST = const(8)
INHIBIT_COMMAND_LOSS = const(16)
INHIBIT_LAUNCH = const(32)
INHIBIT_PAYLOAD_SHED = const(64)
INHIBIT_BATTERY_CRITICAL = const(128)
# Any of these keeps the spacecraft in safe mode or below; a lost gyro only out of nominal, since
# B-dot does not need it; a shed payload keeps it off in every mode.
KEEPS_SAFE = const(183)
KEEPS_OUT_OF_NOMINAL = const(191)

# Bits of `silence`: whoever sets one keeps the transmitter off.
SILENCE_LAUNCH = const(1)
SILENCE_DUTY = const(2)
SILENCE_CEASED = const(4)  # by command, kept in the boot record
SILENCE_WINDOW = const(8)  # no contact (core/contact_gate.py)

EVENT_CHANGED = const(0x0005)
EVENT_REFUSED = const(0x0006)

_RENEWED_STEPS = const(3)  # requests come at least every second, the supervisor looks at 2 Hz


class Modes:
    """`current` and `row` (of MODES), `reason`, `inhibitors`, `requested` (0 none).

    `silence`: bits that keep the transmitter off; `radio_defaults` goes on by one when the radio is
    to go back to its defaults. `mission` supplies the tables (flight/mission.py).
    """

    def __init__(self, events, mission):
        self._events = events
        self._mission = mission
        self.current = mission.SAFE
        self.row = self._row(mission.SAFE)
        self.reason = REASON_BOOT
        self.inhibitors = 0
        self.silence = 0
        self.radio_defaults = 0
        self.requested = 0
        self.request_reason = 0
        self._standing = 0  # a request that waits for its debounce
        self._stood = 0  # steps since it was made
        self._unrenewed = 0
        self.followers = []  # scheduler entries of apps with leave_mode(row), enter_mode(row)

    def begin(self, mode, reason):
        """The mode the spacecraft starts in. Boot time only."""
        self.current = mode
        self.row = self._row(mode)
        self.reason = reason

    def allowed(self, mode):
        """True when there is a transition from here to `mode` and nothing inhibits it."""
        return self._transition(mode) is not None and not self._inhibited(mode)

    def request(self, mode, reason):
        """Ask for `mode`. Of several requests between two steps the most careful mode wins."""
        if mode == self.current and self.requested == 0:
            return
        if self.requested == 0 or self._care(mode) < self._care(self.requested):
            self.requested = mode
            self.request_reason = reason

    def inhibit(self, bit, reason):
        """Set an inhibitor, and ask for the mode it allows."""
        if self.inhibitors & bit:
            return
        self.inhibitors |= bit
        mission = self._mission
        current = self.current
        if current == mission.LAUNCH:
            return
        if bit & INHIBIT_BATTERY_CRITICAL:
            self.request(mission.SURVIVAL, reason)
        elif bit & KEEPS_SAFE:
            if current != mission.SURVIVAL:
                self.request(mission.SAFE, reason)
        elif bit & INHIBIT_PAYLOAD_SHED:
            if current == mission.PAYLOAD:
                self.request(mission.NOMINAL, reason)
        elif self._care(current) >= self._care(mission.NOMINAL):
            self.request(mission.DETUMBLE, reason)

    def allow(self, bit):
        """Clear an inhibitor."""
        self.inhibitors &= ~bit

    def apply(self):
        """Supervisor only: carry out the request. True when the mode changed."""
        mode = self.requested
        reason = self.request_reason
        self.requested = 0
        if self._standing:
            self._stood += 1
            self._unrenewed += 1
            if self._unrenewed >= _RENEWED_STEPS:
                self._standing = 0
        if mode == 0 or mode == self.current:
            return False
        step = self.current << 8 | mode
        if not self.allowed(mode):
            self._events.put(EVENT_REFUSED, step, reason)
            return False
        debounce = self._transition(mode)[2]
        if self.inhibitors & KEEPS_OUT_OF_NOMINAL or reason == REASON_COMMAND:
            debounce = 0  # what inhibits is certain
        if debounce:
            if self._standing != mode:
                self._standing = mode
                self._stood = 0
            self._unrenewed = 0
            if self._stood < debounce:
                return False
        self._standing = 0
        self.current = mode
        self.reason = reason
        self.row = self._row(mode)
        self._events.put(EVENT_CHANGED, step, reason)
        return True

    def _transition(self, mode):
        for transition in self._mission.TRANSITIONS:
            if transition[0] == self.current and transition[1] == mode:
                return transition
        return None

    def _inhibited(self, mode):
        mission = self._mission
        inhibitors = self.inhibitors
        if inhibitors & INHIBIT_LAUNCH:
            return True
        if mode == mission.SURVIVAL:
            return False
        if mode == mission.SAFE:
            return inhibitors & INHIBIT_BATTERY_CRITICAL != 0
        if mode == mission.DETUMBLE:
            return inhibitors & KEEPS_SAFE != 0
        if mode == mission.PAYLOAD and inhibitors & INHIBIT_PAYLOAD_SHED:
            return True
        return inhibitors & KEEPS_OUT_OF_NOMINAL != 0

    def _care(self, mode):
        """Place of a mode in the table, which begins with the most careful one."""
        place = 0
        for row in self._mission.MODES:
            if row[0] == mode:
                return place
            place += 1
        return place

    def _row(self, mode):
        return self._mission.MODES[self._care(mode)]
