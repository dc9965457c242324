"""Boot record in FRAM: how often the computer started, and the last mode with its reason. And what
the board kept of a crash, for the ground."""

from flight.core import modes
from flight.core.records import HEADER_SIZE, TwoCopies
from hal import reset_cause
from hal.compat import const

_ADDRESS_A = const(0x0000)
_ADDRESS_B = const(0x0080)
_SIZE = const(4)  # boot count u16, mode u8, reason u8
_LAYOUT = const(0x0001)
_E_STALE = const(-116)

EVENT_BOOT = const(0x0001)
EVENT_BOOT_NUMBER = const(0x0002)
EVENT_STORAGE = const(0x0004)
EVENT_CRASH = const(0x0011)
EVENT_BEFORE = const(0x0709)


class BootRecord:
    """`count`: this start included, wraps at 65535; `last_mode`, `last_reason`: before it."""

    def __init__(self, context):
        self._events = context.events
        self._modes = context.modes
        self._mission = context.mission
        self._crash = context.store.claim(0x0003, "boot")
        self._record = TwoCopies(context.board.fram, _ADDRESS_A, _ADDRESS_B, _SIZE, _LAYOUT)
        self.count = 0
        self.last_mode = 0
        self.last_reason = 0
        self.version = None  # major, minor, patch, of `load`

    def load(self, board, version):
        """Count this start and make the boot events, after a crash also its record. `version`
        (major, minor, patch). Boot time only."""
        image = self._record.image
        known = self._record.load()
        if known:
            self.count = image[HEADER_SIZE] << 8 | image[HEADER_SIZE + 1]
            self.last_mode = image[HEADER_SIZE + 2]
            self.last_reason = image[HEADER_SIZE + 3]
        self.count = (self.count + 1) & 0xFFFF
        self.version = version
        events = self._events
        cause = board.reset_cause << 8 | board.image_slot
        events.put_raw(EVENT_BOOT, cause, board.dictionary_hash, 0)
        number = version[0] << 16 | version[1] << 8 | version[2]
        events.put(EVENT_BOOT_NUMBER, self.count, number)
        if known:
            events.put(EVENT_BEFORE, self.last_mode, self.last_reason)
        if board.reset_cause == reset_cause.VM_RESTART:
            # Survival in C had the spacecraft; the supervisor leads it on from there.
            self._modes.begin(self._mission.SURVIVAL, modes.REASON_SURVIVED)
        if known:
            self._stay()
        if board.reset_cause in (reset_cause.FAULT, reset_cause.VM_RESTART):
            crash = self._crash.data
            board.crash_into(crash)
            self._crash.post()
            events.put(EVENT_CRASH, crash[0] << 8 | crash[1], crash[4] | crash[5] << 8)

    def _stay(self):
        """A mode that was commanded to stay down outlives the reset. Boot time only."""
        mission = self._mission
        if self.last_reason == modes.REASON_COMMAND:
            if self.last_mode == mission.SAFE or self.last_mode == mission.SURVIVAL:
                self._modes.begin(self.last_mode, modes.REASON_COMMAND)

    def save(self, mode, reason):
        """Store the mode and why it was entered; a failure makes an event."""
        status = self._write_record(mode, reason)
        if status == _E_STALE and self._record.load():
            # It could not be read at the start: the count goes on.
            image = self._record.image
            self.count = ((image[HEADER_SIZE] << 8 | image[HEADER_SIZE + 1]) + 1) & 0xFFFF
            status = self._write_record(mode, reason)
        if status < 0:
            self._events.put(EVENT_STORAGE, -status)

    def _write_record(self, mode, reason):
        image = self._record.image
        image[HEADER_SIZE] = self.count >> 8
        image[HEADER_SIZE + 1] = self.count & 0xFF
        image[HEADER_SIZE + 2] = mode
        image[HEADER_SIZE + 3] = reason
        return self._record.save()


def version_numbers(text):
    """(major, minor, patch) of "1.2.3", as bytes. Boot time only."""
    numbers = bytearray(3)
    i = 0
    for part in text.split("."):
        if i < 3:
            numbers[i] = int(part)
        i += 1
    return numbers
