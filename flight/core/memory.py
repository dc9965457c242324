"""Want of memory: who used it up, a reserve to report it with, and when it cannot be helped.

A frame allocates nothing, so whoever allocated most of late is to blame: every step is charged with
what it allocated, and what is charged counts half after each collection. On a port that cannot
tell, the one that found no memory is.

Out of memory: the reserve is let go, so that the event and the telemetry about it have room,
garbage is collected at once, and the offender is started again, with back-off, in the end given up.
Before it comes to that, a heap that stays scarce after a collection has the same consequence for an
app that is charged with a good part of it. The reserve is made anew in a later collection; when
2 KB are not free for it ten times in a row, a second apart, `exhausted` stops the heartbeat: the
control kernel starts Python again.
"""

from array import array

from flight.core.app_counters import ROWS
from hal.compat import const

_RESERVE_B = const(512)
_ROOM_B = const(2048)  # must be free before it is made anew: its own hole is not enough
_REFUSALS_TO_GIVE_UP = const(10)
_BLAME_B = const(1024)  # less is nobody's fault
_CHARGE_MAX = const(1 << 24)
_MASK = const((1 << 30) - 1)

EVENT_OUT_OF_MEMORY = const(0x0012)
EVENT_SCARCE = const(0x0013)
EVENT_EXHAUSTED = const(0x0014)


class _Reserve:
    """Memory that is kept to be let go."""

    def __init__(self):
        self.data = bytearray(_RESERVE_B)


class Memory:
    """`shortages` (u8, wraps): times that memory was out; `lowest_free` after a collection
    [B], -1 before the first."""

    def __init__(self, board, events, params):
        self._used = board.heap_used
        self._total = board.heap_total_allocated
        self._size = board.heap_size
        self._events = events
        self._params = params
        self._scarce_at = params.place(0x0004)
        self._charged = array("i", bytes(4 * ROWS))
        self._before = 0
        self._reserve = _Reserve()
        self._refusals = 0
        self._scarce = False
        self.exhausted = False
        self.shortages = 0
        self.lowest_free = -1

    def begin(self):
        """A step begins."""
        self._before = self._total()

    def end(self, index):
        """The step of app `index` ended: charge it."""
        allocated = (self._total() - self._before) & _MASK
        if allocated:
            self._charged[index] = min(self._charged[index] + allocated, _CHARGE_MAX)

    def free(self):
        """Bytes free on the heap, as far as the port can tell; 0 where there is no bounded heap."""
        return max(0, self._size - self._used())

    def low(self):
        """Less is free than should be, as far as the port can tell."""
        return self._size and self.free() < self._params.u16(self._scarce_at)

    def shortage(self, index):
        """App `index` found no memory: let the reserve go, tell; index of the app to blame."""
        self.end(index)
        self._before = self._total()
        self._reserve = None
        self.shortages = (self.shortages + 1) & 0xFF
        worst = self._worst()
        if worst < 0:
            worst = index
        self._events.put(EVENT_OUT_OF_MEMORY, worst, self._charged[worst])
        self._charged[worst] = 0
        return worst

    def collected(self, planned):
        """Garbage was collected, as `planned` or for want of memory. When planned: make the reserve
        anew; index of an app to blame for a heap that is scarce all the same, else -1."""
        free = self.free()
        if self.lowest_free < 0 or free < self.lowest_free:
            self.lowest_free = free
        if not planned:
            return -1
        self._refill()
        worst = self._worst()
        for i in range(ROWS):
            self._charged[i] >>= 1
        if not self.low():
            self._scarce = False
            return -1
        if not self._scarce:
            self._scarce = True
            self._events.put(EVENT_SCARCE, 0, free)
        if worst >= 0:
            self._charged[worst] = 0
        return worst

    def wanting(self):
        """The reserve is gone: a collection should try to make it anew."""
        return self._reserve is None

    def _refill(self):
        if self._reserve is not None:
            return
        if self._size and self.free() < _ROOM_B:
            self._found_none()
            return
        try:
            self._reserve = _Reserve()
        except MemoryError:
            self._found_none()
            return
        self._refusals = 0

    def _found_none(self):
        self._refusals += 1
        if self._refusals == _REFUSALS_TO_GIVE_UP:
            self.exhausted = True
            self._events.put(EVENT_EXHAUSTED, self.shortages)

    def _worst(self):
        """Index of the app charged with most, -1 when it is not worth blaming anybody."""
        worst = -1
        most = _BLAME_B
        charged = self._charged
        for i in range(ROWS):
            if charged[i] > most:
                most = charged[i]
                worst = i
        return worst
