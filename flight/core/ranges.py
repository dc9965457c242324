"""Lists of ranges of octets, one per slot, out of one pool: what of a file is missing.

Ranges of a slot are in order and never touch. Every slot may always have `reserved` of them; what
is in the pool beyond that goes to whoever needs it first, so that nobody's list can take another's
share. Nothing allocates but the constructor.
"""

from array import array

from hal.compat import const

NONE = const(255)


class Ranges:
    """`first[slot]` and `next[node]` are nodes, NONE at the end; a range is `starts[node]` up to
    `stops[node]`, which is not part of it. `count[slot]` ranges."""

    def __init__(self, slots, reserved, shared):
        nodes = slots * reserved + shared
        if nodes >= NONE:
            raise ValueError("more ranges than a pool can have")
        self.starts = array("i", bytes(4 * nodes))
        self.stops = array("i", bytes(4 * nodes))
        self.next = bytearray(nodes)
        self.first = bytearray(slots)
        self.count = bytearray(slots)
        self._reserved = reserved
        self._shared = shared
        self._spare = 0
        for node in range(nodes):
            self.next[node] = node + 1 if node + 1 < nodes else NONE
        for slot in range(slots):
            self.first[slot] = NONE

    def has_room(self, slot):
        """One more range can be put into the list of a slot."""
        if self.count[slot] < self._reserved:
            return True
        beyond = 0
        for other in range(len(self.count)):
            beyond += max(0, self.count[other] - self._reserved)
        return beyond < self._shared and self.count[slot] < NONE

    def clear(self, slot):
        """No ranges."""
        while self.first[slot] != NONE:
            self._drop(slot, NONE, self.first[slot])

    def add(self, slot, begin, end):
        """Put a range into the list, joined with those it meets; False, and nothing changed, when
        it would be one more than there is room for."""
        before = NONE
        node = self.first[slot]
        while node != NONE and self.stops[node] < begin:
            before = node
            node = self.next[node]
        if node == NONE or end < self.starts[node]:
            return self._put(slot, before, begin, end)
        self.starts[node] = min(begin, self.starts[node])
        self.stops[node] = max(end, self.stops[node])
        after = self.next[node]
        while after != NONE and self.starts[after] <= self.stops[node]:
            self.stops[node] = max(self.stops[node], self.stops[after])
            self._drop(slot, node, after)
            after = self.next[node]
        return True

    def cut(self, slot, begin, end):
        """Take a range out of the list; False, and nothing changed, when the two parts that it
        leaves of one are one more than there is room for."""
        before = NONE
        node = self.first[slot]
        while node != NONE and self.stops[node] <= begin:
            before = node
            node = self.next[node]
        if node != NONE and self.starts[node] < begin and end < self.stops[node]:
            if not self._put(slot, node, end, self.stops[node]):
                return False
            self.stops[node] = begin
            return True
        while node != NONE and self.starts[node] < end:
            after = self.next[node]
            if self.starts[node] < begin:
                self.stops[node] = begin
                before = node
            elif end < self.stops[node]:
                self.starts[node] = end
            else:
                self._drop(slot, before, node)
            node = after
        return True

    def _put(self, slot, before, begin, end):
        if not self.has_room(slot):
            return False
        node = self._spare
        self._spare = self.next[node]
        self.starts[node] = begin
        self.stops[node] = end
        if before == NONE:
            self.next[node] = self.first[slot]
            self.first[slot] = node
        else:
            self.next[node] = self.next[before]
            self.next[before] = node
        self.count[slot] += 1
        return True

    def _drop(self, slot, before, node):
        if before == NONE:
            self.first[slot] = self.next[node]
        else:
            self.next[before] = self.next[node]
        self.next[node] = self._spare
        self._spare = node
        self.count[slot] -= 1
