"""Scheduler: a fixed table of apps on a 1 ms grid, in deterministic order.

It measures every step, contains what a step raises, restarts the app with back-off and gives it up
in the end. Garbage is collected only in slack that is at least twice as long as a collection; when
the bench asks for it, across a control tick, to show that the tick does not notice.
"""

from hal.compat import const
from hal.errors import HalError

RUNNING = const(1)
BACKING_OFF = const(2)
GIVEN_UP = const(3)

_FAILURES_TO_GIVE_UP = const(8)
_BACK_OFF_MAX = const(32)  # releases
_GOOD_STEPS_TO_FORGIVE = const(16)
_COLLECTION_GUESS_US = const(5000)
_CLIP = const(65535)
_GRID_MS = const(100)

EVENT_FAILED = const(0x0007)
EVENT_GIVEN_UP = const(0x0008)
EVENT_OVERRUN = const(0x0009)

# Codes of contained exceptions that are not HalError (those carry an errno, below 256).
_CODES = (
    (MemoryError, 257),
    (ValueError, 258),
    (IndexError, 259),
    (KeyError, 260),
    (TypeError, 261),
    (AttributeError, 262),
    (OverflowError, 263),
    (ZeroDivisionError, 264),
    (OSError, 265),
)
_CODE_OTHER = const(256)


def failure_code(error):
    """Number of an exception in events: errno of a HalError, else by type."""
    if isinstance(error, HalError):
        return error.code
    for entry in _CODES:
        if isinstance(error, entry[0]):
            return entry[1]
    return _CODE_OTHER


class Entry:
    """One app in the table with everything measured about it."""

    def __init__(self, index, app, row):
        self.index = index
        self.app = app
        self.period_ms = row[1]
        self.offset_ms = row[2]
        self.budget_us = row[3] * 1000
        self.critical = row[4]
        self.policy = row[5]
        self.deadline_ms = row[6]
        self.release_ms = 0  # next release
        self.done_ms = 0  # release time of the last good step
        self.state = RUNNING
        self.restart = True  # start() before the next step
        self.wait = 0  # releases to leave out
        self.failures = 0  # in a row
        self.good = 0  # in a row
        self.errors = 0
        self.overruns = 0
        self.missed = 0
        self.run_us = 0
        self.high_us = 0
        self.jitter_us = 0


