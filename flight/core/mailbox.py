"""Mailboxes: messages between the owners, kept in FRAM until the recipient has taken them.

Every sender has SLOTS slots of his own, so that nobody's messages cost anybody else room. A slot:

    0    the message as it goes down: sender u8, reference u16, seconds u32, length u8, octets
    168  recipient u8, order u16, 0, CRC-32 over all before, state (one octet, written last)

A power cut while a message is written leaves a slot without CRC, which is free: its telecommand
was never reported as done. All else that happens to a message is one octet, its state. References
of messages that were taken stay until the slot is used again: a message is not accepted twice.

A slot that could not be read at the start, or held neither a message nor nothing, is in doubt: it
is looked at again until the memory answers, and the same twice. Until then its sender's telecommand
is refused, for the slot may hold a message, or the same one.
"""

from array import array

import native
from flight.core import failures
from hal.compat import const

OWNERS = const(4)
SLOTS = const(16)
MESSAGE_SIZE = const(168)
OCTETS = const(160)
TAIL_SIZE = const(9)
_ADDRESS = const(0x1B000)
_SLOT_SIZE = const(192)
_COUNT = const(64)
_CRC_AT = const(4)  # in the tail
_STATE_AT = const(8)

FREE = const(0)
WAITING = const(1)
TAKEN = const(2)
UNTOLD = const(3)  # taken, and its sender has no receipt yet
_MARKS = b"\x00\xa5\x5a\x3c"  # states as they are stored: two bits apart at least

_STATE_MASK = const(3)
_DOUBTFUL = const(0x80)  # whole entry in `_states`
_LOOKS = const(4)  # slots per call
_ANY = const(65536)


def wipe(buffer):
    """Nobody else shall read what was in it."""
    for i in range(len(buffer)):
        buffer[i] = 0


