"""Deployables: arm, fire, confirm, try again; one at a time, each step a second.

The attempt is stored before the wire gets current, so that a reset in between counts it. Nothing
is tried while the launch inhibits or the battery is low.
"""

from flight.core import failures, modes
from flight.core.leop import ALL_OUT, DEPLOYABLES
from hal.compat import const
from hal.errors import HalError

IDLE = const(0)
ARMED = const(1)
BURNING = const(2)
CONFIRMING = const(3)

_NONE = const(-1)

EVENT_BURN = const(0x0703)
EVENT_OUT = const(0x0704)
EVENT_GIVEN_UP = const(0x0705)
EVENT_EPS = const(0x0708)


class Deployment:
    """`state` for housekeeping. What has been done is kept by core/leop.py."""

    def __init__(self, context):
        self._leop = context.leop
        self._eps = context.board.eps
        self._events = context.events
        self._modes = context.modes
        self._params = context.params
        self._burn_at = context.params.place(0x0703)
        self._attempts_at = context.params.place(0x0704)
        self._retry_at = context.params.place(0x0705)
        self.state = IDLE
        self._which = _NONE
        self._pause_s = 0
        context.functions.handle(0x0701, self.deploy)
        context.functions.handle(0x0702, self.confirm)

    def start(self):
        """After a restart of the app nobody knows what the EPS was told: let it disarm."""
        self.state = IDLE
        self._pause_s = 0

    def step(self):
        """One second of the sequence."""
        leop = self._leop
        if leop.launching or leop.deployed | leop.given_up == ALL_OUT and self.state == IDLE:
            return
        if self._pause_s > 0:
            self._pause_s -= 1
            return
        try:
            self._go_on()
        except HalError as error:
            self._events.put(EVENT_EPS, error.code)
            self.state = IDLE
            self._pause_s = self._params.u16(self._retry_at)

    def deploy(self, buf, off, owner):
        """Handler of `deploy`, which the service has found armed."""
        leop = self._leop
        if leop.launching or self.state != IDLE:
            return failures.REFUSED
        keep = ALL_OUT ^ 1 << buf[off]
        leop.deployed &= keep
        leop.given_up &= keep
        leop.attempts[buf[off]] = 0
        self._pause_s = 0
        return failures.STORAGE_ERROR if leop.save() < 0 else failures.OK

    def confirm(self, buf, off, owner):
        """Handler of `deploy_confirm`, which the service has found armed."""
        leop = self._leop
        if leop.launching or self.state != IDLE:
            return failures.REFUSED
        leop.deployed |= 1 << buf[off]
        return failures.STORAGE_ERROR if leop.save() < 0 else failures.OK

    def _go_on(self):
        if self.state == IDLE:
            self._begin()
        elif self.state == ARMED:
            self._fire()
        elif self.state == BURNING:
            self._eps.burn(0)
            self._eps.arm(0)
            self.state = CONFIRMING
        else:
            self._judge()

    def _begin(self):
        """Choose what is not out yet; what the switch says is out needs no wire."""
        if self._modes.inhibitors & (modes.INHIBIT_BATTERY_LOW | modes.INHIBIT_POWER_UNKNOWN):
            return
        leop = self._leop
        out = self._eps.read_deployed()
        for which in range(DEPLOYABLES):
            bit = 1 << which
            if (leop.deployed | leop.given_up) & bit:
                continue
            # One whose switch is closed from the start may be stuck there: the first attempt of a
            # commanded deployment burns all the same.
            if out & bit and leop.attempts[which]:
                self._done(which)
                return
            self._which = which
            self._eps.arm(bit)
            self.state = ARMED
            return

    def _fire(self):
        leop = self._leop
        which = self._which
        leop.attempts[which] = min(255, leop.attempts[which] + 1)
        leop.save()
        self._events.put(EVENT_BURN, which, leop.attempts[which])
        self._eps.burn(1 << which)
        self.state = BURNING
        self._pause_s = self._params.u8(self._burn_at) - 1

    def _judge(self):
        leop = self._leop
        which = self._which
        self.state = IDLE
        if self._eps.read_deployed() >> which & 1:
            self._done(which)
        elif leop.attempts[which] >= self._params.u8(self._attempts_at):
            leop.given_up |= 1 << which
            leop.save()
            self._events.put(EVENT_GIVEN_UP, which, leop.attempts[which])
        else:
            self._pause_s = self._params.u16(self._retry_at)

    def _done(self, which):
        leop = self._leop
        leop.deployed |= 1 << which
        leop.save()
        self._events.put(EVENT_OUT, which, leop.attempts[which])
