"""Service 23, file management (ECSS-E-ST-70-41C, 6.23 and 8.23), in a root of each owner's own.

A path is a repository path (empty: the root; or the name of one directory in it) and a name, each
with a length u8 before it. Names: 1..31 of letters, digits, '_', '-' and '.', which begins and ends
none; nothing else is a name, so that no path leads out of its root.
23/1 create an empty file: path, name, most bytes that it shall hold u32. 23/2 delete it. 23/3 ask
for 23/4: path, name, size u32, locked u8 (0). 23/9, 23/10 create and delete a directory. 23/12 ask
for 23/13, as many as it takes: path, count u8, then (kind u8: 1 file, 2 directory; name) each.
23/14 copy: operation id u16, path, name, path, name; a file that is there is not written over.

All of it waits for slack and is completed later; one request at a time of each owner, who have
their turns piece by piece: nobody waits for the end of another's copy. A copy grows under a name of
its own and gets its name in one step when it is whole.
"""

from array import array

import native
from flight.core import failures
from flight.services.file_names import is_name, join
from flight.services.file_quota import QUOTA_B
from flight.services.file_work import (
    ATTRIBUTES,
    COPY,
    CREATE,
    DELETE,
    DELETE_FOLDER,
    LIST,
    MAKE_FOLDER,
    FileWork,
)
from hal.compat import const

_SUBTYPES = bytes((CREATE, DELETE, ATTRIBUTES, MAKE_FOLDER, DELETE_FOLDER, LIST, COPY))
_SUBTYPE_AT = const(8)  # in a telecommand
_COST_MS = const(300)
_OWNERS = const(4)
_REQUEST_MAX = const(132)  # four names, or two and a size
_PATIENCE = const(30)  # calls of work, a second each, while the memory is not there


class FileService(FileWork):
    """Handler of all its telecommands; `work` does them. `quotas`: rows of
    flight/partners.py. `refused`: paths outside the rules, u16."""

    def __init__(self, files, reports, commands, quotas, buffer):
        FileWork.__init__(self, files, reports, commands, quotas, buffer)
        self.refused = 0
        # Requests by owner: what came behind the operation id, ticket, and how far it is.
        self._requests = bytearray(_OWNERS * _REQUEST_MAX)
        self._subtypes = bytearray(_OWNERS)
        self._tickets = bytearray(_OWNERS)
        self._waited = bytearray(_OWNERS)
        self._destinations = array("H", bytes(2 * _OWNERS))
        self._turn = 0
        for subtype in _SUBTYPES:
            commands.serve(23, subtype, self)

    def accept(self, packet, at, n, owner):
        """Length and every name."""
        subtype = packet[_SUBTYPE_AT]
        end = at + n
        if subtype == COPY:
            at += 2
        for _ in range(2 if subtype == COPY else 1):
            for part in range(1 if subtype == LIST else 2):
                if at >= end or at + 1 + packet[at] > end:
                    return failures.BAD_LENGTH
                if not is_name(packet, at + 1, packet[at], part == 0):
                    self.refused = (self.refused + 1) & 0xFFFF
                    return failures.BAD_PATH
                at += 1 + packet[at]
        if subtype == CREATE:
            if at + 4 > end:
                return failures.BAD_LENGTH
            if packet[at] << 8 | packet[at + 1] > self._quotas[owner][QUOTA_B] >> 16:
                return failures.QUOTA_FULL
            at += 4
        return failures.OK if at == end else failures.BAD_LENGTH

    def start(self, packet, at, n, owner):
        """One request at a time of each owner."""
        return failures.REFUSED if self._subtypes[owner] else failures.OK

    def run(self, packet, at, n, owner):
        """Keep the request until there is slack."""
        ticket = self._commands.take_ticket(owner)
        if ticket < 0:
            return failures.QUEUE_FULL
        subtype = packet[_SUBTYPE_AT]
        if subtype == COPY:
            at += 2
            n -= 2
        native.copy(self._requests, owner * _REQUEST_MAX, packet, at, n)
        self._tickets[owner] = ticket
        self._destinations[owner] = packet[9] << 8 | packet[10]
        self._progress[owner] = -1
        self._waited[owner] = 0
        self._subtypes[owner] = subtype
        return failures.LATER

    def doing(self):
        """Whether a request waits or is worked at."""
        return self._next_owner() >= 0

    def work(self, mounted, slack_ms):
        """Do a piece of a request, of the owners in turn; True when it took its time."""
        if slack_ms < _COST_MS:
            return False
        if not mounted:
            for owner in range(_OWNERS):
                self._waited[owner] = min(255, self._waited[owner] + 1)
                if self._subtypes[owner] and (
                    self._progress[owner] >= 0 or self._waited[owner] > _PATIENCE
                ):
                    self._conclude(owner, failures.STORAGE_ERROR)
            return False
        owner = self._next_owner()
        if owner < 0:
            return False
        self._turn = owner
        self._take_up(owner)
        code = self._copy_on() if self._copied >= 0 else self._begin()
        if code == failures.LATER:
            self._progress[owner] = self._copied
            self._sizes[owner] = self._size
        else:
            self._conclude(owner, code)
        return True

    def _next_owner(self):
        """Whose turn it is, -1 when nobody wants anything."""
        for i in range(_OWNERS):
            owner = (self._turn + 1 + i) % _OWNERS
            if self._subtypes[owner]:
                return owner
        return -1

    def _take_up(self, owner):
        """Make the request of an owner the one that is worked at."""
        requests = self._requests
        first = owner * _REQUEST_MAX
        subtype = self._subtypes[owner]
        at = join(self._path, requests, first, owner, subtype != LIST)
        self._name_n = at - first
        native.copy(self._asked, 0, requests, first, self._name_n)
        if subtype == COPY:
            join(self._target, requests, at, owner, True)
            self._size = self._sizes[owner]
        elif subtype == CREATE:
            self._size = requests[at + 1] << 16 | requests[at + 2] << 8 | requests[at + 3]
        self._owner = owner
        self._subtype = subtype
        self._destination = self._destinations[owner]
        self._copied = self._progress[owner]

    def _conclude(self, owner, code):
        self._subtypes[owner] = 0
        self._progress[owner] = -1
        self._commands.conclude(self._tickets[owner], code)
