"""The desktop board: the C stack through cffi, devices behind one `exchange` callable."""

import zlib
from collections.abc import Callable
from functools import cache, partial

import native
from boards import link_keys
from boards.desktop.clock import BoardReset, VirtualClock
from flight import dictionary
from flight.packets.signature import signature
from hal import reset_cause
from hal.drivers.mf_eps import MfEps
from hal.drivers.tmp108 import Tmp108
from hal.drivers.w25q128 import W25q128
from hal.flash_blocks import FILES_BLOCKS, STAGE_BLOCKS, FlashBlocks
from native.cffi.archive import Archive
from native.cffi.build_native import extension_path

_PLATFORM_BUS = 2
_FLASH_SPI = 1
_FLASH_SELECT = 0x24  # PC4
_CODE_B = 65536
_FLAG_FLIGHT_BUILD = 1
_E_RESET = -104
_E_INVAL = -22
_IMAGE = 0x08010000

Exchange = Callable[[bytes], bytes]


def _never() -> bool:
    return False


@cache
def _code() -> bytes:
    return extension_path().read_bytes()[:_CODE_B]


class Board:
    """What flight software sees of the desktop; attributes as docs/architecture.md, "HAL"."""

    name = "desktop"
    image_slot = 0
    heap_size = stack_size = handler_stack_size = 0  # not bounded here

    def __init__(
        self,
        exchange: Exchange,
        cause: int = reset_cause.POWER_ON,
        finished: Callable[[], bool] = _never,
        secrets: "bytes | None" = None,
        kept: "tuple[bytes, bytes] | None" = None,
    ) -> None:
        """`secrets`: keys of the link as `native.Stack` takes them; the development keys when left
        out. `kept`: `stack.kept` of the board before the reset."""
        self._exchange = exchange
        self._pulled: "int | None" = None
        if secrets is None:
            secrets = b"".join(link_keys.secrets(link_keys.DEVELOPMENT))
        self.stack = native.Stack(self._watched_exchange, secrets=secrets, kept=kept)
        self.clock = VirtualClock(self.stack, finished, self._pulled_cause)
        self.dictionary_hash = signature(dictionary).to_bytes(4, "big")
        self.kernel = self.stack.kernel
        self.link = self.stack.link
        self.radio = self.stack.radio
        self.fram = self.stack.fram
        # What stands for the images in flash: a part of the C that flies here.
        self.code = (bytearray(_code()), bytearray(_code()))
        self._crc = zlib.crc32(_code())
        self._scrub = tuple(native.Scrub(code, self._crc) for code in self.code)
        self.stack.hello(cause, _FLAG_FLIGHT_BUILD if native.FLIGHT_BUILD else 0)
        self.stack.survival.begin(cause, self.image_slot)
        self.fresh_python(cause)

    def fresh_python(self, cause: int) -> None:
        """What a new Python finds: drivers that know nothing, and why it was started."""
        self.reset_cause = cause
        platform = self.stack.i2c(_PLATFORM_BUS)
        self.eps = MfEps(platform)
        self.thermometer = Tmp108(platform)
        flash = W25q128(self.stack.spi(_FLASH_SPI, _FLASH_SELECT), native.copy)
        self.blocks = FlashBlocks(flash, self.clock, 0, FILES_BLOCKS)
        self.stage = FlashBlocks(flash, self.clock, FILES_BLOCKS, STAGE_BLOCKS)
        self.files = native.Files(self.blocks)
        self.archive = partial(Archive, fram=self.fram)

    def _watched_exchange(self, request: bytes) -> bytes:
        """Pass an exchange on; note when the world pulls the reset line. The reset itself waits
        until the C code has returned."""
        reply = self._exchange(request)
        if reply[1] == 0xFF and int.from_bytes(reply[0:2], "little", signed=True) == _E_RESET:
            self._pulled = reset_cause.PIN
        return reply

    def _pulled_cause(self) -> "int | None":
        return self._pulled

    def heap_used(self) -> int:
        """No bounded heap here: 0."""
        return 0

    def heap_total_allocated(self) -> int:
        """Not measured here: 0."""
        return 0

    def stack_used(self) -> int:
        """Not measured here: 0."""
        return 0

    def handler_stack_used(self) -> int:
        """Not measured here: 0."""
        return 0

    def scrub(self, which: int, size: int) -> int:
        """The next bytes of the running image (0) or the other one (1): 0 goes on, 1 all of it is
        good, -74 it is damaged."""
        return self._scrub[which].step(size)

    def intact(self, which: int) -> bool:
        """The image is intact: all of it is looked at."""
        return zlib.crc32(self.code[which]) == self._crc

    def image_read(
        self, buf: bytes, at: int, skip: int, n: int, out: "bytearray | None", off: int
    ) -> int:
        """Bytes of what stands for the image, at the address of slot A."""
        code = self.code[0]
        first = int.from_bytes(buf[at : at + 4], "big") + skip - _IMAGE
        if n < 1 or first < 0 or first + n > len(code):
            return _E_INVAL
        if out is not None:
            out[off : off + n] = code[first : first + n]
        return 0

    def crash_into(self, buf: bytearray) -> None:
        """Nothing survives a crash here: the record stays as it is."""

    def collect(self) -> None:
        """CPython collects by itself."""

    def reset(self, cause: int) -> None:
        """Reset at once: raises BoardReset."""
        raise BoardReset(cause)
