"""Transfers of files: what is known of each, in flat tables (CCSDS 727.0-B-5).

Slot `owner` is the upload of that owner, slot `4 + owner` his download: one of each at a time, so
that nobody can take a transfer away from another. A row of `rows` has FIELDS numbers.
"""

from array import array

import native
from flight.core.ranges import Ranges
from hal.compat import const

OWNERS = const(4)
SLOTS = const(8)
FIELDS = const(12)
# Fields of a row.
STATE = const(0)
FLAGS = const(1)
DUE = const(2)
SIZE = const(3)  # of the file; -1 not known yet
HIGH = const(4)  # up to where octets have been received, or sent for the first time
COPIED = const(5)  # of them in the file on board
ERASED = const(6)  # blocks of the stage that are ready
TIMER = const(7)  # s; 0 not running
TRIES = const(8)
CONDITION = const(9)
IDLE = const(10)  # s without progress
CURSOR = const(11)  # where the next NAK goes on

# States.
FREE = const(0)
OPEN = const(1)
FINISHING = const(2)  # upload: Finished is to be acknowledged; download: all is sent, EOF is known
CLOSED = const(3)  # over; kept to answer what comes late

# Flags; the first three are those of the PDU header.
CRC = const(0x02)
UNACKNOWLEDGED = const(0x04)
MODE = const(0x06)
METADATA = const(0x10)  # upload: it has come
EOF = const(0x20)  # upload: it has come; download: it has been sent
CHECKED = const(0x40)  # upload: name, room and quota are good
CLOSURE = const(0x80)
DELIVERED = const(0x100)
SUSPENDED = const(0x200)
CHECKSUM = const(0x400)  # times the checksum type, 4 bits

# What is due to be sent.
DUE_ACK_EOF = const(1)
DUE_FINISHED = const(2)
DUE_NAK = const(4)
DUE_METADATA = const(8)
DUE_EOF = const(16)
DUE_ACK_FINISHED = const(32)
DUE_KEEP_ALIVE = const(64)

# Condition codes (727.0-B-5, table 5-5).
NO_ERROR = const(0)
FILESTORE_REJECTION = const(4)
CHECKSUM_FAILURE = const(5)
SIZE_ERROR = const(6)
INACTIVITY = const(8)
CHECK_LIMIT = const(10)
UNSUPPORTED_CHECKSUM = const(11)
CANCELLED = const(15)

# Why a PDU is refused: rows of `refused`, names in apps/files/definitions.py.
BAD_HEADER = const(0)
BAD_CRC = const(1)
WRONG_ENTITY = const(2)
UNKNOWN_TRANSFER = const(3)
BUSY = const(4)
BAD_DIRECTIVE = const(5)
BAD_OFFSET = const(6)
NO_ROOM = const(7)
BAD_NAME = const(8)
BAD_SIZE = const(9)
BAD_CHECKSUM_TYPE = const(10)
INCONSISTENT = const(11)
REASONS = const(12)

PDU_AT = 6  # in a packet

ID_SIZE = const(10)
SUM_SIZE = const(8)  # what EOF says, what was computed
PACKET_SIZE = const(256)
_RESERVED_RANGES = const(6)
_SHARED_RANGES = const(48)


