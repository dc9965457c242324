"""Mail: telecommands to the mailboxes (core/mailbox.py), messages and receipts down.

A message goes down to its recipient when he fetches it, as often as he likes, until he has taken
it; then its sender gets a receipt, which is sent until it has found room in his queue or his store.
"""

import struct
from array import array

from flight.apps.contacts.definitions import APP
from flight.core import failures, mailbox, telemetry
from hal.compat import const

_MESSAGE = const(0x0B03)
_RECEIPT = const(0x0B04)
_BOX = const(0x0B05)
_REFERENCES_AT = const(4)  # in the packet mail_box
_RECIPIENTS_AT = const(36)
_STATES_AT = const(52)
_HEAD = const(8)  # of a message before its octets

EVENT_LOST = const(0x0B04)


class Mail:
    """`accepted`, `refused`, `taken` count messages, u16."""

    def __init__(self, context, writer):
        self._time = context.time
        self._telemetry = context.telemetry
        store = context.store
        self._message = store.claim(_MESSAGE, writer)
        self._state = store.claim(_RECEIPT, writer)
        self._box = store.claim(_BOX, writer)
        self.box = mailbox.Mailbox(context.board.fram, self._message.data)
        self._asked = bytearray(mailbox.OWNERS)  # messages still to be sent down
        self._last = array("i", (-1,) * mailbox.OWNERS)  # order of the last one sent
        self.accepted = 0
        self.refused = 0
        self.taken = 0
        functions = context.functions
        functions.handle(0x0B11, self.send)
        functions.handle(0x0B12, self.fetch)
        functions.handle(0x0B13, self.take)
        functions.handle(0x0B14, self.cancel)
        functions.handle(0x0B15, self.report)
        self._events = context.events
        self._lost = 0
        self.box.load()
        self._tell_lost()

    def step(self):
        """For each owner a message that he asked for, and a receipt that he does not have yet."""
        box = self.box
        if box.doubtful:
            box.look_again()
            self._tell_lost()
        for owner in range(mailbox.OWNERS):
            if self._asked[owner] and self._telemetry.queues[owner].mostly_empty():
                self._send_down(owner)
        if box.untold == 0:
            return
        for sender in range(mailbox.OWNERS):
            slot = box.next_untold(sender)
            if slot >= 0 and self._tell(slot):
                box.become(slot, mailbox.TAKEN)

    def _tell_lost(self):
        """Messages that were found damaged."""
        if self.box.lost != self._lost:
            self._events.put(EVENT_LOST, self.box.lost - self._lost)
            self._lost = self.box.lost

    def waiting(self):
        """Messages that wait for anybody."""
        count = 0
        for sender in range(mailbox.OWNERS):
            for recipient in range(mailbox.OWNERS):
                count += self.box.waiting(sender, recipient)
        return count

    def send(self, buf, off, owner):
        """Handler of `mail_send`."""
        code = self._send(buf, off, owner)
        mailbox.wipe(self._message.data)
        if code:
            self.refused = (self.refused + 1) & 0xFFFF
        else:
            self.accepted = (self.accepted + 1) & 0xFFFF
        return code

    def _send(self, buf, off, owner):
        recipient = buf[off]
        if recipient == owner:
            return failures.BAD_RECIPIENT
        message = self._message.data
        length = buf[off + 3]
        struct.pack_into(
            ">BBBIB", message, 0, owner, buf[off + 1], buf[off + 2], self._time.seconds, length
        )
        for i in range(length):
            message[_HEAD + i] = buf[off + 4 + i]
        # The recipient is not told: whoever sends could fill his queue and store with news.
        return self.box.put(recipient)

    def fetch(self, buf, off, owner):
        """Handler of `mail_fetch`: the oldest first, as his queue has room."""
        self._asked[owner] = 0
        self._last[owner] = -1
        if self.box.following(owner) < 0:
            return failures.UNKNOWN_MESSAGE
        self._asked[owner] = buf[off]
        return failures.OK

    def _send_down(self, owner):
        """The next message that he has asked for."""
        box = self.box
        self._asked[owner] -= 1
        slot = box.following(owner, self._last[owner])
        if slot < 0:
            self._asked[owner] = 0
            return
        self._last[owner] = box.order_of(slot)
        if box.fetch(slot) == failures.OK:
            self._deliver(owner, _MESSAGE, self._message.data)
        mailbox.wipe(box.message)

    def take(self, buf, off, owner):
        """Handler of `mail_take`."""
        box = self.box
        slot = box.find(buf[off], buf[off + 1] << 8 | buf[off + 2])
        if slot < 0 or box.recipient_of(slot) != owner or box.state_of(slot) != mailbox.WAITING:
            return failures.UNKNOWN_MESSAGE
        code = box.become(slot, mailbox.UNTOLD)
        if code == failures.OK:
            self.taken = (self.taken + 1) & 0xFFFF
        return code

    def cancel(self, buf, off, owner):
        """Handler of `mail_cancel`."""
        box = self.box
        slot = box.find(owner, buf[off] << 8 | buf[off + 1])
        if slot < 0 or box.state_of(slot) != mailbox.WAITING:
            return failures.UNKNOWN_MESSAGE
        return box.become(slot, mailbox.FREE)

    def report(self, buf, off, owner):
        """Handler of `mail_report`: what waits for him, and what became of his own."""
        box = self.box
        data = self._box.data
        for sender in range(mailbox.OWNERS):
            data[sender] = box.waiting(sender, owner)
        first = owner * mailbox.SLOTS
        for i in range(mailbox.SLOTS):
            state = box.state_of(first + i)
            reference = box.reference_of(first + i) if state else 0
            struct.pack_into(">H", data, _REFERENCES_AT + 2 * i, reference)
            data[_RECIPIENTS_AT + i] = box.recipient_of(first + i) if state else 0
            data[_STATES_AT + i] = min(state, mailbox.TAKEN)
        sent = self._deliver(owner, _BOX, data)
        mailbox.wipe(data)
        return failures.OK if sent else failures.QUEUE_FULL

    def _tell(self, slot):
        """The receipt to its sender; False when there was no room."""
        box = self.box
        sender = slot // mailbox.SLOTS
        data = self._state.data
        reference = box.reference_of(slot)
        struct.pack_into(">BHB", data, 0, sender, reference, box.recipient_of(slot))
        sent = self._deliver(sender, _RECEIPT, data)
        mailbox.wipe(data)
        return sent

    def _deliver(self, owner, structure, data):
        time = self._time
        return self._telemetry.send_at(
            owner,
            APP,
            telemetry.HOUSEKEEPING,
            0,
            structure,
            data,
            len(data),
            time.seconds,
            time.fraction,
        )
