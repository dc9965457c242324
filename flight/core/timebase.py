"""Mission time: two small integers, seconds and 1/65536 s since 2020-01-01T00:00:00 TAI.

Until somebody sets it, time counts from the start of the processor and its quality says so. The
control kernel keeps it too, for the attitude loop and over a restart of Python.
Intervals never depend on it: they use ticks.
"""

import struct

from hal.compat import const

_TIME_SIZE = const(12)  # mf_kernel_time_t: tick_ms, seconds, fraction, known, reserved

QUALITY_UNKNOWN = const(0)
QUALITY_RESTORED = const(1)
QUALITY_SET = const(2)
QUALITY_GNSS = const(3)


class Timebase:
    """Time of the step that runs now: `seconds`, `fraction`, `now_ms` (tick), `uptime_s`.

    The scheduler advances it to the release time of every step, so everything one step makes
    carries one time, the same in every world.
    """

    def __init__(self, clock, kernel):
        self._clock = clock
        self._kernel = kernel
        self.now_ms = clock.ticks_ms()
        self.uptime_s = self.now_ms // 1000
        self._uptime_ms = self.now_ms % 1000
        self.seconds = self.uptime_s
        self._sub_ms = self._uptime_ms
        self.fraction = 0
        self.quality = QUALITY_UNKNOWN
        # Result of `locate`.
        self.at_seconds = 0
        self.at_fraction = 0

    def advance(self, tick_ms):
        """Move to `tick_ms`, which is not before the time of the last call."""
        delta = self._clock.ticks_diff(tick_ms, self.now_ms)
        self.now_ms = tick_ms
        sub_ms = self._sub_ms + delta
        self.seconds += sub_ms // 1000
        self._sub_ms = sub_ms = sub_ms % 1000
        self.fraction = (sub_ms << 13) // 125
        up_ms = self._uptime_ms + delta
        self.uptime_s += up_ms // 1000
        self._uptime_ms = up_ms % 1000

    def set(self, seconds, fraction, quality):
        """Set mission time of the running step; the fraction is rounded down to whole ms."""
        self.seconds = seconds
        self._sub_ms = fraction * 125 >> 13
        self.fraction = (self._sub_ms << 13) // 125
        self.quality = quality
        self._kernel.set_time(self.now_ms, seconds, self.fraction)

    def restore(self):
        """Take mission time back from the control kernel, which outlives Python. Boot time only."""
        image = bytearray(_TIME_SIZE)
        self._kernel.time_into(image)
        tick_ms, seconds, fraction, known = struct.unpack_from("<IIHB", image)
        if known:
            sub_ms = (fraction * 125 >> 13) + self._clock.ticks_diff(self.now_ms, tick_ms)
            self.seconds = seconds + sub_ms // 1000
            self._sub_ms = sub_ms % 1000
            self.fraction = (self._sub_ms << 13) // 125
            self.quality = QUALITY_RESTORED

    def locate(self, tick_ms):
        """Mission time of another tick, at most some minutes away: `at_seconds`, `at_fraction`."""
        sub_ms = self._sub_ms + self._clock.ticks_diff(tick_ms, self.now_ms)
        self.at_seconds = self.seconds + sub_ms // 1000
        self.at_fraction = (sub_ms % 1000 << 13) // 125
