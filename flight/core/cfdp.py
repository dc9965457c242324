"""The CFDP entity of the spacecraft: PDUs in, PDUs out, seconds (CCSDS 727.0-B-5).

Knows no files and no link: what it keeps and reads goes through `stage` and `source`, a PDU goes
down when somebody asks for the next one of an owner. Refuses everything that is not exactly as it
has to be, and counts why; the sender learns it from the protocol or not at all.
"""

import native
from flight.core.cfdp_receive import Receiver
from flight.core.cfdp_reply import Replies
from flight.core.cfdp_send import Sender
from flight.core.cfdp_table import (
    BAD_CRC,
    BAD_DIRECTIVE,
    BAD_HEADER,
    BUSY,
    CANCELLED,
    CRC,
    FIELDS,
    FLAGS,
    FREE,
    ID_SIZE,
    IDLE,
    INACTIVITY,
    INCONSISTENT,
    MODE,
    OWNERS,
    PDU_AT,
    SLOTS,
    SUSPENDED,
    TIMER,
    TRIES,
    UNACKNOWLEDGED,
    UNKNOWN_TRANSFER,
    WRONG_ENTITY,
)
from flight.packets.file_units import APID_OFFSET, ENTITY, GROUND_ENTITY
from hal.compat import const

_EOF = const(4)
_FINISHED = const(5)
_ACK = const(6)
_METADATA = const(7)
_NAK = const(8)
_PROMPT = const(9)
_KEEP_ALIVE = const(12)
_PATIENCE = const(6)  # times the time after which a NAK is repeated
_FILE_DATA = const(0)  # no directive has this code