class Transfers:
    """`rows`, `ids` (the header of each transaction from its fourth octet on), `sums`, `gaps`: of
    an upload what is missing, of a download what is to be sent again. `contact[owner]`: seconds
    for which he still counts as present. `unsaved`: bit per slot that is not stored yet. `out`:
    one packet going down, and room for whoever needs some between two calls."""

    def __init__(self):
        self.rows = array("i", bytes(4 * SLOTS * FIELDS))
        self.ids = bytearray(SLOTS * ID_SIZE)
        self.sums = bytearray(SLOTS * SUM_SIZE)
        self.gaps = Ranges(SLOTS, _RESERVED_RANGES, _SHARED_RANGES)
        self.contact = array("H", bytes(2 * OWNERS))
        self.refused = array("H", bytes(2 * REASONS))
        self.unsaved = 0
        self.out = bytearray(PACKET_SIZE)
        # Limits, set by the app from its parameters.
        self.segment_B = 238
        self.ack_s = 10
        self.nak_s = 10
        self.retries = 10
        self.keep_s = 259200
        self.span_B = 0
        self.refusals = 0  # of all kinds, u16
        self.last_refusal = 0

    def refuse(self, reason):
        """Count a PDU that is not obeyed."""
        self.refused[reason] = (self.refused[reason] + 1) & 0xFFFF
        self.refusals = (self.refusals + 1) & 0xFFFF
        self.last_refusal = reason

    def is_busy(self, slot):
        """The transfer of the slot is not over."""
        return FREE < self.rows[slot * FIELDS] < CLOSED

    def touch(self, slot):
        """The transfer is not as it was stored."""
        self.unsaved |= 1 << slot

    def begin(self, slot, flags, size):
        """A new transfer; its id is put into `ids` by the caller. What is erased stays so."""
        row = slot * FIELDS
        rows = self.rows
        erased = rows[row + ERASED]
        for i in range(FIELDS):
            rows[row + i] = 0
        rows[row] = OPEN
        rows[row + FLAGS] = flags
        rows[row + SIZE] = size
        rows[row + ERASED] = erased
        for i in range(slot * SUM_SIZE, slot * SUM_SIZE + SUM_SIZE):
            self.sums[i] = 0
        self.gaps.clear(slot)
        self.touch(slot)

    def close(self, slot):
        """The transfer is over; its stage is to be erased anew."""
        row = slot * FIELDS
        if self.rows[row] == OPEN and self.rows[row + HIGH]:
            self.rows[row + ERASED] = 0
        self.rows[row] = CLOSED
        self.rows[row + TIMER] = 0
        self.gaps.clear(slot)
        self.touch(slot)

    def owe(self, slot, due):
        """Have something sent."""
        self.rows[slot * FIELDS + DUE] |= due

    def add_to_sum(self, slot, buf, at, n, position):
        """Go on with the checksum of a file with the octets at `position` of it."""
        sum_at = slot * SUM_SIZE + 4
        kind = self.rows[slot * FIELDS + FLAGS] // CHECKSUM & 15
        if kind == 3:
            native.crc32_into(buf, at, n, self.sums, sum_at, True)
        elif kind == 0:
            native.sum32_into(buf, at, n, self.sums, sum_at, position)

    def sum_is_right(self, slot):
        """What was computed is what EOF says; anything is for the null checksum."""
        sums = self.sums
        at = slot * SUM_SIZE
        if self.rows[slot * FIELDS + FLAGS] // CHECKSUM & 15 == 15:
            return True
        for i in range(4):
            if sums[at + i] != sums[at + 4 + i]:
                return False
        return True

    def id_size(self, slot):
        """Octets of the id of a transfer."""
        lengths = self.ids[slot * ID_SIZE]
        return 4 + 2 * (lengths >> 4 & 7) + (lengths & 7)

    def head(self, slot, file_data):
        """Begin a PDU in `out`; where its data field begins."""
        n = self.id_size(slot)
        direction = 0x08 if slot < OWNERS else 0
        self.out[PDU_AT] = (
            0x20 | file_data << 4 | direction | self.rows[slot * FIELDS + FLAGS] & MODE
        )
        native.copy(self.out, PDU_AT + 3, self.ids, slot * ID_SIZE, n)
        return PDU_AT + 3 + n

    def seal(self, slot, at):
        """End the PDU in `out` at `at`: its length, and its CRC; the size of the packet."""
        out = self.out
        crc = self.rows[slot * FIELDS + FLAGS] & CRC
        n = at - PDU_AT - 3 - self.id_size(slot) + crc
        out[PDU_AT + 1] = n >> 8
        out[PDU_AT + 2] = n & 0xFF
        if crc:
            value = native.crc16(out, PDU_AT, at - PDU_AT)
            out[at] = value >> 8
            out[at + 1] = value & 0xFF
            at += 2
        return at
