"""What an upload has to say to its sender: acknowledgements, what is missing, how it ended."""

from flight.core.cfdp_table import (
    CLOSED,
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
    FLAGS,
    HIGH,
    METADATA,
    SIZE,
    SUSPENDED,
)
from flight.core.ranges import NONE
from flight.packets.octets import put_u32
from hal.compat import const

_NAK_MAX = const(26)  # requests in one PDU
_DISCARDED = const(0)
_REJECTED = const(1)
_RETAINED = const(2)


class Replies:
    """PDUs to the sender, composed when the link asks for one."""

    def __init__(self, table, receiver):
        self._table = table
        self._receiver = receiver

    def compose(self, slot):
        """The next PDU to the sender into `out`; the size of the packet, 0 when none is due."""
        table = self._table
        row = slot * FIELDS
        rows = table.rows
        due = rows[row + DUE]
        if not due or not table.rows[row]:
            return 0
        out = table.out
        at = table.head(slot, 0)
        if due & DUE_ACK_EOF:
            rows[row + DUE] ^= DUE_ACK_EOF
            out[at] = 6
            out[at + 1] = 0x40
            out[at + 2] = rows[row + CONDITION] << 4 | (2 if rows[row] == CLOSED else 1)
            return table.seal(slot, at + 3)
        if due & DUE_FINISHED:
            rows[row + DUE] ^= DUE_FINISHED
            condition = rows[row + CONDITION]
            status = _REJECTED if condition == FILESTORE_REJECTION else _DISCARDED
            delivered = rows[row + FLAGS] & DELIVERED
            out[at] = 5
            out[at + 1] = condition << 4 | (_RETAINED if delivered else 4 | status)
            return table.seal(slot, at + 2)
        if due & DUE_KEEP_ALIVE:
            rows[row + DUE] ^= DUE_KEEP_ALIVE
            out[at] = 12
            put_u32(out, at + 1, self._receiver.contiguous(slot))
            return table.seal(slot, at + 5)
        rows[row + DUE] &= ~DUE_NAK
        if due & DUE_NAK and not rows[row + FLAGS] & SUSPENDED:
            return self._compose_nak(slot, at)
        return 0

    def _compose_nak(self, slot, at):
        """A NAK from the cursor on; more of them are due when not all fits into it."""
        table = self._table
        row = slot * FIELDS
        rows = table.rows
        out = table.out
        gaps = table.gaps
        cursor = rows[row + CURSOR]
        room = _NAK_MAX
        to = at + 9
        if cursor == 0 and not rows[row + FLAGS] & METADATA:
            put_u32(out, to, 0)
            put_u32(out, to + 4, 0)
            to += 8
            room -= 1
        out[at] = 8
        put_u32(out, at + 1, cursor)
        node = gaps.first[slot]
        end = rows[row + HIGH]
        more = False
        while True:
            if node != NONE:
                begin = gaps.starts[node]
                stop = gaps.stops[node]
                node = gaps.next[node]
            elif rows[row + FLAGS] & EOF and end < rows[row + SIZE]:
                begin = end
                stop = end = rows[row + SIZE]
            else:
                break
            begin = max(begin, cursor)
            while begin < stop:
                if room == 0:
                    more = True
                    break
                part = min(stop, begin + table.span_B) if table.span_B else stop
                put_u32(out, to, begin)
                put_u32(out, to + 4, part)
                to += 8
                room -= 1
                cursor = begin = part
            if more:
                break
        put_u32(out, at + 5, cursor if more else end)
        if more:
            rows[row + CURSOR] = cursor
            table.owe(slot, DUE_NAK)
        return table.seal(slot, to) if to > at + 9 else 0
