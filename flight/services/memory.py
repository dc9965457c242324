"""Service 6, memory management (ECSS-E-ST-70-41C, 6.6): 6/2 loads raw memory, 6/5 dumps it in 6/6,
6/9 checks it in 6/10. The host's alone.

Memory id u8: 0 flash of the processor, by its own addresses, 1 FRAM. Then count u8 (1). 6/2:
address u32, length u8, data; read back before it is said to be done. 6/5: address u32, length u8;
6/6: the same, data, CRC-16 of the data. 6/9: address u32, length u16; 6/10: the same, CRC-32.

A list says what may be read and what written; what is on neither is refused (`protected`), all of a
request or nothing. On it are the boot block and the running image without its keys, and of FRAM
the records of the platform and an area for loads. Not on it: RAM, where keys and what others own
are in use, the keys of the link in image and FRAM, and what partners have stored. A check is a way
to read, and follows the list for reading.
"""

import native
from flight.core import failures, telemetry
from hal.compat import const

_LOAD = const(2)
_DUMP = const(5)
_CHECK = const(9)
SUBTYPES = b"\x02\x05\x09"
_HOST = const(0)
_FLASH = const(0)
_FRAM = const(1)
_LENGTH_MAX = const(176)
_CHECK_MAX = const(1024)
_PIECE = const(64)
_HEAD = const(6)  # memory, count, address
# FRAM that may be read: first, behind the last; docs/architecture.md, "FRAM".
_READABLE = (
    (0x00000, 0x00400),
    (0x00700, 0x00800),
    (0x01000, 0x02000),
    (0x0C000, 0x0D000),
    (0x1F000, 0x20000),
)
_WRITABLE_FROM = const(0x1F000)
_WRITABLE_TO = const(0x20000)


class Memory:
    """Handler of all of them; `refused`: requests for what is protected, u16."""

    def __init__(self, board, reports, commands):
        self._board = board
        self._reports = reports
        self._body = bytearray(_HEAD + 1 + _LENGTH_MAX + 2)
        self.refused = 0
        for subtype in SUBTYPES:
            commands.serve(6, subtype, self)

    def accept(self, packet, at, n, owner):
        """Lengths, then the list."""
        if owner != _HOST:
            return failures.NOT_AUTHORISED
        subtype = packet[8]
        size = _HEAD + (2 if subtype == _CHECK else 1)
        if n < size:
            return failures.BAD_LENGTH
        length = packet[at + _HEAD]
        if subtype == _CHECK:
            length = length << 8 | packet[at + _HEAD + 1]
        if n != size + (length if subtype == _LOAD else 0):
            return failures.BAD_LENGTH
        most = _CHECK_MAX if subtype == _CHECK else _LENGTH_MAX
        if packet[at] > _FRAM or packet[at + 1] != 1 or length < 1 or length > most:
            return failures.OUT_OF_RANGE
        if not self._may(subtype == _LOAD, packet, at, length):
            self.refused = (self.refused + 1) & 0xFFFF
            return failures.PROTECTED
        return failures.OK

    def start(self, packet, at, n, owner):
        """Nothing to prepare."""
        return failures.OK

    def run(self, packet, at, n, owner):
        """Load, dump or check."""
        subtype = packet[8]
        if subtype == _LOAD:
            return self._load(packet, at)
        body = self._body
        native.copy(body, 0, packet, at, n)
        if subtype == _DUMP:
            length = body[_HEAD]
            end = _HEAD + 1 + length
            if self._read(packet, at, 0, body, _HEAD + 1, length) < 0:
                return failures.DEVICE_ERROR
            crc = native.crc16(body, _HEAD + 1, length)
            body[end] = crc >> 8
            body[end + 1] = crc & 0xFF
            return self._send(packet, owner, telemetry.MEMORY_DUMP, end + 2)
        length = body[_HEAD] << 8 | body[_HEAD + 1]
        done = 0
        piece_at = _HEAD + 6
        while done < length:
            piece = min(_PIECE, length - done)
            if self._read(packet, at, done, body, piece_at, piece) < 0:
                return failures.DEVICE_ERROR
            native.crc32_into(body, piece_at, piece, body, _HEAD + 2, done > 0)
            done += piece
        return self._send(packet, owner, telemetry.MEMORY_CHECK, piece_at)

    def _load(self, packet, at):
        length = packet[at + _HEAD]
        first = at + _HEAD + 1
        address = _offset(packet, at)
        body = self._body
        if self._board.fram.write(address, packet, first, length) < 0:
            return failures.STORAGE_ERROR
        if self._board.fram.read(address, body, 0, length) < 0:
            return failures.STORAGE_ERROR
        for i in range(length):
            if body[i] != packet[first + i]:
                return failures.STORAGE_ERROR
        return failures.OK

    def _may(self, write, packet, at, length):
        """Whether the list has all of it."""
        if packet[at] == _FLASH:
            # The board knows where image and keys are.
            return not write and self._board.image_read(packet, at + 2, 0, length, None, 0) >= 0
        if packet[at + 2] or packet[at + 3] > 1:
            return False
        first = _offset(packet, at)
        last = first + length
        if write:
            return _WRITABLE_FROM <= first and last <= _WRITABLE_TO
        for row in _READABLE:
            if row[0] <= first and last <= row[1]:
                return True
        return False

    def _read(self, packet, at, skip, out, off, n):
        if packet[at] == _FLASH:
            return self._board.image_read(packet, at + 2, skip, n, out, off)
        return self._board.fram.read(_offset(packet, at) + skip, out, off, n)

    def _send(self, packet, owner, kind, n):
        destination = packet[9] << 8 | packet[10]
        sent = self._reports.send(owner, 0, kind, destination, self._body, n)
        return failures.OK if sent else failures.QUEUE_FULL


def _offset(packet, at):
    """Address of FRAM, which has been found to be below 2^17."""
    return packet[at + 3] << 16 | packet[at + 4] << 8 | packet[at + 5]
