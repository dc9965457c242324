"""Mission time: two small integers, seconds and 1/65536 s since 2020-01-01T00:00:00 TAI.

Until somebody sets it, time counts from the start of the processor and its quality says so. The
control kernel keeps it too, for the attitude loop and over a restart of Python; a checkpoint in
FRAM carries it over a reset. Intervals never depend on it: they use ticks.

Time never steps back by itself. A correction forward is a step; a small one backward is slewed:
time runs a tenth slower until it is worked off. A large one backward is a command of its own.
"""

import struct

from flight.core.records import HEADER_SIZE, TwoCopies
from hal import reset_cause
from hal.compat import const

_TIME_SIZE = const(12)  # mf_kernel_time_t: tick_ms, seconds, fraction, known, count
_TIME_FORMAT = "<IIHBB"

_ADDRESS_A = const(0x0200)
_ADDRESS_B = const(0x0280)
_CHECKPOINT = ">IBB"  # seconds, ahead_s, trusted
_CHECKPOINT_SIZE = const(6)
_CHECKPOINT_LAYOUT = const(0x0602)
_TRUSTED = const(1)  # `known` of mf_kernel_time_t; 2: not to act on

QUALITY_UNKNOWN = const(0)
QUALITY_RESTORED = const(1)
QUALITY_SET = const(2)
QUALITY_GNSS = const(3)

# What `correct` did.
STEPPED = const(1)
SLEWING = const(2)
REFUSED = const(-1)

SECONDS_MAX = const(0x3F000000)
_SLEW_SHARE = const(10)  # time runs slower by one part in ten
_FAR_S = const(1000000)  # differences beyond are all the same