class Cfdp:
    """`table` (cfdp_table.Transfers), `receiver`, `sender`; `received` and `composed` PDUs, u16.
    `apids`: first APID of each owner's block."""

    def __init__(self, table, apids, stage, source):
        self.table = table
        self.receiver = Receiver(table, stage)
        self.sender = Sender(table, source)
        self._replies = Replies(table, self.receiver)
        self.received = 0
        self.composed = 0
        self._apids = apids
        self._sequence = bytearray(2 * len(apids))
        self._turn = 0

    def take(self, packet, n, owner):
        """A PDU in the packet `packet[0:n]`, from an owner. True when it was obeyed."""
        table = self.table
        before = table.refusals
        self.received = (self.received + 1) & 0xFFFF
        self._take(packet, n, owner)
        return table.refusals == before

    def _take(self, packet, n, owner):
        table = self.table
        if n < PDU_AT + 8:
            table.refuse(BAD_HEADER)
            return
        flags = packet[PDU_AT]
        lengths = packet[PDU_AT + 3]
        entity_n = (lengths >> 4 & 7) + 1
        sequence_n = (lengths & 7) + 1
        at = PDU_AT + 4 + 2 * entity_n + sequence_n
        size = packet[PDU_AT + 1] << 8 | packet[PDU_AT + 2]
        # Version 1, a file below 4 GiB, no segment metadata, numbers of a sensible size.
        if flags & 0xE1 != 0x20 or lengths & 0x08 or entity_n > 2 or sequence_n > 4:
            table.refuse(BAD_HEADER)
            return
        if at + size != n or size < 2:
            table.refuse(BAD_HEADER)
            return
        if flags & CRC:
            if native.crc16(packet, PDU_AT, n - PDU_AT) != 0:
                table.refuse(BAD_CRC)
                return
            n -= 2
        source = _number(packet, PDU_AT + 4, entity_n)
        destination = _number(packet, at - entity_n, entity_n)
        ground = GROUND_ENTITY + owner
        up = not flags & 0x08
        if source != (ground if up else ENTITY) or destination != (ENTITY if up else ground):
            table.refuse(WRONG_ENTITY)
            return
        directive = _FILE_DATA if flags & 0x10 else packet[at]
        if not flags & 0x10:
            at += 1
        if up:
            self._take_up(owner, flags, directive, packet, at, n)
        else:
            self._take_down(OWNERS + owner, flags, directive, packet, at, n)

    def _take_up(self, slot, flags, directive, packet, at, end):
        """From the sender of an upload."""
        table = self.table
        receiver = self.receiver
        if not self._is(slot, packet):
            if table.is_busy(slot):
                table.refuse(BUSY)
                return
            if not _begins(directive, flags, packet, at, end):
                table.refuse(UNKNOWN_TRANSFER)
                return
            table.begin(slot, flags & MODE, -1)
            native.copy(table.ids, slot * ID_SIZE, packet, PDU_AT + 3, _id_size(packet))
            table.ids[slot * ID_SIZE] &= 0x77
        elif table.rows[slot * FIELDS + FLAGS] & MODE != flags & MODE:
            table.refuse(INCONSISTENT)
            return
        if directive == _FILE_DATA:
            receiver.file_data(slot, packet, at, end)
        elif directive == _METADATA:
            receiver.metadata(slot, packet, at, end)
        elif directive == _EOF:
            receiver.eof(slot, packet, at, end)
        elif directive == _PROMPT and not flags & UNACKNOWLEDGED:
            receiver.prompt(slot, packet, at, end)
        elif directive == _ACK and end - at >= 2 and packet[at] == 0x51:
            receiver.ack_finished(slot)
        else:
            table.refuse(BAD_DIRECTIVE)

    def _take_down(self, slot, flags, directive, packet, at, end):
        """From the receiver of a download."""
        table = self.table
        sender = self.sender
        if not self._is(slot, packet):
            table.refuse(UNKNOWN_TRANSFER)
        elif (table.rows[slot * FIELDS + FLAGS] ^ flags) & UNACKNOWLEDGED:
            table.refuse(INCONSISTENT)
        elif directive == _FINISHED:
            sender.finished(slot, packet, at, end)
        elif directive == _NAK and not flags & UNACKNOWLEDGED:
            sender.nak(slot, packet, at, end)
        elif directive == _ACK and end - at >= 2 and packet[at] == 0x40:
            sender.ack_eof(slot)
        elif directive != _KEEP_ALIVE or end - at != 4:
            table.refuse(BAD_DIRECTIVE)

    def _is(self, slot, packet):
        """The PDU belongs to the transfer of the slot: the same number, however many octets it has
        (the entities have been checked)."""
        ids = self.table.ids
        at = slot * ID_SIZE
        if self.table.rows[slot * FIELDS] == FREE:
            return False
        n = (packet[PDU_AT + 3] & 7) + 1
        end = PDU_AT + 5 + (packet[PDU_AT + 3] >> 4 & 7) + n
        kept_n = (ids[at] & 7) + 1
        kept_end = at + 2 + (ids[at] >> 4 & 7) + kept_n
        for i in range(1, 5):
            octet = packet[end - i] if i <= n else 0
            if octet != (ids[kept_end - i] if i <= kept_n else 0):
                return False
        return True

    def hear(self, owner, contact_s):
        """An owner is there, for `contact_s` at least. Was he not, or had it been given up to reach
        him, all is asked and told anew."""
        table = self.table
        for slot in range(owner, SLOTS, OWNERS):
            row = slot * FIELDS
            given_up = table.rows[row + TRIES] > table.retries
            if table.is_busy(slot) and (given_up or table.contact[owner] == 0):
                table.rows[row + TRIES] = 0
                table.rows[row + TIMER] = 1
        table.contact[owner] = contact_s

    def tick(self):
        """A second has passed. Timers stand still while their owner is not there."""
        table = self.table
        rows = table.rows
        for slot in range(SLOTS):
            row = slot * FIELDS
            if not table.is_busy(slot):
                continue
            rows[row + IDLE] += 1
            # Nobody sends again what is missing in class 1.
            hasty = slot < OWNERS and rows[row + FLAGS] & UNACKNOWLEDGED
            if rows[row + IDLE] >= (_PATIENCE * table.nak_s if hasty else table.keep_s):
                self.end(slot, INACTIVITY)
            elif table.contact[slot % OWNERS] and not rows[row + FLAGS] & SUSPENDED:
                if rows[row + TIMER] > 0:
                    rows[row + TIMER] -= 1
                    if rows[row + TIMER] == 0:
                        self._expired(slot)
        for owner in range(OWNERS):
            if table.contact[owner]:
                table.contact[owner] -= 1

    def _expired(self, slot):
        if slot < OWNERS:
            self.receiver.expired(slot)
        else:
            self.sender.expired(slot)

    def end(self, slot, condition=CANCELLED):
        """Cancel the transfer of a slot; the other side is told."""
        if slot < OWNERS:
            self.receiver.finish(slot, condition)
        else:
            self.sender.cancel(slot, condition)

    def ready(self, owner):
        """Something can go down to an owner."""
        table = self.table
        if not table.contact[owner]:
            return False
        upload = table.rows[owner * FIELDS] and table.rows[owner * FIELDS + 2]
        return upload or self.sender.wants_to_send(OWNERS + owner)

    def next_packet(self, owner):
        """Put the next packet to an owner into `table.out`; its size, 0 when there is none."""
        table = self.table
        if not table.contact[owner]:
            return 0
        n = self._replies.compose(owner)
        if n == 0:
            n = self.sender.compose(OWNERS + owner)
        if n == 0:
            return 0
        out = table.out
        apid = self._apids[owner] + APID_OFFSET
        out[0] = apid >> 8
        out[1] = apid & 0xFF
        at = 2 * owner
        out[2] = 0xC0 | self._sequence[at]
        out[3] = self._sequence[at + 1]
        out[4] = (n - 7) >> 8
        out[5] = (n - 7) & 0xFF
        count = ((self._sequence[at] << 8 | self._sequence[at + 1]) + 1) & 0x3FFF
        self._sequence[at] = count >> 8
        self._sequence[at + 1] = count & 0xFF
        self.composed = (self.composed + 1) & 0xFFFF
        return n


def _begins(directive, flags, packet, at, end):
    """A transfer may begin with it: any of the sender's in class 2, metadata in class 1."""
    if directive == _METADATA:
        return True
    if flags & UNACKNOWLEDGED:
        return False
    return directive == _FILE_DATA or (directive == _EOF and end > at and packet[at] >> 4 == 0)


def _id_size(packet):
    lengths = packet[PDU_AT + 3]
    return 4 + 2 * (lengths >> 4 & 7) + (lengths & 7)


def _number(packet, at, n):
    value = 0
    for i in range(n):
        value = value << 8 | packet[at + i]
    return value
