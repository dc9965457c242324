"""Scheduler: a table of apps on a 1 ms grid, in deterministic order (core/app_table.py checks it).

It measures every step, contains what it raises, restarts the app with back-off and gives it up in
the end. Garbage is collected in slack at least twice as long as a collection; when the bench asks,
across a control tick. Only want of memory is answered at once (core/memory.py).
"""

from flight.core.app_counters import ROWS, AppCounters, Entry
from flight.core.exceptions import OUT_OF_MEMORY, exception_code
from hal.compat import const

RUNNING = const(1)
BACKING_OFF = const(2)
GIVEN_UP = const(3)
DISABLED = const(4)

MINOR_MS = const(100)
MAJOR_MS = const(10000)

_HARD_LIMIT = const(4)  # budgets, and in C at least 250 ms: then the kernel ends the step
_FAILURES_TO_GIVE_UP = const(8)
_BACK_OFF_MAX = const(32)  # releases
_GOOD_STEPS_TO_FORGIVE = const(16)
_COLLECTION_GUESS_US = const(5000)
_TICKS_MASK = const((1 << 30) - 1)
WORK_MASK = const((1 << 29) - 1)  # of a sum that is a small number before it wraps, too

EVENT_FAILED = const(0x0007)
EVENT_GIVEN_UP = const(0x0008)
EVENT_OVERRUN = const(0x0009)


