"""What the scheduler keeps of every app: its entry, and what is counted and measured of it.

Counters are flat arrays by the place in the table, as in packet `schedule`: an object for each app
would cost heap, and time to copy.
"""

from array import array

from hal.compat import const

ROWS = const(16)  # SCHEDULE_ROWS of core/definitions.py
# Histogram of the start jitter: bin n ends at 125 us << n, the last is open.
_BINS = const(8)
_FIRST_BIN_US = const(125)
_CLIP = const(65535)
_RUNNING = const(1)  # of core/scheduler.py


class Entry:
    """One app in the table. `row` is its row of mission.APPS; period and offset may differ."""

    def __init__(self, index, app, row):
        self.index = index
        self.app = app
        self.row = row
        self.period_ms = row[1]
        self.offset_ms = row[2]
        self.release_ms = 0  # next release
        self.done_ms = 0  # release time of the last good step
        self.state = _RUNNING
        self.restart = True  # start() before the next step
        self.wait = 0  # releases to leave out
        self.failures = self.good = 0  # in a row


class AppCounters:
    """`errors overruns missed restarts` (u8, wrap); `run_us high_us jitter_us` (u16, clipped).

    Runs are not counted one by one, which every release would pay for: the histogram of the starts
    has them, but for what it has forgotten.
    """

    def __init__(self):
        self.errors = bytearray(ROWS)
        self.overruns = bytearray(ROWS)
        self.missed = bytearray(ROWS)
        self.restarts = bytearray(ROWS)
        self.run_us = array("H", bytes(2 * ROWS))
        self.high_us = array("H", bytes(2 * ROWS))
        self.jitter_us = array("H", bytes(2 * ROWS))
        self._starts = array("H", bytes(2 * ROWS * _BINS))
        self._forgotten = array("H", bytes(2 * ROWS))  # starts, wraps

    def add(self, counter, index, by=1):
        """Add to one of the u8 counters."""
        counter[index] = (counter[index] + by) & 0xFF

    def started(self, index, late_us):
        """A step began so long after its release."""
        if late_us > self.jitter_us[index]:
            self.jitter_us[index] = min(late_us, _CLIP)
        at = index * _BINS
        if late_us >= _FIRST_BIN_US:
            last = at + _BINS - 1
            rest = late_us // _FIRST_BIN_US
            while rest and at < last:
                rest >>= 1
                at += 1
        starts = self._starts
        count = starts[at]
        if count == _CLIP:
            # What is older counts half.
            at -= at % _BINS
            forgotten = self._forgotten[index]
            for i in range(at, at + _BINS):
                count = starts[i]
                starts[i] = count >> 1
                forgotten += count - (count >> 1)
            self._forgotten[index] = forgotten & _CLIP
            self.started(index, late_us)
            return
        starts[at] = count + 1

    def ran(self, index, run_us):
        """A step took so long."""
        if run_us > _CLIP:
            run_us = _CLIP
        self.run_us[index] = run_us
        if run_us > self.high_us[index]:
            self.high_us[index] = run_us

    def runs(self, index):
        """Steps begun so far, u16, wraps."""
        total = self._forgotten[index]
        at = index * _BINS
        for i in range(at, at + _BINS):
            total += self._starts[i]
        return total & _CLIP

    def jitter_p99_us(self, index):
        """Of 100 starts 99 came within this time of their release [us]: the end of a bin of the
        histogram, 0 before the first start."""
        starts = self._starts
        at = index * _BINS
        total = 0
        for i in range(at, at + _BINS):
            total += starts[i]
        if total == 0:
            return 0
        seen = 0
        for i in range(_BINS - 1):
            seen += starts[at + i]
            if seen * 100 >= total * 99:
                return _FIRST_BIN_US << i
        return self.jitter_us[index]
