"""Uploads on their way into files: octets into the stage as they come, in any order; in slack from
there into the file system, in order, with the checksum computed on the way.

The stage of an owner is flash outside the file system: written once after each erase, where a file
in the file system would be copied for every octet that comes late. Its blocks are erased ahead.
"""

from flight.apps.files.definitions import STAGES
from flight.core.cfdp_table import (
    CHECKED,
    CHECKSUM_FAILURE,
    COPIED,
    ERASED,
    FIELDS,
    FILESTORE_REJECTION,
    FLAGS,
    HIGH,
    METADATA,
    NO_ERROR,
    OPEN,
    OWNERS,
    SIZE,
    SUM_SIZE,
)
from flight.core.storage import MOUNTED
from flight.services.file_names import join_path, put_root, put_temporary
from hal.compat import const

_BLOCK = const(4096)
_PAGE = const(256)
_PAGES = const(32)  # copied at once
_AHEAD = const(2)  # blocks kept erased
_ERASES = const(2)  # at once
_FILE_SLOT = const(2)
_CREATE_EMPTY = const(2 | 4 | 8)
_APPEND = const(2 | 16)
_E_NOENT = const(-2)
_E_EXIST = const(-17)
_NOBODY = const(-1)
_TEMPORARY = b".up"
_YIELD = const(4)  # of so many turns of the storage one is left to others

_ERASE = const(1)
_CHECK = const(2)
_COPY = const(3)
_DISCARD = const(4)


