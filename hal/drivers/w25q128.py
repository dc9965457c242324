"""Winbond W25Q128JV serial NOR flash, 16 MiB, data sheet revision F.

Erasing and programming go on inside the part when the call returns: the caller asks `busy` until
it is False, and gives up by its own clock after the time that the role's limits name. No call
waits, and none but the constructor allocates.
"""

from hal.compat import const
from hal.errors import HalError, fail
from hal.roles import BlockDevice

# Section 8.1.2 "Instruction set".
_WRITE_ENABLE = const(0x06)
_WRITE_DISABLE = const(0x04)
_READ_STATUS = const(0x05)
_READ_DATA = const(0x03)
_PAGE_PROGRAM = const(0x02)
_SECTOR_ERASE = const(0x20)
_RELEASE_POWER_DOWN = const(0xAB)
_JEDEC_ID = const(0x9F)
_ENABLE_RESET = const(0x66)
_RESET = const(0x99)
# Status register 1, section 7.1.
_BUSY = const(0x01)
_WEL = const(0x02)
# All bits set cannot be: the line is pulled up and nothing drives it.
_NOBODY = const(0xFF)
_SIZE = const(0x1000000)
_E_IO = const(5)
_E_BUSY = const(16)
_E_NODEV = const(19)
_E_INVAL = const(22)
_E_BADID = const(84)
# Erased cells, written out so that it lies in flash.
_BLANK = (
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
)


class W25q128(BlockDevice):
    """BlockDevice on one chip select of an SPI bus with `write_readinto(tx, rx)`.

    The bus raises OSError, this raises HalError. `copy(dst, dst_off, src, src_off, n)` moves bytes
    (native.copy).
    """

    SIZE = _SIZE
    PAGE = 256
    SECTOR = 4096
    # Section 9.6, the longest times.
    PROGRAM_LIMIT_MS = 3
    ERASE_LIMIT_MS = 400

    def __init__(self, bus, copy):
        self._bus = bus
        self._copy = copy
        self._error = HalError("w25q128")
        self._code = bytearray(1)
        self._state = bytearray(1)
        self._id = bytearray(3)
        self._head = bytearray(4)
        self._page = bytearray(4 + 256)
        self._back = bytearray(32)
        self._begun = False

    def probe(self):
        """Wake the part and check its JEDEC ID. HalError: ENODEV, EBADID."""
        self._begun = False
        self._send(_RELEASE_POWER_DOWN)
        # While it is busy the part tells nothing but its status.
        if self._status() & _BUSY:
            fail(self._error, _E_BUSY)
        self._code[0] = _JEDEC_ID
        self._transfer(self._code, self._id)
        if self._id[0] != 0xEF or self._id[1] != 0x40 or self._id[2] != 0x18:
            fail(self._error, _E_BADID)

    def reset(self):
        """End whatever the part is doing, the data under it is lost; it takes 30 us."""
        self._begun = False
        self._send(_ENABLE_RESET)
        self._send(_RESET)

    def busy(self):
        """True while the last program or erase goes on.

        HalError: ENODEV when nobody answers, EIO when the part refused the work (protected).
        """
        state = self._status()
        if state & _BUSY:
            return True
        if self._begun:
            self._begun = False
            # The part clears the latch when it ends a cycle; still set means that none began.
            if state & _WEL:
                self._send(_WRITE_DISABLE)
                fail(self._error, _E_IO)
        return False

    def read_into(self, addr, buf):
        """Fill `buf` (1..256 bytes) from `addr`. HalError: EINVAL, EBUSY, ENODEV."""
        n = len(buf)
        if addr < 0 or n < 1 or n > 256 or addr > _SIZE - n:
            fail(self._error, _E_INVAL)
        # Written out: the file system reads much more often than it does anything else.
        code = self._code
        code[0] = _READ_STATUS
        head = self._head
        head[0] = _READ_DATA
        head[1] = addr >> 16
        head[2] = addr >> 8 & 0xFF
        head[3] = addr & 0xFF
        try:
            self._bus.write_readinto(code, self._state)
            state = self._state[0]
            if state == _NOBODY:
                fail(self._error, _E_NODEV)
            if state & _BUSY or self._begun and self.busy():
                fail(self._error, _E_BUSY)
            self._bus.write_readinto(head, buf)
        except OSError as error:
            fail(self._error, error.args[0])

    def program(self, addr, buf, off=0, n=-1):
        """Begin to clear the bits that are 0 in `buf[off:off+n]`, in all of `buf` without `n`
        (1..256 bytes inside one page).

        HalError: EINVAL, EBUSY, ENODEV, EIO when the part does not take a write enable.
        """
        if n < 0:
            n = len(buf)
        if addr < 0 or n < 1 or addr >= _SIZE or (addr & 0xFF) + n > 256:
            fail(self._error, _E_INVAL)
        self._enable()
        page = self._page
        # A whole page each time: bits that stay 1 change nothing, and the buffer keeps its length.
        self._copy(page, 4, _BLANK, 0, 256)
        self._copy(page, 4 + (addr & 0xFF), buf, off, n)
        self._put_address(page, _PAGE_PROGRAM, addr & 0xFFFF00)
        self._transfer(page, None)
        self._begun = True

    def erase_sector(self, addr):
        """Begin to set all bits of the 4096 bytes at `addr`, a multiple of that.

        HalError as `program`.
        """
        if addr < 0 or addr >= _SIZE or addr & 0xFFF:
            fail(self._error, _E_INVAL)
        self._enable()
        self._put_address(self._head, _SECTOR_ERASE, addr)
        self._transfer(self._head, None)
        self._begun = True

    def verify(self, addr, buf):
        """Compare the memory from `addr` on with `buf` (1..256 bytes, inside the memory).

        The part does not tell when cells failed. HalError: EIO when they differ, as `read_into`.
        """
        n = len(buf)
        if addr < 0 or n < 1 or n > 256 or addr > _SIZE - n:
            fail(self._error, _E_INVAL)
        if self.busy():
            fail(self._error, _E_BUSY)
        back = self._back
        at = 0
        while at < n:
            self._put_address(self._head, _READ_DATA, addr + at)
            self._transfer(self._head, back)
            for i in range(min(32, n - at)):
                if back[i] != buf[at + i]:
                    fail(self._error, _E_IO)
            at += 32

    def _enable(self):
        """Write enable, and see that it was taken."""
        if self.busy():
            fail(self._error, _E_BUSY)
        self._send(_WRITE_ENABLE)
        if self._status() & (_WEL | _BUSY) != _WEL:
            fail(self._error, _E_IO)

    def _status(self):
        self._code[0] = _READ_STATUS
        self._transfer(self._code, self._state)
        if self._state[0] == _NOBODY:
            fail(self._error, _E_NODEV)
        return self._state[0]

    def _send(self, instruction):
        self._code[0] = instruction
        self._transfer(self._code, None)

    def _put_address(self, out, instruction, addr):
        out[0] = instruction
        out[1] = addr >> 16
        out[2] = addr >> 8 & 0xFF
        out[3] = addr & 0xFF

    def _transfer(self, tx, rx):
        try:
            self._bus.write_readinto(tx, rx)
        except OSError as error:
            fail(self._error, error.args[0])
