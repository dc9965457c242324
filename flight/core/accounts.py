"""Accounts: what every owner has sent, what of it was refused and why, and what is left of his
quota of telecommands.

Telecommands by radio cost a token each. An owner has so many at once, and gets so many per minute
back; whoever has none left is refused (`rate_limit`) whatever he sends. The host's emergency
association has tokens of its own. What is stored and released later has been paid for.
"""

from array import array

from flight import partners
from flight.core import failures
from hal.compat import const

_COUNT = const(4)
_EMERGENCY = const(4)  # row of the tokens behind those of the owners
_AT_ONCE = const(3)  # columns of QUOTAS
_PER_MINUTE = const(4)
_COST = const(60)  # of a telecommand, so that the rate is one of each second
_U30 = const(0x3FFFFFFF)


class Accounts:
    """Arrays by owner, u16 counters that wrap: `received` by radio, `accepted`, `refused`, and of
    these `over_rate`, `over_quota`, `not_authorised`; `last` failure code; `octets` received;
    `frames` sent. `suspended`: bit per owner. `unanswered`: packets refused that no verification
    report can answer, since they were told last, at most 255.

    Those who hold something for the owners put it here: `scheduled` and `sequences` (counts by
    owner), `switches` of the schedule, `actions` (their table), `archives`, `file_octets`, `tasks`
    of the payload."""

    def __init__(self, time):
        self._time = time
        self.received = array("H", bytes(2 * _COUNT))
        self.accepted = array("H", bytes(2 * _COUNT))
        self.refused = array("H", bytes(2 * _COUNT))
        self.over_rate = array("H", bytes(2 * _COUNT))
        self.over_quota = array("H", bytes(2 * _COUNT))
        self.not_authorised = array("H", bytes(2 * _COUNT))
        self.last = bytearray(_COUNT)
        self.octets = array("I", bytes(4 * _COUNT))
        self.frames = array("I", bytes(4 * _COUNT))
        self.suspended = 0
        self.unanswered = bytearray(_COUNT)
        self.scheduled = self.sequences = self.switches = self.actions = None
        self.archives = self.file_octets = self.tasks = None
        self._credit = array("H")
        self._paid_s = array("I", bytes(4 * (_COUNT + 1)))
        for row in range(_COUNT + 1):
            self._credit.append(_quota(row, _AT_ONCE) * _COST)

    def hear(self, owner, n, emergency):
        """Charge a telecommand of `n` octets that came by radio; False when it is one too many."""
        self.received[owner] = (self.received[owner] + 1) & 0xFFFF
        self.add_octets(owner, n)
        row = _EMERGENCY if emergency else owner
        self._refill(row)
        if self._credit[row] < _COST:
            return False
        self._credit[row] -= _COST
        return True

    def add_octets(self, owner, n):
        """Count what came by radio, telecommand or not."""
        self.octets[owner] = (self.octets[owner] + n) & _U30

    def tokens(self, owner):
        """Telecommands that the owner may send at once now."""
        self._refill(owner)
        return self._credit[owner] // _COST

    def accept(self, owner):
        """Count one that was accepted."""
        self.accepted[owner] = (self.accepted[owner] + 1) & 0xFFFF

    def refuse(self, owner, code):
        """Count one that was refused or failed."""
        self.refused[owner] = (self.refused[owner] + 1) & 0xFFFF
        self.last[owner] = code
        if code == failures.RATE_LIMIT:
            self.over_rate[owner] = (self.over_rate[owner] + 1) & 0xFFFF
        elif code == failures.QUOTA_FULL:
            self.over_quota[owner] = (self.over_quota[owner] + 1) & 0xFFFF
        elif code == failures.NOT_AUTHORISED or code == failures.WRONG_APID:
            self.not_authorised[owner] = (self.not_authorised[owner] + 1) & 0xFFFF

    def leave_unanswered(self, owner):
        """Count one that holds no telecommand header to answer to."""
        self.unanswered[owner] = min(255, self.unanswered[owner] + 1)

    def send(self, owner):
        """Count a telemetry frame."""
        self.frames[owner] = (self.frames[owner] + 1) & _U30

    def _refill(self, row):
        now_s = self._time.uptime_s
        most = _quota(row, _AT_ONCE) * _COST
        passed_s = min(now_s - self._paid_s[row], most)
        self._paid_s[row] = now_s
        self._credit[row] = min(most, self._credit[row] + passed_s * _quota(row, _PER_MINUTE))


def _quota(row, column):
    if row == _EMERGENCY:
        return partners.EMERGENCY[column - _AT_ONCE]
    return partners.QUOTAS[row][column]
