"""Parameter images as files (docs/icd/parameter-image.md): the whole file is looked at before any
value is taken, and what is wrong is named; then all values are set, or none.

A client of core/storage.py: command `parameters_load` is carried out in slack, and completed later.
"""

import native
from flight.core import failures
from flight.services.file_names import put_root
from hal.compat import const

_MAGIC = b"MFP1"
_HEADER = const(8)  # magic, layout u16, entries u16
_CRC = const(4)
_BUFFER = const(64)
_NAME = b"/parameters-"
_PATH = const(16)
_SLOT = const(0)
_READ = const(1)
_E_NOENT = const(-2)
_WHOLE = const(0xFFFF)

BAD_LENGTH = const(1)
BAD_VERSION = const(2)
BAD_CRC = const(3)
UNKNOWN = const(4)
BAD_ORDER = const(5)
BAD_RANGE = const(6)
NOT_ENTITLED = const(7)
NOT_STORED = const(8)

EVENT_REFUSED = const(0x0509)
EVENT_LOADED = const(0x050A)


class ParameterFile:
    """Handler of `parameters_load`, and the client that does it."""

    def __init__(self, context, storage):
        self._params = context.params
        self._commands = context.commands
        self._events = context.events
        self._path = bytearray(_PATH)
        self._buffer = bytearray(_BUFFER)
        self._crc = bytearray(_CRC)
        self._owner = 0
        self._ticket = -1
        self._at = 0  # next in the buffer
        self._end = 0  # of what is in it
        self._left = 0  # of the file, behind that
        self._entry = 0
        self.cost_ms = 250
        context.functions.handle(0x0506, self.load)
        storage.join(self)

    def load(self, buf, off, owner):
        """Handler of `parameters_load`."""
        if self._ticket >= 0:
            return failures.REFUSED
        ticket = self._commands.take_ticket(owner)
        if ticket < 0:
            return failures.QUEUE_FULL
        path = self._path
        put_root(path, owner)
        for i in range(len(_NAME)):
            path[2 + i] = _NAME[i]
        path[2 + len(_NAME)] = 0x30 + buf[off]
        path[3 + len(_NAME)] = 0
        self._owner = owner
        self._ticket = ticket
        return failures.LATER

    def begin(self, files):
        """Nothing to prepare when the memory has been mounted."""
        return 0

    def waiting(self):
        """A file is to be loaded."""
        return self._ticket >= 0

    def work(self, files):
        """All of it in one piece; a negative status of the files."""
        ticket = self._ticket
        self._ticket = -1
        size = files.stat(self._path)
        status = size
        if size >= 0:
            status = files.open(_SLOT, self._path, _READ)
        if status < 0:
            gone = status == _E_NOENT
            self._commands.conclude(ticket, failures.UNKNOWN_FILE if gone else failures.REFUSED)
            return 0 if gone else status
        code = self._carry_out(files, size)
        files.close(_SLOT)
        self._commands.conclude(ticket, code)
        return 0

    def _carry_out(self, files, size):
        reason = self._check(files, size)
        if reason == 0:
            self._params.begin()
            self._go_through(files, size, True)
            if self._params.commit() < 0:
                reason = NOT_STORED
                self._entry = _WHOLE
        if reason:
            self._events.put(EVENT_REFUSED, self._entry, reason)
            return failures.STORAGE_ERROR if reason == NOT_STORED else failures.BAD_ENTRY
        self._events.put(EVENT_LOADED, self._entry, self._params.generation() & 0xFFFF)
        return failures.OK

    def _check(self, files, size):
        """0, or what is wrong; the entry, counted from 0, is in `_entry`."""
        self._entry = _WHOLE
        if size < _HEADER + _CRC or not self._rewind(files, size):
            return BAD_LENGTH
        buffer = self._buffer
        for i in range(len(_MAGIC)):
            if buffer[i] != _MAGIC[i]:
                return BAD_VERSION
        if buffer[4] << 8 | buffer[5] != self._params.layout:
            return BAD_VERSION
        if not self._whole(files, size):
            return BAD_CRC
        return self._go_through(files, size, False)

    def _whole(self, files, size):
        """The CRC at the end is that of all before it."""
        left = size - _CRC
        chained = False
        if files.seek(_SLOT, 0) < 0:
            return False
        while left > 0:
            n = files.read(_SLOT, self._buffer, 0, min(left, _BUFFER))
            if n <= 0:
                return False
            native.crc32_into(self._buffer, 0, n, self._crc, 0, chained)
            chained = True
            left -= n
        if files.read(_SLOT, self._buffer, 0, _CRC) != _CRC:
            return False
        for i in range(_CRC):
            if self._buffer[i] != self._crc[i]:
                return False
        return True

    def _go_through(self, files, size, take):
        """Every entry: checked, or its value taken. 0, or what is wrong with entry `_entry`."""
        self._entry = 0
        if not self._rewind(files, size):
            return BAD_LENGTH
        params = self._params
        buffer = self._buffer
        count = buffer[6] << 8 | buffer[7]
        self._at = _HEADER
        last = -1
        while self._entry < count:
            if not self._need(files, 2):
                return BAD_LENGTH
            number = buffer[self._at] << 8 | buffer[self._at + 1]
            row = params.find(number)
            if row < 0:
                return UNKNOWN
            if number <= last:
                return BAD_ORDER
            last = number
            if not params.may_set(row, self._owner):
                return NOT_ENTITLED
            n = params.value_size(row)
            if not self._need(files, 2 + n):
                return BAD_LENGTH
            if not params.in_range(row, buffer, self._at + 2):
                return BAD_RANGE
            if take:
                params.put(row, buffer, self._at + 2)
            self._at += 2 + n
            self._entry += 1
        return 0 if self._left == 0 and self._at == self._end else BAD_LENGTH

    def _rewind(self, files, size):
        """The beginning of the file into the buffer, without the CRC."""
        if files.seek(_SLOT, 0) < 0:
            return False
        self._at = 0
        self._end = 0
        self._left = size - _CRC
        return self._need(files, _HEADER)

    def _need(self, files, n):
        """So many octets lie in the buffer from `_at` on."""
        if self._end - self._at >= n:
            return True
        rest = self._end - self._at
        native.copy(self._buffer, 0, self._buffer, self._at, rest)
        self._at = 0
        self._end = rest
        got = files.read(_SLOT, self._buffer, rest, min(self._left, _BUFFER - rest))
        if got > 0:
            self._end += got
            self._left -= got
        return self._end >= n
