"""A board for unit tests: virtual clock, FRAM in memory, real devices of the simulator on an I2C
bus, and the real C link; the control kernel is a recorder."""

from __future__ import annotations

from functools import partial
from typing import Any

import native
from ground import keys
from hal.drivers.mf_eps import MfEps
from hal.drivers.tmp108 import Tmp108
from hal.drivers.w25q128 import W25q128
from hal.flash_blocks import FILES_BLOCKS, STAGE_BLOCKS, FlashBlocks
from native.cffi.archive import Archive
from sim.devices.base import BusError, Device
from sim.devices.w25q128 import W25q128 as SimFlash
from tests.flight.fake_kernel import Clock, Kernel
from tests.flight.fake_radio import LinkMemory, Radio

EIO = 5
ENODEV = 19


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


class Board:
    """Everything of docs/architecture.md, "HAL"; `parts` are simulated devices by address."""

    name = "test"
    image_slot = 0
    heap_size = stack_size = handler_stack_size = 0
    dictionary_hash = b"\xde\xad\xbe\xef"

    def __init__(self, parts: dict[int, Device] | None = None, cause: int = 1) -> None:
        self.clock = Clock()
        self.kernel = Kernel(self.clock)
        secrets = b"".join(keys.development()[name] for name in keys.names())
        self.stack = native.Stack(LinkMemory().exchange, secrets=secrets)
        self.link = self.stack.link
        self.kernel.steps = self.stack.kernel
        self.radio = Radio()
        self.fram = Fram()
        self.bus = Bus(parts or {})
        self.eps = MfEps(self.bus)
        self.thermometer = Tmp108(self.bus)
        self.flash = SimFlash("w25q128")
        part = W25q128(Spi(self.flash, self.clock), native.copy)
        self.blocks = FlashBlocks(part, self.clock, 0, FILES_BLOCKS)
        self.stage = FlashBlocks(part, self.clock, FILES_BLOCKS, STAGE_BLOCKS)
        self.files = native.Files(self.blocks)
        self.archive = partial(Archive, fram=self.fram)
        self.reset_cause = cause
        self.resets: list[int] = []
        self.crash = bytes(124)
        self.heap = 0
        self.allocated = 0
        self.scrubbed = [0, 0]
        self.scrub_results = [1, 1]  # of the running image, of the other
        self.false_alarm = False
        self.collections = 0

    def heap_used(self) -> int:
        return self.heap

    def heap_total_allocated(self) -> int:
        return self.allocated

    def stack_used(self) -> int:
        return 0

    def handler_stack_used(self) -> int:
        return 0

    def scrub(self, which: int, size: int) -> int:
        self.scrubbed[which] += size
        return self.scrub_results[which] if self.scrubbed[which] % (448 * 1024) == 0 else 0

    def intact(self, which: int) -> bool:
        return self.scrub_results[which] > 0 or self.false_alarm

    def image_read(self, buf: Any, at: int, skip: int, n: int, out: Any, off: int) -> int:
        """An image of 4 KB whose bytes 1000 to 1383 are keys."""
        first = int.from_bytes(buf[at : at + 4], "big") + skip - 0x08010000
        if n < 1 or first < 0 or first + n > 4096 or first < 1384 and first + n > 1000:
            return -22
        if out is not None:
            out[off : off + n] = bytes((first + i) & 0xFF for i in range(n))
        return 0

    def crash_into(self, buf: Any) -> None:
        buf[:] = self.crash

    def collect(self) -> None:
        self.collections += 1

    def reset(self, cause: int) -> None:
        self.resets.append(cause)
