"""What the files of an owner hold of his quota: what is there, and what is on its way.

A copy and an upload grow under names that no request can name. From their beginning each counts as
one file of the size that it will have; what a broken one has left counts until it is gone. So what
was let begin has its room, and nothing that goes on beside it can take that or more.
"""

from array import array

from flight.services.file_names import put_root, put_temporary
from hal.compat import const

QUOTA_B = const(5)  # columns of the quotas
QUOTA_FILES = const(6)
_FOLDER = const(-21)
_OWNERS = const(4)
_NAME_MAX = const(31)
_ENTRY_SIZE = const(36)
_E_NOENT = const(-2)
_COPY = b".copy"
_C = const(0x63)  # its first letter; what an upload grows in is ".up"


class FileQuota:
    """`uploads` has `promised(owner)`: octets of an upload that was let begin, -1 for none."""

    def __init__(self, files, quotas, buffer):
        self._files = files
        self._quotas = quotas
        self._buffer = buffer
        self._entry = bytearray(_ENTRY_SIZE)
        self._progress = array("i", bytes(4 * _OWNERS))  # bytes copied; -1: not begun
        self._sizes = array("i", bytes(4 * _OWNERS))
        for owner in range(_OWNERS):
            self._progress[owner] = -1
        self.entries = 0
        self.uploads = None

    def quota_B(self, owner):
        """Bytes that the files of an owner may hold together."""
        return self._quotas[owner][QUOTA_B]

    def quota_files(self, owner):
        """Files and directories that an owner may have."""
        return self._quotas[owner][QUOTA_FILES]

    def used(self, owner):
        """Bytes in the files of an owner, and in `entries` files and directories, both with what
        is on its way; or an error."""
        path = self._buffer
        copy = self._sizes[owner] if self._progress[owner] >= 0 else -1
        upload = self.uploads.promised(owner) if self.uploads is not None else -1
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
                break
            while status >= 0:
                status = self._files.next(self._entry)
                if status <= 0:
                    break
                size = length_of(self._entry)
                if self._entry[0] == 0x2E:
                    if self._entry[1] == _C:
                        copy = max(copy, size)
                    else:
                        upload = max(upload, size)
                    continue
                self.entries += 1
                if size >= 0:
                    total += size
                elif listed < 0:
                    folders += 1
            if status < 0:
                return status
            listed += 1
        self.entries += (1 if copy >= 0 else 0) + (1 if upload >= 0 else 0)
        return total + max(copy, 0) + max(upload, 0)

    def clear_copy(self, owner):
        """Remove what a copy has left that is not under way: 0 or an error."""
        if self._progress[owner] >= 0:
            return 0
        self._copy_path(owner)
        status = self._files.remove(self._buffer)
        return 0 if status == _E_NOENT else status

    def _copy_path(self, owner):
        """Path of a copy that is not whole into the buffer; no telecommand can name it."""
        put_temporary(self._buffer, owner, _COPY)

    def refuses(self, path):
        """Whether something is called `path`, or the directory in which it shall be is none: 0, 1,
        or a negative status."""
        files = self._files
        status = files.stat(path)
        if status != _E_NOENT:
            return 1 if status >= 0 or status == _FOLDER else status
        slash = 2
        for i in range(3, len(path)):
            if path[i] == 0x2F:
                slash = i
        if slash == 2:
            return 0
        path[slash] = 0
        status = files.stat(path)
        path[slash] = 0x2F
        return 0 if status == _FOLDER else 1

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
            if length_of(self._entry) == _FOLDER:
                found += 1
                if found == number:
                    path[2] = 0x2F
                    for i in range(_NAME_MAX + 1):
                        path[3 + i] = self._entry[i]
                    # The rest of the listing is given up by the next one.
                    return True
        return False


def length_of(entry):
    """Length of a listed file, -21 for a directory."""
    if entry[35] & 0x80:
        return _FOLDER
    return entry[32] | entry[33] << 8 | entry[34] << 16 | entry[35] << 24
