"""Telemetry packets: assembly, and one queue per owner until comms fetches them."""

from array import array

import native
from flight.packets import space_packet
from hal.compat import const

# Kinds of report: rows of the message type counters (ECSS-E-ST-70-41C, 7.4.3.1 f).
HOUSEKEEPING = const(0)
EVENT = const(1)  # 1..4: severity 1..4
ACCEPTED = const(5)
ACCEPTANCE_FAILED = const(6)
STARTED = const(7)
START_FAILED = const(8)
COMPLETED = const(9)
COMPLETION_FAILED = const(10)
PING_REPLY = const(11)
PARAMETERS = const(12)
STORES = const(13)
FILE_ATTRIBUTES = const(14)
FILE_LIST = const(15)
SCHEDULE_SUMMARY = const(16)
SEQUENCE_STATUS = const(17)
EVENTS_OFF = const(18)
TRANSITIONS = const(19)
MEMORY_DUMP = const(20)
MEMORY_CHECK = const(21)
ROUTING_FAILED = const(22)
_KINDS = const(23)
# From here on a kind comes from one app alone, and is counted by owner.
_OF_ONE_APP = const(11)

_SERVICE = bytes((3, 5, 5, 5, 5, 1, 1, 1, 1, 1, 1, 17, 20, 15, 23, 23, 11, 21, 5, 12, 6, 6, 1))
_SUBTYPE = bytes((25, 1, 2, 3, 4, 1, 2, 3, 4, 7, 8, 2, 2, 13, 4, 13, 13, 7, 8, 12, 6, 10, 10))

BODY_MAX = const(192)
# Headers, structure id and CRC around it.
PACKET_MAX = const(BODY_MAX + 24)
_HOST_QUEUE_SIZE = const(2048)
_PARTNER_QUEUE_SIZE = const(512)


class PacketQueue:
    """First in, first out, in one preallocated buffer: u16 length, then the packet."""

    def __init__(self, size):
        self._data = bytearray(size)
        self._size = size
        self._head = 0
        self._tail = 0
        self._given = 0  # bytes of the oldest packet that are in frames already

    def waiting(self):
        """Bytes in the queue, lengths included."""
        return self._tail - self._head

    def mostly_empty(self):
        """Three quarters are free, so that what is made in a burst finds room."""
        return 4 * (self._tail - self._head) <= self._size

    def has_room(self, n):
        """`push` would take a packet of `n` bytes."""
        return self._tail - self._head + n + 2 <= self._size

    def push(self, packet, n, off=0):
        """Take `packet[off:off+n]`; False, and nothing changed, when there is no room."""
        if self._tail - self._head + n + 2 > self._size:
            return False
        if self._tail + n + 2 > self._size:
            native.copy(self._data, 0, self._data, self._head, self._tail - self._head)
            self._tail -= self._head
            self._head = 0
        data = self._data
        data[self._tail] = n >> 8
        data[self._tail + 1] = n & 0xFF
        native.copy(data, self._tail + 2, packet, off, n)
        self._tail += n + 2
        return True

    def pop_into(self, out):
        """Move the oldest packet into `out`; its length, 0 when the queue is empty."""
        head = self._head
        if head == self._tail:
            return 0
        data = self._data
        n = data[head] << 8 | data[head + 1]
        native.copy(out, 0, data, head + 2, n)
        self._leave(head + n + 2)
        return n

    def forget(self):
        """Drop what waits, but for a packet of which a part is in a frame already; how many."""
        data = self._data
        at = self._head
        if self._given:
            at += (data[at] << 8 | data[at + 1]) + 2
        end = at
        count = 0
        while end < self._tail:
            end += (data[end] << 8 | data[end + 1]) + 2
            count += 1
        self._tail = at
        if self._head == at:
            self._leave(at)
        return count

    def _leave(self, head):
        self._given = 0
        self._head = head
        if head == self._tail:
            self._head = 0
            self._tail = 0

    def give(self, link, vc):
        """Put what fits of the oldest packet into the open frame of channel `vc`; bytes taken, 0
        when the frame is full or the queue is empty. What was taken whole leaves the queue."""
        head = self._head
        if head == self._tail:
            return 0
        data = self._data
        n = data[head] << 8 | data[head + 1]
        taken = link.tx_push(vc, data, head + 2, self._given, n)
        if taken <= 0:
            return taken
        self._given += taken
        if self._given == n:
            self._leave(head + n + 2)
        return taken


