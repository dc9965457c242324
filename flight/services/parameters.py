"""Service 20, parameter management (ECSS-E-ST-70-41C, 6.20): 20/3 sets values.

Body: count u8 (1..8), then (parameter id u16, value) each. All are set, or none.
"""

import native
from flight.core import failures
from hal.compat import const

_COUNT_MAX = const(8)


class Parameters:
    """Handler of 20/3."""

    def __init__(self, params):
        self._params = params

    def accept(self, packet, at, n, owner):
        """Every id known, its owner entitled, its value whole and in range, nothing left over."""
        end = at + n
        if n < 1:
            return failures.BAD_LENGTH
        count = packet[at]
        if count < 1 or count > _COUNT_MAX:
            return failures.OUT_OF_RANGE
        at += 1
        for _ in range(count):
            if at + 2 > end:
                return failures.BAD_LENGTH
            parameter = self._params.find(packet[at] << 8 | packet[at + 1])
            if parameter is None:
                return failures.UNKNOWN_PARAMETER
            if not parameter.owners >> owner & 1:
                return failures.NOT_AUTHORISED
            at += 2
            if at + parameter.size > end:
                return failures.BAD_LENGTH
            row = parameter.row
            if not native.in_range(packet, at, row[2], row[3], row[4]):
                return failures.OUT_OF_RANGE
            at += parameter.size
        return failures.OK if at == end else failures.BAD_LENGTH

    def start(self, packet, at, n, owner):
        """Nothing to prepare."""
        return failures.OK

    def run(self, packet, at, n, owner):
        """Set all, store the image; when storing fails, nothing is changed."""
        params = self._params
        params.begin()
        first = at + 1
        at = first
        for _ in range(packet[first - 1]):
            parameter = params.find(packet[at] << 8 | packet[at + 1])
            params.put(parameter, packet, at + 2)
            at += 2 + parameter.size
        if params.commit() < 0:
            return failures.STORAGE_ERROR
        at = first
        for _ in range(packet[first - 1]):
            parameter = params.find(packet[at] << 8 | packet[at + 1])
            params.announce(parameter)
            at += 2 + parameter.size
        return failures.OK
