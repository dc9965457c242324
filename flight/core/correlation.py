"""Correlation of mission time: by command, by GNSS; its checkpoint.

A GNSS message says the time of a moment that lies up to 600 ms before the tick at which it was
taken. Mission time between both is as good as the message; outside, it is corrected to the nearest
time that agrees, or to the middle when it is far off. So the error shrinks to what the messages
leave open, and drift is caught when it shows.
"""

from flight.core import failures, timebase
from flight.packets.octets import u16, u32
from hal.compat import const

_IMAGE_SIZE = const(12)  # mf_kernel_time_t
_LATENCY_MS = const(600)
_ROUNDING_MS = const(2)  # of fractions of a second, each way
_AGREEING = const(3)  # messages in a row, before one is used
_PATIENCE = const(600)  # messages, before a correction that was refused is tried again
_MASK = const(0x3FFFFFFF)
_CLIP_MS = const(1000000000)

_EVENT_TIME_SET = const(0x000C)
_EVENT_STEPPED = const(0x0601)
_EVENT_SLEWING = const(0x0602)
_EVENT_REFUSED = const(0x0603)
_EVENT_SET_BACK = const(0x0604)
_EVENT_RESTORED = const(0x0605)
_EVENT_GNSS_FAR = const(0x0606)
_EVENT_STORAGE = const(0x0004)

_SOURCE_COMMAND = const(1)
_SOURCE_GNSS = const(2)


class Correlation:
    """`refused`: corrections refused, u16. `wake()` is called when mission time has changed."""

    def __init__(self, context, wake):
        self._context = context
        self._time = context.time
        self._events = context.events
        self._kernel = context.board.kernel
        self._wake = wake
        self._every_at = context.params.place(0x0601)
        self._slew_at = context.params.place(0x0602)
        self._gnss_at = context.params.place(0x0603)
        self._step_at = context.params.place(0x0604)
        self._image = bytearray(_IMAGE_SIZE)
        self._count = 0  # of the last message looked at
        self._start_s = 0  # mission time of the start by it
        self._agreed = 0
        self._told_far = False
        self._saved_s = -256  # uptime of the last checkpoint
        self.refused = 0
        context.functions.handle(0x0002, self.set_time)
        context.functions.handle(0x0601, self.set_back)

    def start(self):
        """Say what mission time this start began with."""
        if self._time.quality == timebase.QUALITY_RESTORED:
            self._events.put(_EVENT_RESTORED, 0, self._time.seconds)

    def step(self):
        """Follow GNSS, keep the kernel informed, store the checkpoint; about once a second."""
        if self._context.params.u8(self._gnss_at):
            self._follow_gnss()
        time = self._time
        time.keep()
        every_s = self._context.params.u8(self._every_at)
        if time.quality and time.uptime_s - self._saved_s >= every_s:
            self._save(every_s)

    def set_time(self, buf, off, owner):
        """Handler of `set_time`."""
        code = self._correct(u32(buf, off), u16(buf, off + 4), _SOURCE_COMMAND)
        if code == failures.OK:
            self._events.put(_EVENT_TIME_SET, 0, u32(buf, off))
        return code

    def set_back(self, buf, off, owner):
        """Handler of `time_set_back`, which the service has found armed."""
        seconds = u32(buf, off)
        self._time.set(seconds, u16(buf, off + 4), timebase.QUALITY_SET)
        self._events.put(_EVENT_SET_BACK, 0, seconds)
        self._take_effect()
        return failures.OK

    def _correct(self, seconds, fraction, source):
        time = self._time
        unknown = time.quality == timebase.QUALITY_UNKNOWN
        offset_ms = time.difference_ms(seconds, fraction, time.now_ms)
        quality = timebase.QUALITY_GNSS if source == _SOURCE_GNSS else timebase.QUALITY_SET
        slew_max_s = self._context.params.u16(self._slew_at)
        done = time.correct(seconds, fraction, quality, slew_max_s)
        size_ms = min(abs(offset_ms), _CLIP_MS)
        if done == timebase.REFUSED:
            self.refused = (self.refused + 1) & 0xFFFF
            self._events.put(_EVENT_REFUSED, source, size_ms)
            if source == _SOURCE_GNSS:
                self._agreed = -_PATIENCE
            return failures.TIME_BACKWARD
        if done == timebase.SLEWING:
            self._events.put(_EVENT_SLEWING, source, size_ms)
        elif not unknown:
            self._events.put(_EVENT_STEPPED, source, size_ms)
        self._take_effect()
        return failures.OK

    def _take_effect(self):
        self._agreed = 0
        self._told_far = False
        self._save(self._context.params.u8(self._every_at))
        self._wake()

    def _save(self, every_s):
        self._saved_s = self._time.uptime_s
        # The next one may be a step of the app later than wanted.
        status = self._time.checkpoint(every_s + 2)
        if status < 0:
            self._events.put(_EVENT_STORAGE, -status)

    def _follow_gnss(self):
        image = self._image
        self._kernel.gnss_time_into(image)
        if not image[10] or image[11] == self._count:
            return
        self._count = image[11]
        # Little-endian; mission time stays below 2^30 until 2054.
        tick_ms = image[0] | image[1] << 8 | image[2] << 16 | (image[3] & 0x3F) << 24
        seconds = image[4] | image[5] << 8 | image[6] << 16 | (image[7] & 0x3F) << 24
        if image[7] & 0xC0:
            return
        time = self._time
        passed_ms = self._context.clock.ticks_diff(time.now_ms, tick_ms)
        # Messages agree that differ as onboard time since the start does.
        start_s = seconds - time.uptime_s + passed_ms // 1000
        if abs(start_s - self._start_s) > 1:
            self._agreed = 0
        self._start_s = start_s
        self._agreed += 1
        if self._agreed < _AGREEING:
            return
        self._agreed = _AGREEING
        fraction = image[8] | image[9] << 8
        behind_ms = time.difference_ms(seconds, fraction, tick_ms)
        if -_LATENCY_MS <= behind_ms <= _ROUNDING_MS and time.quality:
            if time.slew_ms == 0:
                time.confirm(timebase.QUALITY_GNSS)
        elif time.slew_ms == 0 and not self._too_far(behind_ms):
            if behind_ms > _LATENCY_MS or behind_ms < -2 * _LATENCY_MS:
                passed_ms += _LATENCY_MS // 2
            elif behind_ms < 0:
                passed_ms += _LATENCY_MS
            ms = (fraction * 125 >> 13) + passed_ms
            self._correct(seconds + ms // 1000, (ms % 1000 << 13) // 125, _SOURCE_GNSS)

    def _too_far(self, behind_ms):
        """True when time that has been set is not to follow so far."""
        if self._time.quality < timebase.QUALITY_SET:
            return False
        if abs(behind_ms) <= self._context.params.u16(self._step_at) * 1000:
            return False
        if not self._told_far:
            self._told_far = True
            self.refused = (self.refused + 1) & 0xFFFF
            self._events.put(_EVENT_GNSS_FAR, 1 if behind_ms < 0 else 0, abs(behind_ms))
        return True
