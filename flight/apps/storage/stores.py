"""Stores and logs: which telemetry packet, event, start and crash is kept where.

Every telemetry packet of an owner goes into his store: reports all, housekeeping packets one of so
many, by a table that commands change and FRAM keeps.
"""

from array import array

from flight.apps.storage import definitions
from flight.core import telemetry
from flight.core.records import HEADER_SIZE, TwoCopies
from flight.packets.octets import low_u30
from flight.packets.space_packet import EVENT_RECORD_SIZE
from hal.compat import const

LOG_EVENTS = const(4)
LOG_BOOTS = const(5)
LOG_CRASHES = const(6)
# Counters of an archive (mf_archive.h).
KEPT = const(0)
REFUSED = const(1)
LOST = const(2)
DAMAGED = const(3)
FETCHED = const(5)
_STORES = const(4)
_KEEP_EVERY_MS = const(60000)
_REPORT_PRIORITY = const(2)
_SEVERITY = const(9)  # in an event record
_RULES_AT = const(13)  # in the state, behind enabled u8 and erases u32

EVENT_FULL = const(0x0506)


class Stores:
    """`archives`: those of the owners, then the logs of events, boots and crashes."""

    def __init__(self, context, board):
        self._events = context.events
        self._told_full = 0  # bit n: it has been told that store n is full
        self._time = context.time
        self.archives = []
        kind = 0
        for row in definitions.STORES + definitions.LOGS:
            archive = board.archive(kind, row[4], row[5], row[2], row[3], row[6], row[1])
            self.archives.append(archive)
            kind += 1
        self._ids = array("H")
        self._table = bytearray(0)  # every, priority by row of `_ids`
        layout = 1
        for record in context.store.records:
            self._ids.append(record.definition[0])
            layout = (layout * 31 + record.definition[0]) & 0xFFFF
            self._table.append(1)
            self._table.append(1)
        self._defaults(context.store)
        self._passed = bytearray(len(self._ids))
        addresses = definitions.STATE_ADDRESSES
        size = _RULES_AT - HEADER_SIZE + len(self._table)
        self._state = TwoCopies(board.fram, addresses[0], addresses[1], size, layout)
        self.erases = 0
        self._load()

    def _defaults(self, store):
        """The rules of the definitions. Boot time only."""
        row = 0
        table = self._table
        for subsystem in store.dictionary.SUBSYSTEMS:
            for packet in subsystem.PACKETS:
                if packet[2]:
                    table[row] = min(255, max(1, _KEEP_EVERY_MS // packet[2]))
                for rule in definitions.RULES:
                    if rule[0] == packet[0]:
                        table[row] = rule[1]
                        table[row + 1] = rule[2]
                row += 2

    def _load(self):
        """What commands changed before the last reset. Boot time only."""
        state = self._state
        if not state.load():
            return
        image = state.image
        for i in range(_STORES):
            self.archives[i].enabled(image[HEADER_SIZE] >> i & 1 == 1)
        for i in range(4):
            self.erases = self.erases << 8 | (
                image[HEADER_SIZE + 1 + i] & (0x3F if i == 0 else 255)
            )
        for i in range(len(self._table)):
            self._table[i] = image[_RULES_AT + i]

    def save(self):
        """Store what outlives a reset. 0 or a negative status."""
        image = self._state.image
        mask = 0
        for i in range(_STORES):
            if self.archives[i].enabled():
                mask |= 1 << i
        image[HEADER_SIZE] = mask
        for i in range(4):
            image[HEADER_SIZE + 1 + i] = self.erases >> (24 - 8 * i) & 0xFF
        for i in range(len(self._table)):
            image[_RULES_AT + i] = self._table[i]
        return self._state.save()

    def set_rule(self, packet_id, every, priority):
        """Keep one of `every` packets of this id. False when there is no such packet."""
        row = self._find(packet_id)
        if row < 0:
            return False
        self._table[2 * row] = every
        self._table[2 * row + 1] = priority
        return True

    def keep(self, owner, kind, structure, packet, n, seconds):
        """For core/telemetry.py: keep `packet[0:n]` when a rule says so. True when it is kept."""
        priority = _REPORT_PRIORITY
        if kind == telemetry.HOUSEKEEPING:
            row = self._find(structure)
            every = self._table[2 * row]
            if every == 0:
                return False
            passed = self._passed
            passed[row] = (passed[row] + 1) % every
            if passed[row] != 1 % every:
                return False
            priority = self._table[2 * row + 1]
        elif kind < telemetry.ACCEPTED:
            priority = kind
        archive = self.archives[owner]
        refused = archive.count(REFUSED)
        kept = archive.keep(packet, 0, n, priority, seconds)
        bit = 1 << owner
        if kept:
            self._told_full &= ~bit
        elif not archive.enabled() or archive.count(REFUSED) == refused:
            return False
        elif not self._told_full & bit:
            self._told_full |= bit
            self._events.put_about(owner, EVENT_FULL, owner)
        return kept

    def reading(self):
        """Whether anything is being sent again."""
        for archive in self.archives:
            if archive.reading():
                return True
        return False

    def mean_fill(self):
        """Of the partners' stores, in percent of the room in files."""
        fill = 0
        for store in range(1, LOG_EVENTS):
            fill += self.archives[store].fill()
        return fill // (LOG_EVENTS - 1)

    def of_partners(self, counter):
        """A counter of the partners' stores together, u16."""
        count = 0
        for store in range(1, LOG_EVENTS):
            count += self.archives[store].count(counter)
        return count & 0xFFFF

    def keep_event(self, ring, off):
        """For core/events.py: keep the event record at `ring[off]`."""
        seconds = low_u30(ring, off)
        log = self.archives[LOG_EVENTS]
        log.keep(ring, off, EVENT_RECORD_SIZE, ring[off + _SEVERITY], seconds)

    def log(self, which, buf, n):
        """Put `buf[0:n]` into the log of boots or crashes."""
        self.archives[which].keep(buf, 0, n, 1, self._time.seconds)

    def _find(self, packet_id):
        """Row of a packet id, -1 when there is none; they are in no order."""
        ids = self._ids
        for row in range(len(ids)):
            if ids[row] == packet_id:
                return row
        return -1