class Timebase:
    """Time of the step that runs now: `seconds`, `fraction`, `now_ms` (tick), `uptime_s`; also
    `sub_ms` and `uptime_ms`, the whole milliseconds of both.

    The scheduler advances it to the release time of every step, so everything one step makes
    carries one time, the same in every world.
    """

    def __init__(self, clock, kernel):
        self._clock = clock
        self._kernel = kernel
        self._checkpoint = None
        self.now_ms = clock.ticks_ms()
        self.uptime_s = self.now_ms // 1000
        self.uptime_ms = self.now_ms % 1000
        self.seconds = self.uptime_s
        self.sub_ms = self.uptime_ms
        self.fraction = 0
        self.quality = QUALITY_UNKNOWN
        self.short = False  # restored from what was trusted, after a short time without processor
        self.slew_ms = 0  # still to be worked off
        self._slew_rest = 0
        self.changes = 0  # steps and slews begun, wraps
        # Results of `locate` and `difference_ms`.
        self.at_seconds = 0
        self.at_fraction = 0
        self._at_ms = 0

    def advance(self, tick_ms):
        """Move to `tick_ms`, which is not before the time of the last call."""
        delta = self._clock.ticks_diff(tick_ms, self.now_ms)
        self.now_ms = tick_ms
        sub_ms = self.sub_ms + delta
        if self.slew_ms:
            sub_ms -= self._slew(delta)
        self.seconds += sub_ms // 1000
        self.sub_ms = sub_ms = sub_ms % 1000
        self.fraction = (sub_ms << 13) // 125
        up_ms = self.uptime_ms + delta
        self.uptime_s += up_ms // 1000
        self.uptime_ms = up_ms % 1000

    def set(self, seconds, fraction, quality):
        """Set mission time of the running step, backward too; the fraction is rounded down to whole
        ms."""
        self.seconds = seconds
        self.sub_ms = fraction * 125 >> 13
        self.fraction = (self.sub_ms << 13) // 125
        self.quality = quality
        self.slew_ms = 0
        self.changes = (self.changes + 1) & 0xFFFF
        self._tell()

    def correct(self, seconds, fraction, quality, slew_max_s):
        """Mission time of the running step should be this: STEPPED forward, or SLEWING backward
        when it is ahead by `slew_max_s` at most, else REFUSED and nothing changed. Unknown time is
        set whatever it is."""
        offset_ms = self.difference_ms(seconds, fraction, self.now_ms)
        if self.quality == QUALITY_UNKNOWN or offset_ms >= 0:
            self.set(seconds, fraction, quality)
            return STEPPED
        if -offset_ms > slew_max_s * 1000:
            return REFUSED
        self.slew_ms = -offset_ms
        self._slew_rest = 0
        self.quality = quality
        self.changes = (self.changes + 1) & 0xFFFF
        return SLEWING

    def difference_ms(self, seconds, fraction, tick_ms):
        """How far that mission time of `tick_ms` lies ahead of this clock [ms], cut at about
        eleven days either way."""
        self.locate(tick_ms)
        whole_s = seconds - self.at_seconds
        if whole_s > _FAR_S:
            whole_s = _FAR_S
        elif whole_s < -_FAR_S:
            whole_s = -_FAR_S
        return whole_s * 1000 + (fraction * 125 >> 13) - self._at_ms

    def trusted(self):
        """Good enough to act on: set, or restored from such after a short interruption."""
        return self.quality >= QUALITY_SET or self.quality == QUALITY_RESTORED and self.short

    def keep(self):
        """Tell the control kernel while time is slewed: it counts on at the full rate."""
        if self.slew_ms:
            self._tell()

    def confirm(self, quality):
        """Time is right as it is, by that quality."""
        trusted = self.trusted()
        self.quality = quality
        if not trusted:
            self._tell()

    def _tell(self):
        self._kernel.set_time(self.now_ms, self.seconds, self.fraction, self.trusted())

    def restore(self, fram, cause):
        """Take mission time back from the control kernel, which outlives Python, else from the
        checkpoint in FRAM. Boot time only."""
        self._checkpoint = TwoCopies(
            fram, _ADDRESS_A, _ADDRESS_B, _CHECKPOINT_SIZE, _CHECKPOINT_LAYOUT
        )
        stored = self._checkpoint.load()
        image = bytearray(_TIME_SIZE)
        self._kernel.time_into(image)
        tick_ms, seconds, fraction, known, _ = struct.unpack_from(_TIME_FORMAT, image)
        if known and seconds <= SECONDS_MAX:
            sub_ms = (fraction * 125 >> 13) + self._clock.ticks_diff(self.now_ms, tick_ms)
            self.short = known == _TRUSTED
        elif stored:
            body = self._checkpoint.image
            seconds, ahead_s, trusted = struct.unpack_from(_CHECKPOINT, body, HEADER_SIZE)
            if seconds > SECONDS_MAX:
                return
            # No earlier than any time given out before the reset, and never before the checkpoint.
            seconds += ahead_s + self.uptime_s
            sub_ms = self.uptime_ms
            # Once doubted, a second reset makes it no better.
            lost = cause in (reset_cause.UNKNOWN, reset_cause.POWER_ON)
            self.short = trusted == 1 and not lost
            known = 0
        else:
            return
        self.quality = QUALITY_RESTORED
        self.seconds = seconds + sub_ms // 1000
        self.sub_ms = sub_ms % 1000
        self.fraction = (self.sub_ms << 13) // 125
        if not known:
            # It has this start from here on: Python that comes back asks it, not the checkpoint.
            self._tell()

    def checkpoint(self, ahead_s):
        """Store the time in FRAM; the next one follows within `ahead_s` (1..255). 0 or a negative
        status."""
        body = self._checkpoint.image
        trusted = 1 if self.trusted() else 0
        struct.pack_into(_CHECKPOINT, body, HEADER_SIZE, self.seconds, ahead_s, trusted)
        return self._checkpoint.save(True)

    def locate(self, tick_ms):
        """Mission time of another tick, at most some minutes away: `at_seconds`, `at_fraction`."""
        sub_ms = self.sub_ms + self._clock.ticks_diff(tick_ms, self.now_ms)
        self.at_seconds = self.seconds + sub_ms // 1000
        self._at_ms = sub_ms % 1000
        self.at_fraction = (self._at_ms << 13) // 125

    def _slew(self, delta):
        """Part of `delta` ms that mission time does not take part in."""
        rest = self._slew_rest + delta
        part = min(rest // _SLEW_SHARE, self.slew_ms)
        self._slew_rest = rest % _SLEW_SHARE
        self.slew_ms -= part
        return part
