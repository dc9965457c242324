"""Service 23, file management (ECSS-E-ST-70-41C, 6.23 and 8.23), in a root of each owner's own.

A path is a repository path (empty: the root; or the name of one directory in it) and a name, each
with a length u8 before it. Names: 1..31 of letters, digits, '_', '-' and '.', which begins and ends
none; nothing else is a name, so that no path leads out of its root.
23/1 create an empty file: path, name, most bytes that it shall hold u32. 23/2 delete it. 23/3 ask
for 23/4: path, name, size u32, locked u8 (0). 23/9, 23/10 create and delete a directory. 23/12 ask
for 23/13, as many as it takes: path, count u8, then (kind u8: 1 file, 2 directory; name) each.
23/14 copy: operation id u16, path, name, path, name; a file that is there is not written over.

All of it waits for slack and is completed later; one request at a time. A copy grows under a name
of its own and gets its name in one step when it is whole.
"""

from flight.core import failures
from flight.services.file_names import is_name, join
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
_PATIENCE = const(30)  # calls of work, a second each, while the memory is not there


class FileService(FileWork):
    """Handler of all its telecommands; `work` does them. `quota_B` and `quota_files` by owner and
    for each. `refused`: paths outside the rules, u16; `doing`: subtype of
    what goes on, 0 nothing."""

    def __init__(self, files, reports, commands, quota_B, quota_files, buffer):
        FileWork.__init__(self, files, reports, commands, quota_B, quota_files, buffer)
        self.refused = 0
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
            if packet[at] << 8 | packet[at + 1] > self._quota_B[owner] >> 16:
                return failures.QUOTA_FULL
            at += 4
        return failures.OK if at == end else failures.BAD_LENGTH

    def start(self, packet, at, n, owner):
        """One request at a time."""
        return failures.REFUSED if self.doing else failures.OK

    def run(self, packet, at, n, owner):
        """Keep the request until there is slack."""
        ticket = self._commands.take_ticket()
        if ticket < 0:
            return failures.QUEUE_FULL
        subtype = packet[_SUBTYPE_AT]
        if subtype == COPY:
            at += 2
        first = at
        at = join(self._path, packet, at, owner, subtype != LIST)
        self._name_n = at - first
        for i in range(self._name_n):
            self._asked[i] = packet[first + i]
        if subtype == COPY:
            join(self._target, packet, at, owner, True)
        elif subtype == CREATE:
            self._size = packet[at + 1] << 16 | packet[at + 2] << 8 | packet[at + 3]
        self._owner = owner
        self._ticket = ticket
        self._destination = packet[9] << 8 | packet[10]
        self._copied = -1
        self._waited = 0
        self.doing = subtype
        return failures.LATER

    def work(self, mounted, slack_ms):
        """Do a piece of the request; True when it took its time."""
        if not self.doing or slack_ms < _COST_MS:
            return False
        if not mounted:
            self._waited += 1
            if self._copied >= 0 or self._waited > _PATIENCE:
                self._conclude(failures.STORAGE_ERROR)  # what was open is forgotten
            return False
        code = self._copy_on() if self._copied >= 0 else self._begin()
        if code != failures.LATER:
            self._conclude(code)
        return True

    def _conclude(self, code):
        self.doing = 0
        self._copied = -1
        self._commands.conclude(self._ticket, code)
