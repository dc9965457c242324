"""Events: 16-byte records in a preallocated ring. Texts live in the dictionary only.

Each event id may be put RATE_LIMIT times per RATE_WINDOW_S; what goes beyond, or finds no room in
the ring, is counted in `dropped`. Every owner of events has room of his own there, and his records
leave it in their order, whatever becomes of those of others. What a partner's telecommands lead to
in the host's apps is told to him alone: channel 0 is in clear.
"""

from array import array

import native
from flight.packets.space_packet import EVENT_RECORD_SIZE, write_event
from hal.compat import const

RING_RECORDS = const(32)
RATE_LIMIT = const(4)
RATE_WINDOW_S = const(10)

_PARTNER_RECORDS = const(4)  # of the ring; the host has the rest
_OWNER = const(8)  # in a record
_ZERO = b"\x00\x00\x00\x00"
_OFF = const(0x80)  # with the severity: no report of this event
_HIGH = const(4)


class Events:
    """The ring. `made` and `dropped` are u16 counters for housekeeping, `lost` counts what the host
    does not hear of his own; `time` stamps records."""

    def __init__(self, dictionary, time):
        self.time = time
        self._ids = array("H")  # in their order; the tables below have the same rows
        self._severity = bytearray(0)
        self._owner = bytearray(0)
        for subsystem in dictionary.SUBSYSTEMS:
            owner = subsystem.PACKETS[0][4] if subsystem.PACKETS else 0
            for event in subsystem.EVENTS:
                if len(self._ids) and event[0] <= self._ids[-1]:
                    raise ValueError("events are not in the order of their ids")
                self._ids.append(event[0])
                self._severity.append(event[1])
                self._owner.append(owner)
        self._recent = bytearray(len(self._severity))
        owners = len(dictionary.PARTNERS)
        self._told = bytearray(owners)  # of what each has led to, in this window
        self._waiting = bytearray(owners)  # records in the ring
        self._host_records = RING_RECORDS
        self._host_records -= (owners - 1) * _PARTNER_RECORDS
        self._unknown = KeyError("no such event")  # raising it allocates nothing
        self._window_s = 0
        self._ring = bytearray(RING_RECORDS * EVENT_RECORD_SIZE)
        self._head = 0
        self._count = 0
        self.made = 0
        self.dropped = 0
        self.lost = 0
        self._keeper = None
        self.listener = None  # hear(event, arg0, about): of every event, however many

    def keep_in(self, keeper):
        """Give every event of the host from now on, and those that still wait, to
        `keeper(ring, off)` as 16-byte records. Boot time only."""
        self._keeper = keeper
        for i in range(self._count):
            if self._ring[self._place(i) + _OWNER] == 0:
                keeper(self._ring, self._place(i))

    def put(self, event, arg0=0, arg1=0):
        """Record an event at the time of the running step; arguments below 2^30. KeyError for an
        id that is not in the dictionary."""
        time = self.time
        self._put(0, event, arg0, arg1, _ZERO, -1, time.seconds, time.fraction)

    def put_about(self, owner, event, arg0, arg1=0, buf=_ZERO, off=-1):
        """An event in the host's apps that telecommands of `owner` have led to, told to him; as
        `put_raw` where there is a `buf`. A partner is told RATE_LIMIT of all these per window, and
        the log, which is the host's, keeps none of them."""
        time = self.time
        self._put(owner, event, arg0, arg1, buf, off, time.seconds, time.fraction)

    def put_raw(self, event, arg0, buf, off):
        """As `put`; the second argument is the big-endian u32 at `buf[off]`, any value."""
        time = self.time
        self._put(0, event, arg0, 0, buf, off, time.seconds, time.fraction)

    def put_at(self, event, arg0, buf, off, seconds, fraction):
        """As `put_raw`, at a given mission time."""
        self._put(0, event, arg0, 0, buf, off, seconds, fraction)

    def known(self, event):
        """True when the dictionary has this event id."""
        return self._find(event) >= 0

    def _find(self, event):
        """Row of an event id, -1 when there is none."""
        ids = self._ids
        low = 0
        high = len(ids)
        while low < high:
            middle = (low + high) >> 1
            if ids[middle] < event:
                low = middle + 1
            else:
                high = middle
        return low if low < len(ids) and ids[low] == event else -1

    def owner_of(self, event):
        """Whose apps make this event."""
        return self._owner[self._find(event)]

    def may_switch(self, event):
        """Reports of the gravest events cannot be switched off."""
        return self._severity[self._find(event)] & 0x7F < _HIGH

    def switch(self, event, on):
        """Report this event from now on, or no longer; actions hear of it all the same."""
        row = self._find(event)
        if on:
            self._severity[row] &= 0x7F
        else:
            self._severity[row] |= _OFF

    def off_into(self, buf, off, owner):
        """Ids of the events of `owner` that are not reported, u16 each, into `buf[off:]`; how many
        of them."""
        count = 0
        for row in range(len(self._ids)):
            event = self._ids[row]
            if self._severity[row] & _OFF and (owner == 0 or owner == self._owner[row]):
                if off + 2 > len(buf):
                    break
                buf[off] = event >> 8
                buf[off + 1] = event & 0xFF
                off += 2
                count += 1
        return count

    def _put(self, about, event, arg0, arg1, buf, off, seconds, fraction):
        row = self._find(event)
        if row < 0:
            raise self._unknown
        self.made = (self.made + 1) & 0xFFFF
        if self.listener is not None:
            self.listener.hear(event, arg0, about)
        if self._severity[row] & _OFF:
            return
        window = self.time.uptime_s // RATE_WINDOW_S
        recent = self._recent
        if window != self._window_s:
            self._window_s = window
            for i in range(len(recent)):
                recent[i] = 0
            for i in range(len(self._told)):
                self._told[i] = 0
        owner = about or self._owner[row]
        told = self._told[about] if about else recent[row]
        room = _PARTNER_RECORDS if owner else self._host_records
        if told >= RATE_LIMIT or self._waiting[owner] >= room:
            self.dropped = (self.dropped + 1) & 0xFFFF
            if owner == 0:
                self.lost = (self.lost + 1) & 0xFFFF
            return
        if about:
            self._told[about] += 1
        else:
            recent[row] += 1
        at = (self._head + self._count) % RING_RECORDS * EVENT_RECORD_SIZE
        write_event(
            self._ring,
            at,
            seconds,
            fraction,
            event,
            owner,
            self._severity[row],
            arg0,
            arg1,
        )
        if off >= 0:
            native.copy(self._ring, at + 12, buf, off, 4)
        self._count += 1
        self._waiting[owner] += 1
        if self._keeper is not None and owner == 0:
            self._keeper(self._ring, at)

    def peek_into(self, out, place=0):
        """Copy a record into `out[0:16]`, the oldest one at place 0; False when there is none."""
        if place >= self._count:
            return False
        native.copy(out, 0, self._ring, self._place(place), EVENT_RECORD_SIZE)
        return True

    def drop(self, place=0):
        """Remove the record at a place, after it was taken over; the others keep their order."""
        ring = self._ring
        self._waiting[ring[self._place(place) + _OWNER]] -= 1
        while place:
            native.copy(ring, self._place(place), ring, self._place(place - 1), EVENT_RECORD_SIZE)
            place -= 1
        self._head = (self._head + 1) % RING_RECORDS
        self._count -= 1

    def _place(self, place):
        return (self._head + place) % RING_RECORDS * EVENT_RECORD_SIZE
