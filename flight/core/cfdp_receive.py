"""Uploads: the receiving side of CFDP, classes 1 and 2 (CCSDS 727.0-B-5, 4.6).

What was received of a file lies in the stage of its owner, in any order; the app copies it into the
file in slack, computes the checksum on the way, and says how it went (`settle`).
"""

import native
from flight.core.cfdp_table import (
    BAD_CHECKSUM_TYPE,
    BAD_DIRECTIVE,
    BAD_NAME,
    BAD_OFFSET,
    BAD_SIZE,
    CHECK_LIMIT,
    CHECKSUM,
    CLOSURE,
    CONDITION,
    CURSOR,
    DELIVERED,
    DUE,
    DUE_ACK_EOF,
    DUE_FINISHED,
    DUE_KEEP_ALIVE,
    DUE_NAK,
    EOF,
    FIELDS,
    FILESTORE_REJECTION,
    FINISHING,
    FLAGS,
    HIGH,
    IDLE,
    INCONSISTENT,
    METADATA,
    NO_ERROR,
    NO_ROOM,
    OPEN,
    SIZE,
    SIZE_ERROR,
    SUM_SIZE,
    TIMER,
    TRIES,
    UNACKNOWLEDGED,
    UNSUPPORTED_CHECKSUM,
)
from flight.core.ranges import NONE
from flight.packets.octets import u30


