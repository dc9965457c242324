"""Downloads: files of an owner, read for the sender, and the telecommand that asks for one (23/128:
path and name, each behind its length, class u8, checksum u8)."""

from flight.core import failures
from flight.core.cfdp_table import FIELDS, ID_SIZE, OWNERS, SIZE, SLOTS
from flight.core.storage import MOUNTED
from flight.services.file_names import is_name, join
from hal.compat import const

_READ = const(1)
_FILE_SLOT = const(0)  # free between two calls of anybody
_E_NOENT = const(-2)
_NOBODY = const(255)
_KINDS = bytes((0, 3, 15))


class Downloads:
    """Source of the sender (core/cfdp_send.py), and handler of the request."""

    def __init__(self, board, storage, rules, table, store):
        self._rules = rules
        self._files = board.files
        self._storage = storage
        self._table = table
        self._kept = store
        self.sender = None  # put in by the app
        self._sequence = 0
        self._reading = _NOBODY  # slot whose file is open, until `rest`

    def resume(self):
        """Go on numbering where it was left. Boot time only."""
        ids = self._table.ids
        for slot in range(OWNERS, SLOTS):
            at = slot * ID_SIZE
            number = ids[at + 2] << 8 | ids[at + 3]
            if (number - self._sequence) & 0xFFFF < 0x8000:
                self._sequence = number

    def named(self, slot, buf, at):
        """Put the name of the file, without the root; how many octets."""
        store = self._kept
        n = 0
        if store.fetch_path(slot):
            while store.path[3 + n]:
                buf[at + n] = store.path[3 + n]
                n += 1
        return n

    def read(self, slot, offset, buf, at, n):
        """Octets of the file into `buf[at:at+n]`: how many, 0 not now, or a negative status."""
        files = self._files
        if self._storage.state != MOUNTED:
            return 0
        if self._reading != slot:
            self.rest()
            if not self._kept.fetch_path(slot):
                return 0
            status = files.open(_FILE_SLOT, self._kept.path, _READ)
            if status < 0:
                return status
            self._reading = slot
            if files.length(_FILE_SLOT) != self._table.rows[slot * FIELDS + SIZE]:
                return _E_NOENT
        status = files.seek(_FILE_SLOT, offset)
        return files.read(_FILE_SLOT, buf, at, n) if status >= 0 else status

    def rest(self):
        """Close what is open: others may delete it."""
        if self._reading != _NOBODY:
            self._reading = _NOBODY
            self._files.close(_FILE_SLOT)

    def accept(self, packet, at, n, owner):
        """Length, names, class, checksum."""
        end = at + n
        for part in range(2):
            if at >= end or at + 1 + packet[at] > end:
                return failures.BAD_LENGTH
            if not is_name(packet, at + 1, packet[at], part == 0):
                self._rules.refused = (self._rules.refused + 1) & 0xFFFF
                return failures.BAD_PATH
            at += 1 + packet[at]
        if at + 2 != end:
            return failures.BAD_LENGTH
        if not 1 <= packet[at] <= 2 or packet[at + 1] not in _KINDS:
            return failures.OUT_OF_RANGE
        return failures.OK

    def start(self, packet, at, n, owner):
        """One download of an owner at a time."""
        if self._table.is_busy(OWNERS + owner):
            return failures.TRANSFER_BUSY
        return failures.OK if self._storage.state == MOUNTED else failures.STORAGE_ERROR

    def run(self, packet, at, n, owner):
        """Begin."""
        slot = OWNERS + owner
        store = self._kept
        self.rest()
        store.path_of = slot
        at = join(store.path, packet, at, owner, True)
        size = self._files.stat(store.path)
        if size < 0:
            return failures.UNKNOWN_FILE
        self._sequence = (self._sequence + 1) & 0xFFFF
        self.sender.begin(slot, self._sequence, size, packet[at] == 1, packet[at + 1])
        return failures.OK if store.save(slot) == 0 else failures.STORAGE_ERROR
