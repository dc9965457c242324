"""What service 23 does with files, in slack: a part of FileService (files.py)."""

from flight.core import failures, telemetry
from flight.services.file_names import put_root
from flight.services.file_quota import QUOTA_B, QUOTA_FILES, FileQuota, length_of
from hal.compat import const

CREATE = const(1)
DELETE = const(2)
ATTRIBUTES = const(3)
MAKE_FOLDER = const(9)
DELETE_FOLDER = const(10)
LIST = const(12)
COPY = const(14)

_APP = const(5)
_BODY_MAX = const(192)
_PIECE = const(2048)
_FOLDER = const(-21)
_READ = const(1)
_WRITE = const(2)
_CREATE_EMPTY = const(2 | 4 | 8)
_READ_SLOT = const(0)
_COPY_SLOT = const(1)
_E_NOENT = const(-2)
_E_EXIST = const(-17)
_E_NOSPC = const(-28)
_E_NOTEMPTY = const(-39)
_E_NOTDIR = const(-20)
_E_NAMETOOLONG = const(-36)
_PATH_SIZE = const(68)  # "f0/", two names, '/', NUL
_ASKED_MAX = const(64)  # path and name, as they came


class FileWork(FileQuota):
    """One request, of the subtype `doing`, of `_owner`, for the file or directory `_path`."""

    def __init__(self, files, reports, commands, quotas, buffer):
        FileQuota.__init__(self, files, quotas, buffer)
        self._reports = reports
        self._commands = commands
        self._subtype = 0  # of the request that is worked at, and whose it is
        self._owner = 0
        self._destination = 0
        self._path = bytearray(_PATH_SIZE)
        self._target = bytearray(_PATH_SIZE)
        self._name_n = 0  # octets of path and name as they came, for the answer
        self._asked = bytearray(_ASKED_MAX)
        self._size = 0
        self._copied = -1  # bytes copied; -1: not begun

    def _begin(self):
        files = self._files
        subtype = self._subtype
        path = self._path
        if subtype == ATTRIBUTES:
            return self._tell_attributes(files.stat(path))
        if subtype == LIST:
            return self._tell_list()
        if subtype == DELETE or subtype == DELETE_FOLDER:
            size = files.stat(path)
            if size < 0 and size != _FOLDER:
                return _code(size)
            if (size == _FOLDER) != (subtype == DELETE_FOLDER):
                return failures.REFUSED
            return _code(files.remove(path))
        status = self.clear_copy(self._owner)
        used = self.used(self._owner) if status >= 0 else status
        if used < 0:
            return _code(used)
        if self.entries >= self._quotas[self._owner][QUOTA_FILES]:
            return failures.QUOTA_FULL
        put_root(self._buffer, self._owner)
        status = files.folder(self._buffer)
        if status < 0 and status != _E_EXIST:
            return _code(status)
        if subtype == MAKE_FOLDER:
            return _code(files.folder(path))
        if subtype == CREATE:
            if used + self._size > self._quotas[self._owner][QUOTA_B]:
                return failures.QUOTA_FULL
            return self._create()
        return self._begin_copy(used)

    def _create(self):
        files = self._files
        status = files.stat(self._path)
        if status >= 0 or status == _FOLDER:
            return failures.REFUSED
        if status == _E_NOENT:
            status = files.open(_READ_SLOT, self._path, _CREATE_EMPTY)
            if status == 0:
                status = files.close(_READ_SLOT)
        return _code(status)

    def _begin_copy(self, used):
        files = self._files
        size = files.stat(self._path)
        if size < 0:
            return _code(size)
        status = files.stat(self._target)
        if status >= 0 or status == _FOLDER:
            return failures.REFUSED
        if used + size > self._quotas[self._owner][QUOTA_B]:
            return failures.QUOTA_FULL
        self._copy_path(self._owner)
        status = files.open(_COPY_SLOT, self._buffer, _CREATE_EMPTY)
        if status == 0:
            status = files.close(_COPY_SLOT)
        if status < 0:
            return _code(status)
        self._size = size
        self._copied = 0
        return failures.LATER

    def _copy_on(self):
        """A piece of a copy, or its end. Nothing stays open between two: others have turns."""
        files = self._files
        buffer = self._buffer
        left = min(_PIECE, self._size - self._copied)
        self._copy_path(self._owner)
        status = files.open(_COPY_SLOT, buffer, _WRITE)
        if status == 0:
            status = files.seek(_COPY_SLOT, self._copied)
            if status >= 0:
                status = files.open(_READ_SLOT, self._path, _READ)
            if status == 0:
                status = files.seek(_READ_SLOT, self._copied)
                while status >= 0 and left > 0:
                    status = files.read(_READ_SLOT, buffer, 0, min(left, len(buffer)))
                    if status <= 0:
                        break
                    left -= status
                    self._copied += status
                    status = files.write(_COPY_SLOT, buffer, 0, status)
                files.close(_READ_SLOT)
            closed = files.close(_COPY_SLOT)
            if status >= 0 and closed < 0:
                status = closed
        if status >= 0 and self._copied < self._size and left == 0:
            return failures.LATER
        self._copy_path(self._owner)
        if status >= 0 and self._copied < self._size:
            status = _E_NOENT  # it became shorter meanwhile
        if status >= 0:
            # Nothing is written over: an upload may have got this name meanwhile.
            there = files.stat(self._target)
            status = _E_EXIST if there >= 0 else there
        if status == _E_NOENT and self._copied >= self._size:
            status = files.rename(buffer, self._target)
        if status < 0:
            files.remove(buffer)
        return _code(status)

    def _tell_attributes(self, size):
        if size < 0:
            return failures.REFUSED if size == _FOLDER else _code(size)
        body = self._answer()
        at = self._name_n
        for i in range(4):
            body[at + i] = size >> (24 - 8 * i) & 0xFF
        body[at + 4] = 0
        return self._send(telemetry.FILE_ATTRIBUTES, at + 5)

    def _tell_list(self):
        """As many 23/13 as it takes; an empty one for an empty directory."""
        files = self._files
        body = self._answer()
        entry = self._entry
        count_at = self._name_n
        at = count_at + 1
        body[count_at] = 0
        status = files.list(self._path)
        if status == _E_NOENT and self._name_n == 1:
            status = 0  # a root without anything is made with its first file
        else:
            while status >= 0:
                status = files.next(entry)
                if status <= 0:
                    break
                if entry[0] == 0x2E:
                    continue
                if at + 2 + status > _BODY_MAX:
                    code = self._send(telemetry.FILE_LIST, at)
                    if code:
                        return code
                    at = count_at + 1
                    body[count_at] = 0
                body[count_at] += 1
                body[at] = 2 if length_of(entry) == _FOLDER else 1
                body[at + 1] = status
                for i in range(status):
                    body[at + 2 + i] = entry[i]
                at += 2 + status
        return _code(status) if status < 0 else self._send(telemetry.FILE_LIST, at)

    def _answer(self):
        """The buffer, which begins with what was asked for."""
        for i in range(self._name_n):
            self._buffer[i] = self._asked[i]
        return self._buffer

    def _send(self, kind, n):
        sent = self._reports.send(self._owner, _APP, kind, self._destination, self._buffer, n)
        return failures.OK if sent else failures.QUEUE_FULL


def _code(status):
    """Failure code of what the files said."""
    if status >= 0:
        return failures.OK
    if status == _E_NOENT:
        return failures.UNKNOWN_FILE
    if status == _E_NOSPC:
        return failures.QUOTA_FULL
    if status in (_E_EXIST, _FOLDER, _E_NOTEMPTY, _E_NOTDIR, _E_NAMETOOLONG):
        return failures.REFUSED
    return failures.STORAGE_ERROR
