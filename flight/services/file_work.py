"""What service 23 does with files, in slack: a part of FileService (files.py)."""

from flight.core import failures, telemetry
from flight.services.file_names import put_root
from hal.compat import const

CREATE = const(1)
DELETE = const(2)
ATTRIBUTES = const(3)
MAKE_FOLDER = const(9)
DELETE_FOLDER = const(10)
LIST = const(12)
COPY = const(14)

_APP = const(5)
QUOTA_B = const(5)  # columns of the quotas
QUOTA_FILES = const(6)
_NAME_MAX = const(31)
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
_ENTRY_SIZE = const(36)
_ASKED_MAX = const(64)  # path and name, as they came
_TEMPORARY = b".copy"


class FileWork:
    """One request, of the subtype `doing`, of `_owner`, for the file or directory `_path`."""

    def __init__(self, files, reports, commands, quotas, buffer):
        self._files = files
        self._reports = reports
        self._commands = commands
        self._quotas = quotas
        self._buffer = buffer
        self._subtype = 0  # of the request that is worked at, and whose it is
        self._owner = 0
        self._destination = 0
        self._path = bytearray(_PATH_SIZE)
        self._target = bytearray(_PATH_SIZE)
        self._name_n = 0  # octets of path and name as they came, for the answer
        self._asked = bytearray(_ASKED_MAX)
        self._entry = bytearray(_ENTRY_SIZE)
        self._size = 0
        self.entries = 0
        self._copied = -1  # bytes copied; -1: not begun

    def quota_B(self, owner):
        """Bytes that the files of an owner may hold together."""
        return self._quotas[owner][QUOTA_B]

    def quota_files(self, owner):
        """Files and directories that an owner may have."""
        return self._quotas[owner][QUOTA_FILES]

    def used(self, owner):
        """Bytes in the files of an owner, and in `entries` files and directories; or an error."""
        path = self._buffer
        total = 0
        self.entries = 0
        folders = 0
        listed = -1
        while listed < folders:
            # The root first, then one directory after another, found by its number in the root.
            if listed >= 0 and not self._folder_path(owner, listed):
                break
            if listed < 0:
                put_root(path, owner)
            status = self._files.list(path)
            if status == _E_NOENT:
                return 0
            while status >= 0:
                status = self._files.next(self._entry)
                if status <= 0:
                    break
                if self._entry[0] == 0x2E:
                    continue  # what is left of a copy: the next one begins it anew
                self.entries += 1
                size = _length(self._entry)
                if size >= 0:
                    total += size
                elif listed < 0:
                    folders += 1
            if status < 0:
                return status
            listed += 1
        return total

    def _folder_path(self, owner, number):
        """Path of directory `number` of the root into the buffer; False when there is none."""
        path = self._buffer
        put_root(path, owner)
        status = self._files.list(path)
        found = -1
        while status >= 0:
            status = self._files.next(self._entry)
            if status <= 0:
                return False
            if _length(self._entry) == _FOLDER:
                found += 1
                if found == number:
                    path[2] = 0x2F
                    for i in range(_NAME_MAX + 1):
                        path[3 + i] = self._entry[i]
                    # The rest of the listing is given up by the next one.
                    return True
        return False

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
        used = self.used(self._owner)
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
        self._temporary()
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
        self._temporary()
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
        self._temporary()
        if status >= 0 and self._copied < self._size:
            status = _E_NOENT  # it became shorter meanwhile
        if status >= 0:
            status = files.rename(buffer, self._target)
        if status < 0:
            files.remove(buffer)
        return _code(status)

    def _temporary(self):
        """Path of a copy that is not whole into the buffer; no telecommand can name it."""
        put_root(self._buffer, self._owner)
        self._buffer[2] = 0x2F
        for i in range(len(_TEMPORARY)):
            self._buffer[3 + i] = _TEMPORARY[i]
        self._buffer[3 + len(_TEMPORARY)] = 0

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
                body[at] = 2 if _length(entry) == _FOLDER else 1
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


def _length(entry):
    """Length of a listed file, -21 for a directory."""
    if entry[35] & 0x80:
        return _FOLDER
    return entry[32] | entry[33] << 8 | entry[34] << 16 | entry[35] << 24


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
