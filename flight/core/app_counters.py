"""What is counted and measured of every app, in flat arrays by its place in the table.

They lie as in packet `schedule`: an object for each app would cost heap, and time to copy.
"""

from array import array

from hal.compat import const

ROWS = const(16)  # SCHEDULE_ROWS of core/definitions.py
# Histogram of the start jitter: bin n ends at 125 us << n, the last is open.
_BINS = const(8)
_FIRST_BIN_US = const(125)
_CLIP = const(65535)


class AppCounters:
    """`errors overruns missed restarts` (u8, wrap); `run_us high_us jitter_us` (u16, clipped)."""

    def __init__(self):
        self.errors = bytearray(ROWS)
        self.overruns = bytearray(ROWS)
        self.missed = bytearray(ROWS)
        self.restarts = bytearray(ROWS)
        self.run_us = array("H", bytes(2 * ROWS))
        self.high_us = array("H", bytes(2 * ROWS))
        self.jitter_us = array("H", bytes(2 * ROWS))
        self._starts = array("H", bytes(2 * ROWS * _BINS))

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
            for i in range(at, at + _BINS):
                starts[i] >>= 1
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
