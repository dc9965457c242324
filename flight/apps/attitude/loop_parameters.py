"""The parameters of the control loop on their way to it, some with every step.

The loop starts with the same defaults, so nothing waits for them; what the ground has changed goes
before the rest.
"""

from array import array

import native
from flight.apps.attitude import definitions
from hal.compat import const

_CMD_SET_PARAM = const(2)  # enum mf_command
_PER_STEP = const(4)  # half the loop's queue: the rest is for the ground
_SIZE = const(4)  # all are f32
_OWN = const(0x0206)  # of the app itself, not of the loop

_GIVEN = const(0)
_DUE = const(1)
_CHANGED = const(2)


class LoopParameters:
    """`due`: how many the loop has not been given."""

    def __init__(self, params):
        self._params = params
        ids = [row[0] for row in definitions.PARAMETERS if row[0] != _OWN]
        self._count = len(ids)
        self._indices = bytes([number & 0xFF for number in ids])  # enum mf_kernel_param
        self._places = array("H", [params.place(number) for number in ids])
        self._values = bytearray(_SIZE * len(ids))
        self._marks = bytearray(len(ids))
        self._urgent = 0
        self.due = 0

    def start(self):
        """All are due: what the loop has may be of an earlier start of Python."""
        for row in range(self._count):
            self._marks[row] = _DUE
            native.copy(self._values, _SIZE * row, self._params.image, self._places[row], _SIZE)
        self.due = self._count
        self._urgent = 0

    def changed(self):
        """Find the values that are not what they were."""
        image = self._params.image
        values = self._values
        marks = self._marks
        for row in range(self._count):
            at = self._places[row]
            first = _SIZE * row
            for i in range(_SIZE):
                if image[at + i] != values[first + i]:
                    native.copy(values, first, image, at, _SIZE)
                    if marks[row] == _GIVEN:
                        self.due += 1
                    if marks[row] != _CHANGED:
                        self._urgent += 1
                    marks[row] = _CHANGED
                    break

    def send(self, kernel):
        """Give the loop some of those that are due; what it has no room for waits."""
        room = _PER_STEP
        wanted = _CHANGED if self._urgent else _DUE
        marks = self._marks
        for row in range(self._count):
            if marks[row] != wanted:
                continue
            at = self._places[row]
            if kernel.command(_CMD_SET_PARAM, self._indices[row], self._params.image, at) < 0:
                return
            marks[row] = _GIVEN
            self.due -= 1
            if wanted == _CHANGED:
                self._urgent -= 1
            room -= 1
            if room == 0:
                return
