"""A range of a NOR flash as blocks under a file system: every call ends what it began.

The part erases and programs by itself; here its caller waits, asleep between looks, so that the
control loop goes on meanwhile and nothing else of the same thread does: call it in slack. An
operation that takes longer than the part's limit is ended. Nothing allocates but the constructor.
"""

from hal.compat import const
from hal.errors import HalError

# Half of the W25Q128 is for files: 8 MiB.
FILES_BLOCKS = 2048
# Behind them 2.5 MiB for uploads on their way into files (apps/files).
STAGE_BLOCKS = 640

_E_TIMEDOUT = const(-110)
_E_BUSY = const(16)
_PAUSE_MAX_MS = const(8)
_CLIP = const(65535)


class FlashBlocks:
    """`flash` is a BlockDevice (hal/roles.py), `clock` as in hal/clock.py.

    `first` and `blocks` are counted in sectors of the flash. Reads, programs and erases answer 0 or
    a negative errno. Counters wrap at 2^16: `programs`, `erases`, `failures`; `longest_ms` is the
    longest wait since boot.
    """

    def __init__(self, flash, clock, first, blocks):
        if first < 0 or blocks < 1 or (first + blocks) * flash.SECTOR > flash.SIZE:
            raise ValueError("blocks outside the flash")
        self.BLOCK_SIZE = flash.SECTOR
        self.BLOCKS = blocks
        self.programs = 0
        self.erases = 0
        self.failures = 0
        self.longest_ms = 0
        self._flash = flash
        self._clock = clock
        self._base = first * flash.SECTOR

    def probe(self):
        """0 when the part answers and is the expected one, else a negative errno.

        What it was still doing when the processor started is waited for.
        """
        flash = self._flash
        try:
            try:
                flash.probe()
            except HalError as error:
                if error.code != _E_BUSY:
                    raise
                self._settle(flash.ERASE_LIMIT_MS)
                flash.probe()
        except HalError as error:
            return self._failed(error)
        return 0

    def read(self, block, offset, buf):
        """Fill `buf`, at most a page, from `offset` of `block`."""
        try:
            self._flash.read_into(self._base + block * self.BLOCK_SIZE + offset, buf)
        except HalError as error:
            return self._failed(error)
        return 0

    def program(self, block, offset, buf, off=0, n=-1):
        """Clear the bits that are 0 in `buf[off:off+n]`, in all of `buf` without `n`, inside one
        page, and wait for it."""
        self.programs = (self.programs + 1) & 0xFFFF
        try:
            self._flash.program(self._base + block * self.BLOCK_SIZE + offset, buf, off, n)
            return self._settle(self._flash.PROGRAM_LIMIT_MS)
        except HalError as error:
            return self._failed(error)

    def erase(self, block):
        """Set all bits of `block` and wait for it."""
        self.erases = (self.erases + 1) & 0xFFFF
        try:
            self._flash.erase_sector(self._base + block * self.BLOCK_SIZE)
            return self._settle(self._flash.ERASE_LIMIT_MS)
        except HalError as error:
            return self._failed(error)

    def _settle(self, limit_ms):
        """Wait until the part is idle, in sleeps of 1, 2, 4 and then 8 ms; when that took longer
        than `limit_ms`, end what the part does. 0 or a negative errno."""
        clock = self._clock
        flash = self._flash
        begin = clock.ticks_ms()
        pause = 1
        waited = 0
        while flash.busy():
            if waited > limit_ms + 1:  # the clock may have rounded one off
                flash.reset()
                self.failures = (self.failures + 1) & 0xFFFF
                return _E_TIMEDOUT
            clock.sleep_until(clock.ticks_add(clock.ticks_ms(), pause))
            waited = clock.ticks_diff(clock.ticks_ms(), begin)
            pause = min(pause + pause, _PAUSE_MAX_MS)
        if waited > self.longest_ms:
            self.longest_ms = min(waited, _CLIP)
        return 0

    def _failed(self, error):
        self.failures = (self.failures + 1) & 0xFFFF
        return -error.code
