"""A board for unit tests: virtual clock, FRAM in memory, real devices of the simulator on an I2C
bus, and the real C link; the control kernel is a recorder."""

from __future__ import annotations

import struct
from collections import deque
from functools import partial
from typing import Any

import native
from hal import clock as hal_clock
from hal.drivers.mf_eps import MfEps
from hal.drivers.tmp108 import Tmp108
from hal.drivers.w25q128 import W25q128
from hal.flash_blocks import FILES_BLOCKS, FlashBlocks
from native.cffi.archive import Archive
from sim.devices.base import BusError, Device
from sim.devices.w25q128 import W25q128 as SimFlash

EIO = 5
ENODEV = 19


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


class Fram:
    """FRAM of 128 KiB. `cut_after` bytes the power fails: the rest of that write is lost."""

    def __init__(self) -> None:
        self.memory = bytearray(131072)
        self.cut_after: int | None = None
        self.status = 0
        self.writes: list[tuple[int, int]] = []

    def read(self, address: int, buf: Any, off: int = 0, n: int | None = None) -> int:
        n = len(buf) - off if n is None else n
        assert 0 <= off <= off + n <= len(buf)
        if self.status == 0:
            buf[off : off + n] = self.memory[address : address + n]
        return self.status

    def write(self, address: int, buf: Any, off: int = 0, n: int | None = None) -> int:
        if self.status:
            return self.status
        n = len(buf) - off if n is None else n
        assert 0 <= off <= off + n <= len(buf)
        data = bytes(buf[off : off + n])
        if self.cut_after is not None:
            data = data[: self.cut_after]
        self.memory[address : address + len(data)] = data
        self.writes.append((address, len(data)))
        return 0 if self.cut_after is None else -EIO


class Spi:
    """SPI of a board with the flash behind it, in the time of the board."""

    def __init__(self, part: SimFlash, clock: Clock) -> None:
        self.part = part
        self.clock = clock

    def write_readinto(self, tx: Any, rx: Any) -> None:
        self.part.time_us = max(self.part.time_us, self.clock.now_us)
        got = self.part.transfer(bytes(tx or b""), len(rx or b""))
        if rx is not None:
            rx[:] = got


class Bus:
    """I2C of a board with simulated parts behind it."""

    def __init__(self, parts: dict[int, Device]) -> None:
        self.parts = parts

    def _transfer(self, address: int, tx: bytes, rx_len: int) -> bytes:
        part = self.parts.get(address)
        if part is None:
            raise OSError(ENODEV)
        try:
            return part.transfer(tx, rx_len, address)
        except BusError as error:
            raise OSError(-error.status) from error

    def readfrom_mem_into(self, address: int, register: int, buf: Any) -> None:
        buf[:] = self._transfer(address, bytes((register,)), len(buf))

    def writeto_mem(self, address: int, register: int, buf: Any) -> None:
        self._transfer(address, bytes((register,)) + bytes(buf), 0)


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
        self.settings: dict[int, int] = {}
        self.emission_ceased = False
        self.events: deque[bytes] = deque()

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

    def set_time(self, tick_ms: int, seconds: int, fraction: int) -> None:
        self.time = (tick_ms, seconds, fraction, 1)

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
        return 0

    def setting(self, code: int, value: int) -> int:
        self.settings[code] = value
        return 0

    def ceased(self) -> bool:
        return self.emission_ceased

    def defaults(self) -> bool:
        return False

    def event_into(self, buf: Any) -> bool:
        if not self.events:
            return False
        buf[:] = self.events.popleft()
        return True


class Radio:
    """Radio as the C driver shows it: frames in and out, a status to fail with."""

    def __init__(self) -> None:
        self.status = 0
        self.free = 8
        self.sent: list[bytes] = []
        self.received: deque[bytes] = deque()
        self.settings: list[tuple[int, int]] = []

    def probe(self) -> int:
        return self.status

    def control(self, carrier: int, rate_code: int) -> int:
        self.settings.append((carrier, rate_code))
        return self.status

    def tx_free(self) -> int:
        return self.status or self.free

    def send(self, buf: Any, n: int) -> int:
        self.sent.append(bytes(buf[:n]))
        return self.status

    def receive(self, buf: Any) -> int:
        if self.status or not self.received:
            return self.status
        frame = self.received.popleft()
        buf[: len(frame)] = frame
        return len(frame)


def _no_device(request: bytes) -> bytes:
    return struct.pack("<hH", -ENODEV, 0) + bytes(int.from_bytes(request[6:8], "little"))


class Board:
    """Everything of docs/architecture.md, "HAL"; `parts` are simulated devices by address."""

    name = "test"
    image_slot = 0
    heap_size = stack_size = handler_stack_size = 0
    dictionary_hash = b"\xde\xad\xbe\xef"

    def __init__(self, parts: dict[int, Device] | None = None, cause: int = 1) -> None:
        self.clock = Clock()
        self.kernel = Kernel(self.clock)
        self.stack = native.Stack(_no_device)
        self.link = self.stack.link
        self.radio = Radio()
        self.fram = Fram()
        self.bus = Bus(parts or {})
        self.eps = MfEps(self.bus)
        self.thermometer = Tmp108(self.bus)
        self.flash = SimFlash("w25q128")
        part = W25q128(Spi(self.flash, self.clock), native.copy)
        self.blocks = FlashBlocks(part, self.clock, 0, FILES_BLOCKS)
        self.files = native.Files(self.blocks)
        self.archive = partial(Archive, fram=self.fram)
        self.reset_cause = cause
        self.resets: list[int] = []
        self.crash = bytes(52)
        self.heap = 0
        self.allocated = 0
        self.scrubbed = 0
        self.scrub_result = 1
        self.collections = 0

    def heap_used(self) -> int:
        return self.heap

    def heap_total_allocated(self) -> int:
        return self.allocated

    def stack_used(self) -> int:
        return 0

    def handler_stack_used(self) -> int:
        return 0

    def scrub(self, size: int) -> int:
        self.scrubbed += size
        return self.scrub_result if self.scrubbed % (448 * 1024) == 0 else 0

    def crash_into(self, buf: Any) -> None:
        buf[:] = self.crash

    def collect(self) -> None:
        self.collections += 1

    def reset(self, cause: int) -> None:
        self.resets.append(cause)