class Receiver:
    """`stage` has `put(slot, offset, buf, at, n)`, False when the octets cannot be kept now,
    `largest(slot)` in octets, `name(slot, buf, at, n)`, False for none. `uploads`: whole files."""

    def __init__(self, table, stage):
        self._table = table
        self._stage = stage
        self.uploads = 0

    def file_data(self, slot, buf, at, end):
        """Octets of the file."""
        table = self._table
        row = slot * FIELDS
        rows = table.rows
        if rows[row] != OPEN:
            return
        if end - at < 5:
            table.refuse(BAD_DIRECTIVE)
            return
        begin = u30(buf, at)
        n = end - at - 4
        size = rows[row + SIZE]
        limit = size if size >= 0 else self._stage.largest(slot)
        # The difference cannot wrap, a sum could.
        if begin < 0 or begin > limit or n > limit - begin:
            table.refuse(BAD_OFFSET)
            return
        stop = begin + n
        high = rows[row + HIGH]
        gaps = table.gaps
        if begin > high and not gaps.has_room(slot):
            table.refuse(NO_ROOM)
            return
        if stop <= high and not self._misses(slot, begin, stop):
            return
        if not self._stage.put(slot, begin, buf, at + 4, n):
            table.refuse(NO_ROOM)
            return
        if begin > high:
            gaps.add(slot, high, begin)
        elif not gaps.cut(slot, begin, min(stop, high)):
            table.refuse(NO_ROOM)
            return
        if stop > high:
            rows[row + HIGH] = stop
        rows[row + IDLE] = 0
        rows[row + TRIES] = 0
        if rows[row + FLAGS] & EOF or rows[row + TIMER] == 0:
            rows[row + TIMER] = table.nak_s
        table.touch(slot)

    def _misses(self, slot, begin, stop):
        """Something between two offsets has not been received."""
        gaps = self._table.gaps
        node = gaps.first[slot]
        while node != NONE and gaps.starts[node] < stop:
            if gaps.stops[node] > begin:
                return True
            node = gaps.next[node]
        return False

    def metadata(self, slot, buf, at, end):
        """Name, size, kind of checksum. Options are not acted upon."""
        table = self._table
        row = slot * FIELDS
        rows = table.rows
        if rows[row] != OPEN or rows[row + FLAGS] & METADATA:
            return
        # Source and destination name, each behind its length.
        source = at + 5
        if source >= end or source + 1 + buf[source] >= end:
            table.refuse(BAD_DIRECTIVE)
            return
        name = source + 1 + buf[source]
        n = buf[name]
        if name + 1 + n > end or not _are_options(buf, name + 1 + n, end):
            table.refuse(BAD_DIRECTIVE)
            return
        size = u30(buf, at + 1)
        kind = buf[at] & 15
        rows[row + FLAGS] |= METADATA | kind * CHECKSUM | (CLOSURE if buf[at] & 0x40 else 0)
        rows[row + IDLE] = 0
        table.touch(slot)
        if size < 0 or size > self._stage.largest(slot):
            table.refuse(BAD_SIZE)
            self.finish(slot, SIZE_ERROR if size < 0 else FILESTORE_REJECTION)
        elif kind not in (0, 3, 15):
            table.refuse(BAD_CHECKSUM_TYPE)
            self.finish(slot, UNSUPPORTED_CHECKSUM)
        elif not self._stage.name(slot, buf, name + 1, n):
            table.refuse(BAD_NAME)
            self.finish(slot, FILESTORE_REJECTION)
        elif rows[row + HIGH] > size or (rows[row + FLAGS] & EOF and rows[row + SIZE] != size):
            table.refuse(BAD_SIZE)
            self.finish(slot, SIZE_ERROR)
        else:
            rows[row + SIZE] = size
            if rows[row + TIMER] == 0:
                rows[row + TIMER] = table.nak_s

    def eof(self, slot, buf, at, end):
        """The end of the file, or of the patience of the sender."""
        table = self._table
        row = slot * FIELDS
        rows = table.rows
        if end - at < 9:
            table.refuse(BAD_DIRECTIVE)
            return
        condition = buf[at] >> 4
        acknowledged = not rows[row + FLAGS] & UNACKNOWLEDGED
        if acknowledged:
            table.owe(slot, DUE_ACK_EOF)
        if rows[row] != OPEN:
            if acknowledged:
                table.owe(slot, DUE_FINISHED)
            return
        rows[row + IDLE] = 0
        rows[row + TRIES] = 0
        table.touch(slot)
        if condition != NO_ERROR:
            self.finish(slot, condition)
            return
        size = u30(buf, at + 5)
        sums = table.sums
        sum_at = slot * SUM_SIZE
        if rows[row + FLAGS] & EOF:
            same = rows[row + SIZE] == size
            for i in range(4):
                same = same and sums[sum_at + i] == buf[at + 1 + i]
            if same:
                self.ask(slot)
                rows[row + TIMER] = table.nak_s
            else:
                table.refuse(INCONSISTENT)
            return
        if size < 0 or rows[row + HIGH] > size or 0 <= rows[row + SIZE] != size:
            table.refuse(BAD_SIZE)
            self.finish(slot, SIZE_ERROR)
            return
        if size > self._stage.largest(slot):
            self.finish(slot, FILESTORE_REJECTION)
            return
        rows[row + FLAGS] |= EOF
        rows[row + SIZE] = size
        native.copy(sums, sum_at, buf, at + 1, 4)
        if acknowledged:
            self.ask(slot)
        rows[row + TIMER] = table.nak_s

    def prompt(self, slot, buf, at, end):
        """The sender wants to know."""
        if end - at < 1:
            self._table.refuse(BAD_DIRECTIVE)
        elif self._table.rows[slot * FIELDS] == OPEN:
            if buf[at] & 0x80:
                self._table.owe(slot, DUE_KEEP_ALIVE)
            else:
                self.ask(slot)

    def ack_finished(self, slot):
        """The sender knows how it went."""
        if self._table.rows[slot * FIELDS] == FINISHING:
            self._table.close(slot)

    def is_whole(self, slot):
        """Name, end and every octet have been received."""
        row = slot * FIELDS
        rows = self._table.rows
        return (
            rows[row + FLAGS] & (METADATA | EOF) == METADATA | EOF
            and rows[row + HIGH] == rows[row + SIZE]
            and self._table.gaps.count[slot] == 0
        )

    def contiguous(self, slot):
        """Octets from the first on without a gap."""
        gaps = self._table.gaps
        node = gaps.first[slot]
        return self._table.rows[slot * FIELDS + HIGH] if node == NONE else gaps.starts[node]

    def ask(self, slot):
        """Have what is missing sent again, if anything is."""
        table = self._table
        if self._lacks(slot):
            table.owe(slot, DUE_NAK)
            table.rows[slot * FIELDS + CURSOR] = 0

    def _lacks(self, slot):
        row = slot * FIELDS
        rows = self._table.rows
        flags = rows[row + FLAGS]
        if not flags & METADATA or self._table.gaps.count[slot]:
            return True
        return flags & EOF and rows[row + HIGH] < rows[row + SIZE]

    def settle(self, slot, condition):
        """The app has the file, or not."""
        if condition == NO_ERROR:
            self._table.rows[slot * FIELDS + FLAGS] |= DELIVERED
            self.uploads = (self.uploads + 1) & 0xFFFF
        self.finish(slot, condition)

    def finish(self, slot, condition):
        """End a transfer: by `settle`, or without its file."""
        table = self._table
        row = slot * FIELDS
        rows = table.rows
        flags = rows[row + FLAGS]
        rows[row + CONDITION] = condition
        table.close(slot)
        rows[row + DUE] &= DUE_ACK_EOF
        if not flags & UNACKNOWLEDGED:
            rows[row] = FINISHING
            rows[row + TRIES] = 0
            rows[row + TIMER] = table.ack_s
        if not flags & UNACKNOWLEDGED or flags & CLOSURE:
            table.owe(slot, DUE_FINISHED)

    def expired(self, slot):
        """The timer of the slot has run out."""
        table = self._table
        row = slot * FIELDS
        rows = table.rows
        flags = rows[row + FLAGS]
        rows[row + TRIES] += 1
        over = rows[row + TRIES] > table.retries
        if rows[row] == FINISHING:
            if over:
                table.close(slot)
            else:
                table.owe(slot, DUE_FINISHED)
                rows[row + TIMER] = table.ack_s
        elif rows[row] == OPEN and flags & UNACKNOWLEDGED:
            # What is late may still come: the check of class 1.
            if flags & EOF and not self.is_whole(slot):
                if rows[row + TRIES] > 2:
                    self.finish(slot, CHECK_LIMIT)
                else:
                    rows[row + TIMER] = table.nak_s
        elif rows[row] == OPEN and not over:
            self.ask(slot)
            rows[row + TIMER] = table.nak_s


def _are_options(buf, at, end):
    """The rest of the metadata is whole options, type, length, value; none of them asks for work
    on the file store."""
    while at < end:
        if at + 2 > end or buf[at] == 0:
            return False
        at += 2 + buf[at + 1]
    return at == end
