"""The parameters of the control loop on their way to it, some with every step.

The loop starts with the same defaults, so nothing waits for them; what the ground has changed goes
before the rest.
"""

from hal.compat import const

_CMD_SET_PARAM = const(2)  # enum mf_command
_PER_STEP = const(4)  # half the loop's queue: the rest is for the ground
_FIRST = const(0x0201)
_LAST = const(0x02FF)
_OWN = const(0x0206)  # of the app itself, not of the loop


class LoopParameters:
    """`due`: whether the loop has not been given everything. The low byte of an id is the index of
    enum mf_kernel_param; all are f32."""

    def __init__(self, params):
        self._params = params
        self._first = params.find(_FIRST)
        self._end = self._first
        while self._end < params.count and params.number(self._end) <= _LAST:
            self._end += 1
        self._next = self._end  # of the round through all of them
        self._changed = False
        self.due = False

    def start(self):
        """All are due: what the loop has may be of an earlier start of Python."""
        self._next = self._first
        self._changed = False
        self.due = True

    def changed(self):
        """Some of them may have been set."""
        self._changed = True
        self.due = True

    def send(self, kernel):
        """Give the loop some of those that are due; what it has no room for waits."""
        params = self._params
        room = _PER_STEP
        if self._changed:
            for row in range(self._first, self._end):
                if params.marks[row]:
                    if room == 0 or not self._give(kernel, row):
                        return
                    params.marks[row] = 0
                    room -= 1
            self._changed = False
        while room and self._next < self._end:
            if not self._give(kernel, self._next):
                return
            self._next += 1
            room -= 1
        self.due = self._next < self._end

    def _give(self, kernel, row):
        """False when the loop has no room for it."""
        params = self._params
        number = params.number(row)
        if number == _OWN:
            return True
        return kernel.command(_CMD_SET_PARAM, number & 0xFF, params.image, params.at(row)) >= 0
