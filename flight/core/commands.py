"""Telecommands: checked, acknowledged, carried out by exactly one handler.

Stages as ECSS-E-ST-70-41C, 6.1: acceptance (packet, service, authority, arguments), start,
completion. Every refusal has its code (core/failures.py), is counted and makes an event.

What takes longer than the call of its handler is completed later: the handler takes a ticket, gives
back failures.LATER, and its app concludes the ticket when it knows how it went.
"""

import native
from flight.core import failures
from flight.packets import space_packet
from hal.compat import const

EVENT_REFUSED = const(0x000A)

_TEST = const(17)
_HOST_TICKETS = const(4)
_PARTNER_TICKETS = const(2)  # each has his own, so that nobody can take all
_TICKETS = const(10)
_FREE = const(0)
_TAKEN = const(1)  # by the handler that runs now
_OPEN = const(2)


class Commands:
    """`accepted`, `refused` (u16 counters) and `last_failure` for housekeeping; `heard`: accepted
    of those that came by radio, u16."""

    def __init__(self, dictionary, events, verification, accounts):
        self._events = events
        self._verification = verification
        self.accounts = accounts
        self._services = {}
        self._requests = bytearray(_TICKETS * space_packet.TC_HEADER_SIZE)
        self._ended = bytearray(space_packet.TC_HEADER_SIZE)
        self._ticket_states = bytearray(_TICKETS)
        self._apid_base = []
        self._apid_count = []
        for partner in dictionary.PARTNERS:
            self._apid_base.append(partner[2])
            self._apid_count.append(partner[3])
        self.accepted = 0
        self.refused = 0
        self.last_failure = 0
        self.heard = 0
        self.pdus = None  # of files: who takes file data units

    def serve(self, service, subtype, handler):
        """Register the handler of a service message type, of all of a service with subtype 0: an
        object with `accept`, `start`, `run`, each `(packet, at, n, owner) -> failure code` over the
        data `packet[at:at+n]`."""
        self._services[service << 8 | subtype] = handler

    def receive(self, packet, n, owner, emergency=False):
        """`execute` for what the radio received, at the cost of the owner's tokens or those of the
        `emergency` association: somebody on the ground is there. File data units cost none."""
        pdus = self.pdus
        if pdus is not None and pdus.takes(packet, owner):
            return self._take_pdu(packet, n, owner)
        if not self.accounts.hear(owner, n, emergency):
            self.refuse(packet, n, owner, failures.RATE_LIMIT)
            return failures.RATE_LIMIT
        accepted = self.accepted
        code = self.execute(packet, n, owner)
        if self.accepted != accepted:
            self.heard = (self.heard + 1) & 0xFFFF
            if pdus is not None:
                pdus.present(owner)
        return code

    def _take_pdu(self, packet, n, owner):
        """A file data unit: what is wrong with one is counted by whoever takes them."""
        self.accounts.add_octets(owner, n)
        if self.accounts.suspended >> owner & 1:
            self.accounts.refuse(owner, failures.SUSPENDED)
            self.accounts.leave_unanswered(owner)
            return failures.SUSPENDED
        if self.pdus.take(packet, n, owner):
            self.heard = (self.heard + 1) & 0xFFFF
        return 0

    def acceptable(self, packet, n, owner):
        """Failure code that `execute` would refuse the telecommand with at once, 0 when it would
        accept it; nothing is carried out, counted or reported."""
        code = self.well_formed(packet, n, owner)
        if code:
            return code
        if self.accounts.suspended >> owner & 1 and packet[7] != _TEST:
            return failures.SUSPENDED
        handler = self._handler(packet)
        if handler is None:
            return failures.UNKNOWN_SERVICE
        at = space_packet.TC_HEADER_SIZE
        return handler.accept(packet, at, n - at - space_packet.CRC_SIZE, owner)

    def execute(self, packet, n, owner):
        """Carry out the telecommand `packet[0:n]` received on the channel of `owner`; its failure
        code, 0 when it completed."""
        code = self.acceptable(packet, n, owner)
        at = space_packet.TC_HEADER_SIZE
        size = n - at - space_packet.CRC_SIZE
        verification = self._verification
        if code:
            self.refuse(packet, n, owner, code)
            return code
        handler = self._handler(packet)
        self.accepted = (self.accepted + 1) & 0xFFFF
        self.accounts.accept(owner)
        verification.accepted(packet, owner)
        code = handler.start(packet, at, size, owner)
        if code:
            self._fail(packet, n, owner, code)
            verification.start_failed(packet, owner, code)
            return code
        verification.started(packet, owner)
        code = handler.run(packet, at, size, owner)
        self._settle(packet, code == failures.LATER)
        if code == failures.LATER:
            return 0
        if code:
            self._fail(packet, n, owner, code)
            verification.failed(packet, owner, code)
            return code
        verification.completed(packet, owner)
        return 0

    def refuse(self, packet, n, owner, code):
        """Tell the sender that his telecommand is not carried out: of one too short for a header
        to answer to, the app partners does."""
        self._fail(packet, n, owner, code)
        if n < space_packet.TC_HEADER_SIZE:
            self.accounts.leave_unanswered(owner)
        else:
            self._verification.refused(packet, owner, code, self._leads_nowhere(packet, owner))

    def _leads_nowhere(self, packet, owner):
        apid = (packet[0] & 0x07) << 8 | packet[1]
        base = self._apid_base[owner]
        return apid < base or apid >= base + self._apid_count[owner]

    def _handler(self, packet):
        """Whoever handles the message type, or else the whole service (subtype 0)."""
        handler = self._services.get(packet[7] << 8 | packet[8])
        return handler or self._services.get(packet[7] << 8)

    def take_ticket(self, owner=0):
        """For a handler: number of a ticket of `owner` to conclude later, or -1 when all are
        taken."""
        first = _HOST_TICKETS + (owner - 1) * _PARTNER_TICKETS if owner else 0
        for ticket in range(first, first + (_PARTNER_TICKETS if owner else _HOST_TICKETS)):
            if self._ticket_states[ticket] == _FREE:
                self._ticket_states[ticket] = _TAKEN
                return ticket
        return -1

    def conclude(self, ticket, code):
        """Report the completion (0) or failure of the telecommand that took `ticket`."""
        if self._ticket_states[ticket] != _OPEN:
            return
        self._ticket_states[ticket] = _FREE
        owner = 0
        if ticket >= _HOST_TICKETS:
            owner = (ticket - _HOST_TICKETS) // _PARTNER_TICKETS + 1
        request = self._ended
        size = space_packet.TC_HEADER_SIZE
        native.copy(request, 0, self._requests, ticket * size, size)
        if code:
            self._fail(request, len(request), owner, code)
            self._verification.failed(request, owner, code)
        else:
            self._verification.completed(request, owner)

    def _settle(self, packet, later):
        """Tickets taken by the handler that has just run belong to this telecommand."""
        for ticket in range(_TICKETS):
            if self._ticket_states[ticket] == _TAKEN:
                self._ticket_states[ticket] = _OPEN if later else _FREE
                size = space_packet.TC_HEADER_SIZE
                native.copy(self._requests, ticket * size, packet, 0, size)

    def well_formed(self, packet, n, owner):
        """Packet format (CCSDS 133.0-B-2, 4.1; ECSS-E-ST-70-41C, 7.4.4), CRC, and APID block."""
        if n < space_packet.TC_HEADER_SIZE + space_packet.CRC_SIZE:
            return failures.BAD_LENGTH
        # Version 0, type telecommand, secondary header present.
        if packet[0] & 0xF8 != space_packet.TYPE_TC | space_packet.SECONDARY_HEADER:
            return failures.BAD_PACKET
        if packet[2] & 0xC0 != space_packet.UNSEGMENTED:
            return failures.BAD_PACKET
        if (packet[4] << 8 | packet[5]) != n - space_packet.PRIMARY_SIZE - 1:
            return failures.BAD_LENGTH
        # The CRC of a block that ends in its own CRC is zero.
        if native.crc16(packet, 0, n) != 0:
            return failures.BAD_CRC
        if packet[6] & 0xF0 != space_packet.PUS_VERSION:
            return failures.BAD_PACKET
        return failures.WRONG_APID if self._leads_nowhere(packet, owner) else 0

    def _fail(self, packet, n, owner, code):
        """Count it. Of the host's an event at once; of a partner's the app partners makes one now
        and then, so that whoever floods takes nobody's events away."""
        self.accounts.refuse(owner, code)
        self.refused = (self.refused + 1) & 0xFFFF
        self.last_failure = code
        if owner:
            return
        if n >= 4:
            self._events.put_raw(EVENT_REFUSED, code, packet, 0)
        else:
            self._events.put(EVENT_REFUSED, code)
