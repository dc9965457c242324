"""Sequences that run: one entry after another, each at its time after the one before.

Every entry is checked before the first one is released, and each again when its turn comes. An
entry that fails ends its sequence. What runs does not outlive a restart.
"""

from array import array

import native
from flight.core import failures
from flight.core.sequences import ENTRY_EXTRA, LOADED, PACKET_AT, RUNNING
from hal.compat import const

_NONE = const(0xFF)
_OWNERS = const(4)
_FAR_S = const(1000000)

_EVENT_DAMAGED = const(0x060C)
_EVENT_STOPPED = const(0x060D)
_EVENT_DONE = const(0x060E)


class SequenceRuns:
    """`quotas[owner][2]` at a time of those in `stock`; `running`; u16 counters `commands`
    (released) and `stopped`. `packet` is a buffer for the entry that is carried out."""

    def __init__(self, context, stock, control, quotas, packet):
        self._context = context
        self._stock = stock
        self._packet = packet
        self._control = control
        self._quotas = quotas
        runners = 0
        for owner in range(_OWNERS):
            runners += quotas[owner][2]
        self._slot = bytearray(runners)
        self._owner = bytearray(runners)
        self._entry = bytearray(runners)
        self._at = array("H", bytes(2 * runners))
        self._due_s = array("i", bytes(4 * runners))
        self._due_ms = array("H", bytes(2 * runners))
        for i in range(runners):
            self._slot[i] = _NONE
        self.running = 0
        self.commands = 0
        self.stopped = 0

    def runner(self, owner):
        """A free place to run one more sequence of an owner, -1 when there is none."""
        free = -1
        count = 0
        for i in range(len(self._slot)):
            if self._slot[i] == _NONE:
                free = i
            elif self._owner[i] == owner:
                count += 1
        return free if count < self._quotas[owner][2] else -1

    def activate(self, owner, slot):
        """Check a sequence and run it from now on: a failure code. There must be a runner."""
        stock = self._stock
        if not stock.read_header(slot):
            return self._damaged(owner, slot, 0)
        at = 0
        for entry in range(stock.count):
            if stock.read(slot, at) < 0:
                return self._damaged(owner, slot, entry + 1)
            at += stock.packet_size + ENTRY_EXTRA
        if at != stock.size:
            return self._damaged(owner, slot, stock.count)
        i = self.runner(owner)
        time = self._context.time
        self._slot[i] = slot
        self._owner[i] = owner
        self._entry[i] = 0
        self._at[i] = 0
        self._due_s[i] = time.uptime_s
        self._due_ms[i] = time.uptime_ms
        self._stock.states[slot] = RUNNING
        self.running += 1
        return failures.OK

    def abort(self, slot):
        """Stop a sequence that runs."""
        for i in range(len(self._slot)):
            if self._slot[i] == slot:
                self._stop(i)

    def due_in_ms(self):
        """Time until the next entry, 0 when it is due, -1 when nothing runs."""
        wait_ms = -1
        if self.running:
            for i in range(len(self._slot)):
                if self._slot[i] != _NONE:
                    one_ms = max(0, self._wait_ms(i))
                    if wait_ms < 0 or one_ms < wait_ms:
                        wait_ms = one_ms
        return wait_ms

    def run(self):
        """Release what is due, at most one entry of each sequence."""
        if self.running:
            for i in range(len(self._slot)):
                if self._slot[i] != _NONE and self._wait_ms(i) <= 0:
                    self._run_entry(i)

    def _wait_ms(self, i):
        time = self._context.time
        seconds = min(self._due_s[i] - time.uptime_s, _FAR_S)
        return seconds * 1000 + self._due_ms[i] - time.uptime_ms

    def _run_entry(self, i):
        slot = self._slot[i]
        owner = self._owner[i]
        if self._control.held_owners() >> owner & 1:
            self._stop(i)
            return
        stock = self._stock
        # Again, for it may have been damaged meanwhile.
        if not stock.read_header(slot) or stock.read(slot, self._at[i]) < 0:
            self._stop(i)
            return
        n = stock.packet_size
        self._at[i] += n + ENTRY_EXTRA
        self._entry[i] += 1
        last = self._entry[i] >= stock.count
        ms = self._due_ms[i] + stock.delay_ms
        self._due_s[i] += ms // 1000
        self._due_ms[i] = ms % 1000
        self.commands = (self.commands + 1) & 0xFFFF
        packet = self._packet
        native.copy(packet, 0, stock.buffer, PACKET_AT, n)
        failed = self._context.commands.execute(packet, n, owner)
        if self._slot[i] != slot:
            return  # it has aborted itself
        if failed:
            self._stop(i)
        elif last:
            self._finish(i)

    def _damaged(self, owner, slot, entry):
        name = self._stock.name(owner, slot)
        self._context.events.put_about(owner, _EVENT_DAMAGED, name, entry)
        return failures.BAD_DATA

    def _finish(self, i):
        self._tell(i, _EVENT_DONE)

    def _stop(self, i):
        self.stopped = (self.stopped + 1) & 0xFFFF
        self._tell(i, _EVENT_STOPPED)

    def _tell(self, i, event):
        """Its end, after which its place is free."""
        owner = self._owner[i]
        name = self._stock.name(owner, self._slot[i])
        self._context.events.put_about(owner, event, name, self._entry[i])
        self._stock.states[self._slot[i]] = LOADED
        self._slot[i] = _NONE
        self.running -= 1
