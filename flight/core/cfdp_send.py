"""Downloads: the sending side of CFDP, classes 1 and 2 (CCSDS 727.0-B-5, 4.6)."""

import native
from flight.core.cfdp_table import (
    BAD_DIRECTIVE,
    BAD_OFFSET,
    CANCELLED,
    CHECKSUM,
    CLOSED,
    CONDITION,
    CRC,
    DUE,
    DUE_ACK_FINISHED,
    DUE_EOF,
    DUE_METADATA,
    EOF,
    FIELDS,
    FILESTORE_REJECTION,
    FINISHING,
    FLAGS,
    HIGH,
    ID_SIZE,
    IDLE,
    NO_ERROR,
    NO_ROOM,
    OPEN,
    OWNERS,
    SIZE,
    SUM_SIZE,
    SUSPENDED,
    TIMER,
    TRIES,
    UNACKNOWLEDGED,
)
from flight.core.ranges import NONE
from flight.packets.file_units import ENTITY, GROUND_ENTITY
from flight.packets.octets import put_u32, u30
from hal.compat import const

_METADATA = const(7)
_CRC32 = const(3)


class Sender:
    """`source` has `read(slot, offset, buf, at, n) -> octets`, 0 when the file cannot be read now,
    negative when it is not what it was; and `named(slot, buf, at) -> n`,
    which puts the name of the file, without the root. `downloads`: files that went down whole."""

    def __init__(self, table, source):
        self._table = table
        self._reader = source
        self.downloads = 0

    def begin(self, slot, sequence, size, unacknowledged, kind):
        """Send a file of `size` octets with the checksum `kind`."""
        table = self._table
        flags = UNACKNOWLEDGED if unacknowledged else 0
        table.begin(slot, flags | kind * CHECKSUM, size)
        ids = table.ids
        at = slot * ID_SIZE
        ids[at] = 1  # entities of one octet, numbers of two
        ids[at + 1] = ENTITY
        ids[at + 2] = sequence >> 8 & 0xFF
        ids[at + 3] = sequence & 0xFF
        ids[at + 4] = GROUND_ENTITY + slot - OWNERS
        table.owe(slot, DUE_METADATA)

    def nak(self, slot, buf, at, end):
        """What is to be sent again."""
        table = self._table
        row = slot * FIELDS
        rows = table.rows
        if end - at < 8 or (end - at) % 8:
            table.refuse(BAD_DIRECTIVE)
            return
        if not OPEN <= rows[row] <= FINISHING:
            return
        at += 8
        while at < end:
            begin = u30(buf, at)
            stop = u30(buf, at + 4)
            at += 8
            if begin == 0 and stop == 0:
                table.owe(slot, DUE_METADATA)
            elif begin < 0 or stop <= begin or stop > rows[row + SIZE]:
                table.refuse(BAD_OFFSET)
                return
            elif begin < rows[row + HIGH]:
                if not table.gaps.add(slot, begin, min(stop, rows[row + HIGH])):
                    # The receiver asks again for what is missing then.
                    table.refuse(NO_ROOM)
                    break
        self._advanced(slot)

    def ack_eof(self, slot):
        """The receiver has the end."""
        row = slot * FIELDS
        if self._table.rows[row] == OPEN and self._table.rows[row + FLAGS] & EOF:
            self._table.rows[row] = FINISHING
            self._advanced(slot)

    def finished(self, slot, buf, at, end):
        """The receiver has the file, or not."""
        table = self._table
        row = slot * FIELDS
        rows = table.rows
        if end - at < 1:
            table.refuse(BAD_DIRECTIVE)
            return
        if OPEN <= rows[row] <= FINISHING:
            rows[row + CONDITION] = buf[at] >> 4
            if rows[row + CONDITION] == NO_ERROR:
                self.downloads = (self.downloads + 1) & 0xFFFF
            rows[row + DUE] = 0
            table.close(slot)
        if not rows[row + FLAGS] & UNACKNOWLEDGED:
            table.owe(slot, DUE_ACK_FINISHED)

    def cancel(self, slot, condition=CANCELLED):
        """End it; the receiver is told by EOF."""
        table = self._table
        row = slot * FIELDS
        rows = table.rows
        rows[row + CONDITION] = condition
        rows[row + DUE] = DUE_EOF
        rows[row + TRIES] = 0
        rows[row] = OPEN
        table.gaps.clear(slot)
        table.touch(slot)

    def _advanced(self, slot):
        row = slot * FIELDS
        rows = self._table.rows
        rows[row + IDLE] = 0
        rows[row + TRIES] = 0
        if rows[row + FLAGS] & EOF:
            rows[row + TIMER] = self._table.ack_s
        self._table.touch(slot)

    def expired(self, slot):
        """The timer of the slot has run out: no acknowledgement, or no word since."""
        table = self._table
        row = slot * FIELDS
        rows = table.rows
        if not rows[row + FLAGS] & EOF:
            return
        rows[row + TRIES] += 1
        if rows[row + TRIES] <= table.retries:
            table.owe(slot, DUE_EOF)
            rows[row + TIMER] = table.ack_s
        elif rows[row + CONDITION] != NO_ERROR:
            table.close(slot)

    def wants_to_send(self, slot):
        """A PDU may be composed."""
        row = slot * FIELDS
        rows = self._table.rows
        if rows[row + FLAGS] & SUSPENDED:
            return rows[row + DUE] & DUE_ACK_FINISHED > 0
        if rows[row + DUE]:
            return True
        if not OPEN <= rows[row] <= FINISHING:
            return False
        if rows[row + CONDITION] != NO_ERROR:
            return False
        return self._table.gaps.count[slot] > 0 or not rows[row + FLAGS] & EOF

    def compose(self, slot):
        """The next PDU to the receiver into `out`; the size of the packet, 0 when there is none."""
        if not self.wants_to_send(slot):
            return 0
        table = self._table
        row = slot * FIELDS
        rows = table.rows
        due = rows[row + DUE]
        if due & DUE_ACK_FINISHED:
            rows[row + DUE] ^= DUE_ACK_FINISHED
            at = table.head(slot, 0)
            table.out[at] = 6
            table.out[at + 1] = 0x51
            table.out[at + 2] = rows[row + CONDITION] << 4 | 2
            return table.seal(slot, at + 3)
        if due & DUE_METADATA:
            rows[row + DUE] ^= DUE_METADATA
            return self._compose_metadata(slot)
        if due & DUE_EOF:
            return self._compose_eof(slot)
        node = table.gaps.first[slot]
        if node != NONE:
            begin = table.gaps.starts[node]
            n = self._compose_data(slot, begin, table.gaps.stops[node], False)
        elif rows[row + HIGH] < rows[row + SIZE]:
            n = self._compose_data(slot, rows[row + HIGH], rows[row + SIZE], True)
        else:
            return self._compose_eof(slot)
        if n >= 0:
            return n
        self.cancel(slot, FILESTORE_REJECTION)
        return self._compose_eof(slot)

    def _compose_metadata(self, slot):
        table = self._table
        row = slot * FIELDS
        out = table.out
        at = table.head(slot, 0)
        out[at] = _METADATA
        out[at + 1] = table.rows[row + FLAGS] // CHECKSUM & 15
        put_u32(out, at + 2, table.rows[row + SIZE])
        at += 6
        for _ in range(2):
            out[at] = self._reader.named(slot, out, at + 1)
            at += 1 + out[at]
        return table.seal(slot, at)

    def _compose_data(self, slot, begin, end, first):
        """A segment; 0 when the file cannot be read now, negative when it never will."""
        table = self._table
        row = slot * FIELDS
        rows = table.rows
        at = table.head(slot, 1)
        put_u32(table.out, at, begin)
        at += 4
        room = len(table.out) - at - (rows[row + FLAGS] & CRC)
        n = min(end - begin, min(table.segment_B, room))
        got = self._reader.read(slot, begin, table.out, at, n)
        if got != n:
            return min(got, 0)
        if first:
            table.add_to_sum(slot, table.out, at, n, begin)
            rows[row + HIGH] = begin + n
            rows[row + IDLE] = 0
            table.touch(slot)
        else:
            table.gaps.cut(slot, begin, begin + n)
        if rows[row + TIMER]:
            rows[row + TIMER] = table.ack_s
        return table.seal(slot, at + n)

    def _compose_eof(self, slot):
        table = self._table
        row = slot * FIELDS
        rows = table.rows
        out = table.out
        at = table.head(slot, 0)
        condition = rows[row + CONDITION]
        rows[row + DUE] &= ~DUE_EOF
        rows[row + FLAGS] |= EOF
        table.touch(slot)
        out[at] = 4
        out[at + 1] = condition << 4
        native.copy(out, at + 2, table.sums, slot * SUM_SIZE + 4, 4)
        put_u32(out, at + 6, rows[row + HIGH])
        at += 10
        if condition != NO_ERROR:
            out[at] = 6  # fault location: this entity
            out[at + 1] = 1
            out[at + 2] = ENTITY
            at += 3
        if rows[row + FLAGS] & UNACKNOWLEDGED:
            if condition == NO_ERROR:
                self.downloads = (self.downloads + 1) & 0xFFFF
            rows[row + DUE] = 0
            table.close(slot)
        elif rows[row] != CLOSED:
            rows[row + TIMER] = table.ack_s
        return table.seal(slot, at)
