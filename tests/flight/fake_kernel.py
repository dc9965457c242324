"""Clock and control kernel of the board for unit tests (tests/flight/fakes.py)."""

from __future__ import annotations

import struct
from collections import deque
from typing import Any

from hal import clock as hal_clock


class Clock:
    """hal/clock.py over virtual microseconds; a step may `spend` time."""

    ticks_add = staticmethod(hal_clock.ticks_add)
    ticks_diff = staticmethod(hal_clock.ticks_diff)

    def __init__(self, now_us: int = 0) -> None:
        self.now_us = now_us
        self.idle = 0
        self.slept: list[int] = []

    def ticks_ms(self) -> int:
        return self.now_us // 1000 & hal_clock.TICKS_MASK

    def ticks_us(self) -> int:
        return self.now_us & hal_clock.TICKS_MASK

    def idle_us(self) -> int:
        return self.idle & hal_clock.TICKS_MASK

    def sleep_until(self, tick_ms: int) -> None:
        wait_ms = hal_clock.ticks_diff(tick_ms, self.ticks_ms())
        self.slept.append(tick_ms)
        if wait_ms > 0:
            target_us = (self.now_us // 1000 + wait_ms) * 1000
            self.idle += target_us - self.now_us
            self.now_us = target_us

    def spend(self, duration_us: int) -> None:
        self.now_us += duration_us


class Kernel:
    """Recorder in place of the control kernel: takes commands, shows the report it is given as of
    the last tick of `clock`. `refusals`: how it refuses each (code, index) or upload kind, told by
    an event and counted, as the loop does."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.report = bytearray(72)
        self.estimate = bytearray(184)
        self.control = bytearray(124)
        self.devices = bytearray(60)
        self.time, self.gnss_time = (0, 0, 0, 0), (0, 0, 0, 0, 0)  # as mf_kernel_time_t
        self.uploads: list[tuple[int, bytes]] = []
        self.refusals: dict[Any, int] = {}
        self.mute = False  # refuses, counts, but its events are lost
        self.ticking = True
        self.commands: list[tuple[int, int, float]] = []
        self.refuse = 0
        self.beats = 0
        self.direct_calls: list[tuple[int, int]] = []
        self.direct_status = 0
        self.settings: dict[int, int] = {}
        self.emission_ceased = False
        self.step_limits: list[int] = []
        self.steps_ended = 0
        self.events: deque[bytes] = deque()
        self.orbit: bytes | None = None  # the image of a scan that begins, when the orbit is known
        self.steps: Any = None  # a kernel that carries it on

    def set_report(self, mode: int, reason: int, flags: int) -> None:
        self.report[8:11] = bytes((mode, reason, flags))

    def report_into(self, buf: Any) -> int:
        buf[:] = self.report
        return self.clock.ticks_ms() // 100 * 100 if self.ticking else 0

    def attitude_into(self, which: int, buf: Any) -> None:
        source = self.control if which else self.estimate
        assert len(buf) == len(source)
        buf[:] = source

    def devices_into(self, buf: Any) -> None:
        buf[:] = self.devices

    def set_time(self, tick_ms: int, seconds: int, fraction: int, trusted: bool = True) -> None:
        self.time = (tick_ms, seconds, fraction, 1 if trusted else 2)

    def gnss_time_into(self, buf: Any) -> None:
        struct.pack_into("<IIHBB", buf, 0, *self.gnss_time)

    def time_into(self, buf: Any) -> None:
        struct.pack_into("<IIHBB", buf, 0, *self.time, 0)

    def upload(self, kind: int, buf: Any, off: int, n: int) -> int:
        if self.refuse:
            return self.refuse
        data = bytes(buf[off : off + n])
        assert len(data) == n
        if not self._told(kind, 0x0210, kind, 52):
            self.uploads.append((kind, data))
        return 1

    def _told(self, key: Any, event: int, argument: int, counter: int) -> bool:
        """True, with its event and counter, when `key` is to be refused."""
        errno = self.refusals.get(key)
        if errno is None:
            return False
        count = int.from_bytes(self.devices[counter : counter + 2], "little") + 1
        self.devices[counter : counter + 2] = count.to_bytes(2, "little")
        if not self.mute:
            now_ms = self.clock.ticks_ms()
            self.events.append(struct.pack("<IHHI", now_ms, event, errno, argument))
        return True

    def stats_into(self, buf: Any) -> None:
        buf[:] = bytes(len(buf))

    def command(self, code: int, index: int, buf: Any = None, off: int = 0) -> int:
        if self.refuse:
            return self.refuse
        value = 0.0 if buf is None else struct.unpack_from(">f", buf, off)[0]
        if self._told((code, index), 0x020F, code << 8 | index, 54):
            return 1
        self.commands.append((code, index, value))
        sequence = (len(self.commands) - 1) % 255 + 1
        self.report[11] = sequence
        return sequence

    def beat(self) -> None:
        self.beats += 1

    def direct(self, code: int, value: int) -> int:
        self.direct_calls.append((code, value))
        return self.direct_status

    def setting(self, code: int, value: int) -> int:
        self.settings[code] = value
        return 0

    def step_begin(self, limit_ms: int) -> None:
        self.step_limits.append(limit_ms)

    def step_end(self) -> None:
        self.steps_ended += 1

    def ceased(self) -> bool:
        return self.emission_ceased

    def defaults(self) -> bool:
        return False

    def contact_known(self) -> bool:
        return self.orbit is not None

    def contact_begin(self, buf: Any) -> int:
        if self.orbit is None:
            return -116
        buf[:] = self.orbit
        return 0

    def contact_step(self, buf: Any, stations: Any, off: int, count: int, steps: int) -> int:
        return self.steps.contact_step(buf, stations, off, count, steps)

    def event_into(self, buf: Any) -> bool:
        if not self.events:
            return False
        buf[:] = self.events.popleft()
        return True
