"""Virtual clock of the desktop: time passes only while the flight software sleeps.

Control ticks run in order with the releases of the scheduler, at their exact grid time; a release
that stands at the time of a tick runs after it.
"""

from collections.abc import Callable

import native
from hal import clock as hal_clock
from native.cffi.survival import END_STEP, RESET, STOP


class MissionOver(BaseException):
    """The world has flown its scenario to the end. Not an error, and nothing contains it."""


class BoardReset(BaseException):
    """The processor resets now; `cause` as in hal/reset_cause.py."""

    def __init__(self, cause: int) -> None:
        super().__init__(cause)
        self.cause = cause


class StepHung(RuntimeError):
    """A step ran too long: beyond its hard limit, or its budget of executed lines."""


class PythonStopped(BaseException):
    """Survival has stopped Python; `reason` is enum mf_survival_reason."""

    def __init__(self, reason: int) -> None:
        super().__init__(reason)
        self.reason = reason


class VirtualClock:
    """hal/clock.py over virtual microseconds that start at zero with every boot.

    `finished` and `pulled_cause` are asked after every control tick: True ends the flight, a
    number (not None) resets the board with that cause.
    """

    def __init__(
        self,
        stack: "native.Stack",
        finished: Callable[[], bool],
        pulled_cause: Callable[[], "int | None"],
    ) -> None:
        self.now_us = 0
        self._stack = stack
        self._finished = finished
        self._pulled_cause = pulled_cause
        self._idle_us = 0

    ticks_add = staticmethod(hal_clock.ticks_add)
    ticks_diff = staticmethod(hal_clock.ticks_diff)

    def ticks_ms(self) -> int:
        """Milliseconds since boot, modulo 2^30."""
        return (self.now_us // 1000) & hal_clock.TICKS_MASK

    def ticks_us(self) -> int:
        """Microseconds since boot, modulo 2^30."""
        return self.now_us & hal_clock.TICKS_MASK

    def idle_us(self) -> int:
        """Microseconds slept since boot, modulo 2^30."""
        return self._idle_us & hal_clock.TICKS_MASK

    def sleep_until(self, tick_ms: int) -> None:
        """Advance to `tick_ms`, through every control tick on the way; raises as `check`."""
        stack = self._stack
        self.check()
        wait_ms = hal_clock.ticks_diff(tick_ms, self.ticks_ms())
        if wait_ms <= 0:
            return
        start_us = self.now_us
        target_us = (start_us // 1000 + wait_ms) * 1000
        while True:
            due_us = stack.next_ms() * 1000
            if due_us > target_us:
                break
            self.now_us = max(due_us, self.now_us)
            stack.timer(self.now_us)
            self.check()
        self.now_us = target_us
        stack.set_time(target_us)
        self._idle_us += target_us - start_us

    def check(self) -> None:
        """Raise MissionOver, BoardReset, PythonStopped or StepHung when one is due."""
        cause = self._pulled_cause()
        if cause is not None:
            raise BoardReset(cause)
        if self._finished():
            raise MissionOver
        survival = self._stack.survival
        action = survival.action()
        if action == RESET:
            raise BoardReset(survival.reset_cause)
        if action == STOP:
            raise PythonStopped(survival.reason)
        if action == END_STEP:
            raise StepHung("a step slept beyond its hard limit")
