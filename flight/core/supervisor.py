"""Supervisor: gives the heartbeat, and alone changes the spacecraft mode."""

from flight.core import failures, modes
from flight.core.direct import Direct
from flight.core.scheduler import GIVEN_UP
from hal import reset_cause
from hal.compat import const

# A commanded reset waits for the replies to go down: comms flushes once per second.
_RESET_STEPS = const(4)

EVENT_WITHHELD = const(0x000B)
EVENT_RESET = const(0x0010)


class Supervisor:
    """The app "supervisor" of mission.APPS. `heartbeats`: u16 counter for housekeeping."""

    NAME = "supervisor"

    def __init__(self, context, boot):
        self._context = context
        self._mission = context.mission
        self.PERIOD_MS, self.OFFSET_MS, self.BUDGET_MS = context.mission.timing(self.NAME)
        self._boot = boot
        self._kernel = context.board.kernel
        self._retry_at = context.params.place(0x0003)
        self._clear_ms = 0
        self._reset_in = 0
        self.heartbeats = 0
        context.scheduler.safe = self.overrun
        context.functions.handle(0x0001, self.set_mode)
        context.functions.handle(0x0003, context.functions.arm)
        context.functions.handle(0x0004, self.reset)
        self._direct = Direct(context, self.set_time)

    def start(self):
        """Remember the mode the spacecraft starts in; nothing else survives a restart of this app,
        and nothing else must."""
        current = self._context.modes
        self._boot.save(current.current, current.reason)

    def step(self, now_ms):
        """Heartbeat, then the mode."""
        if self._reset_in:
            self._reset_in -= 1
            if self._reset_in == 0:
                self._context.board.reset(reset_cause.SOFTWARE)
        self._direct.update()
        if self._all_checked_in(now_ms):
            self._kernel.beat()
            self.heartbeats = (self.heartbeats + 1) & 0xFFFF
        self._consider_leaving_safe()
        current = self._context.modes
        row = current.row
        if current.apply():
            self._clear_ms = 0
            self._follow(row, current.row)
            self._boot.save(current.current, current.reason)

    def _all_checked_in(self, now_ms):
        clock = self._context.clock
        healthy = not self._context.memory.exhausted
        for entry in self._context.scheduler.entries:
            if not entry.row[4]:
                continue
            late_ms = clock.ticks_diff(now_ms, entry.done_ms)
            if entry.state == GIVEN_UP or late_ms > entry.row[6]:
                healthy = False
                self._context.events.put(EVENT_WITHHELD, entry.index, late_ms)
        return healthy

    def _consider_leaving_safe(self):
        """Safe is left by itself unless somebody commanded it: after a start when the checks pass,
        later when nothing has inhibited it for `supervisor_retry_s`. Survival is left for safe."""
        current = self._context.modes
        if current.reason == modes.REASON_COMMAND:
            return
        if current.current == self._mission.SURVIVAL:
            survived = current.reason == modes.REASON_SURVIVED
            if not current.inhibitors & modes.INHIBIT_BATTERY_CRITICAL:
                reason = modes.REASON_SURVIVED if survived else modes.REASON_RETRY
                current.request(self._mission.SAFE, reason)
            return
        if self._kernel.defaults():
            return  # after so many starts that failed, not before this one has proved healthy
        if current.current != self._mission.SAFE:
            return
        if current.inhibitors & modes.KEEPS_SAFE:
            self._clear_ms = 0
            return
        if current.reason == modes.REASON_BOOT or current.reason == modes.REASON_SURVIVED:
            current.request(self._mission.DETUMBLE, modes.REASON_CHECKS_PASSED)
            return
        self._clear_ms += self.PERIOD_MS
        retry_s = self._context.params.u16(self._retry_at)
        if retry_s and self._clear_ms >= retry_s * 1000:
            current.request(self._mission.DETUMBLE, modes.REASON_RETRY)

    def _follow(self, left, entered):
        """Exit actions of the mode left, then entry actions of the mode entered, of every app. An
        app that fails or hangs here fails like in its step, and the others still follow."""
        scheduler = self._context.scheduler
        for entry in self._context.modes.followers:
            scheduler.limit(entry.row[3])
            try:
                entry.app.leave_mode(left)
            except Exception as error:  # noqa: BLE001 - contained like a step
                scheduler.contain(entry, error)
        for entry in self._context.modes.followers:
            scheduler.limit(entry.row[3])
            try:
                entry.app.enter_mode(entered)
            except Exception as error:  # noqa: BLE001 - contained like a step
                scheduler.contain(entry, error)
        scheduler.limit(self.BUDGET_MS)  # for the rest of this step

    def overrun(self):
        """An app with policy "safe" ran over its budget."""
        self._context.modes.request(self._mission.SAFE, modes.REASON_OVERRUN)

    def set_mode(self, buf, off, owner):
        """Handler of `set_mode`."""
        current = self._context.modes
        mode = buf[off]
        if mode != current.current:
            if not current.allowed(mode):
                return failures.REFUSED
            current.request(mode, modes.REASON_COMMAND)
        elif mode == self._mission.SAFE:
            # Stay: leaving is now up to whoever commanded it.
            current.reason = modes.REASON_COMMAND
            self._boot.save(mode, modes.REASON_COMMAND)
        return failures.OK

    def set_time(self, buf, off, owner):
        """Mission time by direct command: as by `set_time`, whose handler the schedule has."""
        return self._context.correlation.set_time(buf, off, owner)

    def reset(self, buf, off, owner):
        """Handler of `reset`, which the service has found armed."""
        self._reset_in = _RESET_STEPS
        self._context.events.put(EVENT_RESET, owner)
        return failures.OK