class Scheduler:
    """`entries` in table order. `safe` is called with no argument when a "safe" policy demands."""

    def __init__(self, clock, time, events, collect):
        self._clock = clock
        self._time = time
        self._events = events
        self._collect = collect
        self.entries = []
        self.safe = None
        self.collect_wanted = False
        self.collect_across = False  # with collect_wanted: let a control tick interrupt it
        self.collections = 0
        self._collect_us = _COLLECTION_GUESS_US
        # Where the running release stands on the us scale, found from the first one.
        self._mark_ms = 0
        self._mark_us = 0
        self._grid_ms = 0  # a tick of the control grid, moved along with the releases

    def add(self, app, row):
        """Append an app with its row of mission.APPS; its Entry. Boot time only."""
        if row[1] < 1 or not 0 <= row[2] < row[1]:
            raise ValueError("period or offset out of range: " + row[0])
        entry = Entry(len(self.entries), app, row)
        self.entries.append(entry)
        return entry

    def prepare(self, grid_ms=0):
        """Place the first releases at the next whole second, on the control grid that has a point
        at tick `grid_ms`, and start every app."""
        clock = self._clock
        now = clock.ticks_ms()
        base = clock.ticks_add(now, 1000 - now % 1000)
        off_grid = clock.ticks_diff(base, grid_ms) % _GRID_MS
        if off_grid:
            # Only after the tick counter wrapped and Python was started again.
            base = clock.ticks_add(base, _GRID_MS - off_grid)
        self._grid_ms = base
        self._mark_ms = base
        self._mark_us = clock.ticks_add(clock.ticks_us(), clock.ticks_diff(base, now) * 1000)
        for entry in self.entries:
            entry.release_ms = clock.ticks_add(base, entry.offset_ms)
            entry.done_ms = base
            try:
                entry.app.start()
                entry.restart = False
            except Exception as error:  # noqa: BLE001 - contained: counted, event, back-off
                self.contain(entry, error)
        self.collect()

    def run(self):
        """Run for ever. The desktop ends it by a BaseException out of the clock."""
        while True:
            self.run_next()

    def run_next(self):
        """Sleep to the next release and run it."""
        entry = self.next_entry()
        self._clock.sleep_until(entry.release_ms)
        self._release(entry)
        if self.collect_wanted:
            self._collect_in_slack()

    def next_entry(self):
        """The entry with the earliest release; of several, the first in the table."""
        clock = self._clock
        best = None
        for entry in self.entries:
            if best is None or clock.ticks_diff(entry.release_ms, best.release_ms) < 0:
                best = entry
        return best

    def contain(self, entry, error):
        """Count a failure of `entry`, decide when it may try again."""
        entry.errors = (entry.errors + 1) & 0xFF
        entry.failures += 1
        entry.good = 0
        entry.restart = True
        self._events.put(EVENT_FAILED, entry.index, failure_code(error))
        if entry.failures >= _FAILURES_TO_GIVE_UP:
            entry.state = GIVEN_UP
            self._events.put(EVENT_GIVEN_UP, entry.index, entry.failures)
            return
        entry.state = BACKING_OFF
        entry.wait = min(1 << (entry.failures - 1), _BACK_OFF_MAX)

    def collect(self):
        """Collect garbage now and remember how long it takes."""
        clock = self._clock
        begin = clock.ticks_us()
        self._collect()
        self._collect_us = max(1, clock.ticks_diff(clock.ticks_us(), begin))
        self.collections = (self.collections + 1) & 0xFFFF
        self.collect_wanted = False
        self.collect_across = False

    def _collect_in_slack(self):
        clock = self._clock
        now = clock.ticks_ms()
        slack_ms = clock.ticks_diff(self.next_entry().release_ms, now)
        begin_ms = 0
        if self.collect_across:
            # Half of it before the next control tick, half behind.
            to_tick_ms = _GRID_MS - clock.ticks_diff(now, self._grid_ms) % _GRID_MS
            begin_ms = max(0, to_tick_ms - 1 - self._collect_us // 2000)
        if (slack_ms - begin_ms) * 1000 >= 2 * self._collect_us:
            if begin_ms:
                clock.sleep_until(clock.ticks_add(now, begin_ms))
            self.collect()

    def _release(self, entry):
        clock = self._clock
        release_ms = entry.release_ms
        self._time.advance(release_ms)
        begin_us = clock.ticks_us()
        self._mark_us = clock.ticks_add(
            self._mark_us, clock.ticks_diff(release_ms, self._mark_ms) * 1000
        )
        self._mark_ms = release_ms
        if clock.ticks_diff(release_ms, self._grid_ms) >= 1000:
            self._grid_ms = clock.ticks_add(self._grid_ms, 1000)
        late_us = clock.ticks_diff(begin_us, self._mark_us)
        if late_us < 0:
            # The mark was taken at boot between two milliseconds: nothing starts early.
            self._mark_us = begin_us
            late_us = 0
        entry.release_ms = clock.ticks_add(release_ms, entry.period_ms)
        if entry.state == GIVEN_UP:
            return
        if entry.wait > 0:
            entry.wait -= 1
            return
        if late_us > entry.jitter_us:
            entry.jitter_us = min(late_us, _CLIP)
        try:
            if entry.restart:
                entry.app.start()
                entry.restart = False
            entry.app.step(release_ms)
            entry.state = RUNNING
            entry.done_ms = release_ms
            self._forgive(entry)
        except Exception as error:  # noqa: BLE001 - contained: counted, event, back-off
            self.contain(entry, error)
        self._measure(entry, clock.ticks_diff(clock.ticks_us(), begin_us))

    def _forgive(self, entry):
        if entry.failures:
            entry.good += 1
            if entry.good >= _GOOD_STEPS_TO_FORGIVE:
                entry.failures = 0
                entry.good = 0

    def _measure(self, entry, run_us):
        entry.run_us = min(run_us, _CLIP)
        if run_us > entry.high_us:
            entry.high_us = min(run_us, _CLIP)
        if run_us > entry.budget_us:
            entry.overruns = (entry.overruns + 1) & 0xFF
            self._events.put(EVENT_OVERRUN, entry.index, run_us)
            if entry.policy == "degrade":
                entry.wait += 1
            elif entry.policy == "safe" and self.safe is not None:
                self.safe()
        clock = self._clock
        behind = clock.ticks_diff(clock.ticks_ms(), entry.release_ms)
        if behind > 0:
            count = (behind + entry.period_ms - 1) // entry.period_ms
            entry.missed = (entry.missed + count) & 0xFF
            entry.release_ms = clock.ticks_add(entry.release_ms, count * entry.period_ms)
