"""Files in the flash memory: brought up, kept usable, and worked on in slack.

Nobody else writes to the flash. A client leaves what it has to write in memory of its own; `work`
asks one client after another to write a piece, and begins none that may not end within the slack it
is given: an erase lasts 45 ms, and the whole of Python waits meanwhile (the control loop does not).

A memory that holds no file system is formatted, at once when it is blank; a damaged one is refused
three times, a second or more apart, before it is: a bad contact must not cost the data. A device
that does not answer is asked again for ever, ever more rarely, and never formatted.
"""

from hal.compat import const

# States.
DOWN = const(0)
MOUNTING = const(1)  # mounted, and the clients look at what is there
MOUNTED = const(2)

EVENT_DEVICE = const(0x0501)
EVENT_REFUSED = const(0x0502)
EVENT_FORMATTED = const(0x0503)
EVENT_FAULT = const(0x0504)
EVENT_FULL = const(0x0505)

# What may be begun in how much slack [ms]: typical times of the part, doubled.
MOUNT_MS = const(100)
FORMAT_MS = const(300)
TIDY_MS = const(300)

_E_BADMSG = const(-74)
_E_NOSPC = const(-28)
_E_IO = const(-5)
_REFUSALS = const(3)
_BEGUN_PER_CALL = const(4)
_PAGE = const(256)
_WAIT_MAX = const(64)  # calls of work


class Storage:
    """`files` is native.Files on `blocks` (hal/flash_blocks.py); `clients` in order of precedence:

    - `cost_ms`: slack that a piece of its work needs;
    - `begin(files)`: after every mount; 0 or a negative errno;
    - `waiting()`: it has something to write;
    - `work(files)`: write one piece; 0 or a negative errno.

    Counters wrap at 2^16: `mounts`, `refused` (file system damaged), `formats`, `device_errors`,
    `faults` (errors in use, each followed by mounting again), `full` (pieces for which there was
    no room), `pieces`.
    """

    def __init__(self, files, blocks, events, clients):
        self.state = DOWN
        self.mounts = 0
        self.refused = 0
        self.formats = 0
        self.device_errors = 0
        self.faults = 0
        self.full = 0
        self.pieces = 0
        self._files = files
        self._blocks = blocks
        self._events = events
        self._clients = list(clients)
        self._refusals = 0  # in a row
        self._failures = 0  # of the device, in a row
        self._wait = 0  # calls to leave out
        self._tidied = False
        self._room = True
        self._begun = 0  # clients that have looked at what is there
        self._wipe = False
        self._cells = bytearray(16)

    def join(self, client):
        """One more client, behind all others. Boot time only."""
        self._clients.append(client)

    def work(self, slack_ms):
        """Do at most one piece of work that fits into `slack_ms`; True when it did one."""
        if self.state == DOWN:
            return self._bring_up(slack_ms)
        if self.state == MOUNTING:
            return self._begin_next(slack_ms)
        if not self._tidied:
            if slack_ms < TIDY_MS:
                return False
            self._tidied = True
            return self._done(self._files.tidy())
        for client in self._clients:
            if client.waiting() and slack_ms >= client.cost_ms:
                return self._done(client.work(self._files))
        return False

    def tidy(self):
        """Do once more, when there is slack, what a later write would have to do first."""
        self._tidied = False

    def wipe(self):
        """Format, although what is there may be good; `work` does it."""
        self.down()
        self._wipe = True
        self._wait = 0

    def down(self):
        """Give the memory up, for a command or before a reset; `work` brings it up again."""
        self._files.unmount()
        self.state = DOWN

    def _done(self, status):
        self.pieces = (self.pieces + 1) & 0xFFFF
        if status == _E_NOSPC:
            # The client goes on trying: others may make room. Nothing is damaged.
            if self._room:
                self._events.put(EVENT_FULL, self.pieces, 0)
            self._room = False
            self.full = (self.full + 1) & 0xFFFF
        elif status < 0:
            # What is in memory may be wrong now, what is in the flash is not: begin anew.
            self.faults = (self.faults + 1) & 0xFFFF
            self._events.put(EVENT_FAULT, -status, self.faults)
            self.down()
        else:
            self._room = True
        return True

    def _bring_up(self, slack_ms):
        if self._wait > 0:
            self._wait -= 1
            return False
        if slack_ms < (FORMAT_MS if self._refusals or self._wipe else MOUNT_MS):
            return False
        status = self._blocks.probe()
        if status == 0 and self._wipe:
            status = self._format(0)
            self._wipe = status < 0
        elif status == 0:
            status = self._files.mount()
        if status == _E_BADMSG:
            status = self._refuse()
        if status < 0:
            self._device_failed(status)
            return True
        self._failures = 0
        if self._files.mounted():
            self._mounted()
        return True

    def _mounted(self):
        self._refusals = 0
        self._tidied = False
        self._begun = 0
        self.mounts = (self.mounts + 1) & 0xFFFF
        self.state = MOUNTING

    def _begin_next(self, slack_ms):
        """Some clients after the others, for each looks into many files."""
        if slack_ms < MOUNT_MS:
            return False
        for _ in range(_BEGUN_PER_CALL):
            if self._begun >= len(self._clients):
                self.state = MOUNTED
                return True
            client = self._clients[self._begun]
            self._begun += 1
            self._done(client.begin(self._files))
            if self.state == DOWN:
                return True
        return True

    def _refuse(self):
        """The device answers, but what it holds is no file system."""
        blank = self._is_blank()
        if blank < 0:
            return blank
        if not blank:
            self._refusals += 1
            self.refused = (self.refused + 1) & 0xFFFF
            self._events.put(EVENT_REFUSED, self._refusals, self.refused)
            if self._refusals < _REFUSALS:
                return 0
        return self._format(blank)

    def _format(self, blank):
        status = self._files.format()
        if status == _E_BADMSG:
            status = _E_IO  # cells that cannot be used: as a device that fails
        if status == 0:
            self._refusals = 0
            self.formats = (self.formats + 1) & 0xFFFF
            self._events.put(EVENT_FORMATTED, blank, self.formats)
        return status

    def _is_blank(self):
        """1 when the first page of both blocks that hold the root is erased, 0, or an errno."""
        cells = self._cells
        for block in range(2):
            for at in range(0, _PAGE, len(cells)):
                status = self._blocks.read(block, at, cells)
                if status < 0:
                    return status
                for i in range(len(cells)):
                    if cells[i] != 0xFF:
                        return 0
        return 1

    def _device_failed(self, status):
        """Once per streak an event, then less and less often."""
        self.device_errors = (self.device_errors + 1) & 0xFFFF
        if self._failures == 0:
            self._events.put(EVENT_DEVICE, -status, self.device_errors)
        self._failures += 1
        self._wait = min(1 << min(self._failures, 6), _WAIT_MAX)