class Uploads:
    """Stage of the receiver (core/cfdp_receive.py), and client of the storage (core/storage.py)."""

    cost_ms = 250

    def __init__(self, board, storage, rules, table, store):
        self._stage = board.stage
        self._storage = storage
        self._files = board.files
        self._rules = rules
        self._table = table
        self._kept = store
        self.receiver = None  # put in by the app
        self._copying = _NOBODY  # owner whose file is open
        self._owner = 0
        self._job = 0
        self._turn = 0

    # Stage of the receiver.

    def largest(self, slot):
        """Octets that an upload can have."""
        return min(STAGES[slot][1] * _BLOCK, self._rules.quota_B(slot))

    def name(self, slot, buf, at, n):
        """Take the name of the file, False when it is none; stored at once, for want of room."""
        self._kept.path_of = slot
        good = join_path(self._kept.path, buf, at, n, slot)
        return good and self._kept.save(slot) == 0

    def put(self, slot, offset, buf, at, n):
        """Keep octets of the file; False when they cannot be kept now."""
        if self._storage.state != MOUNTED:
            return False
        if offset + n > self._table.rows[slot * FIELDS + ERASED] * _BLOCK:
            return False
        first = STAGES[slot][0]
        while n > 0:
            part = min(n, _PAGE - (offset & 0xFF))
            status = self._stage.program(first + offset // _BLOCK, offset % _BLOCK, buf, at, part)
            if status < 0:
                return False
            offset += part
            at += part
            n -= part
        return True

    # Client of the storage.

    def begin(self, files):
        """After a mount: what was open is forgotten."""
        self._copying = _NOBODY
        status = 0
        for owner in range(OWNERS):
            self._restart(owner)
            self._table.rows[owner * FIELDS + FLAGS] &= ~CHECKED
            status = min(status, self._discard(owner), self._rules.clear_copy(owner))
        return status

    def waiting(self):
        """There is something to do; finds out what."""
        self._turn = (self._turn + 1) % _YIELD
        if self._turn == 0:
            return False
        for _ in range(OWNERS):
            self._owner = (self._owner + 1) % OWNERS
            self._job = self._find(self._owner)
            if self._job:
                return True
        return False

    def _find(self, owner):
        """What is to be done for an owner, 0 nothing."""
        table = self._table
        row = owner * FIELDS
        rows = table.rows
        is_open = rows[row] == OPEN
        if not is_open and (self._copying == owner or rows[row + COPIED]):
            return _DISCARD
        ready = rows[row + HIGH] // _BLOCK + 1 + _AHEAD if is_open else _AHEAD
        if rows[row + ERASED] < min(ready, STAGES[owner][1]):
            return _ERASE
        if not is_open or not rows[row + FLAGS] & METADATA:
            return 0
        if not rows[row + FLAGS] & CHECKED:
            return _CHECK
        if self.receiver.is_whole(owner):
            return _COPY
        if self._copying != _NOBODY and self._copying != owner:
            return 0
        return _COPY if self.receiver.contiguous(owner) - rows[row + COPIED] >= _BLOCK else 0

    def work(self, files):
        """A piece of it; 0 or a negative status."""
        owner = self._owner
        if self._job == _ERASE:
            return self._erase(owner)
        if self._job == _CHECK:
            return self._check(owner)
        return self._discard(owner) if self._job == _DISCARD else self._copy_pages(owner)

    def _erase(self, owner):
        table = self._table
        row = owner * FIELDS + ERASED
        for _ in range(_ERASES):
            status = self._stage.erase(STAGES[owner][0] + table.rows[row])
            if status < 0:
                return status
            table.rows[row] += 1
            if self._find(owner) != _ERASE:
                break
        table.touch(owner)
        return 0

    def promised(self, owner):
        """Octets of an upload that has been let begin, -1 when there is none."""
        row = owner * FIELDS
        rows = self._table.rows
        return rows[row + SIZE] if rows[row] == OPEN and rows[row + FLAGS] & CHECKED else -1

    def _refusal(self, owner):
        """Whether name, room and quota forbid the file: 0, 1, or a negative status."""
        rules = self._rules
        store = self._kept
        used = rules.used(owner)
        if used < 0:
            return used
        entries = rules.entries
        if self.promised(owner) < 0:  # else it is among them
            used += self._table.rows[owner * FIELDS + SIZE]
            entries += 1
        if used > rules.quota_B(owner) or entries > rules.quota_files(owner):
            return 1
        return rules.refuses(store.path) if store.fetch_path(owner) else 1

    def _check(self, owner):
        """Name, room and quota, before anything is copied."""
        # The one before may have left something, if this one has followed it at once.
        status = self._discard(owner)
        if status == 0:
            status = self._refusal(owner)
        if status == 1:
            self.receiver.finish(owner, FILESTORE_REJECTION)
        elif status == 0:
            put_root(self._table.out, owner)
            status = self._files.folder(self._table.out)
            if status == 0 or status == _E_EXIST:
                self._table.rows[owner * FIELDS + FLAGS] |= CHECKED
                status = 0
        return min(status, 0)

    def _restart(self, owner):
        """Copy from the first octet on."""
        table = self._table
        if table.rows[owner * FIELDS] == OPEN:
            table.rows[owner * FIELDS + COPIED] = 0
            for i in range(owner * SUM_SIZE + 4, owner * SUM_SIZE + SUM_SIZE):
                table.sums[i] = 0

    def _temporary(self, owner):
        """Path of a file that is not whole, which no request can name."""
        path = self._table.out
        put_temporary(path, owner, _TEMPORARY)
        return path

    def _open(self, owner):
        """Have the temporary file of an owner open; 0 or a negative status."""
        files = self._files
        if self._copying == owner:
            return 0
        if self._copying != _NOBODY:
            self._copying = _NOBODY
            status = files.close(_FILE_SLOT)
            if status < 0:
                return status
        row = owner * FIELDS
        copied = self._table.rows[row + COPIED]
        status = files.open(
            _FILE_SLOT, self._temporary(owner), _APPEND if copied else _CREATE_EMPTY
        )
        if status == 0 and files.length(_FILE_SLOT) != copied:
            status = files.truncate(_FILE_SLOT, 0)
            self._restart(owner)
        if status == 0:
            self._copying = owner
        elif copied:
            self._restart(owner)
            status = 0 if status == _E_NOENT else status
        return status

    def _copy_pages(self, owner):
        """Some pages out of the stage; the whole file gets its name."""
        table = self._table
        row = owner * FIELDS
        status = self._open(owner)
        if status < 0 or self._copying != owner:
            return status
        whole = self.receiver.is_whole(owner)
        end = self.receiver.contiguous(owner)
        copied = table.rows[row + COPIED]
        page = table.out
        for _ in range(_PAGES):
            n = min(_PAGE, end - copied)
            if n <= 0 or (n < _PAGE and not whole):
                break
            block = STAGES[owner][0] + copied // _BLOCK
            status = self._stage.read(block, copied % _BLOCK, page)
            if status == 0:
                status = self._files.write(_FILE_SLOT, page, 0, n)
            if status < 0:
                return status
            table.add_to_sum(owner, page, 0, n, copied)
            copied += n
            table.rows[row + COPIED] = copied
        return self._conclude(owner) if whole and copied == end else 0

    def _conclude(self, owner):
        """All of it is in the temporary file."""
        files = self._files
        table = self._table
        self._copying = _NOBODY
        status = files.close(_FILE_SLOT)
        if status < 0:
            self._restart(owner)
            return status
        condition = NO_ERROR
        if not table.sum_is_right(owner):
            condition = CHECKSUM_FAILURE
        else:
            status = self._refusal(owner)
            if status == 0:
                status = files.rename(self._temporary(owner), self._kept.path)
            if status < 0:
                self._restart(owner)
                return status
            if status == 1:
                condition = FILESTORE_REJECTION
        if condition != NO_ERROR:
            files.remove(self._temporary(owner))
        table.rows[owner * FIELDS + COPIED] = 0
        self.receiver.settle(owner, condition)
        return 0

    def _discard(self, owner):
        """What is left of an upload that was given up."""
        if self._copying == owner:
            self._copying = _NOBODY
            self._files.close(_FILE_SLOT)
        self._table.rows[owner * FIELDS + COPIED] = 0
        status = self._files.remove(self._temporary(owner))
        return 0 if status == _E_NOENT else status