class Scheduler:
    """`entries` in table order; `safe` is called when a policy demands; `memory` may be None."""

    def __init__(self, clock, time, events, collect, kernel, memory=None):
        self._clock = clock
        self._time = time
        self._events = events
        self._collect = collect
        self._kernel = kernel
        self._memory = memory
        self.entries = []
        self.safe = None
        self.collect_wanted = False
        self.collect_across = False  # with collect_wanted: let a control tick interrupt it
        self.collections = 0
        self._collect_us = _COLLECTION_GUESS_US
        self.counters = AppCounters()
        self.work_us = 0  # spent in steps and collections, wraps at 2^29
        self._mark_ms = self._mark_us = 0  # the running release
        self._frame_ms = 0  # start of the major frame, moved along with the releases

    def add(self, app, row):
        """Append an app with its row of mission.APPS; its Entry. Boot time only."""
        if row[1] < 1 or not 0 <= row[2] < row[1]:
            raise ValueError("period or offset out of range: " + row[0])
        for entry in self.entries:
            if entry.row[0] == row[0]:
                raise ValueError("app is in the table twice: " + row[0])
        if len(self.entries) >= ROWS:
            raise ValueError("no room in the table for the app: " + row[0])
        entry = Entry(len(self.entries), app, row)
        self.entries.append(entry)
        return entry

    def prepare(self, grid_ms=0):
        """Place the first releases at the next whole second, on the control grid that has a point
        at tick `grid_ms`, and start every app; when one hung in that, at the next one again."""
        self._begin_at_next_second(grid_ms)
        for entry in self.entries:
            if entry.state == DISABLED:
                continue
            try:
                self._start(entry)
                entry.restart = False
            except Exception as error:  # noqa: BLE001 - contained: counted, event, back-off
                self.contain(entry, error)
        self.collect()
        if self._clock.ticks_diff(self._clock.ticks_ms(), self._mark_ms) > 0:
            self._begin_at_next_second(grid_ms)

    def _begin_at_next_second(self, grid_ms):
        clock = self._clock
        now = clock.ticks_ms()
        base = clock.ticks_add(now, 1000 - now % 1000)
        off_grid = clock.ticks_diff(base, grid_ms) % MINOR_MS
        if off_grid:  # only when Python started again after the tick counter wrapped
            base = clock.ticks_add(base, MINOR_MS - off_grid)
        self._frame_ms = base
        self._mark_ms = base
        self._mark_us = clock.ticks_add(clock.ticks_us(), clock.ticks_diff(base, now) * 1000)
        for entry in self.entries:
            entry.release_ms = clock.ticks_add(base, entry.offset_ms)
            entry.done_ms = base

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
        best = None
        nearest = _TICKS_MASK
        origin_ms = self._mark_ms - (_TICKS_MASK >> 1)  # of differences modulo 2^30
        for entry in self.entries:
            ahead_ms = (entry.release_ms - origin_ms) & _TICKS_MASK
            if ahead_ms < nearest and entry.state != DISABLED:
                best = entry
                nearest = ahead_ms
        return best

    def regular_ms(self, entry):
        """Where period and offset want the first release of `entry` after the running one, counted
        from the start of the major frame: so any period keeps its phase."""
        clock = self._clock
        late_ms = clock.ticks_diff(self._mark_ms, self._frame_ms) - entry.offset_ms
        count = max(0, late_ms // entry.period_ms + 1)
        return clock.ticks_add(self._frame_ms, entry.offset_ms + count * entry.period_ms)

    def place(self, entry):
        """Put the next release of `entry` where its period and offset want it."""
        entry.release_ms = self.regular_ms(entry)
        entry.wait = 0

    def enable(self, entry, on):
        """Take a disabled app up again from its start, or leave it out."""
        if on and entry.state == DISABLED:
            self.revive(entry)
        elif not on:
            entry.state = DISABLED

    def revive(self, entry):
        """Give an app a fresh start at its next release, whatever became of it before."""
        entry.state = RUNNING
        entry.restart = True
        entry.failures = entry.good = 0
        entry.done_ms = self._mark_ms
        self.place(entry)

    def contain(self, entry, error):
        """Count a failure of `entry`, decide when it may try again. Out of memory, it is a failure
        of whoever has used up most, and `entry` just starts again."""
        self._kernel.step_end()
        code = exception_code(error)
        index = entry.index
        self.counters.add(self.counters.errors, index)
        entry.restart = True
        memory = self._memory
        if memory is not None and isinstance(error, MemoryError):
            offender = self.entries[memory.shortage(index)]
            if offender is not entry:
                entry.wait = 1
                entry = offender
            self._let_go(entry)
            self.collect()
        self.fail(entry, code)

    def limit(self, budget_ms):
        """From here on the kernel ends what takes longer than the hard limit of this budget."""
        self._kernel.step_begin(_HARD_LIMIT * budget_ms)

    def _start(self, entry):
        self.limit(entry.row[3])
        entry.app.start()
        self._kernel.step_end()

    def _let_go(self, entry):
        """An app gives back what it holds when it starts: at once, not only at its next release."""
        try:
            self._start(entry)
        except Exception as error:  # noqa: BLE001 - it starts again before its next step
            self._kernel.step_end()
            self.counters.add(self.counters.errors, entry.index)
            self._events.put(EVENT_FAILED, entry.index, exception_code(error))

    def fail(self, entry, code):
        """A failure of `entry` with its event: back-off, in the end given up."""
        entry.failures += 1
        entry.good = 0
        entry.restart = True
        self._events.put(EVENT_FAILED, entry.index, code)
        if entry.state == DISABLED:
            return
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
        took_us = clock.ticks_diff(clock.ticks_us(), begin)
        self._collect_us = max(1, took_us)
        self.work_us = (self.work_us + took_us) & WORK_MASK
        self.collections = (self.collections + 1) & 0xFFFF
        planned = self.collect_wanted
        self.collect_wanted = self.collect_across = False
        if self._memory is not None:
            leaking = self._memory.collected(planned)
            if leaking >= 0:
                self._let_go(self.entries[leaking])
                self.fail(self.entries[leaking], OUT_OF_MEMORY)
                self.collect_wanted = True  # for what it held

    def _collect_in_slack(self):
        clock = self._clock
        now = clock.ticks_ms()
        slack_ms = clock.ticks_diff(self.next_entry().release_ms, now)
        begin_ms = 0
        if self.collect_across:  # half of it before the next control tick, half behind
            to_tick_ms = MINOR_MS - clock.ticks_diff(now, self._frame_ms) % MINOR_MS
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
        mark_us = clock.ticks_add(self._mark_us, clock.ticks_diff(release_ms, self._mark_ms) * 1000)
        self._mark_ms = release_ms
        if clock.ticks_diff(release_ms, self._frame_ms) >= MAJOR_MS:
            self._frame_ms = clock.ticks_add(self._frame_ms, MAJOR_MS)
        late_us = clock.ticks_diff(begin_us, mark_us)
        if late_us < 0:  # the mark was taken at boot between two milliseconds
            mark_us = begin_us
            late_us = 0
        self._mark_us = mark_us
        entry.release_ms = clock.ticks_add(release_ms, entry.period_ms)
        if entry.state == GIVEN_UP:
            return
        if entry.wait > 0:
            entry.wait -= 1
            return
        counters = self.counters
        counters.started(entry.index, late_us)
        memory = self._memory
        if memory is not None:
            memory.begin()
        kernel = self._kernel
        kernel.step_begin(_HARD_LIMIT * entry.row[3])
        try:
            if entry.restart:
                counters.add(counters.restarts, entry.index)
                entry.app.start()
                entry.restart = False
            entry.app.step(release_ms)
            kernel.step_end()
            entry.done_ms = release_ms
            if entry.failures:
                self._forgive(entry)
        except Exception as error:  # noqa: BLE001 - contained: counted, event, back-off
            self.contain(entry, error)
        if memory is not None:
            memory.end(entry.index)
        self._measure(entry, clock.ticks_diff(clock.ticks_us(), begin_us))

    def _forgive(self, entry):
        if entry.state == BACKING_OFF:
            entry.state = RUNNING
        entry.good += 1
        if entry.good >= _GOOD_STEPS_TO_FORGIVE:
            entry.failures = entry.good = 0

    def _measure(self, entry, run_us):
        index = entry.index
        self.work_us = (self.work_us + run_us) & WORK_MASK
        counters = self.counters
        counters.ran(index, run_us)
        row = entry.row
        if run_us > row[3] * 1000:
            counters.add(counters.overruns, index)
            self._events.put(EVENT_OVERRUN, index, run_us)
            if row[5] == "degrade":
                entry.wait += 1
            elif row[5] == "safe" and self.safe is not None:
                self.safe()
        clock = self._clock
        behind = clock.ticks_diff(clock.ticks_ms(), entry.release_ms)
        if behind > 0:
            count = (behind + entry.period_ms - 1) // entry.period_ms
            counters.add(counters.missed, index, count)
            entry.release_ms = clock.ticks_add(entry.release_ms, count * entry.period_ms)
