"""Service 21, request sequencing (ECSS-E-ST-70-41C, 6.21), for every owner by itself.

| subtype | what | data |
|---|---|---|
| 1 | load | number u8, count u8, each: telecommand, delay to the next one u32 [ms] |
| 128 | load a part | number u8, entries before it u8, 1: last part u8, then as 1 from count on |
| 3, 4, 5 | unload, activate, abort | number u8 |
| 6 | report; answered by 21/7 | none |

21/7: count u8, each: number u8, state u8 (0 empty, 1 loading, 2 loaded, 3 running). A sequence that
is there must be unloaded before another one takes its place. A part that does not go on where the
last one ended is refused.
"""

import native
from flight.core import failures, sequences, stored, telemetry
from flight.core.schedule import PACKET_MAX
from hal.compat import const

_APP = const(6)
_LOAD = const(1)
_UNLOAD = const(3)
_ACTIVATE = const(4)
_ABORT = const(5)
_REPORT = const(6)
_LOAD_PART = const(128)
_SUBTYPES = (1, 3, 4, 5, 6, 128)
_DELAY_SIZE = const(4)


class SequenceService:
    """Of the sequences in `stock` and those that run, `runs`. `packet` is a buffer for one stored
    telecommand; `wake()` is called when a sequence starts."""

    def __init__(self, context, stock, runs, quotas, packet, wake):
        self._sequences = stock
        self._runner = runs
        self._commands = context.commands
        self._reports = context.telemetry
        self._quotas = quotas
        self._packet = packet
        self._wake = wake
        most = 0
        for row in quotas:
            most = max(most, row[1])
        self._body = bytearray(1 + 2 * most)
        context.commands.serve(21, 0, self)

    def accept(self, packet, at, n, owner):
        """Length, number, and every telecommand of a load."""
        subtype = packet[8]
        if subtype not in _SUBTYPES:
            return failures.UNKNOWN_SERVICE
        if subtype == _REPORT:
            return failures.OK if n == 0 else failures.BAD_LENGTH
        if n < 1:
            return failures.BAD_LENGTH
        if self._sequences.find(owner, packet[at]) < 0:
            return failures.UNKNOWN_SEQUENCE
        if subtype == _LOAD:
            return self._accept_entries(packet, at + 1, at + n, owner)
        if subtype == _LOAD_PART:
            return self._accept_entries(packet, at + 3, at + n, owner)
        return failures.OK if n == 1 else failures.BAD_LENGTH

    def start(self, packet, at, n, owner):
        """The state of the sequence, and what there is room for."""
        subtype = packet[8]
        if subtype == _REPORT:
            return failures.OK
        stock = self._sequences
        slot = stock.find(owner, packet[at])
        state = stock.states[slot]
        if subtype == _LOAD or subtype == _LOAD_PART:
            if state >= sequences.LOADED:
                return failures.REFUSED
            before = 0
            room = sequences.BODY_MAX
            at += 1
            if subtype == _LOAD_PART:
                before = packet[at]
                if before:
                    if stock.part(owner) != slot << 8 | before:
                        return failures.REFUSED
                    room = stock.room(owner)
                at += 2
            fits = before + packet[at] <= sequences.ENTRIES_MAX
            return (
                failures.OK
                if fits and self._body_size(packet, at) <= room
                else (failures.QUOTA_FULL)
            )
        if subtype == _ACTIVATE:
            if state == sequences.RUNNING:
                return failures.REFUSED
            if state != sequences.LOADED:
                return failures.UNKNOWN_SEQUENCE
            return failures.OK if self._runner.runner(owner) >= 0 else failures.QUOTA_FULL
        if subtype == _ABORT:
            return failures.OK if state == sequences.RUNNING else failures.REFUSED
        if state == sequences.EMPTY:
            return failures.UNKNOWN_SEQUENCE
        return failures.REFUSED if state == sequences.RUNNING else failures.OK

    def run(self, packet, at, n, owner):
        """Carry out."""
        subtype = packet[8]
        stock = self._sequences
        if subtype == _REPORT:
            return self._send_status(owner, packet[9] << 8 | packet[10])
        slot = stock.find(owner, packet[at])
        if subtype == _LOAD:
            return self._load(packet, at + 1, owner, slot, True, True)
        if subtype == _LOAD_PART:
            return self._load(packet, at + 3, owner, slot, packet[at + 1] == 0, packet[at + 2])
        if subtype == _ACTIVATE:
            code = self._runner.activate(owner, slot)
            self._wake()
            return code
        if subtype == _ABORT:
            self._runner.abort(slot)
            return failures.OK
        return failures.OK if stock.unload(owner, slot) >= 0 else failures.STORAGE_ERROR

    def _accept_entries(self, packet, at, end, owner):
        if at + 1 > end:
            return failures.BAD_LENGTH
        count = packet[at]
        if count < 1 or count > sequences.ENTRIES_MAX:
            return failures.OUT_OF_RANGE
        at += 1
        for _ in range(count):
            size = stored.length(packet, at, end)
            if size == 0 or size > PACKET_MAX or at + size + _DELAY_SIZE > end:
                return failures.BAD_LENGTH
            native.copy(self._packet, 0, packet, at, size)
            if size > 8 and self._packet[7] == 21 and self._packet[8] == _ACTIVATE:
                # Sequences that start each other might go on for ever.
                return failures.NESTED_COMMAND
            code = stored.check(self._commands, self._packet, size, owner)
            if code:
                return code
            at += size
            if not native.in_range(packet, at, "u32", 0, sequences.DELAY_MAX_MS):
                return failures.TIME_OVERFLOW
            at += _DELAY_SIZE
        return failures.OK if at == end else failures.BAD_LENGTH

    def _body_size(self, packet, at):
        """What the entries from the count at `packet[at]` on take in FRAM."""
        size = 0
        count = packet[at]
        at += 1
        for _ in range(count):
            n = stored.length(packet, at, len(packet))
            size += n + sequences.ENTRY_EXTRA
            at += n + _DELAY_SIZE
        return size

    def _load(self, packet, at, owner, slot, first, last):
        stock = self._sequences
        if first:
            stock.begin(owner, slot)
        count = packet[at]
        at += 1
        for _ in range(count):
            n = stored.length(packet, at, len(packet))
            if stock.add(owner, packet, at, n, at + n) < 0:
                return failures.STORAGE_ERROR
            at += n + _DELAY_SIZE
        if last and stock.finish(owner) < 0:
            return failures.STORAGE_ERROR
        return failures.OK

    def _send_status(self, owner, destination):
        body = self._body
        count = self._quotas[owner][1]
        body[0] = count
        for number in range(count):
            body[1 + 2 * number] = number
            body[2 + 2 * number] = self._sequences.states[self._sequences.find(owner, number)]
        sent = self._reports.send(
            owner, _APP, telemetry.SEQUENCE_STATUS, destination, body, 1 + 2 * count
        )
        return failures.OK if sent else failures.QUEUE_FULL
