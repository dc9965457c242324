"""Releases of time-tagged telecommands: which is due, and through the one door to be carried out.

A telecommand is deleted before it is carried out: one that resets the computer must not do so for
ever. What is late by more than the parameter allows is dropped, and its sender told (1/2 stale).
Of one owner at most two are released in a minor frame, so that nobody's flood delays the others.
"""

from flight.core import failures
from hal.compat import const

_PER_OWNER = const(2)
_PER_STEP = const(8)
_OWNERS = const(4)
_FAR_S = const(1000000)

_EVENT_LATE = const(0x0607)
_EVENT_SKIPPED = const(0x0608)
_EVENT_LOST = const(0x0609)
_EVENT_FAILED = const(0x060A)


class Releases:
    """u16 counters for telemetry: `released`, `failed_count`, `late`, `skipped`, `lost`;
    `late_max_ms`: latest release since this start."""

    def __init__(self, context, schedule, packet):
        self._context = context
        self._schedule = schedule
        self._packet = packet
        self._late_at = context.params.place(0x0605)
        self._restored_at = context.params.place(0x0606)
        self._next = -1  # slot with the earliest mission time
        self._next_relative = -1  # with the earliest uptime
        self._of_owner = bytearray(_OWNERS)
        self.released = 0
        self.failed_count = 0
        self.late = 0
        self.skipped = 0
        self.lost = 0
        self.late_max_ms = 0

    def runs(self):
        """True when mission time is good enough to act on."""
        time = self._context.time
        policy = self._context.params.u8(self._restored_at)
        if time.quality != 1 or policy == 1:
            return time.trusted()
        return policy == 2

    def due_in_ms(self):
        """Time until the next release, 0 when it is due, -1 when there is none; at most some
        days."""
        self._find_next()
        wait_ms = -1
        if self._next_relative >= 0:
            wait_ms = max(0, self._wait_ms(self._next_relative))
        if self._next >= 0 and self.runs():
            absolute_ms = max(0, self._wait_ms(self._next))
            if wait_ms < 0 or absolute_ms < wait_ms:
                wait_ms = absolute_ms
        return wait_ms

    def run(self):
        """Release what is due; what is left is due in the next minor frame."""
        if self.due_in_ms() != 0:
            return
        of_owner = self._of_owner
        for owner in range(_OWNERS):
            of_owner[owner] = 0
        runs = self.runs()
        for _ in range(_PER_STEP):
            slot = self._due(runs)
            if slot < 0:
                return
            of_owner[self._schedule.owner[slot]] += 1
            self._release(slot)

    def _find_next(self):
        """Look through the schedule, when it has changed."""
        schedule = self._schedule
        if not schedule.stale:
            return
        schedule.stale = False
        best = -1
        relative = -1
        for slot in range(schedule.slots):
            if schedule.owner[slot] >= _OWNERS:
                continue
            if schedule.relative(slot):
                if relative < 0 or schedule.earlier(slot, relative):
                    relative = slot
            elif best < 0 or schedule.earlier(slot, best):
                best = slot
        self._next = best
        self._next_relative = relative

    def _due(self, runs):
        """The earliest slot that is due, of an owner who has releases left in this frame; -1."""
        schedule = self._schedule
        best = -1
        best_ms = 0
        for slot in range(schedule.slots):
            owner = schedule.owner[slot]
            if owner >= _OWNERS or self._of_owner[owner] >= _PER_OWNER:
                continue
            if not runs and not schedule.relative(slot):
                continue
            wait_ms = self._wait_ms(slot)
            if wait_ms > 0:
                continue
            if best < 0 or wait_ms < best_ms or wait_ms == best_ms and schedule.earlier(slot, best):
                best = slot
                best_ms = wait_ms
        return best

    def _wait_ms(self, slot):
        """Time until the slot is due, negative when it is past; cut at eleven days."""
        schedule = self._schedule
        time = self._context.time
        if schedule.relative(slot):
            seconds = schedule.seconds[slot] - time.uptime_s
            ms = schedule.ms[slot] - time.uptime_ms
        else:
            seconds = schedule.seconds[slot] - time.seconds
            ms = schedule.ms[slot] - time.sub_ms
        return max(-_FAR_S, min(_FAR_S, seconds)) * 1000 + ms

    def _release(self, slot):
        schedule = self._schedule
        context = self._context
        packet = self._packet
        owner = schedule.owner[slot]
        late_ms = -self._wait_ms(slot)
        runs = schedule.switches.runs(owner, schedule.sub(slot))
        n = schedule.read(slot, packet)
        status = schedule.remove(slot)
        if n < 0 or status < 0:
            # One that cannot be deleted would be carried out again after a reset.
            self.lost = (self.lost + 1) & 0xFFFF
            context.events.put_about(owner, _EVENT_LOST, owner, -min(n, status))
        elif late_ms > context.params.u16(self._late_at) * 1000:
            self.late = (self.late + 1) & 0xFFFF
            context.events.put_about(owner, _EVENT_LATE, owner, 0, packet, 0)
            context.commands.refuse(packet, n, owner, failures.STALE)
        elif not runs:
            self.skipped = (self.skipped + 1) & 0xFFFF
            context.events.put_about(owner, _EVENT_SKIPPED, owner, 0, packet, 0)
        else:
            self.released = (self.released + 1) & 0xFFFF
            self.late_max_ms = max(self.late_max_ms, late_ms)
            code = context.commands.execute(packet, n, owner)
            if code:
                self.failed_count = (self.failed_count + 1) & 0xFFFF
                context.events.put_about(owner, _EVENT_FAILED, code, 0, packet, 0)
