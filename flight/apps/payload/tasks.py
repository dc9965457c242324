"""Tasks: the payload measures for whoever has seconds of it left.

A task takes a sample every so many seconds, for so long. The instrument serves any number of owners
at once, so that no task waits for another's; each is charged its own time. Twelve samples, or what
there is at the end, are a batch for the science store. A task pauses, uncharged, while the mode or
the host forbids the payload, and does not outlive a reset.
"""

import struct
from array import array

from flight.core import failures
from flight.core.science import BODY_SIZE, COUNT_AT
from hal.compat import const

_OWNERS = const(4)
_BATCH = const(12)
_SAMPLES_AT = const(10)


class Tasks:
    """`remaining_s`, `samples` (u16, wraps) by owner. `period_s`: between two calls of `step`."""

    def __init__(self, context, period_s):
        self._context = context
        self._period_s = period_s
        self.remaining_s = array("H", bytes(2 * _OWNERS))
        self.samples = array("H", bytes(2 * _OWNERS))
        self._interval_s = array("H", bytes(2 * _OWNERS))
        self._wait_s = array("h", bytes(2 * _OWNERS))
        self._batches = bytearray(_OWNERS * BODY_SIZE)
        self._body = bytearray(BODY_SIZE)
        context.functions.handle(0x0403, self.begin)
        context.functions.handle(0x0404, self.end)
        context.accounts.tasks = self

    def begin(self, buf, off, owner):
        """Handler of `science_task`: instead of the owner's task that runs."""
        duration_s = buf[off] << 8 | buf[off + 1]
        ledger = self._context.ledger
        if ledger.override:
            return failures.REFUSED
        if ledger.payload_left(owner) < duration_s:
            return failures.QUOTA_FULL
        self._finish(owner)
        self.remaining_s[owner] = duration_s
        self._interval_s[owner] = buf[off + 2] << 8 | buf[off + 3]
        self._wait_s[owner] = 0
        return failures.OK

    def end(self, buf, off, owner):
        """Handler of `science_stop`."""
        self._finish(owner)
        self.remaining_s[owner] = 0
        return failures.OK

    def charge_all(self):
        """Charge the tasks that run; True when a sample is wanted."""
        wanted = False
        ledger = self._context.ledger
        if ledger.override:
            return False
        for owner in range(_OWNERS):
            if self.remaining_s[owner] == 0:
                continue
            passed_s = min(self._period_s, self.remaining_s[owner])
            if not ledger.charge(owner, passed_s):
                # The day's seconds are used up, by a task that began the day before.
                self._finish(owner)
                self.remaining_s[owner] = 0
                continue
            self._wait_s[owner] -= self._period_s
            if self._wait_s[owner] <= 0:
                wanted = True
        return wanted

    def take(self, temperature):
        """Give the sample to all that wanted one."""
        for owner in range(_OWNERS):
            if self.remaining_s[owner] and self._wait_s[owner] <= 0:
                self._wait_s[owner] = self._interval_s[owner]
                self._put(owner, temperature)

    def pass_on(self):
        """The period of this step is over: tasks that have come to their end."""
        if self._context.ledger.override:
            return
        for owner in range(_OWNERS):
            if self.remaining_s[owner]:
                self.remaining_s[owner] -= min(self._period_s, self.remaining_s[owner])
                if self.remaining_s[owner] == 0:
                    self._finish(owner)

    def _put(self, owner, temperature):
        time = self._context.time
        batches = self._batches
        at = owner * BODY_SIZE
        count = batches[at + COUNT_AT]
        if count == 0:
            struct.pack_into(
                ">BBHIH",
                batches,
                at,
                owner,
                0,
                self._interval_s[owner],
                time.seconds,
                time.fraction,
            )
        struct.pack_into(">h", batches, at + _SAMPLES_AT + 2 * count, temperature)
        batches[at + COUNT_AT] = count + 1
        self.samples[owner] = (self.samples[owner] + 1) & 0xFFFF
        if count + 1 == _BATCH:
            self._finish(owner)

    def _finish(self, owner):
        """What there is of a batch goes into the store."""
        batches = self._batches
        at = owner * BODY_SIZE
        if batches[at + COUNT_AT] == 0:
            return
        body = self._body
        for i in range(BODY_SIZE):
            body[i] = batches[at + i]
            batches[at + i] = 0
        self._context.science.keep(owner, body)
