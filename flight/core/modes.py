"""Spacecraft modes: the current one, requests for another, what inhibits the way up.

Anybody may request or inhibit; the supervisor alone applies (core/supervisor.py).
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

INHIBIT_BATTERY_LOW = const(1)
INHIBIT_POWER_UNKNOWN = const(2)
INHIBIT_ATTITUDE_LOST = const(4)
INHIBIT_GYRO_LOST = const(8)
# Any of these keeps the spacecraft in safe mode; a lost gyro only out of nominal, since B-dot does
# not need it.
KEEPS_SAFE = const(7)
KEEPS_OUT_OF_NOMINAL = const(15)

EVENT_CHANGED = const(0x0005)
EVENT_REFUSED = const(0x0006)


class Modes:
    """`current` and `row` (of MODES), `reason`, `inhibitors`, `requested` (0 none).

    `mission` supplies the tables: SAFE, DETUMBLE, NOMINAL, MODES, TRANSITIONS (flight/mission.py).
    """

    def __init__(self, events, mission):
        self._events = events
        self._mission = mission
        self.current = mission.SAFE
        self.row = mission.MODES[0]
        self.reason = REASON_BOOT
        self.inhibitors = 0
        self.requested = 0
        self.request_reason = 0
        self.followers = []  # scheduler entries of apps with leave_mode(row), enter_mode(row)

    def allowed(self, mode):
        """True when there is a transition from here to `mode` and nothing inhibits it."""
        if mode == self._mission.DETUMBLE and self.inhibitors & KEEPS_SAFE:
            return False
        if mode == self._mission.NOMINAL and self.inhibitors & KEEPS_OUT_OF_NOMINAL:
            return False
        for transition in self._mission.TRANSITIONS:
            if transition[0] == self.current and transition[1] == mode:
                return True
        return False

    def request(self, mode, reason):
        """Ask for `mode`. Of several requests between two steps the lowest mode wins."""
        if mode == self.current and self.requested == 0:
            return
        if self.requested == 0 or mode < self.requested:
            self.requested = mode
            self.request_reason = reason

    def inhibit(self, bit, reason):
        """Set an inhibitor, and ask for the mode it allows."""
        if self.inhibitors & bit:
            return
        self.inhibitors |= bit
        if bit & KEEPS_SAFE:
            self.request(self._mission.SAFE, reason)
        elif self.current == self._mission.NOMINAL:
            self.request(self._mission.DETUMBLE, reason)

    def allow(self, bit):
        """Clear an inhibitor."""
        self.inhibitors &= ~bit

    def apply(self):
        """Supervisor only: carry out the request. True when the mode changed."""
        mode = self.requested
        reason = self.request_reason
        self.requested = 0
        if mode == 0 or mode == self.current:
            return False
        step = self.current << 8 | mode
        if not self.allowed(mode):
            self._events.put(EVENT_REFUSED, step, reason)
            return False
        self.current = mode
        self.reason = reason
        for row in self._mission.MODES:
            if row[0] == mode:
                self.row = row
        self._events.put(EVENT_CHANGED, step, reason)
        return True
