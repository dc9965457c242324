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
        bin_ = 0
        rest = late_us // _FIRST_BIN_US
        while rest and bin_ < _BINS - 1:
            rest >>= 1
            bin_ += 1
        starts = self._starts
        at = index * _BINS
        if starts[at + bin_] == _CLIP:
            # What is older counts half.
            for i in range(at, at + _BINS):
                starts[i] >>= 1
        starts[at + bin_] += 1

    def ran(self, index, run_us):
        """A step took so long."""
        self.run_us[index] = min(run_us, _CLIP)
        if run_us > self.high_us[index]:
            self.high_us[index] = min(run_us, _CLIP)

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