class Telemetry:
    """`queues[owner]`; `apids[owner]`, the first of his block; `made` and `dropped` are u16
    counters for housekeeping."""

    def __init__(self, dictionary, time):
        self._time = time
        self._apps = 0
        for subsystem in dictionary.SUBSYSTEMS:
            self._apps = max(self._apps, subsystem.APP + 1)
        self.apids = []
        self.queues = []
        for partner in dictionary.PARTNERS:
            if self._apps > partner[3]:
                raise ValueError("more apps than APIDs of partner " + partner[0])
            self.apids.append(partner[2])
            size = _PARTNER_QUEUE_SIZE if self.queues else _HOST_QUEUE_SIZE
            self.queues.append(PacketQueue(size))
        processes = len(self.queues) * self._apps
        self._sequence = array("H", bytes(2 * processes))
        self._singles = processes * _OF_ONE_APP
        kinds = self._singles + len(self.queues) * (_KINDS - _OF_ONE_APP)
        self._counter = array("H", bytes(2 * kinds))
        self._packet = bytearray(PACKET_MAX)
        self.made = 0
        self.dropped = 0
        self.lost = 0  # of these, the host's, u16
        self.gate = None  # of the transmitter; without it somebody always listens
        self.more = None  # of files: what is asked for packets when a queue is empty
        self.keeper = None  # of the storage: keep(owner, kind, structure, packet, n, seconds)

    def has_room(self, owner, n):
        """The owner's queue has room for a report of `n` bytes without structure."""
        n += space_packet.TM_HEADER_SIZE + space_packet.CRC_SIZE
        return self.queues[owner].has_room(n)

    def send(self, owner, app, kind, destination, body, n):
        """Queue a report stamped with the running step; see `send_at`."""
        time = self._time
        return self.send_at(owner, app, kind, destination, -1, body, n, time.seconds, time.fraction)

    def send_at(self, owner, app, kind, destination, structure, body, n, seconds, fraction):
        """Queue one report of `kind` with `body[0:n]`, n <= BODY_MAX, of app number `app`.

        `structure` >= 0 is the structure id that goes before a housekeeping body. False (and
        counted) when the owner's queue has no room.
        """
        packet = self._packet
        process = owner * self._apps + app
        message = process * _OF_ONE_APP + kind
        if kind >= _OF_ONE_APP:
            message = self._singles + owner * (_KINDS - _OF_ONE_APP) + kind - _OF_ONE_APP
        sequence = self._sequence[process]
        counter = self._counter[message]
        at = space_packet.TM_HEADER_SIZE
        space_packet.write_tm_header(
            packet,
            self.apids[owner] + app,
            sequence,
            _SERVICE[kind],
            _SUBTYPE[kind],
            counter,
            destination,
            self._time.quality,
        )
        space_packet.write_time(packet, seconds, fraction)
        if structure >= 0:
            packet[at] = structure >> 8
            packet[at + 1] = structure & 0xFF
            at += 2
        if n:
            native.copy(packet, at, body, 0, n)
            at += n
        space_packet.write_length(packet, at + 2)
        crc = native.crc16(packet, 0, at)
        packet[at] = crc >> 8
        packet[at + 1] = crc & 0xFF
        # Nobody will hear housekeeping of now: it is for the keeper alone.
        live = kind != HOUSEKEEPING or self.gate is None or self.gate.listening()
        live = live and self.queues[owner].push(packet, at + 2)
        kept = False
        if self.keeper is not None and (live or not EVENT <= kind < ACCEPTED):
            # An event that finds no room comes again, and the event log has it.
            kept = self.keeper.keep(owner, kind, structure, packet, at + 2, seconds)
        if not live and not kept:
            # Sequence counts stay whole: a packet that never left makes no gap on the ground.
            self.dropped = (self.dropped + 1) & 0xFFFF
            if owner == 0:
                self.lost = (self.lost + 1) & 0xFFFF
            return False
        self._sequence[process] = (sequence + 1) & 0x3FFF
        self._counter[message] = (counter + 1) & 0xFFFF
        self.made = (self.made + 1) & 0xFFFF
        return True