class Mailbox:
    """`message`: buffer of MESSAGE_SIZE, of which the octets are wiped after use (`wipe`).

    What is known of each slot without asking the memory: state and recipient, reference, order."""

    def __init__(self, fram, message):
        self._fram = fram
        self.message = message
        self._tail = bytearray(TAIL_SIZE)
        self._crc = bytearray(4)
        self._states = bytearray(_COUNT)  # recipient << 2 | state
        self._references = array("H", bytes(2 * _COUNT))
        self._orders = array("H", bytes(2 * _COUNT))
        self._next = 0  # order of the next message
        self.lost = 0  # messages found damaged
        self.untold = 0
        self.doubtful = 0  # slots
        self._reading = 0  # of the last reading

    def load(self):
        """What was stored before this start. Boot time only."""
        for slot in range(_COUNT):
            if not self._look(slot):
                self._states[slot] = _DOUBTFUL
                self.doubtful += 1
        wipe(self.message)
        self.look_again(_COUNT)

    def look_again(self, most=_LOOKS):
        """Look at slots in doubt, as long as the memory answers. What holds the same nonsense twice
        is damaged; that of a disturbed bus is another with every reading."""
        for slot in range(_COUNT):
            if self._states[slot] != _DOUBTFUL:
                continue
            if most == 0:
                break
            most -= 1
            found = self._look(slot)
            digest = self._digest()
            if not found and self._reading >= 0:
                found = self._look(slot)
            if self._reading < 0:
                break
            if not found:
                if self._digest() != digest:
                    continue
                self._give_up(slot)
            self.doubtful -= 1
        wipe(self.message)

    def _look(self, slot):
        """Take up what a slot holds; False when that is neither a message nor nothing, or cannot be
        read (`_reading`)."""
        at = _ADDRESS + slot * _SLOT_SIZE
        self._reading = self._fram.read(at + MESSAGE_SIZE, self._tail)
        if self._reading < 0:
            return False
        state = FREE
        if not self._never_written():
            self._reading = self._fram.read(at, self.message)
            state = self._stored_state()
            if self._reading < 0 or state < 0 or not self._sound(slot):
                return False
        self._states[slot] = FREE
        if state == FREE:
            return True
        order = self._tail[1] << 8 | self._tail[2]
        self._keep(slot, state, self._tail[0], order)
        if state == UNTOLD:
            self.untold += 1
        if self._next == 0 or (order - self._next) & 0xFFFF < 0x8000:
            self._next = order + 1 & 0xFFFF
        return True

    def _give_up(self, slot):
        """What is in a slot is damaged for good: one that had been taken was being written over, or
        might as well have been."""
        state = self._stored_state()
        if state == WAITING or state == UNTOLD or state < 0 and self._sound(slot):
            self.lost += 1
        self._states[slot] = FREE

    def _never_written(self):
        """Nothing was ever written there."""
        first = self._tail[0]
        for octet in self._tail:
            if octet != first:
                return False
        return first == 0 or first == 0xFF

    def _stored_state(self):
        """State by the octet in the buffer, -1 when it is none."""
        for state in range(len(_MARKS)):
            if self._tail[_STATE_AT] == _MARKS[state]:
                return state
        return -1

    def _digest(self):
        """24 bits of what was read last."""
        crc = self._crc
        native.crc32_into(self.message, 0, MESSAGE_SIZE, crc, 0)
        native.crc32_into(self._tail, 0, TAIL_SIZE, crc, 0, True)
        return crc[0] << 16 | crc[1] << 8 | crc[2]

    def _sound(self, slot):
        """The message in the buffers is what was stored in `slot`."""
        self._checksum()
        for i in range(4):
            if self._crc[i] != self._tail[_CRC_AT + i]:
                return False
        return self.message[0] == slot // SLOTS and self._tail[0] < OWNERS

    def _checksum(self):
        native.crc32_into(self.message, 0, MESSAGE_SIZE, self._crc, 0)
        native.crc32_into(self._tail, 0, _CRC_AT, self._crc, 0, True)

    def _keep(self, slot, state, recipient, order):
        self._states[slot] = recipient << 2 | state
        self._references[slot] = self.message[1] << 8 | self.message[2]
        self._orders[slot] = order

    def put(self, recipient):
        """Store the message in the buffer; failure code."""
        message = self.message
        sender = message[0]
        if self.find(sender, message[1] << 8 | message[2]) >= 0:
            return failures.DUPLICATE_MESSAGE
        if self.doubtful and self._in_doubt(sender):
            return failures.STORAGE_ERROR
        slot = self._place_for(sender)
        if slot < 0:
            return failures.QUOTA_FULL
        if self._states[slot] & _STATE_MASK != FREE and self.become(slot, FREE):
            # With its old state the new message would count as taken, were the power cut.
            return failures.STORAGE_ERROR
        tail = self._tail
        tail[0] = recipient
        tail[1] = self._next >> 8
        tail[2] = self._next & 0xFF
        tail[3] = 0
        self._checksum()
        native.copy(tail, _CRC_AT, self._crc, 0, 4)
        tail[_STATE_AT] = _MARKS[WAITING]
        at = _ADDRESS + slot * _SLOT_SIZE
        if self._fram.write(at, message) < 0 or self._fram.write(at + MESSAGE_SIZE, tail) < 0:
            return failures.STORAGE_ERROR
        self._keep(slot, WAITING, recipient, self._next)
        self._next = self._next + 1 & 0xFFFF
        return failures.OK

    def _in_doubt(self, sender):
        for slot in range(sender * SLOTS, (sender + 1) * SLOTS):
            if self._states[slot] == _DOUBTFUL:
                return True
        return False

    def _place_for(self, sender):
        """A free slot, or that of the message that was taken longest ago; -1: all wait."""
        found = -1
        oldest = -1
        for slot in range(sender * SLOTS, (sender + 1) * SLOTS):
            state = self._states[slot] & _STATE_MASK
            if state == FREE:
                return slot
            age = (self._next - self._orders[slot]) & 0xFFFF
            if state == TAKEN and age > oldest:
                found = slot
                oldest = age
        return found

    def find(self, sender, reference):
        """Slot of a message, whatever became of it; -1 none."""
        for slot in range(sender * SLOTS, (sender + 1) * SLOTS):
            if self._states[slot] & _STATE_MASK and self._references[slot] == reference:
                return slot
        return -1

    def state_of(self, slot):
        """What became of the message in a slot."""
        return self._states[slot] & _STATE_MASK

    def recipient_of(self, slot):
        """To whom it goes."""
        return self._states[slot] >> 2

    def reference_of(self, slot):
        """How its sender calls it."""
        return self._references[slot]

    def following(self, recipient, after=-1):
        """The oldest message that waits for `recipient` and was stored after the one whose
        `order_of` is `after` (-1: any); its slot, -1 none."""
        age = self._age(after) if after >= 0 else _ANY
        found = -1
        oldest = -1
        for slot in range(_COUNT):
            if self._states[slot] == recipient << 2 | WAITING:
                its = self._age(self._orders[slot])
                if oldest < its < age:
                    found = slot
                    oldest = its
        return found

    def order_of(self, slot):
        """The message's place in the order of all that are stored."""
        return self._orders[slot]

    def _age(self, order):
        """So many messages have been stored since, that one with them."""
        return (self._next - order) & 0xFFFF

    def waiting(self, sender, recipient):
        """Messages of one owner that wait for another."""
        count = 0
        for slot in range(sender * SLOTS, (sender + 1) * SLOTS):
            if self._states[slot] == recipient << 2 | WAITING:
                count += 1
        return count

    def fetch(self, slot):
        """The message of a slot into the buffer; failure code."""
        at = _ADDRESS + slot * _SLOT_SIZE
        if self._fram.read(at, self.message) < 0:
            return failures.STORAGE_ERROR
        if self._fram.read(at + MESSAGE_SIZE, self._tail) < 0:
            return failures.STORAGE_ERROR
        return failures.OK if self._sound(slot) else failures.STORAGE_ERROR

    def become(self, slot, state):
        """A message was taken, its sender told, or it is withdrawn; failure code. That he was told
        counts in any case: at worst he is told again after a start."""
        self._crc[0] = _MARKS[state]
        at = _ADDRESS + slot * _SLOT_SIZE + MESSAGE_SIZE + _STATE_AT
        if self._fram.write(at, self._crc, 0, 1) < 0 and state != TAKEN:
            return failures.STORAGE_ERROR
        before = self._states[slot] & _STATE_MASK
        self._states[slot] = self._states[slot] & ~_STATE_MASK | state
        if state == UNTOLD:
            self.untold += 1
        elif before == UNTOLD:
            self.untold -= 1
        return failures.OK

    def next_untold(self, sender):
        """Slot of a message of `sender` that was taken, and he does not know; -1 none."""
        for slot in range(sender * SLOTS, (sender + 1) * SLOTS):
            if self._states[slot] & _STATE_MASK == UNTOLD:
                return slot
        return -1
