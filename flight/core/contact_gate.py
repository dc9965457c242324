"""The gate of the transmitter: it is on in contacts only, and when in doubt.

One rule holds at a time, the first of these that applies:

    GATE_UNUSED       the parameter says so
    GATE_NO_PLAN      neither stations nor a plan have been loaded
    GATE_NO_TIME      mission time is not to be trusted: a lost clock never makes a mute satellite
    GATE_LOST         no telecommand for so long that what is on board may be why
    GATE_WINDOW       a station sees the spacecraft
    GATE_NO_ORBIT     windows are to come from the orbit, and it is not known
    GATE_TELECOMMAND  somebody was heard within `open_s`: he stands where nobody was expected
    GATE_BEACON       two frames of the host's channel every `beacon_s`
    GATE_CLOSED

While the gate is closed, `modes.silence` has SILENCE_WINDOW, as launch, low battery and cease of
emission have their own bits: any bit keeps the transmitter off, whatever the gate says.

The carrier takes with it what has not been sent yet. So frames are given out (`frames`) only as
long as they can go before the gate closes.
"""

from flight.core.modes import SILENCE_WINDOW
from hal.compat import const

GATE_CLOSED = const(0)
GATE_BEACON = const(1)
GATE_TELECOMMAND = const(2)
GATE_WINDOW = const(3)
GATE_NO_ORBIT = const(4)
GATE_NO_TIME = const(5)
GATE_LOST = const(6)
GATE_NO_PLAN = const(7)
GATE_UNUSED = const(8)

RATE_DEFAULT = const(255)
ALL_FRAMES = const(255)
NO_END = const(65535)

_STALE_S = const(5)
_BEACON_FRAMES = const(2)
_PARTNERS = const(0x0E)  # channels that have no part in a beacon
# By rate: time [s] in which all slots of the radio are sent, and two frames, with half a second
# until comms gives them to it.
_DRAIN_S = b"\x0f\x08\x05\x03\x02\x02"
_BEACON_ON_S = b"\x05\x03\x02\x02\x02\x02"


class Gate:
    """`reason`: rule that holds. For comms: `frames` that may be sent now, `held` (bit per channel
    that may send none), `rate` (code, or RATE_DEFAULT), `muted(silence)`."""

    def __init__(self, time):
        self._time = time
        self.reason = GATE_NO_PLAN
        self.frames = ALL_FRAMES
        self.held = 0
        self.rate = RATE_DEFAULT
        self.remaining_s = NO_END
        self.openings = 0
        self.beacons = 0
        self._until_s = -1  # uptime: a telecommand keeps it open until then
        self._beacon_s = 0  # uptime of the last time that something could be sent
        self._beacon_end_s = 0
        self._dry_s = 0  # uptime at which the radio has sent all it has
        self._judged_s = 0
        self._soon = True

    def hear(self, open_s):
        """A valid telecommand has come by radio."""
        self._until_s = self._time.uptime_s + open_s

    def listening(self):
        """Somebody may hear what is said now: a contact, or a beacon within two seconds."""
        return self._soon or self._stale()

    def _stale(self):
        """Nobody judges it any more."""
        return self._time.uptime_s - self._judged_s > _STALE_S

    def judge(self, open_reason, window_left_s, rate, default_rate, beacon_s):
        """Once a second. `open_reason`: rule of those that need neither windows nor the ground's
        telecommands, or GATE_CLOSED; `window_left_s`: of the windows that are open, -1 none;
        `rate`: that of their stations. True when the rule is another one."""
        now_s = self._time.uptime_s
        self._judged_s = now_s
        before = self.reason
        heard_left_s = self._until_s - now_s
        left_s = NO_END
        if open_reason > GATE_NO_ORBIT:
            reason = open_reason
        elif window_left_s >= 0:
            reason = GATE_WINDOW
            left_s = max(window_left_s, heard_left_s)
        elif open_reason == GATE_NO_ORBIT:
            reason = open_reason
        elif heard_left_s > 0:
            reason = GATE_TELECOMMAND
            left_s = heard_left_s
        else:
            reason = self._beacon(now_s, default_rate, beacon_s)
            left_s = 0
        if reason > GATE_BEACON:
            self._open(now_s, reason, left_s, rate, default_rate)
        elif before > GATE_BEACON and self._draining(now_s, default_rate):
            return False
        else:
            self.rate = RATE_DEFAULT
            if reason == GATE_CLOSED:
                self.frames = 0
        if reason > GATE_BEACON >= before:
            self.openings = (self.openings + 1) & 0xFFFF
        self.reason = reason
        self.remaining_s = min(left_s, NO_END)
        self._soon = reason > GATE_BEACON or 0 < beacon_s <= now_s - self._beacon_s + 2
        return reason != before

    def _open(self, now_s, reason, left_s, rate, default_rate):
        """A telecommand outside windows is answered at the rate at which it was heard."""
        if reason == GATE_WINDOW:
            self.rate = rate
        elif reason != GATE_TELECOMMAND:
            self.rate = RATE_DEFAULT
        self._beacon_s = now_s
        self.held = 0
        drain_s = self._drain_s(default_rate)
        if left_s > drain_s:
            self.frames = ALL_FRAMES
        elif self.frames:
            self.frames = 0
            self._dry_s = now_s + left_s

    def _draining(self, now_s, default_rate):
        """It is to close: what the radio has is sent before."""
        if self.frames:
            self.frames = 0
            self._dry_s = now_s + self._drain_s(default_rate)
        return now_s < self._dry_s

    def _drain_s(self, default_rate):
        return _DRAIN_S[self.rate_code(default_rate)]

    def muted(self, silence):
        """`modes.silence` as far as it counts: a gate not judged for seconds is open."""
        if silence & SILENCE_WINDOW and self._stale():
            return silence & ~SILENCE_WINDOW
        return silence

    def rate_code(self, default_rate):
        """Rate of the radio now."""
        return default_rate if self.rate == RATE_DEFAULT else self.rate

    def free(self, slots):
        """Of so many free slots of the radio those that may be used."""
        if self._stale():
            self.held = 0
            return slots
        return min(slots, self.frames)

    def sent(self):
        """A frame was given to the radio."""
        if self.frames != ALL_FRAMES and self.frames > 0:
            self.frames -= 1

    def _beacon(self, now_s, default_rate, beacon_s):
        if self.reason == GATE_BEACON and now_s < self._beacon_end_s:
            return GATE_BEACON
        if beacon_s == 0 or now_s - self._beacon_s < beacon_s:
            return GATE_CLOSED
        self._beacon_s = now_s
        self._beacon_end_s = now_s + _BEACON_ON_S[default_rate]
        self.frames = _BEACON_FRAMES
        self.held = _PARTNERS
        self.beacons = (self.beacons + 1) & 0xFFFF
        return GATE_BEACON
